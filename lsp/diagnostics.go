package lsp

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// source is what editors show beside a finding.
const source = "inscribe"

// findingStyle is what the client can of a finding.
type findingStyle struct {
	related, description, tags bool
}

// styleOf looks where the client says it: pulled findings have a place of their
// own since version 3.18.
func (s *state) styleOf(pulled bool) findingStyle {
	push, pull := s.client.TextDocument.PublishDiagnostics, s.client.TextDocument.Diagnostic
	style := findingStyle{push.RelatedInformation, push.CodeDescriptionSupport, push.TagSupport != nil}
	if pulled && pull != nil {
		if pull.RelatedInformation != nil {
			style.related = *pull.RelatedInformation
		}
		if pull.CodeDescriptionSupport != nil {
			style.description = *pull.CodeDescriptionSupport
		}
		style.tags = style.tags || pull.TagSupport != nil
	}
	return style
}

// pulls reports whether the client asks for findings itself, so that none of
// open descriptions are pushed.
func (s *state) pulls() bool { return s.client.TextDocument.Diagnostic != nil }

// mostFindings is how many findings of a document are sent: nobody reads more, and
// an editor that draws a hundred thousand of them stands still.
const mostFindings = 2000

// findings are those of a document, as the client takes them; room may have room
// for them.
func (s *state) findings(d *document, style findingStyle, room []protocol.Diagnostic) []protocol.Diagnostic {
	all := d.program().Diagnostics
	shown := all[:min(len(all), mostFindings)]
	out := slices.Grow(room[:0], len(shown)+1)
	for i := range shown {
		out = append(out, s.finding(d, &shown[i], style))
	}
	if rest := len(all) - len(shown); rest > 0 {
		out = append(out, s.finding(d, &diag.Diagnostic{Severity: diag.Info, Span: all[len(shown)].Span,
			Message: fmt.Sprintf("%d more findings from here on are not shown", rest), Help: "inscribe check lists them all"}, style))
	}
	if proof := d.proof.Load(); proof != nil {
		for i := range *proof {
			out = append(out, s.finding(d, &(*proof)[i], style))
		}
	}
	return out
}

func (s *state) finding(d *document, f *diag.Diagnostic, style findingStyle) protocol.Diagnostic {
	text := f.Message
	if f.Label != "" {
		text += " (" + f.Label + ")"
	}
	if f.Help != "" {
		text += "\n" + f.Help
	}
	out := protocol.Diagnostic{
		Range: d.mapper.rng(widen(d.file(), f.Span)), Severity: protocol.DiagnosticSeverity(f.Severity) + 1,
		Code: string(f.Code), Source: source, Message: d.masker().Scrub(text),
	}
	if style.description && f.Code != "" {
		if page, opens := s.pageURI(f.Code); opens {
			out.CodeDescription = &protocol.CodeDescription{Href: page}
		}
	}
	if style.tags && f.Unnecessary {
		out.Tags = []protocol.DiagnosticTag{protocol.Unnecessary}
	}
	if style.related {
		for _, l := range f.Related {
			out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: protocol.Location{URI: d.uri, Range: d.mapper.rng(l.Span)}, Message: d.masker().Scrub(l.Message),
			})
		}
	}
	return out
}

// widen gives an empty span at a line's end the character before it, since some
// editors show nothing of an empty one.
func widen(f *ast.File, s ast.Span) ast.Span {
	if s.Len() > 0 {
		return s
	}
	if line := f.Table().LineSpan(f.Table().Line(s.Start)); s.Start == line.End && line.Len() > 0 {
		return line
	}
	return s
}

// pageURI is where the page of a code stands, for a client that can open it. The
// address of package docs may be a relative one: it then counts from the place that the
// settings name, and without it the page is a document of the server, which few clients
// show.
func (s *state) pageURI(code diag.Code) (uri string, opens bool) {
	at := docs.URL(code)
	switch {
	case strings.Contains(at, "://"):
		return at, true
	case s.settings.Docs != "":
		return strings.TrimSuffix(s.settings.Docs, "/") + "/" + at, true
	}
	return pageScheme + ":" + at, s.client.Workspace.TextDocumentContent != nil
}
