package host

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"inscribe/exec"
	"inscribe/internal/secret"
)

// outputLimit is how much of what a module prints is kept, in bytes.
const outputLimit = 4096

// output keeps the end of what the child prints and takes any amount. It is read by a
// goroutine of its own, so that what was printed in one call may arrive in a later one:
// the PINs of all calls are known here until the end, and cut out of what is told.
type output struct {
	mu    sync.Mutex
	tail  []byte // longer than what is told by a PIN, which may begin before that
	from  int    // what of it may be told begins here
	pins  []secret.Secret
	ended bool
}

// Write keeps the end of p. It never fails: an error would stop the draining
// and block the child.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return len(p), nil
	}
	const limit = outputLimit + MaxSecret
	o.tail = append(o.tail, p[max(0, len(p)-limit):]...)
	if excess := len(o.tail) - limit; excess > 0 {
		o.tail = append(o.tail[:0], o.tail[excess:]...)
		o.from = max(0, o.from-excess)
	}
	return len(p), nil
}

// hide has the PINs of a call cut out from here on.
func (o *output) hide(pins []exec.Credential) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range pins {
		if p.Secret.Len() > 0 && !slices.ContainsFunc(o.pins, p.Secret.Equal) {
			o.pins = append(o.pins, p.Secret.Clone())
		}
	}
}

// forget has nothing told of what was printed until now. It is kept, since a PIN may be
// in the middle of it.
func (o *output) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.from = len(o.tail)
}

// end wipes what was printed, and the PINs.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tail)
	for _, p := range o.pins {
		p.Wipe()
	}
	o.tail, o.from, o.pins, o.ended = nil, 0, nil, true
}

// text gives the tail as one line that is safe on a terminal, without the PINs that the
// module was given.
func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	from := max(o.from, len(o.tail)-outputLimit)
	b := secret.Mask(o.tail, from, secret.Redacted, o.pins...)
	s := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), ""))
	return strings.Join(strings.Fields(s), " ")
}

// lastPart gives what of an output fits into an error.
func lastPart(s string) string {
	const limit = 400
	r := []rune(s)
	if len(r) <= limit {
		return s
	}
	return "…" + string(r[len(r)-limit:])
}
