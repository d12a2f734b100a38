package percent

import (
	"net/url"
	"testing"
)

func TestDecode(t *testing.T) {
	for s, want := range map[string]string{"": "", "a": "a", "%41b%c3%A4%": "", "%41b%c3%A4": "Abä", "%4": "", "%zz": "", "%00": "\x00", "a+b": "a+b"} {
		got, err := Decode(s)
		if plain, bad := url.PathUnescape(s); got != want || got != plain || (err == nil) != (bad == nil) {
			t.Errorf("%q: %q, %v, want %q; net/url has %q, %v", s, got, err, want, plain, bad)
		}
	}
}

func TestEncode(t *testing.T) {
	var all string
	for b := range 256 {
		all += string([]byte{byte(b)})
	}
	if got, want := Encode(all, "$&+:=@"), url.PathEscape(all); got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if got, want := Encode(all, "$&+,/:;=@"), (&url.URL{Scheme: "file", Path: "/" + all}).String(); "file:///"+got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if back, err := Decode(Encode(all, "")); back != all || err != nil {
		t.Errorf("%q, %v", back, err)
	}
}
