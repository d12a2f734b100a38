package protocol

import (
	"encoding/json"
	"testing"
	"testing/quick"
)

// TestAppendJSON wants the very bytes of encoding/json, also for a field that is
// new.
func TestAppendJSON(t *testing.T) {
	same := func(p PublishDiagnosticsParams) bool {
		want, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got := p.AppendJSON([]byte("before "))
		if string(got) != "before "+string(want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		return !t.Failed()
	}
	for _, text := range []string{"", "plain", "a \"b\" \\", "<", ">", "&", "tab\tnew\nline\x00\x1f\x7f", "ü \u2028 \U0001D11E", "\xff\xc3", "file:///cards/%C3%BC.dsc"} {
		same(PublishDiagnosticsParams{URI: DocumentURI(text), Diagnostics: []Diagnostic{{Code: text, Message: text}}})
	}
	same(PublishDiagnosticsParams{})
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}
