package plan

import (
	"fmt"

	"inscribe/check/config"
)

// policy refuses what the [policy] of inscribe.toml forbids and what only the
// plan can tell: the kind of token, and templates that a field may send to the
// signature slot. The rest of the policy is checked in the description.
func (l *lowering) policy() {
	rules := l.program.Config.Policy
	l.plan.DistinctPINs = rules.DistinctPINs
	const wayOut = "the rule stands under [policy] in inscribe.toml"
	if name := l.options.Profile.Name; !config.Allows(rules.Profiles, name) {
		l.plan.Refusals = append(l.plan.Refusals, Refusal{Reason: fmt.Sprintf("the policy does not allow tokens of the profile %s", name), WayOut: wayOut})
	}
	for i := range l.plan.Ops {
		o := &l.plan.Ops[i]
		given := o.Kind == PutList || o.Kind == PutCert && o.Certificate != nil
		if o.Slot == Default || o.Kind != GenKey && !given || config.Allows(rules.SignatureTemplates, o.Template) {
			continue
		}
		reason := fmt.Sprintf("the policy does not allow the template %s in the signature slot", o.Template)
		if given {
			reason = "the policy allows certificates of its templates alone in the signature slot"
		}
		if field := o.SlotField(); field != "" {
			reason = fmt.Sprintf("if %s decides for the signature slot: %s", field, reason)
		}
		l.plan.Refusals = append(l.plan.Refusals, Refusal{Op: o.ID, Line: o.Source.Line, Reason: reason, WayOut: wayOut})
	}
}
