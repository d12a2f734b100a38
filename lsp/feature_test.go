package lsp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"inscribe/lsp/protocol"
)

// project is an inscribe.toml for the tests.
const project = `[certificate.authTemplate]
ca = "lab"
subject = "CN={token.serial}"
key-usage = ["digitalSignature"]
[certificate."sign.template"]
subject = "CN=x"
key-usage = ["nonRepudiation"]

[middleware."yourMiddleware.dll"]
profile = "softhsm"

[[keyword]]
name = "VendorWord"
section = "Application"
kind = "text"
doc = "A word of the vendor."
`

func withProject() map[string]string { return map[string]string{root + "/inscribe.toml": project} }

const wrongLocation = `[Encoding]
Type=1024,Chip
Devices=8710
[Fields]
PIN_FIELD=
SIGN_PIN=
[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=A
PIN=PIN_FIELD
SignPIN=SIGN_PIN
[Application_A]
KeySize=3072
CertTempl=authTemplate
Location=#Sigature
`

func codes(list []protocol.Diagnostic) []string {
	var out []string
	for _, d := range list {
		out = append(out, d.Code)
	}
	return out
}

func TestPush(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, wrongLocation)
	found := c.findings(docURI, 1)
	i := slices.IndexFunc(found, func(d protocol.Diagnostic) bool { return d.Code == "location-default" })
	if i < 0 {
		t.Fatalf("findings are %v", codes(found))
	}
	d := found[i]
	if d.Severity != 2 || d.Source != "inscribe" || d.CodeDescription == nil || !strings.HasSuffix(d.CodeDescription.Href, "docs/rules/location-default.md") ||
		d.Range.Start != (protocol.Position{Line: 14, Character: 9}) || d.Range.End != (protocol.Position{Line: 14, Character: 18}) {
		t.Errorf("the finding is %+v", d)
	}
	if !strings.Contains(d.Message, "(did you mean #Signature?)\n") {
		t.Errorf("the message is %q", d.Message)
	}
	// After every change, even if equal.
	for v := int32(2); v < 5; v++ {
		c.change(docURI, v, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{}, Text: ""})
		if got := c.findings(docURI, v); !slices.Equal(codes(got), codes(found)) {
			t.Errorf("version %d: %v", v, codes(got))
		}
	}
	c.notify("textDocument/didClose", document1())
	c.wait("the end of the findings", func() bool {
		last := c.published[len(c.published)-1]
		return last.URI == docURI && last.Version == nil && len(last.Diagnostics) == 0
	})
}

func TestRelatedAndTags(t *testing.T) {
	text := good + "\n[Application_B]\nKeySize=3072\n[Application_C]\nKeySize=3072\nCertTempl=x\n"
	for _, capable := range []bool{true, false} {
		capabilities := "{}"
		if capable {
			capabilities = rich
		}
		c, _ := start(t, capabilities, nil)
		c.open(docURI, text)
		var related, faded, twice, linked bool
		c.wait("findings", func() bool { return len(c.published) > 0 })
		for _, d := range c.published[0].Diagnostics {
			related = related || d.Code == "duplicate-section" && len(d.RelatedInformation) == 1 && d.RelatedInformation[0].Location.URI == docURI
			faded = faded || d.Code == "unlisted-application" && slices.Equal(d.Tags, []protocol.DiagnosticTag{protocol.Unnecessary})
			twice = twice || d.Code == "duplicate-section" && slices.Equal(d.Tags, []protocol.DiagnosticTag{protocol.Unnecessary})
			linked = linked || d.CodeDescription != nil
		}
		if related != capable || faded != capable || twice != capable || linked != capable {
			t.Errorf("capable %v: related %v, faded %v, linked %v", capable, related, faded, linked)
		}
	}
}

func TestProofFollows(t *testing.T) {
	// The plan fails in one case only: the field decides for a slot that has no
	// login.
	text := strings.Replace(strings.Replace(good, "SignPIN=SIGN_PIN\n", "", 1), "Location=#Signature", "Location=WHERE", 1)
	text = strings.Replace(text, "SIGN_PIN=\n", "WHERE=\n", 1)
	text = strings.Replace(text, ",SIGN_PIN", "", 1)
	c, _ := start(t, rich, withProject())
	c.open(docURI, text)
	c.wait("the proof", func() bool {
		for _, p := range c.published {
			for _, d := range p.Diagnostics {
				if strings.Contains(d.Message, "would be refused") && strings.Contains(d.Message, "WHERE decides for the signature slot") {
					return p.Version != nil && *p.Version == 1
				}
			}
		}
		return false
	})
}

func TestPullDocument(t *testing.T) {
	c, _ := start(t, pulling, nil)
	c.open(docURI, wrongLocation)
	type report struct {
		Kind, ResultID string
		Items          []protocol.Diagnostic
	}
	var first, second, third report
	p := map[string]any{"textDocument": map[string]any{"uri": docURI}}
	c.call("textDocument/diagnostic", p, &first)
	if first.Kind != "full" || first.ResultID == "" || !slices.Contains(codes(first.Items), "location-default") {
		t.Fatalf("first: %+v", first)
	}
	p["previousResultId"] = first.ResultID
	c.call("textDocument/diagnostic", p, &second)
	if second.Kind != "unchanged" || second.ResultID != first.ResultID || second.Items != nil {
		t.Errorf("second: %+v", second)
	}
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Text: good})
	c.call("textDocument/diagnostic", p, &third)
	if third.Kind != "full" || slices.Contains(codes(third.Items), "location-default") {
		t.Errorf("third: %+v", third)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.published) > 0 {
		t.Errorf("pushed to a client that pulls: %+v", c.published)
	}
}

// TestPullOfAClosedDocument gives what workspace/diagnostic gives, and reads nothing
// outside of the workspace.
func TestPullOfAClosedDocument(t *testing.T) {
	files := withProject()
	files[root+"/sub/b.dsc"] = wrongLocation
	files["/elsewhere/c.dsc"] = wrongLocation
	c, d := start(t, pulling, files)
	for uri, has := range map[string]bool{
		"file:///cards/sub/b.dsc": true, "file:///elsewhere/c.dsc": false, "file:///cards/../elsewhere/c.dsc": false, "file:///cards/none.dsc": false, "file:///cards/inscribe.toml": false,
	} {
		var got struct {
			Kind, ResultID string
			Items          []protocol.Diagnostic
		}
		c.call("textDocument/diagnostic", map[string]any{"textDocument": map[string]any{"uri": uri}}, &got)
		if got.Kind != "full" || got.Items == nil || has != slices.Contains(codes(got.Items), "location-default") {
			t.Errorf("%s: %+v", uri, got)
		}
	}
	if slices.Contains(d.read, "/elsewhere/c.dsc") {
		t.Error("a file outside of the workspace was read")
	}
}

func TestPullWorkspace(t *testing.T) {
	files := withProject()
	files[root+"/a.dsc"] = good
	files[root+"/sub/b.dsc"] = wrongLocation
	files["/elsewhere/c.dsc"] = wrongLocation
	c, d := start(t, pulling, files)
	c.open(docURI, wrongLocation) // goes before the one on disk
	var report struct {
		Items []struct {
			Kind, ResultID string
			URI            protocol.DocumentURI
			Version        *int32
			Items          []protocol.Diagnostic
		}
	}
	c.call("workspace/diagnostic", map[string]any{"previousResultIds": []any{}, "workDoneToken": "w1"}, &report)
	if len(report.Items) != 2 || report.Items[0].URI != docURI || *report.Items[0].Version != 1 || report.Items[1].URI != "file:///cards/sub/b.dsc" || report.Items[1].Version != nil {
		t.Fatalf("report: %+v", report)
	}
	for _, i := range report.Items {
		if !slices.Contains(codes(i.Items), "location-default") {
			t.Errorf("%s: %v", i.URI, codes(i.Items))
		}
	}
	previous := []any{map[string]any{"uri": report.Items[1].URI, "value": report.Items[1].ResultID}}
	c.call("workspace/diagnostic", map[string]any{"previousResultIds": previous, "partialResultToken": 5}, nil)
	c.mu.Lock()
	var kinds []string
	partial := 0
	for _, n := range c.notes {
		if n.Method == "$/progress" {
			var p struct {
				Token any
				Value struct {
					Kind  string
					Items []struct{ Kind string }
				}
			}
			json.Unmarshal(*n.Params, &p)
			if p.Value.Items != nil {
				partial++
				if partial == 2 && p.Value.Items[0].Kind != "unchanged" {
					t.Errorf("the second report is %s", *n.Params)
				}
			} else {
				kinds = append(kinds, p.Value.Kind)
			}
		}
	}
	c.mu.Unlock()
	if len(kinds) < 3 || kinds[0] != "begin" || kinds[len(kinds)-1] != "end" || partial != 2 {
		t.Errorf("progress is %v, %d partial results", kinds, partial)
	}
	for _, p := range d.read {
		if strings.HasPrefix(p, "/elsewhere") {
			t.Errorf("read %s, which is outside of the workspace", p)
		}
	}
}

// TestPullOfTheWorkspaceWaits wants a client that asks again at once, as VS Code
// does, to be answered when there is something new, and a waiting one not to
// hold up the end.
func TestPullOfTheWorkspaceWaits(t *testing.T) {
	const file, uri = "/cards/a.dsc", "file:///cards/a.dsc"
	c, d := start(t, rich, map[string]string{file: wrongLocation})
	reads := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.read)
	}
	pull := func(previous ...any) chan error {
		done := make(chan error, 1)
		go func() {
			done <- c.try("workspace/diagnostic", map[string]any{"previousResultIds": append([]any{}, previous...), "partialResultToken": 7}, nil)
		}()
		return done
	}
	report := func(n int) (kind, id string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, note := range c.notes {
			var p struct {
				Value struct {
					Items []struct{ Kind, ResultID string }
				}
			}
			if note.Method != "$/progress" || json.Unmarshal(*note.Params, &p) != nil || len(p.Value.Items) == 0 {
				continue
			}
			if n--; n == 0 {
				return p.Value.Items[0].Kind, p.Value.Items[0].ResultID
			}
		}
		return "", ""
	}
	if err := <-pull(); err != nil {
		t.Fatal(err)
	}
	_, id := report(1)
	before := reads()
	again := pull(map[string]any{"uri": uri, "value": id})
	select {
	case err := <-again:
		t.Fatalf("answered with nothing new: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if n := reads(); n != before {
		t.Errorf("read %d files for nothing", n-before)
	}
	d.mu.Lock()
	d.files[file] = good
	d.mu.Unlock()
	c.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": uri, "type": 2}}})
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	kind, next := report(2)
	if kind != "full" || next == id {
		t.Errorf("the changed file is %q %q, before %q", kind, next, id)
	}
	pull(map[string]any{"uri": uri, "value": next})
	time.Sleep(50 * time.Millisecond)
	begun := time.Now()
	c.call("shutdown", nil, nil)
	c.notify("exit", nil)
	<-c.done
	if took := time.Since(begun); took >= lastWords {
		t.Errorf("the end took %v", took)
	}
}

func labels(list protocol.CompletionList) []string {
	var out []string
	for _, i := range list.Items {
		out = append(out, i.Label)
	}
	return out
}

