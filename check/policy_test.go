package check

import (
	"strings"
	"testing"

	"inscribe/check/config"
	"inscribe/grammar"
)

func TestPolicy(t *testing.T) {
	text := "[Fields]\nPIN=\nLIST=\n[Description]\nPKCS11Library=C:/x/evil.dll\nInitToken=true\nInitialPUK=#12345678\nSetPIN=true\nPIN=PIN\nSignPIN=PIN\nApplicationList=ABC\n" +
		"[Application_A]\nKeySize=2048\nCertTempl=auth1\n[Application_B]\nECCurve=P-256\nCertTempl=auth2\nLocation=#Signature\n[Application_C]\nWriteCertKeyList=true\nCertKeyList=LIST\n"
	for rule, want := range map[string]string{
		"rsa-min = 3072":                  "RSA keys of 3072 bits",
		"rsa-min = 2048":                  "",
		`curves = ["P-384"]`:              "curve P-256",
		`curves = ["p-*"]`:                "",
		`signature-templates = ["sig*"]`:  "template auth2 in the signature slot",
		`signature-templates = ["AUTH2"]`: "",
		`templates = ["auth2"]`:           "template auth1",
		`libraries = ["good.dll"]`:        "this library",
		`libraries = ["*evil.dll"]`:       "",
		"forbid-init-token = true":        "initialise tokens",
		"forbid-key-import = true":        "private keys from outside",
		"forbid-literal-secrets = true":   "secrets in the file",
		"distinct-pins = true":            "another value for SignPIN",
	} {
		cfg, err := config.Parse("inscribe.toml", []byte("[policy]\n"+rule+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		found := []string{}
		for _, d := range Check(grammar.Parse("x.dsc", []byte(text)), cfg).Diagnostics {
			if d.Code == "policy" {
				found = append(found, d.Message)
			}
		}
		switch {
		case want == "" && len(found) > 0, want != "" && (len(found) != 1 || !strings.Contains(found[0], want)):
			t.Errorf("%s: %q, want %q", rule, found, want)
		}
	}
	if _, err := config.Parse("inscribe.toml", []byte("[policy]\nrsa = 3\n")); err == nil || !strings.Contains(err.Error(), "policy.rsa") {
		t.Errorf("an unknown rule gives %v", err)
	}
}
