package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
//
// It also gets, from 8 on, what tells that it lives, as does whatever it started: a pipe
// that nobody reads a word from, and the locks of the card. Killing this program does not
// end it, and must not let another one at the card meanwhile. To kill it too would be
// worse: that reaches the command alone, and not a tool of it in the middle of a write.
type hook struct {
	app    *app
	mw     station.Middleware
	module *host.Module
}

// Initialise waits for the command and all that it started. It ends with an error of
// kind Device where the command does not exit with 0; the end of its output is in it,
// the secrets masked.
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
	var theirs, writers []*os.File // theirs are the command's ends of pipes
	var pipes [len(secrets) + 2]struct{ read, write *os.File }
	for i := range pipes {
		p := &pipes[i]
		var err error
		if p.read, p.write, err = os.Pipe(); err != nil {
			return h.module, unshown(fmt.Errorf("starting the station's command: %w", err))
		}
		defer p.read.Close()
		defer p.write.Close()
		if i < len(secrets) {
			c.ExtraFiles, writers, theirs = append(c.ExtraFiles, p.read), append(writers, p.write), append(theirs, p.read)
		} else {
			theirs = append(theirs, p.write)
		}
	}
	said, alive := pipes[len(secrets)], pipes[len(secrets)+1]
	c.Stdout, c.Stderr = said.write, said.write
	c.ExtraFiles = append(append(c.ExtraFiles, alive.write), r.Locks...)
	if err := c.Start(); err != nil {
		return h.module, unshown(failed("does not start: %v", err))
	}
	for _, end := range theirs {
		end.Close()
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
	var output tail
	over := make(chan error, 1)
	go func() {
		_, printed := io.Copy(&output, said.read)
		_, living := io.Copy(io.Discard, alive.read)
		over <- errors.Join(printed, living)
	}()
	var left error // why it is not known that all of it has ended
	select {
	case left = <-over:
	case <-limit.Done():
		// What left the group lives on, and has the card's locks.
		_ = said.read.SetReadDeadline(time.Now().Add(lastWords))
		_ = alive.read.SetReadDeadline(time.Now().Add(lastWords))
		left = <-over
	}
	// Until it is waited for, the group has its number and can be killed by it.
	err := c.Wait()
	wait.Wait()
	if err != nil || left != nil {
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
		return h.module, failed("failed: %v", errors.Join(err, left))
	}
	module, err := h.app.startModuleUntil(context.WithoutCancel(h.app.ctx), h.mw, h.app.stop)
	if err != nil {
		return h.module, &exec.Error{Kind: exec.Device, Message: "the station's command is done, and the module does not start again", Cause: err}
	}
	h.module = module
	return module, nil
}

// lastWords is how long the output of a command is read that was ended.
const lastWords = time.Second

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
	text := secret.Mask(t.kept, 0, "***", secrets...)
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
