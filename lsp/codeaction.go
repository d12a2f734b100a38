package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/fix"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// action is a code action before it is put into the client's form. Its edit is
// made when it is asked for.
type action struct {
	title     string
	kind      protocol.CodeActionKind
	about     *diag.Diagnostic
	preferred bool
	edits     func() []diag.Edit
}

// actionRef is what an action keeps for being resolved.
type actionRef struct {
	URI   protocol.DocumentURI    `json:"uri"`
	Range protocol.Range          `json:"range"`
	Title string                  `json:"title"`
	Kind  protocol.CodeActionKind `json:"kind"`
	// Version is the one that the edit is for.
	Version *int32 `json:"version"`
	// Nth tells apart actions of one title.
	Nth int `json:"nth"`
}

// codeActions offers what can be done at a range.
func (c *call) codeActions(_ context.Context, p *protocol.CodeActionParams) (any, error) {
	d := c.doc
	out := []protocol.CodeAction{}
	later := c.resolvesActions()
	seen := map[string]int{}
	for _, a := range d.actions(d.mapper.span(p.Range)) {
		if !wanted(a.kind, p.Context.Only) {
			continue
		}
		title := d.masker().Scrub(a.title)
		item := protocol.CodeAction{Title: title, Kind: a.kind, IsPreferred: a.preferred}
		if a.about != nil {
			item.Diagnostics = []protocol.Diagnostic{c.finding(d, a.about, c.styleOf(c.pulls()))}
		}
		if later {
			item.Data, _ = json.Marshal(actionRef{URI: d.uri, Range: p.Range, Title: title, Kind: a.kind, Version: d.version, Nth: seen[title]})
		} else {
			item.Edit = c.workspaceEdit(d, a.edits())
		}
		seen[title]++
		out = append(out, item)
	}
	return out, nil
}

func (s *state) resolvesActions() bool {
	a := s.client.TextDocument.CodeAction
	return a.DataSupport && a.ResolveSupport != nil && slices.Contains(a.ResolveSupport.Properties, "edit")
}

// wanted reports whether a kind is one of those asked for or below one.
func wanted(kind protocol.CodeActionKind, only []protocol.CodeActionKind) bool {
	if len(only) == 0 {
		return true
	}
	for _, o := range only {
		if kind == o || strings.HasPrefix(string(kind), string(o)+".") || o == "" {
			return true
		}
	}
	return false
}

// resolveCodeAction makes the edit of an action.
func (c *call) resolveCodeAction(_ context.Context, item *protocol.CodeAction) (any, error) {
	var ref actionRef
	if len(item.Data) == 0 || json.Unmarshal(item.Data, &ref) != nil {
		return item, nil
	}
	d := c.docs[ref.URI]
	if d == nil || d.isConfig() || (d.version != nil && ref.Version != nil && *d.version != *ref.Version) {
		return nil, fail(protocol.RequestFailed, "the document changed")
	}
	nth := ref.Nth
	for _, a := range d.actions(d.mapper.span(ref.Range)) {
		if d.masker().Scrub(a.title) == ref.Title && a.kind == ref.Kind {
			if nth == 0 {
				item.Edit = c.workspaceEdit(d, a.edits())
				return item, nil
			}
			nth--
		}
	}
	return nil, fail(protocol.RequestFailed, "the action is not there any more")
}

// workspaceEdit puts edits of one document into the form that the client takes.
func (s *state) workspaceEdit(d *document, edits []diag.Edit) *protocol.WorkspaceEdit {
	return s.workspaceEdits([]fileEdit{{d.uri, d.version, d.mapper.edits(edits)}})
}

// fileEdit are edits of one file; version is nil where it is not open.
type fileEdit struct {
	uri     protocol.DocumentURI
	version *int32
	edits   []protocol.TextEdit
}

func (s *state) workspaceEdits(files []fileEdit) *protocol.WorkspaceEdit {
	var out protocol.WorkspaceEdit
	for _, f := range files {
		if s.client.Workspace.WorkspaceEdit.DocumentChanges {
			id := protocol.OptionalVersionedTextDocumentIdentifier{URI: f.uri, Version: f.version}
			out.DocumentChanges = append(out.DocumentChanges, protocol.TextDocumentEdit{TextDocument: id, Edits: f.edits})
			continue
		}
		if out.Changes == nil {
			out.Changes = map[protocol.DocumentURI][]protocol.TextEdit{}
		}
		out.Changes[f.uri] = append(out.Changes[f.uri], f.edits...)
	}
	return &out
}

