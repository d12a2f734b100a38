package host

import (
	"strings"
	"testing"

	"inscribe/exec"
)

func TestOutputKeepsTheEnd(t *testing.T) {
	var o output
	for i := range 1000 {
		if n, err := o.Write([]byte(strings.Repeat(string(rune('a'+i%26)), 100))); n != 100 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(o.tail) != outputLimit+MaxSecret {
		t.Errorf("keeps %d bytes", len(o.tail))
	}
	if n, _ := o.Write([]byte(strings.Repeat("-", 5*outputLimit) + "end")); n != 5*outputLimit+3 {
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
	o.hide([]exec.Credential{pinOf(canary)})
	if got, want := o.text(), "a[31mb c PIN=[redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOutputHidesPINsInParts: half of a PIN may come before the call has its answer, and
// the rest of it after, or be at the edge of what is kept.
func TestOutputHidesPINsInParts(t *testing.T) {
	var o output
	o.hide([]exec.Credential{pinOf(canary), pinOf("7Q")})
	_, _ = o.Write([]byte("the PIN is " + canary[:6]))
	if got, want := o.text(), "the PIN is [redacted]"; got != want {
		t.Errorf("the first half shows as %q, want %q", got, want)
	}
	o.forget()
	_, _ = o.Write([]byte(canary[6:] + " and then"))
	if got, want := o.text(), "[redacted] and then"; got != want {
		t.Errorf("the second half shows as %q, want %q", got, want)
	}
	_, _ = o.Write([]byte(canary + strings.Repeat("-", outputLimit-3)))
	if got, want := o.text(), "[redacted]---"; !strings.HasPrefix(got, want) {
		t.Errorf("the edge shows as %.30q, want %q", got, want)
	}
	o.end()
	_, _ = o.Write([]byte("late " + canary))
	if got := o.text(); got != "" {
		t.Errorf("after the end: %q", got)
	}
}
