package host

import (
	"bufio"
	"encoding/gob"
	"errors"
	"io"

	"inscribe/exec"
	"inscribe/internal/secret"
)

// MaxSecret is the longest PIN that crosses the pipe, in bytes. No token takes
// one that is near it.
const MaxSecret = 4096

// conn is one end of the protocol. It is for one goroutine at a time.
type conn struct {
	in  *wipingReader
	out io.Writer
	buf *bufio.Writer
	enc *gob.Encoder
	dec *gob.Decoder
}

// newConn makes an end that reads from in and writes to out.
func newConn(in io.Reader, out io.Writer) *conn {
	c := &conn{in: &wipingReader{from: in}, out: out, buf: bufio.NewWriter(out)}
	c.enc, c.dec = gob.NewEncoder(c.buf), gob.NewDecoder(c.in)
	return c
}

// sendRequest sends req and behind it the PINs, straight from their boxes: the
// encoder and its buffers, which nobody can wipe, never see them.
func (c *conn) sendRequest(req *Request, pin, newPIN exec.Credential) error {
	req.PIN, req.NewPIN = header(pin), header(newPIN)
	if err := c.send(req); err != nil {
		return err
	}
	for _, p := range []exec.Credential{pin, newPIN} {
		if p.PINPad || p.Secret.Len() == 0 {
			continue
		}
		if _, err := c.out.Write(p.Secret.Reveal()); err != nil {
			return err
		}
	}
	return nil
}

// receiveRequest waits for a request. The PINs are the caller's to wipe.
// [io.EOF] is the orderly end.
func (c *conn) receiveRequest() (req *Request, pin, newPIN exec.Credential, err error) {
	req = new(Request)
	if err = c.dec.Decode(req); err != nil {
		return nil, pin, newPIN, err
	}
	if pin, err = c.credential(req.PIN); err == nil {
		newPIN, err = c.credential(req.NewPIN)
	}
	return req, pin, newPIN, err
}

// sendResponse sends an answer.
func (c *conn) sendResponse(resp *Response) error { return c.send(resp) }

// receiveResponse waits for an answer.
func (c *conn) receiveResponse() (*Response, error) {
	resp := new(Response)
	return resp, c.dec.Decode(resp)
}

func (c *conn) send(v any) error {
	if err := c.enc.Encode(v); err != nil {
		return err
	}
	return c.buf.Flush()
}

func header(p exec.Credential) SecretHeader {
	if p.PINPad {
		return SecretHeader{PINPad: true}
	}
	return SecretHeader{Given: p.Secret.IsSet(), Len: p.Secret.Len()}
}

func (c *conn) credential(h SecretHeader) (exec.Credential, error) {
	p := exec.Credential{PINPad: h.PINPad}
	if !h.Given {
		return p, nil
	}
	if h.Len < 0 || h.Len > MaxSecret {
		return p, errors.New("a PIN of an impossible length was announced")
	}
	b := make([]byte, h.Len)
	p.Secret = secret.New(b)
	_, err := io.ReadFull(c.in, b)
	return p, err
}

// wipingReader is a buffered reader that zeroes what it has handed out, so that
// no PIN stays behind in it. It is an io.ByteReader, without which gob would
// put a buffer of its own in front.
type wipingReader struct {
	from io.Reader
	buf  [4096]byte
	r, w int
}

func (b *wipingReader) fill() error {
	for empty := 0; b.r == b.w; empty++ {
		if empty == 100 {
			return io.ErrNoProgress
		}
		n, err := b.from.Read(b.buf[:])
		b.r, b.w = 0, n
		if err != nil && n == 0 {
			return err
		}
	}
	return nil
}

func (b *wipingReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := b.fill(); err != nil {
		return 0, err
	}
	n := copy(p, b.buf[b.r:b.w])
	clear(b.buf[b.r : b.r+n])
	b.r += n
	return n, nil
}

func (b *wipingReader) ReadByte() (byte, error) {
	if err := b.fill(); err != nil {
		return 0, err
	}
	c := b.buf[b.r]
	b.buf[b.r] = 0
	b.r++
	return c, nil
}
