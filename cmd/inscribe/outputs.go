package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// written is a file that the command is to write, with the flag that names it.
type written struct{ flag, path string }

// apart sees to it that no file is written that is also read, or written for something
// else: what was in it would be lost. What is read later, such as the description of a
// saved plan, is looked at when it is.
func (a *app) apart(c *command, args []string) error {
	a.written = nil
	outputs := []written{{"--out", a.opts.out}, {"--counterexample", a.opts.counterexample}, {"--events", a.opts.events}, {"--report", a.opts.reportFile}}
	if c.name == "probe" {
		outputs = append(outputs, written{"--output", a.opts.output})
	}
	for _, w := range outputs {
		if w.path == "" || w.path == stdinName {
			continue
		}
		for _, other := range a.written {
			if sameFile(w.path, other.path) {
				return usagef("%s and %s are one file, %s; give each its own", other.flag, w.flag, w.path)
			}
		}
		a.written = append(a.written, w)
	}
	for _, path := range slices.Concat(args, a.opts.fieldFiles, []string{a.opts.data, a.opts.sign, a.opts.replay, a.opts.seed, a.opts.description, a.opts.station, a.opts.module}) {
		if err := a.mayBeRead(path); err != nil {
			return err
		}
	}
	return nil
}

// mayBeRead refuses a file that is to be read, where it is one that is to be written, or
// a descriptor that nobody gave.
func (a *app) mayBeRead(path string) error {
	if path == "" || path == stdinName {
		return nil
	}
	if n, is := descriptorAt(path); is {
		if err := a.wasGiven(n); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, w := range a.written {
		if sameFile(w.path, path) {
			return usagef("%s would overwrite %s, which is read; give it another name", w.flag, path)
		}
	}
	return nil
}

// sameFile reports whether two paths are one file that keeps what is written to it, by
// links too. A pipe or a device is none. A file that is not there yet is known by its
// place.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
	}
	return errA != nil && errB != nil && placeOf(a) == placeOf(b)
}

// placeOf is where a file would be made: links are followed, those that lead to nothing too.
func placeOf(path string) string {
	for range 40 { // as far as systems follow links
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
			path = filepath.Join(dir, filepath.Base(path))
		}
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}
