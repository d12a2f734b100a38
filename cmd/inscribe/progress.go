package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"inscribe/exec"
	"inscribe/plan"
)

// progress shows a run: a line an op on stderr, JSON lines where --events says;
// it implements exec.Observer. On a terminal the line is there while the op is at
// work, with the seconds that it took so far: a card may need minutes for a key, and
// nobody should take it out for want of a sign.
type progress struct {
	app    *app
	clock  *clock // nil where there is no terminal
	plan   *plan.Plan
	words  map[string]string
	index  map[string]int
	events io.Writer
	file   *os.File
	err    error
	ops    []exec.Event // the last event of each op
}

func (a *app) progress(pl *plan.Plan) (*progress, error) {
	p := &progress{app: a, plan: pl, words: map[string]string{}, index: map[string]int{}}
	if isTerminal(a.stderr) && a.getenv("TERM") != "dumb" {
		p.clock = &clock{to: a.stderr, columns: width(a.stderr)}
		a.asides.through(p.clock.aside)
	}
	for i := range pl.Ops {
		p.words[pl.Ops[i].ID], p.index[pl.Ops[i].ID] = pl.Ops[i].Words(), i+1
	}
	switch a.opts.events {
	case "":
	case stdinName:
		p.events = a.stdout
	default:
		f, err := a.openEvents()
		if err != nil {
			return nil, err
		}
		p.events, p.file = f, f
	}
	return p, nil
}

// openEvents opens the file of --events. A pipe waits for its reader.
func (a *app) openEvents() (*os.File, error) {
	f, err := await(a.ctx, func() (*os.File, error) {
		return os.OpenFile(a.opts.events, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("--events: %w", err)
	}
	return f, nil
}

// noOldEvents empties the events of an earlier run, which would be taken for those of a
// run that ends before its first. A file that holds none stays until then.
func (a *app) noOldEvents() error {
	path := a.opts.events
	if path == "" || path == stdinName {
		return nil
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // there is none; what it is, is said when it is opened
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("--events: %w", err)
	}
	first, err := bufio.NewReader(io.LimitReader(f, longestEvent)).ReadBytes('\n')
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case isEvent(first):
		err = f.Truncate(0)
	default:
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("--events: %w", err)
	}
	return nil
}

// longestEvent is more than a line of --events is long.
const longestEvent = 1 << 20

// isEvent tells a line of --events, of a run or a batch, from any other.
func isEvent(line []byte) bool {
	var e exec.Event
	return json.Unmarshal(line, &e) == nil && strings.HasPrefix(e.ID, "op-") && e.Op != "" && e.State != ""
}

// Event shows one event. A failure to write events is kept for the end: it must
// not stop a run in the middle of a card.
func (p *progress) Event(e exec.Event) {
	if p.events != nil {
		b, err := json.Marshal(e)
		if err == nil {
			_, err = p.events.Write(append(b, '\n'))
		}
		if err != nil && p.err == nil {
			p.err = fmt.Errorf("writing events: %w", err)
		}
	}
	line := fmt.Sprintf("[%2d/%d] %-9s  %1s  %s … ", p.index[e.ID], len(p.plan.Ops), e.Slot, e.Application, clean(p.words[e.ID]))
	if e.State == exec.Started {
		p.clock.start(line)
		return
	}
	p.clock.stop()
	p.ops = append(p.ops, e)
	mark := map[exec.State]string{exec.Done: "ok", exec.Failed: "FAILED", exec.Skipped: "skipped"}[e.State]
	after := ""
	switch {
	case e.State == exec.Skipped:
		after = ": " + e.Detail
	case e.MS > 0:
		after = fmt.Sprintf(" %d ms", e.MS)
	}
	if e.State == exec.Done && e.Detail != "" {
		after += "; " + e.Detail
	}
	fmt.Fprintln(p.app.stderr, line+mark+after)
}

func (p *progress) close() error {
	if p.file != nil {
		if err := p.file.Close(); err != nil && p.err == nil {
			p.err = err
		}
	}
	return p.err
}
