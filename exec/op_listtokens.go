package exec

import (
	"strings"

	"inscribe/plan"
)

// listTokens reads the serial numbers of all initialised tokens; none at all is
// an error (page "Reader/card selection and information").
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
	for _, s := range slots {
		if s.Token.Flags.Has(FlagTokenInitialized) && s.Token.Serial != "" {
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
