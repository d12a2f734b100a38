package lsp

import (
	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/exec"
	"inscribe/exec/prove"
)

// prove works out what the plan of a version would run into, on the model
// token, and sends it in a second publication of the same version. A newer
// version ends the work.
func (s *server) prove(d *document) {
	found, err := guard(func() (any, error) { return d.aside().refusals(), nil })
	if err != nil {
		s.logError("proof: " + err.Error())
		return
	}
	if d.worked {
		d.index()
	}
	list := found.([]diag.Diagnostic)
	if len(list) == 0 || d.stale() {
		return
	}
	d.proof.Store(&list)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.stale() || s.ctx.Err() != nil {
		return
	}
	if s.state.pulls() {
		if s.state.client.Workspace.Diagnostics.RefreshSupport {
			s.ask("workspace/diagnostic/refresh", nil, nil)
		}
		return
	}
	s.send(d, s.state)
}

// refusals are the reasons why the plan could not be run, each at its line.
func (d *document) refusals() []diag.Diagnostic {
	pl := d.plan()
	if pl.err != nil {
		return nil
	}
	var out []diag.Diagnostic
	add := func(line int, reason, wayOut string) {
		span := ast.Span{}
		if line > 0 {
			span = d.file().Table().LineSpan(line - 1)
		}
		out = append(out, diag.Diagnostic{Severity: diag.Warning, Span: span, Message: "the plan would be refused: " + reason, Help: wayOut})
	}
	for _, r := range pl.plan.Refusals {
		add(r.Line, r.Reason, r.WayOut)
	}
	if len(out) > 0 || len(pl.plan.Ops) == 0 {
		return out
	}
	proof, err := prove.Prove(d.superseded, pl.plan, inputs(d.program()))
	if err != nil {
		return nil
	}
	for _, f := range proof.Failures {
		reason := f.Reason
		if f.Case != "" {
			reason = "if " + f.Case + ": " + reason
		}
		add(f.Line, reason, f.WayOut)
	}
	return out
}

// inputs are what the description itself gives to a run: its fixed secrets.
func inputs(p *check.Program) exec.Inputs {
	var in exec.Inputs
	for _, s := range p.Description.Settings {
		if s.Keyword.Secret() && s.Value.Form == check.FixedValue {
			put(&in.Literals, s.Keyword.Name, s.Value.Secret)
		}
	}
	return in
}

// put adds to a map that may not be there yet. It names no type, so that this
// package needs not know what a secret is.
func put[M ~map[string]V, V any](m *M, key string, value V) {
	if *m == nil {
		*m = M{}
	}
	(*m)[key] = value
}
