//go:build !js

package config

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// placesOf finds the keys of a file. Of one that is no TOML it finds those before
// the slip.
func placesOf(raw []byte) *places {
	found, _ := scan(raw, nil)
	return found
}

// scan finds the keys of a text that begins in a table, up to the first slip.
func scan(raw []byte, table []string) (*places, slip) {
	found := &places{raw: raw, byPath: map[string]place{}, lower: map[string]place{}}
	var p unstable.Parser
	p.Reset(raw)
	last := 0
	lists := map[string]int{}
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			var at int
			table, at = keyOf(e)
			if e.Kind == unstable.ArrayTable {
				n := lists[join(table)]
				lists[join(table)]++
				table = append(table, strconv.Itoa(n))
			}
			found.put(table, place{at, at})
			last = at
		case unstable.KeyValue:
			_, last = keyOf(e)
			found.entry(&p, table, e)
		}
	}
	s := slip{start: last, at: len(raw), table: table}
	if failed := (*unstable.ParserError)(nil); errors.As(p.Error(), &failed) {
		// What it marks is a part of the text, or nothing.
		s.at = min(max(last, cap(raw)-cap(failed.Highlight)), len(raw))
	}
	return found, s
}

// slip is where a text stops being TOML, its end where it does not.
type slip struct {
	// start is where the last key before it begins.
	start, at int
	// table is that of the place.
	table []string
}

// after is where to read on, and in which table: behind the line, or the text of
// several lines that it is in, unless this has no end. Behind the header of a table
// that cannot be read nobody knows.
func (s slip) after(raw []byte) (start int, table []string) {
	begin := bytes.LastIndexByte(raw[:s.at], '\n') + 1
	end := lineEnd(raw, s.at)
	for _, quotes := range []string{`"""`, "'''"} {
		if bytes.Count(raw[s.start:end], []byte(quotes))%2 == 0 {
			continue
		}
		if i := bytes.Index(raw[end:], []byte(quotes)); i >= 0 {
			return lineEnd(raw, end+i), s.table
		}
		return lineEnd(raw, s.start+bytes.LastIndex(raw[s.start:end], []byte(quotes))), s.table
	}
	if bytes.HasPrefix(bytes.TrimLeft(raw[begin:end], " \t"), []byte("[")) {
		return end, []string{""}
	}
	return end, s.table
}

// lineEnd is behind the line of a place.
func lineEnd(raw []byte, at int) int {
	if i := bytes.IndexByte(raw[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(raw)
}

// Tables finds where the tables of certificate templates and libraries begin, as
// offsets, however they are written. Of a file that is no TOML it finds those around
// the slips.
func Tables(raw []byte) map[Table]int {
	out := map[Table]int{}
	var table []string
	for start := 0; start < len(raw); {
		found, s := scan(raw[start:], table)
		for path, at := range found.byPath {
			keys := strings.Split(path, separator)
			if len(keys) < 2 {
				continue
			}
			t := Table{strings.ToLower(keys[0]), keys[1]}
			if t.Kind != "certificate" && t.Kind != "middleware" {
				continue
			}
			if before, twice := out[t]; !twice || start+at.key < before {
				out[t] = start + at.key
			}
		}
		end, in := s.after(raw[start:])
		start, table = start+end, in
	}
	return out
}

// entry notes a key with its value, and what is in it.
func (p *places) entry(parser *unstable.Parser, table []string, e *unstable.Node) {
	key, at := keyOf(e)
	path := slices.Concat(table, key)
	p.put(path, place{at, valueAt(parser, e.Value(), at)})
	p.inside(parser, path, e.Value(), at)
}

func (p *places) inside(parser *unstable.Parser, path []string, v *unstable.Node, at int) {
	if v.Kind != unstable.Array && v.Kind != unstable.InlineTable {
		return
	}
	n := 0
	for it := v.Children(); it.Next(); {
		switch child := it.Node(); child.Kind {
		case unstable.Comment:
		case unstable.KeyValue:
			p.entry(parser, path, child)
		default:
			element := slices.Concat(path, []string{strconv.Itoa(n)})
			n++
			here := valueAt(parser, child, at)
			p.put(element, place{here, here})
			p.inside(parser, element, child, here)
		}
	}
}

// keyOf gives the parts of a key and where it begins.
func keyOf(e *unstable.Node) (key []string, at int) {
	for it := e.Key(); it.Next(); {
		if key == nil {
			at = int(it.Node().Raw.Offset)
		}
		key = append(key, string(it.Node().Data))
	}
	return key, at
}

// valueAt is where a value begins; where the parser does not tell, it is where its
// key does.
func valueAt(p *unstable.Parser, v *unstable.Node, key int) int {
	switch v.Kind {
	case unstable.Integer, unstable.Float, unstable.Bool:
		return int(p.Range(v.Data).Offset) // the parser gives these as they stand
	}
	if v.Raw.Length > 0 {
		return int(v.Raw.Offset)
	}
	return key
}
