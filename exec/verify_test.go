package exec_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
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

// watched is a module that notes each call of its tokens which is not on the list
// of those that read.
type watched struct {
	exec.Module
	wrote *[]string
}

func (m watched) Token(id exec.SlotID) exec.Token { return watchedToken{m.Module.Token(id), m.wrote} }

type watchedToken struct {
	exec.Token
	wrote *[]string
}

func (t watchedToken) note(call string) { *t.wrote = append(*t.wrote, call) }

func (t watchedToken) InitToken(ctx context.Context, so exec.Credential, label string) error {
	t.note("InitToken")
	return t.Token.InitToken(ctx, so, label)
}

func (t watchedToken) InitPIN(ctx context.Context, new exec.Credential) error {
	t.note("InitPIN")
	return t.Token.InitPIN(ctx, new)
}

func (t watchedToken) SetPIN(ctx context.Context, old, new exec.Credential) error {
	t.note("SetPIN")
	return t.Token.SetPIN(ctx, old, new)
}

func (t watchedToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	t.note("GenerateKeyPair")
	return t.Token.GenerateKeyPair(ctx, m, public, private)
}

func (t watchedToken) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	t.note("Sign")
	return t.Token.Sign(ctx, m, key, data, c)
}

func (t watchedToken) CreateObject(ctx context.Context, a []exec.Attribute) (exec.Object, error) {
	t.note("CreateObject")
	return t.Token.CreateObject(ctx, a)
}

func (t watchedToken) DestroyObject(ctx context.Context, o exec.Object) error {
	t.note("DestroyObject")
	return t.Token.DestroyObject(ctx, o)
}

func (t watchedToken) SetAttributes(ctx context.Context, o exec.Object, a []exec.Attribute) error {
	t.note("SetAttributes")
	return t.Token.SetAttributes(ctx, o, a)
}

// reading are the calls of a token that change nothing; a login is one of them.
var reading = []string{"Attributes", "CloseSession", "FindObjects", "Info", "Login", "Logout", "Mechanisms", "OpenSession"}

// TestWatchedKnowsEveryCall: a new call of Token is either on the list of those
// that read, or watched.
func TestWatchedKnowsEveryCall(t *testing.T) {
	calls := reflect.TypeFor[exec.Token]()
	for i := range calls.NumMethod() {
		name := calls.Method(i).Name
		if slices.Contains(reading, name) {
			continue
		}
		var wrote []string
		func() {
			defer func() { _ = recover() }() // there is no token behind it
			method := reflect.ValueOf(watchedToken{nil, &wrote}).MethodByName(name)
			args := []reflect.Value{}
			for n := range method.Type().NumIn() {
				args = append(args, reflect.Zero(method.Type().In(n)))
			}
			method.Call(args)
		}()
		if !slices.Equal(wrote, []string{name}) {
			t.Errorf("%s is not watched: %v", name, wrote)
		}
	}
}

// remembering is an issuer whose certificates can be read again, as real ones can.
type remembering struct {
	exec.Issuer
	issued map[string]exec.Certificate
}

func (r remembering) Issue(ctx context.Context, req exec.CertificateRequest, pkcs10 []byte) (exec.Certificate, error) {
	c, err := r.Issuer.Issue(ctx, req, pkcs10)
	r.issued[string(c.DER)] = c
	return c, err
}

func (r remembering) Parse(data []byte) (exec.Certificate, error) {
	if c, ok := r.issued[string(data)]; ok {
		return c, nil
	}
	return r.Issuer.Parse(data)
}

// issued is a bench after one run, with certificates that can be read again.
func issued(t *testing.T, text string) *bench {
	t.Helper()
	// The symbolic RSA keys of the model have no size to be read.
	b := newBench(t, strings.ReplaceAll(text, "KeySize=2048", "ECCurve=P-256"), model.Start{})
	b.DestroyConfirmed = true
	b.Issuer = remembering{model.Issuer{}, map[string]exec.Certificate{}}
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	return b
}

// look verifies what is on the tokens of a run; each write call fails the test.
func (b *bench) look(t *testing.T, history exec.History) *exec.Verification {
	t.Helper()
	var wrote []string
	o := b.Options
	o.Module, o.Inputs = watched{b.module, &wrote}, secrets(b.Plan)
	v, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: o, History: history,
		Answers: map[string]exec.Answer{"PIN": {Old: secret.FromString("old-4711"), New: secret.FromString("new-4712")}}})
	if err != nil {
		t.Fatal(err)
	}
	if wrote != nil {
		t.Errorf("a verification writes: %v", wrote)
	}
	return v
}

