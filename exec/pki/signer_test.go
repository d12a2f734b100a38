package pki

import (
	"crypto"
	"crypto/ed25519"
	"strings"
	"testing"

	"inscribe/exec"
)

func TestSignerSignsOnce(t *testing.T) {
	calls := 0
	s := &tokenSigner{public: ed25519.PublicKey(make([]byte, 32)), sign: func(exec.MechanismType, []byte) ([]byte, error) {
		calls++
		return make([]byte, 64), nil
	}}
	if _, err := s.Sign(nil, []byte("m"), crypto.Hash(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(nil, []byte("m"), crypto.Hash(0)); err == nil || !strings.Contains(err.Error(), "second signature") {
		t.Errorf("a second signature: %v", err)
	}
	if calls != 1 {
		t.Errorf("the token signed %d times", calls)
	}
}
