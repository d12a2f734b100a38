package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/grammar"
)

// every gives the plan of each example for each of the built-in profiles.
func every(t testing.TB) map[string]*Plan {
	t.Helper()
	paths, err := filepath.Glob("../testdata/examples/*.dsc")
	if err != nil || len(paths) < 10 {
		t.Fatalf("examples: %v %v", paths, err)
	}
	plans := map[string]*Plan{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".dsc")
		for _, of := range profile.Names() {
			p, err := Lower(check.Check(grammar.Parse(filepath.Base(path), raw), nil), Options{Profile: profile.Lookup(of)})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			plans[name+"/"+of] = p
		}
	}
	return plans
}

func TestParseIsTheReverseOfJSON(t *testing.T) {
	for name, p := range every(t) {
		back, err := Parse(p.JSON())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// The keywords, which JSON leaves out, and the facts are back too.
		if diff := cmp.Diff(p, back, cmp.AllowUnexported(Plan{}), cmpopts.IgnoreFields(Plan{}, "program"), cmp.Comparer(func(a, b *profile.Profile) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-made +read):\n%s", name, diff)
		}
		if !bytes.Equal(p.JSON(), back.JSON()) {
			t.Errorf("%s: written again it has other bytes", name)
		}
	}
}

func TestParseForgivesWhatToolsOnTheWayChange(t *testing.T) {
	p := lower(t, strings.ReplaceAll(head, "x.dll", "<x>&.dll")+app("A", "L1")+app("B", "L2")+app("C", "")+app("D", ""), Options{})
	var short bytes.Buffer
	if err := json.Compact(&short, p.JSON()); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{
		"line ends of Windows": bytes.ReplaceAll(p.JSON(), []byte("\n"), []byte("\r\n")),
		"no blanks":            short.Bytes(),
		"plain <, > and &":     []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(p.JSON()))),
	} {
		back, err := Parse(raw)
		if err != nil || !bytes.Equal(back.JSON(), p.JSON()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefusesWhatIsNoPlan(t *testing.T) {
	p := lower(t, head+app("A", "L1")+app("B", "L2")+app("C", "")+app("D", ""), Options{})
	good := string(p.JSON())
	edit := func(old, with string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("the plan does not hold %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, c := range map[string]struct{ raw, want string }{
		"nothing":                 {"", "no plan"},
		"a description":           {head, "no plan"},
		"an array":                {"[]", "no plan"},
		"an empty object":         {"{}", "version 0"},
		"cut off":                 {good[:len(good)-3], "no plan"},
		"something behind":        {good + "{}", "behind its end"},
		"another version":         {edit(`"version": 1`, `"version": 2`), "version 2"},
		"a member that is new":    {edit(`"version": 1`, `"version": 1, "secret": "x"`), "unknown field"},
		"a new member in an op":   {edit(`"op": "genkey"`, `"op": "genkey", "pin": "1"`), "unknown field"},
		"a new member in a ref":   {edit(`"field": "PIN"`, `"field": "PIN", "value": "1234"`), "unknown field"},
		"a ref of two kinds":      {edit(`"field": "PIN"`, `"field": "PIN", "literal": true`), "no one place"},
		"a ref of no kind":        {edit(`"field": "PIN"`, ``), "no one place"},
		"a member twice":          {edit(`"library": "x.dll"`, `"library": "y.dll", "library": "x.dll"`), "doubled"},
		"a member in other case":  {edit(`"library"`, `"LIBRARY"`), "doubled, missing"},
		"members in other order":  {edit("\"library\": \"x.dll\",\n  \"profile\": \"generic\"", "\"profile\": \"generic\", \"library\": \"x.dll\""), "another order"},
		"a warning taken out":     {edit(`"warnings": [`, `"warnings": [], "ignored": [`), "unknown field"},
		"another curve":           {edit("P-256", "P-384"), "digest"},
		"another line":            {edit(`"line": `, `"line": 1`), "digest"},
		"another digest of ops":   {edit(p.OpsSHA256, strings.Repeat("0", 64)), "digest"},
		"another digest of all":   {edit(p.PlanSHA256, strings.Repeat("0", 64)), "digest"},
		"an op taken out, by ids": {edit("op-03", "op-02"), "digest"},
	} {
		got, err := Parse([]byte(c.raw))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if got != nil {
			t.Errorf("%s: there is a plan beside the error", name)
		}
		if c.want == "digest" && !errors.Is(err, errDigest) {
			t.Errorf("%s: %v is not errDigest", name, err)
		}
	}
}

// TestParseNoticesEveryByte changes each byte of a saved plan: what is read is
// the same plan or none.
func TestParseNoticesEveryByte(t *testing.T) {
	good := lower(t, "[Description]\nPKCS11Library=x.dll\nSetPIN=true\nInitialPUK=#11112222\nPIN=#1234\n", Options{}).JSON()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		p, err := Parse(bad)
		if err == nil && !bytes.Equal(p.JSON(), good) {
			t.Fatalf("byte %d, %q for %q, is not noticed", i, bad[i], good[i])
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range every(f) {
		f.Add(p.JSON())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(raw)
		if err != nil {
			return
		}
		again, err := Parse(p.JSON())
		if err != nil || !bytes.Equal(again.JSON(), p.JSON()) {
			t.Errorf("read once and not again: %v", err)
		}
	})
}
