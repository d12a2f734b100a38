package profile

import (
	_ "embed"
	"encoding/json"
	"iter"
	"strings"
	"sync"
)

// In a browser each byte is fetched, and a reader of TOML would be the largest part
// for the least use: the same data as JSON, which a test holds against the files. A
// profile is a line, so that one is read without the others.
//
//go:embed data/profiles.jsonl
var data string

// lines gives the names of the profiles, and the line of each.
func lines() iter.Seq2[string, string] {
	return func(yield func(name, line string) bool) {
		for line := range strings.Lines(data) {
			name, _, _ := strings.Cut(strings.TrimPrefix(line, `{"name":"`), `"`)
			if !yield(name, line) {
				return
			}
		}
	}
}

// files are the built-in profiles by name.
var files = sync.OnceValue(func() []file {
	var out []file
	for name, line := range lines() {
		out = append(out, file{name, strings.ToLower(line)})
	}
	return out
})

// definition reads the line of a built-in profile.
func definition(wanted string) (d Definition, known bool, err error) {
	for name, line := range lines() {
		if name != wanted {
			continue
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
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
	return d, false, nil
}
