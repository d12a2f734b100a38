package check

import (
	"fmt"
	"slices"

	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// conflictRule finds keywords that exclude each other.
var conflictRule = rule{[]diag.Code{diag.ConflictingKeywords}, func(p *Program, r *report) {
	for _, b := range p.Blocks {
		conflictsIn(r, b)
	}
	for _, a := range p.All {
		jobsIn(r, a)
	}
	retrieveAlone(p, r)
}}

// conflictsIn holds a section against what the table says of its keywords.
func conflictsIn(r *report, b *Block) {
	for _, s := range b.Settings {
		for _, name := range s.Keyword.Conflicts {
			if other := b.Get(name); other != nil {
				conflict(r, s, other, "%s and %s exclude each other", s.Keyword.Name, other.Keyword.Name)
			}
		}
	}
}

// jobsIn wants one job of an application, and of a key what its kind takes.
func jobsIn(r *report, a *Application) {
	if jobs := a.Jobs(); len(jobs) > 1 {
		d := conflict(r, jobs[1], jobs[0], "%s and %s in one application; an application does one thing", jobs[0].Keyword.Name, jobs[1].Keyword.Name)
		d.Help = "put them into two applications"
	}
	if kind := a.Get(schema.MKeyType); kind != nil {
		size, curve := a.Get(schema.MKeySize), a.Get(schema.MECCurve)
		if kind.Value.Text == "RSA" && curve != nil {
			conflict(r, kind, curve, "%s=RSA and %s exclude each other", kind.Keyword.Name, curve.Keyword.Name)
		}
		if kind.Value.Text == "EC" && size != nil {
			conflict(r, kind, size, "%s=EC and %s exclude each other", kind.Keyword.Name, size.Keyword.Name)
		}
	}
}

func conflict(r *report, at, other *Setting, format string, args ...any) *diag.Diagnostic {
	d := r.Add(diag.ConflictingKeywords, at.Line.Name, format, args...)
	d.Related = []diag.Label{{Span: other.Line.Name, Message: fmt.Sprintf("%s is here", other.Keyword.Name)}}
	return d
}

// besideRetrieve are the keywords that may stand beside RetrieveAllTokens: what
// belongs to it, and what only names the library.
var besideRetrieve = []string{schema.MRetrieveTokens, schema.MTokensField, schema.MWithATR}

// retrieveAlone holds the page "Reader/card selection and information":
// RetrieveAllTokens is a single operation.
func retrieveAlone(p *Program, r *report) {
	retrieve := p.Description.Get(schema.MRetrieveTokens)
	if retrieve == nil {
		return
	}
	for _, s := range p.Description.Settings {
		off := s.Keyword.Kind == schema.Bool && !s.Value.Bool
		if off || s.Keyword.Kind == schema.Path || slices.Contains(besideRetrieve, s.Keyword.Meaning) {
			continue
		}
		d := conflict(r, s, retrieve, "%s beside RetrieveAllTokens, which runs alone", s.Keyword.Name)
		d.Help = "put it into a description of its own; here it would be skipped"
	}
}
