package lsp

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTableOfMethods wants a row for each method in docs/editors.md, and behind
// it a test that is there and speaks of the method.
func TestTableOfMethods(t *testing.T) {
	page, err := os.ReadFile("../docs/editors.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z$/]+)` \\| `(Test[A-Za-z]+)` \\|$").FindAllStringSubmatch(string(page), -1) {
		rows[m[1]] = m[2]
	}
	want := slices.Concat(slices.Collect(maps.Keys(methods)), slices.Collect(maps.Keys(notifications)),
		[]string{"initialize", "shutdown", "exit", "$/cancelRequest", "$/progress", "textDocument/publishDiagnostics"})
	for _, m := range want {
		if rows[m] == "" {
			t.Errorf("%s has no row", m)
		}
	}
	if len(rows) != len(want) {
		t.Errorf("%d rows for %d methods", len(rows), len(want))
	}
	tests := map[string]string{}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range strings.Split(string(raw), "\nfunc ")[1:] {
			name, _, _ := strings.Cut(body, "(")
			tests[name] = body
		}
	}
	// What the helpers of the tests say for them.
	says := map[string]string{
		"textDocument/didOpen": "c.open", "textDocument/didChange": "c.change(", "textDocument/publishDiagnostics": "c.findings(",
		"textDocument/codeAction": "act(t,",
	}
	for method, name := range rows {
		body, there := tests[name]
		if !there {
			t.Errorf("%s: there is no %s", method, name)
			continue
		}
		word := says[method]
		if word == "" {
			word = method[strings.LastIndexByte(method, '/')+1:]
			if strings.Contains(method, "semanticTokens/") {
				word = "semanticTokens/" + word
			}
		}
		if !strings.Contains(body, word) {
			t.Errorf("%s: %s does not speak of %s", method, name, word)
		}
	}
}
