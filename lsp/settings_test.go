package lsp

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"inscribe/lsp/protocol"
)

// TestSettings wants the same settings in the server, in docs/editors.md, and in
// the extension for VS Code and its README.
func TestSettings(t *testing.T) {
	want := map[string]string{} // the name and the default, "" where there is none
	for name, field := range new(settings).fields() {
		standard := ""
		if _, ok := field.(**bool); ok {
			standard = fmt.Sprint(on(nil))
		}
		want[name] = standard
	}
	if len(want) != reflect.TypeFor[settings]().NumField() {
		t.Errorf("fields has %d of %d settings", len(want), reflect.TypeFor[settings]().NumField())
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

// TestSettingsStay: what says nothing of a setting changes none, and a value of the
// wrong type changes none either and is told of.
func TestSettingsStay(t *testing.T) {
	open := func(options string) *client {
		c := connect(t, nil)
		c.call("initialize", map[string]any{"capabilities": map[string]any{}, "initializationOptions": json.RawMessage(options)}, &c.init)
		c.open(docURI, good)
		return c
	}
	holds := func(c *client, what, profile string, lenses bool) {
		t.Helper()
		var view planView
		c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}, &view)
		if first, _, _ := strings.Cut(view.Text, "\n"); !strings.HasSuffix(first, "profile "+profile) {
			t.Errorf("%s: want the profile %s: %q", what, profile, first)
		}
		var list []protocol.CodeLens
		c.call("textDocument/codeLens", document1(), &list)
		if len(list) > 0 != lenses {
			t.Errorf("%s: %d lenses", what, len(list))
		}
	}
	configure := func(c *client, value string) {
		c.notify("workspace/didChangeConfiguration", map[string]any{"settings": json.RawMessage(value)})
	}
	for _, empty := range []string{"{}", "null", "[]", `{"inscribe":null}`, `{"inscribe":[]}`, `{"other":{"codeLens":true}}`, `7`} {
		c := open(`{"profile":"softhsm","codeLens":false}`)
		configure(c, empty)
		holds(c, empty, "softhsm", false)
		c.mu.Lock()
		if len(c.notes) > 0 {
			t.Errorf("%s: the server said %s", empty, *c.notes[0].Params)
		}
		c.mu.Unlock()
		configure(c, `{"inscribe":{}}`)
		holds(c, "all taken back", "generic", true)
	}
	for _, bad := range []string{`{"profile":"softhsm","codeLens":"off","docs":7}`, `{"inscribe":{"profile":"softhsm","codeLens":"off","docs":7}}`} {
		c := open(bad)
		holds(c, bad, "softhsm", true)
		c.wait("a message", func() bool { return len(c.notes) > 0 })
		if text := string(*c.notes[0].Params); c.notes[0].Method != "window/showMessage" || !strings.Contains(text, "the setting codeLens is true or false; the setting docs is a text") {
			t.Errorf("%s: %s", c.notes[0].Method, text)
		}
		configure(c, `{"codeLens":false,"profile":"softhsm"}`)
		configure(c, `{"codeLens":"on","profile":"tcos"}`)
		holds(c, "changed", "tcos", false)
		configure(c, `{"inscribe":"softhsm"}`)
		holds(c, "no object", "tcos", false)
		c.wait("a message", func() bool { return len(c.notes) > 2 })
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
