package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"inscribe/lsp/protocol"
)

// patience is how long anything may take, also under the race detector on a busy
// machine.
const patience = 3 * time.Minute

// client is an editor in memory. Its framing is the library's own, so that the
// server's is held against another one.
type client struct {
	t    testing.TB
	conn *jsonrpc2.Conn
	done chan error
	init protocol.InitializeResult

	mu        sync.Mutex
	arrived   *sync.Cond
	published []protocol.PublishDiagnosticsParams
	notes     []*jsonrpc2.Request
	requests  []*jsonrpc2.Request
	answers   map[string]any
}

// disk is a disk in memory.
type disk struct {
	mu    sync.Mutex
	files map[string]string
	read  []string
	// refused is why no file can be read that is there, nil where they can.
	refused error
}

func (d *disk) Read(p string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read = append(d.read, p)
	if text, ok := d.files[p]; ok {
		if d.refused != nil {
			return nil, d.refused
		}
		return []byte(text), nil
	}
	return nil, fs.ErrNotExist
}

func (d *disk) Descriptions(_ context.Context, folder string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for p := range d.files {
		if strings.HasPrefix(p, folder+"/") && path.Ext(p) == ".dsc" {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (d *disk) refuse(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refused = err
}

func (d *disk) write(p, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[p] = text
}

// rich are the capabilities of a client that can everything, but pulls no
// findings.
const rich = `{
 "general":{"positionEncodings":["utf-16"]},
 "workspace":{"workspaceEdit":{"documentChanges":true},"inlayHint":{"refreshSupport":true},"codeLens":{"refreshSupport":true},"diagnostics":{"refreshSupport":true},
  "semanticTokens":{"refreshSupport":true},"textDocumentContent":{},"didChangeWatchedFiles":{"dynamicRegistration":true},"configuration":true},
 "textDocument":{
  "inlayHint":{"resolveSupport":{"properties":["tooltip"]}},
  "publishDiagnostics":{"relatedInformation":true,"versionSupport":true,"codeDescriptionSupport":true,"tagSupport":{"valueSet":[1]}},
  "completion":{"completionItem":{"snippetSupport":true,"documentationFormat":["markdown"],"resolveSupport":{"properties":["documentation"]}}},
  "hover":{"contentFormat":["markdown","plaintext"]},
  "documentSymbol":{"hierarchicalDocumentSymbolSupport":true},
  "codeAction":{"codeActionLiteralSupport":{},"dataSupport":true,"isPreferredSupport":true,"resolveSupport":{"properties":["edit"]}}}}`

const pulling = `{"general":{"positionEncodings":["utf-8","utf-16"]},"workspace":{"diagnostics":{"refreshSupport":true}},
 "textDocument":{"diagnostic":{},"publishDiagnostics":{"relatedInformation":true}}}`

const root = "/cards"

const docURI = protocol.DocumentURI("file:///cards/a.dsc")

func connect(t testing.TB, files Files) *client {
	here, there := net.Pipe()
	c := &client{t: t, done: make(chan error, 1), answers: map[string]any{}}
	c.arrived = sync.NewCond(&c.mu)
	go func() { c.done <- Serve(context.Background(), there, Options{Version: "test", Files: files}) }()
	c.conn = jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(here, jsonrpc2.VSCodeObjectCodec{}), c, jsonrpc2.SetLogger(quiet{}))
	t.Cleanup(func() { c.conn.Close() })
	return c
}

// start connects a client and opens the session.
func start(t testing.TB, capabilities string, files map[string]string) (*client, *disk) {
	d := &disk{files: files}
	if d.files == nil {
		d.files = map[string]string{}
	}
	c := connect(t, d)
	params := map[string]any{"capabilities": json.RawMessage(capabilities), "workspaceFolders": []map[string]string{{"uri": "file://" + root, "name": "cards"}}}
	c.call("initialize", params, &c.init)
	c.notify("initialized", map[string]any{})
	return c, d
}

// Handle takes what the server sends.
func (c *client) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.arrived.Broadcast()
	switch {
	case r.Method == "textDocument/publishDiagnostics":
		var p protocol.PublishDiagnosticsParams
		if err := json.Unmarshal(*r.Params, &p); err != nil {
			c.t.Error(err)
		}
		c.published = append(c.published, p)
	case r.Notif:
		c.notes = append(c.notes, r)
	default:
		c.requests = append(c.requests, r)
		result := c.answers[r.Method]
		go conn.Reply(ctx, r.ID, result)
	}
}

func (c *client) call(method string, params, result any) {
	c.t.Helper()
	if err := c.try(method, params, result); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *client) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.conn.Call(ctx, method, params, result)
}

