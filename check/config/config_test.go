package config

import (
	"strings"
	"testing"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

func TestParse(t *testing.T) {
	c, err := Parse("inscribe.toml", []byte(`
[severity]
unused-field = "off"
weak-key = "error"

[[keyword]]
name = "CertificateTemplate"
section = "Application"
like = "CertTempl"

[[keyword]]
name = "VendorWord"
section = "Description"
kind = "text"

[middleware."cvP11.dll"]
profile = "softhsm"

[certificate.myAuth]
subject = "CN={COMMON_NAME}"
key-usage = ["digitalSignature"]
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Severity[diag.UnusedField] != diag.Off || c.Severity[diag.WeakKey] != diag.Error {
		t.Errorf("severities: %v", c.Severity)
	}
	if k := c.Table().Find(schema.Application, "certificatetemplate"); k == nil || k.Meaning != schema.MCertTempl {
		t.Errorf("the synonym means %+v", k)
	}
	if k := c.Table().Find(schema.Description, "VendorWord"); k == nil || k.Meaning != "" {
		t.Errorf("the vendor's word is %+v", k)
	}
	for library, want := range map[string]string{"cvP11.dll": "softhsm", "C:/x/CVP11.DLL": "softhsm", `C:\x\cvp11.dll`: "softhsm", "other.dll": ""} {
		if got := c.ProfileFor(library); got != want {
			t.Errorf("profile for %s is %q, want %q", library, got, want)
		}
	}
	if c.Certificates["myAuth"].Subject != "CN={COMMON_NAME}" {
		t.Errorf("certificates: %+v", c.Certificates)
	}
}

// TestMatchLibrary: an entry in the very spelling goes before one in another case.
func TestMatchLibrary(t *testing.T) {
	names := []string{"C:\\x\\y.dll", "X.DLL", "Y.DLL", "x.dll", "y.dll"}
	for library, want := range map[string]string{"x.dll": "x.dll", "X.DLL": "X.DLL", "X.dll": "X.DLL", `C:\x\y.dll`: `C:\x\y.dll`, `c:\X\y.dll`: `C:\x\y.dll`, "/a/y.dll": "y.dll", "/a/Y.DLL": "Y.DLL", "z.dll": ""} {
		if got, ok := MatchLibrary(library, names); got != want || ok != (want != "") {
			t.Errorf("%s is %q, want %q", library, got, want)
		}
	}
}

func TestErrorsHavePlaceCauseAndWayOut(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":  {"[severity]\nx = \"off\"\n[polisy]\na = 1\n", "inscribe.toml:3:2: unknown key polisy"},
		"bad toml":     {"[severity\n", "inscribe.toml:1:"},
		"bad code":     {"[severity]\nunused = \"off\"\n", `there is no code "unused"`},
		"bad severity": {"[severity]\nunused-field = \"loud\"\n", `unused-field is "loud"; it can be error, warning`},
		"bad like":     {"[[keyword]]\nname = \"X\"\nsection = \"Application\"\nlike = \"CertTmpl\"\n", "is it CertTempl?"},
		"bad kind":     {"[[keyword]]\nname = \"X\"\nsection = \"Application\"\n", `kind is ""; it can be`},
		"bad section":  {"[[keyword]]\nname = \"X\"\nsection = \"Foo\"\n", `section is "Foo"; it can be`},
		"double":       {"[[keyword]]\nname = \"keysize\"\nsection = \"Application\"\nkind = \"text\"\n", "stands twice"},
		"bad profile":  {"[middleware.\"x.dll\"]\nprofile = \"nobody\"\n", `no profile "nobody"; there are`},
		"mark":         {"\ufeff[severity]\nunused = \"off\"\n", `inscribe.toml:2:1: [severity]: there is no code "unused"`},
		"characters":   {"a = \"ä😀\" b\n", "inscribe.toml:1:10: expected newline"},
		"in a list":    {"certificate = {\"ä😀\" = {subject = \"CN=x\", key-usage = [\"foo\"]}}\n", "inscribe.toml:1:55: [certificate.ä😀]: "},
		"strange key":  {"[policy]\n\"ä😀\" = 1\nx.\"ä😀\".y = 1\n", "inscribe.toml:3:1: unknown key"},
		"not UTF-8":    {"# M\xfcller\n", "inscribe.toml:1:4: the text is not UTF-8; save"},
		"starts":       {"[middleware.\"x.dll\"]\nprofile = \"softhsm\"\nmodule = \"/tmp/evil.so\"\n", "unknown key middleware.x.dll.module"},
	} {
		_, err := Parse("inscribe.toml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
	}
}
