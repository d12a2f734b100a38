//go:build cgo && linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"inscribe/plan"
)

// TestKilledOnModules kills runs on the modules whose store outlives that, at the
// start and at the end of each op that makes something. The next run ends with one key and its
// certificate, and no second key beside them. A change of the PIN ends with the
// new one.
func TestKilledOnModules(t *testing.T) {
	for _, m := range modules {
		if !m.durable {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			l := m.lab(t)
			l.profile = m.profile
			l.station("")
			l.initialise()
			for _, op := range []string{"genkey", "reqcert", "putcert"} {
				for _, state := range []string{"start", "done"} {
					name := op + "-" + state
					path := l.file(name+".dsc", strings.ReplaceAll(ecKey, "=ec", "="+name))
					events := filepath.Join(l.dir, name+".events")
					args := []string{"apply", path, "--lab-ca", "--field", "PIN=env:PIN", "--events", events}
					l.killedAt(events, fmt.Sprintf(`"op":%q,"slot":"default","application":"A","state":%q`, op, state), args...)
					if o := l.run(args...); o.code != exitOK {
						t.Errorf("killed at %s: %s", name, o)
					} else if err := l.pair(l.labels[plan.Default], l.secrets["PIN"], name); err != nil {
						t.Errorf("killed at %s: %v\n%s", name, err, o)
					}
				}
			}
			l.secrets["NEW_PIN"] = "24681357"
			events := filepath.Join(l.dir, "setpin.events")
			args := []string{"apply", example(t, "02-change-pin.dsc"), "--answer", "PIN.old=env:PIN", "--answer", "PIN=env:NEW_PIN", "--events", events}
			l.killedAt(events, `"op":"setpin","slot":"default","state":"start"`, args...)
			raw, err := os.ReadFile(events)
			if err != nil {
				t.Fatal(err)
			}
			// A run that was faster than the kill has made the change.
			if !bytes.Contains(raw, []byte(`"op":"closeslot"`)) {
				o := l.run(args...)
				if o.code == exitDevice && strings.Contains(o.stderr, "the same command shows the old one next") {
					// It was killed before the call, and the token locks, so that one run shows one value.
					o = l.run(args...)
				}
				if o.code != exitOK {
					t.Errorf("killed in the change: %s", o)
				}
			}
			if err := l.opens(l.labels[plan.Default], l.secrets["NEW_PIN"]); err != nil {
				t.Errorf("killed in the change: %v", err)
			}
		})
	}
}

// killedAt runs the command and kills it as soon as its events say the text.
func (l *testLab) killedAt(events, text string, args ...string) {
	l.Helper()
	c := l.inscribe(args...)
	if err := c.Start(); err != nil {
		l.Fatal(err)
	}
	l.until(text, func() bool {
		raw, _ := os.ReadFile(events)
		return bytes.Contains(raw, []byte(text))
	})
	if err := c.Process.Kill(); err != nil {
		l.Fatal(err)
	}
	_ = c.Wait()
}
