package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"inscribe/check"
	"inscribe/check/fix"
	"inscribe/check/format"
	"inscribe/check/report"
)

func fixFlags(f *pflag.FlagSet, o *options) {
	f.BoolVar(&o.fix, "fix", false, "apply the fixes that cannot change a meaning, and report what is left")
	f.BoolVar(&o.unsafeFixes, "unsafe-fixes", false, "with --fix: also the first suggestion for every other finding; look at what it did")
	f.BoolVar(&o.dryRun, "dry-run", false, "with --fix: show what would change and write nothing")
}

// fixFlags refuses combinations of flags that make no sense.
func (a *app) fixFlags(format report.Format, args []string) error {
	o := &a.opts
	switch {
	case !o.fix && o.unsafeFixes:
		return usagef("--unsafe-fixes goes with --fix")
	case !o.fix && o.dryRun:
		return usagef("--dry-run goes with --fix")
	case o.dryRun && format != report.Text:
		return usagef("--fix --dry-run prints a diff and takes no --format")
	case o.fix && !o.dryRun && slices.Contains(args, stdinName):
		return usagef("--fix cannot write to the standard input; name a file, or look at the changes with --dry-run")
	}
	return nil
}

// fixes is what was fixed, or would be, in one file or in all.
type fixes struct {
	findings, files int
	diff            []byte
	waiting         []string // messages about fixes that could not be applied
}

func (f *fixes) add(o fixes) {
	f.findings += o.findings
	f.files += o.files
	f.diff = append(f.diff, o.diff...)
	f.waiting = append(f.waiting, o.waiting...)
}

// fixOne fixes one file and gives what it is now; with --dry-run, and where it
// cannot be written, what it was.
func (a *app) fixOne(s *source) (*check.Program, fixes, error) {
	r := fix.Run(s.file, s.config, a.opts.unsafeFixes)
	if len(r.Done) == 0 {
		return r.Before, fixes{}, nil
	}
	done := fixes{findings: len(r.Done), files: 1}
	if len(r.Skipped) > 0 {
		done.waiting = append(done.waiting, fmt.Sprintf("%s: left out because others touch the same place: %d more; run it again", s.file.Name, len(r.Skipped)))
	}
	if a.opts.dryRun {
		var b bytes.Buffer
		err := report.WriteDiff(&b, reportFile(r.Before), reportFile(r.Program), a.reportOptions())
		done.diff = b.Bytes()
		return r.Before, done, err
	}
	if s.packed {
		return r.Before, fixes{}, refusePacked(s)
	}
	raw, err := format.Encode(r.Program.File.Text, s.file.Encoding)
	if err == nil {
		err = replaceFile(s.path, s.raw, raw)
	} else {
		err = encodingError(s, err)
	}
	if err != nil {
		return r.Before, fixes{}, err
	}
	return r.Program, done, nil
}

// refusePacked says that a .dsz is not written.
func refusePacked(s *source) error {
	return refusedf("unpack it first with inscribe unpack, and pack it again", "%s: a description within a .dsz is not changed in place", s.path)
}

func encodingError(s *source, err error) error {
	return refusedf("save the file as UTF-8 first", "%s: %w", s.path, err)
}

func (a *app) fixSummary(f *fixes) {
	for _, w := range f.waiting {
		fmt.Fprintln(a.stderr, clean(w))
	}
	verb := "fixed"
	if a.opts.dryRun {
		verb = "would fix"
	}
	if f.findings == 0 {
		fmt.Fprintln(a.stderr, "nothing to fix")
		return
	}
	fmt.Fprintf(a.stderr, "%s %s in %s\n", verb, plural(f.findings, "finding"), plural(f.files, "file"))
}
