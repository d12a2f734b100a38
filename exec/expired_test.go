package exec_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/model"
)

// dated is an issuer whose certificates last a day.
type dated struct {
	remembering
	now func() time.Time
}

func (d dated) Issue(ctx context.Context, req exec.CertificateRequest, pkcs10 []byte) (exec.Certificate, error) {
	c, err := d.remembering.Issue(ctx, req, pkcs10)
	c.Display.NotAfter = d.now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	d.issued[string(c.DER)] = c
	return c, err
}

// TestAnIssuedCertificateExpires: a run that goes on after a long pause does not write
// what expired meanwhile, and says so; one that is still good costs no second.
func TestAnIssuedCertificateExpires(t *testing.T) {
	for pause, want := range map[time.Duration]int{time.Hour: 0, 48 * time.Hour: 1} {
		at := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
		b := newBench(t, oneKey, model.Start{})
		b.Now = func() time.Time { return at }
		b.Issuer = dated{remembering{model.Issuer{}, map[string]exec.Certificate{}}, b.Now}
		b.Module = &tap{Module: b.module, fail: map[string]error{"C_CreateObject": errCrash}}
		if _, err := b.apply(); err == nil {
			t.Fatal("no error")
		}
		at = at.Add(pause)
		b.Module = b.module
		result, err := b.again()
		if err != nil {
			t.Fatal(err)
		}
		if n := count(b.module.Calls, "C_Sign"); n != want {
			t.Errorf("after %s: %d requests, want %d", pause, n, want)
		}
		if end := result.Objects[0].Certificate.NotAfter; end <= at.Format(time.RFC3339) {
			t.Errorf("after %s: a certificate until %s was written", pause, end)
		}
		said := false
		for _, e := range b.events {
			said = said || e.Op == "reqcert" && e.State == exec.Done && strings.Contains(e.Detail, "expired on 2031-05-02")
		}
		if said != (want == 1) {
			t.Errorf("after %s: %+v", pause, b.events)
		}
	}
}
