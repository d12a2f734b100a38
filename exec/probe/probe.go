package probe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/internal/secret"
)

// Options are what a probe needs.
type Options struct {
	// Start starts the module; it is called again to see what a new start
	// changes.
	Start func(ctx context.Context) (exec.Module, error)
	// Selector names the scratch token.
	Selector exec.Selector
	// SO is the SO PIN: the present one of an initialised token, and of a fresh
	// one that which it gets, or that of delivery where there is one. User is the
	// user PIN: the present one, if there is one, and afterwards.
	SO, User secret.Secret
	// Signature names a second slot of the token, or a second token that stands for
	// one, and SignaturePIN its user PIN; zero for none. It is not initialised, and
	// holds nothing before and after.
	Signature    exec.Selector
	SignaturePIN secret.Secret
	// SpendTries allows wrong PINs, which tell whether and when the token locks.
	// It may lock it for good.
	SpendTries bool
	// Confirm is asked before the first call that writes.
	Confirm func(t exec.TokenInfo) error
	// Hold keeps runs off the tokens, by slot, until the probe has ended, and counts
	// what is shown to them. It is called before anything is, and again when the
	// scratch token has become another one.
	Hold func(m exec.ModuleInfo, tokens map[string]exec.TokenInfo) (Held, error)
	// Step is told what is tried next; nil for nobody.
	Step func(what string)
}

// Held are tokens that nobody else works on.
type Held interface {
	// Show has a value shown to the token of a slot, as "user" or "so", and counts it.
	Show(slot, who string, c exec.Credential, call func() error) error
	// Note keeps the forms that the credentials of a token may have, in place of what it
	// kept before; none are taken away. It is called before they change.
	Note(t exec.TokenInfo, f Forms) error
	// Noted gives what was kept of a token and not taken away, since a probe was cut off.
	Noted(t exec.TokenInfo) (Forms, error)
}

// Fact is a fact that was found, with what was seen.
type Fact struct {
	Name   profile.FactName
	Is     any // bool, int, string or []string, by the kind of the fact
	Source string
}

// Result is what a probe found.
type Result struct {
	Module exec.ModuleInfo
	// Token is the scratch token as it was found first.
	Token exec.TokenInfo
	Facts []Fact
	// Notes are what was seen and no fact holds.
	Notes []string
}

// Fact gives the value of a fact, nil where it was not found.
func (r *Result) Fact(name profile.FactName) any {
	for _, f := range r.Facts {
		if f.Name == name {
			return f.Is
		}
	}
	return nil
}

// labelBegin begins the label that the scratch token gets. What follows is another one
// each time, so that the token is found again among others.
const labelBegin = "INSCRIBE PROBE "

// prober is one probe.
type prober struct {
	o      Options
	ctx    context.Context
	module exec.Module
	slot   exec.SlotID
	reader string // what the slot says it is
	token  exec.Token
	info   exec.TokenInfo  // as it was read last
	fresh  bool            // it was not initialised
	label  string          // that the script gives it
	so     pinValue        // the SO PIN that holds now
	user   pinValue        // the user PIN that holds now; not set where there is none
	forms  Forms           // that are noted of them
	oneWay map[string]bool // who takes a former value no second time
	open   bool
	wrote  bool // the token was initialised, or would have been
	inited bool // the first C_InitToken reported success
	reinit bool // and the second one, under the SO PIN that was given
	bits   int  // of the RSA keys that tries are made with; 0 for none
	second *second
	held   Held
	result *Result
}

// second is the slot that stands beside the scratch token.
type second struct {
	token exec.Token
	info  exec.TokenInfo
	open  bool
}

// stop ends a probe; it is panicked with and recovered in Run, since a module
// that is gone ends every step of the script alike.
type stop struct{ err error }

// Run probes a token. On an error the result holds what was found until then.
func Run(ctx context.Context, o Options) (result *Result, err error) {
	var tail [4]byte
	_, _ = rand.Read(tail[:])
	p := &prober{o: o, ctx: ctx, label: labelBegin + hex.EncodeToString(tail[:]), oneWay: map[string]bool{}, result: &Result{}}
	p.so, p.user = p.known("so"), p.known("user")
	defer func() {
		if r := recover(); r != nil {
			s, ours := r.(stop)
			if !ours {
				panic(r)
			}
			result, err = p.result, s.err
			p.tidy()
		}
		if p.module != nil {
			if closed := p.module.Close(); err == nil {
				err = closed
			}
		}
	}()
	p.script()
	return p.result, nil
}