func drifts(v *exec.Verification) string {
	var out []string
	for _, f := range v.Ops {
		for _, d := range f.Differs {
			out = append(out, f.Op+": "+d)
		}
	}
	return strings.Join(out, "\n")
}

// noted is the history of the runs of a bench.
type noted struct{ records []exec.Record }

func (n noted) Look(map[string]exec.Identity, string) ([]exec.Record, bool, error) {
	return n.records, true, nil
}

func (n noted) Hold(map[string]exec.Identity) (exec.Ledger, error) { return nil, nil }

func (n noted) Ledger(map[string]exec.Identity) (exec.Ledger, error) { return &exec.Memory{}, nil }

func TestVerifyFindsWhatARunLeft(t *testing.T) {
	for name, text := range map[string]string{"both slots": bothSlots, "one key": oneKey, "PUK": newPUK, "initialise": initialise, "change": changePIN} {
		t.Run(name, func(t *testing.T) {
			b := issued(t, text)
			if v := b.look(t, nil); v.Count(exec.Drifts) != 0 || v.Count(exec.Fits) == 0 || v.Journal != "none" {
				t.Errorf("without a journal: %+v", v)
			}
			if v := b.look(t, noted{b.journals.records}); v.Count(exec.Drifts) != 0 || v.Journal != "finished" {
				t.Errorf("with the journal: %+v", v)
			}
		})
	}
}

