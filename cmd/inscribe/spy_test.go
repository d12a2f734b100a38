//go:build cgo && linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/plan"
)

// spied is one call in the log of pkcs11-spy.
type spied struct {
	name string // "C_Login"
	user string // of C_Login: "CKU_USER", "CKU_SO"
	slot string // "0x4", of the call's session where it has one
	ckr  string
}

func (c spied) String() string {
	return strings.TrimSpace(c.name+" "+c.user) + " in slot " + c.slot + ": " + c.ckr
}

var (
	spyCall   = regexp.MustCompile(`^\d+: (C_\w+)$`)
	spyDetail = regexp.MustCompile(`^\[(in|out)\] \*?(slotID|phSession|hSession|userType) = (\w+)$`)
	spyReturn = regexp.MustCompile(`^Returned:\s+\d+ (\w+)$`)
)

// reading are the calls that change nothing, neither on a token nor in who is
// logged in.
var reading = map[string]bool{
	"C_GetFunctionList": true, "C_Initialize": true, "C_Finalize": true, "C_GetInfo": true,
	"C_GetSlotList": true, "C_GetSlotInfo": true, "C_GetTokenInfo": true, "C_GetMechanismList": true, "C_GetMechanismInfo": true,
	"C_OpenSession": true, "C_CloseSession": true,
	"C_FindObjectsInit": true, "C_FindObjects": true, "C_FindObjectsFinal": true, "C_GetAttributeValue": true,
}

// readSpy reads a log of pkcs11-spy: all calls but those that only read. A run that was
// refused may have ended the module before it wrote one.
func readSpy(path string) ([]spied, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var calls []spied
	slots := map[string]string{} // by session
	var last spied
	var session string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if m := spyCall.FindStringSubmatch(line); m != nil {
			last, session = spied{name: m[1], ckr: "no answer"}, ""
			calls = append(calls, last)
			continue
		}
		if calls == nil {
			continue
		}
		if m := spyDetail.FindStringSubmatch(line); m != nil {
			switch m[2] {
			case "slotID":
				last.slot = m[3]
			case "hSession":
				last.slot = slots[m[3]]
			case "userType":
				last.user = m[3]
			case "phSession":
				session = m[3]
			}
		}
		if m := spyReturn.FindStringSubmatch(line); m != nil {
			last.ckr = m[1]
			if session != "" {
				slots[session] = last.slot
			}
		}
		calls[len(calls)-1] = last
	}
	var changing []spied
	for _, c := range calls {
		if !reading[c.name] {
			changing = append(changing, c)
		}
	}
	return changing, nil
}

// calls are the calls that belong to an op ("C_Login CKU_USER"). entries is how
// many certificates and keys a list holds.
func calls(o *plan.Op, loggedIn bool, entries int) []string {
	switch o.Kind {
	case plan.Login:
		return []string{"C_Login " + map[string]string{"user": "CKU_USER", "so": "CKU_SO"}[o.As]}
	case plan.Logout:
		if loggedIn {
			return []string{"C_Logout"}
		}
	case plan.InitToken:
		if !o.Hook {
			return []string{"C_InitToken"}
		}
	case plan.InitPIN:
		return []string{"C_InitPIN"}
	case plan.Unblock:
		if o.Old == nil {
			return []string{"C_InitPIN"}
		}
		return []string{"C_SetPIN"}
	case plan.SetPIN, plan.SetPUK:
		return []string{"C_SetPIN"}
	case plan.GenKey:
		return []string{"C_GenerateKeyPair", "C_SetAttributeValue", "C_SetAttributeValue"}
	case plan.ReqCert:
		return []string{"C_SignInit", "C_Sign"}
	case plan.PutCert, plan.PutData:
		return []string{"C_CreateObject"}
	case plan.PutList:
		return slices.Repeat([]string{"C_CreateObject"}, entries)
	case plan.Block:
		wrong := slices.Repeat([]string{"C_Login CKU_USER"}, o.Attempts)
		if loggedIn {
			return append([]string{"C_Logout"}, wrong...)
		}
		return wrong
	}
	return nil
}

