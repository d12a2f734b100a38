package docs

import (
	"strings"
	"testing"

	"inscribe/check/schema"
)

// TestAKeywordMoreIsInTheReference adds a row to the table of the language, and
// nothing else: the reference and the explanations have it.
func TestAKeywordMoreIsInTheReference(t *testing.T) {
	before := schema.Builtin
	t.Cleanup(func() { schema.Builtin = before })
	schema.Builtin = before.With([]schema.Keyword{{
		Name: "StampCount", Meaning: "StampCount", Section: schema.Application, Kind: schema.Number, Min: 1, Max: 9,
		Evidence: schema.Extension, Doc: "How often the card is stamped.", Example: "StampCount=3"}})
	page := reference(t)
	for _, want := range []string{"[`StampCount`](#stampcount)", "How often the card is stamped.", "1 to 9", "StampCount=3"} {
		if !strings.Contains(page, want) {
			t.Errorf("the reference has no %q", want)
		}
	}
	if found := About(Topics(Project{}), "STAMPCOUNT=4"); len(found) != 1 || !strings.Contains(Explanation(found), "How often") {
		t.Errorf("it is explained as %+v", found)
	}
}
