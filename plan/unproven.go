package plan

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/check/profile"
)

// unproven warns of the facts that the plan depends on and that the profile does
// not know: it may still work, and nothing here proves it. One warning a fact.
func (l *lowering) unproven() {
	var missing []profile.FactName
	first := map[profile.FactName]*Op{}
	ask := func(o *Op, facts ...profile.FactName) {
		for _, f := range facts {
			if !l.options.Profile.Get(f).Known() && first[f] == nil {
				first[f] = o
				missing = append(missing, f)
			}
		}
	}
	for i := range l.plan.Ops {
		o := &l.plan.Ops[i]
		switch o.Kind {
		case OpenSlot:
			if o.Slot != Default {
				ask(o, profile.SignatureSlot)
			}
		case InitToken:
			if !o.Hook {
				ask(o, profile.InitToken)
			}
		case InitPIN:
			ask(o, profile.InitPIN)
		case Unblock:
			ask(o, profile.PUKIs)
			if o.Old == nil {
				ask(o, profile.InitPIN)
			}
		case SetPIN:
			ask(o, profile.ChangePIN)
		case SetPUK:
			ask(o, profile.ChangePUK)
		case GenKey:
			if o.Key.Type == "RSA" {
				ask(o, profile.RSAMax)
			} else {
				ask(o, profile.Curves)
			}
			if o.Slot != Default {
				ask(o, profile.BothLogins)
			}
		case PutList:
			ask(o, profile.ImportKeys)
		case PutData:
			ask(o, profile.DataObjects)
		}
	}
	slices.SortStableFunc(missing, func(a, b profile.FactName) int { return first[a].Source.Line - first[b].Source.Line })
	for _, f := range missing {
		info, _ := profile.Describe(f)
		o := first[f]
		l.plan.Warnings = append(l.plan.Warnings, Warning{Op: o.ID, Line: o.Source.Line,
			Message: fmt.Sprintf(unprovenLead+"the profile %s does not tell %s (%s)", l.options.Profile.Name, f, info.Doc)})
	}
}

// unprovenLead is how such a warning begins.
const unprovenLead = "unproven: "

// unproven reports whether a warning is of a fact that the profile does not know.
func (w Warning) unproven() bool { return strings.HasPrefix(w.Message, unprovenLead) }
