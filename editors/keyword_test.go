package editors_test

import (
	"strings"
	"testing"

	"inscribe/check/schema"
)

// TestAKeywordMoreIsInEveryEditor adds a row to the table of the language, and
// nothing else: the grammars that editors are given have it.
func TestAKeywordMoreIsInEveryEditor(t *testing.T) {
	before := schema.Builtin
	t.Cleanup(func() { schema.Builtin = before })
	schema.Builtin = before.With([]schema.Keyword{{Name: "StampCount", Meaning: "StampCount", Section: schema.Application, Kind: schema.Number,
		Evidence: schema.Extension, Doc: "How often the card is stamped.", Example: "StampCount=3"}})
	for name, text := range map[string]string{"TextMate": textMate(), "Vim": vimSyntax(), "Emacs": emacsWords()} {
		if !strings.Contains(text, "StampCount") {
			t.Errorf("the grammar of %s does not have it", name)
		}
	}
}
