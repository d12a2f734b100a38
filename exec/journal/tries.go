package journal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"inscribe/exec"
	"inscribe/internal/durable"
)

// The ledger of tries is a file for each card, beside the runs: how many values of each
// credential of each of its tokens were shown since the last right one. What a token is
// called by a run, its default or signature slot, does not count: another description
// calls it otherwise.

// counts are the tries by the token's label and "user", "so" or "puk"; those of the card
// as a whole have neither. The label is "" too where the profile left it out.
type counts map[string]map[string]int

// same reports whether what was counted under one label may have been shown to the
// token with the other.
func same(label, other string) bool { return label == other || label == "" || other == "" }

// of is the count of a credential, and with who "" that of all of the card.
func (c counts) of(label, who string) int {
	n := c[""][""]
	for l, by := range c {
		for w, k := range by {
			if w != "" && (who == "" || w == who && same(l, label)) {
				n += k
			}
		}
	}
	return n
}

// set makes the count of a credential n, as of then tells it.
func (c counts) set(label, who string, n int) {
	card := c[""][""]
	if who == "" {
		clear(c)
		card, label = 0, ""
	}
	for l, by := range c {
		if same(l, label) {
			delete(by, who)
		}
		if len(by) == 0 {
			delete(c, l)
		}
	}
	if n -= card; n <= 0 {
		return
	}
	if c[label] == nil {
		c[label] = map[string]int{}
	}
	c[label][who] = n
}

// add adds to the count of a credential, or takes back, and gives what it is then.
func (c counts) add(label, who string, n int) int {
	c.set(label, who, c.of(label, who)+n)
	return c.of(label, who)
}

// Counted tells the counts of a token that are not 0, by "user", "so" or "puk", and that
// of all tokens of its card by "card". It makes and locks nothing.
func (f *Folder) Counted(id exec.Identity) (map[string]int, error) {
	c, err := f.newRun(map[string]exec.Identity{"": id}).ledger("")
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for l, by := range c {
		for who, n := range by {
			switch {
			case who == "":
				out["card"] += n
			case same(l, id.Label):
				out[who] += n
			}
		}
	}
	return out, nil
}

// Tries reads the count of a slot's credential, or of its card.
func (r *run) Tries(slot, who string) (int, error) {
	c, err := r.ledger(slot)
	return c.of(r.tokens[slot].Label, who), err
}

// AddTries adds to the count and waits until it is on the disk. Others may be at work on
// another token of the card at that moment: it is read and written under one lock.
func (r *run) AddTries(slot, who string, n int) (int, error) {
	path := r.ledgerPath(slot)
	for _, dir := range []string{filepath.Dir(path), filepath.Join(r.folder.dir, "lock")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return 0, local(err)
		}
	}
	turn, err := r.folder.await("tries-" + filepath.Base(path))
	if err != nil {
		return 0, err
	}
	defer turn.Close()
	c, err := r.ledger(slot)
	if err != nil {
		return 0, err
	}
	n = c.add(r.tokens[slot].Label, who, n)
	b, err := json.Marshal(c)
	if err != nil {
		return 0, local(err)
	}
	if err := durable.Replace(path, b, 0o600); err != nil {
		return 0, local(err)
	}
	return n, nil
}

func (r *run) ledgerPath(slot string) string {
	id := r.tokens[slot]
	return filepath.Join(r.folder.dir, "tries", hash(id.Manufacturer, id.Model, id.Serial)+".json")
}

// ledger reads the counts of a card; a file that cannot be read is an error, since a
// count that is lost may cost the last try.
func (r *run) ledger(slot string) (counts, error) {
	c := counts{}
	b, err := os.ReadFile(r.ledgerPath(slot))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, local(err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, local(&fs.PathError{Op: "read", Path: r.ledgerPath(slot), Err: err})
	}
	return c, nil
}
