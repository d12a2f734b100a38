package plan

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"inscribe/check/profile"
)

// This file says what the picture of the card shows and where it stands in it;
// page.html draws it. What is on a card before is mostly not known, and the
// picture does not pretend otherwise.

// looks are how a thing in the picture is drawn, and the word on its tag.
type looks struct{ Class, Tag string }

var (
	asItIs    = looks{"kept", ""}
	isNew     = looks{"new", "new"}
	isChanged = looks{"changed", "changed"}
	isGone    = looks{"gone", "destroyed"}
	isBlocked = looks{"gone blocked", "blocked"}
	// notThere is a place that something will have, drawn as an empty frame.
	notThere = looks{"ghost", ""}
)

// thing is a PIN, a key, a certificate and so on, on one side of the picture.
type thing struct {
	looks
	Title, Detail string
}

// pictureRow is a thing before and after, on the same height of both sides.
type pictureRow struct {
	Icons         []string
	Letter        string // of its application
	Before, After thing
}

// compartment is a slot, or the place between two slots of what a field decides.
type compartment struct {
	Name, Title string
	Field       string // "" for a slot
	Rows        []pictureRow
}

// picture is what is drawn.
type picture struct {
	Slots []*compartment // default, signature, or one of them
	Forks []*compartment
	// Two says that the slots are two tokens, not two parts of one card.
	Two  bool
	Note string
}

// picture reads the ops as what they make of the card.
func (p *Plan) picture() *picture {
	out := &picture{}
	states := map[string]*slotState{}
	for _, slot := range Slots {
		if slices.ContainsFunc(p.Ops, func(o Op) bool { return o.Slot == slot || o.SlotField() != "" }) {
			s := &slotState{plan: p, compartment: &compartment{Name: slot, Title: strings.ToUpper(slot[:1]) + slot[1:] + " slot"}}
			states[slot] = s
			out.Slots = append(out.Slots, s.compartment)
		}
	}
	fork := func(field string) *compartment {
		for _, f := range out.Forks {
			if f.Field == field {
				return f
			}
		}
		f := &compartment{Name: "field", Title: field + " decides", Field: field}
		out.Forks = append(out.Forks, f)
		return f
	}
	for i := range p.Ops {
		o := &p.Ops[i]
		field := o.SlotField()
		if field == "" {
			if s := states[o.Slot]; s != nil {
				s.credential(o)
				s.compartment.add(o)
			}
			for _, p := range o.PINs {
				if s := states[p.Slot]; s != nil {
					s.credential(&Op{Kind: InitPIN, New: p.PIN})
				}
			}
			continue
		}
		for _, c := range o.Cases {
			when := "if " + field + " says so"
			if p.worksIn(c.Slot) {
				when = "" // another application needs it in any case
			}
			states[c.Slot].opens(c.Credential, when)
		}
		if o.Kind != OpenSlot && o.Kind != Login && o.Kind != Logout && o.Kind != CloseSlot {
			fork(field).add(o)
		}
	}
	for _, s := range states {
		s.finish()
	}
	if len(out.Slots) > 1 {
		one, two := profile.Unknown, profile.Unknown
		if p.profile != nil {
			one, two = p.profile.Is(profile.SignatureSlot), p.profile.Is(profile.SecondToken)
		}
		switch {
		case one == profile.Yes:
		case two == profile.Yes:
			out.Two = true
			out.Note = fmt.Sprintf("Tokens of the profile %s have no signature slot of their own: a second token stands for it.", p.Profile)
		case one == profile.No:
			out.Note = fmt.Sprintf("Tokens of the profile %s have no signature slot.", p.Profile)
		default:
			out.Note = fmt.Sprintf("The profile %s does not tell whether its tokens have a signature slot. One card is drawn.", p.Profile)
		}
	}
	return out
}

// slotState follows the credentials of a slot through the ops.
type slotState struct {
	plan               *Plan
	compartment        *compartment
	pin, puk           *pictureRow
	label              *pictureRow
	pinIsSet, pukIsSet bool
	initialised        bool
}

