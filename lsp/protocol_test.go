package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"inscribe/lsp/protocol"
)

func TestLifecycle(t *testing.T) {
	c := connect(t, nil)
	c.refused(protocol.ServerNotInitialized, "textDocument/hover", at(protocol.Position{}))
	c.refused(protocol.ServerNotInitialized, "shutdown", nil)
	c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": docURI, "text": good}}) // dropped
	c.call("initialize", map[string]any{"capabilities": map[string]any{}}, &c.init)
	if c.init.Capabilities.PositionEncoding != protocol.UTF16 || c.init.ServerInfo.Name != "inscribe" {
		t.Errorf("initialize answers %+v", c.init)
	}
	c.refused(protocol.InvalidRequest, "initialize", map[string]any{})
	c.refused(protocol.InvalidParams, "textDocument/hover", at(protocol.Position{})) // was dropped above
	c.refused(protocol.MethodNotFound, "textDocument/noSuchThing", nil)
	c.refused(protocol.MethodNotFound, "$/noSuchThing", nil)
	c.refused(protocol.InvalidParams, "textDocument/hover", []int{1})
	c.refused(protocol.InvalidParams, "textDocument/hover", nil)
	c.notify("$/noSuchNote", nil)
	c.notify("textDocument/didOpen", "no object")
	c.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": "file:///nowhere"}})
	c.call("shutdown", nil, nil)
	c.refused(protocol.InvalidRequest, "textDocument/hover", at(protocol.Position{}))
	c.refused(protocol.InvalidRequest, "shutdown", nil)
	c.notify("exit", nil)
	if err := finished(t, c); err != nil {
		t.Errorf("Serve gives %v after shutdown and exit", err)
	}
}

func finished(t *testing.T, c *client) error {
	t.Helper()
	select {
	case err := <-c.done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not end")
		return nil
	}
}

func TestExitWithoutShutdown(t *testing.T) {
	c, _ := start(t, "{}", nil)
	c.notify("exit", nil)
	if err := finished(t, c); !errors.Is(err, ErrNoShutdown) {
		t.Errorf("Serve gives %v", err)
	}
}

func TestClientThatDies(t *testing.T) {
	c, _ := start(t, "{}", nil)
	c.open(docURI, good)
	c.conn.Close()
	if err := finished(t, c); !errors.Is(err, ErrNoShutdown) {
		t.Errorf("Serve gives %v", err)
	}
}

func TestContextEndsTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, there := net.Pipe()
	done := make(chan error)
	go func() { done <- Serve(ctx, there, Options{}) }()
	cancel()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not end")
	}
}

func TestPositionEncodings(t *testing.T) {
	for _, c := range []struct {
		offered string
		want    protocol.PositionEncodingKind
	}{
		{`{}`, protocol.UTF16},
		{`{"general":{"positionEncodings":["utf-16"]}}`, protocol.UTF16},
		{`{"general":{"positionEncodings":["utf-16","utf-8"]}}`, protocol.UTF8},
		{`{"general":{"positionEncodings":["utf-32"]}}`, protocol.UTF16},
	} {
		client, _ := start(t, c.offered, nil)
		if got := client.init.Capabilities.PositionEncoding; got != c.want {
			t.Errorf("%s: %s, want %s", c.offered, got, c.want)
		}
		// The same character in both: ä is 1 unit or 2 bytes, 𝄞 is 2 units or 4.
		client.open(docURI, "# ä𝄞\n[Description]\nInitialLabel=#ä𝄞x\n")
		character := uint32(len("InitialLabel=#") + 3)
		if c.want == protocol.UTF8 {
			character = uint32(len("InitialLabel=#ä𝄞"))
		}
		client.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{
			Start: protocol.Position{Line: 2, Character: character}, End: protocol.Position{Line: 2, Character: character + 1}}, Text: "yz"})
		var tokens protocol.SemanticTokens
		client.call("textDocument/semanticTokens/full", document1(), &tokens)
		length := tokens.Data[len(tokens.Data)-3]
		if want := map[protocol.PositionEncodingKind]int{protocol.UTF16: len("#") + 3 + 2, protocol.UTF8: len("#ä𝄞yz")}[c.want]; int(length) != want {
			t.Errorf("%s: the literal is %d long, want %d", c.want, length, want)
		}
	}
}

