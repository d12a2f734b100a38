package lsp

import "inscribe/lsp/protocol"

// line keeps the publications of one document in order: each waits for the one
// before it.
type line struct{ last chan struct{} }

// publish sends the findings of a version; those of its proof follow in a pause.
func (s *server) publish(d *document) {
	if d.isConfig() {
		return
	}
	if !s.state.pulls() {
		s.send(d, s.state)
	}
	s.await(d)
}

// send sends the findings that a version has by then, in its turn.
func (s *server) send(d *document, state *state) {
	reader := s.readers.enter()
	s.inLine(d.uri, func() {
		defer s.readers.leave(reader)
		done, err := s.turn(s.ctx, d)
		if err != nil {
			return // a newer version says more
		}
		defer done()
		p := protocol.PublishDiagnosticsParams{URI: d.uri, Version: d.version}
		room, _ := s.room.Get().([]protocol.Diagnostic)
		got, err := guard(func() (any, error) { return state.findings(d.aside(), state.styleOf(false), room), nil })
		if err != nil {
			s.logError(err.Error())
			p.Diagnostics = []protocol.Diagnostic{{Severity: 1, Code: "internal", Source: source, Message: "a defect of Inscribe itself: the description could not be checked"}}
		} else {
			p.Diagnostics = got.([]protocol.Diagnostic)
		}
		s.deliver(p)
		clear(p.Diagnostics)
		s.room.Put(p.Diagnostics[:0])
	})
}

// deliver sends findings and waits until they are written.
func (s *server) deliver(p protocol.PublishDiagnosticsParams) {
	_ = s.stream.WriteObject((*publication)(&p))
}

// publication is the notification of findings, which encodes itself.
type publication protocol.PublishDiagnosticsParams

// AppendJSON appends the notification.
func (p *publication) AppendJSON(b []byte) []byte {
	b = append(b, `{"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":`...)
	b = (*protocol.PublishDiagnosticsParams)(p).AppendJSON(b)
	return append(b, '}')
}

// unpublish takes the findings of a closed document away.
func (s *server) unpublish(uri protocol.DocumentURI) {
	if s.state.pulls() {
		return
	}
	s.inLine(uri, func() {
		s.deliver(protocol.PublishDiagnosticsParams{URI: uri, Diagnostics: []protocol.Diagnostic{}})
	})
}

func (s *server) inLine(uri protocol.DocumentURI, f func()) {
	done := make(chan struct{})
	var before chan struct{}
	if l := s.lines[uri]; l != nil {
		before = l.last
	}
	s.lines[uri] = &line{last: done}
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		f()
	}()
}

// publishConfigs sends what is wrong with configuration files, and takes it
// back once it is right.
func (s *server) publishConfigs(files map[string]*configFile) {
	for path := range s.broken {
		if files[path] == nil {
			files[path] = &configFile{path: path}
		}
	}
	for path, f := range files {
		list := f.findings()
		if len(list) == 0 && !s.broken[path] {
			continue
		}
		s.broken[path] = len(list) > 0
		if len(list) == 0 {
			delete(s.broken, path)
		}
		uri := uriOf(path)
		s.inLine(uri, func() {
			s.deliver(protocol.PublishDiagnosticsParams{URI: uri, Diagnostics: list})
		})
	}
}
