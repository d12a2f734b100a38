package myeid

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"slices"
	"sync"

	"inscribe/internal/vcard"
)

// The status words that the card answers with.
const (
	swOK             = 0x9000
	swMore           = 0x6100 // and how many bytes wait for GET RESPONSE
	swTriesLeft      = 0x63C0 // and how many
	swLength         = 0x6700
	swSecurity       = 0x6982
	swBlocked        = 0x6983
	swConditions     = 0x6985
	swNoFile         = 0x6986
	swData           = 0x6A80
	swUnsupported    = 0x6A81
	swNotFound       = 0x6A82
	swNoRoom         = 0x6A84
	swParameters     = 0x6A86
	swNoReference    = 0x6A88
	swExists         = 0x6A89
	swOffset         = 0x6B00
	swUnknownCommand = 0x6D00
	swUnknownClass   = 0x6E00
)

// Card is one card. Its methods may be called from several goroutines.
type Card struct {
	mu    sync.Mutex
	state state
	volatile

	// UnblockBySO lets RESET RETRY COUNTER work without a PUK after the SO PIN
	// was verified, as OpenSC asks for with user_pin_unblock_style =
	// init_pin_in_so_session. Cards differ here.
	UnblockBySO bool
	// RSA generates RSA keys; tests that need many take them from a store.
	RSA    func(bits int) (*rsa.PrivateKey, error)
	guards map[byte]byte // see SwapGuards and GuardBy
}

// volatile is what a card forgets without power.
type volatile struct {
	current  uint16 // the chosen file
	folder   uint16 // the chosen folder
	verified map[byte]bool
	env      environment
	chain    []byte // data of a chained command so far
	waiting  []byte // response that waits for GET RESPONSE
	half     []byte // first half of a long cryptogram
	parts    map[byte][]byte
}

// New is a blank card with a serial number.
func New(serial [10]byte) *Card {
	c := &Card{RSA: func(bits int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) }}
	c.state = state{Serial: serial[:]}
	c.state.erase([6]byte{0, 0x0F, 0xFF, 0, 0x0F, 0xFF})
	c.reset()
	return c
}

// ATR is the answer to reset: T=1, and MyEID in its historical bytes.
func (c *Card) ATR() []byte {
	atr := append([]byte{0x3B, 0xF5, 0x18, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45}, "MyEID"...)
	sum := byte(0)
	for _, b := range atr[1:] {
		sum ^= b
	}
	return append(atr, sum)
}

// Reset takes the power away for a moment.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset()
}

func (c *Card) reset() {
	c.volatile = volatile{current: mf, folder: mf, verified: map[byte]bool{}, parts: map[byte][]byte{}}
}

// Transmit answers one APDU.
func (c *Card) Transmit(raw []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, sw := c.answer(raw)
	return binary.BigEndian.AppendUint16(data, uint16(sw))
}

func (c *Card) answer(raw []byte) ([]byte, int) {
	cmd, ok := vcard.ParseCommand(raw)
	if !ok {
		return nil, swLength
	}
	if cmd.INS == 0xC0 {
		return c.more(cmd.Le)
	}
	c.waiting = nil
	switch cmd.CLA {
	case 0x10: // more of the command comes
		c.chain = append(c.chain, cmd.Data...)
		return nil, swOK
	case 0x00, 0xA0:
		cmd.Data, c.chain = append(c.chain, cmd.Data...), nil
	default:
		return nil, swUnknownClass
	}
	data, sw := c.execute(cmd)
	if sw != swOK || len(data) == 0 {
		return data, sw
	}
	c.waiting = data
	if cmd.Le == 0 {
		return nil, swMore | min(len(data), 0xFF)
	}
	return c.more(cmd.Le)
}

// more gives as much of a response as is asked for.
func (c *Card) more(le int) ([]byte, int) {
	if c.waiting == nil {
		return nil, swConditions
	}
	n := min(len(c.waiting), max(le, 1))
	out := slices.Clone(c.waiting[:n])
	if c.waiting = c.waiting[n:]; len(c.waiting) > 0 {
		return out, swMore | min(len(c.waiting), 0xFF)
	}
	c.waiting = nil
	return out, swOK
}

func (c *Card) execute(cmd vcard.Command) ([]byte, int) {
	switch cmd.INS {
	case 0xA4:
		return c.selectFile(cmd)
	case 0xB0:
		return c.readBinary(cmd)
	case 0xD6:
		return nil, c.updateBinary(cmd)
	case 0xE0:
		return nil, c.createFile(cmd)
	case 0xE4:
		return nil, c.deleteFile()
	case 0x44:
		c.state.Active = true
		return nil, swOK
	case 0xDA:
		return nil, c.putData(cmd)
	case 0xCA:
		return c.getData(cmd)
	case 0x20:
		return nil, c.verify(cmd)
	case 0x24:
		return nil, c.change(cmd)
	case 0x2C:
		return nil, c.resetCounter(cmd)
	case 0x2E:
		return nil, c.forget(cmd)
	case 0x46:
		return nil, c.generate(cmd)
	case 0x22:
		return nil, c.setEnvironment(cmd)
	case 0x2A:
		return c.perform(cmd)
	case 0x86:
		return c.agree(cmd)
	case 0x84:
		out := make([]byte, min(cmd.Le, 256))
		_, _ = rand.Read(out)
		return out, swOK
	}
	return nil, swUnknownCommand
}

// putData writes what is no file: the applet, a PIN, a part of a key.
func (c *Card) putData(cmd vcard.Command) int {
	switch {
	case cmd.P1 != 0x01:
		return swParameters
	case cmd.P2 == 0xE0:
		return c.initialise(cmd.Data)
	case cmd.P2 >= 0x01 && cmd.P2 <= maxPIN:
		return c.createPIN(cmd.P2, cmd.Data)
	case cmd.P2 >= 0x80 && cmd.P2 <= 0x89:
		return c.loadKey(cmd.P2, cmd.Data)
	}
	return swNoReference
}

// Applet version 4.0.1: RSA, EC, no keys that are wrapped.
var version = []byte{4, 0, 1}

// Capabilities: a version, RSA and EC (bits 0 and 3), and the longest key of RSA,
// DES, AES and EC.
var capabilities = []byte{1, 0, 0x09, 0x10, 0x00, 0, 0, 0, 0, 0x02, 0x09}

// getData reads what is no file.
func (c *Card) getData(cmd vcard.Command) ([]byte, int) {
	if cmd.P1 != 0x01 {
		return nil, swParameters
	}
	switch cmd.P2 {
	case 0xA0:
		out := append([]byte{0x4D, 0x79, 0x45, 0x49, 0x44}, version...)
		out = append(out, c.state.Serial...)
		return binary.BigEndian.AppendUint16(out, c.state.Changes), swOK
	case 0xAA:
		return capabilities, swOK
	case 0xA1:
		return c.list(), swOK
	case 0x01, 0x02, 0x86:
		return c.publicKey(cmd.P2)
	}
	return nil, swNoReference
}

// initialise erases the card and gives its two folders their access conditions.
func (c *Card) initialise(data []byte) int {
	if len(data) != 8 {
		return swLength
	}
	if !c.allowed(c.state.Files[mf].Access[1] >> 4) {
		return swSecurity
	}
	c.state.erase([6]byte(data[2:]))
	c.reset()
	return swOK
}
