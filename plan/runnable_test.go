package plan

import (
	"strings"
	"testing"
)

// TestEncryptedLinesAreNotPassedOver: what the vendor encrypted may be a location or a
// whole job, so a plan that knows nothing of it is none.
func TestEncryptedLinesAreNotPassedOver(t *testing.T) {
	const head = "[Encoding]\nType=1024,Chip\nDevices=8710\n[Fields]\nPIN=\n"
	const rest = "[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nKeySize=2048\nCertTempl=c\n"
	for name, c := range map[string]struct {
		text, refused, warned string
	}{
		"none":               {head + rest, "", ""},
		"in an application":  {head + rest + "^Location=00\n", "line 13 is encrypted", ""},
		"at the head":        {"^00\n" + head + rest, "line 1 is encrypted", ""},
		"in [Fields]":        {head + "^00\n" + rest, "", "line 6 is encrypted"},
		"several in several": {head + "^00\n^01\n" + rest + "^02\n^03\n^04\n\n^05\n", "lines 15 to 17, 19 are encrypted", "lines 6 to 7 are encrypted"},
	} {
		t.Run(name, func(t *testing.T) {
			p := lower(t, c.text, Options{})
			var text, page, md strings.Builder
			for _, err := range []error{p.Text(&text, TextOptions{Width: 1000}), p.HTML(&page), p.Markdown(&md)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if (c.refused != "") != (len(p.Refusals) > 0) {
				t.Errorf("refusals: %+v", p.Refusals)
			}
			for _, want := range []string{c.refused, c.warned} {
				for format, got := range map[string]string{"text": text.String(), "JSON": string(p.JSON()), "HTML": page.String(), "Markdown": md.String()} {
					if !strings.Contains(got, want) {
						t.Errorf("%s says nothing of %q:\n%s", format, want, got)
					}
				}
			}
			if strings.Contains(text.String(), "--profile") && strings.Count(string(p.JSON()), "unproven") == 0 {
				t.Error("a profile is asked for that would prove nothing")
			}
		})
	}
}

// TestNoSmartCardIsRefused: what is not run is not said to be done.
func TestNoSmartCardIsRefused(t *testing.T) {
	p := lower(t, "[Encoding]\nType=2,Magstripe\n[Description]\nPKCS11Library=x.dll\nApplicationList=A\n[Application_A]\nKeySize=2048\nCertTempl=c\n", Options{})
	var text strings.Builder
	if err := p.Text(&text, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if len(p.Refusals) != 1 || p.Refusals[0].Line != 2 || p.Refusals[0].WayOut == "" || !strings.Contains(p.Refusals[0].Reason, "encoding type 2") {
		t.Errorf("refusals: %+v", p.Refusals)
	}
	if strings.Contains(text.String(), "--profile") {
		t.Errorf("no profile helps here:\n%s", text.String())
	}
}

// TestLabelOfAGivenCertificate: who reads the plan sees what label is written.
func TestLabelOfAGivenCertificate(t *testing.T) {
	const text = "[Encoding]\nType=1024,Chip\n[Fields]\nPIN=\nC=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nWriteCertificate=true\nCertificate=C\n"
	for line, want := range map[string]string{"": "write the certificate from field C", "KeyLabel=#mine\n": `write the certificate from field C, label "mine"`} {
		for _, o := range lower(t, text+line, Options{}).Ops {
			if o.Kind == PutCert && o.Words() != want {
				t.Errorf("%q: %s, want %s", line, o.Words(), want)
			}
		}
	}
}