func TestCompletion(t *testing.T) {
	in := func(line string) string { return strings.Replace(good, "CertTempl=signTemplate\n", line+"\n", 1) }
	for _, c := range []struct {
		name, text string
		has, not   []string
	}{
		{"keywords of an application", strings.Replace(good, "[Application_B]\n", "[Application_B]\n‸\n", 1), []string{"KeyLabel", "KeyType"}, []string{"KeySize", "Location", "PIN", "Track", "ECCurve", "[Fields]", "[Application_C]"}},
		{"a section below the entries of another", good + "‸", []string{"[Application_C]", "KeyLabel"}, []string{"[Fields]"}},
		{"keywords of the description", strings.Replace(good, "PIN=PIN_FIELD", "‸\nPIN=PIN_FIELD", 1), []string{"SetPIN", "InitToken", "PIN_Validation"}, []string{"PIN", "KeySize", "SignPIN"}},
		{"keywords of the project", strings.Replace(good, "[Application_B]\n", "[Application_B]\nVen‸\n", 1), []string{"VendorWord"}, nil},
		{"keyword before its sign", strings.Replace(good, "Location=", "Loc‸=", 1), []string{"Location"}, []string{"KeySize", "[Application_C]"}},
		{"sections", "[‸", []string{"[Encoding]", "[Fields]", "[Description]", "[Application_A]"}, nil},
		{"sections that are missing", strings.Replace(good, "ApplicationList=AB", "ApplicationList=ABX", 1) + "\n[App‸", []string{"[Application_X]", "[Application_C]"}, []string{"[Encoding]", "[Application_A]"}},
		{"location", strings.Replace(good, "#Signature", "‸", 1), []string{"#Signature"}, []string{"PIN_FIELD", "!FROM_USER_DIALOG_1_FIELD"}},
		{"location after #", strings.Replace(good, "#Signature", "#‸", 1), []string{"#Signature"}, nil},
		{"fields of the type and dialogs", strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=‸", 1), []string{"SIGN_PIN", "PIN_FIELD", "!FROM_USER_DIALOG_2_FIELD"}, []string{"#Signature", "!FROM_PROTECTED_AUTHENTICATION_PATH"}},
		{"no field of another type", strings.Replace(good, "CertTempl=signTemplate", "KeyLabel=‸", 1), []string{"#…"}, []string{"PIN_FIELD", "SIGN_PIN"}},
		{"booleans", strings.Replace(good, "PIN=PIN_FIELD", "SetPIN=‸\nPIN=PIN_FIELD", 1), []string{"true", "false"}, nil},
		{"templates", in("CertTempl=‸"), []string{"authTemplate", "sign.template"}, nil},
		{"libraries", strings.Replace(good, "=yourMiddleware.dll", "=‸", 1), []string{"yourMiddleware.dll", "cvP11.dll"}, nil},
		{"letters", strings.Replace(good, "List=AB", "List=A‸", 1), []string{"B"}, []string{"A"}},
		{"fields to clear", strings.Replace(good, "PIN_FIELD,SIGN_PIN", "PIN_FIELD,‸", 1), []string{"SIGN_PIN"}, []string{"PIN_FIELD"}},
		{"placeholders", strings.Replace(in("LabelExpressionDataObject=for !{‸"), "PIN_FIELD=\n", "PIN_FIELD=\nNAME=\n", 1), []string{"!{NAME}"}, []string{"!{PIN_FIELD}"}},
		{"attributes", in("AttributesDataObject=CKA_PRIVATE=TRUE,‸"), []string{"CKA_APPLICATION="}, []string{"CKA_PRIVATE="}},
		{"value of an attribute", in("AttributesDataObject=CKA_PRIVATE=‸"), []string{"TRUE", "FALSE"}, nil},
		{"validation", strings.Replace(good, "PIN=PIN_FIELD", "PIN_Validation=‸\nPIN=PIN_FIELD", 1), []string{"reg_exp(…)"}, nil},
		{"type", strings.Replace(good, "1024,Chip", "‸", 1), []string{"1024,Chip", "2,Magstripe"}, nil},
		{"curves", in("ECCurve=‸"), []string{"P-256", "brainpoolP256r1"}, nil},
		{"undeclared fields", strings.Replace(strings.Replace(good, "#Signature", "WHERE_FIELD", 1), "SIGN_PIN=\n", "SIGN_PIN=\n‸\n", 1), []string{"WHERE_FIELD"}, []string{"KeySize"}},
		{"suppression", strings.Replace(wrongLocation, "Location", "# ins‸\nLocation", 1), []string{"inscribe:ignore location-default"}, []string{"inscribe:ignore weak-key"}},
		{"codes of a suppression", strings.Replace(wrongLocation, "Location", "# inscribe:ignore ‸\nLocation", 1), []string{"location-default", "weak-key", "unused-field"}, []string{"syntax", "internal", "unused-suppression", "[Encoding]"}},
		{"codes where nothing is found", strings.Replace(good, "Location", "; inscribe:ignore we‸\nLocation", 1), []string{"weak-key"}, nil},
		{"one more code", strings.Replace(wrongLocation, "Location", "# inscribe:ignore weak-key,‸\nLocation", 1), []string{"location-default"}, []string{"weak-key"}},
		{"one more code behind a blank", strings.Replace(wrongLocation, "Location", "# inscribe:ignore weak-key, ‸\nLocation", 1), []string{"location-default"}, []string{"weak-key"}},
		{"no code in a reason with a comma", strings.Replace(wrongLocation, "Location", "# inscribe:ignore weak-key old, ‸\nLocation", 1), nil, []string{"location-default"}},
		{"a code before another", strings.Replace(wrongLocation, "Location", "# inscribe:ignore ‸,weak-key because\nLocation", 1), []string{"location-default"}, []string{"weak-key"}},
		{"no code in the reason", strings.Replace(wrongLocation, "Location", "# inscribe:ignore weak-key a ‸\nLocation", 1), nil, []string{"location-default"}},
		{"nothing in a comment", "# a ‸", nil, []string{"[Encoding]"}},
		{"nothing in an encrypted line", "^‸", nil, []string{"[Encoding]"}},
		{"stripe", "[Encoding]\nType=2,Magstripe\n[Application_2]\n‸\n", []string{"Track", "Coerc"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := start(t, rich, withProject())
			p := client.openMarked(c.text)
			var list protocol.CompletionList
			client.call("textDocument/completion", p, &list)
			got := labels(list)
			for _, want := range c.has {
				if !slices.Contains(got, want) {
					t.Errorf("%q is missing in %q", want, got)
				}
			}
			for _, bad := range c.not {
				if slices.Contains(got, bad) {
					t.Errorf("%q is in %q", bad, got)
				}
			}
			for _, i := range list.Items {
				r := i.TextEdit.Range
				if r.Start.Line != p.Position.Line || r.End.Line != p.Position.Line || r.Start.Character > p.Position.Character || r.End.Character < p.Position.Character {
					t.Errorf("%s: the edit %v is not at the cursor %v", i.Label, r, p.Position)
				}
			}
		})
	}
}

func TestCompletionText(t *testing.T) {
	for _, c := range []struct{ text, label, want string }{
		{"[Application_A]\nKey‸\n", "KeySize", "[Application_A]\nKeySize=\n"},
		{"[Application_A]\nLoc‸=#x\n", "Location", "[Application_A]\nLocation=#x\n"},
		{"[Description]\nSet‸\n", "SetPIN", "[Description]\nSetPIN=true\n"},
		{"[Fields]\nA=\n[Description]\nClearFields=‸,B\n", "A", "[Fields]\nA=\n[Description]\nClearFields=A,B\n"},
		{"[Fields]\nN=\n[Application_A]\nLabelExpressionDataObject=a !{x‸} b\n", "!{N}", "[Fields]\nN=\n[Application_A]\nLabelExpressionDataObject=a !{N} b\n"},
		{"[Des‸]\n", "[Description]", "[Description]\n"},
		{"  Des‸", "[Description]", "[Description]"},
		{"# inscribe:ignore we‸ak,no-pin-pad so\n", "weak-key", "# inscribe:ignore weak-key,no-pin-pad so\n"},
		{"[Application_A]\nLocation=#Sig‸", "#Signature", "[Application_A]\nLocation=#Signature"},
	} {
		client, _ := start(t, "{}", nil) // without snippets
		p := client.openMarked(c.text)
		text, _ := cut(c.text)
		var list protocol.CompletionList
		client.call("textDocument/completion", p, &list)
		i := slices.Index(labels(list), c.label)
		if i < 0 {
			t.Errorf("%q: no %s in %q", c.text, c.label, labels(list))
			continue
		}
		if list.Items[i].InsertTextFormat == protocol.SnippetFormat {
			t.Errorf("%s: a snippet for a client that takes none", c.label)
		}
		if got := apply(text, []protocol.TextEdit{*list.Items[i].TextEdit}, protocol.UTF16); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestCodesInOrder wants the codes first that are found: those of the next line,
// then those of the file. A blank asks for them there and nowhere else.
func TestCodesInOrder(t *testing.T) {
	marked := strings.Replace(wrongLocation, "Location", "# inscribe:ignore ‸\n# another comment\nLocation", 1) + "Junk=1\n"
	ask := func(marked string) []string {
		c, _ := start(t, rich, nil)
		p := protocol.CompletionParams{TextDocumentPositionParams: c.openMarked(marked)}
		p.Context.TriggerCharacter = " "
		var list protocol.CompletionList
		c.call("textDocument/completion", p, &list)
		if !slices.IsSortedFunc(list.Items, func(a, b protocol.CompletionItem) int { return strings.Compare(a.SortText, b.SortText) }) {
			t.Errorf("%q is not in order", labels(list))
		}
		return labels(list)
	}
	got := ask(marked)
	if len(got) < 10 || got[0] != "location-default" || slices.Index(got, "unknown-keyword") > slices.Index(got, "unknown-section") {
		t.Errorf("the codes are %q", got)
	}
	if got := ask(strings.Replace(good, "#Signature", "# ‸Signature", 1)); len(got) != 0 {
		t.Errorf("a blank in a value asks for %q", got)
	}
}

// spread gives the items as they are without defaults, by the words of the
// specification.
func spread(list protocol.CompletionList) []protocol.CompletionItem {
	var out []protocol.CompletionItem
	for _, i := range list.Items {
		if d := list.ItemDefaults; d != nil {
			if i.TextEdit == nil && d.EditRange != nil {
				text := i.TextEditText
				if text == "" {
					text = i.Label
				}
				i.TextEdit, i.TextEditText = &protocol.TextEdit{Range: *d.EditRange, NewText: text}, ""
			}
			if i.InsertTextFormat == 0 {
				i.InsertTextFormat = d.InsertTextFormat
			}
			switch {
			case i.Data == nil:
				i.Data = d.Data
			case list.ApplyKind != nil && list.ApplyKind.Data == protocol.Merge:
				both := map[string]json.RawMessage{}
				_ = json.Unmarshal(d.Data, &both)
				_ = json.Unmarshal(i.Data, &both)
				i.Data, _ = json.Marshal(both)
			}
		}
		if i.InsertTextFormat == protocol.PlainFormat {
			i.InsertTextFormat = 0
		}
		out = append(out, i)
	}
	return out
}

// TestCompletionDefaults compares the lists of a client that takes defaults with
// those of one that does not.
func TestCompletionDefaults(t *testing.T) {
	var shared [3]bool
	for _, text := range []string{
		strings.Replace(good, "[Application_B]\n", "[Application_B]\n‸\n", 1),
		strings.Replace(good, "Location=", "Loc‸=", 1),
		"[‸",
		strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=‸", 1),
		strings.Replace(good, "#Signature", "#Sig‸", 1),
		strings.Replace(good, "CertTempl=signTemplate", "LabelExpressionDataObject=a !{‸", 1),
		"^‸",
	} {
		for _, takes := range []string{`"editRange","insertTextFormat","data"`, `"editRange"`, `"insertTextFormat","commitCharacters"`, `"data"`} {
			plain, _ := start(t, rich, withProject())
			p := plain.openMarked(text)
			var want, got protocol.CompletionList
			plain.call("textDocument/completion", p, &want)
			if want.ItemDefaults != nil {
				t.Fatal("defaults for a client that takes none")
			}
			c, _ := start(t, strings.Replace(rich, `"completion":{`, `"completion":{"completionList":{"itemDefaults":[`+takes+`]},`, 1), withProject())
			c.openMarked(text)
			c.call("textDocument/completion", p, &got)
			if d := got.ItemDefaults; d != nil {
				shared[0], shared[1], shared[2] = shared[0] || d.EditRange != nil, shared[1] || d.InsertTextFormat != 0, shared[2] || d.Data != nil
				if d.EditRange != nil && !strings.Contains(takes, "editRange") || d.Data != nil && !strings.Contains(takes, "data") || d.InsertTextFormat != 0 && !strings.Contains(takes, "Format") {
					t.Errorf("%s: the defaults are %+v", takes, d)
				}
			}
			a, b := spread(want), spread(got)
			for i := range b {
				if i < len(a) && a[i].Data == nil {
					b[i].Data = nil // data of others does no harm
				}
			}
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%q, %s:\ngot  %+v\nwant %+v", text, takes, b, a)
			}
			for _, i := range spread(got) {
				var resolved protocol.CompletionItem
				c.call("completionItem/resolve", i, &resolved)
				if strings.HasPrefix(i.Label, "Key") && (resolved.Documentation == nil || !strings.Contains(resolved.Documentation.Value, "**"+i.Label+"**")) {
					t.Errorf("%s resolves to %+v", i.Label, resolved)
				}
			}
		}
	}
	if shared != [3]bool{true, true, true} {
		t.Errorf("shared are %v", shared)
	}
}

// TestApplyKind looks at a list in which data is common in part: a client that puts
// it together gets what it has not, and another one the whole.
func TestApplyKind(t *testing.T) {
	marked := strings.Replace(good, "[Application_B]\n", "[Application_B]\n‸\n", 1)
	for _, c := range []struct {
		takes string
		want  protocol.ApplyKind
		own   string
	}{
		{`"itemDefaults":["data"],"applyKindSupport":true`, protocol.Merge, `{"config":"/cards/inscribe.toml"}`},
		{`"itemDefaults":["data"]`, 0, `{"section":3,"config":"/cards/inscribe.toml"}`},
		{`"applyKindSupport":true`, 0, `{"section":3,"config":"/cards/inscribe.toml"}`},
	} {
		client, _ := start(t, strings.Replace(rich, `"completion":{`, `"completion":{"completionList":{`+c.takes+`},`, 1), withProject())
		var list protocol.CompletionList
		client.call("textDocument/completion", client.openMarked(marked), &list)
		var got protocol.ApplyKind
		if list.ApplyKind != nil {
			got = list.ApplyKind.Data
		}
		i := slices.Index(labels(list), "VendorWord")
		if own := string(list.Items[i].Data); got != c.want || own != c.own {
			t.Errorf("%s: applyKind %d and data %s, want %d and %s", c.takes, got, own, c.want, c.own)
		}
		var resolved protocol.CompletionItem
		client.call("completionItem/resolve", spread(list)[i], &resolved)
		if resolved.Documentation == nil || !strings.Contains(resolved.Documentation.Value, "A word of the vendor.") {
			t.Errorf("%s: it resolves to %+v", c.takes, resolved)
		}
	}
}

// TestResolveInTheRightProject has a word in two projects.
func TestResolveInTheRightProject(t *testing.T) {
	files := withProject()
	files["/cards/other/inscribe.toml"] = strings.Replace(project, "A word of the vendor.", "Another word.", 1)
	marked := strings.Replace(good, "[Application_B]\n", "[Application_B]\n‸\n", 1)
	text, _ := cut(marked)
	c, _ := start(t, rich, files)
	p := c.openMarked(marked)
	c.open("file:///cards/other/b.dsc", text)
	for uri, want := range map[protocol.DocumentURI]string{docURI: "A word of the vendor.", "file:///cards/other/b.dsc": "Another word."} {
		var list protocol.CompletionList
		p.TextDocument.URI = uri
		c.call("textDocument/completion", p, &list)
		i := slices.Index(labels(list), "VendorWord")
		if i < 0 {
			t.Fatalf("%s: %q", uri, labels(list))
		}
		var resolved protocol.CompletionItem
		c.call("completionItem/resolve", list.Items[i], &resolved)
		if resolved.Documentation == nil || !strings.Contains(resolved.Documentation.Value, want) {
			t.Errorf("%s: it resolves to %+v", uri, resolved.Documentation)
		}
	}
}

func TestCompletionResolve(t *testing.T) {
	c, _ := start(t, rich, withProject())
	p := c.openMarked("[Application_A]\n‸\n")
	var list protocol.CompletionList
	c.call("textDocument/completion", p, &list)
	for _, name := range []string{"KeySize", "VendorWord"} {
		item := list.Items[slices.Index(labels(list), name)]
		if item.Documentation != nil {
			t.Errorf("%s has its text before it is resolved", name)
		}
		var resolved protocol.CompletionItem
		c.call("completionItem/resolve", item, &resolved)
		if resolved.Documentation == nil || !strings.Contains(resolved.Documentation.Value, "**"+name+"**") {
			t.Errorf("%s resolves to %+v", name, resolved)
		}
	}
	key := list.Items[slices.Index(labels(list), "KeySize")]
	if key.InsertTextFormat != protocol.SnippetFormat || !strings.HasPrefix(key.TextEdit.NewText, "KeySize=$") {
		t.Errorf("KeySize is %+v", key)
	}
}

func TestHover(t *testing.T) {
	for _, c := range []struct {
		name, text string
		has        []string
	}{
		{"keyword", strings.Replace(good, "KeySize", "KeyS‸ize", 1), []string{"**KeySize**", "Evidence", "Plan: this line", "RSA"}},
		{"since", strings.Replace(good, "Devices", "SkipE‸ject=true\nDevices", 1), []string{"Since", "23.04.1"}},
		{"slot of an application", strings.Replace(good, "Location=", "Loca‸tion=", 1), []string{"[Application_B] runs in the signature slot"}},
		{"value of Location", strings.Replace(good, "#Signature", "#Sig‸nature", 1), []string{"the signature slot"}},
		{"field", strings.Replace(good, "PIN=PIN_FIELD", "PIN=PIN_‸FIELD", 1), []string{"field · pin", "Secret", "line 12: PIN", "log in"}},
		{"declaration", strings.Replace(good, "PIN_FIELD=", "PIN‸_FIELD=", 1), []string{"field · pin", "ClearFields"}},
		{"section", strings.Replace(good, "[Application_B]", "[Appli‸cation_B]", 1), []string{"Runs in the signature slot", "generate"}},
		{"unlisted", strings.Replace(strings.Replace(good, "List=AB", "List=A", 1), "[Application_B]", "[Appli‸cation_B]", 1), []string{"does not run"}},
		{"letter", strings.Replace(good, "List=AB", "List=A‸B", 1), []string{"Application\\_"}},
		{"template", strings.Replace(good, "=authTemplate", "=auth‸Template", 1), []string{"CA: lab", "CN={token.serial}"}},
		{"library", strings.Replace(good, "=yourMiddleware", "=your‸Middleware", 1), []string{"Profile `softhsm`"}},
		{"dialog", strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=!FROM_USER‸_DIALOG_1_FIELD", 1), []string{"asks", "present PIN", "log in as user with the value asked for PIN"}},
		{"suppressions", "# inscribe:ignore same-pin, weak-‸key old\n[Fields]\n", []string{"**weak-key** (warning)", "**same-pin**"}},
		{"suppression", "# inscribe:ignore weak-‸key old\n[Fields]\n", []string{"**weak-key** (warning)"}},
		{"no plan", strings.Replace(good, "KeySize=3072", "KeyS‸ize=many", 1), []string{"No plan: 1 error"}},
		{"silenced", strings.Replace(good, "KeySize=3072", "# inscribe:ignore invalid-value x\nKeyS‸ize=many", 1), []string{"No plan: 1 silenced error"}},
		{"slot of a field", strings.NewReplacer("#Signature", "WHERE", "SIGN_PIN=\n\n", "SIGN_PIN=\nWHERE=\n\n", "[Application_B]", "[Appli‸cation_B]").Replace(good), []string{"(the slot that WHERE decides)"}},
		{"field decides", strings.Replace(strings.Replace(good, "#Signature", "WHERE", 1), "SIGN_PIN=\n", "SIGN_PIN=\nWHERE=\n", 1) + "‸", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := start(t, rich, withProject())
			p := client.openMarked(c.text)
			var h *protocol.Hover
			client.call("textDocument/hover", p, &h)
			if c.has == nil {
				if h != nil {
					t.Errorf("hover of nothing: %+v", h)
				}
				return
			}
			if h == nil {
				t.Fatal("no hover")
			}
			for _, want := range c.has {
				if !strings.Contains(strings.ToLower(h.Contents.Value), strings.ToLower(want)) {
					t.Errorf("%q is missing in\n%s", want, h.Contents.Value)
				}
			}
		})
	}
}

// TestHoverIsOfTheCursor wants the cursor in the range of a hover, wherever it is:
// editors draw the range, and drop a hover when the cursor leaves it.
func TestHoverIsOfTheCursor(t *testing.T) {
	texts := []string{good, wrongLocation, " KeySize = 1 \n[Fields] \nA = x \n\n[Description] # x\n PIN =  A  \n  # inscribe:ignore weak-key,same-pin old  \nPIN_Validation = reg_exp( x ) \nSetPIN = true \n PKCS11Library = x.dll \n[Application_A] \nCertTempl = t \n"}
	for _, pattern := range []string{"../testdata/examples/*.dsc", "../testdata/check/*.dsc"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files for %s: %v", pattern, err)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(raw))
		}
	}
	for _, text := range texts {
		d := closedDocument(docURI, []byte(text), protocol.UTF16, nil)
		for offset := range len(d.file().Text) + 1 {
			said, span := d.explain(d.cursor(offset))
			if said != "" && !span.Contains(offset) {
				t.Fatalf("at %d, %q: the range is %q\n%s", offset, d.file().Slice(d.cursor(offset).line.Span), d.file().Slice(span), said)
			}
		}
	}
}

func TestHoverAsPlainText(t *testing.T) {
	c, _ := start(t, `{"textDocument":{"hover":{"contentFormat":["plaintext"]}}}`, nil)
	p := c.openMarked("[Application_A]\nKeyS‸ize=3072\n")
	var h protocol.Hover
	c.call("textDocument/hover", p, &h)
	if h.Contents.Kind != protocol.PlainText || strings.Contains(h.Contents.Value, "**") {
		t.Errorf("hover is %+v", h)
	}
}

func TestSignatureHelp(t *testing.T) {
	for _, c := range []struct {
		text string
		want string
		at   uint32
	}{
		{"[Description]\nPIN_Validation=reg_exp(‸[0-9]+)\n", "reg_exp(expression)", 0},
		{"[Description]\nPIN=!FROM_USER_DIALOG_3_FIELD‸\n", "!FROM_USER_DIALOG_3_FIELD: present, new, again", 0},
		{"[Description]\nPIN=!‸\n", "!FROM_USER_DIALOG_1_FIELD: present", 0},
		{"[Fields]\nA=Format(F,‸\"000\")\n", `Format(field,"pattern")`, 1},
		{"[Application_A]\nAttributesDataObject=CKA‸_PRIVATE=TRUE\n", "NAME=value,NAME=value", 0},
		{"[Application_A]\nKeySize=‸3072\n", "", 0},
		{"[Fields]\nA=Format(X,\"0,0\"‸\n", `Format(field,"pattern")`, 1},
		{"[Fields]\nA=Format (X,‸\n", `Format(field,"pattern")`, 1},
		{"[Fields]\nA=\"Format(\"+‸\n", "", 0},
		{"[Fields]\nA=Format(X,\"0\")+Format(‸\n", `Format(field,"pattern")`, 0},
		{"[Fields]\nA=Format(X,\"0\")‸\n", "", 0},
		{"[Description]\nPIN_Validation=reg_exp(x)‸\n", "", 0},
		{"[Description]\nPIN_Validation=reg_exp([)]\\)(x)‸\n", "reg_exp(expression)", 0},
		{"[Description]\nPIN_Validation=reg_exp((ab)‸)\n", "reg_exp(expression)", 0},
		{"[Description]\nPIN=!FROM_PROTECTED_AUTHENTICATION_PATH‸\n", "", 0},
		{"[Description]\nPIN=!FROM_P‸\n", "", 0},
		{"[Description]\nPIN=!from_user‸\n", "!FROM_USER_DIALOG_1_FIELD: present", 0},
	} {
		client, _ := start(t, rich, nil)
		p := client.openMarked(c.text)
		var h *protocol.SignatureHelp
		client.call("textDocument/signatureHelp", p, &h)
		switch {
		case c.want == "" && h != nil:
			t.Errorf("%q: %+v", c.text, h)
		case c.want != "" && (h == nil || h.Signatures[0].Label != c.want || h.ActiveParameter != c.at):
			t.Errorf("%q: %+v", c.text, h)
		case c.want != "":
			for _, s := range h.Signatures {
				for _, p := range s.Parameters {
					if !strings.Contains(s.Label, p.Label) {
						t.Errorf("the parameter %q is not in %q", p.Label, s.Label)
					}
				}
			}
		}
	}
}

// places renders locations as line:character.
func places(list []protocol.Location) string {
	var out []string
	for _, l := range list {
		out = append(out, fmt.Sprintf("%s%d:%d-%d", strings.TrimPrefix(string(l.URI), "file:///cards/"), l.Range.Start.Line, l.Range.Start.Character, l.Range.End.Character))
	}
	return strings.Join(out, " ")
}

func TestDefinition(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"\nPIN=PIN_FIELD", "\nPIN=PIN‸_FIELD", "a.dsc5:0-9"},
		{"ClearFields=PIN_FIELD,SIGN_PIN", "ClearFields=PIN_FIELD,SIGN_PIN‸", "a.dsc6:0-8"},
		{"List=AB", "List=AB‸", "a.dsc19:13-14"},
		{"=authTemplate", "=auth‸Template", "inscribe.toml0:0-26"},
		{"=yourMiddleware.dll", "=your‸Middleware.dll", "inscribe.toml8:0-33"},
		{"=signTemplate", "=sign‸Template", ""},
	} {
		client, _ := start(t, rich, withProject())
		p := client.openMarked(strings.Replace(good, c.from, c.to, 1))
		var got []protocol.Location
		client.call("textDocument/definition", p, &got)
		if places(got) != c.want {
			t.Errorf("%s: got %q, want %q", c.to, places(got), c.want)
		}
		client.call("textDocument/declaration", p, &got)
	}
}

