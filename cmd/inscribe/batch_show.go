package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"inscribe/exec"
	"inscribe/exec/batch"
)

// batchShow shows a batch. On a terminal there is a table, a line for each seat at
// work and one for the whole, drawn again in place; lines of rows that ended stand
// above it. Elsewhere these lines are all.
type batchShow struct {
	app    *app
	result *batchResult
	total  int
	live   bool
	ticker *time.Ticker
	over   chan struct{}
	events *os.File

	turn   sync.Mutex
	err    error // of the events
	atWork map[int]*seatLine
	drawn  int // lines on the screen
	wait   bool
}

// seatLine is a seat at work.
type seatLine struct {
	seat         string
	op           string
	begin, since time.Time
}

// batchEvent is a line of --events: that of a run, with its row.
type batchEvent struct {
	Time  string `json:"time"` // RFC 3339
	Batch string `json:"batch"`
	Row   int    `json:"row"`
	exec.Event
}

func (a *app) batchShow(r *batchResult) (*batchShow, error) {
	s := &batchShow{app: a, result: r, total: len(r.rows), atWork: map[int]*seatLine{}, over: make(chan struct{}),
		live: isTerminal(a.stderr) && a.getenv("TERM") != "dumb"}
	if a.opts.events != "" {
		var err error
		if s.events, err = a.openEvents(); err != nil {
			return nil, err
		}
	}
	a.asides.through(func(lines string) { s.locked(func() { fmt.Fprint(a.stderr, lines) }) })
	if s.live {
		s.ticker = time.NewTicker(time.Second)
		go func() {
			for {
				select {
				case <-s.ticker.C:
					s.locked(func() {})
				case <-s.over:
					return
				}
			}
		}()
	}
	return s, nil
}

// locked changes what is shown, and draws the table again.
func (s *batchShow) locked(change func()) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.erase()
	change()
	s.draw()
}

// say prints a line that stays.
func (s *batchShow) say(format string, args ...any) {
	fmt.Fprintln(s.app.stderr, clean(fmt.Sprintf(format, args...)))
}

func (s *batchShow) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.app.stderr, "\x1b[%dA\r\x1b[J", s.drawn)
		s.drawn = 0
	}
}

func (s *batchShow) draw() {
	if !s.live || len(s.atWork) == 0 && !s.wait {
		return
	}
	sum := s.result.summary()
	lines := []string{}
	for _, row := range slices.Sorted(maps.Keys(s.atWork)) {
		l := s.atWork[row]
		lines = append(lines, fmt.Sprintf("row %*d  %3d s  %-36s  %s", len(fmt.Sprint(s.total)), row, int(time.Since(l.since).Seconds()), l.op, l.seat))
	}
	lines = append(lines, fmt.Sprintf("%d done, %d failed, %d at work, %d left", sum.Done, sum.Failed, len(s.atWork), sum.Left-len(s.atWork)))
	columns := width(s.app.stderr)
	for _, line := range lines {
		// A line that wraps could not be taken back.
		text := []rune(clean(line))
		if len(text) >= columns {
			text = text[:max(0, columns-1)]
		}
		fmt.Fprintln(s.app.stderr, string(text))
	}
	s.drawn = len(lines)
}

func (s *batchShow) began(row *batchRow, seat batch.Seat) {
	s.locked(func() {
		s.wait = false
		s.atWork[row.number] = &seatLine{seat: seat.Name(), op: "start", begin: time.Now(), since: time.Now()}
	})
}

func (s *batchShow) ended(row *batchRow, seat batch.Seat, o batch.Outcome, result *exec.Result) {
	s.locked(func() {
		took := time.Since(s.atWork[row.number].begin)
		delete(s.atWork, row.number)
		s.result.ended(row.id, seat, o, result, took)
		s.result.interrupted = s.result.interrupted || o.Err != nil && s.app.ctx.Err() != nil
		one, sum := s.result.byID[row.id], s.result.summary()
		mark := map[string]string{"done": "done", "failed": "FAILED"}[one.State]
		s.say("[%d/%d] row %d  %s  %s  %d ms%s", sum.Done, s.total, row.number, mark, one.names, one.MS, after(one))
	})
}

// after is what stands behind a row that failed.
func after(one *rowResult) string {
	if one.Message == "" {
		return ""
	}
	return strings.TrimSuffix(": "+one.Message+"; "+one.Advice, "; ")
}

func (s *batchShow) refused(seat batch.Seat) {
	s.locked(func() {
		s.result.refused = append(s.result.refused, refusedToken{seat.Name(), seat.Refused})
		s.say("inscribe: %s gets no row: %s", seat.Name(), seat.Refused)
	})
}

func (s *batchShow) waiting(free, bound int) {
	s.locked(func() {
		s.wait = true
		if free > 0 {
			s.say("inscribe: %s left: insert the next card; Ctrl-C ends", rowsAre(free))
		}
		if bound > 0 {
			s.say("inscribe: %s begun and not finished: insert the same card again; Ctrl-C ends", rowsAre(bound))
		}
	})
}

func rowsAre(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}

// observer gives what is told of one run.
func (s *batchShow) observer(row *batchRow) exec.Observer {
	words := map[string]string{}
	for i := range row.plan.Ops {
		words[row.plan.Ops[i].ID] = row.plan.Ops[i].Words()
	}
	return rowObserver{s, row, words}
}

type rowObserver struct {
	show  *batchShow
	row   *batchRow
	words map[string]string
}

// Event shows one event. A failure to write events is kept for the end: it must not
// stop a run in the middle of a card.
func (o rowObserver) Event(e exec.Event) {
	s := o.show
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.events != nil {
		b, err := json.Marshal(batchEvent{time.Now().UTC().Format(time.RFC3339Nano), s.result.name, o.row.number, e})
		if err == nil {
			_, err = s.events.Write(append(b, '\n'))
		}
		if err != nil && s.err == nil {
			s.err = fmt.Errorf("writing events: %w", err)
		}
	}
	if l := s.atWork[o.row.number]; l != nil && e.State == exec.Started {
		l.op, l.since = o.words[e.ID], time.Now()
		s.erase()
		s.draw()
	}
}

// close takes the table away.
func (s *batchShow) close() error {
	close(s.over)
	s.turn.Lock()
	defer s.turn.Unlock()
	s.erase()
	s.live = false
	if s.ticker != nil {
		s.ticker.Stop()
	}
	if s.events != nil {
		if err := s.events.Close(); err != nil && s.err == nil {
			s.err = err
		}
	}
	return s.err
}
