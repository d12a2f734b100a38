//go:build unix

package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"inscribe/exec"
	"inscribe/internal/filelock"
)

// busy is why a run is refused.
const busy = "another inscribe is at work on this token"

// lock takes the tokens for this process, and the cards that they are on: the kernel
// gives a lock back when the process ends, however it does, and all that it gave the
// lock to. Two tokens that nothing
// tells apart are one lock, and so are the slots of a card.
func (r *run) lock() error {
	for _, key := range r.cards() {
		take := r.folder.takeCard
		if r.shared {
			take = r.folder.share(take)
		}
		if err := r.locked(take(key, busy)); err != nil {
			return err
		}
	}
	unnamed := map[string]bool{}
	for _, id := range r.tokens {
		unnamed[tokenKey(id)] = !id.Named()
	}
	for _, key := range slices.Sorted(maps.Keys(unnamed)) {
		take := r.folder.take
		if r.row != "" && unnamed[key] {
			take = r.folder.share(take)
		}
		if err := r.locked(take(key, busy)); err != nil {
			return err
		}
	}
	return nil
}

// locked keeps a lock, or gives all of the run back.
func (r *run) locked(l held, err error) error {
	if err != nil {
		r.unlock()
		return err
	}
	r.locks = append(r.locks, l)
	return nil
}

// takeCard takes a card in this state folder, and on this machine.
func (f *Folder) takeCard(key, busy string) (held, error) {
	here, err := f.take(key, busy)
	if err != nil || f.Reach == "" {
		return here, err
	}
	everywhere, err := takeOnMachine(f.nameOnMachine(key), busy)
	if err != nil {
		here.Close()
		return held{}, err
	}
	return held{slices.Concat(everywhere.files, here.files), closer(func() error { return errors.Join(everywhere.Close(), here.Close()) })}, nil
}

// nameOnMachine names a card for all of this machine.
func (f *Folder) nameOnMachine(key string) string {
	sum := sha256.Sum256([]byte(f.Reach + "\x00" + key))
	return "inscribe-" + hex.EncodeToString(sum[:16])
}

// lockMachine takes the cards on this machine, without the state folder.
func (r *run) lockMachine() error {
	if r.folder.Reach == "" {
		return nil
	}
	for _, key := range r.cards() {
		if err := r.locked(takeOnMachine(r.folder.nameOnMachine(key), busy)); err != nil {
			return err
		}
	}
	return nil
}

// await takes a lock that is held for moments only.
func (f *Folder) await(key string) (io.Closer, error) {
	file, err := filelock.Open(filepath.Join(f.dir, "lock", key), filelock.Lock)
	if err != nil {
		return nil, local(err)
	}
	return file, nil
}

// take takes a lock, or says that another process has it.
func (f *Folder) take(key, busy string) (held, error) {
	file, err := os.OpenFile(filepath.Join(f.dir, "lock", key), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return held{}, local(err)
	}
	if err := takeFile(file, busy); err != nil {
		file.Close()
		return held{}, err
	}
	return held{[]*os.File{file}, file}, nil
}

// inUse is the refusal of a lock that another process has: an inscribe, or what one
// started and did not live to see the end of.
func inUse(busy string) error {
	return &exec.Error{Kind: exec.Refused, Message: busy, Advice: "wait until it is done; where it has ended, wait for the station's command that it started, or end that"}
}

// takeFile locks a file that nobody has locked. A file system that cannot lock has told
// nothing of others.
func takeFile(file *os.File, busy string) error {
	err := filelock.Try(file)
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return inUse(busy)
	case err != nil:
		return &exec.Error{Kind: exec.Local, Message: "the file " + file.Name() + " cannot be locked", Cause: err,
			Advice: "put the state folder on a file system that can lock files, with --state"}
	}
	return nil
}

func (r *run) unlock() {
	for _, f := range r.locks {
		f.Close()
	}
	r.locks = nil
}
