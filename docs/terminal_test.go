package docs

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTerminal(t *testing.T) {
	const page = "<!-- not shown -->\n\n# Title\n\n**bold** and `a code` in a [link](rules/x.md) that is\nlong enough to be wrapped.\n\n\n- first item that does not fit into one line\n- second\n1. third\n\n```dsc\n# comment\nA=a line of code that is never broken, however long\n\n[X]\n```\n\n| a | b |\n"
	const plain = `Title

  bold and ` + "`a code`" + ` in a
  link that is long enough
  to be wrapped.

  - first item that does not
    fit into one line
  - second
  1. third

      # comment
      A=a line of code that is never broken, however long

      [X]

  | a | b |
`
	if got := Terminal(page, TerminalOptions{Width: 28}); got != plain {
		t.Errorf("got:\n%s\nwant:\n%s", got, plain)
	}
	colored := Terminal(page, TerminalOptions{Width: 28, Color: true})
	for _, want := range []string{"\x1b[1mTitle\x1b[0m", "\x1b[1mbold\x1b[0m", "\x1b[36ma\x1b[0m \x1b[36mcode\x1b[0m"} {
		if !strings.Contains(colored, want) {
			t.Errorf("%q is missing in %q", want, colored)
		}
	}
	sgr := regexp.MustCompile("\x1b\\[[0-9;]*m")
	if stripped := sgr.ReplaceAllString(colored, ""); strings.Contains(stripped, "\x1b") {
		t.Errorf("a sequence is left open: %q", stripped)
	}
}

// TestTerminalKeepsToTheWidth renders every text of the package.
func TestTerminalKeepsToTheWidth(t *testing.T) {
	texts := map[string]string{"the reference": referencePage}
	for _, p := range Pages() {
		texts[string(p.Code)] = p.Text
	}
	for _, o := range Operations {
		texts[o.Name] = o.Text
	}
	for name, text := range texts {
		for line := range strings.Lines(Terminal(text, TerminalOptions{})) {
			line = strings.TrimRight(line, "\n")
			code, table := strings.HasPrefix(line, "      "), strings.HasPrefix(line, "  |")
			one := !strings.Contains(strings.TrimSpace(line), " ")
			if n := utf8.RuneCountInString(line); n > 80 && !code && !table && !one {
				t.Errorf("%s: a line of %d columns: %s", name, n, line)
			}
		}
	}
}
