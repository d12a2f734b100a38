package exec

import (
	"encoding/base64"
	"fmt"
	"strings"

	"inscribe/plan"
)

// space is how many bytes of objects a slot will take, public and private: what
// is sure to be written, and so less than the token will use.
type space struct{ public, private int64 }

// leastCertificate is a certificate without its key and signature: names, dates
// and the structure around them (RFC 5280, section 4.1).
const leastCertificate = 120

// checkSpace adds up what the ops will write and holds it against the free bytes
// that the token tells. What it does not tell is not guessed.
func (r *run) checkSpace(op *plan.Op, slot string) error {
	if _, done := r.earlier[op.ID]; done || r.initialisedBefore(op, slot) {
		return nil
	}
	takes, err := r.takes(op)
	if err != nil {
		return err
	}
	sum := &r.at(slot).writes
	sum.public, sum.private = sum.public+takes.public, sum.private+takes.private
	info := r.info(slot)
	for _, pool := range []struct {
		name       string
		free, need int64
		more       int64
	}{{"public", info.FreePublic, sum.public, takes.public}, {"private", info.FreePrivate, sum.private, takes.private}} {
		// Tokens that do not count say 0 as often as "not available".
		if pool.more > 0 && pool.free > 0 && pool.need > pool.free {
			return &Error{Kind: Refused, Message: fmt.Sprintf("there is not enough space: up to here the plan writes at least %d bytes of %s objects, and the token has %d bytes free for them", pool.need, pool.name, pool.free),
				Advice: "remove objects from the token, or write less"}
		}
	}
	return nil
}

// takes is the least that one op writes.
func (r *run) takes(op *plan.Op) (space, error) {
	switch op.Kind {
	case plan.GenKey:
		n := keyBytes(op.Key)
		return space{public: n, private: n}, nil
	case plan.PutCert:
		if op.Certificate == nil {
			return space{public: leastCertificate}, nil
		}
		cert, err := r.given(op)
		return space{public: int64(len(cert.DER))}, err
	case plan.PutList:
		entries, err := r.list(op)
		if err != nil {
			return space{}, err
		}
		if op.Any {
			entries = entries[:1] // the others may be left out
		}
		var sum space
		for _, e := range entries {
			sum.public += int64(len(e.Certificate.DER))
		}
		return sum, nil
	case plan.PutData:
		content, err := base64.StdEncoding.DecodeString(strings.Map(dropBlanks, r.Inputs.Text[op.Data.Field]))
		if err != nil {
			return space{}, nil // putdata's own check says so
		}
		for _, a := range op.Attributes {
			if a.Name == "CKA_PRIVATE" && strings.EqualFold(a.Value, "TRUE") {
				return space{private: int64(len(content))}, nil
			}
		}
		return space{public: int64(len(content))}, nil
	}
	return space{}, nil
}

// keyBytes is the modulus of an RSA key, or one coordinate of the point of a key
// on a curve: public and private key each hold as much at the least.
func keyBytes(k *plan.Key) int64 {
	if k.Type == "RSA" {
		return int64(k.Bits) / 8
	}
	curve, _ := CurveNamed(k.Curve)
	return int64(curve.Bits) / 8
}
