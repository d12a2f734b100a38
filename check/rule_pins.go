package check

import (
	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// pinsRule holds the PINs of the two slots against each other, and against what
// a signature PIN is for.
var pinsRule = rule{[]diag.Code{diag.SamePIN, diag.SharedPIN, diag.FixedSignaturePIN, diag.NoPINPad}, func(p *Program, r *report) {
	pin, sign := p.Description.Get(schema.MPIN), p.Description.Get(schema.MSignPIN)
	if pin != nil && sign != nil {
		comparePINs(p, r, pin, sign)
	}
	if sign != nil && sign.Value.Form == FixedValue && sign.Value.Secret.Len() > 0 {
		d := r.Add(diag.FixedSignaturePIN, sign.Line.Value, "a fixed signature PIN: the holder did not choose it and is not alone to know it")
		d.Help = "let the holder set it in a dialog, with !FROM_USER_DIALOG_2_FIELD, or give a value for each card by a field"
	}
	if p.Profile.Is(profile.PINPad) != profile.No {
		return
	}
	for _, s := range []*Setting{pin, sign} {
		if s != nil && s.Value.Form == PINPad {
			d := r.Add(diag.NoPINPad, s.Line.Value, "tokens of the profile %s have no PIN pad", p.Profile.Name)
			d.Help = "ask in a dialog; the forms with _AUTO take a PIN pad where there is one"
			dialog := "!FROM_USER_DIALOG_1_FIELD_AUTO"
			if action := p.Credentials(s.Keyword.Slot).Action; action == FirstPIN || action == Unblock {
				dialog = "!FROM_USER_DIALOG_2_FIELD_AUTO"
			}
			d.Fixes = append(d.Fixes, replace("ask in a dialog where there is no PIN pad", s.Line.Value, dialog))
		}
	}
}}

func comparePINs(p *Program, r *report, pin, sign *Setting) {
	a, b := pin.Value, sign.Value
	same := sameSource(a, b)
	shared := p.Profile.Is(profile.SharedPIN)
	related := []diag.Label{{Span: pin.Line.Value, Message: "the PIN"}}
	switch {
	case same && shared != profile.Yes:
		d := r.Add(diag.SamePIN, sign.Line.Value, "PIN and SignPIN are one value")
		d.Help = "the signature slot has a PIN of its own so that the everyday PIN signs nothing"
		d.Related = related
	case shared == profile.Yes && a.Form == b.Form && !same && (a.Form == FieldRef || a.Form == FixedValue):
		d := r.Add(diag.SharedPIN, sign.Line.Value, "tokens of the profile %s have one PIN for both slots, and SignPIN is another", p.Profile.Name)
		d.Help = "give both keywords the same field"
		d.Related = related
	}
}
