package exec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/internal/secret"
	"inscribe/plan"
)

const bothSlots = `[Fields]
CARD=
SIGN=

[Description]
PKCS11Library=x.dll
ApplicationList=AB
PIN=CARD
SignPIN=SIGN

[Application_A]
KeySize=2048
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

const oneKey = `[Fields]
CARD=

[Description]
PKCS11Library=x.dll
ApplicationList=A
PIN=CARD

[Application_A]
KeySize=2048
CertTempl=auth
`

const changePIN = `[Description]
PKCS11Library=x.dll
SetPIN=true
PIN=!FROM_USER_DIALOG_3_FIELD
`

const newPUK = `[Fields]
OLD=
NEW=
CARD=

[Description]
PKCS11Library=x.dll
SetPIN=true
InitialPUK=OLD
PUK=NEW
PIN=CARD
ClearFields=CARD
`

const initialise = `[Fields]
PUK=
CARD=

[Description]
PKCS11Library=x.dll
InitToken=true
InitialPUK=PUK
InitialLabel=#New label
SetPIN=true
PIN=CARD
`

// bench is a run on model tokens, with all that happened.
type bench struct {
	exec.Options
	module   *model.Module
	journals *journals
	events   []exec.Event
}

func (b *bench) Event(e exec.Event) { b.events = append(b.events, e) }

// journals keeps the records of runs; what an earlier run left is found again.
type journals struct {
	exec.Memory               // the counts of tries
	records     []exec.Record // of all runs
	earlier     []exec.Record
	finished    bool
	// failAt makes the nth write fail, as a crash would end a run there: 1 is
	// the first. Nothing is noted then. lastSync makes the nth Sync and all after
	// it fail, as a power cut would: what was not on the disk by then is lost.
	failAt, writes  int
	lastSync, syncs int
	synced          int
}

var errCrash = errors.New("the lights went out")

func (j *journals) Open(_ map[string]exec.Identity, work exec.Work, _ bool) (exec.Journal, []exec.Record, bool, error) {
	if len(j.earlier) > 0 && j.earlier[0].OpsSHA256 != work.OpsSHA256 {
		return j, nil, true, nil // that of another work is not found
	}
	return j, j.earlier, j.finished, nil
}

func (j *journals) Write(r exec.Record) error {
	j.writes++
	if j.failAt > 0 && j.writes >= j.failAt {
		return errCrash
	}
	if fields := misplaced(r); fields != nil {
		panic(fmt.Sprintf("a record of %q has %v; see stands", r.Event, fields))
	}
	j.records = append(j.records, r)
	return nil
}

func (j *journals) Sync() error {
	if j.synced == len(j.records) {
		return nil
	}
	j.syncs++
	if j.lastSync > 0 && j.syncs >= j.lastSync {
		j.records = j.records[:j.synced]
		return errCrash
	}
	j.synced = len(j.records)
	return nil
}

func (j *journals) Close() error { return nil }

func (j *journals) Spent(map[string]exec.Identity, string) (string, error) { return "", nil }
func (j *journals) Wrote(map[string]exec.Identity, string) string          { return "" }

func (j *journals) Begun(exec.Work) ([][]exec.Record, error) { return nil, nil }

// next makes the journals of the run after this one, as the journal package
// would find them: an unfinished run goes on in its own, and only the last
// finished one is looked at.
func (j *journals) next() *journals {
	if len(j.records) == 0 {
		return &journals{earlier: j.earlier, finished: true} // it left no file
	}
	if last := len(j.records) - 1; last >= 0 && j.records[last].Event == "end" {
		for i := range j.records {
			if j.records[i].Event == "run" {
				return &journals{earlier: j.records[i:], finished: true}
			}
		}
	}
	return &journals{earlier: j.records, records: slices.Clone(j.records), finished: len(j.records) == 0}
}

func lower(t testing.TB, text string, values map[string]string) *plan.Plan {
	t.Helper()
	p := check.Check(grammar.Parse("x.dsc", []byte(text)), nil)
	if p.Errors() {
		t.Fatalf("the description has errors: %v", p.Diagnostics)
	}
	bound := map[string]bool{}
	for _, f := range p.Fields {
		bound[f.Name] = f.Secret()
	}
	pl, err := plan.Lower(p, plan.Options{Profile: profile.Lookup("softhsm"), Values: values, Secrets: bound})
	if err != nil {
		t.Fatal(err)
	}
	return pl
}

// newBench makes a run of a description on two initialised tokens, each secret
// field with a value of its own.
func newBench(t testing.TB, text string, start model.Start) *bench {
	t.Helper()
	pl := lower(t, text, nil)
	b := &bench{module: model.New(pl.Facts(), start), journals: &journals{}}
	b.Options = exec.Options{Plan: pl, Module: b.module, Selectors: model.Selectors(), Issuer: model.Issuer{}, Journals: b.journals,
		Prompter: answers{"old-4711", "new-4712"}, Observer: b, Inputs: secrets(pl)}
	return b
}

func secrets(pl *plan.Plan) exec.Inputs {
	in := exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{}, Literals: map[string]secret.Secret{}}
	for _, f := range pl.Fields {
		if f.Secret {
			in.Secrets[f.Name] = secret.FromString("value of " + f.Name)
		}
	}
	return in
}

// answers answers every dialog with an old and a new value.
type answers [2]string

func (a answers) Ask(context.Context, exec.Question) (exec.Answer, error) {
	return exec.Answer{Old: secret.FromString(a[0]), New: secret.FromString(a[1])}, nil
}

// apply runs once; again runs once more on the same tokens, after what the first
// run noted.
func (b *bench) apply() (*exec.Result, error) { return exec.Apply(context.Background(), b.Options) }

func (b *bench) again() (*exec.Result, error) {
	b.journals = b.journals.next()
	b.Journals, b.events, b.module.Calls = b.journals, nil, nil
	b.Inputs = secrets(b.Plan)
	return b.apply()
}

func (b *bench) ids(state exec.State) []string {
	var ids []string
	for _, e := range b.events {
		if e.State == state {
			ids = append(ids, e.ID+" "+e.Op)
		}
	}
	return ids
}

// refused checks an error of a kind that says all of the texts, and none of the
// secrets of these tests.
func refused(t testing.TB, err error, kind exec.Kind, texts ...string) *exec.Error {
	t.Helper()
	var e *exec.Error
	if !errors.As(err, &e) {
		t.Fatalf("no *exec.Error: %v", err)
	}
	if e.Kind != kind {
		t.Errorf("kind %d, want %d: %v", e.Kind, kind, err)
	}
	all := err.Error() + "\n" + e.Help()
	for _, s := range texts {
		if !strings.Contains(all, s) {
			t.Errorf("%q does not say %q", all, s)
		}
	}
	for _, s := range []string{"value of", "4711", "4712"} {
		if strings.Contains(all, s) {
			t.Errorf("a secret shows: %q", all)
		}
	}
	return e
}

func TestCallsInTheOrderOfTheOps(t *testing.T) {
	b := newBench(t, bothSlots, model.Start{})
	result, err := b.apply()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(`
		op-01:openslot op-02:login op-03:genkey op-04:reqcert op-05:putcert
		op-06:openslot op-07:login op-08:genkey op-09:reqcert op-10:putcert
		op-11:closeslot op-12:closeslot`)
	if diff := cmp.Diff(want, strings.Fields(strings.ReplaceAll(strings.Join(b.ids(exec.Done), "\n"), " ", ":"))); diff != "" {
		t.Errorf("ops:\n%s", diff)
	}
	var calls []string
	for _, c := range b.module.Calls {
		if !strings.Contains(c, "Session") {
			calls = append(calls, strings.Replace(c, " C_", ":", 1))
		}
	}
	wantCalls := strings.Fields(`
		default:Login default:GenerateKeyPair default:SetAttributeValue default:SetAttributeValue default:Sign default:CreateObject
		signature:Login signature:GenerateKeyPair signature:SetAttributeValue signature:SetAttributeValue signature:Sign signature:CreateObject`)
	if diff := cmp.Diff(wantCalls, calls); diff != "" {
		t.Errorf("calls:\n%s", diff)
	}
	if result.Ran != 4 || result.Kept != 0 || len(result.Objects) != 2 || result.Objects[1].Slot != "signature" || result.Objects[0].ID == "" || result.Objects[0].Certificate == nil {
		t.Errorf("result: %+v", result)
	}
	// Each write stands between two records, and so do the changes of a key's CKA_ID.
	var noted []string
	for _, r := range b.journals.records {
		noted = append(noted, r.Event+" "+r.ID)
	}
	wantNoted := []string{"run ", "start op-03", "start op-03", "done op-03", "start op-04", "done op-04", "start op-05", "done op-05",
		"start op-08", "start op-08", "done op-08", "start op-09", "done op-09", "start op-10", "done op-10", "end "}
	if diff := cmp.Diff(wantNoted, noted); diff != "" {
		t.Errorf("journal:\n%s", diff)
	}
}

// tap stands before the tokens of a module and changes what they say.
type tap struct {
	exec.Module
	info       func(*exec.TokenInfo)
	attributes func([]exec.Attribute)
	fail       map[string]error // by call
	create     func([]exec.Attribute) error
}

func (p *tap) Slots(ctx context.Context) ([]exec.Slot, error) {
	slots, err := p.Module.Slots(ctx)
	for i := range slots {
		if p.info != nil {
			p.info(&slots[i].Token)
		}
	}
	return slots, err
}

func (p *tap) Token(id exec.SlotID) exec.Token { return &tappedToken{p.Module.Token(id), p} }

type tappedToken struct {
	exec.Token
	tap *tap
}

func (t *tappedToken) Info(ctx context.Context) (exec.TokenInfo, error) {
	info, err := t.Token.Info(ctx)
	if t.tap.info != nil {
		t.tap.info(&info)
	}
	return info, err
}

func (t *tappedToken) Attributes(ctx context.Context, o exec.Object, types ...exec.AttributeType) ([]exec.Attribute, error) {
	attrs, err := t.Token.Attributes(ctx, o, types...)
	if t.tap.attributes != nil {
		t.tap.attributes(attrs)
	}
	return attrs, err
}

func (t *tappedToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	if err := t.tap.fail["C_GenerateKeyPair"]; err != nil {
		return 0, 0, err
	}
	return t.Token.GenerateKeyPair(ctx, m, public, private)
}

func (t *tappedToken) CreateObject(ctx context.Context, a []exec.Attribute) (exec.Object, error) {
	if err := t.tap.fail["C_CreateObject"]; err != nil {
		return 0, err
	}
	if t.tap.create != nil {
		if err := t.tap.create(a); err != nil {
			return 0, err
		}
	}
	return t.Token.CreateObject(ctx, a)
}

func (t *tappedToken) SetPIN(ctx context.Context, old, new exec.Credential) error {
	if err := t.tap.fail["C_SetPIN"]; err != nil {
		return err
	}
	return t.Token.SetPIN(ctx, old, new)
}

func TestReadBackFindsEveryLie(t *testing.T) {
	key := map[exec.AttributeType]string{exec.CKALabel: "CKA_LABEL", exec.CKAID: "CKA_ID", exec.CKAPrivate: "CKA_PRIVATE", exec.CKASensitive: "CKA_SENSITIVE",
		exec.CKAExtractable: "CKA_EXTRACTABLE", exec.CKAAlwaysSensitive: "CKA_ALWAYS_SENSITIVE", exec.CKANeverExtractable: "CKA_NEVER_EXTRACTABLE",
		exec.CKALocal: "CKA_LOCAL", exec.CKASign: "CKA_SIGN", exec.CKADecrypt: "CKA_DECRYPT"}
	cert := map[exec.AttributeType]string{exec.CKALabel: "CKA_LABEL", exec.CKAID: "CKA_ID", exec.CKAValue: "CKA_VALUE", exec.CKASubject: "CKA_SUBJECT",
		exec.CKAIssuer: "CKA_ISSUER", exec.CKASerialNumber: "CKA_SERIAL_NUMBER"}
	for _, c := range []struct {
		what, op string
		marks    exec.AttributeType // only this kind of object is asked for it
		names    map[exec.AttributeType]string
	}{{"private key", "op-03 genkey", exec.CKAAlwaysSensitive, key}, {"certificate", "op-05 putcert", exec.CKASerialNumber, cert}} {
		for lie, name := range c.names {
			t.Run(c.what+" "+name, func(t *testing.T) {
				b := newBench(t, oneKey, model.Start{})
				b.Module = &tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
					if !slices.ContainsFunc(attrs, func(a exec.Attribute) bool { return a.Type == c.marks }) {
						return
					}
					for i := range attrs {
						if attrs[i].Type == lie {
							attrs[i].Value = append(bytes.Clone(attrs[i].Value), 7)
						}
					}
				}}
				_, err := b.apply()
				e := refused(t, err, exec.Device, "the "+c.what+" reads back with another "+name)
				if e.Op != c.op || b.ids(exec.Failed)[0] != c.op {
					t.Errorf("op %q, failed %v", e.Op, b.ids(exec.Failed))
				}
				if slices.Contains(b.ids(exec.Done), c.op) || b.journals.records[len(b.journals.records)-1].Event != "failed" {
					t.Errorf("went on: %v, %+v", b.ids(exec.Done), b.journals.records)
				}
			})
		}
	}
}

func TestPINsAreNotTriedAgainstTheFlags(t *testing.T) {
	for _, c := range []struct {
		name, text   string
		flags, clear exec.TokenFlags
		spend        bool
		want         string // "" is a good end
	}{
		{"user locked", oneKey, exec.FlagUserPINLocked, 0, false, "the PIN is locked"},
		{"user locked, final try given away", oneKey, exec.FlagUserPINLocked, 0, true, "the PIN is locked"},
		{"user at the final try", oneKey, exec.FlagUserPINFinalTry, 0, false, "one more wrong PIN locks the token"},
		{"user at the final try, given away", oneKey, exec.FlagUserPINFinalTry, 0, true, ""},
		{"user had a wrong try", oneKey, exec.FlagUserPINCountLow, 0, false, ""},
		{"no user PIN", oneKey, 0, exec.FlagUserPINInit, false, "no user PIN was ever set"},
		{"not initialised", oneKey, 0, exec.FlagTokenInitialized, false, "not initialised"},
		{"change while locked", changePIN, exec.FlagUserPINLocked, 0, false, "the PIN is locked"},
		{"change at the final try", changePIN, exec.FlagUserPINFinalTry, 0, false, "one more wrong PIN locks the token"},
		{"SO locked", newPUK, exec.FlagSOPINLocked, 0, false, "the SO PIN is locked"},
		{"SO at the final try", newPUK, exec.FlagSOPINFinalTry, 0, false, "one more wrong SO PIN locks the token"},
		{"SO at the final try, given away", newPUK, exec.FlagSOPINFinalTry, 0, true, ""},
		{"user locked, and the PUK is there to unlock it", newPUK, exec.FlagUserPINLocked, 0, false, ""},
		{"initialise while the SO is locked", initialise, exec.FlagSOPINLocked, 0, false, "the SO PIN is locked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.text, model.Start{})
			b.SpendFinalTry, b.DestroyConfirmed = c.spend, true
			b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) {
				if count(b.module.Calls, "C_InitPIN") == 0 {
					i.Flags = i.Flags&^c.clear | c.flags
				}
			}}
			_, err := b.apply()
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refused(t, err, exec.Refused, c.want)
			for _, call := range b.module.Calls {
				if strings.Contains(call, "C_Login") || strings.Contains(call, "C_SetPIN") || strings.Contains(call, "C_InitToken") {
					t.Errorf("the token was asked all the same: %v", b.module.Calls)
				}
			}
		})
	}
}

func TestErrorNamesOpSlotAndCall(t *testing.T) {
	b := newBench(t, bothSlots, model.Start{})
	failing := &tap{Module: b.module, fail: map[string]error{"C_GenerateKeyPair": &exec.Error{Kind: exec.Device, Call: "C_GenerateKeyPair", CKR: exec.CKRDeviceMemory}}}
	b.Module = failing
	_, err := b.apply()
	e := refused(t, err, exec.Device, `op-03 genkey: default slot, token "default" (serial model-default): C_GenerateKeyPair: CKR_DEVICE_MEMORY`)
	if e.Op != "op-03 genkey" || e.Call != "C_GenerateKeyPair" || e.Help() == "" {
		t.Errorf("%+v, help %q", e, e.Help())
	}
	last := b.events[len(b.events)-1]
	if last.State != exec.Failed || last.ID != "op-03" || last.Detail != err.Error() {
		t.Errorf("last event %+v", last)
	}
	// The session does not stay open behind the failure.
	if !slices.Contains(b.module.Calls, "default C_CloseSession") {
		t.Errorf("calls: %v", b.module.Calls)
	}
}

func TestWrongPINIsOneTry(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	if _, err := b.apply(); err != nil { // the model learns the PIN
		t.Fatal(err)
	}
	b.Inputs.Secrets["CARD"] = secret.FromString("4711")
	b.module.Calls, b.Journals = nil, b.journals.next()
	_, err := b.apply()
	e := refused(t, err, exec.Device, "op-02 login", "field CARD is wrong; it is not tried again")
	if e.CKR != exec.CKRPINIncorrect {
		t.Errorf("CKR %s", e.CKR)
	}
	logins := 0
	for _, c := range b.module.Calls {
		if strings.Contains(c, "C_Login") {
			logins++
		}
	}
	if logins != 1 {
		t.Errorf("%d logins", logins)
	}
}

func TestForeignObjectsAreRefused(t *testing.T) {
	for _, class := range []uint64{exec.CKOPublicKey, exec.CKOPrivateKey, exec.CKOCertificate} {
		b := newBench(t, oneKey, model.Start{})
		plant(t, b, class)
		_, err := b.apply()
		refused(t, err, exec.Refused, "op-03 genkey", `with the label "auth" is on the token already`, "--existing add")
		if slices.Contains(b.module.Calls, "default C_GenerateKeyPair") {
			t.Errorf("class %d: a key was generated", class)
		}
		b.AllowExisting, b.Journals = true, &journals{}
		if _, err := b.apply(); err != nil {
			t.Errorf("class %d: %v", class, err)
		}
	}
}

// plant puts an object of the label "auth" on the default token.
func plant(t *testing.T, b *bench, class uint64) {
	t.Helper()
	ctx, token := context.Background(), b.module.Token(0)
	for _, err := range []error{token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "field CARD", Secret: b.Inputs.Secrets["CARD"]})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	attrs := []exec.Attribute{exec.Ulong(exec.CKAClass, class), exec.Text(exec.CKALabel, "auth"), exec.Bytes(exec.CKAID, []byte{1}), exec.Bool(exec.CKAPrivate, class == exec.CKOPrivateKey),
		exec.Ulong(exec.CKAKeyType, exec.CKKRSA), exec.Bytes(exec.CKAModulus, []byte{9})}
	if _, err := token.CreateObject(ctx, attrs); err != nil {
		t.Fatal(err)
	}
	if err := token.CloseSession(ctx); err != nil {
		t.Fatal(err)
	}
	b.module.Calls = nil
}

// otherKey is a CA that returns a certificate for a key that it was not asked
// about.
type otherKey struct{ model.Issuer }

func (i otherKey) Issue(ctx context.Context, r exec.CertificateRequest, b []byte) (exec.Certificate, error) {
	r.Key.Modulus = []byte{1, 2, 3}
	return i.Issuer.Issue(ctx, r, b)
}

func TestCertificateForAnotherKeyIsNotWritten(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	b.Issuer = otherKey{}
	_, err := b.apply()
	refused(t, err, exec.Device, "op-04 reqcert", "the CA returned a certificate for another key")
	if slices.Contains(b.module.Calls, "default C_CreateObject") {
		t.Error("it was written")
	}
}

// recalling is a CA that is told what it issued before.
type recalling struct {
	model.Issuer
	previous *[]*exec.Certificate
}

func (i recalling) Issue(ctx context.Context, r exec.CertificateRequest, b []byte) (exec.Certificate, error) {
	*i.previous = append(*i.previous, r.Previous)
	return i.Issuer.Issue(ctx, r, b)
}

// TestPreviousCertificateIsCompared wants the certificate of the run before beside the
// request for the one that comes in its place.
func TestPreviousCertificateIsCompared(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	var previous []*exec.Certificate
	b.Issuer = recalling{previous: &previous}
	for _, b.AllowExisting = range []bool{false, true} {
		if _, err := b.again(); err != nil {
			t.Fatal(err)
		}
	}
	if len(previous) != 2 || previous[0] != nil || previous[1] == nil {
		t.Errorf("the CA was told of %v", previous)
	}
}

// stopAt cancels a run when an op starts.
type stopAt struct {
	bench  *bench
	id     string
	cancel context.CancelFunc
}

func (s stopAt) Event(e exec.Event) {
	s.bench.Event(e)
	if e.ID == s.id && e.State == exec.Done {
		s.cancel()
	}
}

func TestCancelledBetweenOps(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	ctx, cancel := context.WithCancel(context.Background())
	b.Observer = stopAt{b, "op-03", cancel}
	_, err := exec.Apply(ctx, b.Options)
	refused(t, err, exec.Device, "op-04 reqcert", "interrupted before this op", "run the same command again")
	if got := b.ids(exec.Done); got[len(got)-1] != "op-03 genkey" {
		t.Errorf("done: %v", got)
	}
	b.Observer = b
	result, err := b.again()
	if err != nil || result.Ran != 1 || result.Kept != 1 {
		t.Errorf("going on: %+v, %v", result, err)
	}
}

func TestCancelledBefore(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := exec.Apply(ctx, b.Options); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(b.module.Calls) != 0 {
		t.Errorf("calls: %v", b.module.Calls)
	}
}

func TestMissingValues(t *testing.T) {
	b := newBench(t, bothSlots, model.Start{})
	b.Plan = lower(t, bothSlots, nil)
	b.Plan.Needs = []string{"CARD", "SIGN"}
	delete(b.Inputs.Secrets, "SIGN")
	_, err := b.apply()
	refused(t, err, exec.Refused, "no value for SIGN", "--field SIGN")

	b = newBench(t, oneKey, model.Start{})
	b.Inputs.Secrets["CARD"] = secret.FromString("")
	_, err = b.apply()
	refused(t, err, exec.Refused, "field CARD is empty")

	located := strings.Replace(strings.Replace(bothSlots, "Location=#Signature", "Location=WHERE", 1), "SIGN=\n", "SIGN=\nWHERE=\n", 1)
	b = newBench(t, located, model.Start{})
	_, err = b.apply()
	refused(t, err, exec.Refused, "field WHERE decides the slot and has no value")
	for want, at := range map[string]string{"Signature": "signature", "SIGNATURE": "signature", "Card": "default", "": "default"} {
		pl := lower(t, located, map[string]string{"WHERE": want})
		for _, op := range pl.Ops {
			if op.Application == "B" && op.Slot != at {
				t.Errorf("WHERE=%q: %s is in the slot %s, want %s", want, op.ID, op.Slot, at)
			}
		}
	}
}

func TestOneTokenForBothSlots(t *testing.T) {
	b := newBench(t, bothSlots, model.Start{})
	b.Selectors = map[string]exec.Selector{"default": selector(t, "default"), "signature": selector(t, "default")}
	_, err := b.apply()
	refused(t, err, exec.Refused, "both slots are one", "--signature-token")
	b.Selectors = map[string]exec.Selector{"default": selector(t, "default")}
	_, err = b.apply()
	refused(t, err, exec.Refused, "nothing says which token holds the signature slot")
}

func TestDestroyingWantsAYes(t *testing.T) {
	b := newBench(t, initialise, model.Start{})
	_, err := b.apply()
	refused(t, err, exec.Refused, "op-02 inittoken", "nobody said yes", "--yes")
	if len(b.module.Calls) != 0 {
		t.Errorf("calls: %v", b.module.Calls)
	}
	b = newBench(t, initialise, model.Start{Fresh: true})
	result, err := b.apply()
	if err != nil {
		t.Fatalf("a fresh token has nothing to destroy: %v", err)
	}
	if got := result.Tokens["default"]; got.Label != "New label" || !got.Flags.Has(exec.FlagUserPINInit) {
		t.Errorf("token %+v", got)
	}
}

func TestSecretsAreWipedWhateverTheEnd(t *testing.T) {
	for _, fail := range []bool{false, true} {
		b := newBench(t, newPUK, model.Start{})
		if fail {
			b.Module = &tap{Module: b.module, fail: map[string]error{"C_SetPIN": &exec.Error{Kind: exec.Device, Call: "C_SetPIN", CKR: exec.CKRGeneralError}}}
		}
		held := b.Inputs.Secrets["CARD"]
		if _, err := b.apply(); (err != nil) != fail {
			t.Fatalf("fail %v: %v", fail, err)
		}
		if held.Len() != 0 {
			t.Errorf("fail %v: the value that ClearFields names is still there", fail)
		}
	}
}

func TestTooShortPINsAreRefusedBeforeAnyWrite(t *testing.T) {
	b := newBench(t, newPUK, model.Start{})
	b.Inputs.Secrets["CARD"] = secret.FromString("123")
	_, err := b.apply()
	refused(t, err, exec.Refused, "field CARD has fewer than 4 characters")
	b = newBench(t, newPUK, model.Start{})
	b.Inputs.Secrets["NEW"] = secret.FromString(strings.Repeat("9", 256))
	_, err = b.apply()
	refused(t, err, exec.Refused, "field NEW has more than 255 characters")
	b = newBench(t, newPUK, model.Start{})
	b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.MaxPIN = 5 }}
	_, err = b.apply()
	refused(t, err, exec.Refused, "has more than 5 characters")
	if len(b.module.Calls) != 0 {
		t.Errorf("calls: %v", b.module.Calls)
	}
}

// TestOldValuesOfAnotherLength: a token cannot have such a PIN or PUK, so that to show
// it would only cost a try. What a new value has to match, an old one need not.
func TestOldValuesOfAnotherLength(t *testing.T) {
	validated := changePIN + "PIN_Validation=reg_exp([0-9]+)\n"
	for _, text := range []string{changePIN, validated} {
		for old, says := range map[string]string{"1": "has fewer than 4 characters", strings.Repeat("9", 300): "has more than 255 characters"} {
			b := newBench(t, text, model.Start{})
			b.Prompter = answers{old, "4712"}
			_, err := b.apply()
			refused(t, err, exec.Refused, "op-02 setpin", says)
			if len(b.module.Calls) != 0 {
				t.Errorf("calls: %v", b.module.Calls)
			}
		}
		b := newBench(t, text, model.Start{})
		b.Prompter = answers{"old-4711", "4712"}
		if _, err := b.apply(); err != nil {
			t.Error(err)
		}
	}
}

// prompter fails as one without a terminal does.
type nobody struct{}

func (answers) Confirm(context.Context, string) bool { return false }

func (nobody) Confirm(context.Context, string) bool { return false }

func (nobody) Ask(context.Context, exec.Question) (exec.Answer, error) {
	return exec.Answer{}, fmt.Errorf("nobody is here")
}

func TestNobodyToAsk(t *testing.T) {
	b := newBench(t, changePIN, model.Start{})
	b.Prompter = nobody{}
	_, err := b.apply()
	refused(t, err, exec.Refused, "asking for PIN: nobody is here", "--answer PIN")
	if len(b.module.Calls) != 0 {
		t.Errorf("calls: %v", b.module.Calls)
	}
}

// TestKeyThatCanBeRead: a token that calls a key sensitive and gives it away is
// found by asking.
func TestKeyThatCanBeRead(t *testing.T) {
	for text, part := range map[string]exec.AttributeType{oneKey: exec.CKAPrivateExponent, strings.Replace(oneKey, "KeySize=2048", "ECCurve=P-256", 1): exec.CKAValue} {
		b := newBench(t, text, model.Start{})
		b.Module = &tap{Module: b.module, attributes: func(attrs []exec.Attribute) {
			if len(attrs) == 1 && attrs[0].Type == part {
				attrs[0].Value = []byte{1, 2, 3}
			}
		}}
		_, err := b.apply()
		refused(t, err, exec.Device, "genkey", "gives it away", "can be copied")
	}
}

// oneWindow is a token whose slots see the same objects.
type oneWindow struct{ exec.Module }

func (o oneWindow) Token(id exec.SlotID) exec.Token {
	t := o.Module.Token(id)
	if id == 0 {
		return windowToken{t, o.Module.Token(1)}
	}
	return t
}

type windowToken struct {
	exec.Token
	other exec.Token
}

func (w windowToken) FindObjects(ctx context.Context, a []exec.Attribute) ([]exec.Object, error) {
	here, err := w.Token.FindObjects(ctx, a)
	if len(here) > 0 || err != nil {
		return here, err
	}
	there, err := w.other.FindObjects(ctx, a)
	if err != nil { // closed there
		return here, nil
	}
	return there, nil
}

// TestKeyUnderTheOtherPIN: a signature key that shows under the PIN of the default
// slot fails the op that made it.
func TestKeyUnderTheOtherPIN(t *testing.T) {
	b := newBench(t, bothSlots, model.Start{})
	b.Module = oneWindow{b.module}
	_, err := b.apply()
	refused(t, err, exec.Device, "op-08 genkey", "signature slot", "can be used under the PIN of the default slot")
}

// TestPINsThatMustBeChanged are told of at the end of a run.
func TestPINsThatMustBeChanged(t *testing.T) {
	b := newBench(t, oneKey, model.Start{})
	b.Module = &tap{Module: b.module, info: func(i *exec.TokenInfo) { i.Flags |= exec.FlagSOPINToChange }}
	result, err := b.apply()
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "the SO PIN of token \"default\" (serial model-default) (default slot) has to be changed") {
		t.Errorf("%q", result.Notes)
	}
}

// TestEachCardIsListedOnce: a card with two slots shows its serial number in both. Where a
// profile knows of no such card, two tokens of one number are two.
func TestEachCardIsListedOnce(t *testing.T) {
	for of, want := range map[string]string{"opensc": "77,78", "generic": "77,78", "softhsm": "77,77,78"} {
		b := newBenchOn(t, "[Description]\nPKCS11Library=x.dll\nRetrieveAllTokens=true\nAllTokensIccsnsField=OUT\n[Fields]\nOUT=\n", of)
		b.Module = twoSlots{b.Module}
		result, err := b.apply()
		if err != nil || result.Outputs["OUT"] != want {
			t.Errorf("%s: %q, %v, want %s", of, result.Outputs["OUT"], err, want)
		}
	}
}

// twoSlots has a card with two slots, whose first one may not be in use, and another card.
type twoSlots struct{ exec.Module }

func (twoSlots) Slots(context.Context) ([]exec.Slot, error) {
	blank, used := exec.TokenInfo{Model: "m", Serial: "77"}, exec.TokenInfo{Model: "m", Serial: "77", Flags: exec.FlagTokenInitialized}
	other := used
	other.Serial = "78"
	return []exec.Slot{{ID: 1, Token: blank}, {ID: 2, Token: used}, {ID: 3, Token: used}, {ID: 4, Token: other}}, nil
}

// TestRowHasARecord: the run of a row is noted with its name, though it wrote nothing.
func TestRowHasARecord(t *testing.T) {
	b := newBench(t, "[Description]\nPKCS11Library=x.dll\nRetrieveAllTokens=true\nAllTokensIccsnsField=OUT\n[Fields]\nOUT=\n", model.Start{})
	for _, row := range []string{"", "r1"} {
		b.Batch, b.Row, b.journals.records = "cards", row, nil
		if _, err := b.apply(); err != nil {
			t.Fatal(err)
		}
		got := b.journals.records
		if row == "" && len(got) != 0 || row != "" && (len(got) != 2 || got[0].Batch != "cards" || got[0].Row != row || got[1].Event != "end") {
			t.Errorf("%q: %+v", row, got)
		}
	}
}
