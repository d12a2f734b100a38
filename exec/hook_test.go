package exec_test

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/exec/prove"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

const byHook = `[Fields]
SO=
CARD=
SIGN=
SIGN_PUK=

[Description]
PKCS11Library=x.dll
ApplicationList=B
InitToken=true
InitialPUK=SO
InitialLabel=#LAB
SetPIN=true
PIN=CARD
SignPIN=SIGN
InitialSignPUK=SIGN_PUK

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

func hookPlan(t testing.TB) *plan.Plan { return hookPlanOf(t, byHook) }

func hookPlanOf(t testing.TB, text string) *plan.Plan {
	t.Helper()
	facts, err := profile.Parse("lab", []byte("inherits = \"opensc\"\n[fact]\ninit-by-hook = { is = true, source = \"the lab\" }\n"), profile.Lookup)
	if err != nil {
		t.Fatal(err)
	}
	pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: facts})
	if err != nil {
		t.Fatal(err)
	}
	return pl
}

func TestPlanOfAHook(t *testing.T) {
	pl := hookPlan(t)
	if len(pl.Refusals) > 0 {
		t.Fatal(pl.Refusals)
	}
	init := pl.Ops[1]
	if init.Kind != plan.InitToken || !init.Hook || len(init.PINs) != 2 || init.PINs[0].PUK.Field != "SO" || init.PINs[1].PUK.Field != "SIGN_PUK" {
		t.Errorf("%+v", init)
	}
	for _, want := range []string{"by the station's command as \"LAB\"", "PIN from field SIGN and PUK from field SIGN_PUK of the signature slot", "destroys all objects and PINs"} {
		if !strings.Contains(init.Words(), want) {
			t.Errorf("%q lacks %q", init.Words(), want)
		}
	}
	for _, o := range pl.Ops {
		if o.Kind == plan.InitPIN || o.Kind == plan.Unblock || o.As == "so" {
			t.Errorf("the command has done that: %s", o.Words())
		}
	}
	proof, err := prove.Prove(context.Background(), pl, exec.Inputs{})
	if err != nil || len(proof.Failures) > 0 || proof.Cases != 2 {
		t.Errorf("%+v, %v", proof, err)
	}
}

// blank is a card that shows one slot until it is initialised, and then two in the
// same reader.
type blank struct {
	exec.Module
	made     bool
	requests []exec.InitRequest
	fails    error
	// serial and label are what the card shows where they are not its own; lost, that its
	// module does not list it any more.
	serial, label string
	lost          bool
}

func (b *blank) Slots(ctx context.Context) ([]exec.Slot, error) {
	if b.lost {
		return nil, &exec.Error{Kind: exec.Device, Call: "C_GetSlotList", CKR: exec.CKRFunctionNotSupported}
	}
	slots, err := b.Module.Slots(ctx)
	for i := range slots {
		slots[i].Description = "reader 0"
		if !b.made {
			slots[i].Token = exec.TokenInfo{}
		} else {
			slots[i].Token.Label = []string{cmp.Or(b.label, "LAB") + " (User PIN)", "LAB (Signature PIN)"}[i]
			slots[i].Token.Serial = cmp.Or(b.serial, slots[i].Token.Serial)
		}
	}
	if !b.made {
		slots = slots[:1]
	}
	return slots, err
}

func (b *blank) Token(id exec.SlotID) exec.Token { return blankToken{b.Module.Token(id), b} }

type blankToken struct {
	exec.Token
	card *blank
}

func (t blankToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	if !t.card.made {
		return exec.TokenInfo{}, nil
	}
	slots, err := t.card.Slots(ctx)
	for _, s := range slots {
		if t.card.Module.Token(s.ID) == t.Token {
			return s.Token, err
		}
	}
	return exec.TokenInfo{}, err
}

// station stands for the machine's command; it is no part of the module.
type station struct{ card *blank }

func (s station) Initialise(ctx context.Context, r exec.InitRequest) (exec.Module, error) {
	s.card.requests = append(s.card.requests, r)
	if s.card.fails != nil {
		return s.card, s.card.fails
	}
	s.card.made = true
	_, err := s.card.Module.(*model.Module).Initialise(ctx, r)
	return s.card, err
}

func TestInitialisedByTheStation(t *testing.T) {
	pl := hookPlan(t)
	card := &blank{Module: model.New(pl.Facts(), model.Start{Fresh: true})}
	signature, err := exec.ParseSelector("pkcs11:token=LAB (Signature PIN)")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := exec.ParseSelector(exec.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	journals := &journals{}
	inputs := func() exec.Inputs {
		in := exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{}}
		for name, value := range map[string]string{"SO": "12345678", "CARD": "1234", "SIGN": "5678", "SIGN_PUK": "22222222"} {
			in.Secrets[name] = secret.FromString(value)
		}
		return in
	}
	o := exec.Options{Plan: pl, Inputs: inputs(), Module: card, Initialiser: station{card}, Selectors: map[string]exec.Selector{"default": fresh, "signature": signature},
		Issuer: model.Issuer{}, Journals: journals, DestroyConfirmed: true}

	// A station without the command refuses before anything is touched.
	without := o
	without.Initialiser = nil
	_, err = exec.Apply(context.Background(), without)
	refused(t, err, exec.Refused, "inittoken", "this station has none", "hook.initialise")

	// A PIN that the card would not take is no work for the command.
	short := o
	short.Inputs = inputs()
	short.Inputs.Secrets["SIGN"] = secret.FromString("12")
	_, err = exec.Apply(context.Background(), short)
	refused(t, err, exec.Refused, "field SIGN has fewer than 4")
	if len(card.requests) > 0 {
		t.Fatal("the command ran")
	}

	card.fails = errors.New("no card in the reader")
	o.Inputs = inputs()
	_, err = exec.Apply(context.Background(), o)
	refused(t, err, exec.Local, "no card in the reader")
	card.fails = nil

	o.Inputs = inputs()
	o.Journals = journals.next()
	result, err := exec.Apply(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	req := card.requests[len(card.requests)-1]
	if req.Label != "LAB" || len(req.PINs) != 2 || !req.PINs[1].PIN.Secret.Equal(secret.FromString("5678")) || req.SOPIN.Name != "field SO" {
		t.Errorf("asked for %+v", req)
	}
	if result.Tokens["signature"].Label != "LAB (Signature PIN)" || len(result.Objects) != 1 {
		t.Errorf("%+v", result)
	}
}

// asked answers the two dialogs of a card that is to be made, and notes what it was asked.
type asked struct {
	answers
	questions *[]exec.Question
}

func (a asked) Ask(ctx context.Context, q exec.Question) (exec.Answer, error) {
	*a.questions = append(*a.questions, q)
	n := map[string]int{"PIN": 0, "SignPIN": 1}[q.Keyword]
	return exec.Answer{New: secret.FromString(a.answers[n])}, nil
}

// TestTheCommandIsToldAnswers: the PINs of a card that the station's command makes may be
// asked for, also that of a slot which only the command makes. They are looked at before
// the command runs, and a run that was cut off after it asks again.
func TestTheCommandIsToldAnswers(t *testing.T) {
	text := strings.NewReplacer("CARD=\n", "", "SIGN=\n", "", "PIN=CARD", "PIN=!FROM_USER_DIALOG_2_FIELD", "SignPIN=SIGN", "SignPIN=!FROM_USER_DIALOG_2_FIELD").Replace(byHook)
	pl := hookPlanOf(t, text)
	card := &blank{Module: model.New(pl.Facts(), model.Start{Fresh: true})}
	o := exec.Options{Plan: pl, Module: card, Initialiser: station{card}, Selectors: map[string]exec.Selector{"default": selector(t, exec.Fresh), "signature": selector(t, "pkcs11:token=LAB (Signature PIN)")},
		Issuer: model.Issuer{}, DestroyConfirmed: true}
	// 1 is "run", 2 the "start" of inittoken and 3 its "done".
	kept := &journals{failAt: 4}
	apply := func(pins answers) (questions []exec.Question, err error) {
		o.Inputs = exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{"SO": secret.FromString("12345678"), "SIGN_PUK": secret.FromString("22222222")}}
		o.Prompter, o.Journals = asked{pins, &questions}, kept
		_, err = exec.Apply(context.Background(), o)
		kept = kept.next()
		return questions, err
	}
	questions, err := apply(answers{"1234", "12"})
	refused(t, err, exec.Refused, "new value asked for SignPIN has fewer than 4")
	if len(card.requests) > 0 || len(questions) != 2 || questions[1].Slot != plan.Signature {
		t.Fatalf("asked %+v; the command ran %d times", questions, len(card.requests))
	}
	kept = &journals{failAt: 4}
	if _, err = apply(answers{"1234", "5678"}); err == nil || len(card.requests) != 1 {
		t.Fatalf("%v; the command ran %d times", err, len(card.requests))
	}
	req := card.requests[0]
	if len(req.PINs) != 2 || req.PINs[0].PIN.Name != "the new value asked for PIN" || req.PINs[1].PIN.Name != "the new value asked for SignPIN" {
		t.Errorf("asked for %+v", req)
	}
	o.Selectors["default"] = selector(t, "pkcs11:token=LAB (User PIN)")
	if questions, err = apply(answers{"1234", "5678"}); err != nil || len(questions) != 2 || len(card.requests) != 1 {
		t.Errorf("%v; asked %+v; the command ran %d times", err, questions, len(card.requests))
	}
}

// TestTheCommandIsNotBelieved: what it says counts when the card shows it. Neither another
// card is written to, nor one that was not made anew, and the SO PIN that was shown stays
// counted.
func TestTheCommandIsNotBelieved(t *testing.T) {
	pl := hookPlan(t)
	for name, c := range map[string]struct {
		does func(t *testing.T, b *blank)
		says string
	}{
		"another card":    {func(_ *testing.T, b *blank) { b.serial = "9002" }, "the one with the serial number 9001 was chosen"},
		"another label":   {func(_ *testing.T, b *blank) { b.label = "old" }, `the label of the card is "old (User PIN)" and not "LAB"`},
		"nothing":         {func(t *testing.T, b *blank) { putKey(t, b.Module) }, "the token holds keys (1 without a login), so it was not initialised"},
		"a blind command": {func(_ *testing.T, b *blank) { b.lost = true }, "the card cannot be looked at"},
	} {
		card := &blank{Module: model.New(pl.Facts(), model.Start{}), made: true, serial: "9001"}
		o := exec.Options{Plan: pl, Module: card, Initialiser: doing{station{card}, func() { c.does(t, card) }}, Issuer: model.Issuer{}, DestroyConfirmed: true,
			Selectors: map[string]exec.Selector{"default": selector(t, "pkcs11:token=LAB (User PIN)"), "signature": selector(t, "pkcs11:token=LAB (Signature PIN)")}}
		o.Inputs = exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{}}
		for name, value := range map[string]string{"SO": "12345678", "CARD": "1234", "SIGN": "5678", "SIGN_PUK": "22222222"} {
			o.Inputs.Secrets[name] = secret.FromString(value)
		}
		journals := &journals{}
		o.Journals = journals
		_, err := exec.Apply(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if n, _ := journals.Tries("default", "so"); n != 1 {
			t.Errorf("%s: %d tries are counted", name, n)
		}
	}
}

// doing is a station whose command does something after it did its work.
type doing struct {
	station
	then func()
}

func (d doing) Initialise(ctx context.Context, r exec.InitRequest) (exec.Module, error) {
	m, err := d.station.Initialise(ctx, r)
	d.then()
	return m, err
}

// putKey puts a key on the token of the default slot.
func putKey(t *testing.T, m exec.Module) {
	t.Helper()
	token := m.Token(0)
	if err := token.OpenSession(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := token.Login(context.Background(), exec.NormalUser, exec.Credential{Secret: secret.FromString("1234")}); err != nil {
		t.Fatal(err)
	}
	if _, err := token.CreateObject(context.Background(), []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOPublicKey), exec.Bool(exec.CKAToken, true), exec.Bool(exec.CKAPrivate, false)}); err != nil {
		t.Fatal(err)
	}
	if err := token.CloseSession(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestTriesOfTheCommand: the command of a station shows the SO PIN to a card that is in
// use, and what the card made of it nobody says. Each failure counts, but for one before
// the command ran, and the last try is not spent unasked. A card that is blank, or whose
// flags are honest, is not counted.
func TestTriesOfTheCommand(t *testing.T) {
	for _, c := range []struct {
		name  string
		start model.Start
		fails error
		limit bool
	}{
		{"in use", model.Start{}, errors.New("wrong SO PIN"), true},
		{"not started", model.Start{}, &exec.Error{Kind: exec.Device, Message: "wrong path", Unshown: true}, false},
		{"blank", model.Start{Fresh: true}, errors.New("no card in the reader"), false},
	} {
		pl := hookPlan(t)
		card := &blank{Module: model.New(pl.Facts(), c.start), made: !c.start.Fresh, fails: c.fails}
		inputs := func() exec.Inputs {
			in := exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{}}
			for name, value := range map[string]string{"SO": "12345678", "CARD": "1234", "SIGN": "5678", "SIGN_PUK": "22222222"} {
				in.Secrets[name] = secret.FromString(value)
			}
			return in
		}
		one := "fresh"
		if card.made {
			one = "pkcs11:token=LAB (User PIN)"
		}
		journals := &journals{}
		o := exec.Options{Plan: pl, Module: card, Initialiser: station{card}, Selectors: map[string]exec.Selector{"default": selector(t, one), "signature": selector(t, "pkcs11:token=LAB (Signature PIN)")},
			Issuer: model.Issuer{}, DestroyConfirmed: true}
		apply := func() error {
			o.Inputs, o.Journals = inputs(), journals
			_, err := exec.Apply(context.Background(), o)
			next := journals.next()
			next.Memory = journals.Memory
			journals = next
			return err
		}
		for n := range 5 {
			err := apply()
			if err == nil {
				t.Fatalf("%s: it did not fail", c.name)
			}
			if want := min(n+1, 2); c.limit && len(card.requests) != want || !c.limit && len(card.requests) != n+1 {
				t.Fatalf("%s: after %d runs the command ran %d times: %v", c.name, n+1, len(card.requests), err)
			}
			if c.limit && n > 1 {
				refused(t, err, exec.Refused, "inittoken", "2 wrong SO PINs", "--spend-final-try")
			}
		}
		// A right one starts the count anew.
		card.fails, o.SpendFinalTry = nil, true
		if err := apply(); err != nil {
			t.Fatal(err)
		}
		if n, _ := journals.Tries("default", "so"); n != 0 {
			t.Errorf("%s: %d are counted after a right one", c.name, n)
		}
	}
}
