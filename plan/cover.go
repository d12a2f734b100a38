package plan

import "slices"

// cover tells in which cases of the unbound fields something holds: always, or
// where one of the conditions does. With perhaps it may hold in others too.
type cover struct {
	always, perhaps bool
	any             []Condition
}

// claim makes the thing hold in one more case, nil for always, and says when
// something must be done for it: never, where it holds already; else under the
// condition, and with ifNeeded only where nothing of before did it. An op says no
// more than that on purpose: a list of all the fields before it would have to be
// read by whoever follows a case to its end, and tells a reviewer less.
func (c *cover) claim(in *Condition) (when []Condition, ifNeeded, needed bool) {
	if c.always || in != nil && slices.Contains(c.any, *in) {
		return nil, false, false
	}
	if in == nil {
		when, ifNeeded = c.cases(otherSlot)
		c.always = true
		return when, ifNeeded, true
	}
	for _, has := range c.any {
		// The other case of the same field is excluded by the condition itself.
		ifNeeded = ifNeeded || has.Field != in.Field
	}
	when, ifNeeded = []Condition{*in}, ifNeeded || c.perhaps
	c.any = append(c.any, *in)
	c.always = slices.Contains(c.any, Condition{in.Field, otherSlot(in.Is)})
	return when, ifNeeded, true
}

// holds says when the thing holds.
func (c *cover) holds() (when []Condition, ifNeeded bool) {
	return c.cases(func(slot string) string { return slot })
}

// cases gives the one condition in which the thing holds, as it is or turned
// round; where there are several, that can only be seen at the time.
func (c *cover) cases(is func(string) string) (when []Condition, ifNeeded bool) {
	switch {
	case c.always:
		return nil, false
	case len(c.any) == 1 && !c.perhaps:
		return []Condition{{c.any[0].Field, is(c.any[0].Is)}}, false
	}
	return nil, !c.empty()
}

func (c *cover) empty() bool { return !c.always && !c.perhaps && len(c.any) == 0 }

func otherSlot(slot string) string {
	if slot == Default {
		return Signature
	}
	return Default
}
