package lsp

import (
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/lsp/protocol"
)

// ignoreMark begins a comment that suppresses findings of the next line.
const ignoreMark = "inscribe:ignore"

// suppressions offers in a comment to suppress the findings of the next line, and
// behind the mark the codes.
func (b *offers) suppressions(before string) {
	mark := strings.IndexAny(before, "#;")
	rest := before[mark+1:]
	text := strings.TrimLeft(rest, " \t")
	if codes, ok := strings.CutPrefix(text, ignoreMark+" "); ok {
		b.codes(codes)
		return
	}
	if !strings.HasPrefix(ignoreMark, text) {
		return
	}
	start := b.at.line.Span.Start + mark + 1 + len(rest) - len(text)
	span := ast.Span{Start: start, End: max(start, b.at.line.Span.End)}
	snippet := "${1:reason}"
	if behind := b.doc.file().Slice(ast.Span{Start: b.at.offset, End: max(b.at.offset, span.End)}); strings.Trim(behind, blanks) != "" {
		if strings.HasPrefix(text+behind, ignoreMark) {
			return
		}
		// What the comment says already is the reason.
		snippet, span.End = "", b.at.offset+len(behind)-len(strings.TrimLeft(behind, blanks))
	}
	for _, code := range b.found(b.target()) {
		if !suppressible(code) {
			continue
		}
		text := ignoreMark + " " + string(code) + " "
		b.addSnippet(protocol.CompletionItem{Label: ignoreMark + " " + string(code), Kind: protocol.EventItem, Detail: "suppress a finding of the next line"},
			span, text+snippet, text)
	}
}

// codes offers those that do not stand in the comment yet: first what is found in
// the next line, then what is found in the file, then the rest.
func (b *offers) codes(before string) {
	parts := strings.Split(before, ",")
	for i, part := range parts {
		parts[i] = strings.TrimLeft(part, " \t")
		if i < len(parts)-1 {
			part = strings.TrimRight(part, " \t")
		}
		if strings.ContainsAny(strings.TrimLeft(part, " \t"), " \t") {
			return // the reason
		}
	}
	word := parts[len(parts)-1]
	line := b.doc.file().Slice(ast.Span{Start: b.at.offset, End: max(b.at.offset, b.at.line.Span.End)})
	end := strings.IndexAny(line, " \t,")
	if end < 0 {
		end = len(line)
	}
	span := ast.Span{Start: b.at.offset - len(word), End: b.at.offset + end}
	var there []string
	codes, _ := check.Ignored(b.doc.file(), &b.at.line)
	for _, c := range codes {
		if c.Span.Start != span.Start {
			there = append(there, string(c.Code))
		}
	}
	whole := ast.Span{End: len(b.doc.file().Text)}
	for _, group := range []struct {
		codes  []diag.Code
		detail string
	}{
		{b.found(b.target()), "found in the next line: "},
		{b.found(whole), "found in this file: "},
		{allCodes(), ""},
	} {
		for _, code := range group.codes {
			if slices.Contains(there, string(code)) || !suppressible(code) {
				continue
			}
			there = append(there, string(code))
			rule, _ := diag.Lookup(code)
			b.add(protocol.CompletionItem{Label: string(code), Kind: protocol.EventItem, Detail: group.detail + rule.Title}, span, string(code))
		}
	}
}

// target is the line that a comment at the cursor speaks of: the next one that is
// no comment.
func (b *offers) target() ast.Span {
	table := b.doc.file().Table()
	for next := table.Line(b.at.line.Span.Start) + 1; next < table.Lines(); next++ {
		if span := table.LineSpan(next); b.doc.cursor(span.Start).line.Kind != ast.Comment {
			return span
		}
	}
	return ast.Span{Start: len(b.doc.file().Text) + 1, End: -1}
}

// found are the codes of the findings that begin in a span, once each.
func (b *offers) found(span ast.Span) []diag.Code {
	var out []diag.Code
	for _, g := range b.doc.program().Diagnostics {
		if g.Span.Start >= span.Start && g.Span.Start <= span.End && !slices.Contains(out, g.Code) {
			out = append(out, g.Code)
		}
	}
	return out
}

func allCodes() []diag.Code {
	var out []diag.Code
	for _, r := range diag.Rules {
		out = append(out, r.Code)
	}
	return out
}

// suppressible reports whether a comment may silence a code. One of a comment itself
// no comment can.
func suppressible(code diag.Code) bool {
	_, known := diag.Lookup(code)
	return known && code != diag.Syntax && code != diag.UnusedSuppression && code != diag.Internal && code != diag.CommentMark
}
