package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"inscribe/lsp"
)

// page is the other end of a port, with the language server behind it.
type page struct {
	t     *testing.T
	port  *port
	posts chan string
	ended chan error
}

func open(t *testing.T) *page {
	p := &page{t: t, posts: make(chan string, 100), ended: make(chan error, 1)}
	p.port = newPort(func(m string) { p.posts <- m })
	go func() { p.ended <- lsp.Serve(context.Background(), p.port, lsp.Options{}) }()
	return p
}

// message is what the tests look at in one.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params struct {
		Version     int `json:"version"`
		Diagnostics []struct {
			Code string `json:"code"`
		} `json:"diagnostics"`
	} `json:"params"`
}

// next gives the next message that is wanted.
func (p *page) next(wanted func(message) bool) message {
	p.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case raw := <-p.posts:
			var m message
			if err := json.Unmarshal([]byte(raw), &m); err != nil {
				p.t.Fatalf("the page got %q: %v", raw, err)
			}
			if wanted(m) {
				return m
			}
		case <-late:
			p.t.Fatal("no answer")
		}
	}
}

func answer(id int) func(message) bool {
	return func(m message) bool { return m.ID == id && m.Method == "" }
}

// TestSession is that of the page: messages without headers, findings of each
// version, the plan and the picture.
func TestSession(t *testing.T) {
	p := open(t)
	p.port.receive(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`)
	p.next(answer(1))
	p.port.receive(`{"jsonrpc":"2.0","method":"initialized","params":{}}`)
	text, _ := json.Marshal("[Description]\nPKCS11Library=ä𝄞.dll\nApplicationList=A\nPIN=\nSignPIN=\n[Application_A]\nKeySize=3072\nCertTempl=x\nLocation=#Sigature\n")
	p.port.receive(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///card.dsc","languageId":"inscribe","version":7,"text":` + string(text) + `}}}`)
	found := p.next(func(m message) bool { return m.Method == "textDocument/publishDiagnostics" })
	if raw, _ := json.Marshal(found); found.Params.Version != 7 || !strings.Contains(string(raw), "location-default") {
		t.Errorf("the findings are %s", raw)
	}
	for id, command := range []string{"inscribe.showPlan", "inscribe.showCard"} {
		p.port.receive(`{"jsonrpc":"2.0","id":` + string(rune('2'+id)) + `,"method":"workspace/executeCommand","params":{"command":"` + command + `","arguments":["file:///card.dsc"]}}`)
		if got := p.next(answer(2 + id)); !strings.Contains(string(got.Result), `"version":7`) {
			t.Errorf("%s: %s", command, got.Result)
		}
	}
	p.port.receive(`{"jsonrpc":"2.0","id":9,"method":"shutdown"}`)
	p.next(answer(9))
	p.port.receive(`{"jsonrpc":"2.0","method":"exit"}`)
	if err := <-p.ended; err != nil {
		t.Error(err)
	}
}

// TestRubbish is answered, and the session goes on.
func TestRubbish(t *testing.T) {
	p := open(t)
	for _, m := range []string{"", "{", "Content-Length: 5\r\n\r\n", "null", "\xff"} {
		p.port.receive(m)
	}
	p.port.receive(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`)
	p.next(func(m message) bool { return m.ID == 1 && m.Result != nil })
	if err := p.port.Close(); err != nil {
		t.Error(err)
	}
	if err := <-p.ended; !errors.Is(err, lsp.ErrNoShutdown) {
		t.Errorf("the session ended with %v", err)
	}
}

func TestPort(t *testing.T) {
	var posted []string
	p := newPort(func(m string) { posted = append(posted, m) })
	if _, err := p.Write([]byte("no header")); err == nil || posted != nil {
		t.Errorf("what is no frame was posted: %q, %v", posted, err)
	}
	if n, err := p.Write([]byte("Content-Length: 7\r\n\r\n{}\r\n\r\n{")); n != 28 || err != nil || len(posted) != 1 || posted[0] != "{}\r\n\r\n{" {
		t.Errorf("wrote %d, %v, posted %q", n, err, posted)
	}
	// All that was received is read, before the end and after it.
	p.receive("one")
	p.receive("zwölf")
	p.Close()
	got, err := io.ReadAll(p)
	if want := "Content-Length: 3\r\n\r\noneContent-Length: 6\r\n\r\nzwölf"; string(got) != want || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}
