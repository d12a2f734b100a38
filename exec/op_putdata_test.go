package exec

import (
	"bytes"
	"encoding/asn1"
	"strings"
	"testing"
)

// TestEncodeOID holds the encoding against that of the standard library.
func TestEncodeOID(t *testing.T) {
	for _, dotted := range []string{"0.0", "0.39", "1.0", "1.39.1", "2.0", "2.999.3", "2.2147483567", "1.2.3.4.5", "1.2.840.113549.1.1.11", "1.3.6.1.4.1.2147483647.127.128.16383.16384"} {
		der, err := encodeOID(dotted)
		if err != nil {
			t.Errorf("%s: %v", dotted, err)
			continue
		}
		var oid asn1.ObjectIdentifier
		if rest, err := asn1.Unmarshal(der, &oid); err != nil || len(rest) > 0 || oid.String() != dotted {
			t.Errorf("%s: % x is read as %v (%v)", dotted, der, oid, err)
		}
		if want, _ := asn1.Marshal(oid); !bytes.Equal(der, want) {
			t.Errorf("%s: % x, want % x", dotted, der, want)
		}
	}
	for _, dotted := range []string{"", "1", "3.1", "0.40", "1.40", "1..2", "1.-2", "1.2.x", "1.2.2147483648", "1.2" + strings.Repeat(".2147483647", 26)} {
		if der, err := encodeOID(dotted); err == nil {
			t.Errorf("%q is encoded as % x", dotted, der)
		}
	}
}
