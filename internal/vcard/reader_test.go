package vcard

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// echo is a card that answers with what it was told, and counts resets.
type echo struct {
	mu     sync.Mutex
	resets int
	seen   [][]byte
}

func (e *echo) ATR() []byte { return []byte{0x3B, 0} }

func (e *echo) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resets++
}

func (e *echo) Transmit(b []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, bytes.Clone(b))
	return append(bytes.Clone(b), 0x90, 0)
}

func (e *echo) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.seen)
}

// daemon is the other side of a link, as vpcd is.
type daemon struct {
	t        *testing.T
	listener net.Listener
	conns    chan net.Conn
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	d := &daemon{t, l, make(chan net.Conn, 4)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = send(conn, []byte{powerOn})
			_ = send(conn, []byte{tellATR})
			if atr, err := receive(conn); err != nil || !bytes.Equal(atr, []byte{0x3B, 0}) {
				t.Errorf("ATR % x, %v", atr, err)
			}
			d.conns <- conn
		}
	}()
	return d
}

func (d *daemon) dial() (net.Conn, error) { return net.Dial("tcp4", d.listener.Addr().String()) }

// say sends an APDU, length and body apart, as vpcd does.
func say(conn net.Conn, apdu []byte) ([]byte, error) {
	for _, part := range [][]byte{{0, byte(len(apdu))}, apdu} {
		if _, err := conn.Write(part); err != nil {
			return nil, err
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	return receive(conn)
}

func TestReader(t *testing.T) {
	card, d := &echo{}, newDaemon(t)
	r := NewReader(card, d.dial)
	if r.Inserted() {
		t.Error("a card is in before it was put in")
	}
	if err := r.Insert(); err != nil {
		t.Fatal(err)
	}
	conn := <-d.conns
	if err := r.Insert(); err == nil {
		t.Error("a card was put in twice")
	}
	var observed [][]byte
	r.Observe(func(command, response []byte) { observed = append(observed, command, response) })
	got, err := say(conn, []byte{0, 0xA4, 0, 0})
	if err != nil || !bytes.Equal(got, []byte{0, 0xA4, 0, 0, 0x90, 0}) {
		t.Errorf("% x, %v", got, err)
	}
	if len(observed) != 2 || !bytes.Equal(observed[1], got) || r.Count() != 1 {
		t.Errorf("observed % x, %d APDUs", observed, r.Count())
	}
	before := card.resets
	r.Pull()
	if _, err := say(conn, []byte{0, 0xA4, 0, 0}); err == nil {
		t.Error("a card that is out answers")
	}
	if r.Inserted() || card.resets == before {
		t.Errorf("in: %v, resets %d", r.Inserted(), card.resets)
	}
	r.Pull()
	if err := r.Insert(); err != nil {
		t.Fatal(err)
	}
	if _, err := say(<-d.conns, []byte{0, 1, 0, 0}); err != nil {
		t.Error(err)
	}
	r.Pull()
}

// TestPullAt pulls the card once, at the APDU that was asked for.
func TestPullAt(t *testing.T) {
	for when, done := range map[Tear]int{BeforeCommand: 1, BeforeResponse: 2} {
		card, d := &echo{}, newDaemon(t)
		r := NewReader(card, d.dial)
		if err := r.Insert(); err != nil {
			t.Fatal(err)
		}
		conn := <-d.conns
		r.PullAt(2, when)
		if _, err := say(conn, []byte{0, 1, 0, 0}); err != nil {
			t.Fatal(err)
		}
		if answer, err := say(conn, []byte{0, 2, 0, 0}); err == nil {
			t.Errorf("an answer: % x", answer)
		}
		for end := time.Now().Add(5 * time.Second); r.Inserted() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
		if r.Inserted() || card.count() != done || r.Count() != 2 {
			t.Errorf("in: %v, the card did %d, %d APDUs", r.Inserted(), card.count(), r.Count())
		}
		if err := r.Insert(); err != nil {
			t.Fatal(err)
		}
		conn = <-d.conns
		for range 3 {
			if _, err := say(conn, []byte{0, 1, 0, 0}); err != nil {
				t.Errorf("pulled again: %v", err)
			}
		}
		r.Pull()
	}
}

// TestFastAnswers: an APDU in two segments must not wait for the timer of a
// delayed acknowledgement, which is 40 ms.
func TestFastAnswers(t *testing.T) {
	card, d := &echo{}, newDaemon(t)
	r := NewReader(card, d.dial)
	if err := r.Insert(); err != nil {
		t.Fatal(err)
	}
	defer r.Pull()
	conn := <-d.conns
	// Nagle's algorithm is what holds the second segment back.
	_ = conn.(*net.TCPConn).SetNoDelay(false)
	const n = 50
	begin := time.Now()
	for range n {
		if _, err := say(conn, []byte{0, 1, 0, 0}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > n*20*time.Millisecond {
		t.Errorf("%d APDUs took %s", n, took)
	}
}

func TestNoDaemon(t *testing.T) {
	r := NewReader(&echo{}, func() (net.Conn, error) { return nil, errors.New("nobody there") })
	if err := r.Insert(); err == nil || r.Inserted() {
		t.Errorf("%v, in: %v", err, r.Inserted())
	}
}
