package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"inscribe/exec"
)

// skew is how far ahead the clock of a CA may be.
const skew = 5 * time.Minute

// Compare holds a certificate against what was asked of the CA: the public key,
// the subject, the alternative names and policies asked for, the key usages and
// extended key usages exactly, validity at the time now, another serial number than
// the previous certificate of that CA has, and that it is no CA. A template without extended key usages leaves them to the
// CA. The error, of kind Device, lists everything that differs.
func Compare(t Template, r exec.CertificateRequest, cert exec.Certificate, now time.Time) error {
	w, err := t.Expand(Fields(r))
	if err != nil {
		return err
	}
	x, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return &exec.Error{Kind: exec.Device, Message: "the certificate that the CA returned cannot be read", Cause: err}
	}
	var diffs []string
	differ := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }

	if key, err := fromSPKI(x.RawSubjectPublicKeyInfo); err != nil || !Equal(key, r.Key) {
		differ("it is for another public key")
	}
	if got, want := nameText(x.RawSubject), nameText(w.Subject); got != want {
		differ("its subject is %q instead of %q", got, want)
	}
	if x.NotBefore.After(now.Add(skew)) {
		differ("it is not valid before %s", x.NotBefore.UTC().Format(time.RFC3339))
	}
	if !now.Before(x.NotAfter) {
		differ("it expired at %s", x.NotAfter.UTC().Format(time.RFC3339))
	}
	if x.KeyUsage != w.KeyUsage {
		differ("its key usage is %s instead of %s", usageText(x.KeyUsage), usageText(w.KeyUsage))
	}
	if eku := readEKU(x.Extensions); len(w.EKU) > 0 && !sameOIDs(eku, w.EKU) {
		differ("its extended key usage is %s instead of %s", ekuText(eku), ekuText(w.EKU))
	}
	got, want := readSAN(x.Extensions), w.SAN
	for i, k := range want.kinds() {
		if missing := without(*k.list, *got.kinds()[i].list); len(missing) > 0 {
			differ("it lacks the %s %s", k.Title, strings.Join(missing, ", "))
		}
	}
	for _, p := range w.Policies {
		if !slices.ContainsFunc(x.Policies, p.Equal) {
			differ("it lacks the policy %s", p)
		}
	}
	if x.IsCA {
		differ("it is a CA certificate")
	}
	if p := r.Previous; p != nil && bytes.Equal(cert.Issuer, p.Issuer) && bytes.Equal(cert.Serial, p.Serial) {
		differ("its serial number %s is the previous one", cert.Display.Serial)
	}
	if diffs == nil {
		return nil
	}
	return &exec.Error{
		Kind:    exec.Device,
		Message: "the certificate for template " + t.Name + " is not what was asked for: " + strings.Join(diffs, "; "),
		Advice:  "compare the template here with the profile at the CA",
	}
}

// nameText compares names by their text, for a CA may change the string type.
func nameText(der []byte) string {
	s, err := FormatName(der)
	if err != nil {
		return "(damaged)"
	}
	return s
}

func sameOIDs(a, b []asn1.ObjectIdentifier) bool {
	contains := func(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
		return slices.ContainsFunc(list, oid.Equal)
	}
	for _, oid := range a {
		if !contains(b, oid) {
			return false
		}
	}
	for _, oid := range b {
		if !contains(a, oid) {
			return false
		}
	}
	return true
}

// without gives the names of list that are not in other; the case of a DNS or
// mail domain does not count.
func without(list, other []string) []string {
	var out []string
	for _, s := range list {
		if !slices.ContainsFunc(other, func(o string) bool { return strings.EqualFold(s, o) }) {
			out = append(out, s)
		}
	}
	return out
}
