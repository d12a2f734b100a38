package host

import (
	"bytes"
	"strings"
	"sync"
	"unicode"

	"inscribe/exec"
	"inscribe/internal/secret"
)

// outputLimit is how much of what a module prints is kept, in bytes.
const outputLimit = 4096

// output keeps the end of what the child prints and takes any amount.
type output struct {
	mu   sync.Mutex
	tail []byte
}

// Write keeps the end of p. It never fails: an error would stop the draining
// and block the child.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(p) >= outputLimit {
		o.tail = append(o.tail[:0], p[len(p)-outputLimit:]...)
		return len(p), nil
	}
	o.tail = append(o.tail, p...)
	if excess := len(o.tail) - outputLimit; excess > 0 {
		o.tail = append(o.tail[:0], o.tail[excess:]...)
	}
	return len(p), nil
}

func (o *output) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tail)
	o.tail = o.tail[:0]
}

// text gives the tail as one line that is safe on a terminal. The PINs of the
// call under way are cut out, should the module have printed them.
func (o *output) text(pins ...exec.Credential) string {
	o.mu.Lock()
	b := bytes.Clone(o.tail)
	o.mu.Unlock()
	for _, p := range pins {
		if p.Secret.Len() > 0 {
			b = bytes.ReplaceAll(b, p.Secret.Reveal(), []byte(secret.Redacted))
		}
	}
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
