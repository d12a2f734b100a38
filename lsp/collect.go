package lsp

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A collection of garbage takes as long as a keystroke in a long description. It
// is best made between two, or when nobody types at all.

// idlePause is how long nothing must come from the client.
const idlePause = time.Second

// rest gives memory back to the system once the client is silent: what a hundred
// opened files and their proofs left behind is collected then, and not while
// somebody types.
func (s *server) rest() {
	if s.idle == nil {
		s.idle = time.AfterFunc(idlePause, func() {
			s.narrowRoom()
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

// narrowRoom takes it back.
func (s *server) narrowRoom() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wide {
		s.wide = false
		debug.SetGCPercent(s.usualRoom)
	}
}

// collect begins a collection if most of the room is used. It is called when
// findings are out: from here on there is time up to the next keystroke.
func (s *server) collect() {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
	metrics.Read(heap)
	used, live, goal := heap[0].Value.Uint64(), heap[1].Value.Uint64(), heap[2].Value.Uint64()
	if used > live+(goal-live)*7/10 && s.collecting.TryLock() {
		go func() {
			defer s.collecting.Unlock()
			runtime.GC()
		}()
	}
}
