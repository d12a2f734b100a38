package lsp

import (
	"runtime/debug"
	"time"
)

// idlePause is how long nothing must come from the client.
const idlePause = time.Second

// rest gives memory back to the system once the client is silent: what a hundred
// opened files and their proofs left behind is collected then, and not while
// somebody types.
func (s *server) rest() {
	if s.idle == nil {
		s.idle = time.AfterFunc(idlePause, debug.FreeOSMemory)
		return
	}
	s.idle.Reset(idlePause)
}
