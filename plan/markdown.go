package plan

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Markdown writes the plan for a comment on a pull request: what is refused or
// doubtful and what is destroyed first, then a table of the ops, then, folded
// away, what they require and change, and the digests.
//
// Names come from the description, whose author a reviewer need not trust. They
// cannot leave their place in the text, link, mention or load anything.
func (p *Plan) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan of %s for the profile %s\n\n", mdCode(p.Description.File), mdText(p.Profile))
	fmt.Fprintf(&b, "%s\n\n", mdText(strings.TrimPrefix(p.Summary(), "Plan: ")))
	problems := false
	for _, r := range p.Refusals {
		problems = true
		fmt.Fprintf(&b, "- ⛔ **Refused**%s: %s.", mdPlace(r.Op, r.Line), mdText(r.Reason))
		if r.WayOut != "" {
			fmt.Fprintf(&b, " *Way out:* %s.", mdText(r.WayOut))
		}
		b.WriteByte('\n')
	}
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Destroys() {
			problems = true
			fmt.Fprintf(&b, "- 🔥 **Destroys**%s: **%s**.\n", mdPlace(o.ID, o.Source.Line), mdText(o.Loses()))
		}
	}
	for _, warning := range p.Warnings {
		problems = true
		fmt.Fprintf(&b, "- ⚠️ **Warning**%s: %s.\n", mdPlace(warning.Op, warning.Line), mdText(warning.Message))
	}
	if problems {
		b.WriteByte('\n')
	}
	if len(p.Ops) > 0 {
		b.WriteString("| # | Slot | App | What | Source |\n|--:|---|---|---|---|\n")
		for i := range p.Ops {
			o := &p.Ops[i]
			words := o.Words()
			if when := o.whenWords(); when != "" {
				words = when + ": " + words
			}
			what := mdText(words)
			if o.Destroys() {
				what = "**" + what + "**"
			}
			fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", i+1, mdText(slotWords(o)), mdText(o.Application), what, mdSource(o.Source))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "Library %s.", mdCode(p.Library))
	if len(p.Needs) > 0 {
		fmt.Fprintf(&b, " Needs %s.", mdCodes(p.Needs))
	}
	for _, d := range p.Dialogs {
		fmt.Fprintf(&b, " Asks for %s, %s.", mdCode(d.Keyword), entries(d.Entries))
	}
	b.WriteString("\n\n<details><summary>What each op requires and changes, and the digests</summary>\n\n```json\n")
	for i := range p.Ops {
		o := &p.Ops[i]
		b.Write(compact(struct {
			ID       string   `json:"id"`
			Kind     Kind     `json:"op"`
			Requires []string `json:"requires,omitempty"`
			Changes  []string `json:"changes,omitempty"`
		}{o.ID, o.Kind, o.Requires, o.Changes}))
		b.WriteByte('\n')
	}
	// The blank line at the end is for what somebody puts after it.
	fmt.Fprintf(&b, "%s\n```\n\n</details>\n\n", compact(struct {
		Description string `json:"descriptionSha256"`
		Ops         string `json:"opsSha256"`
		Plan        string `json:"planSha256"`
	}{p.Description.SHA256, p.OpsSHA256, p.PlanSHA256}))
	_, err := io.WriteString(w, b.String())
	return err
}

// Markdown writes the changes for a comment on a pull request.
func (c *Changes) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### What changes on the card: %s\n\n", mdCode(c.New.Name))
	if c.New.Name != c.Old.Name {
		fmt.Fprintf(&b, "Against %s. ", mdCode(c.Old.Name))
	}
	fmt.Fprintf(&b, "%s\n", mdText(c.Summary()))
	section := -1
	for _, l := range c.lines() {
		if l.section != section {
			section = l.section
			fmt.Fprintf(&b, "\n**%s**\n\n", sectionTitles[section])
		}
		fmt.Fprintf(&b, "- **%s**", l.Kind)
		var place []string
		if l.Slot != "" {
			place = append(place, mdText(l.Slot))
		}
		if l.Application != "" {
			place = append(place, "application "+mdText(l.Application))
		}
		if l.Source != "" {
			place = append(place, l.Source)
		}
		if place != nil {
			fmt.Fprintf(&b, " (%s)", strings.Join(place, ", "))
		}
		words := mdText(l.Words)
		if l.Destroys {
			words = "**" + words + "**"
		}
		fmt.Fprintf(&b, ": %s\n", words)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mdPlace(op string, line int) string {
	switch {
	case op != "" && line > 0:
		return fmt.Sprintf(" (%s, line %d)", mdText(op), line)
	case line > 0:
		return fmt.Sprintf(" (line %d)", line)
	}
	return ""
}

func mdSource(s Source) string {
	if s.Keyword == "" {
		return fmt.Sprintf("line %d", s.Line)
	}
	return fmt.Sprintf("%s, line %d", mdCode(s.Keyword), s.Line)
}

func mdCodes(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, mdCode(n))
	}
	return strings.Join(out, ", ")
}

// mdText is prose with names from the description in it. Words of letters, digits
// and plain punctuation stand as they are. Any other word is set as code: there
// neither Markdown nor what a forge makes of text afterwards (mentions,
// references, addresses) has an effect. So is what follows the word "field",
// that names look alike.
func mdText(s string) string {
	words := strings.Split(visible(s), " ")
	for i, word := range words {
		// Punctuation around a name is not of the name.
		name := strings.TrimLeft(word, "(")
		lead := word[:len(word)-len(name)]
		name = strings.TrimRight(name, ",;:.)")
		trail := word[len(lead)+len(name):]
		named := i > 0 && words[i-1] == "field"
		if name != "" && (named || !plainWord(name) && !opID().MatchString(name)) {
			words[i] = lead + mdCode(name) + trail
		}
	}
	return strings.Join(words, " ")
}

// opID is how ops are numbered, which is no name of anybody's.
var opID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^op-[0-9]+$`) })

// plainWord reports whether no renderer takes a word for more than text. Words of
// hexadecimal digits become links to commits, and such as GH-1 to issues.
func plainWord(s string) bool {
	if s == "PKCS#10" || s == "PKCS#11" || s == "→" || s == "+" {
		return true
	}
	hex, number, hyphen := len(s) >= 7, false, false
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
		case strings.ContainsRune(`-'"=?,;/`, r):
		default:
			return false
		}
		hex = hex && strings.ContainsRune("0123456789abcdefABCDEF", r)
		number, hyphen = number || unicode.IsDigit(r), hyphen || r == '-'
	}
	return !hex && (!number || !hyphen) && strings.Trim(s, "-=") != ""
}

// mdCode sets a name as code. Between backticks where nothing in it can end that
// or a cell of a table; else as an element with every other character as a
// reference, which Markdown takes for no markup anywhere.
func mdCode(s string) string {
	s = visible(s)
	if s != "" && !strings.ContainsAny(s, "`|\\") && strings.TrimSpace(s) == s {
		return "`" + s + "`"
	}
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range s {
		if r > unicode.MaxASCII || unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	b.WriteString("</code>")
	return b.String()
}

// visible replaces what is not seen or makes other text be seen elsewhere: line
// breaks, control characters, and those that turn the direction of writing.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
