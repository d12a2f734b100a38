package probe

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"inscribe/exec"
	"inscribe/internal/secret"
)

// Form says how a value that a probe sets is made of the one that was given. Whoever
// has that one can so tell what the token has, where a random value would be lost with
// a probe that is killed. A form holds no secret.
type Form string

// The forms, beside those of a length.
const (
	given   Form = "given"
	likePIN Form = "pin" // of the SO PIN: the value of the user PIN
)

// The kinds of the forms of a length.
const (
	kindChanged = "changed"
	kindLetters = "letters"
)

func changed(n int) Form { return Form(kindChanged + " " + strconv.Itoa(n)) }

func letters(n int) Form { return Form(kindLetters + " " + strconv.Itoa(n)) }

// sized gives the kind and the length of a form that has one.
func (f Form) sized() (kind string, n int) {
	kind, length, _ := strings.Cut(string(f), " ")
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > longest {
		return "", 0
	}
	return kind, n
}

// String says how to make the value.
func (f Form) String() string {
	switch kind, n := f.sized(); {
	case f == given:
		return "the value that was given"
	case f == likePIN:
		return "the value of --pin"
	case kind == kindChanged:
		return fmt.Sprintf("the value that was given, with 1 for its first character (2 where that is 1), again and again up to %d characters", n)
	case kind == kindLetters:
		return fmt.Sprintf("the characters aZ!9, again and again up to %d", n)
	}
	return "of an unknown form"
}

// Forms are the forms that a credential may have, of "so" and of "user".
type Forms map[string][]Form

// pinValue is what opens a token, and how it is made.
type pinValue struct {
	secret.Secret
	form Form
}

// nobody is the PIN of a token that has none.
var nobody pinValue

// known is the value that was given for a credential.
func (p *prober) known(who string) pinValue {
	if who == "so" {
		return pinValue{p.o.SO, given}
	}
	return pinValue{p.o.User, given}
}

// make makes the value of a form. One that nobody can make is not set.
func (p *prober) make(who string, f Form) pinValue {
	base := p.known(who)
	switch kind, n := f.sized(); {
	case f == given:
		return base
	case f == likePIN:
		return pinValue{p.o.User, f}
	case kind == kindLetters:
		return pinValue{secret.New(upTo([]byte("aZ!9"), n)), f}
	case kind == kindChanged:
		b := bytes.Clone(base.Reveal())
		for i := range b {
			if b[i] > 0x7f {
				b[i] = '0' // half a character is none
			}
		}
		if len(b) == 0 {
			b = []byte{0}
		}
		if b[0] != '1' {
			b[0] = '1'
		} else {
			b[0] = '2'
		}
		return pinValue{secret.New(upTo(b, n)), f}
	}
	return nobody
}

// upTo repeats bytes up to a length.
func upTo(b []byte, n int) []byte { return bytes.Repeat(b, n/len(b)+1)[:n] }

// at is where the value of a credential stands that holds now.
func (p *prober) at(who string) *pinValue {
	if who == "so" {
		return &p.so
	}
	return &p.user
}

// mayBe notes before a change which forms the credential may have from then on.
func (p *prober) mayBe(who string, was, next Form) {
	if was == "" { // there is none yet
		was = next
	}
	forms := []Form{was}
	if next != was {
		forms = append(forms, next)
	}
	// The given one is put back as soon as it can be, so it is the likelier one.
	if next == given {
		slices.Reverse(forms)
	}
	if len(forms) == 1 && p.forms[who] == nil {
		return // nothing changes
	}
	if old := p.forms[who]; len(old) == len(forms) && !slices.ContainsFunc(forms, func(f Form) bool { return !slices.Contains(old, f) }) {
		return
	}
	if p.forms == nil {
		p.forms = Forms{}
	}
	p.forms[who] = forms
	p.must(p.held.Note(p.info, p.forms))
}

// settle takes away what is noted of credentials of which everybody knows the value.
func (p *prober) settle() {
	if p.forms == nil {
		return
	}
	for _, who := range []string{"so", "user"} {
		if f := p.at(who).form; f == given || f == likePIN || f == "" {
			delete(p.forms, who)
		}
	}
	p.must(p.held.Note(p.info, p.forms))
}

