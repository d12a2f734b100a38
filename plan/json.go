package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// digest is SHA-256 in lower-case hexadecimal.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Seal computes the two digests: OpsSHA256 over the ops without their source, so
// that formatting and comments leave it alone; PlanSHA256 over all but itself.
func (p *Plan) Seal() {
	bare := make([]Op, len(p.Ops))
	for i, o := range p.Ops {
		o.Source = Source{}
		bare[i] = o
	}
	p.OpsSHA256 = digest(compact(bare))
	p.PlanSHA256 = ""
	p.PlanSHA256 = digest(compact(p))
}

// compact is JSON without blanks. Marshalling data of this package cannot fail.
func compact(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("plan: marshalling failed: %v", err))
	}
	return b
}

// JSON is the plan as indented JSON with a line end.
func (p *Plan) JSON() []byte {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("plan: marshalling failed: %v", err))
	}
	return append(b, '\n')
}
