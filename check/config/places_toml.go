//go:build !js

package config

import (
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// placesOf finds the keys of a file. Of one that is no TOML it finds those before
// the slip.
func placesOf(raw []byte) *places {
	found := &places{raw: raw, byPath: map[string]place{}, lower: map[string]place{}}
	var p unstable.Parser
	p.Reset(raw)
	var table []string
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
		case unstable.KeyValue:
			found.entry(&p, table, e)
		}
	}
	return found
}

// entry notes a key with its value, and what is in it.
func (f *places) entry(p *unstable.Parser, table []string, e *unstable.Node) {
	key, at := keyOf(e)
	path := slices.Concat(table, key)
	f.put(path, place{at, valueAt(p, e.Value(), at)})
	f.inside(p, path, e.Value(), at)
}

func (f *places) inside(p *unstable.Parser, path []string, v *unstable.Node, at int) {
	if v.Kind != unstable.Array && v.Kind != unstable.InlineTable {
		return
	}
	n := 0
	for it := v.Children(); it.Next(); {
		switch child := it.Node(); child.Kind {
		case unstable.Comment:
		case unstable.KeyValue:
			f.entry(p, path, child)
		default:
			element := slices.Concat(path, []string{strconv.Itoa(n)})
			n++
			here := valueAt(p, child, at)
			f.put(element, place{here, here})
			f.inside(p, element, child, here)
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
