//go:build !js

package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// place is where a key and its value begin, as offsets.
type place struct{ key, value int }

// places has the place of each key of a file by its path; the elements of lists are
// keys too, from 0.
type places struct {
	raw    []byte
	byPath map[string]place
	// lower has the same by paths in lower case: the keys of this program are
	// read in any.
	lower map[string]place
}

// separator parts the keys of a path; no key of TOML has it without an escape.
const separator = "\x00"

func join(path []string) string { return strings.Join(path, separator) }

func (p *places) put(path []string, at place) {
	key := join(path)
	if _, twice := p.byPath[key]; !twice {
		p.byPath[key] = at
	}
	if key = strings.ToLower(key); p.lower[key] == (place{}) {
		p.lower[key] = at
	}
}

// of says where a path stands, as "LINE:COLUMN: "; of one that is not there, where
// what is around it does. It is " " where nothing of it is there.
func (p *places) of(path ...string) string {
	for ; len(path) > 0; path = path[:len(path)-1] {
		at, ok := p.byPath[join(path)]
		if !ok {
			at, ok = p.lower[strings.ToLower(join(path))]
		}
		if ok {
			return position(p.raw, at.key)
		}
	}
	return " "
}

// position is a place as "LINE:COLUMN: ".
func position(raw []byte, at int) string {
	before := raw[:at]
	return fmt.Sprintf("%d:%d: ", bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])+1)
}

// pathAt finds the innermost key whose name or value begins at a place, nil if none
// does.
func (p *places) pathAt(line, column int) []string {
	offset := column - 1
	for rest := p.raw; line > 1; line-- {
		i := bytes.IndexByte(rest, '\n') + 1
		offset, rest = offset+i, rest[i:]
	}
	var found []string
	for path, at := range p.byPath {
		if keys := strings.Split(path, separator); (at.key == offset || at.value == offset) && len(keys) > len(found) {
			found = keys
		}
	}
	return found
}
