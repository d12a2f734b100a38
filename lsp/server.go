package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"runtime"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"inscribe/lsp/protocol"
)

// Options are what the server needs of its surroundings.
type Options struct {
	// Version is that of Inscribe; may be empty.
	Version string
	// Files is the disk; without it the server knows open documents only.
	Files Files
	// AwaitEnd returns true once a process has ended, and false if the context
	// ended first or the process cannot be watched. The server then ends with
	// the process that started it, though the connection be held open; without
	// it, with the connection only.
	AwaitEnd func(ctx context.Context, pid int) bool
	// Room is how many bytes of garbage may pile up at least before they are
	// collected; 0 is what the runtime thinks right, some 4 MB.
	Room int
}

// ErrNoShutdown says that the client went without the shutdown that the
// protocol asks for; the process then ends with 1.
var ErrNoShutdown = errors.New("the client went without a shutdown")

// Serve answers one client until it says exit, or the connection or the context
// ends. It closes the connection.
func Serve(ctx context.Context, conn io.ReadWriteCloser, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newServer(ctx, o)
	s.stream = newStream(conn)
	s.stream.ends = s.drain
	c := jsonrpc2.NewConn(ctx, s.stream, s, jsonrpc2.SetLogger(quiet{}))
	<-c.DisconnectNotify()
	s.mu.Lock()
	for _, t := range []*time.Timer{s.idle, s.pause} {
		if t != nil {
			t.Stop()
		}
	}
	s.mu.Unlock()
	s.narrowRoom()
	runtime.KeepAlive(s.ballast)
	if !s.clean.Load() {
		return ErrNoShutdown
	}
	return nil
}

// watch ends the session with the process that started the server.
func (s *server) watch(pid *int) {
	if s.options.AwaitEnd == nil || pid == nil || *pid <= 0 {
		return
	}
	go func() {
		if s.options.AwaitEnd(s.ctx, *pid) {
			_ = s.conn.Close()
		}
	}()
}

// quiet drops what the library would print; the stream answers what is wrong
// with a message.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Handle takes the messages in order; it runs on the reader's goroutine.
func (s *server) Handle(_ context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	s.connect.Do(func() { s.conn = conn })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest()
	var params json.RawMessage
	if r.Params != nil {
		params = *r.Params
	}
	if r.Notif {
		s.notified(r.Method, params)
		return
	}
	switch phase := s.phase; {
	case r.Method == "initialize" && phase == fresh:
		result, err := guard(func() (any, error) { return s.initialize(params) })
		s.reply(r.ID, result, err)
	case phase == fresh:
		s.reply(r.ID, nil, fail(protocol.ServerNotInitialized, "initialize comes first"))
	case phase == down:
		s.reply(r.ID, nil, fail(protocol.InvalidRequest, "the server is shut down"))
	case r.Method == "initialize":
		s.reply(r.ID, nil, fail(protocol.InvalidRequest, "the server is initialized already"))
	case r.Method == "shutdown":
		s.phase = down
		s.clean.Store(true)
		s.reply(r.ID, nil, nil)
	default:
		m, ok := methods[r.Method]
		if !ok {
			s.reply(r.ID, nil, fail(protocol.MethodNotFound, "there is no method "+r.Method))
			return
		}
		s.start(r.ID, m, params)
	}
}

// phase is where the session stands.
type phase uint8

const (
	fresh   phase = iota // before initialize
	running              // initialize is answered
	down                 // after shutdown
)

// method answers a request. It runs on a goroutine of its own, on a state that
// nobody changes.
type method func(ctx context.Context, c *call, params json.RawMessage) (any, error)

// call is what a request has to work with.
type call struct {
	*state
	server *server
	// doc is the document of a request that is about one.
	doc    *document
	reader *group
}

// about makes a method of a function on the meaning of one open description.
func about[P interface{ Document() protocol.DocumentURI }](f func(*call, context.Context, *P) (any, error)) method {
	return aboutLines(func(c *call, ctx context.Context, p *P) (any, error) {
		done, err := c.server.turn(ctx, c.doc)
		if err != nil {
			return nil, err
		}
		defer done()
		return f(c, ctx, p)
	})
}

// aboutLines makes a method of a function on the lines of one open description,
// which are there at once.
func aboutLines[P interface{ Document() protocol.DocumentURI }](f func(*call, context.Context, *P) (any, error)) method {
	return with(func(c *call, ctx context.Context, p *P) (any, error) {
		uri := (*p).Document()
		if c.doc = c.docs[uri]; c.doc == nil {
			return nil, fail(protocol.InvalidParams, "the document is not open")
		}
		if c.doc.isConfig() {
			return nil, nil
		}
		return f(c, ctx, p)
	})
}

