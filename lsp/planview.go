package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"inscribe/ast/diag"
	"inscribe/internal/percent"
	"inscribe/lsp/protocol"
	"inscribe/plan"
)

// The commands about a description. The first argument of each is the URI of a description, the
// second may be a [viewOptions].
const (
	showPlanCommand = "inscribe.showPlan"
	showCardCommand = "inscribe.showCard"
)

// commands are what they answer.
var commands = map[string]func(*document, viewOptions) any{
	showPlanCommand: func(d *document, o viewOptions) any { return d.view(o) },
	showCardCommand: func(d *document, _ viewOptions) any { return d.card() },
}

// viewOptions say how a plan is shown.
type viewOptions struct {
	// Width is that of the view in columns; 0 means that of a terminal.
	Width int `json:"width"`
}

// The schemes of the documents that the server writes.
const (
	planScheme = "inscribe-plan"
	pageScheme = "inscribe-docs"
)

// planView is the plan beside the text.
type planView struct {
	// URI is the document that follows the plan, for clients that show
	// documents of the server.
	URI      string `json:"uri"`
	Version  *int32 `json:"version"`
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
	// Lines tie the lines of Text to those of the description, both from 0.
	Lines []planLine `json:"lines"`
	// Secrets says that the description holds text that is, or may be, a secret.
	Secrets bool `json:"secrets"`
}

// planLine is an op: its line in the plan and its line in the description.
type planLine struct {
	Plan   int    `json:"plan"`
	Source int    `json:"source"`
	Op     string `json:"op"`
}

// executeCommand runs a command of the server; none of them changes anything.
func (c *call) executeCommand(ctx context.Context, p *protocol.ExecuteCommandParams) (any, error) {
	if p.Command == explainCommand {
		return c.explainWord(p.Arguments)
	}
	answer, ok := commands[p.Command]
	if !ok {
		return nil, fail(protocol.InvalidParams, "there is no command "+p.Command)
	}
	var uri protocol.DocumentURI
	if len(p.Arguments) == 0 || json.Unmarshal(p.Arguments[0], &uri) != nil {
		return nil, fail(protocol.InvalidParams, "the first argument is the URI of a description")
	}
	d := c.description(uri)
	if d == nil {
		return nil, fail(protocol.InvalidParams, "the document is not open")
	}
	var options viewOptions
	if len(p.Arguments) > 1 && (json.Unmarshal(p.Arguments[1], &options) != nil || options.Width < 0) {
		return nil, fail(protocol.InvalidParams, "the second argument is an object; its width is a number of columns")
	}
	done, err := c.server.turn(ctx, d)
	if err != nil {
		return nil, err
	}
	defer done()
	return answer(d, options), nil
}

// description finds an open description.
func (c *call) description(uri protocol.DocumentURI) *document {
	if d := c.docs[uri]; d != nil && !d.isConfig() {
		return d
	}
	return nil
}

// planURI is the document with the plan of a description. Its path is for people, and by
// its end editors know what it is, also of a description without one; its query is for
// the server.
func planURI(uri protocol.DocumentURI) string {
	name := nameOf(uri)
	if !isDescriptionPath(name) {
		name += ".dsc"
	}
	return planScheme + ":///" + percent.Encode(name, inPath) + ".plan?of=" + percent.Encode(string(uri), "")
}

// view renders the plan, or says why there is none.
func (d *document) view(o viewOptions) planView {
	out := planView{URI: planURI(d.uri), Version: d.version, Lines: []planLine{}, Secrets: len(d.program().Secrets) > 0}
	pl := d.plan()
	var b strings.Builder
	if pl.err != nil {
		n := 0
		errors, warnings := diag.Count(d.program().Diagnostics)
		fmt.Fprintf(&b, "%s\n\nNo plan: %s, %s.\n\n", nameOf(d.uri), d.noPlan(), count(warnings, "warning"))
		for _, f := range slices.Concat(d.program().Diagnostics, d.program().Blocking) {
			if f.Severity == diag.Error && (errors == 0 || n < errors) {
				n++
				line := d.lineNumber(f.Span.Start)
				out.Lines = append(out.Lines, planLine{Plan: strings.Count(b.String(), "\n"), Source: line - 1})
				fmt.Fprintf(&b, "line %d: %s [%s]\n", line, f.Message, f.Code)
			}
		}
	} else {
		// A builder does not fail.
		_ = pl.plan.Text(&b, plan.TextOptions{Width: o.Width})
		out.Lines = tie(pl.plan, b.String())
	}
	out.Text = d.masker().Scrub(b.String())
	out.Markdown = "```text\n" + strings.ReplaceAll(out.Text, "```", "'''") + "```\n"
	return out
}

// tie finds the ops in the text of the plan: each begins with its number, and
// the numbers go up.
func tie(p *plan.Plan, text string) []planLine {
	out := []planLine{}
	for i, line := range strings.Split(text, "\n") {
		next := len(out)
		if next == len(p.Ops) {
			break
		}
		if strings.HasPrefix(line, fmt.Sprintf("%3d  ", next+1)) {
			out = append(out, planLine{Plan: i, Source: p.Ops[next].Source.Line - 1, Op: p.Ops[next].ID})
		}
	}
	return out
}
