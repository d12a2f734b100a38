package lsp

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"inscribe/ast"
)

// mask stands for a secret of any length.
const mask = "••••••••"

// redactor hides the literal secrets of a document in what the server says of
// it. Findings and plans hold none by construction; this is the second door.
type redactor []string

func newRedactor(text string, secrets []ast.Span) redactor {
	var r redactor
	seen := map[string]bool{}
	for _, s := range secrets {
		v := strings.TrimPrefix(strings.TrimSpace(text[s.Start:s.End]), "#")
		if v != "" && !seen[v] {
			seen[v] = true
			r = append(r, v)
		}
	}
	return r
}

// clean gives the text without the secrets. A short one is hidden where it
// stands as a word of its own: to hide each of its letters would spoil the text
// and tell what it is.
func (r redactor) clean(text string) string {
	for _, v := range r {
		if !strings.Contains(text, v) {
			continue
		}
		if utf8.RuneCountInString(v) >= 4 {
			text = strings.ReplaceAll(text, v, mask)
			continue
		}
		var b strings.Builder
		for rest := text; ; {
			i := strings.Index(rest, v)
			if i < 0 {
				b.WriteString(rest)
				break
			}
			before, _ := utf8.DecodeLastRuneInString(b.String() + rest[:i])
			after, _ := utf8.DecodeRuneInString(rest[i+len(v):])
			b.WriteString(rest[:i])
			if part(before) || part(after) {
				b.WriteString(v)
			} else {
				b.WriteString(mask)
			}
			rest = rest[i+len(v):]
		}
		text = b.String()
	}
	return text
}

func part(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
