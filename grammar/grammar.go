package grammar

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"inscribe/ast"
)

// file, section, header and lines are the productions of a description.
type file struct {
	Head     lines     `parser:"@@?"`
	Sections []section `parser:"@@*"`
}

type section struct {
	Header header `parser:"@@"`
	Lines  lines  `parser:"@@?"`
}

type header struct{ line ast.Line }

type lines struct{ lines ast.Lines }

var fileParser = participle.MustBuild[file](participle.Lexer(lineDefinition{}))

// EBNF gives the grammar of files and of values in participle's notation.
func EBNF() string {
	var b strings.Builder
	b.WriteString(fileParser.String())
	for _, v := range valueParsers() {
		b.WriteString("\n\n" + v.String())
	}
	return b.String() + "\n"
}

// Parse reads a description. It never fails: what is no description at all
// comes back as a tree of [ast.Junk] lines.
func Parse(name string, raw []byte) *ast.File {
	text, encoding := ast.Decode(raw)
	f := ParseText(name, text)
	f.Encoding = encoding
	return f
}

// ParseText reads a text that is decoded already, as editors hold it.
func ParseText(name, text string) *ast.File {
	tree, err := fileParser.ParseString(name, text)
	if err != nil {
		// The lexer and the productions are total: this is a defect, and the
		// recovery in cmd and lsp reports it as one.
		panic(fmt.Sprintf("grammar: a total grammar failed on %s: %v", name, err))
	}
	f := &ast.File{Name: name, Text: text, Head: tree.Head.lines, Sections: make([]ast.Section, len(tree.Sections))}
	for i, s := range tree.Sections {
		f.Sections[i] = ast.Section{Header: s.Header.line, Lines: s.Lines.lines}
	}
	return f
}

// Parse takes a header line.
func (h *header) Parse(lex *lexer.PeekingLexer) error {
	if lex.Peek().Type != tokHeader {
		return participle.NextMatch
	}
	h.line = newLine(lex.Next())
	return nil
}

// Parse takes lines up to the next header or the end.
func (l *lines) Parse(lex *lexer.PeekingLexer) error {
	for tok := lex.Peek(); !tok.EOF() && tok.Type != tokHeader; tok = lex.Peek() {
		l.lines = append(l.lines, newLine(lex.Next()))
	}
	if l.lines == nil {
		return participle.NextMatch
	}
	return nil
}

// newLine finds the parts of a line.
func newLine(tok *lexer.Token) ast.Line {
	start := tok.Pos.Offset
	content, end := cutLine(tok.Value)
	line := ast.Line{Span: ast.Span{Start: start, End: start + content}, End: start + end}
	text := tok.Value[:content]
	switch tok.Type {
	case tokBlank:
		line.Kind = ast.Blank
	case tokComment:
		line.Kind = ast.Comment
		mark := content - len(trimLeft(text))
		line.Value = trimmed(text, start, mark+1, content)
	case tokEncrypted:
		line.Kind = ast.Encrypted
	case tokHeader:
		line.Kind = ast.Header
		line.Name = trimmed(text, start, strings.IndexByte(text, '[')+1, strings.IndexByte(text, ']'))
	case tokEntry:
		line.Kind = ast.Entry
		equals := strings.IndexByte(text, '=')
		line.Name = trimmed(text, start, 0, equals)
		line.Value = trimmed(text, start, equals+1, content)
	default:
		line.Kind = ast.Junk
	}
	return line
}

// trimmed is the span of text[from:to] without the blanks around it, moved by
// start. Of nothing but blanks it is the empty span at the start.
func trimmed(text string, start, from, to int) ast.Span {
	part := text[from:to]
	left := trimLeft(part)
	if left == "" {
		return ast.Span{Start: start + from, End: start + from}
	}
	begin := start + from + len(part) - len(left)
	return ast.Span{Start: begin, End: begin + len(trimRight(left))}
}
