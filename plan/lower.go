package plan

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// Options are what a plan depends on beside the description.
type Options struct {
	// Profile is the kind of token; nil is the generic one.
	Profile *profile.Profile
	// Values are the bound fields that are not secret.
	Values map[string]string
	// Secrets are the names of the secret fields that are bound.
	Secrets map[string]bool
	// Replace removes older objects of the same labels at the end.
	Replace bool
}

// ErrDescription says that the description has errors and is not planned.
var ErrDescription = errors.New("the description has errors")

// BindingError says that the value of a field does not fit.
type BindingError struct {
	Field  string
	Reason string
}

// Error names the field and the reason.
func (e *BindingError) Error() string { return fmt.Sprintf("field %s: %s", e.Field, e.Reason) }

// Lower makes the plan of a description. Errors are [ErrDescription] and
// [*BindingError]; what the profile or Inscribe cannot do is a refusal in the
// plan.
func Lower(p *check.Program, o Options) (*Plan, error) {
	if p.Errors() {
		return nil, ErrDescription
	}
	if o.Profile == nil {
		o.Profile = profile.Generic()
	}
	l := &lowering{program: p, options: o, needs: map[string]bool{}, open: map[string]*cover{}, user: map[string]*cover{}}
	l.plan = &Plan{
		Version: version, Profile: o.Profile.Name, profile: o.Profile, program: p,
		Description: Description{File: baseName(p.File.Name), SHA256: digest(p.File.Print())},
		Config:      p.Config.SHA256,
		Ops:         []Op{}, Fields: []Field{}, Needs: []string{}, Dialogs: []Dialog{}, Warnings: []Warning{},
	}
	if a := p.File.Archive; a.Name != "" {
		l.plan.Description = Description{File: baseName(a.Name), SHA256: a.SHA256}
	}
	if lib := p.Library(); lib != nil {
		l.plan.Library = lib.Value.Text
	}
	if err := l.bindings(); err != nil {
		return nil, err
	}
	l.plan.Refusals = Unrunnable(p)
	l.hiddenFields()
	if p.Technology == schema.SmartCard {
		l.run()
	}
	l.finish()
	return l.plan, nil
}

