package host

import (
	"strings"
	"testing"
)

func TestOutputKeepsTheEnd(t *testing.T) {
	var o output
	for i := range 1000 {
		if n, err := o.Write([]byte(strings.Repeat(string(rune('a'+i%26)), 100))); n != 100 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(o.tail) != outputLimit {
		t.Errorf("keeps %d bytes", len(o.tail))
	}
	if n, _ := o.Write([]byte(strings.Repeat("-", 3*outputLimit) + "end")); n != 3*outputLimit+3 {
		t.Errorf("wrote %d", n)
	}
	if s := o.text(); !strings.HasSuffix(s, "-end") || len(s) != outputLimit {
		t.Errorf("text of %d bytes: …%s", len(s), s[len(s)-10:])
	}
	o.forget()
	if o.text() != "" {
		t.Error("forget did not forget")
	}
}

func TestOutputIsSafeOnATerminal(t *testing.T) {
	var o output
	_, _ = o.Write([]byte("a\x1b[31mb\r\n\tc\xff PIN=" + canary + "\x00"))
	if got, want := o.text(pinOf(canary)), "a[31mb c PIN=[redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