func TestMapper(t *testing.T) {
	text := "ä𝄞b\r\n\rx"
	for _, c := range []struct {
		encoding protocol.PositionEncodingKind
		line, at uint32
		want     int
	}{
		{protocol.UTF16, 0, 0, 0}, {protocol.UTF16, 0, 1, 2}, {protocol.UTF16, 0, 3, 6}, {protocol.UTF16, 0, 4, 7},
		{protocol.UTF16, 0, 2, 2},  // inside of the surrogate pair
		{protocol.UTF16, 0, 99, 7}, // behind the line's end
		{protocol.UTF16, 1, 0, 9}, {protocol.UTF16, 2, 1, 11},
		{protocol.UTF16, 3, 0, 11}, {protocol.UTF16, 1 << 31, 1 << 31, 11},
		{protocol.UTF8, 0, 2, 2}, {protocol.UTF8, 0, 1, 0}, {protocol.UTF8, 0, 4, 2}, {protocol.UTF8, 0, 7, 7},
	} {
		m := newMapper(parse("", text).file, c.encoding)
		if got := m.offset(protocol.Position{Line: c.line, Character: c.at}); got != c.want {
			t.Errorf("%s %d:%d is offset %d, want %d", c.encoding, c.line, c.at, got, c.want)
		}
	}
	for _, encoding := range []protocol.PositionEncodingKind{protocol.UTF8, protocol.UTF16} {
		m := newMapper(parse("", text).file, encoding)
		for i := range text {
			if text[i] == '\n' {
				continue // inside of a line end
			}
			if got := m.offset(m.position(i)); got != i {
				t.Errorf("%s: offset %d comes back as %d", encoding, i, got)
			}
		}
	}
}

func TestEditsOutsideTheText(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, "[Description]\nPIN=𝄞\n")
	rng := func(a, b, x, y uint32) *protocol.Range {
		return &protocol.Range{Start: protocol.Position{Line: a, Character: b}, End: protocol.Position{Line: x, Character: y}}
	}
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Range: rng(99, 0, 4294967295, 4294967295), Text: "# end"})
	c.change(docURI, 3, protocol.TextDocumentContentChangeEvent{Range: rng(1, 5, 1, 5), Text: "x"}) // in the pair
	c.change(docURI, 4, protocol.TextDocumentContentChangeEvent{Range: rng(2, 5, 0, 0), Text: ""})  // the wrong way round
	c.change(docURI, 5, protocol.TextDocumentContentChangeEvent{Text: "[Fields]\n"}, protocol.TextDocumentContentChangeEvent{Range: rng(1, 0, 1, 0), Text: "X=\n"})
	got := c.findings(docURI, 5)
	if len(got) == 0 {
		t.Error("no findings after the changes")
	}
	var symbols []protocol.DocumentSymbol
	c.call("textDocument/documentSymbol", document1(), &symbols)
	if len(symbols) != 1 || len(symbols[0].Children) != 1 || symbols[0].Children[0].Name != "X" {
		t.Errorf("the text is %+v", symbols)
	}
	for _, m := range []string{"hover", "completion", "definition", "documentHighlight", "signatureHelp", "prepareRename"} {
		for _, p := range []protocol.Position{{Line: 99}, {Line: 4294967295, Character: 4294967295}, {Line: 1, Character: 4294967295}} {
			c.call("textDocument/"+m, at(p), nil)
		}
	}
	for _, m := range []string{"inlayHint", "rangeFormatting", "semanticTokens/range", "codeAction"} {
		c.call("textDocument/"+m, map[string]any{"textDocument": map[string]any{"uri": docURI}, "range": rng(99, 0, 0, 4294967295), "context": map[string]any{"diagnostics": []int{}}}, nil)
	}
}

// rawServer is a connection without a client's library.
func rawServer(t *testing.T) (net.Conn, chan error) {
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(context.Background(), there, Options{}) }()
	t.Cleanup(func() { here.Close() })
	return here, done
}

