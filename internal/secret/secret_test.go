package secret

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "9c4a71Y-canary"

type holder struct {
	Public  Secret
	private Secret
	Pointer *Secret
	Map     map[string]Secret
	Slice   []Secret
}

func newHolder() holder {
	s := FromString(canary)
	return holder{s, s, &s, map[string]Secret{"k": s}, []Secret{s}}
}

func TestNoPrinterShowsTheValue(t *testing.T) {
	h := newHolder()
	var outputs []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T"} {
		outputs = append(outputs, fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, h.Public), fmt.Sprintf(verb, h.Slice))
	}
	outputs = append(outputs, fmt.Errorf("login: %w", fmt.Errorf("%v", h.private)).Error())
	j, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	outputs = append(outputs, string(j))
	x, err := xml.Marshal(h.Public)
	if err != nil {
		t.Fatal(err)
	}
	outputs = append(outputs, string(x))
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "secret", h.Public, "holder", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "secret", h.Public, "holder", h)
	outputs = append(outputs, log.String())
	var g bytes.Buffer
	if err := gob.NewEncoder(&g).Encode(h.Public); err == nil {
		outputs = append(outputs, g.String())
	}
	hexed := fmt.Sprintf("%x", canary)
	for _, out := range outputs {
		if strings.Contains(out, canary) || strings.Contains(strings.ToLower(out), hexed) || strings.Contains(out, fmt.Sprint([]byte(canary))) {
			t.Errorf("the secret shows in %q", out)
		}
	}
	if !strings.Contains(string(j), Redacted) {
		t.Errorf("JSON does not say that it was redacted: %s", j)
	}
}

func TestWipeReachesCopies(t *testing.T) {
	raw := []byte(canary)
	a := New(raw)
	b := a
	a.Wipe()
	if b.Len() != 0 || bytes.Contains(raw, []byte("canary")) {
		t.Fatalf("after Wipe the copy has %d bytes and the buffer is %q", b.Len(), raw)
	}
}

func TestEqualTellsGivenFromNothing(t *testing.T) {
	if (Secret{}).Equal(FromString("")) {
		t.Error("nothing given equals an empty secret")
	}
	if !FromString("1234").Equal(New([]byte("1234"))) || FromString("1234").Equal(FromString("1235")) {
		t.Error("Equal does not compare the bytes")
	}
}
