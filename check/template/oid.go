package template

import (
	"math"
	"strconv"
	"strings"
)

// OID reads an object identifier such as 1.3.6.1, with or without "OID." before
// it. Its numbers are those that encoders of ASN.1 take.
func OID(s string) ([]int, bool) {
	if len(s) > 4 && strings.EqualFold(s[:4], "OID.") {
		s = s[4:]
	}
	if !dotted(s) {
		return nil, false
	}
	var oid []int
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseInt(arc, 10, 32)
		if err != nil {
			return nil, false
		}
		oid = append(oid, int(n))
	}
	// The first two are one number in the encoding.
	return oid, oid[1] <= math.MaxInt32-80
}

// dotted reports whether a text is an object identifier; its numbers may be of
// any size, as those of a UUID are.
func dotted(s string) bool {
	arcs := strings.Split(s, ".")
	if len(arcs) < 2 {
		return false
	}
	for _, arc := range arcs {
		if arc == "" || arc != "0" && arc[0] == '0' || strings.Trim(arc, "0123456789") != "" {
			return false
		}
	}
	switch arcs[0] {
	case "0", "1":
		return len(arcs[1]) == 1 || len(arcs[1]) == 2 && arcs[1] < "40"
	case "2":
		return true
	}
	return false
}
