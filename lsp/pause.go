package lsp

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"inscribe/lsp/protocol"
)

// What can wait is left for a pause: the collection of garbage takes as long as a
// keystroke in a long description, and a proof much longer.

const (
	// typingPause is how long nothing must be typed before proofs are made.
	typingPause = 30 * time.Millisecond
	// idlePause is how long nothing must come from the client before memory is
	// given back.
	idlePause = time.Second
)

// await leaves the proof of a document, if there shall be one, and the collection of
// garbage to the next pause of the typing. The one timer is moved on with each
// keystroke, which wakes nobody; a goroutine that waits would cost as much as the
// findings of a short description.
func (s *server) await(d *document) {
	if s.waiting == nil {
		s.waiting = map[protocol.DocumentURI]*document{}
	}
	if s.waiting[d.uri] = d; d.large() {
		delete(s.waiting, d.uri)
	}
	if s.pause == nil {
		s.pause = time.AfterFunc(typingPause, s.inPause)
		return
	}
	s.pause.Reset(typingPause)
}

// inPause does what waits for a pause. Proofs are made one at a time, so that they
// never compete with each other.
func (s *server) inPause() {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	reader := s.readers.enter()
	s.mu.Unlock()
	defer s.readers.leave(reader)
	s.proving.Lock()
	defer s.proving.Unlock()
	for _, d := range waiting {
		if s.ctx.Err() != nil {
			return
		}
		if !d.stale() {
			s.prove(d)
		}
	}
	collect()
}

// collect makes a collection if half of the room is used, so that the next burst of
// keystrokes finds most of it free.
func collect() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(heap)
	used, live, goal := heap[0].Value.Uint64(), heap[1].Value.Uint64(), heap[2].Value.Uint64()
	if used > live+(goal-live)/2 {
		runtime.GC()
	}
}

// rest gives memory back to the system once the client is silent: what a hundred
// opened files and their proofs left behind is collected then, and not while
// somebody types.
func (s *server) rest() {
	if s.idle == nil {
		s.idle = time.AfterFunc(idlePause, func() {
			s.narrowRoom()
			s.readers.spare.drop()
			debug.FreeOSMemory()
		})
		return
	}
	s.idle.Reset(idlePause)
}

const (
	// longText is the size from which keystrokes leave much behind: that of about
	// a thousand lines.
	longText = 32 << 10
	// wideRoom is the garbage that may pile up then, in percent of what is in use.
	wideRoom = 200
)

// widenRoom lets more pile up while somebody types in a long description, so that
// the collector runs half as often.
func (s *server) widenRoom(d *document) {
	if !s.wide && len(d.file().Text) > longText {
		s.wide, s.usualRoom = true, debug.SetGCPercent(wideRoom)
	}
}

// makeRoom asks for the ballast. That begins a collection, which the answer to
// initialize should not wait for.
func (s *server) makeRoom() {
	if s.ballast == nil {
		s.ballast = make([]byte, s.options.Room)
	}
}

// narrowRoom takes it back.
func (s *server) narrowRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wide {
		s.wide = false
		debug.SetGCPercent(s.usualRoom)
	}
}
