//go:build cgo && linux

package main

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/lab"
	"inscribe/internal/vcard/myeid"
)

// newBatchCards makes a machine with two personalised cards in two readers, and the
// command of a batch of so many rows.
func newBatchCards(t *testing.T, rows int) (*cardMachine, []string) {
	t.Helper()
	m := newBlankCards(t, 2)
	for i := range 2 {
		if err := m.Personalise(i, m.values); err != nil {
			t.Fatal(err)
		}
	}
	data := "NAME,CARD,SIGN\n"
	for _, name := range holders[:rows] {
		data += name + ",env:CARD_PIN,env:SIGN_PIN\n"
	}
	return m, []string{"batch", m.file("cards.dsc", perHolder), "--data", m.file("rows.csv", data), "--lab-ca", "--events", filepath.Join(m.dir, "events")}
}

// says waits until a running command has said a text.
func says(t *testing.T, file, text string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if b, _ := os.ReadFile(file); strings.Contains(string(b), text) {
			return
		}
	}
	b, _ := os.ReadFile(file)
	t.Fatalf("the command does not say %q:\n%s", text, b)
}

// talking starts a command whose output goes to a file.
func (m *cardMachine) talking(args ...string) (*osexec.Cmd, string) {
	m.Helper()
	c := m.command(args...)
	talk, err := os.Create(filepath.Join(m.dir, "talk"))
	if err != nil {
		m.Fatal(err)
	}
	defer talk.Close()
	c.Stdout, c.Stderr = talk, talk
	if err := c.Start(); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c, talk.Name()
}

// TestCardBatch does two cards in two readers at once; others that are put in later
// get the next rows, at once too, and the batch ends.
func TestCardBatch(t *testing.T) {
	t.Parallel()
	m, args := newBatchCards(t, 4)
	cards := []*myeid.Card{m.Cards[0], m.Cards[1], lab.NewCard(3), lab.NewCard(4)}
	put := func(reader, card int) {
		t.Helper()
		if err := m.Put(reader, cards[card]); err != nil {
			t.Fatal(err)
		}
	}
	for _, card := range []int{2, 3} {
		put(0, card)
		if err := m.Personalise(0, m.values); err != nil {
			t.Fatal(err)
		}
	}
	// A card takes its time to write, in which the next one can be put in, be noticed and
	// be read, on a machine with much else to do too.
	bothSlowly := func(first int) {
		t.Helper()
		var wait sync.WaitGroup
		for reader := range 2 {
			wait.Go(func() {
				if err := m.Put(reader, cards[first+reader]); err != nil {
					t.Error(err)
				}
				m.Readers[reader].Observe(func(command, _ []byte) {
					switch command[1] {
					case 0xA4, 0xB0, 0xCA: // it only reads
						time.Sleep(2 * time.Millisecond)
					default:
						time.Sleep(20 * time.Millisecond)
					}
				})
			})
		}
		wait.Wait()
	}
	bothSlowly(0)
	c, talk := m.talking(args...)
	says(t, talk, "2 rows are left: insert the next card")
	// Nobody changes a card in no time.
	m.Readers[0].Pull()
	m.Readers[1].Pull()
	time.Sleep(2 * time.Second)
	bothSlowly(2)
	if err := c.Wait(); err != nil {
		b, _ := os.ReadFile(talk)
		t.Fatalf("%v\n%s", err, b)
	}
	says(t, talk, "Batch cards: 4 of 4 done")
	all := m.timed(filepath.Join(m.dir, "events"))
	later := slices.IndexFunc(all, func(e timedEvent) bool { return e.Row > 2 })
	// When a card that is put in later is known is pcscd's to say, and OpenSC's, which reads
	// it while the other one is written to: on a busy machine that row may be over by then.
	if one, two := mostAtOnce(all[:later]), mostAtOnce(all[later:]); one != 2 || two < 1 {
		t.Errorf("%d of the first two rows had an op at work at once, and %d of the next two", one, two)
	}
	// Each card by itself.
	m.Readers[1].Pull()
	var names []string
	for card := range cards {
		put(0, card)
		names = append(names, m.nameOn())
	}
	slices.Sort(names)
	if !slices.Equal(names, holders[:4]) {
		t.Errorf("the cards are of %v", names)
	}
}

// nameOn demands that the one card that is in a reader holds what one row
// puts there, and gives its holder.
func (m *cardMachine) nameOn() string {
	m.Helper()
	m.holds("signature", "5678", 1, 1, 1)
	name := ""
	for _, o := range m.holds("default", "1234", 2, 2, 2) {
		if o.label != "auth" {
			name = o.label
		}
	}
	return name
}

// TestCardBatchPulled: a card that is taken out in the middle and put in again goes on
// with its row, and the other reader was not disturbed.
func TestCardBatchPulled(t *testing.T) {
	t.Parallel()
	m, args := newBatchCards(t, 2)
	first := m.Cards[0]
	m.Readers[0].PullAt(250, vcard.BeforeResponse)
	c, talk := m.talking(args...)
	says(t, talk, "FAILED")
	says(t, talk, "insert the same card again")
	if err := m.Put(0, first); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		b, _ := os.ReadFile(talk)
		t.Fatalf("%v\n%s", err, b)
	}
	says(t, talk, "Batch cards: 2 of 2 done")
	m.Readers[1].Pull()
	one := m.nameOn()
	if err := m.Put(0, m.Cards[1]); err != nil {
		t.Fatal(err)
	}
	if other := m.nameOn(); one == other {
		t.Errorf("both cards are of %s", one)
	}
}

// TestCardBatchWaits: Ctrl-C ends the wait for a card, and --wait bounds it.
func TestCardBatchWaits(t *testing.T) {
	t.Parallel()
	m, args := newBatchCards(t, 3)
	m.must(exitBatch, append(args, "--wait", "0"), "2 of 3 done; 1 left", "no token is left")
	m.must(exitBatch, append(args, "--wait", "1s"), "insert the next card", "no card came within 1s")
	c, talk := m.talking(args...)
	says(t, talk, "insert the next card")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); c.ProcessState.ExitCode() != exitBatch {
		t.Error(err)
	}
	says(t, talk, "run the same command again to go on")
	says(t, talk, "row 3  left")
}