// refused wants an error of a code.
func (c *client) refused(code int, method string, params any) {
	c.t.Helper()
	err := c.try(method, params, nil)
	var e *jsonrpc2.Error
	if !errors.As(err, &e) || e.Code != int64(code) {
		c.t.Errorf("%s: got %v, want the error %d", method, err, code)
	}
}

func (c *client) notify(method string, params any) {
	c.t.Helper()
	if err := c.conn.Notify(context.Background(), method, params); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

// wait blocks until what the client got satisfies the condition.
func (c *client) wait(what string, ok func() bool) {
	c.t.Helper()
	late := time.AfterFunc(patience, func() { c.arrived.Broadcast() })
	defer late.Stop()
	end := time.Now().Add(patience)
	c.mu.Lock()
	defer c.mu.Unlock()
	for !ok() {
		if time.Now().After(end) {
			c.t.Fatalf("%s did not come", what)
		}
		c.arrived.Wait()
	}
}

func (c *client) open(uri protocol.DocumentURI, text string) {
	c.notify("textDocument/didOpen", protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{URI: uri, LanguageID: "inscribe", Version: 1, Text: text}})
}

// findings waits for those of a version.
func (c *client) findings(uri protocol.DocumentURI, version int32) []protocol.Diagnostic {
	c.t.Helper()
	var found []protocol.Diagnostic
	c.wait("findings", func() bool {
		for _, p := range c.published {
			if p.URI == uri && p.Version != nil && *p.Version == version {
				found = p.Diagnostics
				return true
			}
		}
		return false
	})
	return found
}

func (c *client) change(uri protocol.DocumentURI, version int32, changes ...protocol.TextDocumentContentChangeEvent) {
	c.notify("textDocument/didChange", protocol.DidChangeTextDocumentParams{
		TextDocument: protocol.VersionedTextDocumentIdentifier{URI: uri, Version: version}, ContentChanges: changes})
}

// requested waits for a request of the server.
func (c *client) requested(method string) *jsonrpc2.Request {
	c.t.Helper()
	var got *jsonrpc2.Request
	c.wait(method, func() bool {
		for _, r := range c.requests {
			if r.Method == method {
				got = r
				return true
			}
		}
		return false
	})
	return got
}

// mark is the cursor in fixtures.
const mark = "‸"

// cut takes the marks out of a text and gives their positions in UTF-16.
func cut(text string) (string, []protocol.Position) {
	var places []protocol.Position
	for {
		i := strings.Index(text, mark)
		if i < 0 {
			return text, places
		}
		t := parse("", text[:i])
		places = append(places, newMapper(t.file, protocol.UTF16).position(i))
		text = text[:i] + text[i+len(mark):]
	}
}

// openMarked opens a text with one mark and gives the place.
func (c *client) openMarked(text string) protocol.TextDocumentPositionParams {
	c.t.Helper()
	text, places := cut(text)
	if len(places) != 1 {
		c.t.Fatalf("%d marks in %q", len(places), text)
	}
	c.open(docURI, text)
	return at(places[0])
}

func at(p protocol.Position) protocol.TextDocumentPositionParams {
	return protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}, Position: p}
}

func document1() protocol.TextDocumentParams {
	return protocol.TextDocumentParams{TextDocument: protocol.TextDocumentIdentifier{URI: docURI}}
}

// apply makes edits to a text, as an editor would.
func apply(text string, edits []protocol.TextEdit, encoding protocol.PositionEncodingKind) string {
	m := newMapper(parse("", text).file, encoding)
	type raw struct {
		from, to int
		text     string
	}
	var list []raw
	for _, e := range edits {
		s := m.span(e.Range)
		list = append(list, raw{s.Start, s.End, e.NewText})
	}
	slices.SortStableFunc(list, func(a, b raw) int { return a.from - b.from })
	for i := len(list) - 1; i >= 0; i-- {
		text = text[:list[i].from] + list[i].text + text[list[i].to:]
	}
	return text
}

// editsOf gives the edits of a workspace edit of the one document.
func editsOf(w *protocol.WorkspaceEdit) []protocol.TextEdit {
	if w == nil {
		return nil
	}
	var out []protocol.TextEdit
	for _, d := range w.DocumentChanges {
		out = append(out, d.Edits...)
	}
	for _, list := range w.Changes {
		out = append(out, list...)
	}
	return out
}

// good is a description without errors and with both slots.
const good = `[Encoding]
Type=1024,Chip
Devices=8710

[Fields]
PIN_FIELD=
SIGN_PIN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=AB
PIN=PIN_FIELD
SignPIN=SIGN_PIN
ClearFields=PIN_FIELD,SIGN_PIN

[Application_A]
KeySize=3072
CertTempl=authTemplate

[Application_B]
KeySize=3072
CertTempl=signTemplate
Location=#Signature
`
