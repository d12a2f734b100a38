package exec

import (
	"context"

	"inscribe/check/profile"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// initToken is C_InitToken. The token is found again afterwards, because some
// modules give it another serial number.
func (r *run) initToken(op *plan.Op, slot string, record *Record) error {
	if op.Hook {
		return r.initByHook(op, slot, record)
	}
	c, err := r.credential(op.Credential, slot)
	if err != nil {
		return err
	}
	label, err := r.label(op)
	if err != nil {
		return err
	}
	t := r.token(slot)
	info, err := t.Info(r.ctx)
	if err != nil {
		return err
	}
	factory := r.Plan.Facts().Word(profile.FactoryPUK)
	switch {
	case info.Flags.Has(FlagTokenInitialized):
		if err := r.flagsAllow(op, info); err != nil {
			return err
		}
		if label == "" {
			label = info.Label
			if problem := plan.LabelProblem(label); problem != "" {
				return &Error{Kind: Refused, Message: "the token cannot keep its label " + quote(label) + ", which is no UTF-8: " + problem, Advice: "give it another one with InitialLabel"}
			}
		}
	case factory != "" && c.Secret.IsSet() && !c.Secret.Equal(secret.FromString(factory)):
		return &Error{Kind: Refused, Message: c.Name + " is not " + factory + ", the SO PIN of a fresh token of the profile " + r.Plan.Facts().Name + ", which takes no other",
			Advice: "take a fresh token and give " + factory + "; a new one is for PUK"}
	}
	initialise := func() error { return t.InitToken(r.ctx, c, label) }
	if info.Flags.Has(FlagTokenInitialized) {
		err = r.show(slot, whoOf(op), c, initialise)
	} else {
		err = initialise()
	}
	if err != nil {
		return err
	}
	if err := r.forgetTries(slot, "user", "so", "puk"); err != nil {
		return err
	}
	after, err := t.Info(context.WithoutCancel(r.ctx)) // it is done, interrupted or not
	if err != nil {
		return err
	}
	s := r.at(slot)
	s.listed.Token, s.knownAs = after, nil
	record.Tokens = map[string]Identity{slot: after.Identity(r.Plan.Facts())}
	switch {
	case !after.Flags.Has(FlagTokenInitialized):
		return &Error{Kind: Device, Call: "C_InitToken", Message: "the module reports success, and the token is not initialised"}
	case after.Label != label:
		return &Error{Kind: Device, Call: "C_InitToken", Message: "the token's label reads back as " + quote(after.Label) + " and not as " + quote(label)}
	}
	return nil
}
