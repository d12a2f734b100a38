package plan

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TextOptions are for the rendering for people.
type TextOptions struct {
	Color bool
	// Width is that of the terminal in columns; 0 means 100.
	Width int
}

// ready fills in the default width, and gives what paints text in a style where
// colour is wanted.
func (o TextOptions) ready() (TextOptions, func(style, s string) string) {
	if o.Width == 0 {
		o.Width = 100
	}
	return o, func(style, s string) string {
		if !o.Color || s == "" {
			return s
		}
		return style + s + styleOff
	}
}

const (
	styleRed    = "\x1b[1;31m"
	styleYellow = "\x1b[33m"
	styleDim    = "\x1b[2m"
	styleBold   = "\x1b[1m"
	styleOff    = "\x1b[0m"
)

// Text writes the plan for people: what it is for, the ops in order with slot,
// application and source line, what must still be given, warnings, and the
// closing line.
func (p *Plan) Text(w io.Writer, o TextOptions) error {
	o, paint := o.ready()
	var b strings.Builder
	fmt.Fprintf(&b, "%s  library %s, profile %s\n\n", paint(styleBold, p.Description.File), printable(p.Library), p.Profile)
	slotWidth := len("signature")
	for i := range p.Ops {
		slotWidth = max(slotWidth, utf8.RuneCountInString(p.Ops[i].Slot))
	}
	for i := range p.Ops {
		op := &p.Ops[i]
		words := op.Words()
		if when := op.whenWords(); when != "" {
			words = when + ": " + words
		}
		lead := fmt.Sprintf("%3d  %-*s  %1s  ", i+1, slotWidth, op.Slot, op.Application)
		source := fmt.Sprintf("line %d", op.Source.Line)
		lines := wrap(printable(words), max(o.Width-utf8.RuneCountInString(lead)-len(source)-2, 24))
		for j, line := range lines {
			text := line
			if op.Destroys() {
				text = paint(styleRed, line)
			}
			if j > 0 {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", utf8.RuneCountInString(lead)), text)
				continue
			}
			gap := max(o.Width-utf8.RuneCountInString(lead)-utf8.RuneCountInString(line)-len(source), 2)
			fmt.Fprintf(&b, "%s%s%s%s\n", lead, text, strings.Repeat(" ", gap), paint(styleDim, source))
		}
	}
	if len(p.Ops) > 0 {
		b.WriteByte('\n')
	}
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Destroys() {
			fmt.Fprintf(&b, "%s %s: %s\n", paint(styleRed, "Destroys:"), op.ID, printable(op.Loses()))
		}
	}
	if len(p.Needs) > 0 {
		fmt.Fprintf(&b, "Needs: %s\n", strings.Join(p.Needs, ", "))
	}
	for _, d := range p.Dialogs {
		fmt.Fprintf(&b, "Asks: %s, %s\n", d.Keyword, entries(d.Entries))
	}
	for _, warning := range p.Warnings {
		fmt.Fprintf(&b, "%s %s\n", paint(styleYellow, "warning:"), warning)
	}
	if p.Profile == "generic" && slices.ContainsFunc(p.Warnings, Warning.unproven) {
		fmt.Fprintf(&b, "         name the kind of token with --profile, or with profile = … under [middleware.%q] in inscribe.toml\n", printable(p.Library))
	}
	for _, r := range p.Refusals {
		fmt.Fprintf(&b, "%s %s\n", paint(styleRed, "refused:"), at(r.Op, r.Line, r.Reason))
		if r.WayOut != "" {
			fmt.Fprintf(&b, "         %s\n", r.WayOut)
		}
	}
	fmt.Fprintln(&b, p.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func at(op string, line int, message string) string {
	switch {
	case op != "":
		return fmt.Sprintf("%s (line %d): %s", op, line, message)
	case line > 0:
		return fmt.Sprintf("line %d: %s", line, message)
	}
	return message
}

// printable keeps control characters of the file from the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// wrap breaks text at blanks into lines of at most width characters; a longer
// word stands alone.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
