package exec

import (
	"context"
	"fmt"
	"regexp"

	"inscribe/check/profile"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// Inputs are the values that a run is given beside its plan.
type Inputs struct {
	// Text holds the fields that are not secret.
	Text map[string]string
	// Secrets holds the secret fields by name.
	Secrets map[string]secret.Secret
	// Literals holds the fixed secrets of the description by keyword.
	Literals map[string]secret.Secret
}

// Question is what a dialog asks.
type Question struct {
	plan.Dialog
	// Token is what the value is for.
	Token TokenInfo
}

// Answer is what a person gave. Old is set for dialogs of three entries; a
// dialog of one gives New only.
type Answer struct {
	Old, New secret.Secret
}

// Prompter asks a person.
type Prompter interface {
	// Ask gives the answer to a dialog, entered twice where the dialog sets a
	// value. An error says that nobody could be asked.
	Ask(ctx context.Context, q Question) (Answer, error)
	// Confirm asks whether to go on with what cannot be undone; no answer is a
	// no.
	Confirm(ctx context.Context, question string) bool
}

// credential resolves a reference. Dialogs have been asked by then.
func (r *run) credential(ref *plan.Ref, slot string) (Credential, error) {
	c := Credential{Name: ref.Words()}
	switch {
	case ref == nil:
		return c, &Error{Kind: Refused, Slot: r.slotName(slot), Message: "the description gives no credential for this slot",
			Advice: "add PIN for the default slot, or SignPIN for the signature slot"}
	case ref.Field != "":
		c.Secret = r.Inputs.Secrets[ref.Field]
	case ref.Literal:
		c.Secret = r.Inputs.Literals[ref.Keyword]
	case ref.PINPad:
		c.PINPad = true
	default:
		if ref.Auto && r.hasPINPad(slot) {
			c.PINPad = true
			return c, nil
		}
		a := r.answers[ref.Keyword]
		c.Secret = a.New
		if ref.Part == "old" {
			c.Secret = a.Old
		}
	}
	if c.PINPad && !r.hasPINPad(slot) {
		return c, &Error{Kind: Refused, Slot: r.slotName(slot), Message: "the reader has no PIN pad (CKF_PROTECTED_AUTHENTICATION_PATH is not set)",
			Advice: "use a reader with a PIN pad, or ask in a dialog; the forms with _AUTO take either"}
	}
	switch {
	case c.PINPad:
	case c.Secret.IsSet() && c.Secret.Len() == 0:
		return c, &Error{Kind: Refused, Message: c.Name + " is empty", Advice: "give a value"}
	case !c.Secret.IsSet() && !r.Symbolic:
		return c, noValue(ref)
	}
	return c, nil
}

// noValue says that nothing was given where an op wants a value.
func noValue(ref *plan.Ref) error {
	return &Error{Kind: Refused, Message: ref.Words() + " has no value", Advice: "give it with --field or --answer"}
}

// checkValue holds a value against its validation, where the op sets it, and
// against the limits of profile and token, before the token sees it.
func (r *run) checkValue(c Credential, op *plan.Op, slot string) error {
	return r.checkLimits(c, op.Validation, op.Kind == plan.SetPUK || op.Kind == plan.InitToken || op.As == "so", slot)
}

// checkOld holds the old value of a change, or the PUK that sets a PIN, against the
// limits. What a new one has to match says nothing of it.
func (r *run) checkOld(c Credential, op *plan.Op, slot string) error {
	return r.checkLimits(c, "", op.Kind == plan.SetPUK || op.Kind == plan.Unblock, slot)
}

func (r *run) checkLimits(c Credential, validation string, puk bool, slot string) error {
	if c.PINPad || !c.Secret.IsSet() {
		return nil
	}
	refuse := func(format string, args ...any) error {
		return &Error{Kind: Refused, Slot: r.slotName(slot), Message: c.Name + " " + fmt.Sprintf(format, args...), Advice: "choose another value"}
	}
	if validation != "" {
		re, err := regexp.Compile(`\A(?:` + validation + `)\z`)
		if err != nil || !re.Match(c.Secret.Reveal()) {
			return refuse("does not match the validation %s", validation)
		}
	}
	low, high := profile.PINMin, profile.PINMax
	if puk {
		low, high = profile.PUKMin, profile.PUKMax
	}
	facts, info := r.Plan.Facts(), r.info(slot)
	// What a token tells is of its PIN; a PUK of its own may be known to be another.
	own := puk && facts.Word(profile.PUKIs) == "own"
	least, known := facts.Count(low)
	if !known || !own {
		least = max(least, info.MinPIN)
	}
	most, known := facts.Count(high)
	if info.MaxPIN > 0 && (!known || !own && info.MaxPIN < most) {
		most = info.MaxPIN
	}
	n := c.Secret.Len()
	switch {
	case n < least:
		return refuse("has fewer than %d characters, the least that this token takes", least)
	case most > 0 && n > most:
		return refuse("has more than %d characters, the most that this token takes", most)
	}
	if facts.Word(profile.PINAlphabet) == "digits" && !puk {
		for _, b := range c.Secret.Reveal() {
			if b < '0' || b > '9' {
				return refuse("has other characters than digits, and this token takes digits only")
			}
		}
	}
	return nil
}

func (r *run) hasPINPad(slot string) bool {
	return r.info(slot).Flags.Has(FlagProtectedAuthPath)
}
