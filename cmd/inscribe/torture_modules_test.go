//go:build cgo && linux

package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"inscribe/internal/vcard/lab"
	"inscribe/plan"
)

// changeAndTwoKeys changes a PIN and puts a key with its certificate into each slot.
const changeAndTwoKeys = `[Fields]
SIGN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=AB
SetPIN=true
PIN=!FROM_USER_DIALOG_3_FIELD
SignPIN=SIGN

[Application_A]
ECCurve=P-256
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

var changeAndTwoKeysArgs = []string{"--answer", "PIN.old=env:CARD_PIN", "--answer", "PIN=env:NEW_PIN", "--field", "SIGN=env:SIGN_PIN", "--lab-ca", "--call-timeout", "30s"}

// between gives a machine to a case: what the one before left of it in files goes,
// and it has a state folder of its own.
func between(t *testing.T, m *machine, n int) {
	t.Helper()
	outer := m.TB
	m.TB, m.moduleEnv = t, map[string]string{}
	t.Cleanup(func() { m.TB = outer })
	for _, name := range []string{"trace", "wrong"} {
		if err := os.RemoveAll(filepath.Join(m.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	m.env["XDG_STATE_HOME"] = filepath.Join(m.dir, "state", fmt.Sprint(n))
}

// onCard runs a tale on an emulated card with a true signature slot, by OpenSC.
type onCard struct {
	*cardMachine
	blank []byte
	args  []string
	n     int
}

func (p *onCard) reset(t *testing.T) (*machine, []string) {
	p.n++
	between(t, p.machine, p.n)
	p.from(p.blank, fmt.Sprint(p.n))
	return p.machine, p.args
}

func (p *onCard) digest(*machine) []byte { return p.snapshot() }

func (p *onCard) settled(*machine) string {
	p.opened(true, "default", "9988")
	p.opened(true, "signature", "5678")
	p.tries(lab.UserPIN, 3, 10)
	p.tries(lab.SignaturePIN, 3, 10)
	return p.picture()
}

// onNSS runs a tale on two databases of NSS.
type onNSS struct {
	*machine
	lab  *testLab
	args []string
	n    int
}

// saved are the databases as they were.
func (p *onNSS) saved() string { return filepath.Join(p.dir, "saved") }

func (p *onNSS) reset(t *testing.T) (*machine, []string) {
	p.n++
	between(t, p.machine, p.n)
	p.lab.TB = t
	for slot, label := range p.lab.labels {
		dir := p.lab.certutil[label]
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.saved(), slot))); err != nil {
			t.Fatal(err)
		}
	}
	return p.machine, p.args
}

func (p *onNSS) digest(*machine) []byte {
	h := sha256.New()
	for _, slot := range plan.Slots {
		for _, name := range []string{"key4.db", "cert9.db"} {
			b, err := os.ReadFile(filepath.Join(p.lab.certutil[p.lab.labels[slot]], name))
			if err != nil {
				p.Fatal(err)
			}
			h.Write(b)
		}
	}
	return h.Sum(nil)
}

var certutilCertificate = regexp.MustCompile(`(?m)^(\S+)\s+\S*,\S*,\S*$`)

func (p *onNSS) settled(*machine) string {
	var out []string
	for slot, want := range map[string][2]string{plan.Default: {"9988", "auth"}, plan.Signature: {p.lab.secrets["SIGN_PIN"], "sig"}} {
		label := p.lab.labels[slot]
		keys, err := p.lab.keys(label, want[0])
		if err != nil {
			p.Fatal(err)
		}
		for _, k := range keys {
			out = append(out, fmt.Sprintf("%s: key %s %q", slot, k.key, k.label))
		}
		list, err := osexec.Command("certutil", "-L", "-d", "sql:"+p.lab.certutil[label]).Output()
		if err != nil {
			p.Fatal(err)
		}
		for _, c := range certutilCertificate.FindAllStringSubmatch(string(list), -1) {
			out = append(out, fmt.Sprintf("%s: certificate %q", slot, c[1]))
		}
		if err := p.lab.pair(label, want[0], want[1]); err != nil {
			p.Error(err)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// pool is several equal places, so that cases need not wait for each other.
type pool struct {
	free chan place
	at   sync.Map // the place of a machine
}

// torturePool disturbs a tale at such places: one for the sample, and else twice as many
// as there are processors, since a case on a card waits most of its time.
func torturePool(t *testing.T, s tale, build func() place) {
	t.Helper()
	inMemory(t)
	first := build()
	p := undisturbed(t, s, first)
	places := []place{first}
	for torture(t).share > 0 && len(places) < 2*runtime.GOMAXPROCS(0) {
		places = append(places, build())
	}
	all := &pool{free: make(chan place, len(places))}
	for _, place := range places {
		all.free <- place
	}
	p.place = all
	p.torture(t, (*prepared).disturbances)
}

func (p *pool) reset(t *testing.T) (*machine, []string) {
	one := <-p.free
	t.Cleanup(func() { p.free <- one })
	m, args := one.reset(t)
	p.at.Store(m, one)
	return m, args
}

func (p *pool) of(m *machine) place {
	one, _ := p.at.Load(m)
	return one.(place)
}

func (p *pool) digest(m *machine) []byte { return p.of(m).digest(m) }

func (p *pool) settled(m *machine) string { return p.of(m).settled(m) }

// TestTortureOnACard disturbs a change of a PIN and a key in each slot, as
// TestTorture does on SoftHSM2, on a card with a true signature slot.
func TestTortureOnACard(t *testing.T) {
	torturePool(t, tale{name: "PIN, a key in each slot: OpenSC", example: "x.dsc", spends: 1}, func() place {
		m := newCard(t)
		m.env["NEW_PIN"] = "9988"
		return &onCard{cardMachine: m, blank: m.snapshot(), args: append([]string{"apply", m.file("x.dsc", changeAndTwoKeys)}, changeAndTwoKeysArgs...)}
	})
}

// TestTortureOnNSS does it on two databases of NSS, whose module is told them in the
// argument of C_Initialize.
func TestTortureOnNSS(t *testing.T) {
	torturePool(t, tale{name: "PIN, a key in each slot: NSS", example: "x.dsc", spends: 1}, func() place {
		l := nssLab(t)
		m := &machine{TB: t, dir: l.dir, env: environment(l.dir), moduleEnv: map[string]string{}, library: l.module}
		maps.Copy(m.env, map[string]string{"CARD_PIN": l.secrets["PIN"], "SIGN_PIN": l.secrets["SIGN_PIN"], "NEW_PIN": "9988"})
		m.station = fmt.Sprintf("[middleware.\"yourMiddleware.dll\"]\nmodule = %q\ndefault.token = %q\nsignature.token = %q\ninit = %q\n", l.module, l.labels[plan.Default], l.labels[plan.Signature], l.init)
		p := &onNSS{machine: m, lab: l, args: append([]string{"apply", m.file("x.dsc", changeAndTwoKeys)}, changeAndTwoKeysArgs...)}
		for slot, label := range l.labels {
			if err := os.CopyFS(filepath.Join(p.saved(), slot), os.DirFS(l.certutil[label])); err != nil {
				t.Fatal(err)
			}
		}
		return p
	})
}
