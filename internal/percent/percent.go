package percent

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Decode gives the bytes that s stands for. The error names what is no % and two digits.
func Decode(s string) (string, error) {
	var out strings.Builder
	for {
		plain, rest, found := strings.Cut(s, "%")
		out.WriteString(plain)
		if !found {
			return out.String(), nil
		}
		digits := rest[:min(2, len(rest))]
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != 1 {
			return "", fmt.Errorf("%q is not %% and two digits", "%"+digits)
		}
		out.WriteByte(b[0])
		s = rest[2:]
	}
}

// Encode writes s with what is not unreserved (RFC 3986, section 2.3) as % and two digits,
// but for what of it is to be kept.
func Encode(s, keep string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	var out strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unreserved, s[i]) >= 0 || strings.IndexByte(keep, s[i]) >= 0 {
			out.WriteByte(s[i])
		} else {
			fmt.Fprintf(&out, "%%%02X", s[i])
		}
	}
	return out.String()
}
