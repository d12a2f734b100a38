package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// Room is the memory of a program that nobody looks at any more, for the next one.
// A program of thousands of lines is half a megabyte, and an editor makes one at
// each keystroke; to ask for it and to collect it takes longer than to fill it.
type Room struct {
	keywords        []*schema.Keyword
	parts           []part
	blocks          []Block
	applications    []Application
	settings        []Setting
	fields          []Field
	blockList       []*Block
	applicationList []*Application
	all, named      []*Application
	settingList     []*Setting
	jobs            []*Setting
	fieldList       []*Field
	byName          map[string]*Field
	folded          map[string]folded
	letters         letters
	diagnostics     []diag.Diagnostic
}

// Leave gives the room of the program away. Nothing that is reached from it may be
// used from then on but its texts; who does so finds it empty.
func (p *Program) Leave() *Room {
	r := p.room
	*p = Program{}
	empty(r.keywords)
	empty(r.parts)
	empty(r.blocks)
	empty(r.applications)
	empty(r.settings)
	for i := range r.fields[:cap(r.fields)] {
		f := &r.fields[:cap(r.fields)][i]
		empty(f.Uses)
		*f = Field{Uses: f.Uses[:0]} // the next one has about as many
	}
	empty(r.blockList)
	empty(r.applicationList)
	empty(r.all)
	empty(r.named)
	empty(r.settingList)
	empty(r.jobs)
	empty(r.diagnostics)
	empty(r.fieldList)
	clear(r.byName)
	clear(r.folded)
	clear(r.letters)
	return r
}

// empty clears all that an array has room for.
func empty[T any](list []T) { clear(list[:cap(list)]) }

// take gives n empty elements of an array that has room for as many, and asks for a
// larger one where it has not: with some to spare, since the next text may be longer.
func take[T any](from *[]T, n int) []T {
	if cap(*from) < n {
		*from = make([]T, n+n/16)
	}
	return (*from)[:n:n]
}

// takeMap is take for a map of about n.
func takeMap[M ~map[K]V, K comparable, V any](from *M, n int) M {
	if *from == nil {
		*from = make(M, n)
	}
	return *from
}
