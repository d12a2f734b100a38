package plan

import "slices"

// cover tells in which cases of the unbound fields something holds: always, or
// when one of the conditions does.
type cover struct {
	always bool
	any    []Condition
}

// claim makes the thing hold in one more case, nil for always, and gives the
// conditions under which something must be done for it: all of them must hold.
// needed is false where it holds already.
func (c *cover) claim(in *Condition) (when []Condition, needed bool) {
	if c.always || in != nil && slices.Contains(c.any, *in) {
		return nil, false
	}
	if in != nil {
		when = append(when, *in)
	}
	for _, has := range c.any {
		if in != nil && has.Field == in.Field {
			continue // the other case of the same field: excluded already
		}
		when = append(when, Condition{has.Field, otherSlot(has.Is)})
	}
	if in == nil {
		c.always = true
	} else {
		c.any = append(c.any, *in)
		c.always = slices.Contains(c.any, Condition{in.Field, otherSlot(in.Is)})
	}
	// Both cases of a field exclude each other: then nothing is left to do.
	for i, a := range when {
		for _, b := range when[i+1:] {
			if a.Field == b.Field && a.Is != b.Is {
				return nil, false
			}
		}
	}
	return when, true
}

func (c *cover) empty() bool { return !c.always && len(c.any) == 0 }

func otherSlot(slot string) string {
	if slot == Default {
		return Signature
	}
	return Default
}
