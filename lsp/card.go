package lsp

import (
	"regexp"
	"sync"
)

// cardView is the picture of the card beside the text.
type cardView struct {
	Version *int32 `json:"version"`
	// Before and After are SVG elements for a page that brings their style, and
	// "" where there is no plan, or none that touches a slot.
	Before string `json:"before"`
	After  string `json:"after"`
	Note   string `json:"note"`
}

// card draws the picture.
func (d *document) card() cardView {
	out := cardView{Version: d.version}
	pl := d.plan()
	if pl.err != nil {
		return out
	}
	if card := pl.plan.Card(); card != nil {
		clean := d.masker().Scrub
		// A short secret may well be a measure too, so only texts are cleaned.
		texts := func(svg string) string { return svgText().ReplaceAllStringFunc(svg, clean) }
		out.Before, out.After, out.Note = texts(card.Before), texts(card.After), clean(card.Note)
	}
	return out
}

// svgText is what stands between two tags.
var svgText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`>[^<]+<`) })
