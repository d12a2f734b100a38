package lsp

import (
	"encoding/json"
	"slices"

	"inscribe/check/config"
	"inscribe/lsp/protocol"
)

// initialize opens the session.
func (s *server) initialize(raw json.RawMessage) (any, error) {
	var p protocol.InitializeParams
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fail(protocol.InvalidParams, "the parameters do not have the form of the specification")
	}
	next := s.state.copy()
	next.client = &p.Capabilities
	if slices.Contains(p.Capabilities.General.PositionEncodings, protocol.UTF8) {
		next.encoding = protocol.UTF8
	}
	switch {
	case len(p.WorkspaceFolders) > 0:
		for _, f := range p.WorkspaceFolders {
			next.folders = addFolder(next.folders, f.URI)
		}
	case p.RootURI != nil:
		next.folders = addFolder(next.folders, *p.RootURI)
	case p.RootPath != nil && *p.RootPath != "":
		next.folders = addFolder(next.folders, uriOf(*p.RootPath))
	}
	read, _, bad := readSettings(p.InitializationOptions, settings{})
	next.settings = read
	s.configs.profile, s.configs.utf8 = next.settings.Profile, next.encoding == protocol.UTF8
	s.state, s.phase = next, running
	s.complain(bad)
	s.watch(p.ProcessID)
	return protocol.InitializeResult{
		ServerInfo:   protocol.ServerInfo{Name: "inscribe", Version: s.options.Version},
		Capabilities: capabilities(next),
	}, nil
}

func addFolder(list []folder, uri protocol.DocumentURI) []folder {
	p, _ := pathOf(uri)
	return append(slices.Clip(list), folder{uri: uri, path: p})
}

func capabilities(s *state) protocol.ServerCapabilities {
	c := protocol.ServerCapabilities{
		PositionEncoding: s.encoding,
		TextDocumentSync: protocol.TextDocumentSyncOptions{OpenClose: true, Change: 2},
		CompletionProvider: protocol.CompletionOptions{
			TriggerCharacters: []string{"[", "=", "#", "!", ",", "{", " "}, ResolveProvider: true,
		},
		HoverProvider:         true,
		SignatureHelpProvider: protocol.SignatureHelpOptions{TriggerCharacters: []string{"(", ",", "!"}, RetriggerCharacters: []string{")"}},
		DefinitionProvider:    true,
		DeclarationProvider:   true,
		ReferencesProvider:    true,
		CodeActionProvider: protocol.CodeActionOptions{
			CodeActionKinds: []protocol.CodeActionKind{protocol.QuickFix, protocol.RefactorExtract, protocol.SourceFixAll},
			ResolveProvider: true,
		},
		DocumentFormattingProvider: true,
		RenameProvider:             protocol.RenameOptions{PrepareProvider: true},
		ExecuteCommandProvider:     protocol.ExecuteCommandOptions{Commands: []string{showPlanCommand, showCardCommand, explainCommand}},
		Workspace:                  protocol.WorkspaceOptions{WorkspaceFolders: protocol.WorkspaceFoldersOptions{Supported: true, ChangeNotifications: true}},
	}
	announceEditors(&c, s)
	return c
}

// notified takes a notification. One that comes before initialize or after
// shutdown is dropped, and so is an unknown one.
func (s *server) notified(name string, params json.RawMessage) {
	switch {
	case name == "exit":
		s.drain()
		_ = s.conn.Close()
		return
	case name == "$/cancelRequest":
		s.cancel(params)
		return
	case s.phase != running:
		return
	}
	if n, ok := notifications[name]; ok {
		_, err := guard(func() (any, error) { return nil, n(s, params) })
		if err != nil {
			s.logError(name + ": " + err.Error())
		}
	}
}

// notifications are those that the server takes. They run in order, with the
// state locked.
var notifications = map[string]func(*server, json.RawMessage) error{
	"initialized":                         func(s *server, _ json.RawMessage) error { s.register(); s.makeRoom(); return nil },
	"textDocument/didOpen":                noting((*server).didOpen),
	"textDocument/didChange":              noting((*server).didChange),
	"textDocument/didClose":               noting((*server).didClose),
	"textDocument/didSave":                noting((*server).didSave),
	"workspace/didChangeConfiguration":    noting((*server).didChangeConfiguration),
	"workspace/didChangeWatchedFiles":     noting((*server).didChangeWatchedFiles),
	"workspace/didChangeWorkspaceFolders": noting((*server).didChangeWorkspaceFolders),
}

func noting[P any](f func(*server, *P)) func(*server, json.RawMessage) error {
	return func(s *server, params json.RawMessage) error {
		var p P
		if err := json.Unmarshal(params, &p); err != nil {
			return fail(protocol.InvalidParams, "the parameters do not have the form of the specification")
		}
		f(s, &p)
		return nil
	}
}

func (s *server) logError(message string) {
	go s.notify("window/logMessage", protocol.LogMessageParams{Type: 1, Message: "inscribe: " + message})
}

// register asks the client for what it can only be asked at run time.
func (s *server) register() {
	w := s.state.client.Workspace
	var list []protocol.Registration
	if w.DidChangeWatchedFiles.DynamicRegistration {
		list = append(list, protocol.Registration{ID: "inscribe-files", Method: "workspace/didChangeWatchedFiles",
			RegisterOptions: protocol.DidChangeWatchedFilesRegistrationOptions{Watchers: []protocol.FileSystemWatcher{
				{GlobPattern: "**/" + config.FileName}, {GlobPattern: "**/*.dsc"}}}})
	}
	if w.DidChangeConfiguration.DynamicRegistration {
		list = append(list, protocol.Registration{ID: "inscribe-settings", Method: "workspace/didChangeConfiguration",
			RegisterOptions: protocol.ConfigurationItem{Section: "inscribe"}})
	}
	if list != nil {
		s.ask("client/registerCapability", protocol.RegistrationParams{Registrations: list}, nil)
	}
	s.fetchSettings()
}

func (s *server) didChangeWatchedFiles(p *protocol.DidChangeWatchedFilesParams) {
	for _, c := range p.Changes {
		if file, ok := pathOf(c.URI); ok && isConfigPath(file) {
			s.configs.reset()
			s.reconfigure()
			return
		}
	}
	s.refresh(true)
}

func (s *server) didChangeWorkspaceFolders(p *protocol.DidChangeWorkspaceFoldersParams) {
	next := s.state.copy()
	for _, gone := range p.Event.Removed {
		next.folders = slices.DeleteFunc(slices.Clone(next.folders), func(f folder) bool { return f.uri == gone.URI })
	}
	for _, f := range p.Event.Added {
		next.folders = addFolder(next.folders, f.URI)
	}
	s.state = next
	s.configs.reset()
	s.reconfigure()
}

// refresh asks the client to ask again for what does not depend on the text
// alone.
func (s *server) refresh(findings bool) {
	s.changes.note()
	w := s.state.client.Workspace
	for _, r := range []struct {
		can  bool
		what string
	}{
		{w.Diagnostics.RefreshSupport && findings, "workspace/diagnostic/refresh"},
		{w.SemanticTokens.RefreshSupport && findings, "workspace/semanticTokens/refresh"},
		{w.InlayHint.RefreshSupport, "workspace/inlayHint/refresh"},
		{w.CodeLens.RefreshSupport, "workspace/codeLens/refresh"},
	} {
		if r.can {
			s.ask(r.what, nil, nil)
		}
	}
}
