package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"inscribe/exec"
)

func TestPINIsInNoWireTypeAndNoBuffer(t *testing.T) {
	var pipe bytes.Buffer
	sender := newConn(strings.NewReader(""), &pipe)
	req := &Request{Method: MethodSetPIN}
	if err := sender.sendRequest(req, pinOf(canary), pinOf(canary+"2")); err != nil {
		t.Fatal(err)
	}
	if err := sender.sendRequest(&Request{Method: MethodLogin}, exec.Credential{PINPad: true}, exec.Credential{}); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pipe.Bytes(), []byte(canary)); n != 2 {
		t.Fatalf("the PIN crosses the pipe %d times", n)
	}
	j, _ := json.Marshal(req)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", req, req, req), string(j)} {
		if strings.Contains(s, canary) || strings.Contains(s, fmt.Sprintf("%x", canary)) {
			t.Errorf("the PIN shows in %s", s)
		}
	}

	receiver := newConn(&pipe, io.Discard)
	got, pin, newPIN, err := receiver.receiveRequest()
	if err != nil || got.Method != MethodSetPIN || string(pin.Secret.Reveal()) != canary || string(newPIN.Secret.Reveal()) != canary+"2" {
		t.Fatalf("received %v, %v", got, err)
	}
	got, pin, newPIN, err = receiver.receiveRequest()
	if err != nil || got.Method != MethodLogin || !pin.PINPad || pin.Secret.IsSet() || newPIN.Secret.IsSet() {
		t.Fatalf("received %v, %v", got, err)
	}
	if bytes.Contains(receiver.in.buf[:], []byte("canary")) {
		t.Error("the reader keeps the PIN")
	}
	if s := fmt.Sprintf("%v%+v", pin, newPIN); strings.Contains(s, canary) {
		t.Error("the credential shows the PIN")
	}
	if _, _, _, err := receiver.receiveRequest(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestImpossiblePINLengthIsAnError(t *testing.T) {
	for _, n := range []int{-1, MaxSecret + 1} {
		var pipe bytes.Buffer
		sender := newConn(strings.NewReader(""), &pipe)
		if err := sender.send(&Request{Method: MethodLogin, PIN: SecretHeader{Given: true, Len: n}}); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := newConn(&pipe, io.Discard).receiveRequest(); err == nil {
			t.Errorf("length %d was taken", n)
		}
	}
}

func TestEveryMethodHasACall(t *testing.T) {
	for m := MethodLoad; m <= MethodFinalize; m++ {
		if !strings.HasPrefix(m.String(), "C_") {
			t.Errorf("method %d is called %q", m, m)
		}
	}
}
