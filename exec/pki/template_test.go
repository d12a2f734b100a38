package pki_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/pki"
)

func simple(subject string) pki.Template {
	return pki.Template{Name: "T", Subject: subject, KeyUsage: []string{"digitalSignature"}}
}

func TestSubjectIsWrittenAsPatterned(t *testing.T) {
	fields := map[string]string{"A": "Ann", "B": "Bee", "SPACE": "  x  ", "SPECIAL": `a,b+c="d";<e>\#`}
	for pattern, want := range map[string]string{
		"CN={A}":                            "CN=Ann",
		" cn = {A} {B} , O = Ex  , C = DE ": "CN=Ann Bee,O=Ex,C=DE",
		"CN={A}+OU={B},C=DE":                "CN=Ann+OU=Bee,C=DE",
		`CN=a\,b\2Cc\ d\{A\}`:               `CN=a\,b\,c d{A}`,
		"CN={SPACE}":                        "CN=x",
		"CN={SPECIAL},O=y":                  `CN=a\,b\+c=\"d\"\;\<e\>\\#,O=y`,
		"CN=x,2.5.4.5={A}":                  "CN=x,SERIALNUMBER=Ann",
		"OID.1.2.3={A}":                     "1.2.3=Ann",
		"givenName={A},SN={B},E=a@b.c":      "GN=Ann,SN=Bee,emailAddress=a@b.c",
		"DC=example,DC=org,UID={A}":         "DC=example,DC=org,UID=Ann",
		`CN=\C3\A9t\C3\A9`:                  "CN=été",
		`CN=\#1`:                            `CN=\#1`,
		"CN=a=b":                            "CN=a=b",
	} {
		w, err := simple(pattern).Expand(fields)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		got, err := pki.FormatName(w.Subject)
		// The RDNs of a SET are sorted in DER: order within one does not count.
		if err != nil || got != want && got != "OU=Bee+CN=Ann,C=DE" {
			t.Errorf("%s: got %s (%v), want %s", pattern, got, err, want)
		}
	}
}

func TestNameIsTheOneOfTheStandardLibrary(t *testing.T) {
	w := expand(t, simple(`CN=a\,b,OU=x+OU=y,O=\#o,STREET=s,L=l,ST=st,POSTALCODE=1,SERIALNUMBER=2,C=DE`), nil)
	var rdns pkix.RDNSequence
	if _, err := asn1.Unmarshal(w.Subject, &rdns); err != nil {
		t.Fatal(err)
	}
	got, err := pki.FormatName(w.Subject)
	if err != nil || got != rdns.String() {
		t.Errorf("got %s (%v), the library %s", got, err, rdns)
	}
}

func TestFieldsCannotInject(t *testing.T) {
	for _, evil := range []string{"x,O=Evil", "x+O=Evil", `x\,O=Evil`, "x=y", "{B}", `"x",CN=y`, "#0c0141", "x;O=Evil", "\\", "{", "}"} {
		w, err := simple("CN={A},O=Good").Expand(map[string]string{"A": evil, "B": "secret"})
		if err != nil {
			t.Errorf("%q: %v", evil, err)
			continue
		}
		var rdns pkix.RDNSequence
		if _, err := asn1.Unmarshal(w.Subject, &rdns); err != nil {
			t.Fatal(err)
		}
		if len(rdns) != 2 || len(rdns[0]) != 1 || len(rdns[1]) != 1 || rdns[0][0].Value != "Good" || rdns[1][0].Value != evil {
			t.Errorf("%q made %v", evil, rdns)
		}
	}
	san := simple("CN=x")
	san.SAN = pki.SAN{EMail: []string{"{A}@example.org"}, DNS: []string{"{A}.example.org"}, UPN: []string{"{A}@corp"}, URI: []string{"https://example.org/u/{A}"}}
	for _, evil := range []string{"root@evil.org,x", "a@b", "a b", "", "a\x00b", "a\nb", "a,b"} {
		one := san
		one.SAN.URI = nil
		if _, err := one.Expand(map[string]string{"A": evil}); err == nil {
			t.Errorf("%q was taken as a name", evil)
		}
	}
	w := expand(t, pki.Template{Subject: "CN=x", KeyUsage: []string{"digitalSignature"}, SAN: pki.SAN{URI: san.SAN.URI}}, map[string]string{"A": "../x?y#z"})
	if got := w.SAN.URI[0]; got != "https://example.org/u/..%2Fx%3Fy%23z" {
		t.Errorf("URI %s", got)
	}
	w = expand(t, pki.Template{Subject: "CN=x", KeyUsage: []string{"digitalSignature"}, SAN: pki.SAN{URI: []string{"{A}"}}}, map[string]string{"A": "https://example.org/x?y"})
	if got := w.SAN.URI[0]; got != "https://example.org/x?y" {
		t.Errorf("URI %s", got)
	}
}