func (s *slotState) pinRow() *pictureRow {
	if s.pin == nil {
		s.pin = &pictureRow{Icons: []string{"pin"}, Before: thing{asItIs, "PIN", "as it is"}, After: thing{asItIs, "PIN", "unchanged"}}
	}
	return s.pin
}

func (s *slotState) pukRow() *pictureRow {
	if s.puk == nil {
		name := "PUK"
		if s.plan.profile != nil && s.plan.profile.Word(profile.PUKIs) == "so-pin" {
			name = "PUK (SO PIN)"
		}
		s.puk = &pictureRow{Icons: []string{"puk"}, Before: thing{asItIs, name, "as it is"}, After: thing{asItIs, name, "unchanged"}}
	}
	return s.puk
}

// opens notes what the PIN is shown from while it is still the one from before.
func (s *slotState) opens(r *Ref, when string) {
	if s.pinIsSet || s.pinRow().Before.Detail != "as it is" {
		return
	}
	s.pinRow().Before.Detail = strings.TrimSpace("opened with " + r.Words() + " " + when)
}

// credential notes what an op does with PIN and PUK.
func (s *slotState) credential(o *Op) {
	opensPUK := func(r *Ref) {
		if row := s.pukRow(); !s.pukIsSet && row.Before.Detail == "as it is" {
			row.Before.Detail = "opened with " + r.Words()
		}
	}
	set := func(row *pictureRow, l looks, r *Ref) {
		row.After.looks, row.After.Detail = l, "from "+r.Words()
	}
	switch o.Kind {
	case Login:
		if o.As == "so" {
			opensPUK(o.Credential)
		} else {
			s.opens(o.Credential, "")
		}
	case InitToken:
		s.initialised, s.pukIsSet, s.pinIsSet = true, true, true
		s.pinRow().Before.Detail = "as it is, if there is one"
		s.pin.After = thing{isGone, "PIN", "none until a new one is set"}
		s.pukRow().Before.Detail = "none, or the same already"
		set(s.puk, isChanged, o.Credential)
		s.puk.After.Tag = "set"
		if !o.Label.IsZero() {
			s.label = &pictureRow{Icons: []string{"label"}, Before: thing{asItIs, "Label of the token", "as it is"}, After: thing{isChanged, quoted(o.Label.Words()), "label of the token"}}
		}
	case InitPIN:
		s.pinIsSet = true
		set(s.pinRow(), isNew, o.New)
	case Unblock:
		if o.Old != nil {
			opensPUK(o.Old)
		}
		if !s.pinIsSet {
			s.pinRow().Before.Detail = "as it is, or blocked"
		}
		s.pinIsSet = true
		set(s.pinRow(), isNew, o.New)
	case SetPIN:
		s.opens(o.Old, "")
		s.pinIsSet = true
		set(s.pinRow(), isChanged, o.New)
	case SetPUK:
		opensPUK(o.Old)
		s.pukIsSet = true
		set(s.pukRow(), isChanged, o.New)
	case Block:
		s.pinRow().After = thing{isBlocked, "PIN", "only the PUK opens it again"}
	}
}

// finish puts credentials before objects, and what was there between them.
func (s *slotState) finish() {
	var rows []pictureRow
	for _, r := range []*pictureRow{s.label, s.pin, s.puk} {
		if r != nil {
			rows = append(rows, *r)
		}
	}
	rest := pictureRow{Icons: []string{"rest"}, Before: thing{asItIs, "Keys, certificates, data", "as they are"}, After: thing{asItIs, "Keys, certificates, data", "untouched"}}
	if s.initialised {
		rest.Before.Detail = "as they are, if there are any"
		rest.After = thing{isGone, rest.After.Title, "all that the token held"}
	}
	rows = append(rows, rest)
	s.compartment.Rows = append(rows, s.compartment.Rows...)
}

