package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"inscribe/check/profile"
	"inscribe/check/schema"
)

// version is that of the form in which plans are saved.
const version = 1

// errDigest says that a saved plan is not what its digests were taken over: it
// was edited, or damaged, or they were taken over other bytes.
var errDigest = errors.New("the digest of the plan does not fit: it was changed after it was made, or another version of Inscribe made it")

// Parse reads a saved plan back, as [Plan.JSON] writes it. It is strict: unknown
// and doubled members, another order or spelling of members and anything behind
// the plan are errors, and both digests must fit. Only blanks, line ends and the
// spelling of escapes may differ, since tools on the way change them.
//
// Facts are those of the built-in profile of that name, nil where there is none.
func Parse(raw []byte) (*Plan, error) {
	p := &Plan{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("this is no plan: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("this is no plan: something stands behind its end")
	}
	if p.Version != version {
		return nil, fmt.Errorf("the plan has version %d, and this Inscribe reads version %d", p.Version, version)
	}
	for i := range p.Ops {
		p.Ops[i].nameKeywords()
	}
	sealed := *p
	sealed.Seal()
	if sealed.OpsSHA256 != p.OpsSHA256 || sealed.PlanSHA256 != p.PlanSHA256 {
		return nil, errDigest
	}
	// The digests are over what was understood. What was not, the same member
	// twice say, shows in the bytes.
	var plain, got bytes.Buffer
	if err := json.Compact(&plain, raw); err != nil {
		return nil, fmt.Errorf("this is no plan: %w", err)
	}
	if json.HTMLEscape(&got, plain.Bytes()); !bytes.Equal(got.Bytes(), compact(p)) {
		return nil, errors.New("the plan is not written as Inscribe writes it: members are doubled, missing or in another order")
	}
	p.profile = profile.Lookup(p.Profile)
	return p, nil
}

// nameKeywords gives the references of the op their keywords back, which JSON
// leaves out where they follow from the op.
func (o *Op) nameKeywords() {
	login, present, next := schema.MPIN, schema.MInitialPUK, schema.MPUK
	if o.Slot == Signature {
		login, present, next = schema.MSignPIN, schema.MInitialSignPUK, schema.MSignPUK
	}
	name := func(r *Ref, keyword string) {
		if r != nil && r.Keyword == "" {
			r.Keyword = keyword
		}
	}
	switch {
	case o.Kind == InitToken, o.As == "so" && !o.Proves:
		name(o.Credential, present)
	case o.As == "so":
		name(o.Credential, next)
	default:
		name(o.Credential, login)
	}
	for _, c := range o.Cases {
		keyword := schema.MPIN
		if c.Slot == Signature {
			keyword = schema.MSignPIN
		}
		name(c.Credential, keyword)
	}
	switch o.Kind {
	case SetPUK:
		name(o.Old, present)
		name(o.New, next)
	case Unblock:
		name(o.Old, present)
		name(o.New, login)
	default:
		name(o.Old, login)
		name(o.New, login)
	}
	for _, p := range o.PINs {
		pin, puk := schema.MPIN, schema.MPUK
		if p.Slot == Signature {
			pin, puk = schema.MSignPIN, schema.MSignPUK
		}
		name(p.PIN, pin)
		name(p.PUK, puk)
	}
	name(o.Certificate, schema.MCertificate)
	name(o.List, schema.MKeyList)
	name(o.Data, schema.MDataObject)
}