// noted gives the values that a credential may have by what an earlier probe noted that
// was cut off; without any note that is the one that was given.
func (p *prober) noted(who string) []pinValue {
	var values []pinValue
	for _, f := range p.forms[who] {
		if v := p.make(who, f); v.IsSet() {
			values = append(values, v)
		}
	}
	if values == nil {
		return []pinValue{p.known(who)}
	}
	return values
}

// swap sets another value in the open session, by C_SetPIN, and shows that it opens the
// token. What C_SetPIN and the login answer is given; where the login is refused, the
// former value holds. Where neither opens the token the probe ends: each further value
// would cost one more try.
func (p *prober) swap(who string, to Form) (rv, login exec.CKR) {
	at := p.at(who)
	was, next := *at, p.make(who, to)
	p.mayBe(who, was.form, to)
	if rv := p.rv(p.token.SetPIN(p.ctx, credential("the present "+words[who], was.Secret), credential("another "+words[who], next.Secret))); rv != exec.CKROK {
		return rv, exec.CKROK
	}
	*at = next
	if login = p.as(who); login == exec.CKROK {
		return exec.CKROK, login
	}
	if *at = was; p.as(who) == exec.CKROK {
		return exec.CKROK, login
	}
	// Nothing of this is of use to the next probe, which would show it again.
	delete(p.forms, who)
	*at = nobody
	p.must(p.held.Note(p.info, p.forms))
	p.fail(exec.Device, "find out with the vendor's tool which value it is, as far as tries are left, or initialise the token anew",
		"after C_SetPIN neither the old nor the new value opens the token, and no other is tried; its %s may be the beginning of the new one. The old one is %s, the new one is %s", words[who], was.form, next.form)
	return
}

// words are how messages call a credential.
var words = map[string]string{"so": "SO PIN", "user": "user PIN"}

// takes reports whether C_SetPIN sets a value that then opens the token. The former one
// is put back, but on a token that was seen to take it no second time.
func (p *prober) takes(who string, f Form) bool {
	if p.as(who) != exec.CKROK {
		return false
	}
	was := p.at(who).form
	if rv, login := p.swap(who, f); rv != exec.CKROK || login != exec.CKROK {
		return false
	}
	if was != f && !p.oneWay[who] {
		if rv, login := p.swap(who, was); rv != exec.CKROK || login != exec.CKROK {
			p.oneWay[who] = true
		}
	}
	return true
}

// opens logs in with the value that should hold, or else with another one that was
// noted: a call whose answer is lost may have set it.
func (p *prober) opens(who string) bool {
	at := p.at(who)
	if at.form == "" {
		return false
	}
	if p.as(who) == exec.CKROK {
		return true
	}
	was := *at
	for _, v := range p.noted(who) {
		if v.form == was.form {
			continue
		}
		if *at = v; p.as(who) == exec.CKROK {
			return true
		}
	}
	*at = was
	return false
}

// putBack gives the token the values back that a probe which was cut off left changed.
func (p *prober) putBack() {
	if len(p.forms) == 0 {
		return
	}
	p.step("putting the PINs back that an earlier probe left")
	if p.forms["so"] != nil {
		p.must(p.token.OpenSession(p.ctx))
		p.open = true
		p.so = p.show(scratch, "so", exec.SO, "--so-pin", p.token, p.noted("so"))
		p.putBackOne("so")
	}
	if p.forms["user"] != nil && p.user.IsSet() {
		p.putBackOne("user")
	}
	p.settle()
}

func (p *prober) putBackOne(who string) {
	if p.at(who).form != given && p.as(who) == exec.CKROK {
		p.swap(who, given) // a token that refuses goes on with what it has
	}
	p.close()
}

// show logs in with the first of the values that opens the token, and counts what is
// shown. Of several only those are shown that were noted.
func (p *prober) show(role, who string, user exec.User, flag string, t exec.Token, values []pinValue) pinValue {
	var err error
	for _, v := range values {
		c := credential("the value of "+flag, v.Secret)
		err = p.held.Show(role, who, c, func() error { return t.Login(p.ctx, user, c) })
		if err == nil {
			return v
		}
		var e *exec.Error
		if !errors.As(err, &e) || !e.CKR.WrongPIN() {
			break
		}
		e.Message = fmt.Sprintf("the %s is wrong; it is not tried again", words[who])
		if len(values) > 1 {
			e.Message += ", and neither is what an earlier probe noted that was cut off"
		}
	}
	p.must(err)
	return nobody
}