// add notes the objects that an op makes.
func (c *compartment) add(o *Op) {
	row := pictureRow{Letter: o.Application, Before: thing{looks: notThere}, After: thing{looks: isNew}}
	switch o.Kind {
	case GenKey:
		row.Icons, row.After.Title, row.After.Detail = []string{"key"}, o.Key.Short()+" key", o.Label.Words()
	case PutCert:
		// A certificate lies beside its key.
		for i := range c.Rows {
			if r := &c.Rows[i]; o.Certificate == nil && r.Letter == o.Application && len(r.Icons) == 1 && r.Icons[0] == "key" {
				r.Icons = append(r.Icons, "cert")
				r.After.Title = strings.TrimSuffix(r.After.Title, " key") + " + certificate"
				return
			}
		}
		row.Icons, row.After.Title, row.After.Detail = []string{"cert"}, "Certificate", "from "+o.Certificate.Words()
	case PutList:
		row.Icons, row.After.Title, row.After.Detail = []string{"key", "cert"}, "Keys + certificates", "from "+o.List.Words()
	case PutData:
		row.Icons, row.After.Title, row.After.Detail = []string{"data"}, "Data object", o.Label.Words()
	case Block:
		if c.Field == "" {
			return // shown at the PIN
		}
		row.Icons, row.After = []string{"pin"}, thing{isBlocked, "PIN", "only the PUK opens it again"}
	default:
		return
	}
	c.Rows = append(c.Rows, row)
}

// Short names the kind of key pair in a word or two.
func (k *Key) Short() string {
	if k.Type == "RSA" {
		return fmt.Sprintf("RSA %d", k.Bits)
	}
	return k.Curve
}

// Measures of the picture, in units that are pixels at its natural width.
const (
	pictureWidth = 380
	pictureEdge  = 1 // so that strokes are not cut off
	cardHead     = 50
	cardMargin   = 14
	slotHead     = 30
	rowHeight    = 44
	rowGap       = 6
	forkInset    = 22
	forkHead     = 42
	gap          = 16
)

// drawing is one side of the picture, laid out.
type drawing struct {
	ID            string // "before" or "after"
	Width, Height int
	Describes     string
	Cards         []drawnCard
	Panels        []drawnPanel
	Ways          []way
}

type box struct{ X, Y, W, H int }

type drawnCard struct {
	box
	Title string
}

// drawnPanel is a slot or a fork.
type drawnPanel struct {
	box
	Title  string
	Fork   bool
	Ghost  bool
	Things []drawnThing
}

type drawnThing struct {
	thing
	box
	Letter          string
	Icons           []drawnIcon
	TextX           int
	TitleY, DetailY int
	LetterX         int
	TagX, TagW      int
	TagMiddle       int
}

type drawnIcon struct {
	Name string
	X, Y int
}

// way is a dashed line from a fork to a slot.
type way struct{ Path, Arrow string }

// draw lays one side out. Both sides have the same measures.
func (p *picture) draw(after bool) *drawing {
	d := &drawing{ID: "before", Width: pictureWidth}
	if after {
		d.ID = "after"
	}
	y := pictureEdge
	inner := pictureWidth - 2*pictureEdge - 2*cardMargin
	x := pictureEdge + cardMargin
	open := func(title string) {
		d.Cards = append(d.Cards, drawnCard{box{pictureEdge, y, pictureWidth - 2*pictureEdge, 0}, title})
		y += cardHead
	}
	shut := func() {
		c := &d.Cards[len(d.Cards)-1]
		y += cardMargin
		c.H = y - c.Y
	}
	var bottoms, tops []int // of the slots, for the ways
	for i, s := range p.Slots {
		switch {
		case i == 0 && p.Two:
			open("First token")
		case i == 0:
			open("Card")
		case p.Two:
			shut()
			y += gap
		default:
			y += gap
		}
		if i == 1 {
			for _, f := range p.Forks {
				d.Panels = append(d.Panels, f.panel(x+forkInset, y, inner-2*forkInset, after))
				y += d.Panels[len(d.Panels)-1].H + gap
			}
			if p.Two {
				open("Second token")
			}
		}
		tops = append(tops, y)
		d.Panels = append(d.Panels, s.panel(x, y, inner, after))
		y += d.Panels[len(d.Panels)-1].H
		bottoms = append(bottoms, y)
	}
	if len(p.Slots) > 0 {
		shut()
	}
	d.Height = y + pictureEdge
	if after && len(p.Slots) == 2 {
		for _, f := range d.Panels {
			if f.Fork {
				d.Ways = append(d.Ways, fromFork(f.box, f.X-forkInset/2-4, bottoms[0], -1), fromFork(f.box, f.X+f.W+forkInset/2+4, tops[1], 1))
			}
		}
	}
	d.Describes = p.words(after)
	return d
}