func TestVerifyFindsDrift(t *testing.T) {
	find := func(t *testing.T, b *bench, slot string, a ...exec.Attribute) (exec.Token, exec.Object) {
		t.Helper()
		ctx := context.Background()
		slots, err := b.module.Slots(ctx)
		if err != nil {
			t.Fatal(err)
		}
		selected, err := b.Selectors[slot].Choose(slots, slot)
		if err != nil {
			t.Fatal(err)
		}
		token := b.module.Token(selected.ID)
		if err := token.OpenSession(ctx); err != nil {
			t.Fatal(err)
		}
		if err := token.Login(ctx, exec.NormalUser, exec.Credential{Secret: secret.FromString("value of CARD")}); err != nil {
			t.Fatal(err)
		}
		found, err := token.FindObjects(ctx, a)
		if err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
		return token, found[0]
	}
	for name, c := range map[string]struct {
		class uint64
		do    func(exec.Token, exec.Object) error
		want  string
	}{
		"certificate gone": {exec.CKOCertificate, nil, "putcert: there is no certificate beside the key"},
		"private key gone": {exec.CKOPrivateKey, nil, "genkey: the private key of CKA_ID"},
		"public key gone":  {exec.CKOPublicKey, nil, "genkey: there is no public key with the label"},
		"label of the private key": {exec.CKOPrivateKey, func(k exec.Token, o exec.Object) error {
			return k.SetAttributes(context.Background(), o, []exec.Attribute{exec.Text(exec.CKALabel, "x")})
		}, `genkey: private key: CKA_LABEL is "x" instead of "auth"`},
		"label of the certificate": {exec.CKOCertificate, func(k exec.Token, o exec.Object) error {
			return k.SetAttributes(context.Background(), o, []exec.Attribute{exec.Text(exec.CKALabel, "x")})
		}, `putcert: certificate: CKA_LABEL is "x"`},
		"CKA_ID of the certificate": {exec.CKOCertificate, func(k exec.Token, o exec.Object) error {
			return k.SetAttributes(context.Background(), o, []exec.Attribute{exec.Bytes(exec.CKAID, []byte{1})})
		}, "putcert: there is no certificate beside the key"},
	} {
		t.Run(name, func(t *testing.T) {
			b := issued(t, oneKey)
			token, o := find(t, b, "default", exec.Ulong(exec.CKAClass, c.class))
			do := c.do
			if do == nil {
				do = func(k exec.Token, o exec.Object) error { return k.DestroyObject(context.Background(), o) }
			}
			if err := do(token, o); err != nil {
				t.Fatal(err)
			}
			if err := token.CloseSession(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := drifts(b.look(t, nil)); !strings.Contains(got, c.want) {
				t.Errorf("without a journal it finds %q, want %q", got, c.want)
			}
			if got := b.look(t, noted{b.journals.records}); got.Count(exec.Drifts) == 0 {
				t.Errorf("with the journal it finds nothing: %+v", got)
			}
		})
	}
}

// TestVerifySaysWhatIsLeftOfAKey: without its public key neither the private one nor the
// certificate is called gone, with a journal and without.
func TestVerifySaysWhatIsLeftOfAKey(t *testing.T) {
	for _, c := range []struct {
		gone []uint64
		want [2]string // what the journal knows, and without one
	}{
		{[]uint64{exec.CKOPublicKey}, [2]string{"genkey: the public key that was put there (CKA_ID #) is gone", `genkey: there is no public key with the label "auth"`}},
		{[]uint64{exec.CKOPublicKey, exec.CKOPrivateKey}, [2]string{"genkey: the public key that was put there (CKA_ID #) is gone; genkey: the private key of CKA_ID # is gone",
			`genkey: there is no public key with the label "auth"; genkey: the private key of CKA_ID # is gone`}},
		{[]uint64{exec.CKOPublicKey, exec.CKOCertificate}, [2]string{"genkey: the public key that was put there (CKA_ID #) is gone; putcert: there is no certificate beside the key (CKA_ID #)",
			`genkey: there is no public key with the label "auth"; putcert: there is no certificate beside the key (CKA_ID #)`}},
		{[]uint64{exec.CKOPublicKey, exec.CKOPrivateKey, exec.CKOCertificate}, [2]string{`genkey: the key that was put there (CKA_ID #) is gone; putcert: there is no certificate, since its key is not there`,
			`genkey: there is no public key with the label "auth"; putcert: there is no certificate, since its key is not there`}},
	} {
		b := issued(t, oneKey)
		id := fmt.Sprintf("%x", slices.Collect(maps.Keys(ids(t, b.module, exec.CKOPublicKey)))[0])
		b.remove(t, 0, c.gone...)
		for n, history := range []exec.History{noted{b.journals.records}, nil} {
			var got []string
			for _, f := range b.look(t, history).Ops {
				for _, d := range f.Differs {
					got = append(got, f.Op+": "+strings.ReplaceAll(d, id, "#"))
				}
			}
			if s := strings.Join(got, "; "); s != c.want[n] {
				t.Errorf("%v, %d: %s", c.gone, n, s)
			}
		}
	}
}

// TestVerifySaysWhatItDidNotSee: without a PIN there is no login, and what only a
// login shows is neither fine nor a drift.
func TestVerifySaysWhatItDidNotSee(t *testing.T) {
	b := issued(t, oneKey)
	b.module.Calls = nil
	o := b.Options
	o.Inputs = exec.Inputs{}
	v, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range v.Ops {
		if f.Op == "genkey" && (f.State != exec.Unseen || !strings.Contains(strings.Join(f.NotSeen, "\n"), "the private key: no value was given for field CARD")) {
			t.Errorf("genkey: %+v", f)
		}
	}
	for _, call := range b.module.Calls {
		if strings.Contains(call, "Login") {
			t.Errorf("it logs in without a PIN: %v", b.module.Calls)
		}
	}
}

// TestVerifyTriesNoPINAgainstTheFlags: the final try is refused, as a run does.
func TestVerifyTriesNoPINAgainstTheFlags(t *testing.T) {
	b := issued(t, oneKey)
	o := b.Options
	o.Module, o.Inputs = flagged{b.module, exec.FlagUserPINFinalTry}, secrets(b.Plan)
	_, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: o})
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused || !strings.Contains(err.Error(), "one more wrong PIN locks the token") {
		t.Errorf("the final try: %v", err)
	}
	o.Module, o.Inputs = flagged{b.module, exec.FlagUserPINLocked}, secrets(b.Plan)
	v, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: o})
	if err != nil || !strings.Contains(drifts(v), "login: the user PIN is locked") {
		t.Errorf("locked: %v, %v", v, err)
	}
}

// TestVerifyTriesNoProofAgainstTheFlags: a login that proves a new PIN to a run is
// one like any other to a verification.
func TestVerifyTriesNoProofAgainstTheFlags(t *testing.T) {
	b := issued(t, changePIN)
	o := b.Options
	o.Module = flagged{b.module, exec.FlagUserPINFinalTry}
	_, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: o, Answers: map[string]exec.Answer{"PIN": {New: secret.FromString("new-4712")}}})
	var e *exec.Error
	if !errors.As(err, &e) || e.Kind != exec.Refused {
		t.Errorf("the final try: %v", err)
	}
}