// TestTablesHoweverWritten goes to inscribe.toml where its tables are written in other
// ways, and counts as the client does.
func TestTablesHoweverWritten(t *testing.T) {
	for _, c := range []struct{ toml, template, library string }{
		{"[certificate]\ninline = {subject = \"CN=x\", key-usage = [\"digitalSignature\"]}\n[middleware]\n\"Müller.dll\" = {profile = \"softhsm\"}\n", "inscribe.toml1:0-61", "inscribe.toml3:0-37"},
		{"certificate.inline.subject = \"CN=x\"\ncertificate.inline.key-usage = [\"digitalSignature\"]\nmiddleware.\"Müller.dll\".profile = \"softhsm\"\n", "inscribe.toml0:0-35", "inscribe.toml2:0-44"},
		{"[ certificate . 'inline' ]\nsubject = \"CN=x\"\nkey-usage = [\"digitalSignature\"]\n[middleware.\"Müller.dll\"]\nprofile = \"softhsm\"\n", "inscribe.toml0:0-26", "inscribe.toml3:0-26"},
		{"[certificate.Inline]\nsubject = \"CN=x\"\nkey-usage = [\"digitalSignature\"]\n", "", ""},
	} {
		client, _ := start(t, pulling, map[string]string{root + "/inscribe.toml": c.toml})
		if client.init.Capabilities.PositionEncoding != protocol.UTF8 {
			t.Fatal("the client counts otherwise")
		}
		client.open(docURI, "[Description]\nPKCS11Library=Müller.dll\n[Application_A]\nCertTempl=inline\n")
		for line, want := range map[uint32]string{3: c.template, 1: c.library} {
			p := at(protocol.Position{Line: line, Character: 15})
			var got []protocol.Location
			client.call("textDocument/definition", p, &got)
			if places(got) != want {
				t.Errorf("%q: got %q, want %q", c.toml, places(got), want)
			}
			var links []protocol.DocumentLink
			client.call("textDocument/documentLink", document1(), &links)
			if len(links) != len(strings.Fields(c.template+" "+c.library)) {
				t.Errorf("%q: links %+v", c.toml, links)
			}
			ask := protocol.ReferenceParams{TextDocumentPositionParams: p}
			ask.Context.IncludeDeclaration = true
			client.call("textDocument/references", ask, &got)
			if !strings.HasPrefix(places(got), want) || len(got) != len(strings.Fields(want))+1 {
				t.Errorf("%q: references %q", c.toml, places(got))
			}
		}
		var h protocol.Hover
		client.call("textDocument/hover", at(protocol.Position{Line: 3, Character: 12}), &h)
		if strings.Contains(h.Contents.Value, "has no") != (c.template == "") || strings.Contains(h.Contents.Value, "one of Inline") != (c.template == "") {
			t.Errorf("%q: hover %q", c.toml, h.Contents.Value)
		}
	}
}

