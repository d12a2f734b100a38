//go:build !js

package profile

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

//go:embed data/*.toml
var data embed.FS

// files are the built-in profiles by name.
var files = sync.OnceValue(func() []file {
	entries, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	var out []file
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".toml")
		b, err := data.ReadFile("data/" + e.Name())
		if err != nil {
			panic(err)
		}
		out = append(out, file{name, strings.ToLower(string(b))})
	}
	return out
})

// definition reads the file of a built-in profile.
func definition(name string) (d Definition, known bool, err error) {
	b, err := data.ReadFile("data/" + name + ".toml")
	if err != nil {
		return d, false, nil
	}
	d, err = parse(name, b)
	return d, true, err
}

func parse(name string, raw []byte) (d Definition, err error) {
	if err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(&d); err != nil {
		return d, fmt.Errorf("profile %s: %w", name, err)
	}
	return d, nil
}

// Parse reads a profile. parent finds the profile that it inherits from, and may
// return nil. All slips come back as one error.
func Parse(name string, raw []byte, parent func(string) *Profile) (*Profile, error) {
	d, err := parse(name, raw)
	if err != nil {
		return nil, err
	}
	return Build(name, d, parent)
}
