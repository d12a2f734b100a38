package check

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/profile"
)

// limitsRule proves on the expression, not by samples, that a validation lets
// PINs through that the token refuses: by their length, or by their characters.
// Expressions whose language the proof cannot bound exactly are left alone.
var limitsRule = rule{[]diag.Code{diag.ValidationLimits}, func(p *Program, r *report) {
	for _, slot := range Slots {
		s := p.Credentials(slot).Validation
		if s == nil || s.Value.Problem != "" || s.Value.Text == "" {
			continue
		}
		tree, err := syntax.Parse(s.Value.Text, syntax.Perl)
		if err != nil {
			continue
		}
		tree = withoutAnchors(tree.Simplify())
		if !exact(tree) || neverMatches(tree) {
			continue
		}
		open := s.Line.Value.End - 1 - len(s.Value.Text)
		span := ast.Span{Start: open, End: open + len(s.Value.Text)}
		report := func(format string, args ...any) {
			d := r.Add(diag.ValidationLimits, span, "the validation accepts %s, and tokens of the profile %s refuse it", fmt.Sprintf(format, args...), p.Profile.Name)
			d.Help = "the person at the dialog learns it only when the token says no; narrow the expression"
		}
		if least, ok := p.Profile.Count(profile.PINMin); ok && minLength(tree) < least {
			report("a PIN of length %d (the token wants %d at least)", minLength(tree), least)
		}
		if most, ok := p.Profile.Count(profile.PINMax); ok {
			if n, bounded := maxLength(tree); !bounded || n > most {
				report("a PIN longer than %d", most)
			}
		}
		if p.Profile.Word(profile.PINAlphabet) == "digits" {
			if c, found := otherThanDigit(tree); found {
				report("the character %q (the token takes digits only)", c)
			}
		}
	}
}}

// exact reports whether lengths and characters of the tree are those of its
// language: true without conditions on the surroundings of a position.
func exact(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return false
	}
	for _, sub := range e.Sub {
		if !exact(sub) {
			return false
		}
	}
	return true
}

// withoutAnchors takes the anchors off both ends: a validation takes the whole PIN
// anyway.
func withoutAnchors(e *syntax.Regexp) *syntax.Regexp {
	anchor := func(sub *syntax.Regexp, ops ...syntax.Op) bool { return slices.Contains(ops, sub.Op) }
	if e.Op != syntax.OpConcat {
		return e
	}
	subs := e.Sub
	for len(subs) > 0 && anchor(subs[0], syntax.OpBeginText, syntax.OpBeginLine) {
		subs = subs[1:]
	}
	for len(subs) > 0 && anchor(subs[len(subs)-1], syntax.OpEndText, syntax.OpEndLine) {
		subs = subs[:len(subs)-1]
	}
	return &syntax.Regexp{Op: syntax.OpConcat, Flags: e.Flags, Sub: subs}
}

// maxLength is the greatest number of bytes of UTF-8 that an expression takes;
// bounded is false where there is none.
func maxLength(e *syntax.Regexp) (n int, bounded bool) {
	switch e.Op {
	case syntax.OpLiteral:
		return len(string(e.Rune)), true
	case syntax.OpCharClass:
		if len(e.Rune) == 0 {
			return 0, true
		}
		return utf8.RuneLen(e.Rune[len(e.Rune)-1]), true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax, true
	case syntax.OpCapture, syntax.OpQuest:
		return maxLength(e.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		n, bounded := maxLength(e.Sub[0])
		return 0, bounded && n == 0
	case syntax.OpRepeat:
		n, bounded := maxLength(e.Sub[0])
		if e.Max < 0 {
			return 0, bounded && n == 0
		}
		return n * e.Max, bounded
	case syntax.OpConcat:
		for _, sub := range e.Sub {
			m, ok := maxLength(sub)
			if !ok {
				return 0, false
			}
			n += m
		}
		return n, true
	case syntax.OpAlternate:
		for _, sub := range e.Sub {
			if neverMatches(sub) {
				continue
			}
			m, ok := maxLength(sub)
			if !ok {
				return 0, false
			}
			n = max(n, m)
		}
		return n, true
	}
	return 0, true
}

// otherThanDigit finds a character that some match holds and that is no digit.
// Parts that cannot take part in a match are left out.
func otherThanDigit(e *syntax.Regexp) (rune, bool) {
	digit := func(c rune) bool { return c >= '0' && c <= '9' }
	switch e.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 'a', true
	case syntax.OpLiteral:
		for _, c := range e.Rune {
			if !digit(c) {
				return c, true
			}
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(e.Rune); i += 2 {
			if lo := e.Rune[i]; !digit(lo) {
				return lo, true
			}
			if hi := e.Rune[i+1]; !digit(hi) {
				return hi, true
			}
		}
	case syntax.OpRepeat:
		if e.Max == 0 {
			return 0, false
		}
		return otherThanDigit(e.Sub[0])
	default:
		for _, sub := range e.Sub {
			if neverMatches(sub) {
				continue
			}
			if c, found := otherThanDigit(sub); found {
				return c, true
			}
		}
	}
	return 0, false
}