// TestTablesBehindASlip goes to the tables of an inscribe.toml that is being edited, and
// of one that has not been right yet.
func TestTablesBehindASlip(t *testing.T) {
	for _, never := range []bool{false, true} {
		broken := "[severity]\nweak-key = \n" + project
		files := withProject()
		if never {
			files[root+"/inscribe.toml"] = broken
		}
		client, _ := start(t, rich, files)
		client.open(docURI, good)
		if !never {
			client.open("file:///cards/inscribe.toml", project)
			client.change("file:///cards/inscribe.toml", 2, protocol.TextDocumentContentChangeEvent{Text: broken})
		}
		for word, want := range map[string]string{"=yourMiddleware": "inscribe.toml10:0-33", "=authTemplate": "inscribe.toml2:0-26"} {
			line := uint32(strings.Count(good[:strings.Index(good, word)], "\n"))
			var got []protocol.Location
			client.call("textDocument/definition", at(protocol.Position{Line: line, Character: 15}), &got)
			if places(got) != want {
				t.Errorf("%s leads to %q, want %q", word, places(got), want)
			}
		}
		var links []protocol.DocumentLink
		client.call("textDocument/documentLink", document1(), &links)
		if len(links) < 2 {
			t.Errorf("links %+v", links)
		}
	}
}

// TestReferencesOfTheProject finds templates in descriptions that are not open, and not
// in those of another project.
func TestReferencesOfTheProject(t *testing.T) {
	files := withProject()
	files[root+"/b.dsc"] = good
	files[root+"/other/inscribe.toml"] = project
	files[root+"/other/c.dsc"] = good
	client, _ := start(t, rich, files)
	p := client.openMarked(strings.Replace(good, "=authTemplate", "=auth‸Template", 1))
	var got []protocol.Location
	client.call("textDocument/references", protocol.ReferenceParams{TextDocumentPositionParams: p}, &got)
	if places(got) != "a.dsc17:10-22 b.dsc17:10-22" {
		t.Errorf("references %q", places(got))
	}
}

func TestReferencesAndHighlight(t *testing.T) {
	text := strings.Replace(good, "KeySize=3072\nCertTempl=signTemplate", "DataObject=OBJ\nLabelExpressionDataObject=for !{ NAME } and !{NAME}", 1)
	text = strings.Replace(text, "SIGN_PIN=\n", "SIGN_PIN=\nOBJ=\nNAME=\n", 1)
	for _, c := range []struct{ from, to, want string }{
		{"\nPIN=PIN_FIELD", "\nPIN=PIN‸_FIELD", "a.dsc5:0-9 a.dsc13:4-13 a.dsc15:12-21"},
		{"\nNAME=", "\nNA‸ME=", "a.dsc8:0-4 a.dsc23:33-37 a.dsc23:46-50"},
		{"List=AB", "List=AB‸", "a.dsc21:13-14 a.dsc12:17-18"},
		{"List=AB", "List=A‸B", "a.dsc21:13-14 a.dsc12:17-18"},
		{"[Application_B]", "[App‸lication_B]", "a.dsc21:13-14 a.dsc12:17-18"},
	} {
		client, _ := start(t, rich, withProject())
		p := client.openMarked(strings.Replace(text, c.from, c.to, 1))
		var got []protocol.Location
		ask := protocol.ReferenceParams{TextDocumentPositionParams: p}
		ask.Context.IncludeDeclaration = true
		client.call("textDocument/references", ask, &got)
		if places(got) != c.want {
			t.Errorf("%s: got %q, want %q", c.to, places(got), c.want)
		}
		all := len(got)
		ask.Context.IncludeDeclaration = false
		client.call("textDocument/references", ask, &got)
		if len(got) != all-1 {
			t.Errorf("%s: %d references without the declaration, %d with it", c.to, len(got), all)
		}
		var marks []protocol.DocumentHighlight
		client.call("textDocument/documentHighlight", p, &marks)
		if len(marks) != all || marks[0].Kind != 3 || marks[1].Kind != 2 {
			t.Errorf("%s: highlights %+v", c.to, marks)
		}
	}
	client, _ := start(t, rich, withProject())
	client.open("file:///cards/b.dsc", good)
	p := client.openMarked(strings.Replace(good, "=authTemplate", "=auth‸Template", 1))
	var got []protocol.Location
	client.call("textDocument/references", protocol.ReferenceParams{TextDocumentPositionParams: p}, &got)
	if len(got) != 2 {
		t.Errorf("a template has the references %q, want one in each document", places(got))
	}
}

