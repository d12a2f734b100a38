package lsp

import (
	"runtime"
	"runtime/debug"
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
	s.nextPause()
}

// asked leaves the collection of what answers leave behind to a pause too, where there
// is much to look through. A proof that waits is not put off by questions.
func (s *server) asked() {
	if s.wide && len(s.waiting) == 0 {
		s.nextPause()
	}
}

func (s *server) nextPause() {
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

// collect makes a collection if two thirds of the memory that there is until the next
// are used, so that the next burst of keystrokes finds most of it free.
func collect() {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > memory.NextGC/3*2 {
		runtime.GC()
	}
}

// rest gives memory back to the system once the client is silent: what a hundred
// opened files and their proofs left behind is collected then, and not while
// somebody types.
func (s *server) rest() {
	if s.idle == nil {
		s.idle = time.AfterFunc(idlePause, func() {
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

// widenRoom lets more pile up from when a long description is open, so that the
// collector runs half as often while somebody types.
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

// narrowRoom takes that back, at the end of the session.
func (s *server) narrowRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wide {
		s.wide = false
		debug.SetGCPercent(s.usualRoom)
	}
}
