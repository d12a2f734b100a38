package exec

import (
	"encoding/hex"

	"inscribe/check/profile"
)

// A private key has its CKA_ID from whoever wrote that last, so that it stands beside a
// public key or a certificate says nothing. What it tells of its own public part does:
// of RSA keys the modulus, of others the point, which few modules tell. Nothing else
// but a signature would show it.

// belonging is what a token tells of a private key beside a public one.
type belonging int

const (
	untold belonging = iota
	belongs
	foreign
)

// belonging holds what a private key tells of its public part against a public key.
func (r *run) belonging(private, public PublicKey) belonging {
	one, known := curveByParams(private.Params)
	other, too := curveByParams(public.Params)
	switch {
	case (private.Type == CKKRSA) != (public.Type == CKKRSA), known && too && one != other:
		return foreign
	case len(private.Modulus) == 0 && len(private.Point) == 0:
		return untold
	}
	private.Type = public.Type // modules differ in what they call an Edwards curve
	if len(private.Exponent) == 0 {
		private.Exponent = public.Exponent
	}
	if len(private.Params) == 0 {
		private.Params = public.Params
	}
	switch {
	case !r.Issuer.SameKey(private, public):
		return foreign
	case r.Plan.Facts().Is(profile.HonestKeys) == profile.No:
		return untold // it may be read from the public key that has the same CKA_ID
	}
	return belongs
}

// keysUnder finds the private keys of a CKA_ID, and stops at one that is not of the
// public key: nothing of this run would work with it.
func (r *run) keysUnder(slot string, id []byte, public PublicKey) ([]Object, error) {
	t := r.token(slot)
	found, err := t.FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, id)})
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		private, err := readPublicKey(r.ctx, t, o)
		if err != nil {
			return nil, err
		}
		if r.belonging(private, public) == foreign {
			return nil, &Error{Kind: Refused, Message: "a private key of CKA_ID " + hex.EncodeToString(id) + " is on the token that is not the one of the certificate",
				Advice: "remove it, or give it another CKA_ID, and run again"}
		}
	}
	return found, nil
}
