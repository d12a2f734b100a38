//go:build cgo && linux

package main

import (
	"strings"
	"testing"
)

// TestOldPINOfAnotherLength: where no login comes before the change of a PIN, the old
// value is held against the token's limits all the same, and reaches no token.
func TestOldPINOfAnotherLength(t *testing.T) {
	m := newMachine(t)
	m.env["NEW"] = "9988"
	args := []string{"apply", m.file("x.dsc", changeIt), "--answer", "PIN.old=env:OLD", "--answer", "PIN=env:NEW"}
	for old, says := range map[string]string{"1": "fewer than 4", strings.Repeat("1", 300): "more than 255"} {
		m.env["OLD"] = old
		m.moduleEnv["SHIM_LOG"] = m.dir + "/calls"
		m.must(exitRefused, args, "default slot", "has "+says+" characters")
		if calls := m.lines("calls"); len(calls) > 0 {
			t.Errorf("the token was shown something: %v", calls)
		}
	}
	m.env["OLD"] = "1234"
	m.must(exitOK, args)
	m.opened(true, "CARD", "user", "9988")
}
