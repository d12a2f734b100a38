package main

import (
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/report"
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
	paths, err := expand(args)
	if err != nil {
		return err
	}
	var files []report.File
	failed := false
	for _, path := range paths {
		p, err := a.load(path)
		if err != nil {
			return err
		}
		files = append(files, reportFile(p))
		for _, d := range p.Diagnostics {
			failed = failed || d.Severity <= failOn
		}
	}
	if err := report.Write(a.stdout, format, files, a.reportOptions()); err != nil {
		return err
	}
	if failed {
		return &exitError{code: exitFindings}
	}
	return nil
}

func reportFile(p *check.Program) report.File {
	return report.File{Path: p.File.Name, Source: p.File, Diagnostics: p.Diagnostics, Secrets: p.Secrets}
}

func (a *app) reportOptions() report.Options {
	return report.Options{Color: a.colored(a.stdout), Width: width(a.stdout), Version: version()}
}

// sound refuses a description with errors, which it prints to stderr.
func (a *app) sound(p *check.Program) error {
	if !p.Errors() {
		return nil
	}
	o := a.reportOptions()
	o.Color, o.Width = a.colored(a.stderr), width(a.stderr)
	if err := report.Write(a.stderr, report.Text, []report.File{reportFile(p)}, o); err != nil {
		return err
	}
	return &exitError{code: exitFindings}
}
