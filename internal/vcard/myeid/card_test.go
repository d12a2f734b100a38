package myeid

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// bench talks to a card in APDUs.
type bench struct {
	*testing.T
	*Card
}

// The values of the test card: PIN 1 for users, 2 for signatures, 3 for the SO.
var (
	pins = map[byte]string{1: "1234", 2: "5678", 3: "12345678"}
	puks = map[byte]string{1: "11112222", 2: "33334444", 3: "87654321"}
)

func pad(value string) []byte {
	return append([]byte(value), bytes.Repeat([]byte{0xFF}, block-len(value))...)
}

// newBench is a card with three PINs, its folder open to PIN 1, activated.
func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{t, New([10]byte{1, 2, 3})}
	b.want(swOK, 0, 0xDA, 1, 0xE0, []byte{0xFF, 0xFF, 0x11, 0x3F, 0xFF, 0x11, 0x1F, 0xFF})
	for _, ref := range []byte{1, 2, 3} {
		b.want(swOK, 0, 0xDA, 1, ref, append(append(pad(pins[ref]), pad(puks[ref])...), 3, 10, 0))
	}
	b.want(swOK, 0, 0x44, 4, 0, aid)
	return b
}

// send sends a command; le is the expected length, 256 for all.
func (b bench) send(cla, ins, p1, p2 byte, data []byte, le int) ([]byte, int) {
	b.Helper()
	raw := []byte{cla, ins, p1, p2}
	if len(data) > 0 {
		raw = append(append(raw, byte(len(data))), data...)
	}
	if le > 0 {
		raw = append(raw, byte(le))
	}
	answer := b.Transmit(raw)
	var out []byte
	for {
		sw := int(binary.BigEndian.Uint16(answer[len(answer)-2:]))
		out = append(out, answer[:len(answer)-2]...)
		if sw&0xFF00 != swMore {
			return out, sw
		}
		answer = b.Transmit([]byte{0, 0xC0, 0, 0, byte(sw)})
	}
}

// want demands a status word.
func (b bench) want(sw int, cla, ins, p1, p2 byte, data []byte) {
	b.Helper()
	if _, got := b.send(cla, ins, p1, p2, data, 0); got != sw {
		b.Errorf("%02x %02x %02x %02x: %04x, want %04x", cla, ins, p1, p2, got, sw)
	}
}

// get demands 9000 and gives the data.
func (b bench) get(ins, p1, p2 byte, data []byte) []byte {
	b.Helper()
	out, sw := b.send(0, ins, p1, p2, data, 256)
	if sw != swOK {
		b.Fatalf("%02x %02x %02x: %04x", ins, p1, p2, sw)
	}
	return out
}

func (b bench) login(refs ...byte) {
	b.Helper()
	for _, ref := range refs {
		b.want(swOK, 0, 0x20, 0, ref, pad(pins[ref]))
	}
}

// template is the CREATE FILE template of a file.
func template(kind byte, id uint16, size int, access [3]byte, once byte) []byte {
	tag := byte(0x80)
	if kind != kindData && kind != kindFolder {
		tag = 0x81
	}
	body := []byte{tag, 2, byte(size >> 8), byte(size), 0x82, 1, kind, 0x83, 2, byte(id >> 8), byte(id),
		0x86, 3, access[0], access[1], access[2], 0x85, 2, once << 4, 0, 0x8A, 1, 0}
	return append([]byte{0x62, byte(len(body))}, body...)
}

func (b bench) choose(sw int, path ...byte) {
	b.Helper()
	b.want(sw, 0, 0xA4, 8, 0x0C, path)
}

// sign has the key of a file 4Bxx on P-256 sign, and gives the status.
func (b bench) sign(id byte) int {
	b.Helper()
	b.want(swOK, 0, 0x22, 0x41, 0xB6, []byte{0x80, 1, algorithmEC, 0x81, 2, 0x4B, id})
	_, sw := b.send(0, 0x2A, 0x9E, 0x9A, make([]byte, 32), 256)
	return sw
}