// fromFork draws the way from the side of a fork, along x, up or down to y.
func fromFork(f box, x, y, down int) way {
	side, middle := f.X, f.Y+forkHead/2
	turn := 8
	if x > side {
		side, turn = f.X+f.W, -8
	}
	return way{
		Path:  fmt.Sprintf("M%d %dH%dQ%d %d %d %dV%d", side, middle, x+turn, x, middle, x, middle+down*8, y-down*2),
		Arrow: fmt.Sprintf("M%d %dl-4.5 %dh9z", x, y, -7*down),
	}
}

// panel lays out a slot or a fork.
func (c *compartment) panel(x, y, w int, after bool) drawnPanel {
	head := slotHead
	p := drawnPanel{box: box{X: x, Y: y, W: w}, Title: fit(c.Title, w-24, 7.4), Fork: c.Field != "", Ghost: !after}
	if p.Fork {
		head = forkHead
	}
	at := y + head
	for _, r := range c.Rows {
		t := r.Before
		if after {
			t = r.After
		}
		p.Things = append(p.Things, r.draw(t, box{x + 8, at, w - 16, rowHeight}))
		at += rowHeight + rowGap
	}
	p.H = at - y + 8 - rowGap
	return p
}

// draw lays out a thing in its row.
func (r *pictureRow) draw(t thing, b box) drawnThing {
	d := drawnThing{thing: t, box: b, TitleY: b.Y + 19, DetailY: b.Y + 35}
	if t.Class == notThere.Class {
		return d
	}
	next := b.X + 9
	for _, name := range r.Icons {
		d.Icons = append(d.Icons, drawnIcon{"#" + name, next, b.Y + 13})
		next += 22
	}
	d.TextX = next + 5
	right := b.X + b.W - 9
	titleRight, detailRight := right, right
	if t.Tag != "" {
		d.TagW = 14 + 7*utf8.RuneCountInString(t.Tag)
		d.TagX, d.TagMiddle = right-d.TagW, d.TagW/2
		titleRight = d.TagX - 5
	}
	if r.Letter != "" {
		d.Letter, d.LetterX = r.Letter, right-18
		detailRight -= 24
	}
	d.Title = fit(t.Title, titleRight-d.TextX, 7.9)
	d.Detail = fit(t.Detail, detailRight-d.TextX, 6.7)
	return d
}

// fit shortens text to a width, by the width of a middling letter; the whole of
// it stands in the table of the page.
func fit(s string, width int, letter float64) string {
	s = visible(s)
	most := int(float64(width) / letter)
	if columns(s) <= most {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n += runeColumns(r); n >= most {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns counts the letters of East Asia, and what comes after them, double.
func runeColumns(r rune) int {
	if r >= 0x1100 {
		return 2
	}
	return 1
}

// words describes a side of the picture to those who do not see it.
func (p *picture) words(after bool) string {
	var parts []string
	for _, list := range [][]*compartment{p.Slots, p.Forks} {
		for _, c := range list {
			var things []string
			for _, r := range c.Rows {
				t := r.Before
				if after {
					t = r.After
				}
				if t.Class == "ghost" {
					continue
				}
				words := t.Title
				if t.Tag != "" {
					words += " " + t.Tag
				}
				if t.Detail != "" {
					words += " (" + t.Detail + ")"
				}
				things = append(things, words)
			}
			if things != nil {
				parts = append(parts, c.Title+": "+strings.Join(things, ", ")+".")
			}
		}
	}
	return visible(strings.Join(parts, " "))
}

// worksIn reports whether some application runs in the slot whatever the fields
// decide.
func (p *Plan) worksIn(slot string) bool {
	return slices.ContainsFunc(p.Ops, func(o Op) bool { return o.Slot == slot && o.Application != "" })
}
