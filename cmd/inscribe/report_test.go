//go:build cgo && linux

package main

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"inscribe/docs"
	"inscribe/exec"
	"inscribe/plan"
)

// schemas compiles the published schemas of events and reports as they are: they refer
// to each other by their $id, by which any validator finds them.
func schemas(t *testing.T) (event, report, batch *jsonschema.Schema) {
	t.Helper()
	c := jsonschema.NewCompiler()
	for _, name := range []string{"events.schema.json", "report.schema.json", "batch.schema.json"} {
		raw, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(doc.(map[string]any)["$id"].(string), doc); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if event, err = c.Compile("urn:inscribe:events:1"); err == nil {
		report, err = c.Compile("urn:inscribe:report:1")
	}
	if err == nil {
		batch, err = c.Compile("urn:inscribe:batch:1")
	}
	if err != nil {
		t.Fatal(err)
	}
	return event, report, batch
}

func fits(s *jsonschema.Schema, raw []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestEventsAndReportsFitTheirSchemas holds what runs of all ends write against
// the published schemas: done, done again, failed, refused, dry.
func TestEventsAndReportsFitTheirSchemas(t *testing.T) {
	t.Parallel()
	event, report, _ := schemas(t)
	m := newMachine(t)
	keys := example(t, "06-signature-slot.dsc")
	good := []string{"--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "LOCATION_FIELD=Signature"}
	m.env["WRONG"] = "0000"
	seen := map[string]bool{}
	for _, run := range []struct {
		code int
		args []string
	}{
		{exitOK, append([]string{keys, "--dry-run"}, good...)},
		{exitDevice, []string{keys, "--field", "PIN=env:CARD_PIN", "--field", "SIGN_PIN=env:WRONG", "--field", "LOCATION_FIELD=Signature"}},
		{exitOK, append([]string{keys}, good...)},
		{exitOK, append([]string{keys}, good...)},
		{exitRefused, []string{keys, "--field", "PIN=env:CARD_PIN"}},
		{exitOK, []string{example(t, "13-list-cards.dsc")}},
		{exitOK, []string{example(t, "01-set-pin.dsc"), "--module", module, "--token", "CARD", "--field", "PUKField=env:CARD_PUK", "--answer", "PIN=env:CARD_PIN"}},
	} {
		events, path := filepath.Join(m.dir, "events.jsonl"), filepath.Join(m.dir, "report.json")
		m.must(run.code, append([]string{"apply", "--events", events, "--report", path}, run.args...))
		raw, err := os.ReadFile(events)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(raw) {
			if err := fits(event, line); err != nil {
				t.Errorf("%s%v", line, err)
			}
			var e struct{ State string }
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			seen[e.State] = true
			for _, broken := range [][2]string{{`"state":"`, `"state":"x`}, {`"op":"`, `"op":"x`}, {`"id":`, `"extra":1,"id":`}} {
				if fits(event, bytes.Replace(line, []byte(broken[0]), []byte(broken[1]), 1)) == nil {
					t.Errorf("%s: %s fits too", line, broken[1])
				}
			}
		}
		if raw, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if err := fits(report, raw); err != nil {
			t.Errorf("%v: %s\n%v", run.args, raw, err)
		}
		for _, broken := range [][2]string{{`"outcome": "done"`, `"outcome": "failed"`}, {`"outcome": "failed"`, `"outcome": "done"`}, {`"version": 1`, `"version": 2`}, {`"ran":`, `"run":`}, {`"state": "done"`, `"state": "start"`}} {
			if bytes.Contains(raw, []byte(broken[0])) && fits(report, bytes.Replace(raw, []byte(broken[0]), []byte(broken[1]), 1)) == nil {
				t.Errorf("a report with %s fits too", broken[1])
			}
		}
	}
	for _, state := range []string{"start", "done", "failed", "skipped"} {
		if !seen[state] {
			t.Errorf("no event has the state %s, so nothing is known of it", state)
		}
	}
}

// TestEventSchemaKnowsEveryOp holds its list against the documented ops.
func TestEventSchemaKnowsEveryOp(t *testing.T) {
	raw, err := os.ReadFile("../../docs/events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Defs struct{ Kind struct{ Enum []string } } `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, k := range s.Defs.Kind.Enum {
		known[k] = true
	}
	for _, o := range docs.Operations {
		if !known[o.Name] {
			t.Errorf("the schema does not know the op %s", o.Name)
		}
		delete(known, o.Name)
	}
	for k := range known {
		t.Errorf("the schema knows an op %s, which nobody else does", k)
	}
}

// TestSchemasKnowEveryMember: a member that no run of the tests writes must not
// make a report of a real one unfit.
func TestSchemasKnowEveryMember(t *testing.T) {
	known := ""
	for _, name := range []string{"events.schema.json", "report.schema.json"} {
		raw, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		known += string(raw)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[runReport](), reflect.TypeFor[exec.Event](), reflect.TypeFor[exec.Result](), reflect.TypeFor[exec.ResultObject](), reflect.TypeFor[exec.TokenInfo](), reflect.TypeFor[exec.CertificateDisplay]()} {
		for i := range of.NumField() {
			member, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if member != "-" && !strings.Contains(known, `"`+member+`": `) {
				t.Errorf("%s has %q, and no schema knows it", of.Name(), member)
			}
		}
	}
	_, report, _ := schemas(t)
	digest := strings.Repeat("0", 64)
	r := runReport{Version: 1, Description: plan.Description{File: "x", SHA256: digest}, OpsSHA256: digest, Profile: "x", Begin: "2026-01-02T03:04:05Z", End: "2026-01-02T03:04:05Z", Outcome: "done", Ops: []exec.Event{},
		Result: &exec.Result{Tokens: map[string]exec.TokenInfo{}, Objects: []exec.ResultObject{}, Outputs: map[string]string{}, Notes: []string{"change <b>the PIN"}}}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := fits(report, raw); err != nil {
		t.Error(err)
	}
	page, err := r.page(&plan.Plan{}, 0)
	if err != nil || !strings.Contains(string(page), "change &lt;b&gt;the PIN") {
		t.Errorf("the page does not show the note: %v", err)
	}
}

// TestReportPage holds the page against the JSON of the same run: it tells the
// same, needs nothing else, and is no place for a token's markup.
func TestReportPage(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	hostile := `<i>"&'`
	if err := m.makeToken(testToken{hostile, "1234", "11112222"}); err != nil {
		t.Fatal(err)
	}
	keys := example(t, "06-signature-slot.dsc")
	apply := func(code int, name string, args ...string) string {
		t.Helper()
		path := filepath.Join(m.dir, name)
		m.must(code, append([]string{"apply", keys, "--token", hostile, "--report", path, "--field", "SIGN_PIN=env:SIGN_PIN", "--field", "LOCATION_FIELD=Signature"}, args...))
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	m.env["WRONG"] = "987654"
	failed := apply(exitDevice, "failed.html", "--field", "PIN=env:WRONG")
	page := apply(exitOK, "report.HTML", "--field", "PIN=env:CARD_PIN")
	var r runReport
	if err := json.Unmarshal([]byte(apply(exitOK, "report.json", "--field", "PIN=env:CARD_PIN")), &r); err != nil {
		t.Fatal(err)
	}
	text := html.UnescapeString(elements.ReplaceAllString(page, " "))
	says := func(what string) {
		t.Helper()
		if !strings.Contains(text, what) {
			t.Errorf("the page does not say %q", what)
		}
	}
	says("Done")
	for _, token := range r.Result.Tokens {
		says(token.Serial)
		says(token.Label)
	}
	if len(r.Result.Objects) != 3 {
		t.Fatalf("the run left %v", r.Result.Objects)
	}
	for _, o := range r.Result.Objects {
		says(o.ID)
		says(o.Label)
	}
	for _, key := range []string{"CKA_ID", "SHA-256", "Issuer", "RSA 2048 + certificate", " ms", "user PIN set", r.OpsSHA256, r.Description.SHA256} {
		says(key)
	}
	if got := strings.Count(page, "<symbol "); got < 5 || strings.Count(page, "<figure>") != 2 {
		t.Errorf("the picture of the card is not whole: %d icons", got)
	}
	for _, p := range []string{page, failed} {
		if strings.Contains(p, hostile) || !strings.Contains(p, html.EscapeString("<i>")) {
			t.Error("the label of the token is markup")
		}
		if found := reaches.FindString(p); found != "" {
			t.Errorf("the page reaches for something outside of it: %q", found)
		}
		if !strings.Contains(p, "@page { size: A4") || strings.Contains(p, "ZgotmplZ") {
			t.Error("the page is not made for paper, or the template refused a value")
		}
		for _, pin := range []string{"987654", "5678", "11112222"} {
			if regexp.MustCompile(`[^0-9a-f]` + pin + `[^0-9a-f]`).MatchString(p) {
				t.Errorf("the page shows the value %s", pin)
			}
		}
	}
	if !strings.Contains(failed, "it is not tried again") || !strings.Contains(failed, "not reached") || !strings.Contains(failed, `<span class="pill stop">Failed`) {
		t.Error("the page of a failed run does not say why, or what was not reached")
	}
}

var (
	elements = regexp.MustCompile(`<[^>]*>`)
	// reaches finds what would load something: the names of XML are none.
	reaches = regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|base|form)\b|url\(|@import|\b(src|srcset|action)=|href="[^#]`)
)
