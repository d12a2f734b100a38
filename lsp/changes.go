package lsp

import (
	"context"
	"sync"
)

// changes lets the pulls of a whole workspace wait. A client asks again soon
// after each answer, and to read every description each time would be work for
// nothing.
type changes struct {
	mu sync.Mutex
	// made counts the changes, told those that an answer has been about.
	made, told int
	over       bool
	// next is closed by the next change.
	next chan struct{}
}

func (c *changes) wake() {
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

// note says that findings of a description that is not open may be others now.
func (c *changes) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	c.wake()
}

// end lets nobody wait any more.
func (c *changes) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.wake()
}

// untold waits for a change that no answer has been about, where it shall wait,
// and gives the number to be told. It reports false where it would wait on when the session ends.
func (c *changes) untold(ctx context.Context, wait bool) (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for wait && !c.over && c.made == c.told && ctx.Err() == nil {
		if c.next == nil {
			c.next = make(chan struct{})
		}
		next := c.next
		c.mu.Unlock()
		select {
		case <-next:
		case <-ctx.Done():
		}
		c.mu.Lock()
	}
	return c.made, !(wait && c.over)
}

// tell says that an answer was about the changes up to a number.
func (c *changes) tell(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = max(c.told, n)
}