func frame(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

const initFrame = `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"capabilities":{}}}`

// TestBadFrames wants an answer for what is no message, and a server that goes
// on.
func TestBadFrames(t *testing.T) {
	for name, c := range map[string]struct {
		send string
		code int
	}{
		"no JSON":               {frame(`{"jsonrpc":`), protocol.ParseError},
		"not UTF-8":             {frame("{\"\xff"), protocol.ParseError},
		"empty":                 {frame(""), protocol.ParseError},
		"a number":              {frame("42"), protocol.InvalidRequest},
		"no message":            {frame(`{"id":9}`), protocol.InvalidRequest},
		"a batch":               {frame(`[{"jsonrpc":"2.0","id":1,"method":"x"}]`), protocol.InvalidRequest},
		"method is a number":    {frame(`{"jsonrpc":"2.0","id":1,"method":1}`), protocol.InvalidRequest},
		"no length":             {"Content-Type: x\r\n\r\n", protocol.ParseError},
		"length is a word":      {"Content-Length: many\r\n\r\n", protocol.ParseError},
		"negative length":       {"Content-Length: -5\r\n\r\n", protocol.ParseError},
		"length too short":      {fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(initFrame)-3, initFrame), protocol.ParseError},
		"length too long":       {fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(initFrame)+9, initFrame) + frame(initFrame), protocol.ParseError},
		"far too long":          {"Content-Length: 99999999999\r\n\r\n", protocol.ParseError},
		"too long, with a body": {fmt.Sprintf("Content-Length: %d\r\nContent-Type: x\r\n\r\n%s{}", maxFrame+1, strings.Repeat("{Content-", 1<<15)), protocol.ParseError},
		"rubbish":               {"\x00\x01\xfeabc\r\n\r\n", protocol.ParseError},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _ := rawServer(t)
			go io.WriteString(conn, c.send+frame(initFrame))
			r := newStream(conn)
			var refused, greeted bool
			for !refused || !greeted {
				raw := nextFrame(t, r)
				var m struct {
					ID    json.RawMessage `json:"id"`
					Error *struct{ Code int }
				}
				if err := json.Unmarshal(raw, &m); err != nil {
					t.Fatal(err)
				}
				switch {
				case m.Error != nil && m.Error.Code == c.code:
					refused = true
				case string(m.ID) == "7" && m.Error == nil:
					greeted = true
				default:
					t.Fatalf("got %s", raw)
				}
			}
		})
	}
}

func nextFrame(t *testing.T, s *stream) []byte {
	t.Helper()
	type got struct {
		raw []byte
		err error
	}
	ch := make(chan got, 1)
	go func() {
		raw, err := s.readFrame()
		ch <- got{raw, err}
	}()
	select {
	case g := <-ch:
		if g.err != nil {
			t.Fatal(g.err)
		}
		return g.raw
	case <-time.After(30 * time.Second):
		t.Fatal("no answer")
		return nil
	}
}

func TestHeadersOfOtherClients(t *testing.T) {
	for _, header := range []string{"content-length:%d\r\n\r\n", "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n", "Content-Length: %d\n\n"} {
		conn, _ := rawServer(t)
		go fmt.Fprintf(conn, header+"%s", len(initFrame), initFrame)
		if raw := nextFrame(t, newStream(conn)); !strings.Contains(string(raw), `"capabilities"`) {
			t.Errorf("%q: got %s", header, raw)
		}
	}
}

func TestTornFrame(t *testing.T) {
	for _, part := range []string{"Content-Len", "Content-Length: 100\r\n", "Content-Length: 100\r\n\r\n{\"jso", "Content-Length: 99999999999999\r\n\r\n{"} {
		conn, done := rawServer(t)
		go func() {
			io.WriteString(conn, part)
			conn.Close()
		}()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Fatalf("%q: the server hangs", part)
		}
	}
}

