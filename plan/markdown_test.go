package plan

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/internal/golden"
)

// hostile are names that try to leave their place in a page or a comment, or to
// do something there.
var hostile = []string{
	"a | b", `a \| b`, `a\|b|c\\|d`, "`", "``` \n# h", "a`b``c", " `x` ", "\\`", "`|`", "|", "| --- |",
	"<script>alert(1)</script>", "</code></td></tr></table><img src=x onerror=alert(1)>", "</details>", "<!-- ", "--><b>", "&lt;b&gt;", "</svg></desc><foreignObject>", "</style>", "<![CDATA[",
	"one\ntwo", "one\r\n| 9 | x | x | x | x |\n", "\n\n# heading\n", "```\n<b>\n```", "\u2028x\u2029", "\x00\x1b[31mred", "\u202egnp.exe", "a\u200bb", "\xff\xfe",
	"@someone", "#1", "group/project#1", "!1", "~label", "$x$", "$`x`$", ":tada:", "GH-1", "0123456789abcdef0123456789abcdef01234567",
	"https://evil.example/", "www.evil.example", "mail@evil.example", "[text](https://evil.example)", "![i](https://evil.example/i.png)", "[^1]", "**bold**", "_it_", "~~no~~", "- [ ] task", "1. one", "> quote", "+ plus", "= =", "---", "",
	"{{.}}", "${x}", "javascript:alert(1)", "' onmouseover='alert(1)", `" autofocus onfocus="alert(1)`, strings.Repeat("long ", 60), strings.Repeat("長", 90),
}

// named is a plan in which every name that a description can give is the one
// given, beside all kinds of op.
func named(name string) *Plan {
	ref := func(keyword string) *Ref { return &Ref{Field: name, Keyword: keyword} }
	p := &Plan{
		Version: 1, Description: Description{File: name}, Library: name, Profile: name, Bindings: map[string]string{name: name},
		Needs: []string{name}, Fields: []Field{{Name: name, Type: "pin", Secret: true}}, Dialogs: []Dialog{{Keyword: "PIN", Slot: Default, Entries: 2}},
		Warnings: []Warning{{Op: "op-01", Line: 2, Message: "a warning about " + name}, {Message: name}},
		Refusals: []Refusal{{Op: "op-01", Line: 2, Reason: name, WayOut: "without " + name}},
	}
	field := fieldSlot(name)
	when := []Condition{{name, Signature}}
	for _, o := range []Op{
		{Kind: OpenSlot, Slot: Default, ICCSN: plainText(name)},
		{Kind: InitToken, Slot: Default, Credential: ref("InitialPUK"), Label: plainText(name), Changes: []string{"-objects"}},
		{Kind: InitToken, Slot: Default, Hook: true, Credential: ref("InitialPUK"), PINs: []InitialPIN{{Slot: Default, PIN: ref("PIN"), PUK: ref("PUK"), Validation: name}}},
		{Kind: Login, Slot: Default, As: "so", Credential: ref("InitialPUK")},
		{Kind: InitPIN, Slot: Default, New: ref("PIN"), Validation: name},
		{Kind: Unblock, Slot: Signature, Old: ref("InitialSignPUK"), New: ref("SignPIN"), When: when},
		{Kind: SetPIN, Slot: Default, Old: &Ref{Dialog: 3, Part: "old", Keyword: "PIN"}, New: &Ref{Dialog: 3, Part: "new", Keyword: "PIN"}},
		{Kind: SetPUK, Slot: Default, Old: ref("InitialPUK"), New: ref("PUK")},
		{Kind: Logout, Slot: Default},
		{Kind: Login, Slot: field, As: "user", Cases: []Case{{Default, ref("PIN")}, {Signature, ref("SignPIN")}}},
		{Kind: GenKey, Slot: field, Application: "A", Key: &Key{Type: "EC", Curve: "P-256"}, Template: name, Label: plainText(name)},
		{Kind: ReqCert, Slot: field, Application: "A", Template: name, Contents: []string{name}},
		{Kind: PutCert, Slot: field, Application: "A", Template: name, Label: plainText(name)},
		{Kind: GenKey, Slot: Default, Application: "B", Key: &Key{Type: "RSA", Bits: 2048}, Template: name, Label: Text{[]TextPart{{Text: "x"}, {Field: name}}}},
		{Kind: PutCert, Slot: Default, Application: "C", Certificate: ref("Certificate")},
		{Kind: PutList, Slot: Default, Application: "D", List: ref("CertKeyList"), Returns: name},
		{Kind: PutData, Slot: Signature, Application: "E", Data: ref("DataObject"), Label: plainText(name), Attributes: []Attribute{{name, name}}},
		{Kind: Block, Slot: field, Application: "F", Attempts: 3, Changes: []string{"-pin"}},
		{Kind: ListTokens, Returns: name},
		{Kind: ClearFields, Clears: []string{name}},
		{Kind: CloseSlot, Slot: Default},
	} {
		o.ID, o.Source = "op-01", Source{Section: "Description", Keyword: "PIN", Line: 2}
		p.Ops = append(p.Ops, o)
	}
	p.Seal()
	return p
}

func TestMarkdownOfTheExamples(t *testing.T) {
	for name, p := range every(t) {
		if !strings.HasSuffix(name, "/softhsm") {
			continue
		}
		var b strings.Builder
		if err := p.Markdown(&b); err != nil {
			t.Fatal(err)
		}
		golden.Is(t, "../testdata/plan/"+filepath.Dir(name)+".md", b.String())
	}
}

