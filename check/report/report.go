package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/mask"
)

// Format names an output format.
type Format string

// The formats.
const (
	Text    Format = "text"
	Compact Format = "compact"
	JSON    Format = "json"
	SARIF   Format = "sarif"
	GitHub  Format = "github"
	JUnit   Format = "junit"
)

// formats lists all formats, in the order of the documentation.
var formats = []Format{Text, Compact, JSON, SARIF, GitHub, JUnit}

// ParseFormat finds the format of a name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(formats, f) {
		return f, nil
	}
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	last := len(names) - 1
	return "", fmt.Errorf("unknown format %q: use %s or %s", s, strings.Join(names[:last], ", "), names[last])
}

// File is one checked file with its findings.
type File struct {
	// Path is what the report calls the file.
	Path string
	// Source is what the spans refer to. Without one, findings are shown at the
	// start of the file and have no snippet.
	Source *ast.File
	// Diagnostics are the findings, sorted; those of severity Off are left out.
	Diagnostics []diag.Diagnostic
	// Secrets are the parts of the source whose text must never be shown.
	Secrets []ast.Span
}

// Options says how to render.
type Options struct {
	// Color adds colour to the text format.
	Color bool
	// Width is the number of columns that the text format keeps to; 0 is 100.
	Width int
	// Version is that of Inscribe; may be empty.
	Version string
	// DocsURL gives the page of a code, or nothing; may be nil.
	DocsURL func(diag.Code) string
}

func (o Options) url(c diag.Code) string {
	if o.DocsURL == nil {
		return ""
	}
	return o.DocsURL(c)
}

// Write renders the files, in their order, to w. The error is that of w.
func Write(w io.Writer, format Format, files []File, o Options) error {
	render, ok := map[Format]func(*bytes.Buffer, []*sheet, Options){
		Text:    writeText,
		Compact: writeCompact,
		JSON:    writeJSON,
		SARIF:   writeSARIF,
		GitHub:  writeGitHub,
		JUnit:   writeJUnit,
	}[format]
	if !ok {
		_, err := ParseFormat(string(format))
		return err
	}
	sheets := make([]*sheet, len(files))
	for i, f := range files {
		sheets[i] = newSheet(f)
	}
	var b bytes.Buffer
	render(&b, sheets, o)
	_, err := w.Write(b.Bytes())
	return err
}

// sheet is a file as the formats see it: its spans lie in the text, and the
// strings of its diagnostics hold no secret.
type sheet struct {
	path   string
	bare   bool // there is no source to show
	text   string
	table  *ast.LineTable
	mask   mask.Masker
	hidden []ast.Span
	diags  []diag.Diagnostic
}

func newSheet(f File) *sheet {
	s := &sheet{path: f.Path, bare: f.Source == nil}
	if s.bare {
		s.table = ast.NewLineTable("")
	} else {
		s.text, s.table = f.Source.Text, f.Source.Table()
	}
	secrets := make([]ast.Span, len(f.Secrets))
	for i, span := range f.Secrets {
		secrets[i] = s.clamp(span)
	}
	s.mask = mask.New(s.text, secrets)
	s.hidden = mask.Merge(append(secrets, s.mask.Find(s.text)...))
	for _, d := range f.Diagnostics {
		if d.Severity < diag.Off {
			s.diags = append(s.diags, s.sanitize(d))
		}
	}
	return s
}

// clamp moves a span into the text and onto the bounds of characters.
func (s *sheet) clamp(span ast.Span) ast.Span {
	start := min(max(span.Start, 0), len(s.text))
	end := min(max(span.End, start), len(s.text))
	for start > 0 && start < len(s.text) && !utf8.RuneStart(s.text[start]) {
		start--
	}
	for end < len(s.text) && !utf8.RuneStart(s.text[end]) {
		end++
	}
	return ast.Span{Start: start, End: end}
}

func (s *sheet) sanitize(d diag.Diagnostic) diag.Diagnostic {
	d.Span = s.clamp(d.Span)
	d.Message = s.mask.Scrub(d.Message)
	d.Label = s.mask.Scrub(d.Label)
	d.Help = s.mask.Scrub(d.Help)
	d.Related = slices.Clone(d.Related)
	for i, r := range d.Related {
		d.Related[i] = diag.Label{Span: s.clamp(r.Span), Message: s.mask.Scrub(r.Message)}
	}
	d.Fixes = slices.Clone(d.Fixes)
	for i, fix := range d.Fixes {
		fix.Title = s.mask.Scrub(fix.Title)
		fix.Edits = slices.Clone(fix.Edits)
		for j, e := range fix.Edits {
			fix.Edits[j] = diag.Edit{Span: s.clamp(e.Span), NewText: s.mask.Scrub(e.NewText)}
		}
		d.Fixes[i] = fix
	}
	return d
}

// place is where a span lies for people and for machines alike.
func (s *sheet) place(span ast.Span) (start, end ast.Position) {
	return s.table.Position(span.Start), s.table.Position(span.End)
}

func count(sheets []*sheet) (errors, warnings int) {
	for _, s := range sheets {
		e, w := diag.Count(s.diags)
		errors, warnings = errors+e, warnings+w
	}
	return errors, warnings
}
