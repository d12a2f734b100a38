package check

import (
	"testing"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// TestWordsInAnyCase takes a word of the language in any case of its letters, and no
// other sign for a letter.
func TestWordsInAnyCase(t *testing.T) {
	const kelvin, long = "\u212a", "\u017f"
	for value, want := range map[string]schema.Slot{
		"Signature": schema.SignatureSlot, "sIGNATURE": schema.SignatureSlot, long + "ignature": schema.DefaultSlot, "Signature ": schema.DefaultSlot, "": schema.DefaultSlot,
	} {
		if got := LocationSlot(value); got != want {
			t.Errorf("%q means %v", value, got)
		}
	}
	const head = "[Description]\nPKCS11Library=x.dll\nPIN=#123456\nSignPIN=#654321\nApplicationList=A\n"
	for text, want := range map[string]diag.Code{
		head + "[Application_A]\nKeySize=2048\nCertTempl=t\nLocation=#" + long + "ignature\n": diag.LocationDefault,
		head + "[Application_A]\n" + kelvin + "eySize=2048\nCertTempl=t\n":                    diag.UnknownKeyword,
		"[De" + long + "cription]\nPKCS11Library=x.dll\n":                                     diag.UnknownSection,
		head + "PIN_Validation=reg_exp([0-9]+)\n[Field" + long + "]\n":                        diag.UnknownSection,
	} {
		found := false
		for _, d := range check(text).Diagnostics {
			found = found || d.Code == want
		}
		if !found {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
