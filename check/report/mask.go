package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/ast"
)

// mask stands for a secret of any length, so that it does not tell the length.
const mask = "••••••••"

// wordOnly is the length, in characters, below which a secret is hidden only
// where it stands as a word of its own: hiding each letter of a text that
// happens to be a secret would spoil the text and tell the secret.
const wordOnly = 4

// masker knows the values that must not be shown.
type masker []string

// newMasker collects the values that stand at the spans. A value is hidden
// wherever else it turns up, too: a message, a fix, a comment in the source.
func newMasker(text string, secrets []ast.Span) masker {
	var m masker
	for _, s := range secrets {
		value := strings.TrimSpace(text[s.Start:s.End])
		// The span may or may not take in the mark of a literal.
		for _, v := range []string{value, strings.TrimPrefix(value, "#")} {
			if v != "" && !slices.Contains(m, v) {
				m = append(m, v)
			}
		}
	}
	return m
}

// find gives the places of the values in text.
func (m masker) find(text string) []ast.Span {
	var found []ast.Span
	for _, v := range m {
		short := utf8.RuneCountInString(v) < wordOnly
		for from := 0; ; {
			i := strings.Index(text[from:], v)
			if i < 0 {
				break
			}
			span := ast.Span{Start: from + i, End: from + i + len(v)}
			if !short || isWord(text, span) {
				found = append(found, span)
			}
			// Values may overlap themselves, as 1212 does in 121212.
			_, size := utf8.DecodeRuneInString(text[span.Start:])
			from = span.Start + size
		}
	}
	return found
}

func isWord(text string, s ast.Span) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:s.Start])
	after, _ := utf8.DecodeRuneInString(text[s.End:])
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
	return !part(before) && !part(after)
}

// scrub gives the text with the values masked.
func (m masker) scrub(text string) string {
	spans := merge(m.find(text))
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, s := range spans {
		b.WriteString(text[from:s.Start])
		b.WriteString(mask)
		from = s.End
	}
	b.WriteString(text[from:])
	return b.String()
}

// merge sorts spans, unites those that overlap and drops empty ones.
func merge(spans []ast.Span) []ast.Span {
	slices.SortFunc(spans, func(a, b ast.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var out []ast.Span
	for _, s := range spans {
		switch last := len(out) - 1; {
		case s.Len() == 0:
		case last >= 0 && s.Start < out[last].End:
			out[last].End = max(out[last].End, s.End)
		default:
			out = append(out, s)
		}
	}
	return out
}