func TestMarkdownPutsWhatMattersFirst(t *testing.T) {
	p := softhsm(t, example(t, "09-initialise"))
	p.Refusals = []Refusal{{Op: "op-03", Line: 12, Reason: "if the token is fresh: no", WayOut: "do this"}}
	p.Warnings = []Warning{{Op: "op-02", Line: 11, Message: "who knows"}}
	var b strings.Builder
	if err := p.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, want := range []string{
		"### Plan of `x.dsc` for the profile softhsm\n",
		"1 PIN changed; 1 destroyed; 8 ops\n",
		"**Refused** (op-03, line 12): if the token is fresh: no. *Way out:* do this.\n",
		"**Destroys** (op-02, line 11): **all keys, certificates, data and the PIN on the token of the default slot**.\n",
		"**Warning** (op-02, line 11): who knows.\n",
		"| 2 | default |  | **initialise the token",
		"Needs `PIN_FIELD`, `PUK_FIELD`.",
		"<details>",
		`{"id":"op-02","op":"inittoken","requires":["token","no-session"],"changes":["-objects","-pin","=label","=puk"]}`,
		p.OpsSHA256,
		"</details>\n",
	} {
		i := strings.Index(b.String()[at:], want)
		if i < 0 {
			t.Fatalf("%q does not come after what is before it:\n%s", want, b.String())
		}
		at += i
	}
}

// skeleton is what is left of Markdown without the names: code, and words.
func skeleton(t *testing.T, markdown string) string {
	t.Helper()
	element := regexp.MustCompile(`<code>((?:&#[0-9]+;|[^<>&|*_~$#@:\x60\[\]\\!])*)</code>`)
	span := regexp.MustCompile("`[^`|\\\\\n]+`")
	s := span.ReplaceAllString(element.ReplaceAllString(markdown, "C"), "C")
	s = regexp.MustCompile(`[\p{L}\p{N}]+`).ReplaceAllString(s, "w")
	// What is prose may be any number of words.
	s = regexp.MustCompile(`[wC"'(),.;:/?→\x{fffd}=+-]+( +[wC"'(),.;:/?→\x{fffd}=+-]+)*`).ReplaceAllString(s, "w")
	s = regexp.MustCompile(` +`).ReplaceAllString(s, " ")
	return strings.ReplaceAll(s, " \n", "\n")
}

// TestMarkdownKeepsNamesInTheirPlace compares the comment with one of harmless
// names: beside the words nothing may differ.
func TestMarkdownKeepsNamesInTheirPlace(t *testing.T) {
	render := func(name string) string {
		var b strings.Builder
		if err := named(name).Markdown(&b); err != nil {
			t.Fatal(err)
		}
		old := named("harmless")
		old.Ops[0].Slot = Signature
		if err := Diff(old, named(name)).Markdown(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := skeleton(t, render("X_1"))
	if !strings.Contains(want, "| w | w | w | w | w |") || !strings.Contains(want, "<details>") && !strings.Contains(want, "<w>") {
		t.Fatalf("the skeleton holds no table:\n%s", want)
	}
	for _, name := range hostile {
		if name == "" {
			continue // renders fewer words
		}
		if diff := cmp.Diff(want, skeleton(t, render(name))); diff != "" {
			t.Errorf("%q (-harmless +hostile):\n%s", name, diff)
		}
	}
}

func TestMarkdownWords(t *testing.T) {
	for in, want := range map[string]string{
		"log in as user with field PIN":              "log in as user with field `PIN`",
		"log in with field PIN (default slot)":       "log in with field `PIN` (default slot)",
		"from field A_B, which proves it":            "from field `A_B`, which proves it",
		`label "My Token Label", SO PIN`:             `label "My Token Label", SO PIN`,
		"signed by the new key (PKCS#10)":            "signed by the new key (PKCS#10)",
		"C_InitToken works":                          "`C_InitToken` works",
		"forget A_B, C_D":                            "forget `A_B`, `C_D`",
		"a*b":                                        "`a*b`",
		"a|b":                                        "<code>a&#124;b</code>",
		"see #12 of @me":                             "see `#12` of `@me`",
		"commit deadbeef, not beef":                  "commit `deadbeef`, not beef",
		"op-12 and GH-12":                            "op-12 and `GH-12`",
		"key RSA of 2048 bits → RSA of 3072 bits":    "key RSA of 2048 bits → RSA of 3072 bits",
		"\u202eabc\n":                                "`\ufffdabc\ufffd`",
		"field `":                                    "field <code>&#96;</code>",
		"https://evil.example and www.evil.example.": "`https://evil.example` and `www.evil.example`.",
	} {
		if got := mdText(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestEveryFormShowsNoMoreThanThePlan makes sure that the test plan above reaches
// all members of ops that a description fills.
func TestNamedReachesEveryMember(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range named("x").Ops {
		v := reflect.ValueOf(o)
		for i := range v.NumField() {
			seen[v.Type().Field(i).Name] = seen[v.Type().Field(i).Name] || !v.Field(i).IsZero()
		}
	}
	for _, does := range []string{"Proves", "Any", "IfNeeded", "Requires"} { // no names in these
		seen[does] = true
	}
	for name, is := range seen {
		if !is {
			t.Errorf("no op has a %s", name)
		}
	}
}
