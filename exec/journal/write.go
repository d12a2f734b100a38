package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"inscribe/exec"
)

// create makes the file of a new run. It is made by the first record, so that a
// run which is refused before it began leaves nothing behind.
func (r *run) create() error {
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return local(err)
	}
	r.file = f
	return syncFolder(filepath.Dir(r.path))
}

// abandoned ends the names of runs that were given up.
const abandoned = ".abandoned"

// giveUp gives up the runs in the way. The first record of this one is on the disk by
// then, and nothing else: were it cut off here, it would be in nobody's way.
func (r *run) giveUp() error {
	r.gaveUp = true
	for _, path := range r.givesUp {
		if err := os.Rename(path, path+abandoned); err != nil {
			return local(err)
		}
	}
	return syncFolder(filepath.Dir(r.path))
}

// takeBack has the runs go on that were given up, after a run that left its tokens as
// they were: one that was refused at its first op has changed nothing.
func (r *run) takeBack() error {
	if !r.gaveUp || !untouched(r.kept) {
		return nil
	}
	for _, path := range r.givesUp {
		if err := os.Rename(path+abandoned, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &exec.Error{Kind: exec.Local, Message: "an unfinished run was given up for this one, which changed nothing, and cannot be taken back", Cause: err,
				Advice: "take the end " + abandoned + " off the name of its journal, and run the same command again to go on with it"}
		}
	}
	return syncFolder(filepath.Dir(r.path))
}

// Close lets go of the tokens; an unfinished run stays open for the next one.
func (r *run) Close() error {
	defer r.unlock()
	if r.file == nil {
		return nil
	}
	err := cmp.Or(r.Sync(), r.takeBack())
	if closing := r.file.Close(); err == nil && closing != nil {
		err = local(closing)
	}
	r.file = nil
	return err
}

// doneName is the folder of the finished runs on these cards.
func (r *run) doneName() string {
	var names []string
	for _, slot := range slices.Sorted(maps.Keys(r.tokens)) {
		names = append(names, place(r.tokens[slot]))
	}
	return strings.Join(names, "-")
}

// Write appends a record. The first one gives up what is to be given up, the record
// "end" closes the run and moves its file.
func (r *run) Write(rec exec.Record) error {
	first := r.file == nil
	switch {
	case first && rec.Event == "end":
		return r.giveUp()
	case first:
		if err := r.create(); err != nil {
			return err
		}
	}
	rec.Time = r.folder.Now().UTC().Format(time.RFC3339Nano)
	b, err := json.Marshal(rec)
	if err != nil {
		return local(err)
	}
	if err := r.append(append(b, '\n')); err != nil {
		return local(err)
	}
	maps.Copy(r.tokens, rec.Tokens)
	if r.row != "" || r.givesUp != nil {
		r.kept = append(r.kept, rec)
	}
	if first && r.givesUp != nil {
		if err := r.Sync(); err != nil {
			return err
		}
		if err := r.giveUp(); err != nil {
			return err
		}
	}
	if rec.Event != "end" {
		return nil
	}
	return r.end()
}

// append writes a line, whole or not at all: more may be written after one that the disk
// had no space for.
func (r *run) append(line []byte) error {
	if r.torn != nil {
		return r.torn
	}
	r.dirty = true
	n, err := r.file.Write(line)
	if err == nil || n == 0 {
		return err
	}
	info, cutting := r.file.Stat()
	if cutting == nil {
		cutting = r.file.Truncate(info.Size() - int64(n))
	}
	if cutting != nil {
		r.torn = err // the next run cuts it off
	}
	return err
}

// Sync waits until all records are on the disk.
func (r *run) Sync() error {
	if !r.dirty {
		return nil
	}
	if err := r.file.Sync(); err != nil {
		return local(err)
	}
	r.dirty = false
	return nil
}

func (r *run) end() error {
	if err := r.Sync(); err != nil {
		return err
	}
	if err := r.file.Close(); err != nil {
		return local(err)
	}
	r.file = nil
	dir := filepath.Join(r.folder.dir, "done", r.doneName())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return local(err)
	}
	name, err := nextName(dir, filepath.Base(r.path))
	if err != nil {
		return local(err)
	}
	if err := os.Rename(r.path, filepath.Join(dir, name)); err != nil {
		return local(err)
	}
	return cmp.Or(syncFolder(dir), syncFolder(filepath.Dir(r.path)))
}
