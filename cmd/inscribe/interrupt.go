package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// interrupts gives what a run is ended with: the context, which ends with the first
// interrupt, and a channel that the second closes. A call under way is waited for
// after the first, and its module is stopped by the second. A third ends the program,
// as the system does it.
//
// A terminal that goes away, as that of a session over ssh, ends the context too and
// counts as neither: the shell and the system both tell of it, and beside a SIGTERM.
//
// Whoever has one of these ignored wants the program to go on, and it stays so: a hang-up
// under nohup, and an interrupt of what a shell without job control runs in the
// background, which is not for it.
func interrupts() (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	told, second := make(chan os.Signal, 2), make(chan struct{})
	hear(told, os.Interrupt, syscall.SIGTERM)
	gone := make(chan os.Signal, 1)
	hear(gone, syscall.SIGHUP)
	go func() {
		<-gone
		cancel()
	}()
	go func() {
		<-told
		cancel()
		<-told
		signal.Stop(told)
		close(second)
	}()
	return ctx, second
}

// hear gets the signals that are not ignored.
func hear(c chan<- os.Signal, signals ...os.Signal) {
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
}

// unheard gets what the system says of a pipe that nobody reads.
var unheard = make(chan os.Signal, 1)

// unheardGoesOn has a write to an output that nobody reads any more fail, as one to a
// terminal that is gone does, where the program would be ended for it: another's end
// must not tear a card out of a write. Children are ended as ever.
func unheardGoesOn() { signal.Notify(unheard, syscall.SIGPIPE) }

// interrupted is [context.Canceled] in the words of a user.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

// Is says that it is the end of a context.
func (interrupted) Is(target error) bool { return target == context.Canceled }

// await gives what f gives, or ends with the context. A read cannot be called back, so
// f is then left to itself: the program is about to end.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := f()
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, interrupted{}
	}
}

// words are those of an error for a user, to whom a context means nothing.
func words(err error) string {
	return strings.ReplaceAll(err.Error(), context.Canceled.Error(), interrupted{}.Error())
}

// asides are lines that are said while something stands on the terminal. They come
// from goroutines of their own.
type asides struct {
	turn sync.Mutex
	say  func(lines string) // nil is the standard error
	said map[string]bool
}

// through has lines said by whoever keeps the terminal.
func (a *asides) through(say func(lines string)) {
	a.turn.Lock()
	defer a.turn.Unlock()
	a.say = say
}

// waiting says what an interrupted command waits for, and how not to; once of all calls
// of one name, since several cards may be in it.
func (a *app) waiting(call, stops string, left time.Duration) {
	a.asides.turn.Lock()
	defer a.asides.turn.Unlock()
	if a.asides.said[call] {
		return
	}
	if a.asides.said == nil {
		a.asides.said = map[string]bool{}
	}
	a.asides.said[call] = true
	line := fmt.Sprintf("inscribe: interrupted; waiting for %s to end, at most %v; a second Ctrl-C stops %s\n", call, left.Round(time.Second), stops)
	if a.asides.say != nil {
		a.asides.say(line)
		return
	}
	fmt.Fprint(a.stderr, line)
}