// makeKey makes a key file behind a PIN, and generates a key in it.
func (b bench) makeKey(kind byte, id uint16, size int, pin, once byte) {
	b.Helper()
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kind, id, size, [3]byte{pin<<4 | pin, pin<<4 | pin, 0xFF}, once))
	if kind == kindRSA {
		b.want(swOK, 0, 0x46, 0, 0, []byte{0x30, 5, 0x81, 3, 1, 0, 1})
	} else {
		b.want(swOK, 0, 0x46, 0, 0, nil)
	}
}

func TestATR(t *testing.T) {
	want := []byte{0x3B, 0xF5, 0x18, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 'M', 'y', 'E', 'I', 'D', 0x9A}
	if got := New([10]byte{}).ATR(); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestAppletInfo(t *testing.T) {
	b := newBench(t)
	info := b.get(0xCA, 1, 0xA0, nil)
	if len(info) != 20 || !bytes.Equal(info[5:8], version) || !bytes.Equal(info[8:18], []byte{1, 2, 3, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("% x", info)
	}
	if caps := b.get(0xCA, 1, 0xAA, nil); len(caps) != 11 || binary.BigEndian.Uint16(caps[3:]) != 4096 || binary.BigEndian.Uint16(caps[9:]) != 521 {
		t.Errorf("% x", caps)
	}
	before := binary.BigEndian.Uint16(info[18:])
	b.login(1)
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindData, 0x4401, 10, [3]byte{0x01, 0x1F, 0xFF}, 0))
	if after := binary.BigEndian.Uint16(b.get(0xCA, 1, 0xA0, nil)[18:]); after == before {
		t.Error("a change is not counted")
	}
	b.want(swUnknownCommand, 0, 0x99, 0, 0, nil)
	b.want(swUnknownClass, 0x80, 0xA4, 0, 0, nil)
	b.want(swNoReference, 0, 0xCA, 1, 0x77, nil)
}

func TestFiles(t *testing.T) {
	b := newBench(t)
	b.choose(swNotFound, 0x50, 0x15, 0x44, 0x01)
	b.want(swOK, 0, 0xA4, 4, 0x0C, aid)
	file := template(kindData, 0x4401, 20, [3]byte{0x01, 0x3F, 0xFF}, 0)
	b.want(swSecurity, 0, 0xE0, 0, 0, file)
	b.login(1)
	b.want(swOK, 0, 0xE0, 0, 0, file)
	b.want(swExists, 0, 0xE0, 0, 0, file)
	if fci := b.get(0xA4, 8, 0, []byte{0x50, 0x15, 0x44, 0x01}); !bytes.Equal(fci, []byte{0x6F, 23, 0x80, 2, 0, 20, 0x82, 1, 1, 0x83, 2, 0x44, 1, 0x85, 2, 0, 0, 0x86, 3, 1, 0x3F, 0xFF, 0x8A, 1, 7}) {
		t.Errorf("% x", fci)
	}
	b.want(swOK, 0, 0xD6, 0, 5, []byte("hello"))
	if got := b.get(0xB0, 0, 4, nil); !bytes.Equal(got, append([]byte("\x00hello"), make([]byte, 10)...)) {
		t.Errorf("%q", got)
	}
	if got, sw := b.send(0, 0xB0, 0, 5, nil, 3); sw != swOK || string(got) != "hel" {
		t.Errorf("%q %04x", got, sw)
	}
	b.want(swOffset, 0, 0xD6, 0, 18, []byte("abc"))
	if _, sw := b.send(0, 0xB0, 0, 20, nil, 1); sw != swOffset {
		t.Errorf("%04x", sw)
	}
	if ids := b.get(0xCA, 1, 0xA1, nil); !bytes.Equal(ids, []byte{0x44, 1}) {
		t.Errorf("% x", ids)
	}
	// From the folder, by identifier, and up again.
	b.want(swOK, 0, 0xA4, 3, 0x0C, nil)
	b.want(swNotFound, 0, 0xA4, 0, 0x0C, []byte{0x44, 1})
	b.want(swOK, 0, 0xA4, 0, 0x0C, []byte{0x50, 0x15})
	b.want(swOK, 0, 0xA4, 0, 0x0C, []byte{0x44, 1})
	b.want(swOK, 0, 0xA4, 9, 0x0C, []byte{0x44, 1})
	// Deleting wants the SO.
	b.want(swSecurity, 0xA0, 0xE4, 0, 0, nil)
	b.login(3)
	b.want(swOK, 0xA0, 0xE4, 0, 0, nil)
	b.choose(swNotFound, 0x50, 0x15, 0x44, 0x01)
	// What a reset takes away.
	b.Reset()
	b.want(swOK, 0, 0xA4, 4, 0x0C, aid)
	b.want(swSecurity, 0, 0xE0, 0, 0, file)
	for _, bad := range [][]byte{nil, {0x62, 1}, {0x62, 0}, {0x61, 0}, {0x62, 3, 0x82, 1, 0x77}} {
		b.want(swData, 0, 0xE0, 0, 0, bad)
	}
}

