package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// clock keeps a line on a terminal with the seconds since it began. A nil clock shows
// nothing.
type clock struct {
	to      io.Writer
	columns int

	turn  sync.Mutex
	line  string
	begin time.Time
	timer *time.Timer
}

// start shows the line, in which the seconds stand from the first one on.
func (c *clock) start(line string) {
	if c == nil {
		return
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	// A line that wraps could not be taken back.
	if room := max(0, c.columns-len("… 9999 s")); len([]rune(line)) > room {
		line = string([]rune(line)[:room]) + "… "
	}
	c.line, c.begin = line, time.Now()
	fmt.Fprint(c.to, c.line)
	c.timer = time.AfterFunc(time.Second, c.tick)
}

func (c *clock) tick() {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.timer == nil {
		return
	}
	fmt.Fprintf(c.to, "\r\x1b[K%s%d s", c.line, int(time.Since(c.begin).Seconds()))
	c.timer.Reset(time.Second)
}

// stop takes the line away.
func (c *clock) stop() {
	if c == nil {
		return
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
		fmt.Fprint(c.to, "\r\x1b[K")
	}
}

// aside prints lines above the one that stands there.
func (c *clock) aside(lines string) {
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.timer == nil {
		fmt.Fprint(c.to, lines)
		return
	}
	fmt.Fprintf(c.to, "\r\x1b[K%s%s%d s", lines, c.line, int(time.Since(c.begin).Seconds()))
}
