//go:build !js

// The page is left out of the browser's build, which would load a template
// engine for it; the picture and the text are in.

package plan

import (
	"bytes"
	_ "embed" // page.html and page.css
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageOnlyCSS string
	//go:embed palette.css
	paletteCSS string
	//go:embed card.css
	cardCSS string

	pageCSS = paletteCSS + pageOnlyCSS + cardCSS

	page = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageHTML)) })
)

// htmlPage is what page.html shows. All text is escaped by the template, and was
// made visible before.
type htmlPage struct {
	CSS                           template.CSS
	Symbols                       template.HTML
	File, Profile, Title, Library string
	Verdict                       htmlVerdict
	Summary                       string
	Notes                         []htmlNote
	Before, After                 *htmlSide
	Note                          string
	Needs, Dialogs                []htmlWant
	Ops                           []htmlOp
	Digests                       struct{ Description, Ops, Plan string }
}

// htmlSide is a side of the picture.
type htmlSide struct {
	Name string
	SVG  template.HTML
}

// take puts the picture into the page.
func (h *htmlPage) take(card *Card) {
	h.Before, h.After, h.Note = &htmlSide{"before", template.HTML(card.Before)}, &htmlSide{"after", template.HTML(card.After)}, card.Note
}

type htmlVerdict struct{ Class, Words string }

type htmlNote struct{ Class, What, Where, Words, WayOut string }

type htmlWant struct{ Name, What string }

type htmlOp struct {
	Number            int
	ID, Slot, App     string
	Open, Destroys    bool
	When              string
	Words             []segment
	Line              int
	Requires, Changes string
}

// segment is a part of prose, or a name in it.
type segment struct {
	Text string
	Code bool
}

// segments sets what follows the word "field" apart as a name.
func segments(s string) []segment {
	var out []segment
	var text strings.Builder
	words := strings.Split(visible(s), " ")
	for i, word := range words {
		if i > 0 {
			text.WriteByte(' ')
		}
		name := strings.TrimRight(word, ",;:)")
		if i == 0 || words[i-1] != "field" || name == "" {
			text.WriteString(word)
			continue
		}
		out = append(out, segment{Text: text.String()}, segment{Text: name, Code: true})
		text.Reset()
		text.WriteString(word[len(name):])
	}
	if text.Len() > 0 {
		out = append(out, segment{Text: text.String()})
	}
	return out
}

// HTML writes the plan as one page that needs nothing else: no network, no
// script. It has a picture of the card before and after, what is refused and
// destroyed, the ops, and what must be given. It is for a screen, light or dark,
// a telephone, and paper.
func (p *Plan) HTML(w io.Writer) error {
	h := &htmlPage{CSS: template.CSS(pageCSS), Symbols: template.HTML(cardSymbols), File: visible(p.Description.File), Profile: p.Profile, Library: visible(p.Library),
		Summary: strings.TrimPrefix(p.Summary(), "Plan: "), Verdict: htmlVerdict{"fine", "Nothing is refused"}}
	if p.profile != nil {
		h.Title = p.profile.Title
	}
	h.Digests.Description, h.Digests.Ops, h.Digests.Plan = p.Description.SHA256, p.OpsSHA256, p.PlanSHA256
	where := func(op string, line int) string {
		switch {
		case op != "" && line > 0:
			return fmt.Sprintf("%s, line %d", op, line)
		case line > 0:
			return fmt.Sprintf("line %d", line)
		}
		return ""
	}
	for _, r := range p.Refusals {
		h.Notes = append(h.Notes, htmlNote{"stop", "Refused", where(r.Op, r.Line), visible(r.Reason), visible(r.WayOut)})
	}
	for i := range p.Ops {
		if o := &p.Ops[i]; o.Destroys() {
			h.Notes = append(h.Notes, htmlNote{Class: "stop", What: "Destroys", Where: where(o.ID, o.Source.Line), Words: visible(o.Loses())})
			h.Verdict = htmlVerdict{"stop", "Destroys what is there"}
		}
	}
	for _, warning := range p.Warnings {
		h.Notes = append(h.Notes, htmlNote{Class: "warn", What: "Warning", Where: where(warning.Op, warning.Line), Words: visible(warning.Message)})
		if h.Verdict.Class == "fine" {
			h.Verdict = htmlVerdict{"warn", "Not all is proven"}
		}
	}
	if len(p.Refusals) > 0 {
		h.Verdict = htmlVerdict{"stop", "Refused"}
	}
	if card := p.Card(); card != nil {
		h.take(card)
	}
	for _, name := range p.Needs {
		h.Needs = append(h.Needs, htmlWant{visible(name), p.needWords(name)})
	}
	for _, d := range p.Dialogs {
		h.Dialogs = append(h.Dialogs, htmlWant{visible(d.Keyword), entries(d.Entries)})
	}
	for i := range p.Ops {
		o := &p.Ops[i]
		h.Ops = append(h.Ops, htmlOp{Number: i + 1, ID: o.ID, Slot: visible(slotWords(o)), App: visible(o.Application), Open: o.SlotField() != "", Destroys: o.Destroys(),
			When: visible(o.whenWords()), Words: segments(o.Words()), Line: o.Source.Line,
			Requires: strings.Join(o.Requires, ", "), Changes: strings.Join(o.Changes, ", ")})
	}
	// A page that cannot be made must not be half written.
	var b bytes.Buffer
	if err := page().Execute(&b, h); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Picture draws the card before and after, for a page of one's own with
// [PageStyle] in it; note is what to say below it. It is empty where the plan
// opens no slot. Like the page it needs nothing else.
func (p *Plan) Picture() (drawn template.HTML, note string, err error) {
	card := p.Card()
	if card == nil {
		return "", "", nil
	}
	h := &htmlPage{}
	h.take(card)
	var b bytes.Buffer
	b.WriteString(cardSymbols)
	if err := page().ExecuteTemplate(&b, "sides", h); err != nil {
		return "", "", err
	}
	return template.HTML(b.String()), card.Note, nil
}

// PageStyle is the style sheet of the pages, for a screen and for paper.
func PageStyle() template.CSS { return template.CSS(pageCSS) }

// Visible shows control and formatting characters of a text, which come from
// descriptions and tokens, as marks.
func Visible(s string) string { return visible(s) }

// needWords tells what kind of value a field wants.
func (p *Plan) needWords(name string) string {
	for _, f := range p.Fields {
		if f.Name == name {
			if f.Secret {
				return "secret, " + f.Type
			}
			return f.Type
		}
	}
	return ""
}
