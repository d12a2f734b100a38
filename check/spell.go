package check

import "inscribe/ast/diag"

// mostCompared bounds how many pairs of words a check compares, so that a
// description of hundreds of thousands of unknown words is checked in time. A
// file with that many has no slips of the fingers.
const mostCompared = 300_000

// speller finds what a word was likely meant to be.
type speller struct{ left int }

// nearest is [diag.Nearest] as long as there is time.
func (s *speller) nearest(name string, candidates []string) string {
	if s.left -= len(candidates); s.tired() {
		return ""
	}
	return diag.Nearest(name, candidates)
}

// tired says that there is no time left.
func (s *speller) tired() bool { return s.left < 0 }

// fieldNames are the names of all fields.
func (p *Program) fieldNames() []string {
	if p.names == nil {
		for _, f := range p.Fields {
			p.names = append(p.names, f.Name)
		}
	}
	return p.names
}