// TestAccess tries each operation of a file against each condition.
func TestAccess(t *testing.T) {
	for condition, logins := range map[byte][]byte{0: nil, 1: {1}, 2: {2}, 0x0F: {1, 2, 3}} {
		b := newBench(t)
		b.login(1)
		b.choose(swOK, 0x50, 0x15)
		b.want(swOK, 0, 0xE0, 0, 0, template(kindData, 0x4402, 8, [3]byte{condition<<4 | condition, condition << 4, 0xFF}, 0))
		b.Reset()
		b.choose(swOK, 0x50, 0x15, 0x44, 0x02)
		want := swSecurity
		if condition == 0 {
			want = swOK
		}
		for range 2 {
			if _, sw := b.send(0, 0xB0, 0, 0, nil, 1); sw != want {
				t.Errorf("condition %x: read %04x, want %04x", condition, sw, want)
			}
			b.want(want, 0, 0xD6, 0, 0, []byte{1})
			b.login(logins...)
			if condition != 0x0F {
				want = swOK
			}
		}
		b.want(want, 0xA0, 0xE4, 0, 0, nil)
	}
}

func TestPINs(t *testing.T) {
	b := newBench(t)
	b.want(swTriesLeft|3, 0, 0x20, 0, 1, nil)
	b.want(swTriesLeft|2, 0, 0x20, 0, 1, pad("0000"))
	b.login(1)
	b.want(swOK, 0, 0x20, 0, 1, nil)
	if tries, _ := b.Tries(1); tries != 3 {
		t.Errorf("%d tries after a good login", tries)
	}
	// A wrong one logs out.
	b.want(swTriesLeft|2, 0, 0x20, 0, 1, pad("0000"))
	b.want(swTriesLeft|2, 0, 0x20, 0, 1, nil)
	b.want(swLength, 0, 0x20, 0, 1, []byte("1234"))
	b.want(swNoReference, 0, 0x20, 0, 9, pad("1234"))

	// Change by the old one.
	b.want(swTriesLeft|1, 0, 0x24, 0, 1, append(pad("9999"), pad("2468")...))
	b.want(swOK, 0, 0x24, 0, 1, append(pad("1234"), pad("2468")...))
	b.want(swTriesLeft|3, 0, 0x20, 0, 1, nil)
	b.want(swOK, 0, 0x20, 0, 1, pad("2468"))

	// Lock it. The other PIN has a counter of its own.
	for _, sw := range []int{swTriesLeft | 2, swTriesLeft | 1, swBlocked, swBlocked} {
		b.want(sw, 0, 0x20, 0, 1, pad("0000"))
	}
	b.want(swBlocked, 0, 0x20, 0, 1, pad("2468"))
	b.want(swBlocked, 0, 0x20, 0, 1, nil)
	b.want(swBlocked, 0, 0x24, 0, 1, append(pad("2468"), pad("1234")...))
	b.login(2)
	if pin, puk := b.Tries(1); pin != 0 || puk != 10 {
		t.Errorf("%d %d", pin, puk)
	}

	// The PUK of the other PIN does not open it, its own does.
	b.want(swTriesLeft|9, 0, 0x2C, 0, 1, append(pad("33334444"), pad("1357")...))
	b.want(swOK, 0, 0x2C, 0, 1, append(pad("11112222"), pad("1357")...))
	b.want(swOK, 0, 0x20, 0, 1, pad("1357"))
	if pin, puk := b.Tries(1); pin != 3 || puk != 10 {
		t.Errorf("%d %d", pin, puk)
	}
	for left := 9; left > 0; left-- {
		b.want(swTriesLeft|left, 0, 0x2C, 0, 2, append(pad("00000000"), pad("1357")...))
	}
	for range 2 {
		b.want(swBlocked, 0, 0x2C, 0, 2, append(pad("00000000"), pad("1357")...))
	}
	b.want(swBlocked, 0, 0x2C, 0, 2, append(pad("33334444"), pad("1357")...))

	// Log out of one, of all.
	b.login(2, 3)
	b.want(swOK, 0, 0x2E, 0, 2, nil)
	b.want(swTriesLeft|3, 0, 0x20, 0, 2, nil)
	b.want(swOK, 0, 0x20, 0, 3, nil)
	b.want(swOK, 0, 0x2E, 0, 0, nil)
	b.want(swTriesLeft|3, 0, 0x20, 0, 3, nil)
	// No more PINs once it is activated.
	b.want(swConditions, 0, 0xDA, 1, 4, append(append(pad("1234"), pad("1234")...), 3, 10, 0))
}

