package vcard

// Command is a command APDU, short or extended.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	// Le is the most bytes of response that are expected; 0 is none.
	Le int
}

// ParseCommand cuts an APDU as ISO 7816-4 does.
func ParseCommand(b []byte) (c Command, ok bool) {
	if len(b) < 4 {
		return c, false
	}
	c.CLA, c.INS, c.P1, c.P2 = b[0], b[1], b[2], b[3]
	rest := b[4:]
	switch {
	case len(rest) == 0:
		return c, true
	case len(rest) == 1:
		c.Le = orAll(int(rest[0]), 256)
		return c, true
	case rest[0] != 0:
		return c.body(rest[1:], int(rest[0]), 1)
	case len(rest) == 3:
		c.Le = orAll(int(rest[1])<<8|int(rest[2]), 65536)
		return c, true
	case len(rest) < 3:
		return c, false
	}
	return c.body(rest[3:], int(rest[1])<<8|int(rest[2]), 2)
}

// body takes n bytes of data and then an expected length of none or width bytes.
func (c Command) body(rest []byte, n, width int) (Command, bool) {
	if n == 0 || len(rest) < n {
		return c, false
	}
	c.Data = rest[:n]
	switch rest = rest[n:]; {
	case len(rest) == 0:
	case len(rest) != width:
		return c, false
	case width == 1:
		c.Le = orAll(int(rest[0]), 256)
	default:
		c.Le = orAll(int(rest[0])<<8|int(rest[1]), 65536)
	}
	return c, true
}

func orAll(n, all int) int {
	if n == 0 {
		return all
	}
	return n
}
