package journal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"inscribe/exec"
)

// The ledger of tries is a file for each token, beside the runs: how many values
// of each credential of each slot were shown since the last right one. The lock of
// the token, which a run holds, is its lock.

// Counted tells the counts of a token that are not 0, by "SLOT WHO", of whoever was
// shown a value: "user", "so" or "puk". It makes and locks nothing.
func (f *Folder) Counted(id exec.Identity) (map[string]int, error) {
	counts, err := f.newRun(map[string]exec.Identity{"": id}).ledger("")
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts, err
}

// Tries reads the count of a slot's credential.
func (r *run) Tries(slot, who string) (int, error) {
	counts, err := r.ledger(slot)
	return counts[slot+" "+who], err
}

// SetTries writes the count and waits until it is on the disk.
func (r *run) SetTries(slot, who string, n int) error {
	counts, err := r.ledger(slot)
	if err != nil {
		return err
	}
	counts[slot+" "+who] = n
	b, err := json.Marshal(counts)
	if err != nil {
		return local(err)
	}
	path := r.ledgerPath(slot)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return local(err)
	}
	if err := writeWhole(path, b); err != nil {
		return local(err)
	}
	return syncFolder(filepath.Dir(path))
}

func (r *run) ledgerPath(slot string) string {
	return filepath.Join(r.folder.dir, "tries", r.keys[slot]+".json")
}

// ledger reads the counts of a token; a file that cannot be read is an error, since
// a count that is lost may cost the last try.
func (r *run) ledger(slot string) (map[string]int, error) {
	counts := map[string]int{}
	b, err := os.ReadFile(r.ledgerPath(slot))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return counts, nil
	case err != nil:
		return nil, local(err)
	}
	if err := json.Unmarshal(b, &counts); err != nil {
		return nil, local(&fs.PathError{Op: "read", Path: r.ledgerPath(slot), Err: err})
	}
	return counts, nil
}

// writeWhole replaces a file: after a power cut it holds the old content or the
// new one.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tries-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
