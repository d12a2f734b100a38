//go:build !cgo

package pkcs11

import (
	"inscribe/exec"
	"inscribe/exec/host"
)

// Available reports whether this build can load PKCS#11 modules.
const Available = false

func newHandler() func(*host.Request, exec.Credential, exec.Credential) *host.Response {
	return func(*host.Request, exec.Credential, exec.Credential) *host.Response {
		return &host.Response{Failure: &host.Failure{
			Message: "this build of inscribe has no PKCS#11 (built without cgo)",
			Advice:  "use a build with cgo; this one checks, plans and does dry-runs",
		}}
	}
}
