//go:build cgo && linux

package main

import (
	"fmt"
	"slices"
	"testing"
)

const oneKeyOnCurve = `[Fields]
CARD=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=A
PIN=CARD

[Application_A]
ECCurve=P-256
CertTempl=auth
`

// TestKeysOfOthersAfterACut ends a run at the generation of a key, before it and after
// it, and has another program make a key pair of the same label. Be it of the same kind
// or not, the next run leaves it as it is and stops; once it is gone, the run ends as if
// it had never been there, and with --existing add it ends beside it.
func TestKeysOfOthersAfterACut(t *testing.T) {
	theirs := func(m *machine) []object {
		objects, err := m.objects("CARD", "1234")
		if err != nil {
			m.Fatal(err)
		}
		return slices.DeleteFunc(objects, func(o object) bool { return o.id != "77" })
	}
	for _, cut := range []string{"before", "after"} {
		for _, key := range [][]string{{"rsa:2048"}, {"EC:prime256v1"}, {"EC:prime256v1", "--usage-sign"}, {"EC:prime256v1", "half"}} {
			for _, added := range []bool{false, true} {
				t.Run(fmt.Sprint(cut, key, added), func(t *testing.T) {
					t.Parallel()
					m := newMachine(t)
					args := append([]string{"apply", m.file("x.dsc", oneKeyOnCurve)}, cardField...)
					if call := m.killed(2, cut, args); call != "C_GenerateKeyPair" {
						t.Fatal(call)
					}
					kinds, tool := []string{"pubkey", "privkey"}, []string{"--keypairgen", "--label", "auth", "--id", "77", "--key-type"}
					half := slices.Contains(key, "half") // which only shows after the login
					if _, err := m.tool("CARD", "1234", append(tool, slices.DeleteFunc(slices.Clone(key), func(s string) bool { return s == "half" })...)...); err != nil {
						t.Fatal(err)
					}
					remove := func(kind string) {
						if _, err := m.tool("CARD", "1234", "--delete-object", "--type", kind, "--id", "77"); err != nil {
							t.Fatal(err)
						}
					}
					if half {
						remove(kinds[0])
						kinds = kinds[1:]
					}
					made := theirs(m)
					if len(made) != len(kinds) {
						t.Fatal(made)
					}
					m.must(exitRefused, args, `the label "auth" and the CKA_ID 77 is not known to be what it left`, "--existing add")
					if left := theirs(m); !slices.Equal(left, made) {
						t.Errorf("theirs was %v and is %v", made, left)
					}
					if added {
						m.must(exitOK, append(slices.Clone(args), "--existing", "add"), "Applied x.dsc")
						m.holds("CARD", "1234", 2, len(kinds), 1)
						if left := theirs(m); !slices.Equal(left, made) {
							t.Errorf("theirs was %v and is %v", made, left)
						}
						return
					}
					for _, kind := range kinds {
						remove(kind)
					}
					m.must(exitOK, args, "Applied x.dsc")
					m.coherent(m.holds("CARD", "1234", 1, 1, 1))
				})
			}
		}
	}
}

// TestTornKeyIsMadeAnew: a module that is killed inside the generation may leave both
// keys and of each a part. The next run removes what does not read back as its own, and
// makes the pair anew.
func TestTornKeyIsMadeAnew(t *testing.T) {
	for name, torn := range map[string][]string{
		"of another kind": {"--key-type", "rsa:1024", "--label", "auth"},
		"without a label": {"--key-type", "EC:prime256v1", "--usage-sign"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			args := append([]string{"apply", m.file("x.dsc", oneKeyOnCurve)}, cardField...)
			if call := m.killed(2, "after", args); call != "C_GenerateKeyPair" {
				t.Fatal(call)
			}
			tool := func(args ...string) {
				t.Helper()
				if _, err := m.tool("CARD", "1234", args...); err != nil {
					t.Fatal(err)
				}
			}
			left := m.holds("CARD", "1234", 1, 1, 0)
			for _, kind := range []string{"pubkey", "privkey"} {
				tool("--delete-object", "--type", kind, "--id", left[0].id)
			}
			tool(append([]string{"--keypairgen", "--id", left[0].id}, torn...)...)
			m.must(exitOK, args, "Applied x.dsc")
			m.coherent(m.holds("CARD", "1234", 1, 1, 1))
			m.must(exitOK, args)
			m.holds("CARD", "1234", 1, 1, 1)
		})
	}
}
