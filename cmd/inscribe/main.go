package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"inscribe/exec/host"
	"inscribe/exec/pkcs11"
)

// Exit codes.
const (
	exitOK       = 0
	exitFindings = 1 // findings, errors of a description, differences, drift
	exitUsage    = 2
	exitInternal = 3 // I/O or a defect
	exitRefused  = 4 // refused before anything was tried
	exitDevice   = 5 // module, token or CA failed, or an interrupt
	exitBatch    = 6 // a batch is over, and rows failed or are left
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == host.Arg {
		os.Exit(pkcs11.Serve())
	}
	// A core file of this process would hold PINs.
	_ = host.ForbidDumps()
	// What fd: reads is for this process alone.
	descriptors := map[uint64]string{}
	for _, fd := range host.ForbidInheritance() {
		descriptors[uint64(fd)] = ""
	}
	ctx, stop := interrupts()
	a := &app{ctx: ctx, stop: stop, stdin: os.Stdin, stdout: &output{Writer: os.Stdout}, stderr: os.Stderr, getenv: os.Getenv, descriptors: descriptors}
	os.Exit(a.run(os.Args[1:]))
}

// app is one run of the command.
type app struct {
	ctx            context.Context // of a run; ends with the first interrupt
	stop           <-chan struct{} // closed by the second; nil is never
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	opts           options
	sets           bool // the command sets on a token what it is given
	asides         *asides
	variables      []string  // of the environment, that env: values named
	written        []written // the files that the command is to write
	// descriptors are those behind the standard streams that the process was started
	// with, and each that a value was read from, with what it is the value of.
	descriptors map[uint64]string
}

// run is the whole command; it gives the exit code. A defect becomes a message
// with a trace, which holds no secret: traces show addresses, not values.
func (a *app) run(args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.stderr, "inscribe: a defect of Inscribe itself: %v\n%s\nplease report it, with the description if you may\n", p, debug.Stack())
			code = exitInternal
		}
	}()
	a.asides = &asides{}
	err := a.dispatch(args)
	if out, ok := a.stdout.(*output); ok && err == nil {
		err = out.failed()
	}
	return a.report(err)
}
