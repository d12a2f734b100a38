package mask

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/ast"
)

// Mark stands for a secret of any length, so that it does not tell the length.
const Mark = "••••••••"

// wordOnly is the length, in characters, below which a secret is hidden only
// where it stands as a word of its own: hiding each letter of a text that
// happens to be a secret would spoil the text and tell the secret.
const wordOnly = 4

// Masker knows the values that must not be shown, the zero one none. A value is
// hidden wherever it turns up: in a message, a fix, a comment in the source.
type Masker struct {
	// starts has the values by their first bytes, a few at most, so that a
	// text is gone through once, however many values there are.
	starts map[string][]string
	// first are the bytes that a value begins with.
	first [256]bool
}

// startLength is how many bytes of a value are its start.
const startLength = 4

// New collects the values that stand at the spans of a text.
func New(text string, secrets []ast.Span) Masker {
	var m Masker
	for _, s := range secrets {
		value := strings.TrimSpace(text[s.Start:s.End])
		// The span may or may not take in the mark of a literal.
		m.Add(value)
		m.Add(strings.TrimPrefix(value, "#"))
	}
	return m
}

// Add takes in one more value; an empty one is none.
func (m *Masker) Add(value string) {
	if value == "" {
		return
	}
	start := value[:min(len(value), startLength)]
	if slices.Contains(m.starts[start], value) {
		return
	}
	if m.starts == nil {
		m.starts = map[string][]string{}
	}
	m.starts[start] = append(m.starts[start], value)
	m.first[value[0]] = true
}

// And knows the values of both.
func (m Masker) And(other Masker) Masker {
	var both Masker
	for _, one := range []Masker{m, other} {
		for _, values := range one.starts {
			for _, v := range values {
				both.Add(v)
			}
		}
	}
	return both
}

// Find gives the places of the values in text. They may overlap, as those of
// 1212 do in 121212.
func (m Masker) Find(text string) []ast.Span {
	if m.starts == nil {
		return nil
	}
	var found []ast.Span
	for i := range len(text) {
		if !m.first[text[i]] {
			continue
		}
		for n := 1; n <= min(startLength, len(text)-i); n++ {
			for _, v := range m.starts[text[i:i+n]] {
				span := ast.Span{Start: i, End: i + len(v)}
				if strings.HasPrefix(text[i:], v) && (utf8.RuneCountInString(v) >= wordOnly || isWord(text, span)) {
					found = append(found, span)
				}
			}
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

// Scrub gives the text with the values masked.
func (m Masker) Scrub(text string) string {
	spans := Merge(m.Find(text))
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, s := range spans {
		b.WriteString(text[from:s.Start])
		b.WriteString(Mark)
		from = s.End
	}
	b.WriteString(text[from:])
	return b.String()
}

// Merge sorts spans, unites those that overlap and drops empty ones.
func Merge(spans []ast.Span) []ast.Span {
	slices.SortStableFunc(spans, func(a, b ast.Span) int {
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