func TestRename(t *testing.T) {
	text := strings.Replace(good, "CertTempl=signTemplate", "LabelExpressionDataObject=!{PIN_FIELD}", 1)
	for _, c := range []struct {
		from, to, name string
		replaced       []string
	}{
		{"\nPIN=PIN_FIELD", "\nPIN=PIN‸_FIELD", "New name", []string{"PIN_FIELD", "New name"}},
		{"[Application_A]", "[Application_‸A]", "Z", []string{"Application_A", "Application_Z", "=AB", "=ZB"}},
		{"List=AB", "List=‸AB", "Z", []string{"Application_A", "Application_Z", "=AB", "=ZB"}},
		{"List=AB", "List=A‸B", "Z", []string{"Application_B", "Application_Z", "=AB", "=AZ"}},
		{"List=AB", "List=AB‸", "Z", []string{"Application_B", "Application_Z", "=AB", "=AZ"}},
		{"[Application_A]", "[Application_‸A]", "+", []string{"Application_A", "Application_+", "=AB", "=+B"}},
		{"[Application_A]", "[Application_‸A]", "🔑", []string{"Application_A", "Application_🔑", "=AB", "=🔑B"}},
	} {
		client, _ := start(t, rich, nil)
		p := client.openMarked(strings.Replace(text, c.from, c.to, 1))
		var prepared protocol.PrepareRenameResult
		client.call("textDocument/prepareRename", p, &prepared)
		var edit protocol.WorkspaceEdit
		client.call("textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: c.name}, &edit)
		want := strings.NewReplacer(c.replaced...).Replace(text)
		if got := apply(text, editsOf(&edit), protocol.UTF16); got != want {
			t.Errorf("%s: got\n%s", c.to, got)
		}
		if edit.DocumentChanges == nil || *edit.DocumentChanges[0].TextDocument.Version != 1 {
			t.Errorf("%s: the edit is %+v", c.to, edit)
		}
	}
	client, _ := start(t, rich, nil)
	p := client.openMarked(strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=PIN‸_FIELD", 1))
	for _, bad := range []string{"", " ", "SIGN_PIN", "sign_pin", "a=b", "[x]", "#x", "!x", "a,b", "a}", "^x", "a\nb", ";x"} {
		client.refused(protocol.RequestFailed, "textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: bad})
	}
	client, _ = start(t, rich, nil)
	p = client.openMarked(strings.Replace(good, "List=AB", "List=‸AB", 1))
	for _, bad := range []string{"", "b", "B", "XY", "]", "#", " ", ",", ";", "\u200b", "\x01", "e\u0301"} {
		client.refused(protocol.RequestFailed, "textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: bad})
	}
	client, _ = start(t, rich, nil)
	for _, c := range [][2]string{{"KeySize=3072", "KeySize=30‸72"}, {"[Application_A]", "[App‸lication_A]"}} {
		p = client.openMarked(strings.Replace(good, c[0], c[1], 1))
		var nothing *protocol.PrepareRenameResult
		client.call("textDocument/prepareRename", p, &nothing)
		if nothing != nil {
			t.Errorf("%s can be renamed: %+v", c[1], nothing)
		}
	}
	client.refused(protocol.RequestFailed, "textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: "x"})
}

// taken is a project whose template takes fields.
const taken = `[certificate.logon]
# not {EMAIL}
subject = "CN={COMMON_NAME}"
email = "{Email}"
key-usage = ["digitalSignature"]
[certificate.mail]
subject = "CN={EMAIL},O={EMAIL}"
key-usage = ["digitalSignature"]
`

// takes is a description that gives fields to templates.
const takes = `[Fields]
PIN=
COMMON_NAME=
EMAIL=
[Description]
PKCS11Library=yourMiddleware.dll
PIN=PIN
ApplicationList=A
[Application_A]
KeySize=3072
CertTempl=logon
`

// TestFieldsOfTemplates renames a field that templates of inscribe.toml take: in all
// that name it, or not at all.
func TestFieldsOfTemplates(t *testing.T) {
	other := strings.Replace(takes, "logon", "mail", 1)
	apart := strings.Replace(takes, "CertTempl=logon", "CertTempl=x\nKeyLabel=EMAIL", 1)
	files := func() map[string]string {
		return map[string]string{root + "/inscribe.toml": taken, root + "/b.dsc": other, root + "/c.dsc": apart,
			root + "/sub/inscribe.toml": taken, root + "/sub/d.dsc": other}
	}
	marked := strings.Replace(takes, "\nEMAIL=", "\nEM‸AIL=", 1)
	c, _ := start(t, rich, files())
	p := c.openMarked(marked)
	if found := codes(c.findings(docURI, 1)); slices.Contains(found, "unused-field") || slices.Contains(found, "undefined-field") {
		t.Fatalf("findings are %v", found)
	}
	var h protocol.Hover
	c.call("textDocument/hover", p, &h)
	if !strings.Contains(h.Contents.Value, "line 11: CertTempl, whose template logon takes it") || strings.Contains(h.Contents.Value, "Nothing") {
		t.Errorf("hover is %s", h.Contents.Value)
	}
	var at []protocol.Location
	ask := protocol.ReferenceParams{TextDocumentPositionParams: p}
	ask.Context.IncludeDeclaration = true
	c.call("textDocument/references", ask, &at)
	if got := places(at); got != "inscribe.toml3:10-15 inscribe.toml6:15-20 inscribe.toml6:25-30 a.dsc3:0-5" {
		t.Errorf("references are %s", got)
	}
	var edit protocol.WorkspaceEdit
	c.call("textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: "MAIL"}, &edit)
	texts := files()
	texts[root+"/a.dsc"] = takes
	for _, e := range edit.DocumentChanges {
		path, _ := pathOf(e.TextDocument.URI)
		if open := path == root+"/a.dsc"; open != (e.TextDocument.Version != nil) {
			t.Errorf("%s: the version is %v", path, e.TextDocument.Version)
		}
		texts[path] = apply(texts[path], e.Edits, protocol.UTF16)
	}
	want := files()
	want[root+"/inscribe.toml"] = strings.NewReplacer("not {EMAIL}", "not {EMAIL}", "{Email}", "{MAIL}", "{EMAIL}", "{MAIL}").Replace(taken)
	want[root+"/a.dsc"] = strings.Replace(takes, "EMAIL", "MAIL", 1)
	want[root+"/b.dsc"] = strings.Replace(other, "EMAIL", "MAIL", 1)
	for path, text := range want {
		if texts[path] != text {
			t.Errorf("%s is\n%s", path, texts[path])
		}
	}
	for _, bad := range []struct{ why, name, path, text string }{
		{"cannot be written there", "MY MAIL", "", ""},
		{"cannot be written there", "template", "", ""},
		{"b.dsc gives EMAIL to a template, too: there is a field MAIL already", "MAIL", "/b.dsc", strings.Replace(other, "PIN=\n", "PIN=\nMAIL=\n", 1)},
		{"by hand", "MAIL", "/inscribe.toml", strings.Replace(taken, "{EMAIL},O", `\u007bEMAIL},O`, 1)},
	} {
		all := files()
		if bad.path != "" {
			all[root+bad.path] = bad.text
		}
		c, _ := start(t, rich, all)
		err := c.try("textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: c.openMarked(marked), NewName: bad.name}, nil)
		if err == nil || !strings.Contains(err.Error(), bad.why) {
			t.Errorf("renamed to %s: %v, want %q", bad.name, err, bad.why)
		}
	}
}

// TestFieldsOfStripes has a field whose name stands in columns of an address line, and
// nobody knows what these are.
func TestFieldsOfStripes(t *testing.T) {
	const stripe = "[Encoding]\nType=2,Magstripe\n[Fields]\nTrack‸ 2=Field21\nOther=Field1\n[Description]\nApplicationList=2\n[Application_2]\nADR_00000=Track 2, Track 2 ,X,,,S\n"
	c, _ := start(t, rich, nil)
	p := c.openMarked(stripe)
	var h protocol.Hover
	c.call("textDocument/hover", p, &h)
	if !strings.Contains(h.Contents.Value, "line 9: ADR\\_00000 has its name in a column") || strings.Contains(h.Contents.Value, "Nothing") {
		t.Errorf("hover is %s", h.Contents.Value)
	}
	var found []protocol.Location
	c.call("textDocument/references", protocol.ReferenceParams{TextDocumentPositionParams: p}, &found)
	if got := places(found); got != "a.dsc8:10-17 a.dsc8:19-26" {
		t.Errorf("references are %s", got)
	}
	err := c.try("textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: "Track 3"}, nil)
	if err == nil || !strings.Contains(err.Error(), "line 9 has Track 2 in a column") {
		t.Errorf("renamed: %v", err)
	}
	p.Position.Line = 4
	var edit protocol.WorkspaceEdit
	c.call("textDocument/rename", protocol.RenameParams{TextDocumentPositionParams: p, NewName: "Another"}, &edit)
	if len(editsOf(&edit)) != 1 {
		t.Errorf("the edit is %+v", edit)
	}
}

func TestSymbols(t *testing.T) {
	c, _ := start(t, rich, map[string]string{root + "/b.dsc": good})
	c.open(docURI, strings.Replace(good, "PIN=PIN_FIELD", "PIN=#12345678", 1))
	var tree []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", document1(), &tree)
	if len(tree) != 5 || tree[1].Name != "Fields" || len(tree[1].Children) != 2 || tree[1].Children[1].Detail != "pin" {
		t.Errorf("symbols are %+v", tree)
	}
	for _, s := range tree {
		for _, e := range s.Children {
			if strings.Contains(e.Detail, "12345678") {
				t.Errorf("%s shows a secret", e.Name)
			}
		}
	}
	var found []protocol.SymbolInformation
	c.call("workspace/symbol", protocol.WorkspaceSymbolParams{Query: "sgpn"}, &found)
	if len(found) != 2 || found[0].Name != "SIGN_PIN" || found[0].Location.URI != docURI || found[1].Location.URI != "file:///cards/b.dsc" {
		t.Errorf("workspace symbols are %+v", found)
	}
	flat, _ := start(t, "{}", nil)
	flat.open(docURI, good)
	var list []protocol.SymbolInformation
	flat.call("textDocument/documentSymbol", document1(), &list)
	if len(list) < 10 || list[1].ContainerName != "Encoding" || list[1].Location.URI != docURI {
		t.Errorf("flat symbols are %+v", list)
	}
}

// act asks for actions at a mark, and gives the text after the one with the
// title.
func act(t *testing.T, capabilities, marked, title string, only ...protocol.CodeActionKind) (string, []string) {
	t.Helper()
	return actIn(t, withProject(), capabilities, marked, title, only...)
}

func actIn(t *testing.T, files map[string]string, capabilities, marked, title string, only ...protocol.CodeActionKind) (string, []string) {
	t.Helper()
	c, _ := start(t, capabilities, files)
	p := c.openMarked(marked)
	text, _ := cut(marked)
	params := map[string]any{"textDocument": p.TextDocument, "range": protocol.Range{Start: p.Position, End: p.Position},
		"context": map[string]any{"diagnostics": []any{}, "only": only}}
	var list []protocol.CodeAction
	c.call("textDocument/codeAction", params, &list)
	var titles []string
	for _, a := range list {
		titles = append(titles, a.Title)
	}
	i := slices.Index(titles, title)
	if i < 0 {
		return "", titles
	}
	a := list[i]
	if strings.Contains(capabilities, "dataSupport") {
		if a.Edit != nil {
			t.Errorf("%s has its edit before it is resolved", title)
		}
		c.call("codeAction/resolve", a, &a)
	}
	return apply(text, editsOf(a.Edit), protocol.UTF16), titles
}

func TestCodeActions(t *testing.T) {
	location := strings.Replace(wrongLocation, "#Sigature", "#Sig‸ature", 1)
	literal := strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=#123‸45678", 1)
	for _, c := range []struct{ name, marked, title, want string }{
		{"a fix", location, "Write #Signature", strings.Replace(wrongLocation, "#Sigature", "#Signature", 1)},
		{"another fix", location, "Remove Location: the default slot is meant", strings.Replace(wrongLocation, "Location=#Sigature\n", "", 1)},
		{"suppress", location, "Suppress location-default here, with a reason", strings.Replace(wrongLocation, "Location=", "# inscribe:ignore location-default reason\nLocation=", 1)},
		{"extract a secret", literal, "Take PIN from a new field PIN_FIELD_2",
			strings.Replace(strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=PIN_FIELD_2", 1), "SIGN_PIN=\n", "SIGN_PIN=\nPIN_FIELD_2=\n", 1)},
		{"fix all", strings.Replace(good, "[Fields]", "; a‸\n[Fields]", 1) + "; b\n", "Apply all safe fixes", strings.Replace(good, "[Fields]", "# a\n[Fields]", 1) + "# b\n"},
		{"missing library", strings.Replace(good, "[Description]\nPKCS11Library=yourMiddleware.dll\n", "[Descri‸ption]\n", 1), "Add PKCS11Library", good},
		{"missing job", strings.Replace(good, "[Application_B]\nKeySize=3072\nCertTempl=signTemplate\n", "[Appl‸ication_B]\n", 1), "Add a key and a certificate",
			strings.Replace(good, "=signTemplate", "=sign.template", 1)},
		{"missing section", strings.Replace(good, "List=AB", "List=ABC‸", 1), "Add the section [Application_C]", strings.Replace(good, "List=AB", "List=ABC", 1) + "\n[Application_C]\nKeySize=3072\nCertTempl=authTemplate\n"},
		{"missing description", "[Fields]\nA=‸", "Add [Description]", "[Fields]\nA=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\n"},
		{"missing everything", "‸", "Add [Description]", "[Description]\nPKCS11Library=yourMiddleware.dll\n"},
		{"another section", strings.Replace(good, "PIN=PIN_FIELD\n", "PIN=PIN_FIELD\nKeyLabel=#H‸\n", 1), "Move the line to [Application_B]", good + "KeyLabel=#H\n"},
		{"keep the other", strings.Replace(good, "KeySize=3072\n", "KeySize=2048\nkeysize=‸3072\n", 1), "Keep this one", strings.Replace(good, "KeySize", "keysize", 1)},
		{"blocked too early", strings.NewReplacer("List=AB", "List=ACB", "KeySize=3072\nCertTempl=authTemplate", "BlockCard=true").Replace(good) + "[Appli‸cation_C]\nKeySize=3072\nCertTempl=t\n", "Put A last",
			strings.NewReplacer("List=AB", "List=CBA", "KeySize=3072\nCertTempl=authTemplate", "BlockCard=true").Replace(good) + "[Application_C]\nKeySize=3072\nCertTempl=t\n"},
		{"empty", strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=‸", 1), "Use the field PIN_FIELD", good},
		{"missing template", strings.Replace(good, "KeySize=3072\nCertTempl=authTemplate\n", "Key‸Size=3072\n", 1), "Add CertTempl", good},
		{"missing keyword with a choice", strings.Replace(good, "KeySize=3072\nCertTempl=signTemplate", "Cert‸Templ=signTemplate", 1), "Add KeySize",
			strings.Replace(good, "KeySize=3072\nCertTempl=signTemplate", "CertTempl=signTemplate\nKeySize=3072", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, titles := act(t, rich, c.marked, c.title)
			if got != c.want {
				t.Errorf("got\n%s\nof %q", got, titles)
			}
			// A client that resolves nothing gets the edit at once.
			if now, _ := act(t, "{}", c.marked, c.title); now != c.want {
				t.Errorf("without resolving got\n%s", now)
			}
		})
	}
	if _, titles := act(t, rich, location, "", protocol.SourceFixAll); len(titles) != 0 {
		t.Errorf("asked for fix-all where there is none: %q", titles)
	}
	if _, titles := act(t, rich, literal, "", protocol.QuickFix, "refactor"); !slices.Contains(titles, "Take PIN from a new field PIN_FIELD_2") {
		t.Errorf("refactor does not hold refactor.extract: %q", titles)
	}
	if got, _ := act(t, rich, "[Description]\r\nPKCS11Library=x.dll\r\nPI‸N=#12345678", "Take it from a field PIN_FIELD"); got != "[Fields]\r\nPIN_FIELD=\r\n\r\n[Description]\r\nPKCS11Library=x.dll\r\nPIN=PIN_FIELD" {
		t.Errorf("with CRLF got %q", got)
	}
}

// TestTemplateOfTheSignatureSlot wants the one template that is for signatures, by
// whichever name it says so.
func TestTemplateOfTheSignatureSlot(t *testing.T) {
	const key, title = "[Application_B]\nKeySize=3072\nCertTempl=signTemplate\n", "Add a key and a certificate"
	for _, usage := range []string{"nonRepudiation", "contentCommitment"} {
		files := map[string]string{root + "/inscribe.toml": strings.Replace(project, "nonRepudiation", usage, 1)}
		if got, _ := actIn(t, files, rich, strings.Replace(good, key, "[Appl‸ication_B]\n", 1), title); got != strings.Replace(good, "=signTemplate", "=sign.template", 1) {
			t.Errorf("with %s got\n%s", usage, got)
		}
	}
}

// TestActionsDoDifferentThings wants no two actions at a place that make the same
// edit.
func TestActionsDoDifferentThings(t *testing.T) {
	for _, marked := range []string{
		strings.Replace(good, "\nSignPIN=SIGN_PIN", "\nSignPIN=#123‸45678", 1),
		strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=#123‸45678", 1),
		strings.Replace(good, "#Signature", "#Sig‸nature", 1),
		strings.Replace(wrongLocation, "#Sigature", "#Sig‸ature", 1),
	} {
		_, titles := act(t, rich, marked, "")
		by := map[string]string{}
		for _, title := range titles {
			after, _ := act(t, rich, marked, title)
			if other, twice := by[after]; twice {
				t.Errorf("%q and %q do the same", other, title)
			}
			by[after] = title
		}
		if len(titles) == 0 {
			t.Errorf("no action in %q", marked)
		}
	}
}

func TestStaleActionIsRefused(t *testing.T) {
	c, _ := start(t, rich, nil)
	p := c.openMarked(strings.Replace(wrongLocation, "#Sigature", "#Sig‸ature", 1))
	var list []protocol.CodeAction
	c.call("textDocument/codeAction", map[string]any{"textDocument": p.TextDocument, "range": protocol.Range{Start: p.Position, End: p.Position}, "context": map[string]any{"diagnostics": []any{}}}, &list)
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{}, Text: "# x\n"})
	c.refused(protocol.RequestFailed, "codeAction/resolve", list[0])
}

func TestCodeLens(t *testing.T) {
	titles := func(text string) []string {
		c, _ := start(t, rich, nil)
		c.open(docURI, text)
		var list []protocol.CodeLens
		c.call("textDocument/codeLens", document1(), &list)
		var out []string
		for _, l := range list {
			out = append(out, l.Command.Title)
			if l.Command.Command != showPlanCommand || string(l.Command.Arguments[0]) != `"`+string(docURI)+`"` {
				t.Errorf("the command is %+v", l.Command)
			}
			var view planView
			c.call("workspace/executeCommand", map[string]any{"command": l.Command.Command, "arguments": l.Command.Arguments}, &view)
			if view.Text == "" {
				t.Errorf("the command of %q gives no plan", l.Command.Title)
			}
		}
		return out
	}
	if got := strings.Join(titles(good), "|"); !strings.Contains(got, "in the default slot|plan: ") || !strings.HasSuffix(got, "ops in the signature slot") {
		t.Errorf("lenses are %q", got)
	}
	if got := titles(strings.Replace(good, "3072", "x", 1)); len(got) != 1 || got[0] != "no plan: 1 error" {
		t.Errorf("with an error: %q", got)
	}
	field := strings.Replace(strings.Replace(good, "#Signature", "WHERE", 1), "SIGN_PIN=\n", "SIGN_PIN=\nWHERE=\n", 1)
	if got := titles(strings.Replace(field, "List=AB", "List=B", 1)); len(got) != 3 || !strings.Contains(got[1], "in the slot that WHERE decides") || !strings.Contains(got[2], "not run") {
		t.Errorf("with a field: %q", got)
	}
}

func TestFormatting(t *testing.T) {
	text := "[encoding]\r\ntype = 1024,Chip\n\n\n[DESCRIPTION]\nsetpin=true  \npkcs11library=x.dll"
	c, _ := start(t, rich, nil)
	c.open(docURI, text)
	options := map[string]any{"textDocument": map[string]any{"uri": docURI}, "options": map[string]any{"tabSize": 4, "insertSpaces": true}}
	var edits []protocol.TextEdit
	c.call("textDocument/formatting", options, &edits)
	if got, want := apply(text, edits, protocol.UTF16), "[Encoding]\r\nType=1024,Chip\r\n\r\n[Description]\r\nSetPIN=true\r\nPKCS11Library=x.dll\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	options["range"] = protocol.Range{Start: protocol.Position{Line: 5}, End: protocol.Position{Line: 5, Character: 3}}
	c.call("textDocument/rangeFormatting", options, &edits)
	if got := apply(text, edits, protocol.UTF16); !strings.Contains(got, "SetPIN=true") || !strings.Contains(got, "[DESCRIPTION]") || !strings.Contains(got, "type = ") {
		t.Errorf("the range gives %q", got)
	}
}

func TestFolding(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, "# a\n# b\n[Fields]\nA=\n\n# one\n\n[Description]\n")
	var got []protocol.FoldingRange
	c.call("textDocument/foldingRange", document1(), &got)
	if want := []protocol.FoldingRange{{StartLine: 2, EndLine: 5, Kind: "region"}, {StartLine: 0, EndLine: 1, Kind: "comment"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCommentsOfASection gives the comments directly above a section to it, as fmt does.
func TestCommentsOfASection(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, "# a\n[Fields]\nA=\n# last\n\n# one\n# two\n[Description]\n# own\n\n")
	var folds []protocol.FoldingRange
	c.call("textDocument/foldingRange", document1(), &folds)
	if want := []protocol.FoldingRange{{StartLine: 1, EndLine: 3, Kind: "region"}, {StartLine: 7, EndLine: 8, Kind: "region"}, {StartLine: 5, EndLine: 6, Kind: "comment"}}; !slices.Equal(folds, want) {
		t.Errorf("folds are %v, want %v", folds, want)
	}
	var tree []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", document1(), &tree)
	for i, want := range [][2]uint32{{0, 3}, {5, 8}} {
		if r := tree[i].Range; r.Start.Line != want[0] || r.End.Line != want[1] {
			t.Errorf("%s is at %v, want %v", tree[i].Name, r, want)
		}
	}
	for line, want := range map[uint32]uint32{0: 0, 3: 0, 5: 5, 6: 5, 8: 5} {
		var list []protocol.SelectionRange
		c.call("textDocument/selectionRange", map[string]any{"textDocument": document1().TextDocument, "positions": []any{protocol.Position{Line: line, Character: 2}}}, &list)
		outer := &list[0]
		for outer.Parent.Parent != nil {
			outer = outer.Parent
		}
		if outer.Range.Start.Line != want {
			t.Errorf("line %d: the section is at %v", line, outer.Range)
		}
	}
}

func TestSelectionRange(t *testing.T) {
	c, _ := start(t, rich, nil)
	p := c.openMarked(strings.Replace(good, "PIN_FIELD,SIGN_PIN", "PIN_FIELD,SIGN‸_PIN", 1))
	var got []*protocol.SelectionRange
	c.call("textDocument/selectionRange", map[string]any{"textDocument": p.TextDocument, "positions": []protocol.Position{p.Position, {Line: 999}}}, &got)
	var texts []string
	m := newMapper(parse("", good).file, protocol.UTF16)
	for r := got[0]; r != nil; r = r.Parent {
		s := m.span(r.Range)
		texts = append(texts, good[s.Start:s.End])
	}
	if len(got) != 2 || len(texts) != 5 || texts[0] != "SIGN_PIN" || texts[1] != "PIN_FIELD,SIGN_PIN" || texts[2] != "ClearFields=PIN_FIELD,SIGN_PIN" || texts[4] != good {
		t.Errorf("got %q", texts)
	}
}

func TestSemanticTokens(t *testing.T) {
	text := "# ä\n[Fields]\nN=\n[Description]\nPIN=#1\nClearFields=N, N\nXyz=1\n[Application_A]\nKeySize=3072\nLabelExpressionDataObject=a !{N}𝄞\nAttributesDataObject=CKA_PRIVATE=TRUE, CKA_OBJECT_ID = 1.2.3\n"
	c, _ := start(t, rich, nil)
	c.open(docURI, text)
	decode := func(tokens protocol.SemanticTokens) []string {
		m := newMapper(parse("", text).file, protocol.UTF16)
		var out []string
		var line, char uint32
		for i := 0; i < len(tokens.Data); i += 5 {
			d := tokens.Data[i : i+5]
			if d[0] > 0 {
				char = 0
			}
			line, char = line+d[0], char+d[1]
			s := m.span(protocol.Range{Start: protocol.Position{Line: line, Character: char}, End: protocol.Position{Line: line, Character: char + d[2]}})
			out = append(out, text[s.Start:s.End]+":"+c.init.Capabilities.SemanticTokensProvider.Legend.TokenTypes[d[3]])
		}
		return out
	}
	var full, part protocol.SemanticTokens
	c.call("textDocument/semanticTokens/full", document1(), &full)
	want := []string{"# ä:comment", "Fields:namespace", "N:variable", "Description:namespace", "PIN:property", "#1:string", "ClearFields:property", "N:variable", "N:variable",
		"Xyz:property", "Application_A:namespace", "KeySize:property", "3072:number", "LabelExpressionDataObject:property", "a :string", "!{N}:variable", "𝄞:string",
		"AttributesDataObject:property", "CKA_PRIVATE:type", "TRUE:string", "CKA_OBJECT_ID:type", "1.2.3:string"}
	if got := decode(full); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	c.call("textDocument/semanticTokens/range", protocol.RangeParams{TextDocument: document1().TextDocument, Range: protocol.Range{Start: protocol.Position{Line: 7}, End: protocol.Position{Line: 8, Character: 1}}}, &part)
	if got := decode(part); !slices.Equal(got, []string{"Application_A:namespace", "KeySize:property", "3072:number"}) {
		t.Errorf("the range gives %q", got)
	}
	end := protocol.Position{Line: 11}
	c.call("textDocument/semanticTokens/range", protocol.RangeParams{TextDocument: document1().TextDocument, Range: protocol.Range{Start: end, End: end}}, &part)
	if got := decode(part); len(got) > 0 {
		t.Errorf("the empty last line has %q", got)
	}
}

func TestInlayHints(t *testing.T) {
	text := strings.Replace(good, "#Signature", "#Card", 1)
	c, _ := start(t, rich, nil)
	c.open(docURI, text)
	ask := protocol.RangeParams{TextDocument: document1().TextDocument, Range: protocol.Range{End: protocol.Position{Line: 99}}}
	show := func() string {
		var list []protocol.InlayHint
		c.call("textDocument/inlayHint", ask, &list)
		var out []string
		for _, h := range list {
			out = append(out, fmt.Sprintf("%d:%s", h.Position.Line, h.Label))
		}
		return strings.Join(out, " ")
	}
	if got, want := show(), "5:pin 6:pin 15:default slot 22:default slot"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	ask.Range = protocol.Range{Start: protocol.Position{Line: 15}, End: protocol.Position{Line: 16}}
	if got := show(); got != "15:default slot" {
		t.Errorf("in the range: %q", got)
	}
	c.notify("workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"inscribe": map[string]any{"inlayHints": false, "codeLens": false}}})
	if got := show(); got != "" {
		t.Errorf("switched off: %q", got)
	}
	var lenses []protocol.CodeLens
	c.call("textDocument/codeLens", document1(), &lenses)
	if len(lenses) != 0 {
		t.Errorf("switched off: %v", lenses)
	}
	c.requested("workspace/inlayHint/refresh")
}

func TestResolveInlayHint(t *testing.T) {
	for _, capabilities := range []string{rich, "{}"} {
		c, _ := start(t, capabilities, nil)
		c.open(docURI, strings.Replace(good, "#Signature", "#Card", 1))
		ask := protocol.RangeParams{TextDocument: document1().TextDocument, Range: protocol.Range{End: protocol.Position{Line: 99}}}
		var list []protocol.InlayHint
		c.call("textDocument/inlayHint", ask, &list)
		for i, want := range []string{"line 12: PIN", "line 13: SignPIN", "it has no Location", "its Location is not Signature"} {
			h := list[i]
			if later := capabilities == rich; later != (h.Tooltip == nil) {
				t.Errorf("before it is resolved: %+v", h)
			}
			c.call("inlayHint/resolve", h, &h)
			if h.Tooltip == nil || !strings.Contains(h.Tooltip.Value, want) || h.Label != list[i].Label {
				t.Errorf("%s resolves to %+v, want %q", h.Label, h.Tooltip, want)
			}
		}
		if capabilities == rich {
			c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{}, Text: "# x\n"})
			h := list[0]
			c.call("inlayHint/resolve", h, &h)
			if h.Tooltip != nil {
				t.Errorf("a hint of another version resolves to %+v", h.Tooltip)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	c, _ := start(t, rich, withProject())
	if !slices.Contains(c.init.Capabilities.ExecuteCommandProvider.Commands, explainCommand) {
		t.Error("the command is not offered")
	}
	c.open(docURI, good)
	for word, want := range map[string]string{
		"setpin": "C_SetPIN", "KeySize=2048": "1024 to 16384", "weak-key": "## Avoid", "genkey": "C_GenerateKeyPair", "[Fields]": "names whose values",
		"pin-max": "Fact of profiles", "softhsm": "SoftHSM", "#Signature": "signature slot",
	} {
		var got explanation
		c.call("workspace/executeCommand", map[string]any{"command": explainCommand, "arguments": []any{word}}, &got)
		if got.Word != word || !strings.HasPrefix(got.Markdown, "# ") || !strings.Contains(got.Markdown, want) {
			t.Errorf("%s: got %+v", word, got)
		}
	}
	var got explanation
	c.call("workspace/executeCommand", map[string]any{"command": explainCommand, "arguments": []any{"VendorWord", docURI}}, &got)
	if !strings.Contains(got.Markdown, "A word of the vendor.") || !strings.Contains(got.Markdown, "declared in inscribe.toml") {
		t.Errorf("a word of the project: %+v", got)
	}
	for _, bad := range [][]any{nil, {1}, {""}, {"VendorWord"}, {"KeySize", 1}, {"KeySize", "file:///cards/none.dsc"}} {
		c.refused(protocol.InvalidParams, "workspace/executeCommand", map[string]any{"command": explainCommand, "arguments": bad})
	}
	err := c.try("workspace/executeCommand", map[string]any{"command": explainCommand, "arguments": []any{"weak-keys"}}, nil)
	if err == nil || !strings.Contains(err.Error(), "is it weak-key?") {
		t.Errorf("a slip gives %v", err)
	}
}

func TestDocumentLinks(t *testing.T) {
	c, _ := start(t, rich, withProject())
	c.open(docURI, strings.Replace(good, "Location=", "# inscribe:ignore location-default,weak-key x\nLocation=", 1))
	var list []protocol.DocumentLink
	c.call("textDocument/documentLink", document1(), &list)
	var got []string
	for _, l := range list {
		got = append(got, fmt.Sprintf("%d %s", l.Range.Start.Line, l.Target))
	}
	want := []string{"17 file:///cards/inscribe.toml#L1", "9 file:///cards/inscribe.toml#L9", "22 inscribe-docs:docs/rules/location-default.md", "22 inscribe-docs:docs/rules/weak-key.md"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLinksThatOpen gives a client no link to a page that it cannot open, and with the
// setting one that any can.
func TestLinksThatOpen(t *testing.T) {
	unable := strings.Replace(rich, `"textDocumentContent":{},`, "", 1)
	for _, c := range []struct {
		name, capabilities, options string
		want                        string // how links to pages begin; "" for none
	}{
		{"documents of the server", rich, "", "inscribe-docs:docs/rules/"},
		{"nothing", unable, "", ""},
		{"pulled", pulling, "", ""},
		{"a setting", unable, `{"docs":"https://example.org/pages"}`, "https://example.org/pages/docs/rules/"},
	} {
		session := connect(t, &disk{files: withProject()})
		params := map[string]any{"capabilities": json.RawMessage(c.capabilities)}
		if c.options != "" {
			params["initializationOptions"] = json.RawMessage(c.options)
		}
		session.call("initialize", params, &session.init)
		session.notify("initialized", map[string]any{})
		session.open(docURI, strings.Replace(wrongLocation, "KeySize", "# inscribe:ignore weak-key x\nKeySize", 1))
		var found []protocol.Diagnostic
		if c.capabilities == pulling {
			var report protocol.DocumentDiagnosticReport
			session.call("textDocument/diagnostic", protocol.DocumentDiagnosticParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}}, &report)
			found = *report.Items
		} else {
			found = session.findings(docURI, 1)
		}
		var targets []string
		for _, d := range found {
			if d.CodeDescription != nil {
				targets = append(targets, d.CodeDescription.Href)
			}
		}
		inFindings := len(targets)
		var links []protocol.DocumentLink
		session.call("textDocument/documentLink", document1(), &links)
		for _, l := range links {
			if !strings.HasPrefix(l.Target, "file:") {
				targets = append(targets, l.Target)
			}
		}
		if c.want == "" && len(targets) > 0 || c.want != "" && (inFindings == 0 || len(targets) == inFindings) || len(found) == 0 || len(links) == 0 {
			t.Errorf("%s: %d findings, links to %q", c.name, len(found), targets)
		}
		for _, target := range targets {
			if !strings.HasPrefix(target, c.want) {
				t.Errorf("%s: there is a link to %s", c.name, target)
			}
		}
	}
}

func TestShowPlan(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, good)
	var view planView
	run := map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}
	c.call("workspace/executeCommand", run, &view)
	if !strings.Contains(view.Text, "Plan: 2 keys") || !strings.HasPrefix(view.Markdown, "```") || len(view.Lines) < 8 || *view.Version != 1 {
		t.Fatalf("the view is %+v", view)
	}
	lines := strings.Split(view.Text, "\n")
	for i, l := range view.Lines {
		if want := fmt.Sprintf("line %d", l.Source+1); !strings.HasSuffix(lines[l.Plan], want) {
			t.Errorf("op %d is tied to %q, want %s", i, lines[l.Plan], want)
		}
	}
	c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI, map[string]any{"width": 60}}}, &view)
	narrow := strings.Split(view.Text, "\n")
	if len(narrow) <= len(lines) {
		t.Errorf("in 60 columns the plan has %d lines, in 100 %d", len(narrow), len(lines))
	}
	for _, l := range view.Lines {
		if utf8.RuneCountInString(narrow[l.Plan]) > 60 {
			t.Errorf("%q is wider than 60 columns", narrow[l.Plan])
		}
	}
	for _, bad := range []any{60, map[string]any{"width": -1}, map[string]any{"width": "x"}} {
		c.refused(protocol.InvalidParams, "workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI, bad}})
	}
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Text: strings.Replace(good, "KeySize=3072", "KeySize=x", 1)})
	c.call("workspace/executeCommand", run, &view)
	if !strings.Contains(view.Text, "No plan: 1 error") || view.Lines[0].Source != 16 || !strings.HasPrefix(strings.Split(view.Text, "\n")[view.Lines[0].Plan], "line 17:") {
		t.Errorf("with an error: %+v", view)
	}
	c.refused(protocol.InvalidParams, "workspace/executeCommand", map[string]any{"command": "no.such"})
	c.refused(protocol.InvalidParams, "workspace/executeCommand", map[string]any{"command": showPlanCommand})
	c.refused(protocol.InvalidParams, "workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{"file:///cards/none.dsc"}})
}

func TestShowCard(t *testing.T) {
	c, _ := start(t, rich, nil)
	offered := c.init.Capabilities.ExecuteCommandProvider.Commands
	for name := range commands {
		if !slices.Contains(offered, name) {
			t.Errorf("the command %s is not offered: %q", name, offered)
		}
	}
	c.open(docURI, good)
	var view cardView
	run := map[string]any{"command": showCardCommand, "arguments": []any{docURI}}
	c.call("workspace/executeCommand", run, &view)
	if !strings.HasPrefix(view.Before, "<svg ") || !strings.Contains(view.After, "RSA 3072") || strings.Contains(view.Before, "RSA 3072") || *view.Version != 1 {
		t.Errorf("the picture is %+v", view)
	}
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Text: strings.Replace(good, "KeySize=3072", "KeySize=x", 1)})
	c.call("workspace/executeCommand", run, &view)
	if view.Before != "" || view.After != "" || *view.Version != 2 {
		t.Errorf("with an error: %+v", view)
	}
	// A measure is no secret, and what is hidden leaves the element whole.
	c.change(docURI, 3, protocol.TextDocumentContentChangeEvent{Text: strings.Replace(good, "\nPIN=PIN_FIELD", "\nPIN=#334", 1)})
	c.call("workspace/executeCommand", run, &view)
	if !strings.Contains(view.After, `width="334"`) {
		t.Errorf("with the measure 334 as a secret: %+v", view)
	}
}

func TestProfileSetting(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, good)
	var view planView
	profile := func(want string) {
		t.Helper()
		c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}, &view)
		if first, _, _ := strings.Cut(view.Text, "\n"); !strings.HasSuffix(first, "profile "+want) {
			t.Errorf("want the profile %s: %q", want, first)
		}
	}
	set := func(name string) {
		c.notify("workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"inscribe": map[string]any{"profile": name}}})
	}
	profile("generic")
	before := len(c.findings(docURI, 1))
	set("tcos")
	profile("tcos")
	c.wait("findings of the same version under the profile", func() bool { return len(c.published) > before })
	set("tcso")
	profile("generic")
	c.wait("word of it on the first line", func() bool {
		return slices.ContainsFunc(c.published[len(c.published)-1].Diagnostics, func(d protocol.Diagnostic) bool {
			return d.Range.Start.Line == 0 && d.Severity == 2 && strings.HasPrefix(d.Message, `the setting profile: there is no profile "tcso"; did you mean tcos?`)
		})
	})
	set("")
	profile("generic")
	c.wait("no such word", func() bool { return len(c.published[len(c.published)-1].Diagnostics) == 0 })
}

func TestTextDocumentContent(t *testing.T) {
	c, _ := start(t, rich, nil)
	if got := c.init.Capabilities.Workspace.TextDocumentContent; got == nil || !slices.Contains(got.Schemes, "inscribe-plan") {
		t.Fatalf("capabilities are %+v", got)
	}
	c.open(docURI, good)
	var got protocol.TextDocumentContentResult
	content := protocol.TextDocumentContentParams{URI: protocol.DocumentURI(planURI(docURI))}
	c.call("workspace/textDocumentContent", content, &got)
	if !strings.Contains(got.Text, "Plan: 2 keys") {
		t.Errorf("the plan is %q", got.Text)
	}
	got.Text = ""
	rewritten := protocol.DocumentURI(strings.NewReplacer("of=", "of%3D", "%2F", "/").Replace(string(content.URI)))
	c.call("workspace/textDocumentContent", protocol.TextDocumentContentParams{URI: rewritten}, &got)
	if rewritten == content.URI || !strings.Contains(got.Text, "Plan: 2 keys") {
		t.Errorf("the plan by %s is %q", rewritten, got.Text)
	}
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Text: strings.Replace(good, "List=AB", "List=A", 1)})
	r := c.requested("workspace/textDocumentContent/refresh")
	if !strings.Contains(string(*r.Params), "inscribe-plan:") {
		t.Errorf("refresh says %s", *r.Params)
	}
	c.call("workspace/textDocumentContent", content, &got)
	if !strings.Contains(got.Text, "Plan: 1 key,") {
		t.Errorf("the plan is %q", got.Text)
	}
	count := func() (n int) {
		for _, r := range c.requests {
			if r.Method == "workspace/textDocumentContent/refresh" && strings.Contains(string(*r.Params), string(content.URI)) {
				n++
			}
		}
		return n
	}
	c.wait("the refresh after the change", func() bool { return count() == 1 })
	c.notify("textDocument/didClose", document1())
	c.wait("a refresh when the description is closed", func() bool { return count() == 2 })
	c.call("workspace/textDocumentContent", content, &got)
	if !strings.Contains(got.Text, "not open") {
		t.Errorf("of a closed description the plan is %q", got.Text)
	}
	c.call("workspace/textDocumentContent", protocol.TextDocumentContentParams{URI: "inscribe-docs:docs/rules/weak-key.md"}, &got)
	if !strings.HasPrefix(got.Text, "# weak-key") {
		t.Errorf("the page is %q", got.Text)
	}
	for _, bad := range []protocol.DocumentURI{"inscribe-docs:docs/rules/../../x.md", "file:///etc/passwd", ":", ""} {
		c.refused(protocol.InvalidParams, "workspace/textDocumentContent", protocol.TextDocumentContentParams{URI: bad})
	}
	plain, _ := start(t, "{}", nil)
	if plain.init.Capabilities.Workspace.TextDocumentContent != nil {
		t.Error("offered to a client that cannot")
	}
}

func TestWatchedConfiguration(t *testing.T) {
	c, d := start(t, rich, nil)
	if r := c.requested("client/registerCapability"); !strings.Contains(string(*r.Params), "**/inscribe.toml") {
		t.Errorf("registered %s", *r.Params)
	}
	c.open(docURI, wrongLocation)
	if got := c.findings(docURI, 1); !slices.Contains(codes(got), "location-default") {
		t.Fatalf("findings are %v", codes(got))
	}
	tell := func() {
		c.mu.Lock()
		c.published = nil
		c.mu.Unlock()
		c.notify("workspace/didChangeWatchedFiles", protocol.DidChangeWatchedFilesParams{Changes: []protocol.FileEvent{{URI: "file:///cards/inscribe.toml", Type: 2}}})
	}
	d.write(root+"/inscribe.toml", "[severity]\nlocation-default = \"off\"\n")
	tell()
	c.wait("findings without location-default", func() bool {
		return slices.ContainsFunc(c.published, func(p protocol.PublishDiagnosticsParams) bool {
			return p.URI == docURI && !slices.Contains(codes(p.Diagnostics), "location-default")
		})
	})
	d.write(root+"/inscribe.toml", "[severity]\nno-such-code = \"off\"\n")
	tell()
	broken := func() (list []protocol.Diagnostic, ok bool) {
		for _, p := range c.published {
			if p.URI == "file:///cards/inscribe.toml" {
				list, ok = p.Diagnostics, true
			}
		}
		return list, ok
	}
	c.wait("findings of inscribe.toml", func() bool {
		list, ok := broken()
		return ok && len(list) == 1 && strings.Contains(list[0].Message, "no-such-code")
	})
	d.write(root+"/inscribe.toml", "")
	tell()
	c.wait("that it is right again", func() bool { list, ok := broken(); return ok && len(list) == 0 })
	// An open one counts before it is saved.
	c.mu.Lock()
	c.published = nil
	c.mu.Unlock()
	c.open("file:///cards/inscribe.toml", "[severity]\nlocation-default = \"error\"\n")
	c.wait("the severity of the open inscribe.toml", func() bool {
		for _, p := range c.published {
			if p.URI == docURI && slices.ContainsFunc(p.Diagnostics, func(d protocol.Diagnostic) bool { return d.Code == "location-default" && d.Severity == 1 }) {
				return true
			}
		}
		return false
	})
	var nothing *protocol.Hover
	c.call("textDocument/hover", protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: "file:///cards/inscribe.toml"}}, &nothing)
	if nothing != nil {
		t.Errorf("hover in inscribe.toml: %+v", nothing)
	}
}

func TestSyntaxErrorInConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"[severity]\nx = \n":      "1:0-4",
		"a = \"ä😀\" b\n":          "0:10-11",
		"[certificate.x]\nca =\n": "1:0-4", // the end of a line, of which there is nothing to be seen
	} {
		c, _ := start(t, rich, map[string]string{root + "/inscribe.toml": text})
		c.open(docURI, good)
		var got string
		c.wait("findings of inscribe.toml", func() bool {
			for _, p := range c.published {
				if p.URI == "file:///cards/inscribe.toml" && len(p.Diagnostics) == 1 {
					r := p.Diagnostics[0].Range
					got = fmt.Sprintf("%d:%d-%d", r.Start.Line, r.Start.Character, r.End.Character)
				}
			}
			return got != ""
		})
		if got != want {
			t.Errorf("%q: at %s, want %s", text, got, want)
		}
	}
}

// TestBrokenConfigurationKeepsTheLast edits an inscribe.toml that is wrong for a while:
// what it said holds until it is mended, and each description says so once.
func TestBrokenConfigurationKeepsTheLast(t *testing.T) {
	for _, broken := range []string{project + "[certificate.x", project + "[severity]\nno-such-code = \"off\"\n"} {
		c, _ := start(t, rich, withProject())
		text := strings.Replace(wrongLocation, "Location=", "VendorWord=x\nLocation=", 1)
		c.open(docURI, text)
		before := codes(c.findings(docURI, 1))
		latest := func(uri protocol.DocumentURI) (list []protocol.Diagnostic) {
			for _, p := range c.published {
				if p.URI == uri {
					list = p.Diagnostics
				}
			}
			return list
		}
		notice := func(list []protocol.Diagnostic) bool {
			return len(list) > 0 && list[0].Code == "" && list[0].Severity == 3 && strings.Contains(list[0].Message, "what it said before holds")
		}
		c.open("file:///cards/inscribe.toml", project)
		for version := int32(2); version < 4; version++ { // wrong in two ways, one after the other
			c.change("file:///cards/inscribe.toml", version, protocol.TextDocumentContentChangeEvent{Text: broken})
			broken += "\n"
			c.wait("the notice", func() bool { return notice(latest(docURI)) })
		}
		c.mu.Lock()
		got := codes(latest(docURI)[1:])
		c.mu.Unlock()
		if !slices.Equal(got, before) {
			t.Errorf("finds %v, and before it was broken %v", got, before)
		}
		c.wait("the finding at its place", func() bool {
			list := latest("file:///cards/inscribe.toml")
			return len(list) == 1 && list[0].Range.Start.Line >= 15
		})
		var hover protocol.Hover
		c.call("textDocument/hover", protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}, Position: protocol.Position{Line: 13, Character: 12}}, &hover)
		if !strings.Contains(hover.Contents.Value, "CN={token.serial}") {
			t.Errorf("the template is not known any more: %s", hover.Contents.Value)
		}
		var view planView
		c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}, &view)
		if !strings.Contains(view.Text, "softhsm") {
			t.Errorf("the profile is not known any more: %s", view.Text)
		}
		c.change("file:///cards/inscribe.toml", 4, protocol.TextDocumentContentChangeEvent{Text: project})
		c.wait("that it is right again", func() bool {
			return slices.Equal(codes(latest(docURI)), before) && len(latest("file:///cards/inscribe.toml")) == 0
		})
	}
}