func (p *prober) script() {
	p.step("choosing the token")
	p.choose()
	p.step("initialising the token")
	p.initialise()
	p.step("starting the module anew")
	p.reload()
	p.step("setting the first user PIN")
	usable := p.firstPIN()
	if p.read(); p.info.Flags.Has(exec.FlagTokenInitialized) && p.inited && p.result.Fact(profile.InitToken) == nil {
		p.initialised()
	}
	if p.inited {
		p.fact(profile.InitToken, false, "C_InitToken reports success, and the token is not initialised")
	}
	if !usable {
		p.note("without a login as user nothing more could be tried")
		p.settle()
		return
	}
	p.step("initialising the token again")
	p.again()
	p.step("changing PINs")
	p.changes()
	p.step("trying lengths of PINs")
	p.lengths()
	p.step("generating keys")
	p.keys()
	// Some modules hold on to what is long destroyed, until nothing more fits.
	p.restart()
	p.step("trying attributes")
	p.attributes()
	p.step("importing keys and data")
	p.imports()
	if p.second != nil {
		p.restart()
		p.step("trying both slots")
		p.both()
	}
	p.restart()
	p.step("trying always-authenticate")
	p.alwaysAuthenticate()
	locked := false
	if p.o.SpendTries {
		p.step("spending PIN tries")
		locked = !p.spend()
	}
	if p.o.SpendTries && !locked {
		p.step("initialising the token under another SO PIN")
		p.anew()
	}
	p.restore()
	p.clean()
	p.settle()
}

func (p *prober) step(what string) {
	if p.o.Step != nil {
		p.o.Step(what)
	}
}

// The roles of the tokens, as descriptions name them.
const (
	scratch   = "default"
	signature = "signature"
)

// fact notes a fact; the first finding of a fact stands.
func (p *prober) fact(name profile.FactName, is any, format string, args ...any) {
	if p.result.Fact(name) != nil {
		return
	}
	p.result.Facts = append(p.result.Facts, Fact{name, is, "seen by inscribe probe on " + p.version() + ": " + fmt.Sprintf(format, args...)})
}

func (p *prober) version() string {
	m := p.result.Module
	return strings.TrimSpace(m.Manufacturer + " " + m.LibraryVersion)
}

func (p *prober) note(format string, args ...any) {
	p.result.Notes = append(p.result.Notes, fmt.Sprintf(format, args...))
}

// must ends the probe at an error of any kind.
func (p *prober) must(err error) {
	if err != nil {
		panic(stop{err})
	}
}

// rv gives the module's answer to a call. Where there is none, the module is gone
// and the probe ends.
func (p *prober) rv(err error) exec.CKR {
	var e *exec.Error
	if err == nil {
		return exec.CKROK
	}
	if errors.As(err, &e) && e.CKR != exec.CKROK {
		return e.CKR
	}
	panic(stop{err})
}

func (p *prober) fail(kind exec.Kind, advice, format string, args ...any) {
	panic(stop{&exec.Error{Kind: kind, Message: fmt.Sprintf(format, args...), Advice: advice}})
}

func credential(name string, value secret.Secret) exec.Credential {
	return exec.Credential{Name: name, Secret: value}
}

// choose finds the token and makes sure that it holds nothing.
func (p *prober) choose() {
	var err error
	p.module, err = p.o.Start(p.ctx)
	p.must(err)
	p.result.Module, err = p.module.Info(p.ctx)
	p.must(err)
	slots, err := p.module.Slots(p.ctx)
	p.must(err)
	slot, err := p.o.Selector.Choose(slots, "scratch")
	p.must(err)
	p.slot, p.reader, p.token, p.info = slot.ID, slot.Description, p.module.Token(slot.ID), slot.Token
	p.result.Token, p.fresh = slot.Token, !slot.Token.Flags.Has(exec.FlagTokenInitialized)
	hold := map[string]exec.TokenInfo{scratch: p.info}
	if !p.o.Signature.IsZero() {
		p.besides(slots)
		hold[signature] = p.second.info
	}
	p.hold(hold)
	if !p.fresh {
		p.forms, err = p.held.Noted(p.info)
		p.must(err)
	}
	if p.user = nobody; !p.fresh {
		p.user = p.empty(scratch, p.token, p.info, "--pin", p.noted("user"))
	}
	if s := p.second; s != nil && !p.empty(signature, s.token, s.info, "--signature-pin", []pinValue{{p.o.SignaturePIN, given}}).IsSet() {
		p.fail(exec.Refused, "initialise it first, and set its PIN", "the signature slot has no user PIN")
	}
	p.serials(slots)
	p.fact(profile.PINPad, p.info.Flags.Has(exec.FlagProtectedAuthPath), "CKF_PROTECTED_AUTHENTICATION_PATH")
	if p.o.Confirm != nil {
		p.must(p.o.Confirm(p.info))
	}
}