// actions are all that touch a span, in the order in which they are shown.
func (d *document) actions(span ast.Span) []action {
	var out, suppress []action
	p := d.program()
	covered := map[*diag.Diagnostic]bool{}
	for i := range p.Diagnostics {
		f := &p.Diagnostics[i]
		if !touches(d, f.Span, span) {
			continue
		}
		covered[f] = true
		missing := d.missing(f)
		for n, x := range f.Fixes {
			out = append(out, action{title: sentence(x.Title), kind: protocol.QuickFix, about: f, preferred: n == 0 && (x.Safe || len(f.Fixes)+len(missing) == 1),
				edits: func() []diag.Edit { return x.Edits }})
		}
		out = append(out, missing...)
		if a, ok := d.suppress(f); ok {
			suppress = append(suppress, a)
		}
	}
	out = append(out, d.extract(span)...)
	out = append(out, suppress...)
	if slices.ContainsFunc(p.Diagnostics, func(f diag.Diagnostic) bool {
		return slices.ContainsFunc(f.Fixes, func(x diag.Fix) bool { return x.Safe })
	}) {
		out = append(out, action{title: "Apply all safe fixes", kind: protocol.SourceFixAll, edits: d.fixAll})
	}
	return out
}

// touches reports whether a finding concerns a span: the cursor on the line of
// a finding is near enough.
func touches(d *document, f, span ast.Span) bool {
	if f.Start <= span.End && span.Start <= f.End {
		return true
	}
	if span.Len() > 0 {
		return false
	}
	t := d.file().Table()
	return t.Line(f.Start) == t.Line(span.Start)
}

// fixAll applies the safe fixes until there are no more, and gives the
// difference line by line, so that a cursor between two of them stays where it is.
func (d *document) fixAll() []diag.Edit {
	after := fix.Run(d.file(), d.config.settings(), false).Program.File.Text
	return difference(d.file().Text, after)
}

// mostSkipped is how many lines are looked over for one that is there on both sides.
const mostSkipped = 100

// difference are the edits that turn one text into another, of which lines were
// changed, taken away or added.
func difference(before, after string) (out []diag.Edit) {
	old, lines, at := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n"), 0
	change := func(n, m int) {
		from, to := strings.Join(old[:n], ""), strings.Join(lines[:m], "")
		if from != to {
			out = append(out, narrow(from, to, at))
		}
		old, lines, at = old[n:], lines[m:], at+len(from)
	}
	for len(old) > 0 && len(lines) > 0 {
		n, m := 1, 1
		if gone := len(old) - len(lines); gone > 0 {
			if k := slices.Index(old[:min(gone, mostSkipped)+1], lines[0]); k > 0 {
				n, m = k, 0
			}
		} else if k := slices.Index(lines[:min(-gone, mostSkipped)+1], old[0]); k > 0 {
			n, m = 0, k
		}
		change(n, m)
	}
	change(len(old), len(lines))
	return out
}

// narrow is the edit that turns one text at a place into another, without what both
// begin and end with.
func narrow(before, after string, at int) diag.Edit {
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	for start > 0 && !boundary(before, start) {
		start--
	}
	end := 0
	for end < len(before)-start && end < len(after)-start && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	for end > 0 && !boundary(before, len(before)-end) {
		end--
	}
	return diag.Edit{Span: ast.Span{Start: at + start, End: at + len(before) - end}, NewText: after[start : len(after)-end]}
}

// boundary reports whether an edit may begin or end there: not inside of a
// character nor between CR and LF.
func boundary(s string, i int) bool {
	if i <= 0 || i >= len(s) {
		return true
	}
	return s[i]&0xC0 != 0x80 && !(s[i] == '\n' && s[i-1] == '\r')
}

// suppress offers a comment that silences a finding, where one can: it speaks of the
// next line that is no comment, and there must be one. The reason is left for a person
// to write.
func (d *document) suppress(f *diag.Diagnostic) (action, bool) {
	at := d.cursor(f.Span.Start)
	if !suppressible(f.Code) || at.line.Kind == ast.Comment || len(d.tree.lines) == 0 || f.Span.Start > d.tree.lines[len(d.tree.lines)-1].Span.End {
		return action{}, false
	}
	start := d.file().Table().Start(d.file().Table().Line(f.Span.Start))
	text := fmt.Sprintf("# %s %s reason", ignoreMark, f.Code)
	return action{title: fmt.Sprintf("Suppress %s here, with a reason", f.Code), kind: protocol.QuickFix, about: f,
		edits: func() []diag.Edit {
			return []diag.Edit{{Span: ast.Span{Start: start, End: start}, NewText: text + ast.LineEnd(d.file().Text)}}
		}}, true
}

// extract offers to take a fixed value from a field instead. The value itself
// is in no title and in no edit: it is for the field's source to hold.
func (d *document) extract(span ast.Span) []action {
	s := d.setting(d.cursor(span.Start))
	if s == nil || s.Value.Form != check.FixedValue || s.Keyword.Forms&schema.Field == 0 || !s.Line.Value.Contains(span.Start) && !s.Line.Name.Contains(span.Start) {
		return nil
	}
	name := d.freeField(s.Keyword)
	edits := []diag.Edit{{Span: s.Line.Value, NewText: name}, d.program().DeclareField(name)}
	for _, f := range d.program().Diagnostics {
		if slices.ContainsFunc(f.Fixes, func(x diag.Fix) bool { return slices.Equal(x.Edits, edits) }) {
			return nil // it is offered as a fix
		}
	}
	title := fmt.Sprintf("Take %s from a new field %s", s.Keyword.Name, name)
	return []action{{title: title, kind: protocol.RefactorExtract, edits: func() []diag.Edit { return edits }}}
}
