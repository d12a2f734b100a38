package lsp

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"inscribe/lsp/protocol"
)

// server is one session.
type server struct {
	ctx     context.Context
	options Options
	configs *configs

	connect sync.Once
	conn    *jsonrpc2.Conn
	stream  *stream
	clean   atomic.Bool

	// mu guards what follows; state is replaced, never changed.
	mu    sync.Mutex
	phase phase
	state *state
	// readers are those who look at the state or at one before.
	readers readers
	// room has room for findings on their way.
	room sync.Pool
	// lines tells for each open document when its last findings are out.
	lines map[protocol.DocumentURI]*line
	// said is the last complaint about settings.
	said string
	// broken are the configuration files whose findings the client has.
	broken map[string]bool

	// waiting are the documents whose proof waits for a pause of the typing, and
	// proving is held by the one that is made.
	waiting map[protocol.DocumentURI]*document
	pause   *time.Timer
	proving sync.Mutex

	// largeTurn is held by the one that looks at a large document.
	largeTurn chan struct{}

	idle *time.Timer
	// wide says that the collector has more room than usualRoom now.
	wide      bool
	usualRoom int
	// ballast is memory that is asked for and never touched, so that the system
	// gives none: the collector sets its pace by it.
	ballast []byte

	changes changes

	// busy counts requests and answers on their way.
	busy sync.WaitGroup

	pendingMu sync.Mutex
	pending   map[jsonrpc2.ID]context.CancelFunc

	contentMu sync.Mutex
	contents  map[protocol.DocumentURI]protocol.DocumentURI // plan document to description
}

// state is what the server knows at one moment. It is immutable.
type state struct {
	client   *protocol.ClientCapabilities
	encoding protocol.PositionEncodingKind
	folders  []folder
	docs     map[protocol.DocumentURI]*document
	settings settings
}

func newServer(ctx context.Context, o Options) *server {
	return &server{
		ctx: ctx, options: o, configs: newConfigs(o.Files),
		state:     &state{client: &protocol.ClientCapabilities{}, encoding: protocol.UTF16, docs: map[protocol.DocumentURI]*document{}},
		largeTurn: make(chan struct{}, 1),
		pending:   map[jsonrpc2.ID]context.CancelFunc{},
		lines:     map[protocol.DocumentURI]*line{}, broken: map[string]bool{},
		contents: map[protocol.DocumentURI]protocol.DocumentURI{},
	}
}

// copy gives a copy in which the documents may be changed.
func (s *state) copy() *state {
	c := *s
	c.docs = maps.Clone(s.docs)
	return &c
}