// hold keeps runs off the tokens. Nothing is shown to one that a run is at work on.
func (p *prober) hold(tokens map[string]exec.TokenInfo) {
	var err error
	p.held, err = p.o.Hold(p.result.Module, tokens)
	p.must(err)
}

// besides chooses the second slot.
func (p *prober) besides(slots []exec.Slot) {
	slot, err := p.o.Signature.Choose(slots, "signature")
	p.must(err)
	if slot.ID == p.slot {
		p.fail(exec.Refused, "name another one with --signature-token", "the scratch token and the signature slot are the same")
	}
	p.second = &second{token: p.module.Token(slot.ID), info: slot.Token}
}

// empty refuses a token that holds anything, and gives its user PIN, if it has one: the
// first of the values that opens it. Private objects show only after a login.
func (p *prober) empty(role string, t exec.Token, info exec.TokenInfo, flag string, pins []pinValue) (pin pinValue) {
	refuse := func(n int) {
		p.fail(exec.Refused, "choose an empty token; a probe initialises it and destroys what it holds", "the token is not empty: it holds %s", map[bool]string{true: "1 object", false: strconv.Itoa(n) + " objects"}[n == 1])
	}
	// Features and profiles are objects too, and nobody's.
	const secretKey = 4
	count := func() int {
		n := 0
		for _, class := range []uint64{exec.CKOData, exec.CKOCertificate, exec.CKOPublicKey, exec.CKOPrivateKey, secretKey} {
			found, err := t.FindObjects(p.ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, class)})
			p.must(err)
			n += len(found)
		}
		return n
	}
	p.must(t.OpenSession(p.ctx))
	if n := count(); n > 0 {
		refuse(n)
	}
	if info.Flags.Has(exec.FlagUserPINInit) {
		if info.Flags.Has(exec.FlagUserPINLocked) || info.Flags.Has(exec.FlagUserPINFinalTry) {
			p.fail(exec.Refused, "choose another token", "the user PIN is locked or at its final try, so nobody can see whether private objects are there")
		}
		pin = p.show(role, "user", exec.NormalUser, flag, t, pins)
		if n := count(); n > 0 {
			refuse(n)
		}
	}
	p.must(t.CloseSession(p.ctx))
	return pin
}

// serials tells whether serial numbers tell tokens apart, and whether the token has
// two slots.
func (p *prober) serials(slots []exec.Slot) {
	for _, s := range slots {
		if s.ID != p.slot && strings.Trim(s.Token.Serial, "0 ") != "" && s.Token.Serial == p.info.Serial && s.Token.Model == p.info.Model && s.Description == p.reader {
			p.fact(profile.SignatureSlot, true, "two slots in the reader %s show the serial number %q", p.reader, p.info.Serial)
		}
	}
	seen := map[string]int{}
	tokens := 0
	for _, s := range slots {
		if s.Token.Flags.Has(exec.FlagTokenInitialized) {
			seen[s.Token.Serial]++
			tokens++
		}
	}
	for serial, n := range seen {
		if n > 1 || strings.Trim(serial, "0 ") == "" {
			p.fact(profile.UniqueSerial, false, "%d tokens have the serial number %q", n, serial)
			return
		}
	}
	if tokens > 1 {
		p.fact(profile.UniqueSerial, true, "%d tokens have a serial number each", tokens)
	}
}

