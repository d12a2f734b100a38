package plan_test

import (
	"strings"
	"testing"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/grammar"
	"inscribe/plan"
)

// TestBothLoginsWantBothPINs: where a key in the signature slot needs the login of
// the default slot as well, a description without a PIN for that is refused, and
// says why.
func TestBothLoginsWantBothPINs(t *testing.T) {
	const text = "[Fields]\nPIN=\nSIGN_PIN=\n[Description]\nPKCS11Library=x.dll\nApplicationList=A\nSignPIN=SIGN_PIN\n%[Application_A]\nKeySize=2048\nCertTempl=auth\nLocation=#Signature\n"
	for _, c := range []struct {
		profile, more string
		refused       bool
	}{{"opensc", "", true}, {"opensc", "PIN=PIN\n", false}, {"softhsm", "", false}} {
		source := strings.Replace(text, "%", c.more, 1)
		p, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(source)), nil), plan.Options{Profile: profile.Lookup(c.profile)})
		if err != nil {
			t.Fatal(err)
		}
		if !c.refused {
			if len(p.Refusals) != 0 {
				t.Errorf("%s %q: %v", c.profile, c.more, p.Refusals)
			}
			continue
		}
		if len(p.Refusals) != 1 || p.Refusals[0].Line != 10 || !strings.Contains(p.Refusals[0].Reason, "needs the login of the default slot as well") || p.Refusals[0].WayOut != "add PIN beside SignPIN" {
			t.Errorf("%s %q: %+v", c.profile, c.more, p.Refusals)
		}
		for _, op := range p.Ops {
			if op.Kind == plan.Login {
				t.Errorf("the refused plan has %s %s", op.Kind, op.Slot)
			}
		}
	}
}
