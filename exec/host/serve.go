package host

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"inscribe/exec"
)

// Arg is the hidden argument that makes this program's binary a module host.
const Arg = "__module-host"

// Serve is the child's main loop: it answers requests with handle until
// MethodFinalize or the end of the pipe, and returns the exit code. All calls
// come on one OS thread, since some modules keep state by thread.
//
// When the parent is killed, a call under way is finished, within its limit, and no
// other begun.
//
// Before the first request it forbids core dumps and traces of this process. A
// process that was not started by [Start] gets exit code 2.
func Serve(handle func(req *Request, pin, newPIN exec.Credential) *Response) int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A trace of a crash shows the words on the stack, and a short PIN is one.
	debug.SetTraceback("none")
	if err := ForbidDumps(); err != nil {
		handle = refuse("core dumps cannot be forbidden, so no PIN may enter this process: " + err.Error())
	}
	in, out, err := childPipes()
	if err != nil {
		return 2
	}
	var limit atomic.Int64
	go watch(in.Fd(), &limit)
	c := newConn(in, out)
	for {
		req, pin, newPIN, err := c.receiveRequest()
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return 1
		}
		limit.Store(int64(req.Limit))
		resp := guarded(handle, req, pin, newPIN)
		pin.Secret.Wipe()
		newPIN.Secret.Wipe()
		if err := c.sendResponse(resp); err != nil {
			return 1
		}
		if req.Method == MethodFinalize {
			return 0
		}
	}
}

func refuse(message string) func(*Request, exec.Credential, exec.Credential) *Response {
	return func(*Request, exec.Credential, exec.Credential) *Response {
		return &Response{Failure: &Failure{Message: message}}
	}
}

func guarded(handle func(*Request, exec.Credential, exec.Credential) *Response, req *Request, pin, newPIN exec.Credential) (resp *Response) {
	defer func() {
		if r := recover(); r != nil {
			resp = &Response{Failure: &Failure{
				Message: fmt.Sprintf("the module host failed: %v", r),
				Advice:  "this is a defect of this program: report it with the line above",
			}}
		}
	}()
	return handle(req, pin, newPIN)
}
