package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"inscribe/check"
	"inscribe/check/format"
	"inscribe/check/report"
	"inscribe/grammar"
)

func fmtFlags(f *pflag.FlagSet, o *options) {
	f.BoolVarP(&o.list, "list", "l", false, "list the files that are in another form")
	f.BoolVarP(&o.write, "write", "w", false, "write the result back to the file")
	f.BoolVarP(&o.diff, "diff", "d", false, "show what would change as a unified diff, secrets masked")
}

func (a *app) fmt(args []string) error {
	if len(args) == 0 {
		args = []string{stdinName}
	}
	if a.opts.write && slices.Contains(args, stdinName) {
		return usagef("--write cannot write to the standard input; name a file")
	}
	paths, errs := expand(args)
	load := a.loader()
	differ := false
	var out error
	err := inOrder(a, len(paths), func(i int) formatted {
		return a.fmtOne(load, paths[i])
	}, func(_ int, f formatted) {
		if f.err != nil {
			errs = append(errs, f.err)
		}
		differ = differ || f.differs
		if _, err := a.stdout.Write(f.out); err != nil && out == nil {
			out = err
		}
	})
	if err == nil {
		err = out
	}
	if err != nil {
		return err
	}
	if code := a.reportAll(errs); code != exitOK {
		return &exitError{code: code}
	}
	if differ && !a.opts.write && (a.opts.list || a.opts.diff) {
		return &exitError{code: exitFindings}
	}
	return nil
}

// formatted is what became of one file.
type formatted struct {
	out     []byte // for the standard output
	differs bool
	err     error
}

func (a *app) fmtOne(load *loader, path string) formatted {
	s, err := load.source(path)
	if err != nil {
		return formatted{err: err}
	}
	text := format.Format(s.file, s.config.Table())
	raw, err := format.Encode(text, s.file.Encoding)
	if err != nil {
		return formatted{err: encodingError(s, err)}
	}
	f := formatted{differs: text != s.file.Text}
	if !a.opts.list && !a.opts.write && !a.opts.diff {
		f.out = raw
		return f
	}
	if !f.differs {
		return f
	}
	var b bytes.Buffer
	if a.opts.list {
		fmt.Fprintln(&b, s.file.Name)
	}
	if a.opts.diff {
		after := grammar.ParseText(s.file.Name, text)
		f.err = report.WriteDiff(&b, reportFile(check.Check(s.file, s.config)), reportFile(check.Check(after, s.config)), a.reportOptions())
	}
	f.out = b.Bytes()
	switch {
	case !a.opts.write || f.err != nil:
	case s.packed:
		f.err = refusePacked(s)
	default:
		f.err = replaceFile(s.path, s.raw, raw)
	}
	return f
}
