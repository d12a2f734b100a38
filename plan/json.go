package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
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

// WorkSHA256 is OpsSHA256 of the plan without the removal of older objects: a run
// that replaces does the same work as one that does not, and its journal is the same.
func (p *Plan) WorkSHA256() string {
	if !p.Replace {
		return p.OpsSHA256
	}
	work := *p
	work.Ops = slices.DeleteFunc(slices.Clone(p.Ops), func(o Op) bool { return o.Kind == Delete })
	for i := range work.Ops {
		work.Ops[i].ID = fmt.Sprintf("op-%02d", i+1)
	}
	work.Seal()
	return work.OpsSHA256
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
