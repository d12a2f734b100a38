package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/grammar"
	"inscribe/internal/golden"
)

func program(t testing.TB, name, text string) *check.Program {
	t.Helper()
	return check.Check(grammar.Parse(name, []byte(text)), nil)
}

func lower(t testing.TB, text string, o Options) *Plan {
	t.Helper()
	p, err := Lower(program(t, "x.dsc", text), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExamples(t *testing.T) {
	paths, err := filepath.Glob("../testdata/examples/*.dsc")
	if err != nil || len(paths) < 10 {
		t.Fatalf("examples: %v %v", paths, err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".dsc")
		for _, facts := range append([]string{"softhsm"}, otherProfiles[name]...) {
			p, err := Lower(check.Check(grammar.Parse(filepath.Base(path), raw), nil), Options{Profile: profile.Lookup(facts)})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			to := "../testdata/plan/" + name
			if facts != "softhsm" {
				to += "." + facts
			}
			var text strings.Builder
			if err := p.Text(&text, TextOptions{}); err != nil {
				t.Fatal(err)
			}
			golden.Is(t, to+".txt", text.String())
			golden.Is(t, to+".json", string(p.JSON()))
			for _, secret := range []string{"123456", "13579"} {
				if strings.Contains(text.String(), secret) || strings.Contains(string(p.JSON()), `"`+secret) {
					t.Errorf("%s: the plan shows a secret", name)
				}
			}
		}
	}
}

// TestWorkIsThatOfAllHolders: what fields put into labels and into the choice of a token is
// no part of the work, which slot a field decides is; what it is all for hangs on
// neither, nor on the profile.
func TestWorkIsThatOfAllHolders(t *testing.T) {
	const text = "[Fields]\nPIN=\nNAME=\nWHERE=\nDATA=\nCARD=\n[Description]\nPKCS11Library=x.dll\nUseICCSN=CARD\nPIN=PIN\nSignPIN=PIN\nApplicationList=AB\n" +
		"[Application_A]\nECCurve=P-256\nCertTempl=auth\nKeyLabel=NAME\nLocation=WHERE\n[Application_B]\nDataObject=DATA\nLabelExpressionDataObject=!{NAME}\n"
	lowered := func(text, facts, name, where string) *Plan {
		p, err := Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), Options{Profile: profile.Lookup(facts), Values: map[string]string{"NAME": name, "WHERE": where, "CARD": name}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	ada := lowered(text, "softhsm", "Ada", "no")
	for what, c := range map[string]struct {
		other                 *Plan
		sameWork, samePurpose bool
	}{
		"another holder":      {lowered(text, "softhsm", "Bo", "no"), true, true},
		"the other slot":      {lowered(text, "softhsm", "Ada", "Signature"), false, true},
		"another profile":     {lowered(text, "nss", "Ada", "no"), false, true},
		"another description": {lowered(strings.Replace(text, "P-256", "P-384", 1), "softhsm", "Ada", "no"), false, false},
	} {
		if ada.OpsSHA256 == c.other.OpsSHA256 {
			t.Errorf("%s: the plans are the same", what)
		}
		if same := ada.WorkSHA256() == c.other.WorkSHA256(); same != c.sameWork {
			t.Errorf("%s: the same work: %v", what, same)
		}
		if same := ada.PurposeSHA256() == c.other.PurposeSHA256(); same != c.samePurpose {
			t.Errorf("%s: the same purpose: %v", what, same)
		}
	}
}

// TestReplace: the removal of older objects stands after all that is new, is red, and
// changes nothing of the work that the journal knows a run by.
func TestReplace(t *testing.T) {
	for _, name := range []string{"06-signature-slot", "11-write-certificates", "12-data-object"} {
		raw, err := os.ReadFile("../testdata/examples/" + name + ".dsc")
		if err != nil {
			t.Fatal(err)
		}
		lowered := func(replace bool) *Plan {
			p, err := Lower(check.Check(grammar.Parse(name+".dsc", raw), nil), Options{Profile: profile.Lookup("softhsm"), Replace: replace})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		p, plain := lowered(true), lowered(false)
		if p.OpsSHA256 == plain.OpsSHA256 || p.WorkSHA256() != plain.OpsSHA256 || plain.WorkSHA256() != plain.OpsSHA256 {
			t.Errorf("%s: digests %s, %s, %s", name, p.OpsSHA256, p.WorkSHA256(), plain.OpsSHA256)
		}
		deleting := false
		for _, o := range p.Ops {
			if o.Kind == Delete && !o.Destroys() || deleting && (o.Kind == PutCert || o.Kind == PutData) {
				t.Errorf("%s: %s %s", name, o.ID, o.Words())
			}
			deleting = deleting || o.Kind == Delete
		}
		if !deleting && name != "11-write-certificates" {
			t.Errorf("%s deletes nothing", name)
		}
		var text strings.Builder
		if err := p.Text(&text, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		golden.Is(t, "../testdata/plan/"+name+".replace.txt", text.String())
		golden.Is(t, "../testdata/plan/"+name+".replace.json", string(p.JSON()))
	}
}

// otherProfiles are those that give an example another plan: tokens that lock,
// that need both logins, whose logins exclude each other, whose PUK is their own,
// and one of which nothing is known.
var otherProfiles = map[string][]string{
	"01-set-pin":              {"opensc"},
	"02-change-pin":           {"nss"},
	"06-signature-slot":       {"generic", "opensc", "opencryptoki", "tcos", "tpm2"},
	"07-change-signature-puk": {"opensc"},
	"09-initialise":           {"nss", "opencryptoki", "opensc"},
	"11-write-certificates":   {"openpgp"},
	"12-data-object":          {"opencryptoki"},
	"10-block":                {"opencryptoki"},
	"10-unblock":              {"opensc", "openpgp"},
}

const head = "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\nSIGN_PIN=\nL1=\nL2=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nSignPIN=SIGN_PIN\nApplicationList=ABCD\n"

func app(letter, location string) string {
	s := "[Application_" + letter + "]\nECCurve=P-256\nCertTempl=t" + letter + "\n"
	if location != "" {
		s += "Location=" + location + "\n"
	}
	return s
}

// trace renders what matters of the ops, one a line.
func trace(p *Plan) string {
	var b strings.Builder
	for _, o := range p.Ops {
		b.WriteString(string(o.Kind) + " " + o.Slot)
		if o.Application != "" {
			b.WriteString(" " + o.Application)
		}
		for _, c := range o.When {
			b.WriteString(" " + c.Field + "=" + c.Is)
		}
		if o.IfNeeded {
			b.WriteString(" if needed")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestSlotsOpenOnceAndInEveryCase(t *testing.T) {
	p := lower(t, head+app("A", "L1")+app("B", "L2")+app("C", "#Signature")+app("D", "L1"), Options{})
	want := `openslot field:L1
login field:L1
genkey field:L1 A
reqcert field:L1 A
putcert field:L1 A
openslot default L2=default if needed
openslot signature L2=signature if needed
login default L2=default if needed
login signature L2=signature if needed
genkey field:L2 B
reqcert field:L2 B
putcert field:L2 B
openslot signature if needed
login signature if needed
genkey signature C
reqcert signature C
putcert signature C
genkey field:L1 D
reqcert field:L1 D
putcert field:L1 D
closeslot default if needed
closeslot signature
`
	if diff := cmp.Diff(want, trace(p)); diff != "" {
		t.Error(diff)
	}
	// Each slot is opened at most once in each of the four cases, and exactly
	// when something runs in it.
	for _, l1 := range Slots {
		for _, l2 := range Slots {
			values := map[string]string{"L1": l1, "L2": l2}
			opens := map[string]int{}
			for _, o := range p.Ops {
				runs := true
				for _, c := range o.When {
					runs = runs && values[c.Field] == c.Is
				}
				slot := o.Slot
				if f := o.SlotField(); f != "" {
					slot = values[f]
				}
				switch {
				case !runs || o.IfNeeded && o.Kind == OpenSlot && opens[slot] > 0:
				case o.IfNeeded && o.Kind == CloseSlot && opens[slot] == 0:
				case o.Kind == OpenSlot:
					opens[slot]++
				case opens[slot] != 1:
					t.Errorf("L1=%s L2=%s: %s in %s while it is open %d times", l1, l2, o.ID, slot, opens[slot])
				}
			}
		}
	}
}

func TestBoundFieldsDecide(t *testing.T) {
	text := head + app("A", "L1") + app("B", "L2") + app("C", "") + app("D", "")
	p := lower(t, text, Options{Values: map[string]string{"L1": "signature", "L2": "elsewhere"}})
	if strings.Contains(trace(p), "field:") || p.Ops[0].Slot != Signature || p.Needs[0] != "PIN" || len(p.Needs) != 2 {
		t.Errorf("needs %v\n%s", p.Needs, trace(p))
	}
	_, err := Lower(program(t, "x.dsc", text), Options{Values: map[string]string{"L1": "Sigature"}})
	var binding *BindingError
	if !errors.As(err, &binding) || binding.Field != "L1" {
		t.Errorf("a value that nearly spells Signature gives %v", err)
	}
}

func TestErrorsAreNotPlanned(t *testing.T) {
	if _, err := Lower(program(t, "x.dsc", "[Description]\nPIN=NOWHERE\n"), Options{}); !errors.Is(err, ErrDescription) {
		t.Errorf("got %v", err)
	}
}

func TestDigests(t *testing.T) {
	base := head + app("A", "") + app("B", "#Signature") + app("C", "") + app("D", "")
	first := lower(t, base, Options{})
	same := map[string]string{
		"comments":          "# note\n\n" + strings.ReplaceAll(base, "PIN=PIN\n", "# why\nPIN=PIN\n"),
		"case":              strings.ReplaceAll(strings.ReplaceAll(base, "CertTempl", "certtempl"), "#Signature", "#SIGNATURE"),
		"order of sections": head + app("D", "") + app("B", "#Signature") + app("C", "") + app("A", ""),
		"order of keywords": strings.Replace(base, "ECCurve=P-256\nCertTempl=tA", "CertTempl=tA\nECCurve=P-256", 1),
		"line ends":         strings.ReplaceAll(base, "\n", "\r\n"),
	}
	for name, text := range same {
		if p := lower(t, text, Options{}); p.OpsSHA256 != first.OpsSHA256 {
			t.Errorf("%s change opsSha256", name)
		}
	}
	for name, text := range map[string]string{
		"order of applications": strings.Replace(base, "ABCD", "BACD", 1),
		"curve":                 strings.Replace(base, "P-256", "P-384", 1),
		"template":              strings.Replace(base, "CertTempl=tA", "CertTempl=tB", 1),
		"location":              strings.Replace(base, "#Signature", "#x", 1),
		"pin":                   strings.Replace(base, "PIN=PIN\nSign", "PIN=L1\nSign", 1),
	} {
		if p := lower(t, text, Options{}); p.OpsSHA256 == first.OpsSHA256 {
			t.Errorf("%s leaves opsSha256 alone", name)
		}
	}
	var back map[string]any
	if err := json.Unmarshal(first.JSON(), &back); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"version", "description", "library", "profile", "fields", "ops", "needs", "dialogs", "warnings", "opsSha256", "planSha256"} {
		if back[member] == nil {
			t.Errorf("member %s is missing or null", member)
		}
	}
}

// TestDigestsAreOverWhatIsSaid takes the digests from the JSON alone, as somebody does who
// has nothing but the file and docs/plan.md.
func TestDigestsAreOverWhatIsSaid(t *testing.T) {
	paths, err := filepath.Glob("../testdata/plan/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatal(err, paths)
	}
	source, own := regexp.MustCompile(`,"source":\{[^{}]*\}`), regexp.MustCompile(`,"planSha256":"[0-9a-f]*"`)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var p struct {
			Ops                   json.RawMessage
			OpsSHA256, PlanSHA256 string
		}
		var all, ops bytes.Buffer
		if err := errors.Join(json.Unmarshal(raw, &p), json.Compact(&all, raw), json.Compact(&ops, p.Ops)); err != nil {
			t.Fatal(err)
		}
		if got := digest(source.ReplaceAll(ops.Bytes(), nil)); got != p.OpsSHA256 {
			t.Errorf("%s: opsSha256 is of something else than the ops without source", path)
		}
		if got := digest(own.ReplaceAll(all.Bytes(), nil)); got != p.PlanSHA256 {
			t.Errorf("%s: planSha256 is of something else than the plan without it", path)
		}
	}
}

// TestLibraryOfThePlan is the one for Linux; a minidriver is refused where nothing else
// is named.
func TestLibraryOfThePlan(t *testing.T) {
	for lines, want := range map[string]string{
		"PKCS11Library=general.dll\nPKCS11LibraryLinux=/usr/lib/opensc-pkcs11.so\n":  "/usr/lib/opensc-pkcs11.so",
		"MiniDriverLibrary=general.dll\nPKCS11LibraryLinux=/usr/lib/vendor/p11.so\n": "/usr/lib/vendor/p11.so",
		"MiniDriverLibrary=general.dll\n":                                            "",
	} {
		p, err := Lower(check.Check(grammar.ParseText("x.dsc", "[Encoding]\nType=1024,Chip\nDevices=8710\n[Description]\n"+lines+"PIN=#123456\n"), nil), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if refused := len(p.Refusals) > 0; refused != (want == "") || !refused && p.Library != want {
			t.Errorf("%s: library %s, refused %v", lines, p.Library, p.Refusals)
		}
	}
}
