package grammar

import (
	"io"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The token types, one a line. Names appear in the EBNF.
const (
	tokBlank lexer.TokenType = lexer.EOF - 1 - iota
	tokComment
	tokEncrypted
	tokHeader
	tokEntry
	tokJunk
)

var symbols = map[string]lexer.TokenType{
	"EOF":       lexer.EOF,
	"Blank":     tokBlank,
	"Comment":   tokComment,
	"Encrypted": tokEncrypted,
	"Header":    tokHeader,
	"Entry":     tokEntry,
	"Junk":      tokJunk,
}

// lineDefinition is the lexer of lines. It is written by hand for speed; the
// same rules as regular expressions stand in the test, and a fuzz test compares
// the two.
type lineDefinition struct{}

// Symbols names the token types.
func (lineDefinition) Symbols() map[string]lexer.TokenType { return symbols }

// Lex reads r to its end.
func (d lineDefinition) Lex(filename string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(filename, string(text))
}

// LexString makes a lexer over text.
func (lineDefinition) LexString(filename, text string) (lexer.Lexer, error) {
	return &lineLexer{filename: filename, text: text, stop: len(text)}, nil
}

type lineLexer struct {
	filename     string
	text         string
	offset, line int
	// stop ends the input for participle: at the first header from there on.
	stop int
}

// Next gives the next line, its end included. It never fails.
func (l *lineLexer) Next() (lexer.Token, error) {
	pos := lexer.Position{Filename: l.filename, Offset: l.offset, Line: l.line + 1, Column: 1}
	rest := l.text[l.offset:]
	if rest == "" {
		return lexer.EOFToken(pos), nil
	}
	content, end := cutLine(rest)
	kind := classify(rest[:content])
	if kind == tokHeader && l.offset >= l.stop {
		return lexer.EOFToken(pos), nil
	}
	l.offset += end
	l.line++
	return lexer.Token{Type: kind, Value: rest[:end], Pos: pos}, nil
}

// cutLine gives the length of the first line without and with its end.
func cutLine(s string) (content, end int) {
	i := 0
	for i < len(s) && s[i] != '\n' && s[i] != '\r' {
		i++
	}
	switch {
	case i == len(s):
		return i, i
	case s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n':
		return i, i + 2
	default:
		return i, i + 1
	}
}

// blankLen is the length of the blank at the start of s, 0 if there is none.
// U+00A0 counts: it comes with text pasted from a web page.
func blankLen(s string) int {
	switch {
	case s == "":
		return 0
	case s[0] == ' ' || s[0] == '\t' || s[0] == '\v' || s[0] == '\f':
		return 1
	case strings.HasPrefix(s, "\u00a0"):
		return len("\u00a0")
	}
	return 0
}

func trimLeft(s string) string {
	for n := blankLen(s); n > 0; n = blankLen(s) {
		s = s[n:]
	}
	return s
}

func trimRight(s string) string {
	for s != "" {
		switch c := s[len(s)-1]; {
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			s = s[:len(s)-1]
		case strings.HasSuffix(s, "\u00a0"):
			s = s[:len(s)-len("\u00a0")]
		default:
			return s
		}
	}
	return s
}

func classify(line string) lexer.TokenType {
	if strings.HasPrefix(line, "^") {
		return tokEncrypted
	}
	s := trimLeft(line)
	switch {
	case s == "":
		return tokBlank
	case s[0] == '#' || s[0] == ';':
		return tokComment
	case s[0] == '[':
		s = trimRight(s)
		if strings.IndexByte(s, ']') == len(s)-1 {
			return tokHeader
		}
		return tokJunk
	case s[0] == '=':
		return tokJunk
	case strings.IndexByte(s, '=') > 0:
		return tokEntry
	}
	return tokJunk
}