// fidelity demands that the calls of a run are those of its plan, one to one and
// in order, each in the slot of its op. Events tell which ops ran; in one that
// failed the calls may end. entries is how many certificates and keys a list
// holds.
func fidelity(ops []plan.Op, events []exec.Event, made []spied, entries int) error {
	place := map[string]int{}
	for i := range ops {
		place[ops[i].ID] = i
	}
	slots := map[string]string{} // slot ids by the plan's slots
	loggedIn := map[string]bool{}
	at := -1
	for _, e := range events {
		if e.State == exec.Started {
			continue
		}
		i, planned := place[e.ID]
		if !planned || i <= at || string(ops[i].Kind) != e.Op {
			return fmt.Errorf("%s %s is not the plan's next op", e.ID, e.Op)
		}
		o := &ops[i]
		at = i
		if e.State == exec.Skipped {
			continue
		}
		all := calls(o, loggedIn[e.Slot], entries)
		for n, want := range all {
			if len(made) == 0 {
				if e.State == exec.Failed {
					break
				}
				return fmt.Errorf("%s %s is done without its call %s", e.ID, e.Op, want)
			}
			got := made[0]
			if strings.TrimSpace(got.name+" "+got.user) != want {
				return fmt.Errorf("%s %s makes the call %v where the plan wants %s", e.ID, e.Op, got, want)
			}
			made = made[1:]
			if known := slots[e.Slot]; known != "" && known != got.slot {
				return fmt.Errorf("%s %s is of the %s slot, which is %s: %v", e.ID, e.Op, e.Slot, known, got)
			}
			slots[e.Slot] = got.slot
			if wrong := o.Kind == plan.Block && got.name == "C_Login"; got.ckr != "CKR_OK" && !wrong {
				if e.State != exec.Failed {
					return fmt.Errorf("%s %s is done with the call %v", e.ID, e.Op, got)
				}
				break
			} else if last := n == len(all)-1; wrong && got.ckr != "CKR_PIN_INCORRECT" && !(last && got.ckr == "CKR_PIN_LOCKED") {
				return fmt.Errorf("%s %s: a wrong value is answered with %v", e.ID, e.Op, got)
			}
		}
		switch o.Kind {
		case plan.Login:
			loggedIn[e.Slot] = true
		case plan.Logout, plan.CloseSlot:
			loggedIn[e.Slot] = false
		case plan.Block:
			loggedIn[e.Slot] = false
			// Where no flag tells of the lock, one more value finds it.
			if len(made) > 0 && made[0].name == "C_Login" && made[0].ckr == "CKR_PIN_LOCKED" {
				made = made[1:]
			}
		}
	}
	if len(made) > 0 {
		return fmt.Errorf("no op of the plan makes the call %v", made[0])
	}
	if d := slots[plan.Default]; d != "" && d == slots[plan.Signature] {
		return fmt.Errorf("both slots are %s", d)
	}
	return nil
}

// TestFidelityFindsEverySlip takes the calls of a good run and leaves one out,
// adds one, makes one in the other slot, or lets one fail.
func TestFidelityFindsEverySlip(t *testing.T) {
	var ops []plan.Op
	var events []exec.Event
	var made []spied
	op := func(o plan.Op, names ...string) {
		o.ID = fmt.Sprintf("op-%02d", len(ops)+1)
		ops = append(ops, o)
		events = append(events, exec.Event{ID: o.ID, Op: string(o.Kind), Slot: o.Slot, State: exec.Started}, exec.Event{ID: o.ID, Op: string(o.Kind), Slot: o.Slot, State: exec.Done})
		for _, n := range names {
			name, user, _ := strings.Cut(n, " ")
			made = append(made, spied{name, user, map[string]string{plan.Default: "0x1", plan.Signature: "0x2"}[o.Slot], "CKR_OK"})
		}
	}
	for _, slot := range plan.Slots {
		op(plan.Op{Kind: plan.OpenSlot, Slot: slot})
		op(plan.Op{Kind: plan.Login, Slot: slot, As: "so"}, "C_Login CKU_SO")
		op(plan.Op{Kind: plan.InitPIN, Slot: slot}, "C_InitPIN")
		op(plan.Op{Kind: plan.SetPUK, Slot: slot}, "C_SetPIN")
		op(plan.Op{Kind: plan.Logout, Slot: slot}, "C_Logout")
		op(plan.Op{Kind: plan.Login, Slot: slot, As: "user"}, "C_Login CKU_USER")
		op(plan.Op{Kind: plan.GenKey, Slot: slot}, "C_GenerateKeyPair", "C_SetAttributeValue", "C_SetAttributeValue")
		op(plan.Op{Kind: plan.ReqCert, Slot: slot}, "C_SignInit", "C_Sign")
		op(plan.Op{Kind: plan.PutCert, Slot: slot}, "C_CreateObject")
		op(plan.Op{Kind: plan.CloseSlot, Slot: slot})
	}
	if err := fidelity(ops, events, made, 0); err != nil {
		t.Fatal(err)
	}
	wrong := func(what string, calls []spied) {
		t.Helper()
		if fidelity(ops, events, calls, 0) == nil {
			t.Errorf("%s is not noticed", what)
		}
	}
	foreign := spied{"C_DestroyObject", "", "0x1", "CKR_OK"}
	for i, c := range made {
		wrong("without "+c.String(), slices.Delete(slices.Clone(made), i, i+1))
		wrong("one more before "+c.String(), slices.Insert(slices.Clone(made), i, foreign))
		wrong("twice "+c.String(), slices.Insert(slices.Clone(made), i, c))
		elsewhere, failed := slices.Clone(made), slices.Clone(made)
		elsewhere[i].slot = map[string]string{"0x1": "0x2", "0x2": "0x1"}[c.slot]
		wrong("in the other slot "+c.String(), elsewhere)
		failed[i].ckr = "CKR_GENERAL_ERROR"
		wrong("failed "+c.String(), failed)
	}
	wrong("one more at the end", append(slices.Clone(made), foreign))
	oneSlot := slices.Clone(made)
	for i := range oneSlot {
		oneSlot[i].slot = "0x1"
	}
	wrong("all in one slot", oneSlot)
	swapped := slices.Clone(events)
	swapped[8], swapped[9], swapped[10], swapped[11] = events[10], events[11], events[8], events[9]
	if fidelity(ops, swapped, made, 0) == nil {
		t.Error("ops in another order are not noticed")
	}
}
