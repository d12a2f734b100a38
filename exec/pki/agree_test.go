package pki_test

import (
	"strings"
	"testing"

	"inscribe/check/config"
	"inscribe/exec/pki"
)

// FuzzCheckAgrees wants that what inscribe.toml is told to be right is right here,
// and that what is refused here is refused there.
func FuzzCheckAgrees(f *testing.F) {
	f.Add("CN={A}", "{A}@x.org", "digitalSignature", "clientAuth", "1.2.3")
	f.Add(`C=DE,O=\2c`, "a@b", "decipherOnly", "2.40.1", "2.25.329800735698586629295641978511506172918")
	f.Add("OID.2.5.4.3=x", "x}", "keyCertSign", "OID.1.3.01", "1.40")
	f.Add("1.39.2147483647=x", "", "", "2.2147483647.1", "3.1")
	f.Fuzz(func(t *testing.T, subject, email, usage, purpose, policy string) {
		if strings.Contains(subject+email+usage+purpose+policy, "'''") || strings.ContainsAny(subject+email+usage+purpose+policy, "\x00\r\n'") {
			t.Skip()
		}
		q := func(s string) string { return "'" + s + "'" }
		_, err := config.Parse("inscribe.toml", []byte("[certificate.t]\nsubject = "+q(subject)+"\nemail = "+q(email)+"\nkey-usage = ["+q(usage)+"]\nextended-key-usage = ["+q(purpose)+"]\npolicies = ["+q(policy)+"]\n"))
		if err != nil && !strings.Contains(err.Error(), "[certificate.t]") {
			t.Skip() // no TOML
		}
		x := pki.Template{Name: "t", Subject: subject, KeyUsage: []string{usage}, EKU: []string{purpose}, Policies: []string{policy}}
		if email != "" {
			x.SAN.EMail = []string{email}
		}
		here := x.Check()
		if here != nil && err == nil {
			t.Errorf("taken by inscribe.toml and refused by the engine: %v", here)
		}
		if err == nil && len(x.Uses()) == 0 {
			if _, err := x.Expand(nil); err != nil {
				t.Errorf("no field is in it, and it gives no certificate: %v", err)
			}
		}
	})
}
