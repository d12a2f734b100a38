package ast

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how the bytes of a description stand for characters.
type Encoding int

// The encodings that a description may have.
const (
	UTF8 Encoding = iota
	UTF8BOM
	UTF16LE // with byte order mark
	UTF16BE // with byte order mark
	Windows1252
)

// String gives the usual name of the encoding.
func (e Encoding) String() string {
	return [...]string{"UTF-8", "UTF-8 with BOM", "UTF-16LE", "UTF-16BE", "Windows-1252"}[e]
}

var (
	bomUTF8    = []byte{0xEF, 0xBB, 0xBF}
	bomUTF16LE = []byte{0xFF, 0xFE}
	bomUTF16BE = []byte{0xFE, 0xFF}
)

// Decode reads the characters of raw. It never fails: UTF-8 and UTF-16 are
// taken only where encoding the text again gives raw back, and Windows-1252,
// in which every byte is a character, takes the rest.
func Decode(raw []byte) (string, Encoding) {
	switch {
	case bytes.HasPrefix(raw, bomUTF8) && utf8.Valid(raw):
		return string(raw[len(bomUTF8):]), UTF8BOM
	case bytes.HasPrefix(raw, bomUTF16LE):
		if text := decodeUTF16(raw[2:], binary.LittleEndian); bytes.Equal(Encode(text, UTF16LE), raw) {
			return text, UTF16LE
		}
	case bytes.HasPrefix(raw, bomUTF16BE):
		if text := decodeUTF16(raw[2:], binary.BigEndian); bytes.Equal(Encode(text, UTF16BE), raw) {
			return text, UTF16BE
		}
	case utf8.Valid(raw):
		return string(raw), UTF8
	}
	var b strings.Builder
	b.Grow(len(raw))
	for _, c := range raw {
		b.WriteRune(fromWindows1252(c))
	}
	return b.String(), Windows1252
}

// Encode is the inverse of [Decode]. A character that Windows-1252 does not
// have becomes a question mark; a text that came from Decode has none.
func Encode(text string, e Encoding) []byte {
	switch e {
	case UTF8BOM:
		return append(bytes.Clone(bomUTF8), text...)
	case UTF16LE:
		return encodeUTF16(text, bomUTF16LE, binary.LittleEndian)
	case UTF16BE:
		return encodeUTF16(text, bomUTF16BE, binary.BigEndian)
	case Windows1252:
		out := make([]byte, 0, len(text))
		for _, r := range text {
			out = append(out, toWindows1252(r))
		}
		return out
	default:
		return []byte(text)
	}
}

func decodeUTF16(raw []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

func encodeUTF16(text string, bom []byte, order binary.AppendByteOrder) []byte {
	out := bytes.Clone(bom)
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// windows1252 holds the characters of the bytes 0x80 to 0x9F; the other bytes
// are the code points of the same number (WHATWG Encoding Standard, index
// windows-1252, which also gives the five unassigned bytes a character).
var windows1252 = [32]rune{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
}

func fromWindows1252(c byte) rune {
	if c >= 0x80 && c < 0xA0 {
		return windows1252[c-0x80]
	}
	return rune(c)
}

func toWindows1252(r rune) byte {
	if r < 0x80 || r >= 0xA0 && r <= 0xFF {
		return byte(r)
	}
	for i, w := range windows1252 {
		if w == r {
			return byte(0x80 + i)
		}
	}
	return '?'
}