func baseName(name string) string {
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

// lowering is the work on one plan.
type lowering struct {
	program *check.Program
	options Options
	plan    *Plan
	needs   map[string]bool
	// open and user tell in which cases a slot is open, and logged in as user.
	open, user map[string]*cover
}

// run is the order of work: card, initialise, credentials of the default and of
// the signature slot, applications, clearing. It is Inscribe's reading; the
// pages fix only the order of applications.
func (l *lowering) run() {
	l.unsupported()
	if l.program.Description.Has(schema.MRetrieveTokens) {
		l.listTokens()
		return
	}
	for _, slot := range check.Slots {
		l.credentials(l.program.Credentials(slot))
	}
	for _, a := range l.program.Applications {
		l.application(a)
	}
	if l.options.Replace {
		l.deletes()
	}
	l.chooseOnly()
	l.clearFields()
	l.closeSlots()
}

// unsupported refuses what PKCS#11 has no way for.
func (l *lowering) unsupported() {
	d := l.program.Description
	if s := d.Get(schema.MWithATR); s != nil {
		l.refuse(s, "PKCS#11 does not tell the answer-to-reset of a card, so it can be neither read nor compared", "leave UseICCSNwithATR out, and give the serial number alone")
	}
	if s := l.program.Library(); s != nil && s.Keyword.Meaning == schema.MMiniDriver {
		l.refuse(s, "a minidriver is no PKCS#11 module", "name a PKCS#11 module with PKCS11Library")
	}
}

func (l *lowering) refuse(s *check.Setting, reason, wayOut string) {
	l.plan.Refusals = append(l.plan.Refusals, Refusal{Line: l.line(s), Reason: reason, WayOut: wayOut})
}

func (l *lowering) line(s *check.Setting) int {
	return lineIn(l.program, s)
}

func lineIn(p *check.Program, s *check.Setting) int {
	return p.File.Position(s.Line.Span.Start).Line
}

func (l *lowering) source(b *check.Block, s *check.Setting) Source {
	if s == nil {
		line := 0
		if b.Header != nil {
			line = l.program.File.Position(b.Header.Span.Start).Line
		}
		return Source{Section: b.Name, Line: line}
	}
	return Source{Section: b.Name, Keyword: s.Keyword.Name, Line: l.line(s)}
}

func (l *lowering) emit(o Op) {
	o.ID = fmt.Sprintf("op-%02d", len(l.plan.Ops)+1)
	l.plan.Ops = append(l.plan.Ops, o)
}

func (l *lowering) application(a *check.Application) {
	given := a.Get(schema.MWriteCertificate)
	if given == nil {
		given = a.Get(schema.MWriteKeyList)
	}
	if facts := l.options.Profile; given != nil && facts.Is(profile.WriteBySO) == profile.Yes {
		l.refuse(given, "tokens of the profile "+facts.Name+" take keys and certificates in the SO's session only, and Inscribe writes them in the user's", "use another kind of token, or the vendor's tool")
		return
	}
	switch {
	case a.Has(schema.MCertTempl):
		l.issue(a)
	case a.Has(schema.MWriteCertificate):
		l.writeCertificate(a)
	case a.Has(schema.MWriteKeyList):
		l.writeList(a)
	case a.Has(schema.MDataObject):
		l.dataObject(a)
	case a.Has(schema.MBlockCard):
		l.block(a)
	}
}

// slotOf gives the slot of an application as ops write it: bound fields decide
// here.
func (l *lowering) slotOf(a *check.Application) string {
	slot, field := a.SlotOf()
	if field == nil {
		return slot.String()
	}
	if v, ok := l.plan.Bindings[field.Name]; ok {
		return check.LocationSlot(v).String()
	}
	l.want(field.Name)
	return fieldSlot(field.Name)
}

// ref turns the value of a secret keyword to a reference.
func (l *lowering) ref(s *check.Setting, part string) *Ref {
	if s == nil {
		return nil
	}
	r := &Ref{Keyword: s.Keyword.Name}
	switch v := s.Value; v.Form {
	case check.FieldRef:
		r.Field = v.Field.Name
		l.want(r.Field)
	case check.FixedValue:
		r.Literal = true
	case check.PINPad:
		r.PINPad = true
	case check.Dialog:
		r.Dialog, r.Part, r.Auto = v.Entries, part, v.Auto
		l.ask(s)
	}
	return r
}

// ask notes the question of a dialog, once a keyword.
func (l *lowering) ask(s *check.Setting) {
	known := func(d Dialog) bool { return d.Keyword == s.Keyword.Name }
	if slices.ContainsFunc(l.plan.Dialogs, known) {
		return
	}
	d := Dialog{Keyword: s.Keyword.Name, Slot: s.Keyword.Slot.String(), Entries: s.Value.Entries, Auto: s.Value.Auto}
	if v := l.program.Credentials(s.Keyword.Slot).Validation; v != nil && s.Value.Entries > 1 {
		d.Validation = v.Value.Text
	}
	l.plan.Dialogs = append(l.plan.Dialogs, d)
}

// text turns the value of a label to text.
func (l *lowering) text(s *check.Setting) Text {
	if s.Value.Form == check.FieldRef {
		name := s.Value.Field.Name
		if v, ok := l.plan.Bindings[name]; ok {
			return plainText(v)
		}
		l.want(name)
		return Text{[]TextPart{{Field: name}}}
	}
	return plainText(s.Value.Text)
}

// bindings checks the bound values that decide something and lists the fields.
func (l *lowering) bindings() error {
	for _, f := range l.program.Fields {
		value, bound := l.options.Values[f.Name]
		if bound && f.Type == schema.Location && check.NearSignature(value) {
			return &BindingError{f.Name, fmt.Sprintf("%q nearly spells %s, and would silently mean the default slot; write %s or another word", value, check.Signature, check.Signature)}
		}
		field := Field{Name: f.Name, Type: f.Type.String(), Secret: f.Secret(), Bound: bound || l.options.Secrets[f.Name]}
		switch {
		case bound && recorded[f.Type]:
			if l.plan.Bindings == nil {
				l.plan.Bindings = map[string]string{}
			}
			l.plan.Bindings[f.Name] = value
		case bound && field.content():
			field.SHA256 = digest([]byte(value))
		}
		l.plan.Fields = append(l.plan.Fields, field)
	}
	return nil
}

// recorded are the types of field whose bound values stand in a plan: those that
// decide an op or show in one. Of contents the digest does; of secrets, and of what no
// keyword gives a meaning, nothing.
var recorded = map[schema.Type]bool{schema.Location: true, schema.Label: true, schema.PlainText: true, schema.ICCSN: true}

// want notes that the run must be given a field, unless the plan holds its value.
func (l *lowering) want(name string) {
	if _, held := l.plan.Bindings[name]; !held {
		l.needs[name] = true
	}
}

// finish sorts what is a set and computes the digests.
func (l *lowering) finish() {
	for name := range l.needs {
		l.plan.Needs = append(l.plan.Needs, name)
	}
	slices.Sort(l.plan.Needs)
	l.unproven()
	l.policy()
	l.plan.Seal()
}