// TestUnblockBySO: under the SO PIN and without a PUK, if the card allows it.
func TestUnblockBySO(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		b := newBench(t)
		b.UnblockBySO = allowed
		b.want(swSecurity, 0, 0x2C, 2, 1, pad("1357"))
		b.login(3)
		want := swSecurity
		if allowed {
			want = swOK
		}
		b.want(want, 0, 0x2C, 2, 1, pad("1357"))
		_, sw := b.send(0, 0x20, 0, 1, pad("1357"), 0)
		if (sw == swOK) != allowed {
			t.Errorf("allowed %v: %04x", allowed, sw)
		}
	}
}

func TestRSA(t *testing.T) {
	for _, bits := range []int{2048, 3072} {
		b := newBench(t)
		b.login(1)
		b.makeKey(kindRSA, 0x4B01, bits, 1, 0)
		n := new(big.Int).SetBytes(b.get(0xCA, 1, 1, nil))
		public := &rsa.PublicKey{N: n, E: int(new(big.Int).SetBytes(b.get(0xCA, 1, 2, nil)).Int64())}
		if n.BitLen() != bits || public.E != 65537 {
			t.Fatalf("%d bits, exponent %d", n.BitLen(), public.E)
		}
		hash := sha256.Sum256([]byte("text"))
		info := append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, hash[:]...)
		b.want(swOK, 0, 0x22, 0x41, 0xB6, []byte{0x80, 1, algorithmPKCS1, 0x81, 2, 0x4B, 1, 0x84, 1, 0})
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, hash[:], b.get(0x2A, 0x9E, 0x9A, info)); err != nil {
			t.Errorf("%d: %v", bits, err)
		}

		// Decipher: as a whole by chaining, or in two halves.
		secret, err := rsa.EncryptPKCS1v15(rand.Reader, public, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		b.want(swOK, 0, 0x22, 0x41, 0xB8, []byte{0x80, 1, algorithmPKCS1, 0x81, 2, 0x4B, 1})
		b.want(swOK, 0x10, 0x2A, 0x80, 0x86, append([]byte{0}, secret[:200]...))
		if got := b.get(0x2A, 0x80, 0x86, secret[200:]); string(got) != "secret" {
			t.Errorf("%d: %q", bits, got)
		}
		b.want(swOK, 0, 0x2A, 0x80, 0x86, append([]byte{0x81}, secret[:len(secret)/2]...))
		if got := b.get(0x2A, 0x80, 0x86, append([]byte{0x82}, secret[len(secret)/2:]...)); string(got) != "secret" {
			t.Errorf("%d: %q", bits, got)
		}
		b.want(swConditions, 0, 0x2A, 0x80, 0x86, append([]byte{0x82}, secret[len(secret)/2:]...))
		b.want(swOK, 0, 0x22, 0x41, 0xB8, []byte{0x80, 1, algorithmRaw, 0x81, 2, 0x4B, 1})
		b.want(swOK, 0x10, 0x2A, 0x80, 0x86, append([]byte{0}, secret[:200]...))
		if got := b.get(0x2A, 0x80, 0x86, secret[200:]); len(got) != bits/8 || !bytes.HasSuffix(got, []byte("\x00secret")) || got[1] != 2 {
			t.Errorf("%d: % x", bits, got)
		}
	}
}

