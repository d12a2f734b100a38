package check

import (
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// duplicateRule finds what stands twice in a section.
var duplicateRule = rule{[]diag.Code{diag.DuplicateKeyword, diag.DuplicateField}, func(p *Program, r *report) {
	var seen lineSet
	for i := range p.parts {
		s, part := &p.File.Sections[i], &p.parts[i]
		if !part.known {
			continue
		}
		code, what := diag.DuplicateKeyword, "keyword"
		if part.kind == schema.Fields {
			code, what = diag.DuplicateField, "field"
		}
		seen.reset()
		for j := range s.Lines {
			l := &s.Lines[j]
			if l.Kind != ast.Entry {
				continue
			}
			name := p.File.Slice(l.Name)
			key := name
			// Two spellings of one meaning are one keyword. No unknown name is
			// the meaning of a known one.
			if k := part.keywords[j]; k != nil && k.Meaning != "" {
				key = k.Meaning
			} else if part.kind != schema.Fields {
				key = strings.ToLower(name)
			}
			var before *ast.Line
			if f := p.fields[name]; part.kind == schema.Fields && f.Line.Span.Start > s.Header.Span.Start {
				before = f.Line
			} else {
				before = seen.add(key, l)
			}
			if before == nil || before == l {
				continue
			}
			d := r.Add(code, l.Name, "%s %s stands twice", what, name)
			d.Help = "only the first one counts; remove one of them"
			d.Unnecessary = true
			d.Related = []diag.Label{{Span: before.Name, Message: "first here"}}
			if p.File.Slice(before.Value) == p.File.Slice(l.Value) {
				d.Fixes = append(d.Fixes, diag.Fix{Title: "remove the repetition", Edits: []diag.Edit{removeLine(l)}, Safe: true})
			} else {
				d.Fixes = append(d.Fixes, diag.Fix{Title: "keep the first one", Edits: []diag.Edit{removeLine(l)}},
					diag.Fix{Title: "keep this one", Edits: []diag.Edit{removeLine(before)}})
			}
		}
	}
}}

// lineSet finds lines by their key. Most sections have a handful of lines, which
// are found faster without a map.
type lineSet struct {
	few  []keyedLine
	many map[string]*ast.Line
}

type keyedLine struct {
	key  string
	line *ast.Line
}

// mostFew is how many lines are compared one by one.
const mostFew = 16

func (s *lineSet) reset() { s.few, s.many = s.few[:0], nil }

// add gives the line that has the key already; where there is none it takes the
// new one.
func (s *lineSet) add(key string, l *ast.Line) *ast.Line {
	if s.many != nil {
		before := s.many[key]
		if before == nil {
			s.many[key] = l
		}
		return before
	}
	for i := range s.few {
		if s.few[i].key == key {
			return s.few[i].line
		}
	}
	s.few = append(s.few, keyedLine{key, l})
	if len(s.few) > mostFew {
		s.many = make(map[string]*ast.Line, 4*mostFew)
		for _, f := range s.few {
			s.many[f.key] = f.line
		}
	}
	return nil
}
