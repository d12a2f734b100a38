package plan

import (
	"inscribe/check"
	"inscribe/check/schema"
)

// writeList lowers WriteCertKeyList. How many certificates and keys the list
// holds is known at run time only, since its value is secret, so it stays one
// op.
func (l *lowering) writeList(a *check.Application) {
	slot := l.slotOf(a)
	if !l.ready(slot, a.Get(schema.MKeyList)) {
		return
	}
	list := a.Get(schema.MKeyList)
	o := Op{Kind: PutList, Slot: slot, Application: a.Letter, List: l.ref(list, ""), Any: a.Has(schema.MKeyListMode),
		Requires: []string{"user"}, Changes: []string{"+certificates", "+keys"}, Source: l.source(a.Block, list)}
	if back := a.Get(schema.MKeyListReturn); back != nil {
		o.Returns = back.Value.Field.Name
	}
	l.emit(o)
}
