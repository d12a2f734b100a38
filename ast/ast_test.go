package ast

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestEveryByteSequenceSurvives(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for name, c := range map[string]struct {
		raw  []byte
		want Encoding
	}{
		"ascii":            {[]byte("PIN=1\r\n"), UTF8},
		"utf-8":            {[]byte("L=#Schlüssel\n"), UTF8},
		"utf-8 with mark":  {append([]byte{0xEF, 0xBB, 0xBF}, "L=ü"...), UTF8BOM},
		"utf-16 little":    {Encode("L=#ü😀\r\n", UTF16LE), UTF16LE},
		"utf-16 big":       {Encode("L=#ü😀\r\n", UTF16BE), UTF16BE},
		"windows-1252":     {[]byte("L=#Schl\xfcssel \x80\n"), Windows1252},
		"every byte":       {all, Windows1252},
		"half a unit":      {[]byte{0xFF, 0xFE, 0x41}, Windows1252},
		"a lone surrogate": {[]byte{0xFF, 0xFE, 0x00, 0xD8}, Windows1252},
		"nothing":          {nil, UTF8},
	} {
		text, got := Decode(c.raw)
		if got != c.want {
			t.Errorf("%s is read as %s", name, got)
		}
		if !utf8.ValidString(text) {
			t.Errorf("%s: the text is no valid UTF-8", name)
		}
		if back := Encode(text, got); !bytes.Equal(back, c.raw) {
			t.Errorf("%s comes back as %q", name, back)
		}
	}
	if text, _ := Decode([]byte("\x80\xfc\xff\xfe")); text != "€üÿþ" {
		t.Errorf("Windows-1252 reads as %q", text)
	}
}

func TestPositions(t *testing.T) {
	text := "aü😀b\r\nc\rd\n"
	table := NewLineTable(text)
	if table.Lines() != 4 {
		t.Fatalf("%d lines", table.Lines())
	}
	for offset, want := range map[int]Position{0: {1, 1}, 1: {1, 2}, 3: {1, 3}, 7: {1, 4}, 10: {2, 1}, 12: {3, 1}, 14: {4, 1}, 99: {4, 1}, -5: {1, 1}} {
		if got := table.Position(offset); got != want {
			t.Errorf("offset %d is at %v, want %v", offset, got, want)
		}
	}
	for i := 0; i <= len(text); i++ {
		if !utf8.RuneStart((text + "x")[i]) || i > 0 && text[i-1] == '\r' && i < len(text) && text[i] == '\n' {
			continue
		}
		if p := table.Position(i); table.Offset(p) != i && text[i-1] != '\r' {
			t.Errorf("offset %d is at %v, and that is offset %d", i, p, table.Offset(p))
		}
	}
	if span := table.LineSpan(0); text[span.Start:span.End] != "aü😀b" {
		t.Errorf("the first line is %q", text[span.Start:span.End])
	}
	if got := table.Offset(Position{1, 99}); got != 8 {
		t.Errorf("a column past the end is offset %d", got)
	}
}
