package profile

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
)

// In a browser each byte is fetched, and a reader of TOML would be the largest part
// for the least use: the same data as JSON, which a test holds against the files.
//
//go:embed data/profiles.json
var data []byte

var raw = sync.OnceValue(func() map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err)
	}
	return m
})

// files are the built-in profiles by name.
var files = sync.OnceValue(func() []file {
	var out []file
	for _, name := range slices.Sorted(maps.Keys(raw())) {
		out = append(out, file{name, strings.ToLower(string(raw()[name]))})
	}
	return out
})

// definition reads a built-in profile.
func definition(name string) (d Definition, known bool, err error) {
	b, known := raw()[name]
	if !known {
		return d, false, nil
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, true, err
	}
	for fact, f := range d.Fact {
		if n, ok := f.Is.(float64); ok {
			f.Is = int64(n)
			d.Fact[fact] = f
		}
	}
	return d, true, nil
}
