package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"inscribe/lsp/protocol"
)

const (
	// maxHeader bounds a line of a frame's header.
	maxHeader = 4096
	// maxFrame bounds what a frame may hold; a longer one is refused.
	maxFrame = 256 << 20
)

// lengthName begins the line of a header that counts.
const lengthName = "Content-Length:"

// stream frames messages as the base protocol says. It never gives up: what is
// no frame or holds no message is answered with an error and skipped, up to the
// next header.
type stream struct {
	conn   io.ReadWriteCloser
	reader *bufio.Reader
	// astray says that what comes next may be no header.
	astray bool

	// ends, if set, is called before the end of the stream is reported.
	ends func()

	writing sync.Mutex
	// frame is the room of the last message that was written, for the next one.
	frame []byte
}

func newStream(conn io.ReadWriteCloser) *stream {
	return &stream{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10)}
}

// ReadObject reads the next message into v. Its only error is the end of the
// stream.
func (s *stream) ReadObject(v any) error {
	for {
		raw, err := s.readFrame()
		var bad *frameError
		if errors.As(err, &bad) {
			s.refuse(nil, protocol.ParseError, bad.Error())
			continue
		}
		if err != nil {
			if s.ends != nil {
				s.ends()
			}
			return err
		}
		if !json.Valid(raw) {
			s.refuse(nil, protocol.ParseError, "the frame holds no JSON")
			continue
		}
		if err := json.Unmarshal(raw, v); err != nil || bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("[")) {
			s.refuse(idOf(raw), protocol.InvalidRequest, "the frame holds no message")
			continue
		}
		return nil
	}
}

// appender is a message that encodes itself.
type appender interface{ AppendJSON([]byte) []byte }

const (
	// headerRoom is how much a frame's header may take.
	headerRoom = 64
	// mostKept bounds the room that is kept for the next message.
	mostKept = 256 << 10
)

// WriteObject writes a message.
func (s *stream) WriteObject(v any) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	frame := append(s.frame[:0], make([]byte, headerRoom)...)
	if a, ok := v.(appender); ok {
		frame = a.AppendJSON(frame)
	} else {
		b := bytes.NewBuffer(frame)
		if err := json.NewEncoder(b).Encode(v); err != nil {
			return err
		}
		frame = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	if s.frame = frame; cap(frame) > mostKept {
		s.frame = nil
	}
	// The header says how long the rest is, so it comes last, and ends where the
	// rest begins.
	header := fmt.Appendf(nil, lengthName+" %d\r\n\r\n", len(frame)-headerRoom)
	frame = frame[headerRoom-len(header):]
	copy(frame, header)
	_, err := s.conn.Write(frame)
	return err
}

// Close closes the connection.
func (s *stream) Close() error { return s.conn.Close() }

// refuse answers what is no message. It does not wait for the client: one that
// writes rubbish may never read.
func (s *stream) refuse(id json.RawMessage, code int, message string) {
	if id == nil {
		id = json.RawMessage("null")
	}
	go s.WriteObject(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": message}})
}

func idOf(raw []byte) json.RawMessage {
	var m struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(raw, &m) != nil || len(m.ID) == 0 {
		return nil
	}
	switch m.ID[0] {
	case '"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return m.ID
	}
	return nil
}

// frameError is a header that cannot be used.
type frameError struct{ reason string }

func (e *frameError) Error() string { return e.reason }

// readFrame reads a header and what it announces.
func (s *stream) readFrame() ([]byte, error) {
	if s.astray {
		if err := s.skip(); err != nil {
			return nil, err
		}
		s.astray = false
	}
	length, lines := int64(-1), 0
	for {
		line, err := s.readLine()
		if err != nil {
			return nil, err
		}
		if line == "" {
			if length >= 0 {
				break
			}
			if lines > 0 {
				return nil, &frameError{"the header has no Content-Length"}
			}
			continue
		}
		lines++
		// A body that was longer than announced is glued to the next header.
		if i := strings.LastIndex(line, lengthName); i > 0 {
			s.refuse(nil, protocol.ParseError, "there is something before the header")
			line = line[i:]
		}
		name, value, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 62)
			if err != nil {
				return nil, &frameError{"Content-Length is no number"}
			}
			length = int64(n)
		}
	}
	if length > maxFrame {
		// The client hears of it now: what it announced may never come.
		s.astray = true
		return nil, &frameError{fmt.Sprintf("the frame is announced with %d bytes; the most is %d", length, maxFrame)}
	}
	var b bytes.Buffer
	// The announced length is not believed before the bytes are there.
	b.Grow(int(min(length, 1<<20)))
	if _, err := io.CopyN(&b, s.reader, length); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// skip drops what comes before the next header.
func (s *stream) skip() error {
	for {
		if _, err := s.reader.Peek(len(lengthName)); err != nil {
			return err
		}
		there, _ := s.reader.Peek(s.reader.Buffered())
		drop := bytes.Index(there, []byte(lengthName))
		if drop == 0 {
			return nil
		}
		if drop < 0 {
			drop = len(there) - len(lengthName) + 1 // the header may begin at the end
		}
		_, _ = s.reader.Discard(drop)
	}
}

// readLine reads up to a line end, which it drops. Of an endless line it gives
// the first part.
func (s *stream) readLine() (string, error) {
	var line []byte
	for {
		part, err := s.reader.ReadSlice('\n')
		if room := maxHeader - len(line); room > 0 {
			line = append(line, part[:min(len(part), room)]...)
		}
		switch {
		case err == nil:
			return strings.TrimRight(string(line), "\r\n"), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}
