package lsp

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"testing"
)

// TestSettings wants the same settings in the server, in docs/editors.md, and in
// the extension for VS Code and its README.
func TestSettings(t *testing.T) {
	want := map[string]string{} // the name and the default, "" where there is none
	kind := reflect.TypeFor[settings]()
	for i := range kind.NumField() {
		f := kind.Field(i)
		standard := ""
		if f.Type == reflect.TypeFor[*bool]() {
			standard = fmt.Sprint(on(nil))
		}
		want[f.Tag.Get("json")] = standard
	}
	if got := settingRows(t, "../docs/editors.md", ""); !maps.Equal(got, want) {
		t.Errorf("docs/editors.md has %v, the server %v", got, want)
	}

	raw, err := os.ReadFile("../editors/vscode/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Contributes struct {
			Configuration struct {
				Properties map[string]struct{ Default any }
			}
		}
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	offered := map[string]string{}
	for name, p := range manifest.Contributes.Configuration.Properties {
		offered[name] = fmt.Sprint(p.Default)
	}
	inEditor := map[string]string{"inscribe.path": ""} // how the extension finds the server
	for name, standard := range want {
		inEditor["inscribe."+name] = standard
	}
	if !maps.Equal(offered, inEditor) {
		t.Errorf("package.json has %v, want %v", offered, inEditor)
	}
	if got := settingRows(t, "../editors/vscode/README.md", `inscribe\.`); !maps.Equal(got, inEditor) {
		t.Errorf("the README of the extension has %v, want %v", got, inEditor)
	}
}

// settingRows are the rows of the table of settings of a page.
func settingRows(t *testing.T, page, prefix string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?m)^\| setting \| default \|.*\n(\|.*\n)+`).FindString(string(raw))
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `("+prefix+"[a-zA-Z]+)` \\| (?:`(.+?)`|–)? ?\\|").FindAllStringSubmatch(table, -1) {
		rows[m[1]] = m[2]
	}
	return rows
}