func TestEC(t *testing.T) {
	for size, curve := range curves {
		b := newBench(t)
		b.login(1)
		b.makeKey(kindEC, 0x4B01, size, 1, 0)
		tlv := b.get(0xCA, 1, 0x86, nil)
		length := 1 + 2*((size+7)/8)
		public, err := ecdsa.ParseUncompressedPublicKey(curve, tlv[len(tlv)-length:])
		if err != nil || tlv[0] != 0x86 {
			t.Fatalf("%d: % x, %v", size, tlv, err)
		}
		// The digest as OpenSC sends it: to the length of the field, zeros in front.
		hash := sha256.Sum256([]byte(fmt.Sprint(size)))
		padded := append(make([]byte, (size+7)/8-len(hash)), hash[:]...)
		b.want(swOK, 0, 0x22, 0x41, 0xB6, []byte{0x80, 1, algorithmEC, 0x81, 2, 0x4B, 1, 0x84, 1, 0})
		if !ecdsa.VerifyASN1(public, hash[:], b.get(0x2A, 0x9E, 0x9A, padded)) {
			t.Errorf("%d: the signature is wrong", size)
		}
		other, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		mine, err := other.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		b.want(swOK, 0, 0x22, 0x41, 0xA4, []byte{0x80, 1, algorithmEC, 0x81, 2, 0x4B, 1})
		point := mine.PublicKey().Bytes()
		var theirs *ecdh.PublicKey
		if theirs, err = public.ECDH(); err != nil {
			t.Fatal(err)
		}
		want, err := mine.ECDH(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.get(0x86, 0, 0, append([]byte{0x7C, byte(len(point) + 2), 0x85, byte(len(point))}, point...)); !bytes.Equal(got, want) {
			t.Errorf("%d: another secret", size)
		}
	}
}

// TestKeyAccess: a key answers to its own PIN, and one of single use to it once.
func TestKeyAccess(t *testing.T) {
	b := newBench(t)
	b.login(1, 2)
	b.makeKey(kindEC, 0x4B01, 256, 2, 0)
	b.makeKey(kindEC, 0x4B02, 256, 2, 2)
	b.Reset()
	for _, step := range []struct {
		login byte
		key   byte
		want  int
	}{{1, 1, swSecurity}, {2, 1, swOK}, {0, 1, swOK}, {0, 2, swOK}, {0, 2, swSecurity}, {0, 1, swSecurity}, {2, 2, swOK}, {0, 2, swSecurity}} {
		if step.login != 0 {
			b.login(step.login)
		}
		if got := b.sign(step.key); got != step.want {
			t.Errorf("%+v: %04x", step, got)
		}
	}
	b.want(swNotFound, 0, 0x22, 0x41, 0xB6, []byte{0x80, 1, 4, 0x81, 2, 0x4B, 9})
	// A key without its value, and a file that is none.
	b.login(1)
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindEC, 0x4B03, 256, [3]byte{0, 0, 0xFF}, 0))
	if got := b.sign(3); got != swConditions {
		t.Errorf("%04x", got)
	}
	b.choose(swOK, 0x50, 0x15)
	b.want(swNoFile, 0, 0x46, 0, 0, nil)
}

