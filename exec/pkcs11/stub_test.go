//go:build !cgo

package pkcs11

import (
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/host"
)

func TestStubSaysThatItIsOne(t *testing.T) {
	resp := newHandler()(&host.Request{Method: host.MethodLoad}, exec.Credential{}, exec.Credential{})
	if Available || resp.Failure == nil || !strings.Contains(resp.Failure.Message, "built without cgo") {
		t.Errorf("%v, %+v", Available, resp.Failure)
	}
}
