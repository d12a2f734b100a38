package main

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
)

// output is the standard output. It keeps the first error of a write, so that a
// result that was lost on a full disk does not count as one that was shown. That
// nobody reads it any more, as after "| head", is no error.
type output struct {
	io.Writer
	lost atomic.Pointer[error]
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	if err != nil {
		o.lost.CompareAndSwap(nil, &err)
	}
	return n, err
}

// failed says that a part of the result was lost.
func (o *output) failed() error {
	if err := o.lost.Load(); err != nil {
		return fmt.Errorf("a part of the result could not be written: %w", *err)
	}
	return nil
}

// behind is the file of an output, whose terminal is asked for.
func behind(w any) any {
	if o, ok := w.(*output); ok {
		return o.Writer
	}
	return w
}
