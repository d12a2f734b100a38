package exec

import (
	"errors"
	"maps"
	"slices"

	"inscribe/plan"
)

// What guards a new key shows in two places: without a login no search may find it,
// and its request must come about under the login of its own slot alone. Neither
// costs a try or a second signature. That the key needs its PIN, and no other and
// none at all would do, cannot be seen without a signature under the wrong login.

// hidden looks, when nobody is logged in to a slot, that the new keys in it are not
// to be found. Each is looked for once.
func (r *run) hidden(slot string) error {
	for _, application := range slices.Sorted(maps.Keys(r.work)) {
		w := r.work[application]
		if w.slot != slot || w.id == nil || w.hidden {
			continue
		}
		found, err := r.token(slot).FindObjects(r.ctx, []Attribute{Ulong(CKAClass, CKOPrivateKey), Bytes(CKAID, w.id)})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return &Error{Kind: Device, Call: "C_FindObjects", Message: "the new key of the " + slot + " slot shows without a login, though it is private (CKA_PRIVATE)",
				Advice: "do not use this key: nothing says that a PIN guards it; ask the vendor of the token"}
		}
		w.hidden = true
	}
	return nil
}

// standsAlone reports whether a logout before the request of an application is due:
// not where the certificate is there already. It is decided once for all of them.
func (r *run) standsAlone(op *plan.Op) (bool, error) {
	w := r.workOf(op)
	if w.alone != nil {
		return *w.alone, nil
	}
	for request, slot := range r.due {
		if request.Kind != plan.ReqCert || request.Application != op.Application {
			continue
		}
		done, _, err := r.skipObject(request, slot)
		if err != nil {
			return false, err
		}
		w.alone = new(!done)
		return !done, nil
	}
	return true, nil
}

// findAlone finds the key again after its slot was logged out, which ends all
// handles of private objects (PKCS#11, C_Logout).
func (r *run) findAlone(w *work, slot string) error {
	if w.alone == nil || !*w.alone {
		return nil
	}
	found, err := r.adopt(w, slot, w.id)
	if err == nil && !found {
		err = &Error{Kind: Device, Call: "C_FindObjects", Message: "the new key is not there any more after a login to the " + slot + " slot alone", Advice: "ask the vendor of the token"}
	}
	return err
}

// wrongGuard says of a key that does not sign under the one login that it was made
// for what that means.
func (r *run) wrongGuard(err error, slot string) error {
	var e *Error
	if errors.As(err, &e) && e.CKR == CKRUserNotLoggedIn && r.at(slot).user == "user" && r.at(otherSlot(slot)).user != "user" {
		e.Message = "the login of the " + slot + " slot alone does not open the new key, so another PIN guards it"
		e.Advice = "do not use this card for signatures: it keeps the PINs of its slots the wrong way round; remove the key with the vendor's tool, and ask the vendor"
	}
	return err
}
