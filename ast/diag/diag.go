package diag

import (
	"cmp"
	"slices"

	"inscribe/ast"
)

// Severity is how much a diagnostic matters.
type Severity uint8

// The severities, the gravest first. Off is for configuration: the code is not
// reported.
const (
	Error Severity = iota
	Warning
	Info
	Hint
	Off
)

// String gives the word used in text and JSON.
func (s Severity) String() string {
	return [...]string{"error", "warning", "info", "hint", "off"}[s]
}

// ParseSeverity is the inverse of String.
func ParseSeverity(s string) (Severity, bool) {
	for v := Error; v <= Off; v++ {
		if v.String() == s {
			return v, true
		}
	}
	return 0, false
}

// Label is a place with a remark.
type Label struct {
	Span    ast.Span
	Message string
}

// Edit replaces a span by new text.
type Edit struct {
	Span    ast.Span
	NewText string
}

// Fix is one way to mend a problem. Safe says that it may be applied without a
// person's look: it cannot change what a correct reader already understood.
type Fix struct {
	Title string
	Edits []Edit
	Safe  bool
}

// Diagnostic is one finding in one file. Message, Help, labels and titles never
// hold the value of a secret.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Span     ast.Span
	// Message says what is wrong: lower case, no full stop.
	Message string
	// Label is a remark at the place itself; may be empty.
	Label string
	// Help says the way out; may be empty.
	Help    string
	Related []Label
	Fixes   []Fix
	// Unnecessary marks text that has no effect, which editors fade.
	Unnecessary bool
}

// Sort orders by place, then gravity, then code, and drops equal neighbours.
func Sort(ds []Diagnostic) []Diagnostic {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Span.Start, b.Span.Start),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Span.End, b.Span.End),
		)
	})
	return slices.CompactFunc(ds, func(a, b Diagnostic) bool {
		return a.Code == b.Code && a.Span == b.Span && a.Message == b.Message
	})
}

// Count gives the number of errors and of warnings.
func Count(ds []Diagnostic) (errors, warnings int) {
	for _, d := range ds {
		switch d.Severity {
		case Error:
			errors++
		case Warning:
			warnings++
		}
	}
	return errors, warnings
}
