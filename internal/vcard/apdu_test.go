package vcard

import (
	"bytes"
	"testing"
)

func TestParseCommand(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 300)
	for _, c := range []struct {
		raw  []byte
		data []byte
		le   int
	}{
		{[]byte{0, 0xA4, 0, 0}, nil, 0},
		{[]byte{0, 0xB0, 0, 0, 0x10}, nil, 16},
		{[]byte{0, 0xB0, 0, 0, 0}, nil, 256},
		{[]byte{0, 0xA4, 0, 0, 2, 0x3F, 0}, []byte{0x3F, 0}, 0},
		{[]byte{0, 0xA4, 0, 0, 2, 0x3F, 0, 0}, []byte{0x3F, 0}, 256},
		{[]byte{0, 0xB0, 0, 0, 0, 1, 0}, nil, 256},
		{[]byte{0, 0xB0, 0, 0, 0, 0, 0}, nil, 65536},
		{append([]byte{0, 0xD6, 0, 0, 0, 1, 44}, long...), long, 0},
		{append(append([]byte{0, 0x2A, 0, 0, 0, 1, 44}, long...), 0, 5), long, 5},
	} {
		got, ok := ParseCommand(c.raw)
		if !ok || !bytes.Equal(got.Data, c.data) || got.Le != c.le {
			t.Errorf("% x: %+v, %v", c.raw[:min(len(c.raw), 12)], got, ok)
		}
	}
	for _, raw := range [][]byte{nil, {0, 1, 2}, {0, 1, 2, 3, 2, 9}, {0, 1, 2, 3, 1, 9, 9, 9}, {0, 1, 2, 3, 0, 0}, {0, 1, 2, 3, 0, 0, 0, 1}, {0, 1, 2, 3, 0, 0, 1, 9, 9}} {
		if got, ok := ParseCommand(raw); ok {
			t.Errorf("% x is a command: %+v", raw, got)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte{0, 0xA4, 0, 0, 2, 0x3F, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, ok := ParseCommand(raw); ok && (len(c.Data) > len(raw) || c.Le < 0 || c.Le > 65536) {
			t.Errorf("% x: %+v", raw, c)
		}
	})
}
