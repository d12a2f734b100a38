package prove

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

func lower(t testing.TB, text, facts string) (*plan.Plan, exec.Inputs) {
	t.Helper()
	prog := check.Check(grammar.Parse("x.dsc", []byte(text)), nil)
	in := exec.Inputs{Literals: map[string]secret.Secret{}}
	for _, s := range prog.Description.Settings {
		if s.Keyword.Secret() && s.Value.Form == check.FixedValue {
			in.Literals[s.Keyword.Name] = s.Value.Secret
		}
	}
	facts1 := profile.Lookup(facts)
	if facts1 == nil {
		t.Fatalf("no profile %s", facts)
	}
	p, err := plan.Lower(prog, plan.Options{Profile: facts1})
	if err != nil {
		for _, d := range prog.Diagnostics {
			t.Log(d.Code, d.Message)
		}
		t.Fatal(err)
	}
	return p, in
}

func prove(t testing.TB, text, facts string) *Proof {
	t.Helper()
	p, in := lower(t, text, facts)
	proof, err := Prove(context.Background(), p, in)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

func TestPublishedExamplesAreProvedOnSoftHSM(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/examples/*.dsc")
	if err != nil || len(paths) < 10 {
		t.Fatal(err, paths)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		proof := prove(t, string(raw), "softhsm")
		for _, f := range proof.Failures {
			if !strings.Contains(path, "10-block") && !strings.Contains(f.Reason, "answer-to-reset") {
				t.Errorf("%s: %+v", filepath.Base(path), f)
			}
		}
	}
}

const head = "[Fields]\nPIN=\nSIGN_PIN=\nPUK=\nL=\n[Description]\nPKCS11Library=x.dll\n"

const app = "[Application_A]\nECCurve=P-256\nCertTempl=t\n"

func TestCounterexamples(t *testing.T) {
	for name, c := range map[string]struct{ text, facts, op, want, inCase string }{
		"SignPIN missing in one case": {head + "ApplicationList=A\nPIN=PIN\n" + app + "Location=L\n", "softhsm", "login", "gives no credential", "L decides for the signature slot"},
		"PIN missing in one case":     {head + "ApplicationList=A\nSignPIN=SIGN_PIN\n" + app + "Location=L\n", "softhsm", "login", "gives no credential", "L decides for the default slot"},
		"short literal PIN":           {head + "SetPIN=true\nInitialPUK=PUK\nPIN=#12\n", "softhsm", "unblock", "fewer than 4", ""},
		"initialised without a PIN":   {head + "ApplicationList=A\nInitToken=true\nInitialPUK=PUK\nSignPIN=SIGN_PIN\nPIN=PIN\nSetPIN=true\n" + app, "softhsm", "", "", ""},
		"curve not offered":           {head + "ApplicationList=A\nPIN=PIN\n" + strings.Replace(app, "P-256", "Ed25519", 1), "opensc", "genkey", "does not offer", ""},
		"no signature slot":           {head + "ApplicationList=A\nPIN=PIN\nSignPIN=SIGN_PIN\n" + app + "Location=L\n", "tcos", "openslot", "no signature slot", "L decides for the signature slot"},
	} {
		t.Run(name, func(t *testing.T) {
			p, in := lower(t, c.text, c.facts)
			proof, err := Prove(context.Background(), p, in)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(proof.Failures) > 0 {
					t.Errorf("a sound plan fails: %+v", proof.Failures)
				}
				return
			}
			if len(proof.Failures) == 0 {
				t.Fatalf("nothing found in %d cases", proof.Cases)
			}
			f := proof.Failures[0]
			if !strings.Contains(f.Reason, c.want) || !strings.Contains(f.Case, c.inCase) || (c.inCase == "") != (f.Case == "") || f.WayOut == "" || f.Line == 0 {
				t.Errorf("got %+v", f)
			}
			for i := range p.Ops {
				if p.Ops[i].ID == f.Op && string(p.Ops[i].Kind) != c.op {
					t.Errorf("blamed on %s", p.Ops[i].Kind)
				}
			}
			proof.Refuse(p)
			if len(p.Refusals) != len(proof.Failures) {
				t.Error("the plan does not refuse")
			}
		})
	}
}

// TestExamplesOnEveryProfile: what fails on a profile fails for a reason of that
// profile, which is in this list, and for nothing else.
func TestExamplesOnEveryProfile(t *testing.T) {
	raw, err := os.ReadFile("../../testdata/examples/06-signature-slot.dsc")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"tcos": "no signature slot", "opencryptoki": "no signature slot", "nss": "", "openpgp": "choose the CKA_ID", "piv": "choose the CKA_ID"}
	for _, name := range profile.Names() {
		p, in := lower(t, string(raw), name)
		proof, err := Prove(context.Background(), p, in)
		if err != nil {
			t.Fatal(err)
		}
		reasons := ""
		for _, f := range proof.Failures {
			reasons += f.Op + ": " + f.Case + ": " + f.Reason + "\n"
		}
		for _, f := range p.Refusals {
			reasons += f.Reason + "\n"
		}
		if (reasons == "") != (want[name] == "") || !strings.Contains(reasons, want[name]) {
			t.Errorf("%s: %q, want %q", name, reasons, want[name])
		}
	}
}

// TestBrokenPlans: whatever the lowering got wrong, the proof finds it. Each case
// breaks the ops of a sound plan as a slip in the lowering would.
func TestBrokenPlans(t *testing.T) {
	const (
		setUp   = head + "InitToken=true\nInitialPUK=PUK\nSetPIN=true\nPIN=PIN\nApplicationList=A\n" + app
		newPUK  = head + "SetPIN=true\nInitialPUK=PUK\nPUK=L\nPIN=PIN\nApplicationList=A\n" + app
		ordered = head + "PIN=PIN\nApplicationList=A\n" + app
	)
	drop := func(kind plan.Kind) func([]plan.Op) []plan.Op {
		return func(ops []plan.Op) []plan.Op {
			i := slices.IndexFunc(ops, func(o plan.Op) bool { return o.Kind == kind })
			return slices.Delete(ops, i, i+1)
		}
	}
	first := func(ops []plan.Op, kind plan.Kind, as string) int {
		return slices.IndexFunc(ops, func(o plan.Op) bool { return o.Kind == kind && o.As == as })
	}
	for name, c := range map[string]struct {
		text  string
		slip  func([]plan.Op) []plan.Op
		op    string
		wants string
	}{
		"login before a PIN exists":      {setUp, drop(plan.InitPIN), "login", "CKR_USER_PIN_NOT_INITIALIZED"},
		"first PIN without the SO":       {setUp, func(ops []plan.Op) []plan.Op { i := first(ops, plan.Login, "so"); return slices.Delete(ops, i, i+1) }, "initpin", "CKR_SESSION_HANDLE_INVALID"},
		"user while the SO is logged in": {setUp, drop(plan.Logout), "login", "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"},
		"initialisation beside a session": {setUp, func(ops []plan.Op) []plan.Op {
			i := first(ops, plan.Login, "so")
			l := ops[i]
			return slices.Insert(slices.Delete(ops, i, i+1), 1, l)
		}, "inittoken", "CKR_SESSION_EXISTS"},
		"the old PUK after it was changed": {newPUK, func(ops []plan.Op) []plan.Op {
			i := first(ops, plan.Login, "so")
			for j := i + 1; j < len(ops); j++ {
				if ops[j].As == "so" {
					ops[j].Credential = ops[i].Credential
				}
			}
			return ops
		}, "login", "is wrong"},
		"a key without a login":         {ordered, drop(plan.Login), "genkey", "CKR_SESSION_HANDLE_INVALID"},
		"a certificate without its key": {ordered, drop(plan.GenKey), "reqcert", "CKR_OBJECT_HANDLE_INVALID"},
		"a slot that was closed":        {ordered, func(ops []plan.Op) []plan.Op { i := len(ops) - 1; c := ops[i]; return slices.Insert(ops[:i], 2, c) }, "genkey", "CKR_"},
	} {
		t.Run(name, func(t *testing.T) {
			p, in := lower(t, c.text, "softhsm")
			p.Ops = c.slip(p.Ops)
			proof, err := Prove(context.Background(), p, in)
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(proof.Failures, func(f Failure) bool {
				return strings.Contains(f.Reason, c.wants) && slices.ContainsFunc(p.Ops, func(o plan.Op) bool { return o.ID == f.Op && string(o.Kind) == c.op })
			})
			if !found {
				t.Errorf("want %s %s, found %+v", c.op, c.wants, proof.Failures)
			}
		})
	}
}

// TestAfterBlockCard: nothing works in a slot whose PIN the plan blocked, nor in
// the other where both count together.
func TestAfterBlockCard(t *testing.T) {
	block := "[Application_B]\nBlockCard=true\n"
	same := head + "ApplicationList=BA\nPIN=PIN\nSignPIN=SIGN_PIN\n" + app + "Location=L\n" + block
	other := head + "ApplicationList=BA\nPIN=PIN\nSignPIN=SIGN_PIN\n" + app + "Location=#Signature\n" + block
	shared, err := profile.Parse("shared", []byte("inherits = \"opensc\"\n[fact]\nlock-is-shared = { is = true, source = \"x\" }\nsignature-key-needs-both-logins = { is = false, source = \"x\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	apart, err := profile.Parse("apart", []byte("inherits = \"opensc\"\n[fact]\nsignature-key-needs-both-logins = { is = false, source = \"x\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		facts *profile.Profile
		fails bool
	}{{same, apart, true}, {other, apart, false}, {other, shared, true}} {
		prog := check.Check(grammar.Parse("x.dsc", []byte(c.text)), nil)
		p, err := plan.Lower(prog, plan.Options{Profile: c.facts})
		if err != nil {
			t.Fatal(err, prog.Diagnostics)
		}
		proof, err := Prove(context.Background(), p, exec.Inputs{})
		if err != nil {
			t.Fatal(err)
		}
		if fails := len(proof.Failures) > 0 && strings.Contains(proof.Failures[0].Reason, "locked"); fails != c.fails {
			t.Errorf("%s: %+v", c.facts.Name, proof.Failures)
		}
	}
}

func TestBothStatesOfAToken(t *testing.T) {
	proof := prove(t, head+"InitToken=true\nInitialPUK=PUK\nSetPIN=true\nPIN=PIN\n", "softhsm")
	if proof.Cases != 2 {
		t.Errorf("%d cases, want a fresh and an initialised token", proof.Cases)
	}
}

func TestOneCertificateTwice(t *testing.T) {
	given := "WriteCertificate=true\nCertificate=CERT\n"
	text := "[Fields]\nPIN=\nCERT=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=AB\n[Application_A]\n" + given + "[Application_B]\n" + given
	proof := prove(t, text, "softhsm")
	if len(proof.Failures) != 1 || !strings.Contains(proof.Failures[0].Reason, "A and B write to the default slot under one CKA_ID") {
		t.Errorf("%+v", proof.Failures)
	}
}

func TestSpace(t *testing.T) {
	facts, err := profile.Parse("small", []byte("inherits = \"softhsm\"\n[fact]\nkey-capacity = { is = 1, source = \"x\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	two := strings.Replace(app, "_A", "_B", 1)
	prog := check.Check(grammar.Parse("x.dsc", []byte(head+"ApplicationList=AB\nPIN=PIN\n"+app+strings.Replace(two, "=t", "=u", 1))), nil)
	p, err := plan.Lower(prog, plan.Options{Profile: facts})
	if err != nil {
		t.Fatal(err)
	}
	proof, err := Prove(context.Background(), p, exec.Inputs{})
	if err != nil || len(proof.Failures) != 1 || !strings.Contains(proof.Failures[0].Reason, "CKR_DEVICE_MEMORY") {
		t.Errorf("%+v, %v", proof.Failures, err)
	}
}

// many is a description whose n applications each have a location field of their
// own; each section holds the text, with the letter for %s.
func many(n int, section string) string {
	fields, apps, list := "", "", ""
	for i := range n {
		letter := string(rune('A' + i))
		list += letter
		fields += "L" + letter + "=\nC" + letter + "=\n"
		apps += "[Application_" + letter + "]\n" + strings.ReplaceAll(section, "%s", letter)
	}
	return "[Fields]\nPIN=\nS=\n" + fields + "[Description]\nPKCS11Library=x.dll\nPIN=PIN\nSignPIN=S\nApplicationList=" + list + "\n" + apps
}

const (
	manyKeys  = "ECCurve=P-256\nCertTempl=t%s\nLocation=L%s\n"
	manyGiven = "WriteCertificate=true\nCertificate=C%s\nLocation=L%s\n"
)

// TestJoiningStates: where the keys went tells nothing that is still to come, so
// a million cases are a few states. The certificates of fields could be one, so
// every set of them is a state of its own.
func TestJoiningStates(t *testing.T) {
	proof := prove(t, many(20, manyKeys), "softhsm")
	if proof.Cases != 1<<20 || len(proof.Skipped) != 0 || len(proof.Failures) != 0 {
		t.Errorf("%d cases, skipped %v, %+v", proof.Cases, proof.Skipped, proof.Failures)
	}
	p, in := lower(t, many(12, manyGiven), "softhsm")
	proof, err := Prove(context.Background(), p, in)
	if err != nil {
		t.Fatal(err)
	}
	if proof.Cases != 1024 || len(proof.Skipped) != 2 || len(proof.Failures) != 0 {
		t.Errorf("%d cases, skipped %v, %+v", proof.Cases, proof.Skipped, proof.Failures)
	}
	proof.Refuse(p)
	if len(p.Warnings) == 0 || !strings.Contains(p.Warnings[len(p.Warnings)-1].Message, "unproven") {
		t.Error("the plan does not say what was left out")
	}
}

// TestSameAsEveryCaseByItself: the exploration finds what running each case from
// its beginning finds.
func TestSameAsEveryCaseByItself(t *testing.T) {
	texts := map[string]string{
		"one PIN missing":   strings.Replace(many(4, manyKeys), "SignPIN=S\n", "", 1),
		"no PIN":            strings.Replace(many(4, manyKeys), "\nPIN=PIN", "\n", 1),
		"one certificate":   strings.ReplaceAll(many(4, manyGiven), "=CB", "=CA"),
		"blocked":           strings.Replace(many(3, manyKeys), "List=ABC", "List=AXBC", 1) + "[Application_X]\nBlockCard=true\nLocation=LA\n",
		"both":              many(3, manyKeys),
		"sure in between":   strings.Replace(many(4, manyKeys), "Location=LC\n", "", 1),
		"one field for all": strings.NewReplacer("=LB", "=LA", "=LC", "=LA").Replace(many(4, manyKeys)),
	}
	for name, text := range texts {
		for _, facts := range []string{"softhsm", "opensc", "opencryptoki", "tcos"} {
			p, in := lower(t, text, facts)
			if len(p.Refusals) > 0 {
				continue // a profile on which no case runs
			}
			fields := []string{}
			for _, f := range p.Fields {
				if f.Type == "location" {
					fields = append(fields, f.Name)
				}
			}
			proof, err := Prove(context.Background(), p, in)
			if err != nil {
				t.Fatal(err)
			}
			for bits := range 1 << len(fields) {
				decided := map[string]string{}
				for i, f := range fields {
					decided[f] = plan.Default
					if bits>>i&1 == 1 {
						decided[f] = plan.Signature
					}
				}
				_, err := exec.Apply(context.Background(), exec.Options{Plan: p, Inputs: in, Cases: decided, Symbolic: true, DestroyConfirmed: true,
					Module: model.New(p.Facts(), model.Start{}), Selectors: model.Selectors(), Issuer: model.Issuer{}, Journals: &exec.Memory{}})
				said := slices.ContainsFunc(proof.cases, func(c exec.Case) bool { return holds(c, decided) })
				if (err != nil) != said {
					t.Errorf("%s on %s, %v: alone %v, proof %+v", name, facts, decided, err, proof.Failures)
				}
			}
		}
	}
}

// holds reports whether a full case is one of those that a case stands for.
func holds(c exec.Case, decided map[string]string) bool {
	for name, is := range c {
		if decided[name] != is {
			return false
		}
	}
	return true
}

func TestInputsSurvive(t *testing.T) {
	p, in := lower(t, head+"ClearFields=PIN\nSetPIN=true\nInitialPUK=PUK\nPIN=PIN\n", "softhsm")
	in.Secrets = map[string]secret.Secret{"PIN": secret.FromString("123456")}
	in.Text = map[string]string{"L": "x"}
	if _, err := Prove(context.Background(), p, in); err != nil {
		t.Fatal(err)
	}
	if in.Secrets["PIN"].Len() != 6 || in.Text["L"] != "x" {
		t.Error("the proof ate the inputs")
	}
}

func BenchmarkProveTenFields(b *testing.B) {
	p, in := lower(b, many(10, manyKeys), "softhsm")
	for b.Loop() {
		if _, err := Prove(context.Background(), p, in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProve(b *testing.B) {
	raw, err := os.ReadFile("../../testdata/examples/06-signature-slot.dsc")
	if err != nil {
		b.Fatal(err)
	}
	p, in := lower(b, string(raw), "softhsm")
	for b.Loop() {
		if _, err := Prove(context.Background(), p, in); err != nil {
			b.Fatal(err)
		}
	}
}
