package vcard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Card is a card as its contacts show it.
type Card interface {
	// ATR is the answer to reset.
	ATR() []byte
	// Reset takes away all that a card forgets without power.
	Reset()
	// Transmit takes a command APDU and gives the response, which ends in the
	// two bytes of the status word.
	Transmit(command []byte) []byte
}

// Tear says when a card is pulled in the middle of an APDU.
type Tear int

const (
	// BeforeCommand pulls a card that has not seen the APDU yet.
	BeforeCommand Tear = iota
	// BeforeResponse pulls a card that has done what the APDU says, and whose
	// response nobody gets.
	BeforeResponse
)

// Observer is told of each APDU that a card has answered.
type Observer func(command, response []byte)

// Reader is one place for a card.
type Reader struct {
	dial func() (net.Conn, error)
	card Card

	mu       sync.Mutex
	conn     net.Conn
	done     chan struct{} // closed when the card in the reader is out
	powered  chan struct{} // closed when the daemon has asked for the ATR
	observer Observer
	count    int
	tearAt   int // the count at which the card is pulled; 0 is never
	tear     Tear
}

// NewReader is a reader for one card. dial connects to its vpcd.
func NewReader(card Card, dial func() (net.Conn, error)) *Reader {
	return &Reader{card: card, dial: dial}
}

// patience is how long the daemon may take to see a card. It looks a few times a
// second.
const patience = 10 * time.Second

// tells is how long the daemon takes to tell its clients of a card that it has
// seen.
const tells = 50 * time.Millisecond

// Insert puts the card in and returns when the daemon has seen it.
func (r *Reader) Insert() error {
	r.mu.Lock()
	if r.conn != nil {
		r.mu.Unlock()
		return errors.New("the card is in the reader already")
	}
	conn, err := r.dial()
	if err != nil {
		r.mu.Unlock()
		return fmt.Errorf("no way to the reader: %w", err)
	}
	r.conn, r.done, r.powered = conn, make(chan struct{}), make(chan struct{})
	done, powered := r.done, r.powered
	r.mu.Unlock()
	r.card.Reset()
	go r.serve(conn, done, powered)
	select {
	case <-powered:
		time.Sleep(tells)
		return nil
	case <-done:
		return errors.New("the daemon closed the connection at once; does another card stand in this reader?")
	case <-time.After(patience):
		r.Pull()
		return fmt.Errorf("the daemon has not looked at the card within %s", patience)
	}
}

// Pull takes the card out, whatever it is doing. Without a card it does nothing.
func (r *Reader) Pull() {
	r.mu.Lock()
	conn, done := r.conn, r.done
	r.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
		<-done
	}
}

// Inserted reports whether the card is in the reader.
func (r *Reader) Inserted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conn != nil
}

// Observe has an observer told of each APDU from now on; nil is none.
func (r *Reader) Observe(o Observer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observer = o
}

// Count is the number of APDUs since the last [Reader.PullAt], or since the
// reader was made.
func (r *Reader) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// PullAt counts APDUs anew and pulls the card at the n-th, once. With 0 it only
// counts.
func (r *Reader) PullAt(n int, when Tear) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count, r.tearAt, r.tear = 0, n, when
}

// The one-byte messages of vpcd.
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	tellATR  = 4
)

// serve answers the daemon until either side hangs up.
func (r *Reader) serve(conn net.Conn, done, powered chan struct{}) {
	defer close(done)
	defer func() {
		_ = conn.Close()
		r.mu.Lock()
		r.conn = nil
		r.mu.Unlock()
		r.card.Reset()
	}()
	var seen sync.Once
	for {
		body, err := receive(conn)
		if err != nil {
			return
		}
		if len(body) == 1 {
			switch body[0] {
			case powerOff, powerOn, reset:
				r.card.Reset()
			case tellATR:
				if send(conn, r.card.ATR()) != nil {
					return
				}
				seen.Do(func() { close(powered) })
			}
			continue
		}
		response, torn := r.transmit(body)
		if torn || send(conn, response) != nil {
			return
		}
	}
}

func (r *Reader) transmit(command []byte) (response []byte, torn bool) {
	r.mu.Lock()
	r.count++
	now := r.count == r.tearAt
	if now {
		r.tearAt = 0
	}
	when, observer := r.tear, r.observer
	r.mu.Unlock()
	if now && when == BeforeCommand {
		return nil, true
	}
	response = r.card.Transmit(command)
	if observer != nil {
		observer(command, response)
	}
	return response, now
}

// receive reads one message. The peer writes length and body apart, so without a
// quick acknowledgement the second would wait for a timer, 40 ms an APDU.
func receive(conn net.Conn) ([]byte, error) {
	var length [2]byte
	acknowledge(conn)
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint16(length[:]))
	acknowledge(conn)
	_, err := io.ReadFull(conn, body)
	return body, err
}

func send(conn net.Conn, body []byte) error {
	message := binary.BigEndian.AppendUint16(nil, uint16(len(body)))
	_, err := conn.Write(append(message, body...))
	return err
}
