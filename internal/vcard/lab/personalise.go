//go:build linux

package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// openscConf is OpenSC as a station with such cards sets it up: the PUK unblocks
// through C_SetPIN.
const openscConf = `app default {
	framework pkcs15 {
		use_file_caching = no;
	}
}
app opensc-pkcs11 {
	pkcs11 {
		user_pin_unblock_style = set_pin_in_unlogged_session;
		create_slots_for_pins = "all";
	}
}
`

// Values are a card's label, PINs and PUKs. They are a lab's.
type Values struct {
	Label                  string
	PIN, PUK               string
	SignPIN, SignPUK       string
	SOPIN, SOPUK           string
	PINLabel, SignPINLabel string
}

// DefaultValues are those of a card of the lab.
func DefaultValues() Values {
	return Values{Label: "LAB", PIN: "1234", PUK: "11112222", SignPIN: "5678", SignPUK: "33334444",
		SOPIN: "12345678", SOPUK: "87654321", PINLabel: "User PIN", SignPINLabel: "Signature PIN"}
}

// The references of a card's PINs, in the order in which they are stored.
const (
	UserPIN      = 1
	SignaturePIN = 2
	SOPIN        = 3
)

// Personalise makes a blank card one with a user PIN and a signature PIN, by
// pkcs15-init, which reads the values from its environment.
func (l *Lab) Personalise(reader int, v Values) error {
	for _, args := range [][]string{
		// This gives the folders their access conditions, which --create-pkcs15
		// leaves as they are on a blank card: open to everybody.
		{"--erase-card"},
		{"--create-pkcs15", "--so-pin", "env:V_SOPIN", "--so-puk", "env:V_SOPUK", "--label", v.Label},
		{"--store-pin", "--auth-id", "01", "--label", v.PINLabel, "--pin", "env:V_PIN", "--puk", "env:V_PUK", "--so-pin", "env:V_SOPIN"},
		{"--store-pin", "--auth-id", "02", "--label", v.SignPINLabel, "--pin", "env:V_SIGNPIN", "--puk", "env:V_SIGNPUK", "--so-pin", "env:V_SOPIN"},
		{"--finalize"},
	} {
		if err := l.init(reader, v, args); err != nil {
			return err
		}
	}
	return nil
}

// init runs pkcs15-init. The daemon may tell it of the card a moment late.
func (l *Lab) init(reader int, v Values, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c := exec.CommandContext(ctx, "pkcs15-init", append([]string{"--reader", strconv.Itoa(reader)}, args...)...)
		c.Env = append(append(os.Environ(), l.Env()...), "LC_ALL=C", "V_PIN="+v.PIN, "V_PUK="+v.PUK, "V_SIGNPIN="+v.SignPIN,
			"V_SIGNPUK="+v.SignPUK, "V_SOPIN="+v.SOPIN, "V_SOPUK="+v.SOPUK)
		out, err := c.CombinedOutput()
		if err == nil {
			return nil
		}
		if !bytes.Contains(out, []byte("Card not present")) || time.Now().After(end) {
			return fmt.Errorf("pkcs15-init %s: %w\n%s", args[0], err, out)
		}
	}
}
