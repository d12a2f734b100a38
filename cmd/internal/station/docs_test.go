package station

import (
	"os"
	"reflect"
	"regexp"
	"testing"

	"inscribe/check/config"
)

// types have the keys that the page must show, by kind of block.
var types = map[string][]reflect.Type{
	"station":  {reflect.TypeFor[Station](), reflect.TypeFor[Plans](), reflect.TypeFor[Middleware](), reflect.TypeFor[Slot](), reflect.TypeFor[CA]()},
	"inscribe": {reflect.TypeFor[config.Certificate](), reflect.TypeFor[config.Policy]()},
}

// TestExamplesOfTheDocumentation reads the examples of docs/station.md, and of
// the demo, with the real parsers, and wants each key to be shown.
func TestExamplesOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/station.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```toml (\\w+)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		found[m[1]] += m[2]
		switch m[1] {
		case "station":
			_, err = parse("docs/station.md", []byte(m[2]))
		case "inscribe":
			_, err = config.Parse("docs/station.md", []byte(m[2]))
		default:
			t.Errorf("a block of toml %s", m[1])
		}
		if err != nil {
			t.Errorf("the example of %s: %v", m[1], err)
		}
	}
	for kind, list := range types {
		for _, of := range list {
			for _, key := range keys(of) {
				if !regexp.MustCompile(`(?m)^(\w+\.|\[)?` + regexp.QuoteMeta(key) + `( = |\.|\])`).MatchString(found[kind]) {
					t.Errorf("docs/station.md shows no %s of %v", key, of)
				}
			}
		}
	}

	demo, err := os.ReadFile("../../../docs/demo/inscribe.toml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Parse("docs/demo/inscribe.toml", demo); err != nil {
		t.Error(err)
	}
}

// keys are the names of a struct's TOML keys.
func keys(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if name := f.Tag.Get("toml"); name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}
