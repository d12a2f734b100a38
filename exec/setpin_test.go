package exec_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestChangeWithAnOwnPUK: on a card of OpenSC C_SetPIN with nobody logged in would
// take the old PIN for the PUK, so the change is made under a login with it.
func TestChangeWithAnOwnPUK(t *testing.T) {
	b := newBench(t, changePIN, model.Start{})
	b.Plan = openSC(t, changePIN)
	b.module = model.New(b.Plan.Facts(), model.Start{})
	b.Module, b.Prompter = b.module, answers{"4711", "4712"}
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	at := slices.Index(b.module.Calls, "default C_SetPIN")
	if at < 1 || at+2 >= len(b.module.Calls) {
		t.Fatalf("%v", b.module.Calls)
	}
	if got := strings.Join(b.module.Calls[at-1:at+3], ", "); got != "default C_Login, default C_SetPIN, default C_Logout, default C_Login" {
		t.Error(got)
	}

	// A wrong old PIN is one failed login, and the PUK is never tried.
	b = newBench(t, changePIN, model.Start{})
	b.Plan = openSC(t, changePIN)
	b.module = model.New(b.Plan.Facts(), model.Start{})
	b.Module, b.Prompter = &refuser{Module: b.module}, answers{"4711", "4712"}
	_, err := b.apply()
	refused(t, err, exec.Device, "op-02 login", "is wrong; it is not tried again")
	if slices.Contains(b.module.Calls, "default C_SetPIN") {
		t.Errorf("%v", b.module.Calls)
	}
}

// refuser is a module whose tokens take no PIN.
type refuser struct{ exec.Module }

func (r *refuser) Token(id exec.SlotID) exec.Token { return refusing{r.Module.Token(id)} }

type refusing struct{ exec.Token }

func (refusing) Login(context.Context, exec.User, exec.Credential) error {
	return &exec.Error{Kind: exec.Device, Call: "C_Login", CKR: exec.CKRPINIncorrect}
}
