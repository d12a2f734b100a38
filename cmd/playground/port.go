package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// port is the connection of the language server to a page. The page sends
// messages without the header of the base protocol, and gets them so.
type port struct {
	post func(message string)

	mu     sync.Mutex
	more   *sync.Cond
	in     bytes.Buffer
	closed bool
}

func newPort(post func(message string)) *port {
	p := &port{post: post}
	p.more = sync.NewCond(&p.mu)
	return p
}

// receive takes a message from the page. It never waits: in a browser, what
// calls it is the loop that everything else runs on.
func (p *port) receive(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(&p.in, "Content-Length: %d\r\n\r\n%s", len(message), message)
	p.more.Signal()
}

// Read gives what was received.
func (p *port) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.in.Len() == 0 {
		if p.closed {
			return 0, io.EOF
		}
		p.more.Wait()
	}
	return p.in.Read(b)
}

// Write posts a frame, of which the server writes each in one piece.
func (p *port) Write(frame []byte) (int, error) {
	_, message, ok := bytes.Cut(frame, []byte("\r\n\r\n"))
	if !ok {
		return 0, fmt.Errorf("%d bytes are no frame", len(frame))
	}
	p.post(string(message))
	return len(frame), nil
}

// Close ends the connection once all is read.
func (p *port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Signal()
	return nil
}
