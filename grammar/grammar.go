package grammar

import (
	"fmt"
	"strings"
	"sync"

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

// chunk is how many bytes participle gets at a time, up to the next header.
const chunk = 1 << 13

var fileParser = sync.OnceValue(func() *participle.Parser[file] {
	return participle.MustBuild[file](participle.Lexer(lineDefinition{}))
})

// EBNF gives the grammar of files and of values in participle's notation, without
// the choice between the values: its marks stand in no text.
func EBNF() string {
	_, values, _ := strings.Cut(valueParser().String(), "\n")
	return fileParser().String() + "\n\n" + values + "\n"
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
	f := &ast.File{Name: name, Text: text, Sections: []ast.Section{}}
	// Participle copies all tokens of its input before it begins. Whole sections
	// of a few kilobytes at a time keep that copy small, which is half the time
	// on a large file.
	for lex := (lineLexer{filename: name, text: text}); ; {
		lex.stop = lex.offset + chunk
		peeking, err := lexer.Upgrade(&lex)
		var tree *file
		if err == nil {
			tree, err = fileParser().ParseFromLexer(peeking)
		}
		if err != nil {
			// The lexer and the productions are total: this is a defect, and
			// the recovery in cmd and lsp reports it as one.
			panic(fmt.Sprintf("grammar: a total grammar failed on %s: %v", name, err))
		}
		if f.Head == nil {
			f.Head = tree.Head.lines
		}
		for i := range tree.Sections {
			s := &tree.Sections[i]
			f.Sections = append(f.Sections, ast.Section{Header: &s.Header.line, Lines: s.Lines.lines})
		}
		if lex.offset == len(text) {
			return f
		}
	}
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
	start, n := lex.MakeCheckpoint(), 0
	for tok := lex.Peek(); !tok.EOF() && tok.Type != tokHeader; tok = lex.Peek() {
		lex.Next()
		n++
	}
	lex.LoadCheckpoint(start)
	if n > 0 {
		l.lines = make(ast.Lines, 0, n)
	}
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
	end := len(tok.Value)
	content := len(strings.TrimRight(tok.Value, "\r\n"))
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
