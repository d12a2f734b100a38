package lsp

import "inscribe/lsp/protocol"

// didOpen takes a document. The configuration is read again: the editor may
// have been away.
func (s *server) didOpen(p *protocol.DidOpenTextDocumentParams) {
	t := p.TextDocument
	s.configs.reset()
	version := t.Version
	d := newDocument(t.URI, &version, parse(nameOf(t.URI), t.Text), s.state.encoding, s.configOf(t.URI))
	d.spare = &s.readers.spare
	s.put(d)
	s.reconfigure()
}

// configOf gives the configuration for a document, or nil.
func (s *server) configOf(uri protocol.DocumentURI) *configFile {
	if p, ok := pathOf(uri); ok && !isConfigPath(p) {
		return s.configs.find(p)
	}
	return nil
}

// didChange makes the changes one after the other.
func (s *server) didChange(p *protocol.DidChangeTextDocumentParams) {
	d := s.state.docs[p.TextDocument.URI]
	if d == nil {
		return
	}
	t := d.tree
	for _, c := range p.ContentChanges {
		if c.Range == nil {
			t = parse(t.file.Name, c.Text)
			continue
		}
		t = t.replace(newMapper(t.file, s.state.encoding).span(*c.Range), c.Text, d.spare.takeTree())
	}
	next := d.edited(p.TextDocument.Version, t, s.state.encoding)
	s.put(next)
	if t != d.tree {
		s.readers.retire(d)
	}
}

// put makes a document part of the state and publishes its findings.
func (s *server) put(d *document) {
	next := s.state.copy()
	if old := next.docs[d.uri]; old != nil {
		old.retire()
	}
	next.docs[d.uri] = d
	s.state = next
	s.widenRoom(d)
	if d.isConfig() {
		text := d.file().Text
		s.configs.show(d.path, &text)
		s.reconfigure()
		return
	}
	s.publish(d)
	s.announce(d)
}

func (s *server) didClose(p *protocol.TextDocumentParams) {
	d := s.state.docs[p.TextDocument.URI]
	if d == nil {
		return
	}
	d.retire()
	next := s.state.copy()
	delete(next.docs, d.uri)
	s.state = next
	if d.isConfig() {
		s.configs.show(d.path, nil)
		s.reconfigure()
		return
	}
	s.unpublish(d.uri)
	s.announce(d)
	s.changes.note()
}

// didSave reads the configuration again: not every client watches files.
func (s *server) didSave(_ *protocol.TextDocumentParams) {
	s.configs.reset()
	s.reconfigure()
}

func sameConfig(a, b *configFile) bool {
	return a == b || a != nil && b != nil && a.path == b.path && a.text == b.text && a.unread == b.unread && a.profile == b.profile
}

// reconfigure gives all open descriptions the configuration that holds now.
func (s *server) reconfigure() {
	next := s.state.copy()
	changed := map[string]*configFile{}
	for uri, d := range next.docs {
		cfg := s.configOf(uri)
		if cfg != nil {
			changed[cfg.path] = cfg
		}
		if d.isConfig() || sameConfig(cfg, d.config) {
			continue
		}
		next.docs[uri] = d.configured(next.encoding, cfg)
	}
	before, touched := s.state, false
	s.state = next
	for uri, d := range next.docs {
		if d != before.docs[uri] {
			touched = true
			s.publish(d)
			s.announce(d)
		}
		if d.isConfig() {
			if cfg := s.configs.find(d.path); cfg != nil {
				changed[cfg.path] = cfg
			}
		}
	}
	s.publishConfigs(changed)
	s.changes.note()
	if touched {
		s.refresh(true)
	}
}
