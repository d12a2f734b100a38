package grammar

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"inscribe/ast"
)

// The token types of values.
const (
	tokLiteral lexer.TokenType = lexer.EOF - 100 - iota
	tokSpecial
	tokPlaceholder
	tokString
	tokWord
	tokSpace
	tokPunct
)

var valueSymbols = map[string]lexer.TokenType{
	"EOF":         lexer.EOF,
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

// Lex reads r to its end.
func (d valueDefinition) Lex(filename string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return d.LexString(filename, string(text))
}

// LexString makes a lexer over text.
func (valueDefinition) LexString(_, text string) (lexer.Lexer, error) {
	return &valueLexer{text: text}, nil
}

type valueLexer struct {
	text   string
	offset int
}

const punctuation = "(),=+"

// Next gives the next token. It never fails.
func (l *valueLexer) Next() (lexer.Token, error) {
	pos := lexer.Position{Offset: l.offset, Line: 1, Column: l.offset + 1}
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

func valueParser[T any]() *participle.Parser[T] {
	return participle.MustBuild[T](participle.Lexer(valueDefinition{}), participle.UseLookahead(2))
}

var (
	operandParser    = valueParser[ast.Operand]()
	callParser       = valueParser[ast.Call]()
	namesParser      = valueParser[ast.Names]()
	attributesParser = valueParser[ast.Attributes]()
	expressionParser = valueParser[ast.Expression]()
	bindingParser    = valueParser[ast.Binding]()
)

func valueParsers() []fmt.Stringer {
	return []fmt.Stringer{operandParser, callParser, namesParser, attributesParser, expressionParser, bindingParser}
}

// ValueError says where a value stops to make sense.
type ValueError struct {
	// Offset is in bytes from the start of the value.
	Offset int
}

// Error names the place.
func (e *ValueError) Error() string { return fmt.Sprintf("unreadable from byte %d on", e.Offset) }

func parseValue[T any](p *participle.Parser[T], text string) (*T, error) {
	v, err := p.ParseString("", text)
	if err == nil {
		return v, nil
	}
	var at participle.Error
	if errors.As(err, &at) {
		return nil, &ValueError{Offset: min(at.Position().Offset, len(text))}
	}
	return nil, &ValueError{}
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
func ParseCall(text string) (*ast.Call, error) { return parseValue(callParser, text) }

// ParseNames reads a list of names between commas.
func ParseNames(text string) (*ast.Names, error) { return parseValue(namesParser, text) }

// ParseAttributes reads a list of PKCS#11 attributes.
func ParseAttributes(text string) (*ast.Attributes, error) {
	return parseValue(attributesParser, text)
}

// ParseExpression reads text with !{FIELD} in it; any text is one.
func ParseExpression(text string) (*ast.Expression, error) {
	return parseValue(expressionParser, text)
}

// ParseBinding reads the right-hand side of a field.
func ParseBinding(text string) (*ast.Binding, error) { return parseValue(bindingParser, text) }
