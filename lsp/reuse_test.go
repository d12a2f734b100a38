package lsp

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"

	"inscribe/lsp/protocol"
)

// TestNoAnswerSeesAnotherVersion types without waiting, and asks about each version
// while it is replaced. Every answer must be that of a server which knows no other
// text: a memory that is used again too early would show.
func TestNoAnswerSeesAnotherVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	c, _ := start(t, rich, nil)
	fresh, _ := start(t, rich, nil)
	text := sample(150)
	c.open(docURI, text)
	type asked struct {
		text, method string
		params       any
		got          json.RawMessage
	}
	var list []*asked
	var waiting sync.WaitGroup
	for v := int32(2); v < 40; v++ {
		m := newMapper(parse("", text).file, protocol.UTF16)
		var changes []protocol.TextDocumentContentChangeEvent
		for range 1 + random.IntN(2) {
			a := random.IntN(len(text) + 1)
			r := protocol.Range{Start: m.position(a), End: m.position(min(len(text), a+random.IntN(12)))}
			in := pieces[random.IntN(len(pieces))]
			s := m.span(r)
			text = text[:s.Start] + in + text[s.End:]
			changes = append(changes, protocol.TextDocumentContentChangeEvent{Range: &r, Text: in})
			m = newMapper(parse("", text).file, protocol.UTF16)
		}
		c.change(docURI, v, changes...)
		place := at(m.position(random.IntN(len(text) + 1)))
		file := map[string]any{"textDocument": map[string]any{"uri": docURI}}
		for method, params := range map[string]any{
			"textDocument/hover": place, "textDocument/completion": place, "textDocument/documentHighlight": place,
			"textDocument/semanticTokens/full": file, "textDocument/documentSymbol": file, "textDocument/codeLens": file, "textDocument/foldingRange": file,
		} {
			a := &asked{text: text, method: method, params: params}
			list = append(list, a)
			sent, err := c.conn.DispatchCall(t.Context(), method, params)
			if err != nil {
				t.Fatal(err)
			}
			waiting.Add(1)
			go func() {
				defer waiting.Done()
				if err := sent.Wait(t.Context(), &a.got); err != nil {
					t.Errorf("%s: %v", method, err)
				}
			}()
		}
	}
	waiting.Wait()
	before := ""
	for _, a := range list {
		if a.text != before {
			before = a.text
			fresh.open(docURI, a.text)
		}
		var want json.RawMessage
		if fresh.call(a.method, a.params, &want); !bytes.Equal(a.got, want) {
			t.Fatalf("%s: the answer is\n%s\nwant\n%s", a.method, a.got, want)
		}
	}
}

// TestMemoryIsTakenOnceNobodyLooks counts who looks at what.
func TestMemoryIsTakenOnceNobodyLooks(t *testing.T) {
	var r readers
	version := func() *document {
		d := newDocument(docURI, nil, parse("a.dsc", good), protocol.UTF16, nil)
		d.spare = &r.spare
		d.program()
		return d
	}
	untouched := func(d *document) bool { return d.file().Text != "" && d.program().File != nil }
	early := r.enter() // sees a
	a, b := version(), version()
	r.retire(a)
	late := r.enter() // sees b
	r.retire(b)
	if r.leave(late); !untouched(a) || !untouched(b) {
		t.Fatal("taken from one who still looks")
	}
	if r.leave(early); untouched(a) || untouched(b) || len(r.spare.trees) != 2 || len(r.spare.rooms) != 2 {
		t.Fatalf("not taken: %d trees, %d rooms", len(r.spare.trees), len(r.spare.rooms))
	}
	r.spare.takeTree()
	if r.spare.takeRoom() == nil || len(r.spare.trees) != 1 || len(r.spare.rooms) != 1 {
		t.Error("not given")
	}
	// One who stays holds up little.
	stays := r.enter()
	for range 20 {
		r.retire(version())
	}
	if len(r.groups) > mostGroups {
		t.Errorf("%d versions wait", len(r.groups))
	}
	r.leave(stays)
	if len(r.groups) != 1 || len(r.spare.rooms) > mostSpare {
		t.Errorf("%d groups and %d rooms are left", len(r.groups), len(r.spare.rooms))
	}
	if r.spare.drop(); r.spare.takeRoom() != nil {
		t.Error("kept")
	}
}