// TestConfigurationThatNeverWasRight finds nothing in a description of which nobody can
// tell what its project allows, and shows no plan of it.
func TestConfigurationThatNeverWasRight(t *testing.T) {
	for _, capabilities := range []string{rich, pulling} {
		broken := strings.Replace(project, "kind = \"text\"", "kind = text", 1)
		c, _ := start(t, capabilities, map[string]string{root + "/inscribe.toml": broken})
		c.open(docURI, strings.Replace(wrongLocation, "Location=", "VendorWord=x\nLocation=", 1))
		var list []protocol.Diagnostic
		if capabilities == rich {
			list = c.findings(docURI, 1)
			time.Sleep(10 * typingPause) // what a proof finds would come by then
			c.mu.Lock()
			for _, p := range c.published {
				if p.URI == docURI {
					list = p.Diagnostics
				}
			}
			c.mu.Unlock()
		} else {
			var report protocol.DocumentDiagnosticReport
			c.call("textDocument/diagnostic", protocol.DocumentDiagnosticParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}}, &report)
			list = *report.Items
		}
		if len(list) != 1 || list[0].Severity != 3 || !strings.Contains(list[0].Message, "inscribe.toml cannot be read; nothing is checked until it is mended\nline 15 of it: ") {
			t.Errorf("findings are %+v", list)
		}
		c.wait("the finding of inscribe.toml", func() bool {
			return slices.ContainsFunc(c.published, func(p protocol.PublishDiagnosticsParams) bool {
				return p.URI == "file:///cards/inscribe.toml" && len(p.Diagnostics) == 1
			})
		})
		var view planView
		c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{docURI}}, &view)
		if !strings.Contains(view.Text, "No plan: inscribe.toml cannot be read") {
			t.Errorf("the plan is %s", view.Text)
		}
		var actions []protocol.CodeAction
		c.call("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": docURI}, "range": protocol.Range{}, "context": map[string]any{"diagnostics": list}}, &actions)
		for _, a := range actions {
			if strings.Contains(a.Title, "inscribe:ignore") || strings.Contains(a.Title, "uppress") || strings.Contains(a.Title, "fix") {
				t.Errorf("offers %q", a.Title)
			}
		}
	}
}

