package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// credentialRule holds PIN and PUK keywords against what the description does in
// each slot.
var credentialRule = rule{[]diag.Code{diag.PINMissing, diag.SignaturePINMissing, diag.MissingKeyword, diag.ConflictingKeywords, diag.InvalidValue}, func(p *Program, r *report) {
	if p.Technology != schema.SmartCard {
		return
	}
	credentialsIn(p, r)
	missingPINs(p, r)
}}

// credentialsIn looks at what [Description] does in each slot.
func credentialsIn(p *Program, r *report) {
	changes := false
	for _, slot := range Slots {
		changes = changes || p.Credentials(slot).sets()
	}
	for _, slot := range Slots {
		credentialsOf(p, r, p.Credentials(slot), changes)
	}
}

func credentialsOf(p *Program, r *report, c Credentials, changes bool) {
	if c.PIN == nil {
		return
	}
	v := c.PIN.Value
	initial := map[schema.Slot]string{schema.DefaultSlot: schema.MInitialPUK, schema.SignatureSlot: schema.MInitialSignPUK}[c.Slot]
	switch {
	case v.Form == Dialog && v.Entries > 1 && c.Set == nil:
		d := r.Add(diag.MissingKeyword, c.PIN.Line.Name, "a dialog of %d entries sets a PIN, and SetPIN is missing", v.Entries)
		d.Help = "add SetPIN=true, or ask for the present PIN with !FROM_USER_DIALOG_1_FIELD"
	case v.Form == Dialog && v.Entries == 3 && c.InitialPUK != nil && c.Set != nil:
		d := r.Add(diag.ConflictingKeywords, c.PIN.Line.Value, "a dialog of three entries changes the PIN by the old one, and %s sets it by the PUK", c.InitialPUK.Keyword.Name)
		d.Help = "ask with !FROM_USER_DIALOG_2_FIELD, or remove " + c.InitialPUK.Keyword.Name
		d.Related = []diag.Label{{Span: c.InitialPUK.Line.Name, Message: "the other authority"}}
	case c.Set != nil && c.Action == Login && (!changes || v.Form == Dialog && v.Entries == 2):
		d := r.Add(diag.MissingKeyword, c.PIN.Line.Name, "SetPIN has no authority to set %s", c.PIN.Keyword.Name)
		d.Help = "give the present PUK with " + initial + ", or ask for the present PIN too with !FROM_USER_DIALOG_3_FIELD"
	case v.Form == Dialog && v.Entries == 1 && (c.Action == FirstPIN || c.Action == Unblock):
		d := r.Add(diag.InvalidValue, c.PIN.Line.Value, "a dialog of one entry asks for the present %s, and here a new one is set", c.PIN.Keyword.Name)
		d.Help = "a new PIN is entered twice"
		d.Fixes = append(d.Fixes, replace("ask twice", c.PIN.Line.Value, strings.Replace(p.File.Slice(c.PIN.Line.Value), "_1_", "_2_", 1)))
	case c.Init != nil && c.Set == nil:
		d := r.Add(diag.MissingKeyword, c.PIN.Line.Name, "InitToken takes every PIN off the token, and SetPIN is missing to set the first one")
		d.Help = "add SetPIN=true"
	}
}

// missingPINs finds work in a slot that is sure and has no PIN.
func missingPINs(p *Program, r *report) {
	for _, a := range p.Applications {
		slot, field := a.SlotOf()
		jobs := a.Jobs()
		if field != nil || slot == schema.NoSlot || len(jobs) == 0 || jobs[0].Keyword.Meaning == schema.MBlockCard {
			continue
		}
		if slot == schema.SignatureSlot && !p.Description.Has(schema.MSignPIN) {
			missingPIN(p, r, diag.SignaturePINMissing, a.Get(schema.MLocation).Line.Value, a, "signature", schema.MSignPIN)
		}
		if slot == schema.DefaultSlot && !p.Description.Has(schema.MPIN) {
			missingPIN(p, r, diag.PINMissing, a.Header.Name, a, "default", schema.MPIN)
		}
	}
}

func missingPIN(p *Program, r *report, code diag.Code, span ast.Span, a *Application, slot, keyword string) {
	d := r.Add(code, span, "[%s] writes to the %s slot, and there is no %s to log in with", a.Name, slot, keyword)
	field := "SIGN_PIN"
	if keyword == schema.MPIN {
		field = "PIN"
	}
	if p.Description.Header == nil || p.Description.byName(keyword) != nil {
		return
	}
	edits := []diag.Edit{p.InsertAfter(p.lastEntry(p.Description), keyword+"="+field)}
	if p.fields[field] == nil {
		edits = append(edits, p.DeclareField(field))
	}
	d.Fixes = append(d.Fixes, diag.Fix{Title: "add " + keyword + "=" + field, Edits: edits})
}
