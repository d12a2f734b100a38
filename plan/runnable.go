package plan

import (
	"fmt"

	"inscribe/check"
	"inscribe/check/schema"
)

// Unrunnable are the reasons why a description has no plan that could be run, whatever
// its values and the token are: it is for no smart card, or the vendor encrypted a part
// of it, which may be a location, a credential or a whole job.
func Unrunnable(p *check.Program) []Refusal {
	var out []Refusal
	if p.Technology != schema.SmartCard {
		out = append(out, Refusal{Line: lineIn(p, p.Encoding.Get(schema.MType)),
			Reason: fmt.Sprintf("encoding type %d is no PKCS#11 work; there is nothing to run", p.Technology),
			WayOut: "encode it with the vendor's tool; what Inscribe runs is for smart cards, Type=1024,Chip"})
	}
	if hidden, _ := p.Encrypted(); hidden != nil {
		out = append(out, Refusal{Line: hidden[0], Reason: check.LineList(hidden) + " encrypted by the vendor, and nobody knows what the card would miss without",
			WayOut: "put the clear text in place of each, with the vendor's tool or from the vendor, or encode with the vendor's tool"})
	}
	return out
}

// hiddenFields warns of fields that may be declared or bound otherwise than is seen.
func (l *lowering) hiddenFields() {
	if _, fields := l.program.Encrypted(); fields != nil {
		l.plan.Warnings = append(l.plan.Warnings, Warning{Line: fields[0],
			Message: check.LineList(fields) + " encrypted by the vendor: what fields they declare, and where values come from, is not in this plan"})
	}
}
