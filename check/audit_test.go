package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"inscribe/check/config"
	"inscribe/grammar"
)

// TestMeanings are descriptions whose slip was silent once: each line is what must
// be found, as "code at line".
func TestMeanings(t *testing.T) {
	const head = "[Encoding]\nType=1024,Chip\nDevices=8710\n" // lines 1 to 3
	for name, c := range map[string]struct{ text, want string }{
		"a PIN as the content of a data object":        {"[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nDataObject=PIN\nLabelExpressionDataObject=x\n", "secret-leak at 11"},
		"a column of a secret field in a label":        {"[Fields]\nLBL=Field21\nPIN=Field21\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=t\nKeyLabel=LBL\n", "secret-leak at 14"},
		"InitToken beside a SignPIN without authority": {"[Description]\nPKCS11Library=x.dll\nInitToken=true\nInitialPUK=#12345678\nSetPIN=true\nSignPIN=#654321\n", "missing-keyword at 9"},
		"InitialPUK without SetPIN":                    {"[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nInitialPUK=P\n", "missing-keyword at 9"},
		"a blank before Signature":                     {"[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A\n[Application_A]\nECCurve=P-256\nCertTempl=t\nLocation=# Signature\n", "location-default at 13"},
		"text behind an end anchor":                    {"[Fields]\nP=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nPIN_Validation=reg_exp(12$34)\n", "pin-validation at 9"},
		"a label of a token with a NUL":                {"[Description]\nPKCS11Library=x.dll\nInitToken=true\nInitialPUK=!FROM_USER_DIALOG_2_FIELD\nInitialLabel=#Ada\x00x\n", "invalid-value at 8"},
		"an arc that no identifier has":                {"[Fields]\nP=\nD=\n[Description]\nPKCS11Library=x.dll\nPIN=P\nApplicationList=A\n[Application_A]\nDataObject=D\nLabelExpressionDataObject=x\nAttributesDataObject=CKA_OBJECT_ID=1.40.5\n", "invalid-value at 14"},
	} {
		p := check(head + c.text)
		found := false
		for _, d := range p.Diagnostics {
			found = found || fmt.Sprintf("%s at %d", d.Code, p.File.Position(d.Span.Start).Line) == c.want
		}
		if !found {
			t.Errorf("%s: want %s, got\n%s", name, c.want, describe(p))
		}
	}
}

func TestSilencedTyposBlock(t *testing.T) {
	p := check("[Encoding]\nType=1024,Chip\n[Description]\nPKCS11Library=x.dll\nPIN=#123456\nApplicationList=A\n[Application_A]\n# inscribe:ignore unknown-keyword x\nKeySzie=2048\nCertTempl=T\n")
	if !p.Errors() {
		t.Error("CertTempl without its key size could be planned")
	}
}

func TestTwoSpellingsOfOneMeaning(t *testing.T) {
	cfg, err := config.Parse("inscribe.toml", []byte("[[keyword]]\nname = \"Bits\"\nsection = \"Application\"\nlike = \"KeySize\"\n[[keyword]]\nname = \"Init\"\nsection = \"Description\"\nlike = \"InitToken\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := Check(grammar.Parse("x.dsc", []byte("[Description]\nPKCS11Library=x.dll\nApplicationList=A\nInitToken=false\n[Application_A]\nKeySize=3072\nBits=1024\nCertTempl=t\n")), cfg)
	if got := describe(p); !strings.Contains(got, "7:1-7:5 error duplicate-keyword") {
		t.Errorf("got\n%s", got)
	}
}

func TestQuotedTextOfUntypedFieldsIsHidden(t *testing.T) {
	const canary = "97531864"
	for _, text := range []string{
		"[Fields]\nPIN_FIELD=\"" + canary + "\"\n[Description]\nPKCS11Library=x.dll\nPIN=PIN_FEILD\n",
		"[Fields]\nPUK_F=\"" + canary + "\n[Description]\nPKCS11Library=x.dll\n",
		"[Fields]\n[Description]\nPIN;" + canary + "\n",
	} {
		p := check(text)
		masked := []byte(p.File.Text)
		for _, s := range p.Secrets {
			for i := s.Start; i < s.End; i++ {
				masked[i] = '*'
			}
		}
		if strings.Contains(string(masked), canary) {
			t.Errorf("a snippet would show the secret:\n%s", masked)
		}
	}
}

// TestHostileFilesEnd bounds the work on files that are made to be slow. The limit
// is far above what they take, and far below what they took once.
func TestHostileFilesEnd(t *testing.T) {
	var fields, names strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&fields, "F%d=\n", i)
		fmt.Fprintf(&names, "G%d,", i)
	}
	for name, text := range map[string]string{
		"many unknown names":      "[Fields]\n" + fields.String() + "[Description]\nClearFields=" + names.String() + "\n",
		"many unknown references": "[Fields]\n[Description]\nPKCS11Library=x.dll\nApplicationList=A\n[Application_A]\nDataObject=X\nLabelExpressionDataObject=" + strings.Repeat("!{A}", 100000) + "\n",
		"a long expression":       "[Fields]\n[Description]\nPIN_Validation=reg_exp(" + strings.Repeat("(a|b)", 40000) + ")\n",
		"many unknown keywords":   "[Description]\n" + strings.Repeat("Kexword=1\n", 5000),
	} {
		begin := time.Now()
		check(text)
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s take %s", name, took)
		}
	}
}
