package exec_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/grammar"
	"inscribe/plan"
)

// limiting notes how long the calls of a run may take: those that generate a key, by
// number, and a search as one of the rest.
type limiting struct {
	exec.Module
	keys []string
	rest string
}

func (l *limiting) Token(id exec.SlotID) exec.Token { return limitedToken{l.Module.Token(id), l} }

type limitedToken struct {
	exec.Token
	all *limiting
}

func limitOf(ctx context.Context) string {
	if d, set := exec.Limit(ctx); set {
		return d.String()
	}
	return "the module's"
}

func (t limitedToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	t.all.keys = append(t.all.keys, limitOf(ctx))
	return t.Token.GenerateKeyPair(ctx, m, public, private)
}

func (t limitedToken) FindObjects(ctx context.Context, a []exec.Attribute) ([]exec.Object, error) {
	t.all.rest = limitOf(ctx)
	return t.Token.FindObjects(ctx, a)
}

// TestLimitsOfTheProfile runs four keys under profiles that allow a call more or less,
// with and without a word of the operator.
func TestLimitsOfTheProfile(t *testing.T) {
	const text = `[Description]
PKCS11Library=x.dll
ApplicationList=ABCD
PIN=!FROM_USER_DIALOG_1_FIELD

[Application_A]
KeySize=2048
CertTempl=a

[Application_B]
KeySize=3072
CertTempl=b

[Application_C]
KeySize=4096
CertTempl=c

[Application_D]
ECCurve=P-256
CertTempl=d
`
	for _, c := range []struct {
		facts    string
		operator time.Duration
		keys     []string
		rest     string
	}{
		{"", 0, []string{"5m0s", "10m0s", "20m0s", "the module's"}, "the module's"},
		{"call-seconds=20", 0, []string{"5m0s", "10m0s", "20m0s", "20s"}, "20s"},
		{"call-seconds=20 ec-seconds=40 rsa-2048-seconds=90 rsa-4096-seconds=7200", 0, []string{"1m30s", "10m0s", "2h0m0s", "40s"}, "20s"},
		{"call-seconds=20 rsa-3072-seconds=0", 0, []string{"5m0s", "the module's", "20m0s", "20s"}, "20s"},
		{"call-seconds=20 ec-seconds=40", 30 * time.Minute, []string{"30m0s", "30m0s", "30m0s", "30m0s"}, "the module's"},
		{"call-seconds=20 ec-seconds=40", time.Second, []string{"5m0s", "10m0s", "20m0s", "40s"}, "the module's"},
	} {
		t.Run(fmt.Sprint(c.facts, c.operator), func(t *testing.T) {
			toml := "[profile.slow]\ninherits = \"softhsm\"\n"
			for _, f := range strings.Fields(c.facts) {
				name, value, _ := strings.Cut(f, "=")
				toml += fmt.Sprintf("fact.%s = { is = %s, source = \"this test\" }\n", name, value)
			}
			cfg, findings := config.Parse("inscribe.toml", []byte(toml))
			if findings != nil {
				t.Fatal(findings)
			}
			pl, err := plan.Lower(check.Check(grammar.Parse("x.dsc", []byte(text)), cfg), plan.Options{Profile: cfg.Lookup("slow")})
			if err != nil {
				t.Fatal(err)
			}
			b := newBench(t, text, model.Start{})
			l := &limiting{Module: model.New(pl.Facts(), model.Start{})}
			b.Plan, b.Module, b.CallLimit, b.Inputs = pl, l, c.operator, secrets(pl)
			if _, err := b.apply(); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(l.keys) != fmt.Sprint(c.keys) || l.rest != c.rest {
				t.Errorf("keys %v and the rest %s; should be %v and %s", l.keys, l.rest, c.keys, c.rest)
			}
		})
	}
}
