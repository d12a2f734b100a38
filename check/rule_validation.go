package check

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
)

// CompileValidation makes the matcher of a validation expression. It takes the
// whole PIN (Inscribe's reading); the dialect is RE2, which the published sample
// fits.
func CompileValidation(expression string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expression); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + expression + `)\z`)
}

var validationRule = rule{[]diag.Code{diag.PINValidation}, func(p *Program, r *report) {
	for _, slot := range Slots {
		c := p.Credentials(slot)
		s := c.Validation
		if s == nil {
			continue
		}
		if s.Value.Problem != "" {
			if s.Value.Form != Missing {
				d := r.Add(diag.PINValidation, s.Line.Value, "the value of %s %s", s.Keyword.Name, s.Value.Problem)
				d.Help = "for example: " + s.Keyword.Example
			}
			continue
		}
		expression(p, r, s, c.PIN)
	}
}}

func expression(p *Program, r *report, s, pin *Setting) {
	open := s.Line.Value.End - 1 - len(s.Value.Text)
	span := ast.Span{Start: open, End: open + len(s.Value.Text)}
	if s.Value.Text == "" {
		r.Add(diag.PINValidation, s.Line.Value, "the expression is empty, and only an empty PIN would match it")
		return
	}
	re, err := CompileValidation(s.Value.Text)
	if err != nil {
		var at *syntax.Error
		d := r.Add(diag.PINValidation, span, "the expression does not compile")
		if errors.As(err, &at) {
			d.Message += ": " + string(at.Code)
		}
		d.Help = "the dialect is that of RE2: no look-around and no back references"
		return
	}
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err == nil && neverMatches(tree.Simplify()) {
		r.Add(diag.PINValidation, span, "no PIN can match the expression")
		return
	}
	if pin != nil && pin.Value.Form == FixedValue && pin.Value.Secret.Len() > 0 && !re.Match(pin.Value.Secret.Reveal()) {
		d := r.Add(diag.PINValidation, pin.Line.Value, "the fixed %s does not match %s", pin.Keyword.Name, s.Keyword.Name)
		d.Related = []diag.Label{{Span: span, Message: "the expression"}}
	}
}

// neverMatches proves on the syntax tree that an expression has no match.
func neverMatches(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpNoMatch:
		return true
	case syntax.OpCapture, syntax.OpPlus:
		return neverMatches(e.Sub[0])
	case syntax.OpRepeat:
		return e.Min > 0 && neverMatches(e.Sub[0])
	case syntax.OpConcat:
		for i, sub := range e.Sub {
			if neverMatches(sub) || misplaced(e.Sub[:i], sub, syntax.OpBeginText) || misplaced(e.Sub[i+1:], sub, syntax.OpEndText) {
				return true
			}
		}
	case syntax.OpAlternate:
		for _, sub := range e.Sub {
			if !neverMatches(sub) {
				return false
			}
		}
		return true
	}
	return false
}

// misplaced tells that an anchor has something on its wrong side that takes text.
func misplaced(side []*syntax.Regexp, e *syntax.Regexp, anchor syntax.Op) bool {
	if e.Op != anchor {
		return false
	}
	for _, other := range side {
		if minLength(other) > 0 {
			return true
		}
	}
	return false
}

// minLength is the least number of bytes of UTF-8 that an expression takes.
func minLength(e *syntax.Regexp) int {
	switch e.Op {
	case syntax.OpLiteral:
		return len(string(e.Rune))
	case syntax.OpCharClass:
		if len(e.Rune) == 0 {
			return 0
		}
		return utf8.RuneLen(e.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minLength(e.Sub[0])
	case syntax.OpRepeat:
		return e.Min * minLength(e.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range e.Sub {
			n += minLength(sub)
		}
		return n
	case syntax.OpAlternate:
		least, found := 0, false
		for _, sub := range e.Sub {
			if n := minLength(sub); !neverMatches(sub) && (!found || n < least) {
				least, found = n, true
			}
		}
		return least
	}
	return 0
}
