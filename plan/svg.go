package plan

import (
	_ "embed" // the looks of the picture
	"fmt"
	"html"
	"strings"
)

// cardSymbols are the icons of the picture of the card: one SVG element without
// a size, which a page holds once before it shows a picture.
//
//go:embed symbols.svg
var cardSymbols string

// Card is the picture of what a plan makes of a card, for a page that brings the
// style (palette.css and card.css of this package) and the symbols of [cardSymbols].
type Card struct {
	// Before and After are SVG elements. They describe themselves in words to
	// those who do not see them.
	Before, After string
	// Note says what the profile leaves open; it may be empty.
	Note string
}

// Card draws the picture, or gives nil where the plan touches no slot.
func (p *Plan) Card() *Card {
	picture := p.picture()
	if len(picture.Slots) == 0 {
		return nil
	}
	return &Card{Before: picture.draw(false).svg(), After: picture.draw(true).svg(), Note: picture.Note}
}

// svg writes one side. It does without a template, so that a browser that loads
// the language server need not load a template engine; canvas escapes all text.
func (d *drawing) svg() string {
	c := &canvas{}
	c.put("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-words\">", d.Width, d.Height, d.ID)
	c.put("<desc id=\"%s-words\">The card %s. %s</desc>", d.ID, d.ID, d.Describes)
	for _, card := range d.Cards {
		c.line()
		c.box("p-card", card.box, 16)
		c.line()
		c.group(card.X, card.Y, func() {
			c.put(`<rect class="p-chip" x="16" y="13" width="32" height="25" rx="5"/>`)
			c.put(`<path class="p-lines" d="M16 21.5h9v8h-9M48 21.5h-9v8h9M25 21.5q7-5 14 0M25 29.5q7 5 14 0M32 13v6M32 38v-6"/>`)
			c.text("p-head", 60, 30, card.Title)
		})
	}
	for _, w := range d.Ways {
		c.line()
		c.put(`<path class="p-way" d="%s"/><path class="p-arrow" d="%s"/>`, w.Path, w.Arrow)
	}
	for i := range d.Panels {
		c.panel(&d.Panels[i])
	}
	c.line()
	c.put("</svg>")
	return c.b.String()
}

// canvas collects the text of a picture.
type canvas struct{ b strings.Builder }

// put writes a format whose texts are escaped: they hold names of the
// description.
func (c *canvas) put(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = html.EscapeString(s)
		}
	}
	fmt.Fprintf(&c.b, format, args...)
}

func (c *canvas) line() { c.b.WriteByte('\n') }

func (c *canvas) box(class string, b box, radius int) {
	c.put(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, class, b.X, b.Y, b.W, b.H, radius)
}

func (c *canvas) text(class string, x, y int, s string) {
	c.put(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, s)
}

func (c *canvas) group(x, y int, inside func()) {
	c.put(`<g transform="translate(%d %d)">`, x, y)
	inside()
	c.put("</g>")
}

// panel writes a slot or a fork with the things in it.
func (c *canvas) panel(p *drawnPanel) {
	c.line()
	switch {
	case !p.Fork:
		c.box("p-slot", p.box, 10)
		c.line()
		c.group(p.X, p.Y, func() { c.text("p-title", 12, 20, p.Title) })
	case p.Ghost:
		c.box("p-fork ghost", p.box, 10)
	default:
		c.box("p-fork", p.box, 10)
		c.line()
		c.group(p.X, p.Y, func() {
			c.text("p-open", 12, 18, p.Title)
			c.text("p-hint", 12, 34, "↑ any other value")
			c.put(`<text class="p-hint end" x="%d" y="34" dx="-12">“Signature” ↓</text>`, p.W)
		})
	}
	for i := range p.Things {
		c.thing(&p.Things[i])
	}
}

// thing writes a PIN, a key, a certificate and so on.
func (c *canvas) thing(t *drawnThing) {
	c.line()
	c.box("p-row "+t.Class, t.box, 7)
	for _, icon := range t.Icons {
		c.put(`<use class="p-icon %s" href="%s" x="%d" y="%d" width="18" height="18"/>`, t.Class, icon.Name, icon.X, icon.Y)
	}
	if t.Title != "" {
		c.text("p-name "+t.Class, t.TextX, t.TitleY, t.Title)
	}
	if t.Detail != "" {
		c.text("p-detail", t.TextX, t.DetailY, t.Detail)
	}
	if t.Letter != "" {
		c.group(t.LetterX, t.Y, func() {
			c.put(`<rect class="p-badge" x="0" y="25" width="18" height="14" rx="4"/>`)
			c.text("p-letter", 9, 36, t.Letter)
		})
	}
	if t.Tag != "" {
		c.group(t.TagX, t.Y, func() {
			c.put(`<rect class="p-pill %s" x="0" y="6" width="%d" height="17" rx="8.5"/>`, t.Class, t.TagW)
			c.put(`<text class="p-tag %s" x="%d" y="18.5">%s</text>`, t.Class, t.TagMiddle, t.Tag)
		})
	}
}
