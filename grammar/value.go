package grammar

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"inscribe/ast"
)

// The token types of values. Those of the marks say what kind of value follows.
const (
	markOperand lexer.TokenType = lexer.EOF - 100 - iota
	markCall
	markNames
	markAttributes
	markExpression
	markBinding
	tokLiteral
	tokSpecial
	tokPlaceholder
	tokString
	tokWord
	tokSpace
	tokPunct
)

var valueSymbols = map[string]lexer.TokenType{
	"EOF":         lexer.EOF,
	"Operand":     markOperand,
	"Call":        markCall,
	"Names":       markNames,
	"Attributes":  markAttributes,
	"Expression":  markExpression,
	"Binding":     markBinding,
	"Literal":     tokLiteral,
	"Special":     tokSpecial,
	"Placeholder": tokPlaceholder,
	"String":      tokString,
	"Word":        tokWord,
	"Space":       tokSpace,
	"Punct":       tokPunct,
}

// valueDefinition is the lexer of values. A # or ! means something at the start
// of a value only: #My Token #2 is one literal.
type valueDefinition struct{}

// Symbols names the token types.
func (valueDefinition) Symbols() map[string]lexer.TokenType { return valueSymbols }

// Lex reads r to its end. It sets no mark.
func (valueDefinition) Lex(_ string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	return &valueLexer{text: string(text)}, err
}

type valueLexer struct {
	text   string
	offset int
	// mark comes first, if there is one.
	mark lexer.TokenType
}

const punctuation = "(),=+"

// Next gives the next token. It never fails.
func (l *valueLexer) Next() (lexer.Token, error) {
	pos := lexer.Position{Offset: l.offset, Line: 1, Column: l.offset + 1}
	if mark := l.mark; mark != 0 {
		l.mark = 0
		return lexer.Token{Type: mark, Pos: pos}, nil
	}
	rest := l.text[l.offset:]
	if rest == "" {
		return lexer.EOFToken(pos), nil
	}
	kind, length := valueToken(rest, l.offset == 0)
	l.offset += length
	return lexer.Token{Type: kind, Value: rest[:length], Pos: pos}, nil
}

func valueToken(s string, first bool) (lexer.TokenType, int) {
	if strings.HasPrefix(s, "!{") {
		if end := strings.IndexByte(s, '}'); end > 0 {
			return tokPlaceholder, end + 1
		}
	}
	switch {
	case first && s[0] == '#':
		return tokLiteral, len(s)
	case first && s[0] == '!':
		return tokSpecial, len(s)
	case s[0] == '"':
		if end := strings.IndexByte(s[1:], '"'); end >= 0 {
			return tokString, end + 2
		}
		return tokPunct, 1
	case strings.IndexByte(punctuation, s[0]) >= 0:
		return tokPunct, 1
	}
	if n := blankLen(s); n > 0 {
		for m := blankLen(s[n:]); m > 0; m = blankLen(s[n:]) {
			n += m
		}
		return tokSpace, n
	}
	n := 0
	for n < len(s) && !endsWord(s[n:]) {
		_, size := utf8.DecodeRuneInString(s[n:])
		n += size
	}
	if n == 0 {
		return tokPunct, 1
	}
	return tokWord, n
}

func endsWord(s string) bool {
	return s[0] == '"' || s[0] == '!' || strings.IndexByte(punctuation, s[0]) >= 0 || blankLen(s) > 0
}

// value is a value of any kind, behind its mark: those read most often come first.
// One parser for all kinds is built sooner than one for each, and is a fraction of
// the code, which counts in a page.
type value struct {
	Names      *ast.Names      `parser:"  Names @@"`
	Expression *ast.Expression `parser:"| Expression @@"`
	Call       *ast.Call       `parser:"| Call @@"`
	Attributes *ast.Attributes `parser:"| Attributes @@"`
	Binding    *ast.Binding    `parser:"| Binding @@"`
	Operand    *ast.Operand    `parser:"| Operand @@"`
}

var valueParser = sync.OnceValue(func() *participle.Parser[value] {
	return participle.MustBuild[value](participle.Lexer(valueDefinition{}), participle.UseLookahead(2))
})

// ValueError says where a value stops to make sense.
type ValueError struct {
	// Offset is in bytes from the start of the value.
	Offset int
}

// Error names the place.
func (e *ValueError) Error() string { return fmt.Sprintf("unreadable from byte %d on", e.Offset) }

// parseValue reads a text as a value of one kind; where that fails the result is
// empty.
func parseValue(mark lexer.TokenType, text string) (value, error) {
	lex, err := lexer.Upgrade(&valueLexer{text: text, mark: mark})
	if err != nil {
		return value{}, err
	}
	v, err := valueParser().ParseFromLexer(lex)
	if err == nil {
		return *v, nil
	}
	var at participle.Error
	if errors.As(err, &at) {
		return value{}, &ValueError{Offset: min(at.Position().Offset, len(text))}
	}
	return value{}, &ValueError{}
}

// ParseOperand reads a field or fixed value. An empty text is an error. Its first
// token says all, which spares an editor a parser for each value at each keystroke.
func ParseOperand(text string) (ast.Operand, error) {
	if text == "" {
		return ast.Operand{}, &ValueError{}
	}
	if text[0] != '#' && text[0] != '!' {
		return ast.Operand{Bare: text}, nil
	}
	switch kind, _ := valueToken(text, true); kind {
	case tokLiteral:
		return ast.Operand{Literal: &text}, nil
	case tokSpecial:
		return ast.Operand{Special: &text}, nil
	}
	return ast.Operand{Bare: text}, nil
}

// ParseCall reads NAME(ARGUMENT).
func ParseCall(text string) (*ast.Call, error) {
	v, err := parseValue(markCall, text)
	return v.Call, err
}

// ParseNames reads a list of names between commas. Its tokens are enough for it, too.
func ParseNames(text string) (*ast.Names, error) {
	place := func(offset int) ast.Pos { return ast.Pos{Offset: offset, Line: 1, Column: offset + 1} }
	list := make([]ast.Name, 0, 1+strings.Count(text, ","))
	for start, at := 0, 0; ; {
		length := 0
		if at < len(text) {
			_, length = valueToken(text[at:], at == 0)
		}
		if length == 0 || text[at:at+length] == "," {
			list = append(list, ast.Name{Pos: place(start), Text: text[start:at], EndPos: place(at)})
			start = at + length
		}
		if length == 0 {
			return &ast.Names{Names: list}, nil
		}
		at += length
	}
}

// ParseAttributes reads a list of PKCS#11 attributes.
func ParseAttributes(text string) (*ast.Attributes, error) {
	v, err := parseValue(markAttributes, text)
	return v.Attributes, err
}

// ParseExpression reads text with !{FIELD} in it; any text is one.
func ParseExpression(text string) (*ast.Expression, error) {
	v, err := parseValue(markExpression, text)
	return v.Expression, err
}

// ParseBinding reads the right-hand side of a field.
func ParseBinding(text string) (*ast.Binding, error) {
	v, err := parseValue(markBinding, text)
	return v.Binding, err
}
