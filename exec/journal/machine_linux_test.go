package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"inscribe/exec"
)

// TestOneLockAMachine: users with state folders of their own keep each other off a card,
// and are told who has it; where another daemon or folder holds the tokens, a card of
// the same serial number is another one.
func TestOneLockAMachine(t *testing.T) {
	card := slotOf("10203040", "CARD")
	in := func(reach string) *Folder {
		f := In(t.TempDir())
		f.Reach = reach
		return f
	}
	reach := t.TempDir() // nobody else's
	first := in(reach)
	j, _, _ := open(t, first, card, "a", false)
	_, _, _, err := in(reach).Open(slotOf("10203040", "SIGN"), exec.Work{OpsSHA256: "b"}, false)
	fails(t, err, exec.Refused, fmt.Sprintf("another inscribe is at work on this token, as process %d of user %d", os.Getpid(), os.Geteuid()), "wait")
	open(t, in(reach), slotOf("50607080", "CARD"), "a", false)
	open(t, in(reach+"/other"), card, "a", false)
	open(t, in(""), card, "a", false)
	// Nor may one look who never made a run, and it leaves nothing.
	fresh := in(reach)
	_, err = fresh.Hold(card)
	fails(t, err, exec.Refused, "another inscribe is at work on this token, as process ")
	if left, err := os.ReadDir(filepath.Dir(fresh.dir)); err != nil || len(left) != 0 {
		t.Errorf("looking left %v, %v", left, err)
	}
	// The one that was refused holds nothing, in its folder either.
	other := in(reach)
	if _, _, _, err := other.Open(card, exec.Work{OpsSHA256: "a"}, false); err == nil {
		t.Fatal("the card is taken twice")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, other, card, "a", false)
}