// TestSwappedGuards: with the fault on, the key of PIN 2 answers to PIN 1.
func TestSwappedGuards(t *testing.T) {
	b := newBench(t)
	b.SwapGuards(1, 2)
	b.login(1, 2)
	b.makeKey(kindEC, 0x4B01, 256, 2, 2)
	b.Reset()
	for _, step := range []struct {
		login byte
		want  int
	}{{2, swSecurity}, {1, swOK}} {
		b.login(step.login)
		if sw := b.sign(1); sw != step.want {
			t.Errorf("PIN %d: %04x", step.login, sw)
		}
	}
}

// TestGuardedByAnother: with the fault on, the key of PIN 2 answers to PIN 1 alone,
// or to anybody, and that of PIN 1 to PIN 1.
func TestGuardedByAnother(t *testing.T) {
	for by, want := range map[byte][3]int{1: {swSecurity, swSecurity, swOK}, 0: {swOK, swOK, swOK}} {
		b := newBench(t)
		b.GuardBy(2, by)
		b.login(1, 2)
		b.makeKey(kindEC, 0x4B01, 256, 2, 0)
		b.makeKey(kindEC, 0x4B02, 256, 1, 0)
		b.Reset()
		for n, login := range []byte{0, 2, 1} {
			if login != 0 {
				b.login(login)
			}
			if got := b.sign(1); got != want[n] {
				t.Errorf("guarded by %d, after a login by %d: %04x", by, login, got)
			}
		}
		b.Reset()
		if b.sign(2) != swSecurity {
			t.Error("the key of PIN 1 is open")
		}
		b.login(1)
		if b.sign(2) != swOK {
			t.Error("the key of PIN 1 is closed")
		}
	}
}

func TestImport(t *testing.T) {
	b := newBench(t)
	b.login(1)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindRSA, 0x4B01, 2048, [3]byte{0x11, 0x11, 0xFF}, 0))
	load := func(exponent []byte, sw int) {
		for _, part := range []struct {
			tag  byte
			data []byte
		}{{partP, key.Primes[0].Bytes()}, {partQ, key.Primes[1].Bytes()}, {partModulus1, key.N.Bytes()[:128]}, {partModulus2, key.N.Bytes()[128:]}} {
			b.want(swOK, 0, 0xDA, 1, part.tag, part.data)
		}
		b.want(sw, 0, 0xDA, 1, partExponent, exponent)
	}
	load([]byte{2}, swData)
	load([]byte{1, 0, 1}, swOK)
	if got := b.get(0xCA, 1, 1, nil); !bytes.Equal(got, key.N.Bytes()) {
		t.Error("another modulus")
	}

	curve := elliptic.P384()
	ec, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := ec.Bytes()
	point, _ := ec.PublicKey.Bytes()
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindEC, 0x4B02, 384, [3]byte{0x11, 0x11, 0xFF}, 0))
	b.want(swOK, 0, 0xDA, 1, partD, d)
	b.want(swData, 0, 0xDA, 1, partPoint, append([]byte{4}, make([]byte, 96)...))
	b.want(swOK, 0, 0xDA, 1, partD, d)
	b.want(swOK, 0, 0xDA, 1, partPoint, point)
	if got := b.get(0xCA, 1, 0x86, nil); !bytes.HasSuffix(got, point) {
		t.Error("another point")
	}
	// Not without the PIN.
	b.Reset()
	b.choose(swOK, 0x50, 0x15, 0x4B, 0x02)
	b.want(swSecurity, 0, 0xDA, 1, partD, d)
	b.want(swSecurity, 0, 0x46, 0, 0, nil)
}