// TestVerifyOfABlockedPIN: nobody logs in, and the flag tells where it is known to
// be honest.
func TestVerifyOfABlockedPIN(t *testing.T) {
	text := strings.Replace(oneKey, "ApplicationList=A", "ApplicationList=AB", 1) + "\n[Application_B]\nBlockCard=true\n"
	for _, c := range []struct {
		profile string
		flags   exec.TokenFlags
		want    exec.Verdict
	}{
		{"opencryptoki", exec.FlagUserPINLocked, exec.Fits}, {"opencryptoki", 0, exec.Drifts},
		{"tpm2", exec.FlagUserPINLocked, exec.Fits}, {"tpm2", 0, exec.Unseen},
	} {
		p := check.Check(grammar.Parse("x.dsc", []byte(text)), nil)
		pl, err := plan.Lower(p, plan.Options{Profile: profile.Lookup(c.profile), Secrets: map[string]bool{"CARD": true}})
		if err != nil || len(pl.Refusals) > 0 {
			t.Fatal(err, pl.Refusals)
		}
		m := model.New(pl.Facts(), model.Start{})
		v, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: exec.Options{Plan: pl, Module: flagged{m, c.flags}, Selectors: model.Selectors(), Issuer: model.Issuer{}, Inputs: secrets(pl)}})
		if err != nil {
			t.Fatal(c.profile, err)
		}
		for _, f := range v.Ops {
			if f.Op == "block" && f.State != c.want {
				t.Errorf("%s, flags %x: %+v, want %s", c.profile, uint64(c.flags), f, c.want)
			}
		}
		for _, call := range m.Calls {
			if strings.Contains(call, "Login") {
				t.Errorf("a PIN that is to be blocked is tried: %v", m.Calls)
			}
		}
	}
}

// flagged shows flags beside a token's own.
type flagged struct {
	exec.Module
	flags exec.TokenFlags
}

func (m flagged) Slots(ctx context.Context) ([]exec.Slot, error) {
	slots, err := m.Module.Slots(ctx)
	for i := range slots {
		slots[i].Token.Flags |= m.flags
	}
	return slots, err
}

func (m flagged) Token(id exec.SlotID) exec.Token { return flaggedToken{m.Module.Token(id), m.flags} }

type flaggedToken struct {
	exec.Token
	flags exec.TokenFlags
}

func (t flaggedToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	i, err := t.Token.Info(ctx)
	i.Flags |= t.flags
	return i, err
}

// TestVerifyFresh: what is chosen as fresh is the token of a run that was cut off while
// it initialised it, where a journal tells, and else one that holds nothing.
func TestVerifyFresh(t *testing.T) {
	b := newBench(t, initialise, model.Start{Fresh: true})
	fresh, err := exec.ParseSelector(exec.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	b.Selectors = map[string]exec.Selector{plan.Default: fresh}
	b.Journals = nil
	if got := drifts(b.look(t, nil)); !strings.Contains(got, "the token is not initialised") {
		t.Errorf("drifts: %q", got)
	}
}

// TestVerifyNamesTheOpOfTheRun: a login that fails, or is not made, is named as the run
// names it, though the slot is logged in to again later.
func TestVerifyNamesTheOpOfTheRun(t *testing.T) {
	for flags, want := range map[exec.TokenFlags]exec.CKR{0: exec.CKRPINIncorrect, exec.FlagUserPINFinalTry: exec.CKROK} {
		var said []string
		for _, does := range []func(*bench) error{
			func(b *bench) error { _, err := b.apply(); return err },
			func(b *bench) error {
				_, err := exec.Verify(context.Background(), exec.VerifyOptions{Options: b.Options})
				return err
			},
		} {
			b := newBench(t, bothSlots, model.Start{})
			b.Plan = openSC(t, bothSlots)
			b.Inputs.Secrets = map[string]secret.Secret{"CARD": secret.FromString("123456"), "SIGN": secret.FromString("123456")}
			b.module = model.New(b.Plan.Facts(), model.Start{User: secret.FromString("another")})
			b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.Flags |= flags }}
			var e *exec.Error
			if err := does(b); !errors.As(err, &e) {
				t.Fatal(err)
			}
			said = append(said, e.Op+" "+e.Slot+" "+e.CKR.String())
		}
		if said[0] != said[1] || !strings.HasPrefix(said[0], "op-02 login default slot") || !strings.HasSuffix(said[0], want.String()) {
			t.Errorf("%q", said)
		}
	}
}