func TestExpandErrors(t *testing.T) {
	fields := map[string]string{"COMMON_NAME": "Ann", "EMPTY": " ", "CONTROL": "se\x07cret", "BAD": "se\xffcret", "LONG": strings.Repeat("ä", 65), "LOWER": "de", "ODD": "se_cret"}
	for subject, want := range map[string]string{
		"CN={COMON_NAME}":         "{COMON_NAME} is no field that has a value; did you mean COMMON_NAME?",
		"CN={WHATEVER_ELSE}":      "{WHATEVER_ELSE} is no field that has a value",
		"CN={EMPTY},O=x":          "CN of the subject is empty",
		"CN=x,O=":                 "O of the subject is empty",
		"CN={CONTROL}":            "the value of field CONTROL has a control character",
		"CN={BAD}":                "the value of field BAD is not UTF-8",
		"CN={LONG}":               "CN of the subject has 65 characters, at most 64",
		"C={LOWER}":               "two capital letters",
		"serialNumber={ODD}":      "PrintableString",
		"E={LONG}":                "outside ASCII",
		"":                        "the subject is empty",
		"CN":                      "without TYPE=",
		"CN=a,":                   "without TYPE=",
		"CN=a,,O=b":               "without TYPE=",
		"CN=a+":                   "without TYPE=",
		"{COMMON_NAME}=a":         "without TYPE=",
		"CM=x":                    `"CM" is no attribute type of a name; did you mean`,
		"CN={COMMON_NAME":         "a { in the pattern has no }",
		"CN={}":                   "does not name a field",
		"CN={A B}":                "does not name a field",
		"CN=a}":                   "not escaped",
		`CN="a"`:                  "not escaped",
		"CN=a;O=b":                "not escaped",
		"CN=#0c0141":              "hexadecimal values",
		`CN=a\`:                   "escapes nothing",
		`CN=a\zz`:                 "escapes nothing",
		`CN=a\00`:                 "the pattern has a control character",
		"9.9.9=a":                 "no attribute type",
		"1.2.99999999999999999=a": "no attribute type",
	} {
		_, err := simple(subject).Expand(fields)
		var e *exec.Error
		if !errors.As(err, &e) || e.Kind != exec.Refused || !strings.Contains(err.Error(), want) || !strings.HasPrefix(e.Message, "certificate template T: ") {
			t.Errorf("%q: got %v, want %q", subject, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), "ää")) {
			t.Errorf("%q: the error shows the value: %v", subject, err)
		}
	}
}

func TestTemplateCheck(t *testing.T) {
	for want, change := range map[string]func(*pki.Template){
		"names no key usage": func(t *pki.Template) { t.KeyUsage = nil },
		`"digitalSignatur" is no key usage; did you mean digitalSignature?`: func(t *pki.Template) { t.KeyUsage = []string{"digitalSignatur"} },
		"keyCertSign is for a CA":                                         func(t *pki.Template) { t.KeyUsage = []string{"keyCertSign"} },
		"nothing without keyAgreement":                                    func(t *pki.Template) { t.KeyUsage = []string{"encipherOnly"} },
		`"clientauth" is no extended key usage; did you mean clientAuth?`: func(t *pki.Template) { t.EKU = []string{"clientauth"} },
		`policy "1.x" is no object identifier`:                            func(t *pki.Template) { t.Policies = []string{"1.x"} },
		"policy 1.2.3 is there twice":                                     func(t *pki.Template) { t.Policies = []string{"1.2.3", "2.5", "1.2.3"} },
		"validity-days is negative":                                       func(t *pki.Template) { t.Days = -1 },
		"no certificate ends after the year 9999":                         func(t *pki.Template) { t.Days = 7000*366 + 1 },
		"a } in the pattern has no {":                                     func(t *pki.Template) { t.SAN.DNS = []string{"x}"} },
	} {
		x := simple("CN=x")
		change(&x)
		if err := x.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := fullTemplate.Check(); err != nil {
		t.Error(err)
	}
	if got, want := fullTemplate.Uses(), []string{"HOST", "MAIL", "NAME", "USER", "token.serial"}; !slices.Equal(got, want) {
		t.Errorf("uses %v, want %v", got, want)
	}
}

func TestDecrypt(t *testing.T) {
	for usage, want := range map[string]bool{
		"digitalSignature":                 false,
		"nonRepudiation":                   false,
		"contentCommitment":                false,
		"keyEncipherment":                  true,
		"dataEncipherment":                 true,
		"keyAgreement":                     true,
		"digitalSignature keyEncipherment": true,
		"nonsense":                         false,
		"":                                 false,
	} {
		if got := (pki.Template{KeyUsage: strings.Fields(usage)}).Decrypt(); got != want {
			t.Errorf("%q: decrypt %v", usage, got)
		}
	}
}

func TestFieldsOfTheRequest(t *testing.T) {
	r := exec.CertificateRequest{Application: "A", Template: "T", Fields: map[string]string{"X": "y", pki.FieldTokenSerial: "forged"}, Token: exec.TokenInfo{Serial: "12ab", Label: "CARD"}}
	got := pki.Fields(r)
	if got["X"] != "y" || got[pki.FieldTokenSerial] != "12ab" || got[pki.FieldTokenLabel] != "CARD" || got[pki.FieldApplication] != "A" || got[pki.FieldTemplate] != "T" {
		t.Errorf("%v", got)
	}
	if len(r.Fields) != 2 || r.Fields[pki.FieldTokenSerial] != "forged" {
		t.Error("the request was changed")
	}
}

func TestFormatNameShowsNothingHidden(t *testing.T) {
	der, err := asn1.Marshal(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "a\x1b[2J\u202eb \n"}}, {{Type: asn1.ObjectIdentifier{1, 2, 3}, Value: 7}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pki.FormatName(der); err != nil || got != `1.2.3=#020107,CN=a\1B[2J\E2\80\AEb \0A` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := pki.FormatName([]byte{1, 2}); err == nil {
		t.Error("no Name was taken")
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("CN={A},O=x", "{A}@b.c", "a,O=b")
	f.Add(`CN=\2c{A}+OU=\ x,C=DE`, "urn:{A}", "ä\x00")
	f.Add("2.5.4.3={A", "}{", "\xff")
	f.Fuzz(func(t *testing.T, subject, san, value string) {
		x := simple(subject)
		_ = x.Uses()
		plain, err := x.Expand(map[string]string{"A": "x", "B": "y"})
		x.SAN = pki.SAN{EMail: []string{san}, DNS: []string{san}, URI: []string{san}, UPN: []string{san}}
		_, _ = x.Expand(map[string]string{"A": value})
		if err != nil {
			return
		}
		x.SAN = pki.SAN{}
		w, err := x.Expand(map[string]string{"A": value, "B": "y"})
		if err != nil {
			return
		}
		if a, b := shape(t, plain.Subject), shape(t, w.Subject); a != b {
			t.Errorf("%q with %q has the attributes %s instead of %s", subject, value, b, a)
		}
		if _, err := pki.FormatName(w.Subject); err != nil {
			t.Error(err)
		}
	})
}

// shape is a name without its values. DER sorts the attributes of one RDN by
// value as well, so they are sorted here.
func shape(t *testing.T, der []byte) string {
	var rdns pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdns); err != nil || len(rest) != 0 {
		t.Fatalf("%x is no Name: %v", der, err)
	}
	var out []string
	for _, rdn := range rdns {
		var types []string
		for _, a := range rdn {
			types = append(types, a.Type.String())
		}
		slices.Sort(types)
		out = append(out, strings.Join(types, "+"))
	}
	return strings.Join(out, ",")
}
