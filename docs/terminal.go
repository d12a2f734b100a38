package docs

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// TerminalOptions say how [Terminal] renders.
type TerminalOptions struct {
	// Width is the number of columns to keep to; 0 is 80. Code is never
	// broken.
	Width int
	Color bool
}

// The looks, as parameters of an SGR sequence.
const (
	boldStyle = "1"
	codeStyle = "36"
)

// Terminal turns Markdown, as far as the texts of this package use it, to plain
// text: headings at the margin, text wrapped below them, code moved in.
func Terminal(markdown string, o TerminalOptions) string {
	if o.Width == 0 {
		o.Width = 80
	}
	t := terminal{TerminalOptions: o}
	inCode := false
	for line := range strings.Lines(comment().ReplaceAllString(markdown, "")) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "```"):
			t.flush()
			inCode = !inCode
		case inCode:
			t.line(strings.TrimRight("      "+line, " "))
		case line == "":
			t.flush()
			t.blank()
		case strings.HasPrefix(line, "#"):
			t.flush()
			t.line(t.paint(boldStyle, strings.TrimLeft(line, "# ")))
		case strings.HasPrefix(line, "|"):
			t.line("  " + line)
		case item().MatchString(line):
			t.flush()
			t.hang, t.paragraph = "    ", line
		default:
			t.paragraph += " " + line
		}
	}
	t.flush()
	return strings.TrimRight(t.out.String(), "\n") + "\n"
}

// comment is one of HTML; link has its text in the first group; item begins an
// item of a list.
var (
	comment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)<!--.*?-->\n*`) })
	link    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^\]\x60]+)\]\([^)\s]+\)`) })
	item    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(-|\d+\.) `) })
)

type terminal struct {
	TerminalOptions
	out       strings.Builder
	paragraph string
	hang      string // goes before the lines of a list item after its first
	empty     bool   // the last line is blank
}

func (t *terminal) paint(style, text string) string {
	if !t.Color || style == "" || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (t *terminal) line(text string) {
	t.out.WriteString(text + "\n")
	t.empty = text == ""
}

// blank writes one empty line, never two.
func (t *terminal) blank() {
	if t.out.Len() > 0 && !t.empty {
		t.line("")
	}
}

// flush writes the paragraph that was collected, wrapped between words.
func (t *terminal) flush() {
	hang := t.hang
	if hang == "" {
		hang = "  "
	}
	line, used := "", 0
	for _, w := range t.words(link().ReplaceAllString(t.paragraph, "$1")) {
		if used > 0 && used+1+w.width > t.Width {
			t.line(line)
			line, used = "", 0
		}
		switch {
		case used > 0:
			line, used = line+" ", used+1
		case t.paragraph != "" && w.first:
			line, used = "  ", 2
		default:
			line, used = hang, len(hang)
		}
		line, used = line+w.text, used+w.width
	}
	if used > 0 {
		t.line(line)
	}
	t.paragraph, t.hang = "", ""
}

type word struct {
	text  string
	width int
	first bool
}

// words cuts a paragraph into painted words. Without colour the marks of code
// stay, since nothing else would show where it ends.
func (t *terminal) words(text string) []word {
	var list []word
	var w, part strings.Builder
	width, code, bold := 0, false, false
	end := func() {
		style := ""
		if bold {
			style = boldStyle
		}
		if code {
			style = codeStyle
		}
		w.WriteString(t.paint(style, part.String()))
		part.Reset()
	}
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == '`' && t.Color:
			end()
			code = !code
		case strings.HasPrefix(text, "**") && !code:
			end()
			bold, size = !bold, 2
		case r == ' ':
			end()
			if w.Len() > 0 {
				list = append(list, word{w.String(), width, len(list) == 0})
			}
			w.Reset()
			width = 0
		default:
			if r == '`' {
				code = !code
			}
			part.WriteString(text[:size])
			width++
		}
		text = text[size:]
	}
	end()
	if w.Len() > 0 {
		list = append(list, word{w.String(), width, len(list) == 0})
	}
	return list
}
