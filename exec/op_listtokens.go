package exec

import (
	"strings"

	"inscribe/check/profile"
	"inscribe/plan"
)

// listTokens reads the serial numbers of all initialised cards; none at all is
// an error (page "Reader/card selection and information"). A card with two slots shows
// its number in each; where a profile knows of no such card, each token counts.
func (r *run) listTokens(op *plan.Op, _ string, _ *Record) error {
	slots, err := r.Module.Slots(r.ctx)
	if err != nil {
		return err
	}
	if e := unreadable(slots); e != nil {
		e.Message = "a list without this token would be wrong"
		return e
	}
	var serials []string
	for i, s := range slots {
		again := false
		for _, o := range slots[:i] {
			again = again || o.Token.Flags.Has(FlagTokenInitialized) && sameNumber(o.Token, s.Token)
		}
		again = again && r.Plan.Facts().Is(profile.SignatureSlot) != profile.No
		if s.Token.Flags.Has(FlagTokenInitialized) && s.Token.Serial != "" && !again {
			serials = append(serials, s.Token.Serial)
		}
	}
	if serials == nil {
		if len(slots) == 0 {
			return NoToken(r.ctx, r.Module)
		}
		return &Error{Kind: Device, Message: "there is no initialised token, only " + describeTokens(slots), Advice: "insert a card that is initialised"}
	}
	r.result.Outputs[op.Returns] = strings.Join(serials, ",")
	return nil
}
