package exec_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
	"inscribe/internal/secret"
)

// bySlot answers the dialogs of the two slots, each with an old and a new value.
type bySlot map[string][2]string

func (a bySlot) Ask(_ context.Context, q exec.Question) (exec.Answer, error) {
	return exec.Answer{Old: secret.FromString(a[q.Slot][0]), New: secret.FromString(a[q.Slot][1])}, nil
}

func (bySlot) Confirm(context.Context, string) bool { return false }

// TestDistinctPINsAreThoseThatAreLeft: the policy is about the PINs that the tokens
// have after the run. A run that ends the sameness of two PINs is no breach of it,
// whether the token wants the old PIN in a login or beside the new one.
func TestDistinctPINsAreThoseThatAreLeft(t *testing.T) {
	const (
		apps   = "ApplicationList=AB\n[Application_A]\nECCurve=P-256\nCertTempl=auth\n[Application_B]\nECCurve=P-256\nCertTempl=sig\nLocation=#Signature\n"
		dialog = "!FROM_USER_DIALOG_3_FIELD"
		one    = "[Fields]\nCARD=\n[Description]\nPKCS11Library=x.dll\nSetPIN=true\nPIN=CARD\nSignPIN=" + dialog + "\n" + apps
		both   = "[Description]\nPKCS11Library=x.dll\nSetPIN=true\nPIN=" + dialog + "\nSignPIN=" + dialog + "\n" + apps
		byPUK  = "[Fields]\nCARD=\nPUK=\nSIGN=\n[Description]\nPKCS11Library=x.dll\nSetPIN=true\nPIN=CARD\nInitialSignPUK=PUK\nSignPIN=SIGN\n" + apps
	)
	for _, c := range []struct {
		what, text         string
		card, sign         string // the values of the fields
		dialogs            bySlot
		presentA, presentB string
		breach             bool
	}{
		{"the same before, mended", one, "1111", "", bySlot{"signature": {"1111", "2222"}}, "1111", "1111", false},
		{"distinct before, the same after", one, "2222", "", bySlot{"signature": {"1111", "2222"}}, "2222", "1111", true},
		{"exchanged", both, "", "", bySlot{"default": {"1111", "2222"}, "signature": {"2222", "1111"}}, "1111", "2222", false},
		{"both changed to one", both, "", "", bySlot{"default": {"1111", "3333"}, "signature": {"2222", "3333"}}, "1111", "2222", true},
		{"set by the PUK", byPUK, "1111", "2222", nil, "1111", "1111", false},
		{"set by the PUK to the same", byPUK, "1111", "1111", nil, "1111", "2222", true},
	} {
		for _, kind := range []string{"softhsm", "opensc"} {
			t.Run(c.what+", "+kind, func(t *testing.T) {
				b := newBenchOn(t, c.text, kind)
				b.Plan.DistinctPINs = true
				b.module = model.New(profile.Lookup(kind), model.Start{})
				b.Module, b.Prompter = b.module, c.dialogs
				b.Inputs = secrets(b.Plan)
				b.Inputs.Secrets["CARD"], b.Inputs.Secrets["SIGN"], b.Inputs.Secrets["PUK"] = secret.FromString(c.card), secret.FromString(c.sign), secret.FromString("44445555")
				ctx := context.Background()
				for slot, pin := range map[exec.SlotID]string{0: c.presentA, 1: c.presentB} {
					token := b.module.Token(slot)
					for _, err := range []error{token.OpenSession(ctx), token.Login(ctx, exec.NormalUser, exec.Credential{Name: "present", Secret: secret.FromString(pin)}), token.CloseSession(ctx)} {
						if err != nil {
							t.Fatal(err)
						}
					}
				}
				b.module.Calls = nil
				_, err := b.apply()
				if !c.breach {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				refused(t, err, exec.Refused, "the policy demands another PIN in the signature slot")
				if slices.ContainsFunc(b.module.Calls, func(c string) bool { return !strings.HasSuffix(c, "Session") }) {
					t.Errorf("calls: %v", b.module.Calls)
				}
			})
		}
	}
}
