package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/report"
	"inscribe/docs"
)

func (a *app) check(args []string) error {
	format, err := report.ParseFormat(a.opts.format)
	if err != nil {
		return usagef("--format: %w", err)
	}
	failOn, ok := diag.ParseSeverity(a.opts.failOn)
	if !ok || failOn == diag.Off {
		return usagef("--fail-on is %q; it can be error, warning, info or hint", a.opts.failOn)
	}
	if len(args) == 0 {
		return usagef("give a description, a folder, or - for the standard input")
	}
	if err := a.fixFlags(format, args); err != nil {
		return err
	}
	paths, errs := expand(args)
	load := a.loader()
	var files []report.File
	var fixed fixes
	var failed atomic.Bool
	err = inOrder(a, len(paths), func(i int) checked {
		c := a.checkOne(load, paths[i])
		if slices.ContainsFunc(c.file.Diagnostics, func(d diag.Diagnostic) bool { return d.Severity <= failOn }) {
			failed.Store(true)
		}
		c.file = slim(c.file)
		return c
	}, func(_ int, c checked) {
		if c.err != nil {
			errs = append(errs, c.err)
		}
		if c.ok {
			files = append(files, c.file)
		}
		fixed.add(c.fixes)
	})
	if err != nil {
		return err
	}
	if a.opts.fix && a.opts.dryRun {
		_, err = a.stdout.Write(fixed.diff)
	} else if len(files) > 0 || len(errs) == 0 {
		err = report.Write(a.stdout, format, files, a.reportOptions())
	}
	if err != nil {
		return err
	}
	if a.opts.fix {
		a.fixSummary(&fixed)
	}
	if code := a.reportAll(errs); code != exitOK {
		return &exitError{code: code}
	}
	if failed.Load() || a.opts.dryRun && len(fixed.diff) > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

// checked is what became of one file.
type checked struct {
	file  report.File
	ok    bool // it could be read
	fixes fixes
	err   error
}

// checkOne reads, checks and, if asked to, fixes one file.
func (a *app) checkOne(load *loader, path string) checked {
	s, err := load.source(path)
	if err != nil {
		return checked{err: err}
	}
	if !a.opts.fix {
		return checked{file: reportFile(check.Check(s.file, s.config)), ok: true}
	}
	c := checked{ok: true}
	var p *check.Program
	p, c.fixes, c.err = a.fixOne(s)
	c.file = reportFile(p)
	return c
}

// slim drops what a report does not read, so that thousands of files fit in
// memory.
func slim(f report.File) report.File {
	if len(f.Diagnostics) == 0 {
		return report.File{Path: f.Path}
	}
	f.Source = &ast.File{Name: f.Source.Name, Text: f.Source.Text, Encoding: f.Source.Encoding}
	return f
}

func reportFile(p *check.Program) report.File {
	return report.File{Path: p.File.Name, Source: p.File, Diagnostics: p.Diagnostics, Secrets: p.Secrets}
}

func (a *app) reportOptions() report.Options {
	return report.Options{Color: a.colored(a.stdout), Width: width(a.stdout), Version: version(), DocsURL: docs.URL}
}

// sound refuses a description with errors, which it prints to stderr.
func (a *app) sound(p *check.Program) error {
	if !p.Errors() {
		return nil
	}
	o := a.reportOptions()
	o.Color, o.Width = a.colored(a.stderr), width(a.stderr)
	f := reportFile(p)
	f.Diagnostics = withSilenced(p)
	more := len(f.Diagnostics) - mostShown
	if more > 0 {
		slices.SortStableFunc(f.Diagnostics, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
		f.Diagnostics = diag.Sort(f.Diagnostics[:mostShown])
	}
	if err := report.Write(a.stderr, report.Text, []report.File{f}, o); err != nil {
		return err
	}
	if more > 0 {
		fmt.Fprintf(a.stderr, "inscribe: %d more findings; inscribe check lists them all\n", more)
	}
	return &exitError{code: exitFindings}
}

// mostShown is how many findings say why there is no plan: a file that is no
// description at all has thousands.
const mostShown = 25

// withSilenced are the diagnostics with the errors that a comment or the
// configuration silences and that block all the same: whoever asks for a plan
// must see why there is none.
func withSilenced(p *check.Program) []diag.Diagnostic {
	shown := slices.Clone(p.Diagnostics)
	for _, d := range p.Blocking {
		if !slices.ContainsFunc(shown, func(s diag.Diagnostic) bool { return s.Code == d.Code && s.Span == d.Span }) {
			d.Help = "it is silenced for check, and blocks the plan all the same"
			shown = append(shown, d)
		}
	}
	return diag.Sort(shown)
}

func plural(n int, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
