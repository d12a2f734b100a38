package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"time"

	"inscribe/cmd/internal/station"
	"inscribe/exec"
	"inscribe/exec/host"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// hook runs the station's command for initialisation; it implements
// exec.Initialiser. The module is ended before, since it would hold the card, and
// started anew after.
//
// The command gets each secret on a file descriptor of its own, never in its
// arguments or its environment: 3 the SO PIN, 4 and 5 PIN and PUK of the default
// slot, 6 and 7 those of the signature slot. One that is not given is empty.
type hook struct {
	app    *app
	mw     station.Middleware
	module *host.Module
}

// Initialise ends with an error of kind Device where the command does not exit
// with 0; the end of its error output is in it, the secrets masked.
func (h *hook) Initialise(ctx context.Context, r exec.InitRequest) (exec.Module, error) {
	if err := h.module.Close(); err != nil {
		return h.module, unshown(err)
	}
	secrets := [5]secret.Secret{0: r.SOPIN.Secret}
	for _, p := range r.PINs {
		first := map[string]int{plan.Default: 1, plan.Signature: 3}[p.Slot]
		secrets[first], secrets[first+1] = p.PIN.Secret, p.PUK.Secret
	}
	command := h.mw.Hook.Initialise
	failed := func(format string, args ...any) error {
		return &exec.Error{Kind: exec.Device, Message: fmt.Sprintf("the station's command %s ", command[0]) + fmt.Sprintf(format, args...),
			Advice: "the card may be half made: see what the command says, and run the same command again"}
	}
	// An interrupt of the run waits for the command, as for a call: a card that is
	// half made helps nobody.
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), host.DefaultKeygenTimeout)
	defer cancel()
	end := time.Now().Add(host.DefaultKeygenTimeout)
	defer context.AfterFunc(ctx, func() { h.app.waiting("the station's command", "it", time.Until(end)) })()
	go func() {
		select {
		case <-h.app.stop:
			cancel()
		case <-limit.Done():
		}
	}()
	c := osexec.CommandContext(limit, command[0], command[1:]...)
	ownGroup(c)
	c.Env = append(host.Environment(h.mw.Env, h.app.withheld()), "INSCRIBE_LABEL="+r.Label, "INSCRIBE_READER="+r.Slot.Description, "INSCRIBE_SERIAL="+r.Slot.Token.Serial)
	var output tail
	c.Stdout, c.Stderr = &output, &output
	c.WaitDelay = time.Second // what the command started may hold its output open
	var writers []*os.File
	for range secrets {
		read, write, err := os.Pipe()
		if err != nil {
			return h.module, unshown(fmt.Errorf("starting the station's command: %w", err))
		}
		defer read.Close()
		defer write.Close()
		c.ExtraFiles = append(c.ExtraFiles, read)
		writers = append(writers, write)
	}
	if err := c.Start(); err != nil {
		return h.module, unshown(failed("does not start: %v", err))
	}
	for _, read := range c.ExtraFiles {
		read.Close()
	}
	var wait sync.WaitGroup
	for i, s := range secrets {
		wait.Go(func() {
			// A command that needs no such value closes the pipe, which is no
			// error.
			_, _ = writers[i].Write(s.Reveal())
			writers[i].Close()
		})
	}
	err := c.Wait()
	wait.Wait()
	if err != nil && !errors.Is(err, osexec.ErrWaitDelay) {
		said := output.last(secrets[:])
		if limit.Err() == context.Canceled {
			return h.module, failed("was stopped%s", said)
		}
		if limit.Err() != nil {
			return h.module, failed("took more than %v%s", host.DefaultKeygenTimeout, said)
		}
		var exit *osexec.ExitError
		if errors.As(err, &exit) {
			return h.module, failed("ended with %s%s", exit.ProcessState, said)
		}
		return h.module, failed("failed: %v", err)
	}
	module, err := h.app.startModule(h.mw)
	if err != nil {
		return h.module, err
	}
	h.module = module
	return module, nil
}

// unshown says of an error that it came before any value was given to the command.
func unshown(err error) error {
	var e *exec.Error
	if !errors.As(err, &e) {
		e = &exec.Error{Kind: exec.Local, Cause: err}
	}
	e.Unshown = true
	return e
}

// close ends the module that is in use.
func (h *hook) close() { _ = h.module.Close() }

// tail keeps the end of what a command prints.
type tail struct{ kept []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - 4096; over > 0 {
		t.kept = t.kept[over:]
	}
	return len(b), nil
}

// last gives the last line, with the secrets masked.
func (t *tail) last(secrets []secret.Secret) string {
	text := t.kept
	for _, s := range secrets {
		if s.Len() > 0 {
			text = bytes.ReplaceAll(text, s.Reveal(), []byte("***"))
		}
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	line := lines[len(lines)-1]
	if line == "" {
		return ""
	}
	// What was cut off at the front may be half a secret.
	if over := len(line) - 300; over > 0 {
		line = "…" + strings.ToValidUTF8(line[over:], "")
	}
	return ": " + clean(line)
}
