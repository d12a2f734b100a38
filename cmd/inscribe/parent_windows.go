package main

import (
	"context"
	"os"
)

// awaitEnd returns true once a process has ended. The system tells it at once;
// the number cannot go to another process while this one is held.
func awaitEnd(ctx context.Context, pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	ended := make(chan bool, 1)
	go func() {
		_, err := p.Wait()
		ended <- err == nil
	}()
	select {
	case <-ctx.Done():
		return false
	case ok := <-ended:
		return ok
	}
}
