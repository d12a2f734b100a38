package lsp

import (
	"sync"

	"inscribe/check"
)

// A keystroke in a long description makes a megabyte of lines, settings and
// sections, nearly all of it the same as before. The next version takes the memory
// of the one before the last, so that nothing has to be asked for and next to
// nothing to be collected. What a snapshot holds is still never changed under the
// eyes of those who look at it: its memory is taken once all of them have gone.

// readers tells when nobody looks at a retired version any more. Who looks at a
// snapshot is in the group that was the last one when he came; a version that is
// retired closes that group, so that those who can see it are in this group or in
// an earlier one.
type readers struct {
	mu     sync.Mutex
	groups []*group // oldest first; never empty once it was used
	spare  spare
}

// group are those who came between two versions.
type group struct {
	inside  int
	retired *document // by which the group was closed
}

// mostGroups bounds how many versions wait for one that does not go. What is retired
// then is the collector's.
const mostGroups = 4

// enter is called by who is about to look at a state, before that may be replaced.
func (r *readers) enter() *group {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.groups) == 0 {
		r.groups = []*group{{}}
	}
	g := r.groups[len(r.groups)-1]
	g.inside++
	return g
}

// leave is called once by who has entered; he may not look any more.
func (r *readers) leave(g *group) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g.inside--
	r.free()
}

// retire takes a version that an edit has replaced in the state. Large ones are the
// collector's: what two of them need is too much to keep.
func (r *readers) retire(d *document) {
	if d.large() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.groups); 0 < n && n < mostGroups {
		r.groups[n-1].retired = d
		r.groups = append(r.groups, &group{})
		r.free()
	}
}

// free takes the memory of the versions that nobody can see any more.
func (r *readers) free() {
	for len(r.groups) > 1 && r.groups[0].inside == 0 {
		r.spare.put(r.groups[0].retired)
		r.groups = append(r.groups[:0], r.groups[1:]...)
	}
}

// spare is memory of versions that nobody looks at any more.
type spare struct {
	mu    sync.Mutex
	trees []tree
	rooms []*check.Room
}

// mostSpare is how much is kept: while one version is made, another may go.
const mostSpare = 2

func (s *spare) put(d *document) {
	t := d.tree.leave()
	var room *check.Room
	if p := d.understood.Load(); p != nil {
		room = p.Leave()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.trees) < mostSpare {
		s.trees = append(s.trees, t)
	}
	if room != nil && len(s.rooms) < mostSpare {
		s.rooms = append(s.rooms, room)
	}
}

// drop leaves all of it to the collector.
func (s *spare) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trees, s.rooms = nil, nil
}

func (s *spare) takeTree() (t tree) {
	if s == nil {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return pop(&s.trees)
}

func (s *spare) takeRoom() (room *check.Room) {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return pop(&s.rooms)
}

// pop takes the last of a list; the zero value where it is empty.
func pop[T any](list *[]T) (last T) {
	if n := len(*list); n > 0 {
		last, *list = (*list)[n-1], (*list)[:n-1]
	}
	return last
}
