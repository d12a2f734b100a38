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

// TestRequestsUnderOneLogin: a key signs its request while its slot alone is logged
// in, where the profile knows that both slots are on one card, and knows whether a
// key needs both logins to be made.
func TestRequestsUnderOneLogin(t *testing.T) {
	const head = "[Fields]\nPIN=\nSIGN_PIN=\nWHERE=\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\nSignPIN=SIGN_PIN\nApplicationList=%s\n"
	apps := map[byte]string{
		'D': "[Application_D]\nECCurve=P-256\nCertTempl=auth\n",
		'E': "[Application_E]\nECCurve=P-256\nCertTempl=more\n",
		'S': "[Application_S]\nECCurve=P-256\nCertTempl=sig\nLocation=#Signature\n",
		'T': "[Application_T]\nECCurve=P-256\nCertTempl=seal\nLocation=#Signature\n",
		'F': "[Application_F]\nECCurve=P-256\nCertTempl=any\nLocation=WHERE\n",
	}
	short := map[plan.Kind]string{plan.Login: "in", plan.Logout: "out", plan.GenKey: "key", plan.ReqCert: "req", plan.PutCert: "put"}
	for _, c := range []struct{ both, list, want string }{
		{"true", "S", "d.in s.in s.key d.out s.out s.in s.req d.in s.put"},
		{"true", "ST", "d.in s.in s.key d.out s.out s.in s.req d.in s.put s.key d.out s.out s.in s.req d.in s.put"},
		{"true", "DS", "d.in d.key d.req d.put s.in s.key d.out s.out s.in s.req d.in s.put"},
		// The signature slot is logged in again where it is needed, and not before.
		{"true", "SDET", "d.in s.in s.key d.out s.out s.in s.req d.in s.put d.key s.out d.out d.in d.req d.put d.key d.req d.put s.in s.key d.out s.out s.in s.req d.in s.put"},
		{"true", "F", "d.in s.in? f.key d.out? s.out? s.in? f.req d.in? f.put"},
		{"false", "S", "s.in s.key s.req s.put"},
		{"false", "DST", "d.in d.key d.req d.put d.out s.in s.key s.req s.put s.key s.req s.put"},
		{"false", "DSE", "d.in d.key d.req d.put d.out s.in s.key s.req s.put s.out d.in d.key d.req d.put"},
		{`"unknown"`, "DS", "d.in d.key d.req d.put s.in s.key s.req s.put"},
	} {
		facts, err := profile.Parse("one", []byte("inherits = \"opensc\"\n[fact]\nsignature-key-needs-both-logins = { is = "+c.both+", source = \"x\" }\n"), profile.Lookup)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(head, "%s", c.list, 1)
		for i := range c.list {
			text += apps[c.list[i]]
		}
		p, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: facts})
		if err != nil || len(p.Refusals) > 0 {
			t.Fatalf("%s: %v, %v", c.list, err, p.Refusals)
		}
		var got []string
		for _, op := range p.Ops {
			if short[op.Kind] == "" {
				continue
			}
			word := op.Slot[:1] + "." + short[op.Kind]
			if op.When != nil {
				word += "?"
			}
			got = append(got, word)
			if op.Kind == plan.Logout && op.Application == "" {
				t.Errorf("%s logs out for nobody", op.ID)
			}
		}
		if all := strings.Join(got, " "); all != c.want {
			t.Errorf("%s, both logins %s:\n%s\nwant\n%s", c.list, c.both, all, c.want)
		}
	}
	// Where a second token stands for the signature slot, no login can open its keys.
	text := strings.Replace(head, "%s", "DS", 1) + apps['D'] + apps['S']
	p, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), nil), plan.Options{Profile: profile.Lookup("softhsm")})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range p.Ops {
		if op.Kind == plan.Logout {
			t.Errorf("%s logs out", op.ID)
		}
	}
}
