package check

import (
	"strconv"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// MinRSA is the shortest RSA key that is no finding, in bits.
const MinRSA = 2048

// MinSignatureRSA is what a new key in the signature slot should have, in bits.
const MinSignatureRSA = 3072

// NewKeySize is the size of a new RSA key that neither a rule nor the policy of the
// project complains of, in bits.
func (p *Program) NewKeySize() int { return max(MinSignatureRSA, p.allowedKeySize()) }

// allowedKeySize is the least size that the policy allows and an RSA key can have.
func (p *Program) allowedKeySize() int { return (p.Config.Policy.RSAMin + 7) / 8 * 8 }

var weakKeyRule = Rule{[]diag.Code{diag.WeakKey}, func(p *Program, r *Report) {
	for _, a := range p.All {
		s := a.Get(schema.MKeySize)
		if s != nil && s.Value.Problem == "" && s.Value.Number < MinRSA {
			d := r.Add(diag.WeakKey, s.Line.Value, "an RSA key of %d bits is too weak", s.Value.Number)
			size := strconv.Itoa(max(MinRSA, p.allowedKeySize()))
			d.Fixes = append(d.Fixes, replace("write "+size, s.Line.Value, size))
		}
		if slot, _ := a.SlotOf(); s != nil && s.Value.Problem == "" && slot == schema.SignatureSlot && s.Value.Number >= MinRSA && s.Value.Number < MinSignatureRSA {
			d := r.AddAs(diag.Hint, diag.WeakKey, s.Line.Value, "new keys for qualified signatures have %d bits or more", MinSignatureRSA)
			size := strconv.Itoa(p.NewKeySize())
			d.Fixes = append(d.Fixes, replace("write "+size, s.Line.Value, size))
		}
	}
}}