// TestClientThatDoesNotRead sends and never reads: the server must go on
// reading.
func TestClientThatDoesNotRead(t *testing.T) {
	conn, _ := rawServer(t)
	conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
	w := bufio.NewWriter(conn)
	io.WriteString(w, frame(initFrame))
	for i := range 500 {
		io.WriteString(w, frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"textDocument/hover","params":{}}`, 100+i)))
		io.WriteString(w, frame(`nonsense`))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

// TestLargeDocument types into 10 MB in which nearly each line has a finding:
// what needs the lines alone is answered while the check runs, the newest version
// gets its findings, a stale one costs nothing, and the memory has a bound.
func TestLargeDocument(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	c, _ := start(t, rich, nil)
	var b strings.Builder
	b.WriteString(good)
	for b.Len() < 10<<20 {
		fmt.Fprintf(&b, "Unknown_%d=#some text that is no secret\n# a comment\nPIN 12%d\n", b.Len(), b.Len())
	}
	c.open(docURI, b.String())
	const newest = 7
	for v := int32(2); v <= newest; v++ {
		c.change(docURI, v, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{}, Text: "# x\n"})
		go c.try("textDocument/codeLens", document1(), nil) // as an editor asks after each change
	}
	begin := time.Now()
	var folds []protocol.FoldingRange
	c.call("textDocument/foldingRange", document1(), &folds)
	if d := time.Since(begin); d > 10*time.Second || len(folds) == 0 {
		t.Errorf("folding took %v and gave %d", d, len(folds))
	}
	var peak runtime.MemStats
	runtime.ReadMemStats(&peak)
	begin = time.Now()
	got := c.findings(docURI, newest)
	if len(got) != mostFindings+1 || !strings.Contains(got[mostFindings].Message, "more findings") || got[0].Severity == 0 {
		t.Errorf("%d findings", len(got))
	}
	t.Logf("findings of 10 MB after %v", time.Since(begin))
	c.mu.Lock()
	published := len(c.published)
	c.mu.Unlock()
	if published > 4 {
		t.Errorf("%d of %d versions were checked", published, newest)
	}
	for _, method := range []string{"codeLens", "documentLink"} {
		c.call("textDocument/"+method, document1(), nil)
	}
	c.call("textDocument/completion", at(protocol.Position{Line: 20}), nil)
	c.call("textDocument/hover", at(protocol.Position{Line: 30, Character: 3}), nil)
	runtime.ReadMemStats(&peak)
	if mb := peak.Sys >> 20; mb > 2000 {
		t.Errorf("%d MB were taken from the system", mb)
	}
	t.Logf("%d MB from the system", peak.Sys>>20)
}

// TestTurnsOfLargeDocuments holds the turn of one large version and wants the
// others to wait, and to go once they are stale.
func TestTurnsOfLargeDocuments(t *testing.T) {
	s := newServer(context.Background(), Options{})
	version := int32(1)
	small := newDocument(docURI, &version, parse("a.dsc", good), protocol.UTF16, nil)
	d := newDocument(docURI, &version, parse("a.dsc", strings.Repeat("# x\n", largeText/4+1)), protocol.UTF16, nil)
	first, err := s.turn(s.ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := s.turn(s.ctx, small); err != nil {
		t.Errorf("a small document waits: %v", err)
	} else {
		done()
	}
	wants := func(what string, code int, err error) {
		t.Helper()
		var e *rpcError
		if !errors.As(err, &e) || e.code != code {
			t.Errorf("%s: %v", what, err)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.turn(cancelled, d)
	wants("a cancelled request", protocol.RequestCancelled, err)
	waiting := make(chan error)
	go func() { _, err := s.turn(s.ctx, d); waiting <- err }()
	next := d.edited(2, d.tree, protocol.UTF16)
	wants("one that waited", protocol.ContentModified, <-waiting)
	first()
	_, err = s.turn(s.ctx, d)
	wants("a stale version", protocol.ContentModified, err)
	done, err := s.turn(s.ctx, next)
	if err != nil {
		t.Fatal(err)
	}
	done()
}

func TestOneLineOf10MB(t *testing.T) {
	c, _ := start(t, rich, nil)
	c.open(docURI, "[Description]\nInitialLabel=#"+strings.Repeat("ä", 5<<20))
	c.change(docURI, 2, protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{Start: protocol.Position{Line: 1, Character: 1 << 20}, End: protocol.Position{Line: 1, Character: 1<<20 + 1}}, Text: "x"})
	c.findings(docURI, 2)
	c.call("textDocument/hover", at(protocol.Position{Line: 1, Character: 4 << 20}), nil)
}

func TestCancel(t *testing.T) {
	s := newServer(context.Background(), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	id := json.RawMessage(`{"id":5}`)
	s.pending[jsonrpc2.ID{Num: 5}] = cancel
	s.cancel(json.RawMessage(`{"id":4}`))
	s.cancel(json.RawMessage(`{"id":{}}`))
	s.cancel(json.RawMessage(`[]`))
	if ctx.Err() != nil {
		t.Fatal("another request was cancelled")
	}
	s.cancel(id)
	if ctx.Err() == nil {
		t.Fatal("the request was not cancelled")
	}
}

// FuzzStream sends bytes, with a message behind them: the server neither
// panics nor hangs, and never reads more than there is.
func FuzzStream(f *testing.F) {
	f.Add([]byte(frame(initFrame)))
	f.Add([]byte("Content-Length: 3\r\n\r\n{}"))
	f.Add([]byte("Content-Length: 2\r\n\r\n{}\r\nContent-Length: x\r\n\r\n"))
	f.Add([]byte(strings.Repeat("a", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newStream(&pipe{Reader: strings.NewReader(string(data))})
		for {
			var v map[string]any
			if err := s.ReadObject(&v); err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%v", err)
				}
				return
			}
		}
	})
}

type pipe struct{ io.Reader }

func (*pipe) Write(p []byte) (int, error) { return len(p), nil }
func (*pipe) Close() error                { return nil }

// FuzzMessages sends any parameters to any method.
func FuzzMessages(f *testing.F) {
	f.Add("textDocument/hover", `{"textDocument":{"uri":"file:///cards/a.dsc"},"position":{"line":3,"character":2}}`)
	f.Add("textDocument/didChange", `{"textDocument":{"uri":"file:///cards/a.dsc","version":2},"contentChanges":[{"range":{"start":{"line":1,"character":0},"end":{"line":3,"character":99}},"text":"x"}]}`)
	f.Add("workspace/executeCommand", `{"command":"inscribe.showPlan","arguments":["file:///cards/a.dsc"]}`)
	f.Add("textDocument/codeAction", `{"textDocument":{"uri":"file:///cards/a.dsc"},"range":{"start":{"line":0,"character":0},"end":{"line":30,"character":0}},"context":{"diagnostics":[]}}`)
	f.Add("workspace/textDocumentContent", `{"uri":"inscribe-plan:/x?of=file:///cards/a.dsc"}`)
	f.Add("workspace/didChangeWorkspaceFolders", `{"event":{"added":[{"uri":"file:///x"}],"removed":[]}}`)
	f.Fuzz(func(t *testing.T, method, params string) {
		s := newServer(context.Background(), Options{})
		next := s.state.copy()
		version := int32(1)
		d := newDocument(docURI, &version, parse("a.dsc", good), next.encoding, nil)
		next.docs[docURI] = d
		s.state = next
		if m, ok := methods[method]; ok {
			// A panic fails the test: nothing guards it here.
			_, _ = m(context.Background(), &call{state: s.state, server: s}, json.RawMessage(params))
		}
	})
}

// TestRandomBytes is a quick form of the fuzz tests for each run: what is no message is
// answered and passed over, and only the end of the stream ends the reading.
func TestRandomBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		data := make([]byte, random.IntN(300))
		for i := range data {
			data[i] = "Content-Length: 12\r\n\r\n{}[]\"\\:,\x00\xff"[random.IntN(32)]
		}
		s := newStream(&pipe{Reader: strings.NewReader(string(data))})
		var v any
		err := s.ReadObject(&v)
		for err == nil {
			err = s.ReadObject(&v)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q ends with %v", data, err)
		}
	}
}

// slowDisk lists its files only when the request is given up.
type slowDisk struct {
	disk
	asked chan struct{}
}

func (d *slowDisk) Descriptions(ctx context.Context, _ string) ([]string, error) {
	close(d.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCancelOverTheWire(t *testing.T) {
	files := &slowDisk{asked: make(chan struct{})}
	c := connect(t, files)
	c.call("initialize", map[string]any{"capabilities": map[string]any{}, "rootUri": "file:///cards"}, &c.init)
	waiter, err := c.conn.DispatchCall(context.Background(), "workspace/symbol", map[string]any{"query": ""}, jsonrpc2.PickID(jsonrpc2.ID{Str: "x", IsString: true}))
	if err != nil {
		t.Fatal(err)
	}
	<-files.asked
	c.notify("$/cancelRequest", map[string]any{"id": "y"})
	c.notify("$/cancelRequest", map[string]any{"id": "x"})
	var e *jsonrpc2.Error
	if err := waiter.Wait(context.Background(), nil); !errors.As(err, &e) || e.Code != protocol.RequestCancelled {
		t.Errorf("got %v", err)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	methods["test/panic"] = func(context.Context, *call, json.RawMessage) (any, error) { panic("PIN 123456") }
	defer delete(methods, "test/panic")
	c, _ := start(t, rich, nil)
	err := c.try("test/panic", nil, nil)
	var e *jsonrpc2.Error
	if !errors.As(err, &e) || e.Code != protocol.InternalError || strings.Contains(e.Message, "123456") {
		t.Errorf("got %v", err)
	}
	c.open(docURI, good) // and goes on
	c.findings(docURI, 1)
}

// TestFilesOutsideAreNotRead opens a description anywhere and wants no more than
// inscribe.toml upward.
func TestFilesOutsideAreNotRead(t *testing.T) {
	c, d := start(t, rich, map[string]string{"/other/x/b.dsc": good})
	c.open("file:///other/x/y/a.dsc", good)
	c.open("untitled:Untitled-1", good)
	c.open("file:///c%3A/cards/a.dsc", good)
	c.call("workspace/symbol", map[string]any{"query": "PIN"}, nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.read {
		if !isConfigPath(p) {
			t.Errorf("read %s", p)
		}
	}
}
