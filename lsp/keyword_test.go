package lsp

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/lsp/protocol"
)

// moreVariable says that this process has a keyword more.
const moreVariable = "INSCRIBE_TEST_KEYWORD"

// The table changes before anything reads it: servers of other tests may still run.
func init() {
	if os.Getenv(moreVariable) == "" {
		return
	}
	schema.Builtin = schema.Builtin.With([]schema.Keyword{{
		Name: "StampCount", Meaning: "StampCount", Section: schema.Application, Kind: schema.Number, Min: 1, Max: 9,
		Requires: [][]string{{schema.MKeySize}}, Evidence: schema.Documented, Page: "A page", Doc: "How often the card is stamped.", Example: "StampCount=3"}})
}

// TestAKeywordMore adds a row to the table of the language, and nothing else:
// checker, completion, hover and explain know the keyword.
func TestAKeywordMore(t *testing.T) {
	if os.Getenv(moreVariable) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestAKeywordMore$")
		again.Env = append(os.Environ(), moreVariable+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := schema.Builtin.Validate(); err != nil {
		t.Fatal(err)
	}

	found := func(line string) []diag.Code {
		text := strings.Replace(good, "[Application_B]\n", "[Application_B]\n"+line+"\n", 1)
		var codes []diag.Code
		for _, d := range check.Check(grammar.ParseText("a.dsc", text), nil).Diagnostics {
			codes = append(codes, d.Code)
		}
		return codes
	}
	for line, want := range map[string][]diag.Code{"StampCount=3": nil, "StampCount=12": {diag.InvalidValue}, "StampCuont=3": {diag.UnknownKeyword}} {
		if got := found(line); !slices.Equal(got, want) {
			t.Errorf("%s gives %q, want %q", line, got, want)
		}
	}
	if got := check.Check(grammar.ParseText("a.dsc", strings.Replace(good, "[Application_B]\nKeySize=3072\n", "[Application_B]\nStampCount=3\n", 1)), nil); !slices.ContainsFunc(got.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == diag.MissingKeyword && strings.Contains(d.Message, "StampCount")
	}) {
		t.Errorf("without what it requires: %+v", got.Diagnostics)
	}

	c, _ := start(t, rich, nil)
	p := c.openMarked(strings.Replace(good, "[Application_B]\n", "[Application_B]\nSta‸mpCount=3\n", 1))
	var hover protocol.Hover
	c.call("textDocument/hover", p, &hover)
	if !strings.Contains(hover.Contents.Value, "How often the card is stamped.") || !strings.Contains(hover.Contents.Value, "1 to 9") {
		t.Errorf("hover says %q", hover.Contents.Value)
	}
	var view planView
	c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}, &view)
	if !strings.Contains(view.Text, "Plan: 2 keys") {
		t.Errorf("a keyword that is not lowered changes the plan: %s", view.Text)
	}
	var told explanation
	c.call("workspace/executeCommand", map[string]any{"command": explainCommand, "arguments": []any{"stampcount"}}, &told)
	if !strings.Contains(told.Markdown, "How often the card is stamped.") {
		t.Errorf("explain says %q", told.Markdown)
	}

	c, _ = start(t, rich, nil)
	var list protocol.CompletionList
	c.call("textDocument/completion", c.openMarked(strings.Replace(good, "[Application_B]\n", "[Application_B]\n‸\n", 1)), &list)
	i := slices.Index(labels(list), "StampCount")
	if i < 0 {
		t.Fatalf("completion offers %q", labels(list))
	}
	var resolved protocol.CompletionItem
	c.call("completionItem/resolve", list.Items[i], &resolved)
	if resolved.Documentation == nil || !strings.Contains(resolved.Documentation.Value, "How often the card is stamped.") {
		t.Errorf("the completion resolves to %+v", resolved)
	}
}