// TestErase wants the SO, and leaves nothing.
func TestErase(t *testing.T) {
	b := newBench(t)
	b.login(1)
	b.makeKey(kindEC, 0x4B01, 256, 1, 0)
	blank := []byte{0xFF, 0xFF, 0x11, 0x3F, 0xFF, 0x11, 0x1F, 0xFF}
	b.want(swSecurity, 0, 0xDA, 1, 0xE0, blank)
	b.login(3)
	b.want(swOK, 0, 0xDA, 1, 0xE0, blank)
	if ids := b.FileIDs(); !slices.Equal(ids, []uint16{mf, app}) {
		t.Errorf("%x", ids)
	}
	if pin, puk := b.Tries(1); pin != -1 || puk != -1 {
		t.Errorf("%d %d", pin, puk)
	}
	// Until it is activated, all is allowed.
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindData, 0x4401, 8, [3]byte{0xFF, 0xFF, 0xFF}, 0))
	b.want(swOK, 0, 0xD6, 0, 0, []byte{1})
}

func TestRoomEnds(t *testing.T) {
	b := newBench(t)
	b.login(1)
	b.choose(swOK, 0x50, 0x15)
	b.want(swOK, 0, 0xE0, 0, 0, template(kindData, 0x4401, 0xFF00, [3]byte{}, 0))
	b.choose(swOK, 0x50, 0x15)
	b.want(swNoRoom, 0, 0xE0, 0, 0, template(kindData, 0x4402, 0x1000, [3]byte{}, 0))
}

func TestSnapshot(t *testing.T) {
	b := newBench(t)
	b.login(1)
	b.makeKey(kindEC, 0x4B01, 256, 1, 0)
	b.want(swTriesLeft|2, 0, 0x20, 0, 2, pad("0000"))
	point := b.get(0xCA, 1, 0x86, nil)
	picture, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b.choose(swOK, 0x50, 0x15, 0x4B, 0x01)
	b.want(swOK, 0xA0, 0xE4, 0, 0, nil)
	b.login(2)

	other := bench{t, New([10]byte{9})}
	for _, c := range []bench{b, other} {
		if err := c.Restore(picture); err != nil {
			t.Fatal(err)
		}
		c.choose(swOK, 0x50, 0x15, 0x4B, 0x01)
		if got := c.get(0xCA, 1, 0x86, nil); !bytes.Equal(got, point) {
			t.Error("another key")
		}
		c.want(swTriesLeft|2, 0, 0x20, 0, 2, nil)
		c.want(swTriesLeft|3, 0, 0x20, 0, 1, nil)
		c.login(1, 2, 3)
		if got := c.get(0xCA, 1, 0xA0, nil); got[8] != 1 {
			t.Errorf("another serial number: % x", got)
		}
	}
	for _, bad := range []string{"", "{}", `{"files":{"16128":{}}}`} {
		if err := other.Restore([]byte(bad)); err == nil {
			t.Errorf("%q is a card", bad)
		}
	}
	other.SwapPINs(1, 2)
	other.want(swTriesLeft|2, 0, 0x20, 0, 1, pad("1234"))
	other.want(swOK, 0, 0x20, 0, 1, pad("5678"))
}

// FuzzTransmit: no command makes the card panic, and each answer has a status
// word.
func FuzzTransmit(f *testing.F) {
	for _, ins := range []byte{0xA4, 0xB0, 0xD6, 0xE0, 0xE4, 0x44, 0xDA, 0xCA, 0x20, 0x24, 0x2C, 0x2E, 0x46, 0x22, 0x2A, 0x86, 0x84, 0xC0} {
		f.Add([]byte{0, ins, 1, 1, 2, 0x50, 0x15, 0}, []byte{0, ins, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := New([10]byte{})
		c.RSA = func(int) (*rsa.PrivateKey, error) { return nil, rsa.ErrVerification }
		for _, raw := range [][]byte{{0, 0xDA, 1, 1, 18, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 3, 3}, append([]byte{0, 0xE0, 0, 0, 25}, template(kindEC, 0x4B01, 256, [3]byte{}, 0)...), first, second, first} {
			if answer := c.Transmit(raw); len(answer) < 2 {
				t.Errorf("% x: % x", raw, answer)
			}
		}
	})
}
