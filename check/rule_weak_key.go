package check

import (
	"strconv"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// minRSA is the shortest RSA key that is no finding, in bits.
const minRSA = 2048

// minSignatureRSA is what a new key in the signature slot should have, in bits.
const minSignatureRSA = 3072

// NewKeySize is the size of a new RSA key that neither a rule nor the policy of the
// project complains of, in bits.
func (p *Program) NewKeySize() int { return max(minSignatureRSA, p.allowedKeySize()) }

// allowedKeySize is the least size that the policy allows and an RSA key can have.
func (p *Program) allowedKeySize() int { return (p.Config.Policy.RSAMin + 7) / 8 * 8 }

var weakKeyRule = rule{[]diag.Code{diag.WeakKey}, func(p *Program, r *report) {
	for _, a := range p.All {
		s := a.Get(schema.MKeySize)
		if s != nil && s.Value.Problem == "" && s.Value.Number < minRSA {
			d := r.Add(diag.WeakKey, s.Line.Value, "an RSA key of %d bits is too weak", s.Value.Number)
			size := strconv.Itoa(max(minRSA, p.allowedKeySize()))
			d.Fixes = append(d.Fixes, replace("write "+size, s.Line.Value, size))
		}
		if slot, _ := a.SlotOf(); s != nil && s.Value.Problem == "" && slot == schema.SignatureSlot && s.Value.Number >= minRSA && s.Value.Number < minSignatureRSA {
			d := r.addAs(diag.Hint, diag.WeakKey, s.Line.Value, "new keys for qualified signatures have %d bits or more", minSignatureRSA)
			size := strconv.Itoa(p.NewKeySize())
			d.Fixes = append(d.Fixes, replace("write "+size, s.Line.Value, size))
		}
	}
}}
