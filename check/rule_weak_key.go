package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// MinRSA is the shortest RSA key that is no finding, in bits.
const MinRSA = 2048

// MinSignatureRSA is what a new key in the signature slot should have, in bits.
const MinSignatureRSA = 3072

var weakKeyRule = Rule{[]diag.Code{diag.WeakKey}, func(p *Program, r *Report) {
	for _, a := range p.All {
		s := a.Get(schema.MKeySize)
		if s != nil && s.Value.Problem == "" && s.Value.Number < MinRSA {
			d := r.Add(diag.WeakKey, s.Line.Value, "an RSA key of %d bits is too weak", s.Value.Number)
			d.Fixes = append(d.Fixes, replace("write 2048", s.Line.Value, "2048"))
		}
		if slot, _ := a.SlotOf(); s != nil && s.Value.Problem == "" && slot == schema.SignatureSlot && s.Value.Number >= MinRSA && s.Value.Number < MinSignatureRSA {
			d := r.AddAs(diag.Hint, diag.WeakKey, s.Line.Value, "new keys for qualified signatures have %d bits or more", MinSignatureRSA)
			d.Fixes = append(d.Fixes, replace("write 3072", s.Line.Value, "3072"))
		}
	}
}}
