package exec

import (
	"crypto/rand"
	"fmt"

	"inscribe/check/profile"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// block spends the tries of a PIN on purpose, with values that are made to be
// wrong, until the token says that the PIN is locked. A value that opens the
// token ends the run at once.
func (r *run) block(op *plan.Op, slot string, _ *Record) error {
	s, t := r.at(slot), r.token(slot)
	if s.user != "" {
		if err := t.Logout(r.ctx); err != nil {
			return err
		}
		s.user = ""
	}
	if err := r.openSession(slot); err != nil {
		return err
	}
	for i := 0; i <= op.Attempts; i++ {
		info, err := t.Info(r.ctx)
		if err != nil {
			return err
		}
		if info.Flags.Has(FlagUserPINLocked) {
			return nil
		}
		c, err := r.wrongPIN(info)
		if err != nil {
			return err
		}
		err = t.Login(r.ctx, NormalUser, c)
		e, failed := err.(*Error)
		switch {
		case err == nil:
			_ = t.Logout(r.ctx)
			return &Error{Kind: Device, Call: "C_Login", Message: "a value made to be wrong opened the token; its PIN is not blocked"}
		case failed && e.CKR.Locked():
			return nil
		case failed && e.CKR.WrongPIN():
		default:
			return err
		}
	}
	return &Error{Kind: Device, Call: "C_Login", Message: fmt.Sprintf("%d wrong values did not lock the PIN, as the profile says they would", op.Attempts), Advice: "the profile is wrong about this token; correct pin-retries"}
}

// wrongPIN makes random digits of a length that the token takes, other than the
// PINs that this run knows.
func (r *run) wrongPIN(info TokenInfo) (Credential, error) {
	// The longer the value, the smaller the chance to guess a PIN that this run
	// does not know: 12 digits are one in a million millions.
	least, _ := r.Plan.Facts().Count(profile.PINMin)
	most, known := r.Plan.Facts().Count(profile.PINMax)
	if !known || info.MaxPIN > 0 && info.MaxPIN < most {
		most = info.MaxPIN
	}
	length := 12
	if most > 0 {
		length = min(length, most)
	}
	length = max(length, least, info.MinPIN, 4)
	for {
		b := make([]byte, length)
		if _, err := rand.Read(b); err != nil {
			return Credential{}, err
		}
		for i := range b {
			b[i] = '0' + b[i]%10
		}
		c := Credential{Name: "a value made to be wrong", Secret: secret.New(b), Wrong: true}
		if !r.knows(c.Secret) {
			return c, nil
		}
	}
}

func (r *run) knows(s secret.Secret) bool {
	for _, group := range []map[string]secret.Secret{r.Inputs.Secrets, r.Inputs.Literals} {
		for _, known := range group {
			if known.Equal(s) {
				return true
			}
		}
	}
	for _, a := range r.answers {
		if a.Old.Equal(s) || a.New.Equal(s) {
			return true
		}
	}
	return false
}