// initialise is the first C_InitToken.
func (p *prober) initialise() {
	before := p.info
	p.putBack()
	p.wrote = true
	if known := profile.ForManufacturer(p.result.Module.Manufacturer); !p.fresh && known != nil && known.Is(profile.InitToken) == profile.No {
		p.note("C_InitToken was not tried: the profile %s says that it does not work (%s), and it may destroy the card", known.Name, known.Get(profile.InitToken).Source)
		return
	}
	c := credential("the SO PIN", p.so.Secret)
	initialise := func() error { return p.token.InitToken(p.ctx, c, p.label) }
	var err error
	if p.fresh {
		err = initialise()
	} else {
		err = p.held.Show(scratch, "so", c, initialise)
	}
	var e *exec.Error
	if errors.As(err, &e) && e.Kind == exec.Refused {
		p.wrote = false // it was not even shown
	}
	rv := p.rv(err)
	switch {
	case rv.WrongPIN() && p.fresh:
		p.wrote = false
		p.note("a fresh token has an SO PIN already, and C_InitToken wants it")
		p.fail(exec.Device, "give the SO PIN of delivery, which the vendor's manual tells", "the token wants another SO PIN than the one given (%s); it is not tried again", rv)
	case rv.WrongPIN():
		p.wrote = false // one wrong answer is enough
		p.fail(exec.Device, "give the present SO PIN", "the SO PIN is wrong (%s); it is not tried again", rv)
	case rv != exec.CKROK:
		p.fact(profile.InitToken, false, "C_InitToken answers %s", rv)
		p.note("C_InitToken answers %s", rv)
		if p.fresh {
			p.fail(exec.Device, "initialise it with the vendor's tool, and probe it then", "the token cannot be initialised: %s", rv)
		}
		p.read()
		return
	}
	p.inited = true
	p.find(before)
	p.called()
	p.hold(map[string]exec.TokenInfo{scratch: p.info})
	if !p.info.Flags.Has(exec.FlagTokenInitialized) {
		// On some tokens only the first user PIN makes it so.
		p.note("CKF_TOKEN_INITIALIZED is not set after C_InitToken")
	} else {
		p.initialised()
	}
	p.user = nobody
	if p.info.Label != p.label {
		p.note("C_InitToken does not take the label: it reads back as %q", p.info.Label)
	}
	if p.fresh {
		p.fact(profile.SerialStays, before.Serial == p.info.Serial, "the serial number was %q before C_InitToken and is %q after it", before.Serial, p.info.Serial)
	} else if before.Serial != p.info.Serial {
		p.note("C_InitToken on an initialised token changes the serial number from %q to %q", before.Serial, p.info.Serial)
	}
}

// initialised notes that C_InitToken works.
func (p *prober) initialised() {
	p.fact(profile.InitToken, true, "C_InitToken on %s token", map[bool]string{true: "a fresh", false: "an initialised"}[p.fresh])
}

// find looks for the token after an initialisation or a new start of the module:
// by the label that it got, and where the module takes none by its slot and serial
// number. Nothing that merely looks like it is taken, for it is written to.
func (p *prober) find(before exec.TokenInfo) {
	slots, err := p.module.Slots(p.ctx)
	p.must(err)
	by := func(is func(exec.Slot) bool) *exec.Slot {
		var found *exec.Slot
		for i := range slots {
			if !is(slots[i]) {
				continue
			}
			if found != nil {
				return nil
			}
			found = &slots[i]
		}
		return found
	}
	slot := by(func(s exec.Slot) bool { return s.Token.Label == p.label })
	if slot == nil {
		slot = by(func(s exec.Slot) bool {
			return s.ID == p.slot && s.Token.Label == before.Label && s.Token.Serial == before.Serial && s.Token.Model == before.Model
		})
	}
	if slot == nil {
		p.fail(exec.Device, "look with inscribe tokens what became of it", "the token is not to be found again")
	}
	p.slot, p.info = slot.ID, slot.Token
	p.token = p.module.Token(p.slot)
	if len(p.forms) > 0 && (before.Label != p.info.Label || before.Serial != p.info.Serial) {
		p.must(p.held.Note(p.info, p.forms))
		p.must(p.held.Note(before, nil))
	}
}

// called says by which name the token is found from now on, should the probe not come
// to its end.
func (p *prober) called() {
	if p.info.Label == p.label {
		p.step(fmt.Sprintf("the token is called %q now (--token %q)", p.label, p.label))
	}
}

func (p *prober) read() {
	info, err := p.token.Info(p.ctx)
	p.must(err)
	p.info = info
}

// reload starts the module anew and looks whether the slot kept its number.
func (p *prober) reload() {
	before := p.slot
	p.restart()
	// A fresh token has a serial number only now.
	slots, err := p.module.Slots(p.ctx)
	p.must(err)
	p.serials(slots)
	if p.slot == before {
		p.note("slot numbers: the same after a new start of the module")
	} else {
		p.note("slot numbers: another one after a new start of the module")
	}
}