// TestTemplateFaultInConfiguration has a template of which no certificate can come.
// TestConfigurationThatCannotBeHad takes an inscribe.toml whose bytes nobody can have
// for one that is wrong, and not for none. No editor can show it, so the error stands in
// the description.
func TestConfigurationThatCannotBeHad(t *testing.T) {
	c, d := start(t, rich, withProject())
	text := strings.Replace(wrongLocation, "Location=", "VendorWord=x\nLocation=", 1)
	latest := func() (list []protocol.Diagnostic) {
		for _, p := range c.published {
			if p.URI == docURI {
				list = p.Diagnostics
			}
			if p.URI == "file:///cards/inscribe.toml" && len(p.Diagnostics) > 0 {
				t.Errorf("findings in a file that cannot be shown: %+v", p.Diagnostics)
			}
		}
		return list
	}
	says := func(what string) (list []protocol.Diagnostic) {
		t.Helper()
		c.notify("workspace/didChangeWatchedFiles", protocol.DidChangeWatchedFilesParams{Changes: []protocol.FileEvent{{URI: "file:///cards/inscribe.toml", Type: 2}}})
		c.wait(what, func() bool {
			list = latest()
			return len(list) > 0 && list[0].Severity == 1 && strings.Contains(list[0].Message, what)
		})
		return list
	}
	d.refuse(errors.New("permission denied"))
	c.open(docURI, text)
	if list := says("inscribe.toml cannot be read; nothing is checked until it is mended\npermission denied"); len(list) != 1 {
		t.Errorf("finds %v", codes(list))
	}
	d.refuse(nil)
	c.notify("textDocument/didSave", protocol.TextDocumentParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}})
	c.wait("the findings", func() bool { return slices.Contains(codes(latest()), "location-default") })
	d.refuse(errors.New("it is a folder"))
	list := says("inscribe.toml cannot be read; what it said before holds until it is mended\nit is a folder")
	if !slices.Contains(codes(list), "location-default") || slices.Contains(codes(list), "unknown-keyword") {
		t.Errorf("finds %v", codes(list))
	}
}

func TestTemplateFaultInConfiguration(t *testing.T) {
	c, _ := start(t, rich, map[string]string{root + "/inscribe.toml": "[certificate.t]\nsubject = \"CN=x\"\nkey-usage = [\"digitalSignatur\"]\n"})
	c.open(docURI, good)
	c.wait("the finding of inscribe.toml", func() bool {
		for _, p := range c.published {
			if p.URI == "file:///cards/inscribe.toml" && len(p.Diagnostics) == 1 {
				d := p.Diagnostics[0]
				return d.Range.Start == protocol.Position{Line: 2, Character: 13} && strings.Contains(d.Message, "did you mean digitalSignature?")
			}
		}
		return false
	})
}

// TestSaveReadsTheConfiguration is for clients that watch no files.
func TestSaveReadsTheConfiguration(t *testing.T) {
	c, d := start(t, "{}", nil)
	c.open(docURI, wrongLocation)
	c.wait("location-default", func() bool {
		return len(c.published) > 0 && slices.Contains(codes(c.published[len(c.published)-1].Diagnostics), "location-default")
	})
	d.write(root+"/inscribe.toml", "[severity]\nlocation-default = \"off\"\n")
	c.notify("textDocument/didSave", document1())
	c.wait("findings without it", func() bool {
		return !slices.Contains(codes(c.published[len(c.published)-1].Diagnostics), "location-default")
	})
}

func TestSettingsAreFetched(t *testing.T) {
	c := connect(t, nil)
	c.answers["workspace/configuration"] = []any{map[string]any{"docs": "https://example.org/inscribe/"}}
	c.call("initialize", map[string]any{"capabilities": json.RawMessage(rich)}, &c.init)
	c.notify("initialized", map[string]any{})
	c.requested("workspace/configuration")
	c.open(docURI, wrongLocation)
	c.wait("the setting", func() bool {
		for _, p := range c.published {
			for _, d := range p.Diagnostics {
				if d.CodeDescription != nil && d.CodeDescription.Href == "https://example.org/inscribe/docs/rules/location-default.md" {
					return true
				}
			}
		}
		return false
	})
}

func TestFolders(t *testing.T) {
	files := map[string]string{root + "/x.dsc": good, "/more/y.dsc": good, "/third/z.dsc": good}
	c, _ := start(t, pulling, files)
	uris := func() string {
		var report struct {
			Items []struct{ URI string }
		}
		c.call("workspace/diagnostic", map[string]any{"previousResultIds": []any{}}, &report)
		var out []string
		for _, i := range report.Items {
			out = append(out, strings.TrimPrefix(i.URI, "file://"))
		}
		return strings.Join(out, " ")
	}
	if got := uris(); got != "/cards/x.dsc" {
		t.Errorf("at first: %q", got)
	}
	folder := func(p string) map[string]string { return map[string]string{"uri": "file://" + p, "name": p} }
	c.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": []any{folder("/more"), folder("/third")}, "removed": []any{folder(root)}}})
	if got := uris(); got != "/more/y.dsc /third/z.dsc" {
		t.Errorf("after the change: %q", got)
	}
}

// TestPullOfWhatIsGone wants a full, empty report for each file that was reported and is
// there no more, once, and none for one that is written in another way.
func TestPullOfWhatIsGone(t *testing.T) {
	c, d := start(t, pulling, map[string]string{root + "/a b.dsc": wrongLocation, root + "/y.dsc": wrongLocation, "/more/z.dsc": wrongLocation})
	folder := map[string]string{"uri": "file:///more", "name": "more"}
	c.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": []any{folder}, "removed": []any{}}})
	type item struct {
		Kind, ResultID, URI string
		Items               []protocol.Diagnostic
	}
	pull := func(previous []any) (out map[string]item, ids []any) {
		var report struct{ Items []item }
		c.call("workspace/diagnostic", map[string]any{"previousResultIds": previous}, &report)
		out = map[string]item{}
		for _, i := range report.Items {
			if _, twice := out[i.URI]; twice {
				t.Errorf("%s is reported twice", i.URI)
			}
			out[i.URI] = i
			if i.ResultID != "" {
				ids = append(ids, map[string]string{"uri": i.URI, "value": i.ResultID})
			}
		}
		return out, ids
	}
	_, ids := pull([]any{})
	if len(ids) != 3 {
		t.Fatalf("at first: %v", ids)
	}
	d.mu.Lock()
	delete(d.files, root+"/y.dsc")
	d.mu.Unlock()
	c.notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": "file:///cards/y.dsc", "type": 3}}})
	c.notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": []any{}, "removed": []any{folder}}})
	ids[0].(map[string]string)["uri"] = "file:///cards/a%20%62.dsc" // as the client writes it
	got, ids := pull(ids)
	for _, uri := range []string{"file:///cards/y.dsc", "file:///more/z.dsc"} {
		if i := got[uri]; i.Kind != "full" || i.Items == nil || len(i.Items) > 0 {
			t.Errorf("%s: %+v", uri, i)
		}
	}
	if len(got) != 3 || len(got["file:///cards/a%20b.dsc"].Items) == 0 {
		t.Errorf("what is there: %+v", got)
	}
	if got, _ := pull(ids); len(got) != 1 {
		t.Errorf("asked again: %+v", got)
	}
}

// TestSecretsStayInTheDocument wants no literal secret in what the server says,
// whatever is asked.
func TestSecretsStayInTheDocument(t *testing.T) {
	const canary = "74982365"
	text := strings.Replace(good, "PIN=PIN_FIELD\n", "PIN=#"+canary+"\nInitialPUK="+canary+"\nPUKK=#"+canary+"\n", 1)
	text = strings.Replace(text, "#Signature", "#"+canary, 1)
	text = strings.Replace(text, "SIGN_PIN=\n", "SIGN_PIN=\""+canary+"\"\n", 1)
	for _, capabilities := range []string{rich, pulling, "{}"} {
		c, _ := start(t, capabilities, nil)
		c.open(docURI, text)
		var all []string
		ask := func(method string, params any) {
			var raw json.RawMessage
			if err := c.try(method, params, &raw); err != nil {
				all = append(all, err.Error())
				return
			}
			all = append(all, method+" "+string(raw))
		}
		ask("textDocument/diagnostic", document1())
		for name := range commands {
			ask("workspace/executeCommand", map[string]any{"command": name, "arguments": []any{docURI}})
		}
		for _, m := range []string{"codeLens", "documentLink", "documentSymbol", "foldingRange", "semanticTokens/full", "formatting"} {
			ask("textDocument/"+m, document1())
		}
		wide := map[string]any{"textDocument": map[string]any{"uri": docURI}, "range": protocol.Range{End: protocol.Position{Line: 99}}, "context": map[string]any{"diagnostics": []any{}}}
		ask("textDocument/inlayHint", wide)
		ask("textDocument/codeAction", wide)
		for line := range strings.Count(text, "\n") {
			for char := uint32(0); char < 20; char += 3 {
				p := protocol.TextDocumentPositionParams{TextDocument: document1().TextDocument, Position: protocol.Position{Line: uint32(line), Character: char}}
				for _, m := range []string{"hover", "completion", "signatureHelp", "definition", "documentHighlight"} {
					ask("textDocument/"+m, p)
				}
			}
		}
		c.mu.Lock()
		for _, p := range c.published {
			raw, _ := json.Marshal(p)
			all = append(all, string(raw))
		}
		c.mu.Unlock()
		for _, s := range all {
			if strings.Contains(s, canary) {
				t.Errorf("the secret is in %.400s", s)
			}
		}
	}
}

// TestPlanOfAnyDescription wants the plan by the URI that the server gives for it, and
// VS Code to know by that what the document is, whatever the description is called.
func TestPlanOfAnyDescription(t *testing.T) {
	raw, err := os.ReadFile("../editors/vscode/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var extension struct {
		Contributes struct {
			Languages []struct {
				ID               string
				FilenamePatterns []string
			}
		}
	}
	if err := json.Unmarshal(raw, &extension); err != nil {
		t.Fatal(err)
	}
	c, _ := start(t, rich, nil)
	for _, uri := range []string{"file:///cards/a.dsc", "file:///cards/a b+c%20d&of=x.dsc", "file:///cards/A.DSC", "untitled:Untitled-1", "untitled:/cards/new", "file:///cards/%C3%A9%23.dsc", "vscode-notebook-cell:/a.dsc#W0"} {
		c.open(protocol.DocumentURI(uri), good)
		var view planView
		c.call("workspace/executeCommand", map[string]any{"command": showPlanCommand, "arguments": []any{uri}}, &view)
		var content protocol.TextDocumentContentResult
		c.call("workspace/textDocumentContent", map[string]any{"uri": view.URI}, &content)
		if content.Text != view.Text || !strings.Contains(content.Text, "generate") {
			t.Errorf("%s: %s gives %q", uri, view.URI, content.Text)
		}
		u, err := url.Parse(view.URI)
		if err != nil {
			t.Fatal(err)
		}
		known := false
		for _, l := range extension.Contributes.Languages {
			for _, pattern := range l.FilenamePatterns {
				fits, _ := path.Match(pattern, strings.ToLower(path.Base(u.Path)))
				known = known || fits && l.ID == "inscribe-plan"
			}
		}
		if !known {
			t.Errorf("VS Code does not know %s", view.URI)
		}
	}
}
