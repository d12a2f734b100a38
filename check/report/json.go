package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"inscribe/ast"
)

type jsonReport struct {
	Version     int              `json:"version"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
	Summary     jsonSummary      `json:"summary"`
}

type jsonSummary struct {
	Files    int `json:"files"`
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
}

type jsonDiagnostic struct {
	File string `json:"file"`
	jsonRange
	Severity string        `json:"severity"`
	Code     string        `json:"code"`
	Message  string        `json:"message"`
	Help     string        `json:"help"`
	Related  []jsonRelated `json:"related"`
	Fixes    []jsonFix     `json:"fixes"`
	URL      string        `json:"url"`
}

type jsonRange struct {
	Line      int `json:"line"`
	Column    int `json:"column"`
	EndLine   int `json:"endLine"`
	EndColumn int `json:"endColumn"`
}

type jsonRelated struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

type jsonFix struct {
	Title string     `json:"title"`
	Edits []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	jsonRange
	NewText string `json:"newText"`
}

func (s *sheet) jsonRange(span ast.Span) jsonRange {
	start, end := s.place(span)
	return jsonRange{start.Line, start.Column, end.Line, end.Column}
}

func writeJSON(b *bytes.Buffer, sheets []*sheet, o Options) {
	r := jsonReport{Version: 1, Diagnostics: []jsonDiagnostic{}}
	r.Summary.Files = len(sheets)
	r.Summary.Errors, r.Summary.Warnings = count(sheets)
	for _, s := range sheets {
		for _, d := range s.diags {
			j := jsonDiagnostic{
				File:      s.path,
				jsonRange: s.jsonRange(d.Span),
				Severity:  d.Severity.String(),
				Code:      string(d.Code),
				Message:   d.Message,
				Help:      d.Help,
				Related:   []jsonRelated{},
				Fixes:     []jsonFix{},
				URL:       o.url(d.Code),
			}
			for _, l := range d.Related {
				at, _ := s.place(l.Span)
				j.Related = append(j.Related, jsonRelated{at.Line, at.Column, l.Message})
			}
			for _, f := range d.Fixes {
				fix := jsonFix{f.Title, []jsonEdit{}}
				for _, e := range f.Edits {
					fix.Edits = append(fix.Edits, jsonEdit{s.jsonRange(e.Span), e.NewText})
				}
				j.Fixes = append(j.Fixes, fix)
			}
			r.Diagnostics = append(r.Diagnostics, j)
		}
	}
	encodeJSON(b, r)
}

// encodeJSON writes v for machines and for people who look at it: what is not
// safe to show is escaped, which encoding/json does for C0 controls only.
func encodeJSON(b *bytes.Buffer, v any) {
	var raw bytes.Buffer
	e := json.NewEncoder(&raw)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic(err) // no value that this package encodes can fail
	}
	for _, r := range raw.String() {
		switch {
		case r < utf8.RuneSelf && r != 0x7F || !isUnsafe(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
}