// restart starts the module anew.
func (p *prober) restart() {
	info := p.info
	p.close()
	p.must(p.module.Close())
	p.module = nil
	module, err := p.o.Start(p.ctx)
	p.must(err)
	p.module = module
	p.find(info)
	if p.second == nil {
		return
	}
	slots, err := p.module.Slots(p.ctx)
	p.must(err)
	for _, s := range slots {
		if is := p.second.info; s.ID != p.slot && s.Token.Label == is.Label && s.Token.Serial == is.Serial && s.Token.Model == is.Model {
			p.second.token = p.module.Token(s.ID)
			return
		}
	}
	p.fail(exec.Device, "look with inscribe tokens what became of it", "the signature slot is not to be found again")
}

// as closes the session and opens a new one under the login: "", "user" or "so".
func (p *prober) as(who string) exec.CKR {
	p.close()
	if rv := p.rv(p.token.OpenSession(p.ctx)); rv != exec.CKROK {
		return rv
	}
	p.open = true
	switch who {
	case "user":
		return p.rv(p.token.Login(p.ctx, exec.NormalUser, credential("the user PIN", p.user.Secret)))
	case "so":
		return p.rv(p.token.Login(p.ctx, exec.SO, credential("the SO PIN", p.so.Secret)))
	}
	return exec.CKROK
}

// need is as, where nothing goes on without.
func (p *prober) need(who string) {
	if rv := p.as(who); rv != exec.CKROK {
		p.fail(exec.Device, "", "the login as %s, which worked before, answers %s", who, rv)
	}
}

func (p *prober) close() {
	if p.open {
		p.rv(p.token.CloseSession(p.ctx))
		p.open = false
	}
}

// digits makes a PIN of digits of a length, other than what is known. It is to be wrong,
// and never what a token is to have: see [Form].
func (p *prober) digits(n int) secret.Secret {
	for {
		b := make([]byte, n)
		_, _ = rand.Read(b)
		for i := range b {
			b[i] = '1' + b[i]%9
		}
		if s := secret.New(b); n < 2 || !s.Equal(p.user.Secret) && !s.Equal(p.so.Secret) {
			return s
		}
	}
}

// tidy leaves the token in order after a probe that ended early, as far as that
// goes: with the PINs that were given, and without the script's objects.
func (p *prober) tidy() {
	if p.module == nil || p.token == nil || !p.wrote {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(stop); !ours {
				panic(r)
			}
		}
	}()
	p.ctx = context.WithoutCancel(p.ctx)
	p.called()
	if p.opens("so") {
		p.restore()
		if p.as("so") == exec.CKROK && p.rv(p.token.InitPIN(p.ctx, credential("the user PIN", p.o.User))) == exec.CKROK {
			p.user = p.known("user")
		}
	}
	p.clean()
	p.settle()
}

// restore gives the token the SO PIN back that was given. One that takes a value of
// delivery no second time gets the user PIN, so that somebody knows it.
func (p *prober) restore() {
	for _, f := range []Form{given, likePIN} {
		if p.so.Equal(p.o.SO) {
			return
		}
		if p.as("so") != exec.CKROK {
			break
		}
		back := p.make("so", f)
		p.mayBe("so", p.so.form, f)
		if p.rv(p.token.SetPIN(p.ctx, credential("the SO PIN", p.so.Secret), credential("an SO PIN that was given", back.Secret))) != exec.CKROK {
			continue
		}
		if p.so = back; f == likePIN {
			p.note("the token does not take back the SO PIN that it had: its SO PIN is %s now", likePIN)
		}
		return
	}
	p.note("the token does not take back the SO PIN that it had: its SO PIN is %s", p.so.form)
}

// clean destroys what the script made.
func (p *prober) clean() {
	if s := p.second; s != nil && s.open {
		p.rv(s.token.CloseSession(p.ctx))
		s.open = false
	}
	if p.user.IsSet() && p.as("user") == exec.CKROK {
		objects, err := p.token.FindObjects(p.ctx, []exec.Attribute{exec.Text(exec.CKALabel, name)})
		p.must(err)
		for _, o := range objects {
			if rv := p.rv(p.token.DestroyObject(p.ctx, o)); rv != exec.CKROK {
				p.note("an object that the probe made cannot be destroyed: %s", rv)
			}
		}
	}
	p.close()
}
