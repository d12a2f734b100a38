package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"inscribe/check/profile"
	"inscribe/check/schema"
)

// digest is SHA-256 in lower-case hexadecimal.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Seal computes the two digests: OpsSHA256 over the ops without their source, so
// that formatting and comments leave it alone; PlanSHA256 over all but itself. What is
// left out is not in the bytes at all, so that others can compute them too.
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

// WorkSHA256 is OpsSHA256 of the same work for anybody: without the values that labels
// and the like take from fields, but with those that decide the slots, and without the
// removal of older objects. Runs of one work have the same ops, by which a journal goes
// on.
func (p *Plan) WorkSHA256() string {
	decides := map[string]string{}
	for _, f := range p.Fields {
		if v, bound := p.Bindings[f.Name]; bound && f.Type == schema.Location.String() {
			decides[f.Name] = v
		}
	}
	return p.again(p.profile, decides)
}

// PurposeSHA256 is the digest of what the description is for, on whatever kind of token
// and for whomever: that of the ops without any value and without what a profile knows.
func (p *Plan) PurposeSHA256() string { return p.again(profile.Generic(), nil) }

// again gives the OpsSHA256 of the plan of the same description with other options.
func (p *Plan) again(facts *profile.Profile, values map[string]string) string {
	if p.program == nil {
		return p.OpsSHA256 // it was read from a file, and is made again before it is run
	}
	other, err := Lower(p.program, Options{Profile: facts, Values: values})
	if err != nil {
		return p.OpsSHA256 // a plan was made of it, and fewer values cannot be worse
	}
	return other.OpsSHA256
}

// Recall takes from a saved plan what it says of values that it does not hold, for the
// fields of which this one knows nothing itself, and seals the plan again.
func (p *Plan) Recall(saved *Plan) {
	for i := range p.Fields {
		f := &p.Fields[i]
		for _, s := range saved.Fields {
			if s.Name != f.Name || f.Bound {
				continue
			}
			f.Bound = s.Bound
			if f.content() {
				f.SHA256 = s.SHA256
			}
		}
	}
	p.Seal()
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
