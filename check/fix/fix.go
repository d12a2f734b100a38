package fix

import (
	"cmp"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/grammar"
)

// rounds bounds the work where fixes bring up findings with fixes again. A round
// of fixes that are not safe mends one code.
const rounds = 20

// Apply makes the edits of the fixes, each fix whole or not at all. One that
// touches what an earlier one in the list touches, or whose edits do not lie in
// the text, is skipped. applied and skipped are indexes into fixes, in order.
func Apply(text string, fixes []diag.Fix) (out string, applied, skipped []int) {
	var edits []diag.Edit // sorted; no two of them meet
	for i, f := range fixes {
		fits := len(f.Edits) > 0
		own := slices.SortedStableFunc(slices.Values(f.Edits), byPlace)
		for j, e := range own {
			at, _ := slices.BinarySearchFunc(edits, e, byPlace)
			fits = fits && 0 <= e.Span.Start && e.Span.Start <= e.Span.End && e.Span.End <= len(text) &&
				!(at > 0 && meet(edits[at-1], e)) && !(at < len(edits) && meet(e, edits[at])) && !(j > 0 && meet(own[j-1], e))
		}
		if !fits {
			skipped = append(skipped, i)
			continue
		}
		applied = append(applied, i)
		for _, e := range own {
			at, _ := slices.BinarySearchFunc(edits, e, byPlace)
			edits = slices.Insert(edits, at, e)
		}
	}
	var b strings.Builder
	from := 0
	for _, e := range edits {
		b.WriteString(text[from:e.Span.Start])
		b.WriteString(e.NewText)
		from = e.Span.End
	}
	b.WriteString(text[from:])
	return b.String(), applied, skipped
}

func byPlace(a, b diag.Edit) int {
	return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
}

// meet reports whether an edit and a later one touch the same: they overlap, or
// begin at the same place, where their order would be a matter of luck.
func meet(a, b diag.Edit) bool { return a.Span.Start == b.Span.Start || b.Span.Start < a.Span.End }

// Done is a fix that was applied.
type Done struct {
	Code  diag.Code
	Title string
}

// Result is what [Run] gives.
type Result struct {
	// Before is the checked description as it was given.
	Before *check.Program
	// Program is the checked description after all fixes; its file has the
	// name and encoding of the one before.
	Program *check.Program
	Done    []Done
	// Skipped are the fixes that still could not be applied in the last round.
	Skipped []Done
}

// Run applies fixes and checks again until there is nothing more to fix: the
// first safe fix of each finding, and with unsafe, once there is none, the first
// fix of the others, code by code, errors before warnings.
func Run(f *ast.File, cfg *config.Config, unsafe bool) Result {
	r := Result{Before: check.Check(f, cfg)}
	r.Program = r.Before
	seen := map[string]bool{}
	for range rounds {
		text := r.Program.File.Text
		seen[text] = true
		fixes, about := choose(r.Program.Diagnostics, unsafe)
		out, applied, skipped := Apply(text, fixes)
		r.Skipped = pick(about, skipped)
		// A text that was there before would come up again and again.
		if seen[out] {
			break
		}
		r.Done = append(r.Done, pick(about, applied)...)
		next := grammar.ParseText(f.Name, out)
		next.Encoding = f.Encoding
		r.Program = check.Check(next, cfg)
	}
	return r
}

func pick(list []Done, indexes []int) []Done {
	var out []Done
	for _, i := range indexes {
		out = append(out, list[i])
	}
	return out
}

// choose takes at most one fix of each finding: the safe ones; where there is
// none and unsafe allows it, those of one code, the gravest and first in the
// table of codes. What a mended finding brings about must be seen before the
// next: a field is used after all, a keyword is there after all.
func choose(found []diag.Diagnostic, unsafe bool) (fixes []diag.Fix, about []Done) {
	take := func(d diag.Diagnostic, f diag.Fix) {
		fixes = append(fixes, f)
		about = append(about, Done{Code: d.Code, Title: f.Title})
	}
	var next *diag.Diagnostic
	for i, d := range found {
		if s := slices.IndexFunc(d.Fixes, func(f diag.Fix) bool { return f.Safe }); s >= 0 {
			take(d, d.Fixes[s])
		} else if len(d.Fixes) > 0 && (next == nil || before(d, *next)) {
			next = &found[i]
		}
	}
	if len(fixes) > 0 || !unsafe || next == nil {
		return fixes, about
	}
	for _, d := range found {
		if d.Code == next.Code && len(d.Fixes) > 0 {
			take(d, d.Fixes[0])
		}
	}
	return fixes, about
}

// before reports whether a is mended before b.
func before(a, b diag.Diagnostic) bool {
	rank := func(c diag.Code) int {
		return slices.IndexFunc(diag.Rules, func(r diag.Rule) bool { return r.Code == c })
	}
	return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(rank(a.Code), rank(b.Code))) < 0
}