// with makes a method of a function on decoded parameters.
func with[P any](f func(*call, context.Context, *P) (any, error)) method {
	return func(ctx context.Context, c *call, params json.RawMessage) (any, error) {
		var p P
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, fail(protocol.InvalidParams, "the parameters do not have the form of the specification")
		}
		return f(c, ctx, &p)
	}
}

// start runs a request.
func (s *server) start(id jsonrpc2.ID, m method, params json.RawMessage) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.pendingMu.Lock()
	s.pending[id] = cancel
	s.pendingMu.Unlock()
	s.asked()
	c := &call{state: s.state, server: s, reader: s.readers.enter()}
	s.busy.Add(1)
	go func() {
		defer s.busy.Done()
		result, err := guard(func() (any, error) { return m(ctx, c, params) })
		if ctx.Err() != nil {
			result, err = nil, fail(protocol.RequestCancelled, "cancelled")
		}
		s.pendingMu.Lock()
		delete(s.pending, id)
		s.pendingMu.Unlock()
		cancel()
		s.respond(id, result, err)
		s.readers.leave(c.reader)
	}()
}

// cancel ends a request that is still running.
func (s *server) cancel(raw json.RawMessage) {
	var p protocol.CancelParams
	var id jsonrpc2.ID
	if json.Unmarshal(raw, &p) != nil || json.Unmarshal(p.ID, &id) != nil {
		return
	}
	s.pendingMu.Lock()
	defer s.pendingMu.Unlock()
	if cancel := s.pending[id]; cancel != nil {
		cancel()
	}
}

// reply answers a request at once. It never holds up the reader: a client that does
// not read its answers may still write.
func (s *server) reply(id jsonrpc2.ID, result any, err error) {
	s.busy.Add(1)
	go func() {
		defer s.busy.Done()
		s.respond(id, result, err)
	}()
}

// respond answers a request and waits until the answer is written.
func (s *server) respond(id jsonrpc2.ID, result any, err error) {
	if err == nil {
		_ = s.stream.WriteObject(answer{"2.0", id, result})
		return
	}
	var failed *rpcError
	if !errors.As(err, &failed) {
		failed = &rpcError{protocol.InternalError, err.Error()}
	}
	_ = s.conn.ReplyWithError(s.ctx, id, &jsonrpc2.Error{Code: int64(failed.code), Message: failed.message})
}

// answer and note are messages that the server writes itself: the library would
// encode what they hold four times over.
type answer struct {
	JSONRPC string      `json:"jsonrpc"`
	ID      jsonrpc2.ID `json:"id"`
	Result  any         `json:"result"`
}

type note struct {
	JSONRPC string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

// lastWords is how long answers may take once the client says no more.
const lastWords = time.Second

// drain waits for the answers that are due, on the reader's goroutine: a client
// that was a pipe has gone, and still wants them.
func (s *server) drain() {
	s.changes.end()
	done := make(chan struct{})
	go func() {
		s.busy.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-s.ctx.Done():
	case <-time.After(lastWords):
	}
}

// rpcError is an answer that is an error.
type rpcError struct {
	code    int
	message string
}

func (e *rpcError) Error() string { return e.message }

func fail(code int, message string) error { return &rpcError{code, message} }

// guard turns a panic to an error. The value of the panic is not sent: it might
// hold a part of the document.
func guard(f func() (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, fail(protocol.InternalError, "a defect of Inscribe itself")
		}
	}()
	return f()
}

// notify sends a notification and waits until it is written.
func (s *server) notify(method string, params any) {
	_ = s.stream.WriteObject(note{"2.0", method, params})
}

// ask sends a request to the client, without waiting; then is called with the
// result on another goroutine, if there is one.
func (s *server) ask(method string, params any, then func(json.RawMessage)) {
	go func() {
		var result json.RawMessage
		if s.conn.Call(s.ctx, method, params, &result) == nil && then != nil {
			then(result)
		}
	}()
}

// methods are the requests that the server answers: here those that a page has keys
// for too, and besides what only editors ask, for which a page has no room.
var methods map[string]method

func init() {
	methods = map[string]method{
		"textDocument/completion":    about((*call).completion),
		"completionItem/resolve":     with((*call).resolveCompletion),
		"textDocument/hover":         about((*call).hover),
		"textDocument/signatureHelp": about((*call).signatureHelp),
		"textDocument/definition":    about((*call).definition),
		"textDocument/declaration":   about((*call).definition),
		"textDocument/references":    about((*call).references),
		"textDocument/prepareRename": about((*call).prepareRename),
		"textDocument/rename":        about((*call).rename),
		"textDocument/codeAction":    about((*call).codeActions),
		"codeAction/resolve":         with((*call).resolveCodeAction),
		"textDocument/formatting":    about((*call).formatting),
		"workspace/executeCommand":   with((*call).executeCommand),
	}
	maps.Copy(methods, editorMethods())
}
