package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/check/format"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/internal/golden"
)

func example(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../testdata/examples/" + name + ".dsc")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func softhsm(t testing.TB, text string) *Plan {
	t.Helper()
	return lower(t, text, Options{Profile: profile.Lookup("softhsm")})
}

// edit replaces the one place at which old stands.
func edit(t testing.TB, text, old, with string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands there %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, with, 1)
}

// told renders the changes as lines without the columns that only help to see.
func told(c *Changes) string {
	var b strings.Builder
	for _, l := range c.lines() {
		b.WriteString(strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", changeSigns[l.Kind], l.Slot, l.Application, l.Words)), " ") + "\n")
	}
	return b.String()
}

// TestDiffIsBlindToWhatMeansNothing changes how example 06 is written, and not
// what it says.
func TestDiffIsBlindToWhatMeansNothing(t *testing.T) {
	text := example(t, "06-signature-slot")
	messy := "  " + strings.ReplaceAll(text, "=", " = ")
	formatted := format.Format(grammar.Parse("x.dsc", []byte(messy)), schema.Builtin)
	if formatted == messy {
		t.Fatal("there was nothing to format")
	}
	sections := strings.SplitAfter(text, "\n\n")
	if len(sections) != 5 {
		t.Fatalf("there are %d sections", len(sections))
	}
	turned := strings.Join([]string{sections[4], "\n", sections[2], sections[1], sections[3], sections[0]}, "")
	for name, other := range map[string]string{
		"nothing":             text,
		"comments":            "# what for\n" + edit(t, text, "SignPIN=", "# why\n\nSignPIN="),
		"blank lines":         strings.ReplaceAll(text, "\n", "\n\n"),
		"line ends":           strings.ReplaceAll(text, "\n", "\r\n"),
		"spelling":            strings.NewReplacer("KeySize=", "KEYSIZE=", "CertTempl=", "certtempl=", "[Application_", "[APPLICATION_", "#signature", "#SIGNATURE").Replace(text),
		"messy":               messy,
		"formatted":           formatted,
		"order of sections":   turned,
		"order of keywords":   edit(t, text, "PKCS11Library=yourMiddleware.dll\nApplicationList=ABC\n", "ApplicationList=ABC\nPKCS11Library=yourMiddleware.dll\n"),
		"order of fields":     edit(t, text, "PIN=\nSIGN_PIN=\nLOCATION_FIELD=\n", "LOCATION_FIELD=\nSIGN_PIN=\nPIN=\n"),
		"a field not used":    edit(t, text, "LOCATION_FIELD=\n\n", "LOCATION_FIELD=\nNOBODY=\n\n"),
		"an app not listed":   text + "\n[Application_Z]\nBlockCard=true\n",
		"default by its name": edit(t, text, "[Application_A]\n", "[Application_A]\nLocation=#somewhere\n"),
	} {
		c := Diff(softhsm(t, text), softhsm(t, other))
		if !c.Empty() || told(c) != "" {
			t.Errorf("%s makes a difference:\n%s", name, told(c))
		}
		if c.Old.OpsSHA256 != c.New.OpsSHA256 {
			t.Errorf("%s changes the digest of the ops", name)
		}
		if c.Summary() != "No difference: both do the same." {
			t.Errorf("%s: %s", name, c.Summary())
		}
	}
}

// TestDiffTellsWhatAnEditMeans makes one edit at a time to example 06: the lines
// are those that it means and no others.
func TestDiffTellsWhatAnEditMeans(t *testing.T) {
	text := example(t, "06-signature-slot")
	appA := "[Application_A]\nKeySize=2048\nCertTempl=myAuthCertTemplate\n"
	for _, c := range []struct{ name, text, want string }{
		{"size of a key", edit(t, text, appA, strings.Replace(appA, "2048", "3072", 1)),
			"~ default A generate the key pair: key RSA of 2048 bits → RSA of 3072 bits\n"},
		{"kind of a key", edit(t, text, appA, strings.Replace(appA, "KeySize=2048", "ECCurve=P-256", 1)),
			"~ default A generate the key pair: key RSA of 2048 bits → P-256\n"},
		{"template", edit(t, text, appA, strings.Replace(appA, "myAuth", "other", 1)),
			`~ default A generate the key pair, request the certificate, write the certificate: template myAuthCertTemplate → otherCertTemplate; label "myAuthCertTemplate" → "otherCertTemplate"` + "\n"},
		{"label", edit(t, text, appA, appA+"KeyLabel=#logon\n"),
			`~ default A generate the key pair, write the certificate: label "myAuthCertTemplate" → "logon"` + "\n"},
		{"location from field to slot", edit(t, text, "Location=LOCATION_FIELD", "Location=#Signature"),
			"~ signature C generate the key pair, request the certificate, write the certificate: slot LOCATION_FIELD decides → signature\n"},
		{"location from slot to slot", edit(t, text, "Location=#signature", "Location=#other"),
			"~ signature log in as user: runs always → if LOCATION_FIELD decides for the signature slot\n" +
				"~ default B generate the key pair, request the certificate, write the certificate: slot signature → default\n" +
				"~ signature choose the token: runs always → if LOCATION_FIELD decides for the signature slot\n" +
				"~ signature close, which logs out: runs always → if LOCATION_FIELD decides for the signature slot\n" +
				"> signature log in as user: runs as op-10, before as op-07\n"},
		{"field of the PIN", edit(t, edit(t, text, "\nPIN=PIN\n", "\nPIN=OTHER\n"), "[Fields]\n", "[Fields]\nOTHER=\n"),
			"~ default log in as user: credential field PIN → field OTHER\n"},
		{"PIN of the file", edit(t, text, "\nPIN=PIN\n", "\nPIN=#123456\n"),
			"~ default log in as user: credential field PIN → the fixed PIN of the file\n"},
		{"PIN that is asked for", edit(t, text, "\nPIN=PIN\n", "\nPIN=!FROM_USER_DIALOG_1_FIELD\n"),
			"~ default log in as user: credential field PIN → the value asked for PIN, 1 entry\n"},
		{"another library", edit(t, text, "yourMiddleware.dll", "other.dll"),
			`~ library: "yourMiddleware.dll" → "other.dll"` + "\n"},
		{"application added", edit(t, text, "ApplicationList=ABC", "ApplicationList=ABDC") + "\n[Application_D]\nKeySize=2048\nCertTempl=x\n",
			"+ default D generate an RSA key pair of 2048 bits, label \"x\"\n" +
				"+ default D request a certificate (PKCS#10) for template x\n" +
				"+ default D write the certificate beside its key\n"},
		{"application removed", edit(t, text, "ApplicationList=ABC", "ApplicationList=AB"),
			"- LOCATION_FIELD decides C generate an RSA key pair of 2048 bits, label \"mySigCertTemplate\"\n" +
				"- LOCATION_FIELD decides C request a certificate (PKCS#10) for template mySigCertTemplate\n" +
				"- LOCATION_FIELD decides C write the certificate beside its key\n"},
		{"application under another letter", edit(t, edit(t, text, "ABC", "ABX"), "[Application_C]", "[Application_X]"),
			"~ LOCATION_FIELD decides X generate the key pair, request the certificate, write the certificate: application C → X\n"},
		{"order of applications", edit(t, text, "ApplicationList=ABC", "ApplicationList=BAC"),
			"> signature B run as op-02 to op-05, before as op-07 to op-10\n"},
		{"SetPIN added", edit(t, edit(t, text, "SignPIN=", "SetPIN=true\nInitialSignPUK=PUK\nSignPIN="), "[Fields]\n", "[Fields]\nPUK=\n"),
			"+ signature log in as SO with field PUK\n" +
				"+ signature unblock: set the PIN from field SIGN_PIN\n" +
				"~ signature log in as user: proves a new value no → yes\n" +
				"+ signature log out\n" +
				"> signature log in as user: runs as op-05, before as op-07\n"},
		{"SetPIN of three entries", edit(t, text, "SignPIN=SIGN_PIN", "SetPIN=true\nSignPIN=!FROM_USER_DIALOG_3_FIELD"),
			"+ signature change the PIN from the present value asked for SignPIN to the new value asked for SignPIN\n" +
				"~ signature log in as user: credential field SIGN_PIN → the new value asked for SignPIN, 3 entries; proves a new value no → yes\n" +
				"> signature log in as user: runs as op-03, before as op-07\n"},
		{"fields cleared", edit(t, text, "ApplicationList=ABC", "ApplicationList=ABC\nClearFields=PIN,SIGN_PIN"),
			"+ forget PIN, SIGN_PIN\n"},
	} {
		changes := Diff(softhsm(t, text), softhsm(t, c.text))
		if diff := cmp.Diff(c.want, told(changes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// back is what a change becomes when the sides are exchanged.
var back = map[ChangeKind]ChangeKind{Added: Removed, Removed: Added, Changed: Changed, Moved: Moved}

// TestDiffOfAnyTwoPlans holds for each pair of examples what holds for any two.
func TestDiffOfAnyTwoPlans(t *testing.T) {
	plans := every(t)
	maps.DeleteFunc(plans, func(name string, _ *Plan) bool {
		return !strings.HasSuffix(name, "/softhsm") && !strings.HasSuffix(name, "/personal")
	})
	for a, old := range plans {
		for b, new := range plans {
			c := Diff(old, new)
			same := old.OpsSHA256 == new.OpsSHA256 && old.Library == new.Library && old.Profile == new.Profile && len(old.Refusals) == 0 && len(new.Refusals) == 0
			if a == b && !c.Empty() || same && !c.Empty() || c.Empty() && old.OpsSHA256 != new.OpsSHA256 {
				t.Fatalf("%s and %s: %s", a, b, told(c))
			}
			// Every op is told of or stands unchanged in the same order.
			var kept, count = len(old.Ops), map[ChangeKind]int{}
			section := 0
			for i := range c.List {
				change := &c.List[i]
				if change.section() < section {
					t.Fatalf("%s and %s: %s is out of order", a, b, told(c))
				}
				section = change.section()
				if change.Op() == nil {
					continue
				}
				count[change.Kind]++
				if change.Kind == Removed {
					kept--
				}
				if change.Kind == Changed && len(change.Members) == 0 {
					t.Fatalf("%s and %s: a change without a member", a, b)
				}
			}
			if kept+count[Added] != len(new.Ops) {
				t.Fatalf("%s and %s: %d ops stay, %d are added, and there are %d", a, b, kept, count[Added], len(new.Ops))
			}
			for _, change := range Diff(new, old).List {
				if change.Op() != nil {
					count[back[change.Kind]]--
				}
			}
			for _, kind := range []ChangeKind{Added, Removed} {
				if count[kind] != 0 {
					t.Errorf("%s and %s: the way back has another number of ops that are %s", a, b, kind)
				}
			}
		}
	}
}

// TestDiffTellsEveryMember changes each member of an op in turn: none goes by
// unseen.
func TestDiffTellsEveryMember(t *testing.T) {
	full := func() *Plan {
		return &Plan{Ops: []Op{{ID: "op-01", Kind: PutData, Slot: Default, Application: "A"}}}
	}
	ref := &Ref{Field: "X"}
	for name, set := range map[string]func(*Op){
		"slot":        func(o *Op) { o.Slot = Signature },
		"application": func(o *Op) { o.Application = "B" },
		"when":        func(o *Op) { o.When = []Condition{{"L", Default}} },
		"as":          func(o *Op) { o.As = "so" },
		"credential":  func(o *Op) { o.Credential = ref },
		"cases":       func(o *Op) { o.Cases = []Case{{Default, ref}, {Signature, nil}} },
		"old":         func(o *Op) { o.Old = ref },
		"new":         func(o *Op) { o.New = &Ref{Dialog: 2, Keyword: "PIN", Part: "new"} },
		"validation":  func(o *Op) { o.Validation = "[0-9]+" },
		"proves":      func(o *Op) { o.Proves = true },
		"key":         func(o *Op) { o.Key = &Key{Type: "EC", Curve: "P-256"} },
		"template":    func(o *Op) { o.Template = "t" },
		"contents":    func(o *Op) { o.Contents = []string{"subject CN=x"} },
		"label":       func(o *Op) { o.Label = plainText("l") },
		"certificate": func(o *Op) { o.Certificate = ref },
		"list":        func(o *Op) { o.List = ref },
		"any":         func(o *Op) { o.Any = true },
		"returns":     func(o *Op) { o.Returns = "X" },
		"data":        func(o *Op) { o.Data = ref },
		"attributes":  func(o *Op) { o.Attributes = []Attribute{{"CKA_PRIVATE", "TRUE"}} },
		"iccsn":       func(o *Op) { o.ICCSN = plainText("1") },
		"attempts":    func(o *Op) { o.Attempts = 3 },
		"clears":      func(o *Op) { o.Clears = []string{"X"} },
		"requires":    func(o *Op) { o.Requires = []string{"token"} },
		"changes":     func(o *Op) { o.Changes = []string{"+data"} },
	} {
		with := full()
		set(&with.Ops[0])
		for _, c := range []*Changes{Diff(full(), with), Diff(with, full())} {
			if len(c.List) != 1 || c.List[0].Kind != Changed || len(c.List[0].Members) != 1 {
				t.Errorf("%s: %s", name, c.JSON())
				continue
			}
			if m := c.List[0].Members[0]; m.From == m.To || m.From == "" || m.To == "" {
				t.Errorf("%s: from %q to %q", name, m.From, m.To)
			}
		}
	}
	// Two values that read alike are told apart all the same.
	a, b := full(), full()
	a.Ops[0].Label, b.Ops[0].Label = plainText("{X}"), Text{[]TextPart{{Field: "X"}}}
	if got := told(Diff(a, b)); got != "~ default A write the data object: label \"{X}\" → field X\n" {
		t.Errorf("got %s", got)
	}
}

func TestDiffOfTheWholePlan(t *testing.T) {
	text := example(t, "12-data-object")
	bound := func(name string) *Plan {
		return lower(t, text, Options{Profile: profile.Lookup("softhsm"), Values: map[string]string{"USER_NAME": name}})
	}
	want := `~ field USER_NAME: "Erika" → "Max"` + "\n" + `~ default A write the data object: label "Issued for Erika" → "Issued for Max"` + "\n"
	if diff := cmp.Diff(want, told(Diff(bound("Erika"), bound("Max")))); diff != "" {
		t.Error(diff)
	}
	block := example(t, "10-block")
	got := told(Diff(softhsm(t, block), lower(t, block, Options{Profile: profile.Lookup("personal")})))
	for _, line := range []string{"~ profile: softhsm → personal\n", "refused no more: wrong PINs never lock a token of the profile softhsm\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not told:\n%s", line, got)
		}
	}
	long := strings.Repeat("x", 1000)
	if got := told(Diff(bound(long+"1"), bound(long+"2"))); len(got) > 1000 || strings.Count(got, "SHA-256") != 4 {
		t.Errorf("long values: %s", got)
	}
}

// TestDiffGoldens are three comparisons as people and machines get them.
func TestDiffGoldens(t *testing.T) {
	slots := example(t, "06-signature-slot")
	for name, c := range map[string]struct{ old, new string }{
		"edited": {slots, strings.NewReplacer("ABC", "BAD", "[Application_C]\nKeySize=2048\nCertTempl=mySigCertTemplate", "[Application_D]\nECCurve=P-384\nCertTempl=approve", "SignPIN=SIGN_PIN", "SetPIN=true\nInitialSignPUK=#11112222\nSignPIN=SIGN_PIN").Replace(slots)},
		"blank":  {example(t, "01-set-pin"), strings.Replace(example(t, "09-initialise"), "yourMiddleware", "cvP11", 1)},
		"same":   {slots, "# note\n" + slots},
	} {
		changes := Diff(softhsm(t, c.old), softhsm(t, c.new))
		changes.Old.Name, changes.New.Name = "main:card.dsc", "card.dsc"
		var text, colored, markdown strings.Builder
		if err := changes.Text(&text, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := changes.Markdown(&markdown); err != nil {
			t.Fatal(err)
		}
		golden.Is(t, "../testdata/diff/"+name+".txt", text.String())
		golden.Is(t, "../testdata/diff/"+name+".md", markdown.String())
		golden.Is(t, "../testdata/diff/"+name+".json", string(changes.JSON()))
		if err := changes.Text(&colored, TextOptions{Color: true}); err != nil {
			t.Fatal(err)
		}
		if plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(colored.String(), ""); plain != text.String() {
			t.Errorf("%s: colour changes the text:\n%s", name, plain)
		}
		var read struct{ Same bool }
		if err := json.Unmarshal(changes.JSON(), &read); err != nil || read.Same != changes.Empty() {
			t.Errorf("%s: the JSON says %v: %v", name, read, err)
		}
		for _, secret := range []string{"11112222"} {
			if strings.Contains(text.String()+markdown.String()+string(changes.JSON()), secret) {
				t.Errorf("%s shows a secret", name)
			}
		}
	}
}
