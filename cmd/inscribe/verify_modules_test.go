//go:build cgo && linux

package main

import (
	"encoding/json"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/plan"
)

// keyInEachSlot makes a key with its certificate behind both PINs.
const keyInEachSlot = `[Fields]
PIN=
SIGN_PIN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=AB
PIN=PIN
SignPIN=SIGN_PIN

[Application_A]
ECCurve=P-256
CertTempl=auth

[Application_B]
ECCurve=P-256
CertTempl=sig
Location=#Signature
`

// TestVerifyOnModules: what a run left fits its description, and once another
// program has deleted a certificate that op drifts and no other one. With the
// journal of the run and without, nothing is written.
func TestVerifyOnModules(t *testing.T) {
	for _, name := range []string{"NSS softokn", "OpenSC with a MyEID card"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := modules[slices.IndexFunc(modules, func(m moduleColumn) bool { return m.name == name })]
			l := m.lab(t)
			l.profile = m.profile
			l.station("")
			l.initialise()
			path := l.file("keys.dsc", keyInEachSlot)
			fields := []string{"--field", "PIN=env:PIN", "--field", "SIGN_PIN=env:SIGN_PIN"}
			if o := l.run(append([]string{"apply", path, "--lab-ca"}, fields...)...); o.code != exitOK {
				t.Fatal(o)
			}
			spy := filepath.Join(l.dir, "spy")
			l.station(spy)
			verify := append([]string{"verify", path, "--allow-spy", "--lab-ca", "--format", "json"}, fields...)
			elsewhere := append(slices.Clone(verify), "--state", l.mkdir("elsewhere"))
			l.verified(exitOK, "finished", nil, verify...)
			l.verified(exitOK, "none", nil, elsewhere...)

			l.deleteCertificate(plan.Default, "PIN", "auth")
			l.verified(exitFindings, "finished", []string{"putcert default A"}, verify...)
			l.verified(exitFindings, "none", []string{"putcert default A"}, elsewhere...)
			made, err := readSpy(spy)
			if err != nil || len(made) == 0 {
				t.Fatalf("calls %v, %v", made, err)
			}
			for _, c := range made {
				if c.ckr != "CKR_OK" || c.name != "C_Logout" && c.name+c.user != "C_LoginCKU_USER" {
					t.Errorf("a verification makes the call %v", c)
				}
			}
		})
	}
}

// verified runs a verification and demands which ops drift, that all others that
// leave something fit, and what is known of an earlier run.
func (l *testLab) verified(code int, journal string, drift []string, args ...string) {
	l.Helper()
	o := l.run(args...)
	var v verification
	if err := json.Unmarshal([]byte(o.stdout), &v); o.code != code || err != nil {
		l.Errorf("%v %s", err, o)
		return
	}
	var drifts []string
	fits := 0
	for _, f := range v.Ops {
		switch f.State {
		case exec.Drifts:
			drifts = append(drifts, strings.Join([]string{f.Op, f.Slot, f.Application}, " "))
		case exec.Fits:
			fits++
		case exec.Unseen:
			// What it said cannot be seen where it is gone.
			if f.Op == string(plan.ReqCert) && drift != nil && f.Slot == plan.Default {
				continue
			}
			l.Errorf("%s %s: not seen: %v", f.ID, f.Op, f.NotSeen)
		}
	}
	if !slices.Equal(drifts, drift) || v.Journal != journal || fits < 6-2*len(drift) {
		l.Errorf("drifts %v, want %v; the journal is %s, want %s; %d fit\n%s", drifts, drift, v.Journal, journal, fits, o)
	}
}

// deleteCertificate deletes a certificate with another program.
func (l *testLab) deleteCertificate(slot, secret, label string) {
	l.Helper()
	token, pin := l.labels[slot], l.secrets[secret]
	if l.certutil != nil {
		if out, err := osexec.Command("certutil", "-D", "-d", "sql:"+l.certutil[token], "-n", label, "-f", l.file("pin", pin)).CombinedOutput(); err != nil {
			l.Fatalf("certutil: %v\n%s", err, out)
		}
		return
	}
	_, id, err := l.certificate(token, pin, label)
	if err == nil {
		_, err = l.on(token, pin, "--delete-object", "--type", "cert", "--id", id)
	}
	if err != nil {
		l.Fatal(err)
	}
}
