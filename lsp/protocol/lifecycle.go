package protocol

import "encoding/json"

// InitializeParams open the session.
type InitializeParams struct {
	// ProcessID is the process that started the server, if one did.
	ProcessID             *int               `json:"processId"`
	RootURI               *DocumentURI       `json:"rootUri"`
	RootPath              *string            `json:"rootPath"`
	InitializationOptions json.RawMessage    `json:"initializationOptions"`
	Capabilities          ClientCapabilities `json:"capabilities"`
	WorkspaceFolders      []WorkspaceFolder  `json:"workspaceFolders"`
}

// WorkspaceFolder is a root folder.
type WorkspaceFolder struct {
	URI  DocumentURI `json:"uri"`
	Name string      `json:"name"`
}

// ClientCapabilities are what the server asks of the client's.
type ClientCapabilities struct {
	General struct {
		PositionEncodings []PositionEncodingKind `json:"positionEncodings"`
	} `json:"general"`
	Workspace struct {
		WorkspaceEdit struct {
			DocumentChanges bool `json:"documentChanges"`
		} `json:"workspaceEdit"`
		DidChangeWatchedFiles struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeWatchedFiles"`
		DidChangeConfiguration struct {
			DynamicRegistration bool `json:"dynamicRegistration"`
		} `json:"didChangeConfiguration"`
		Configuration  bool           `json:"configuration"`
		Diagnostics    RefreshSupport `json:"diagnostics"`
		SemanticTokens RefreshSupport `json:"semanticTokens"`
		InlayHint      RefreshSupport `json:"inlayHint"`
		CodeLens       RefreshSupport `json:"codeLens"`
		// TextDocumentContent is there where the client shows documents of
		// the server.
		TextDocumentContent *struct{} `json:"textDocumentContent"`
	} `json:"workspace"`
	TextDocument struct {
		PublishDiagnostics struct {
			RelatedInformation     bool `json:"relatedInformation"`
			VersionSupport         bool `json:"versionSupport"`
			CodeDescriptionSupport bool `json:"codeDescriptionSupport"`
			TagSupport             *struct {
				ValueSet []DiagnosticTag `json:"valueSet"`
			} `json:"tagSupport"`
		} `json:"publishDiagnostics"`
		// Diagnostic is there where the client pulls.
		Diagnostic *struct {
			RelatedInformation     *bool `json:"relatedInformation"`
			CodeDescriptionSupport *bool `json:"codeDescriptionSupport"`
			TagSupport             *struct {
				ValueSet []DiagnosticTag `json:"valueSet"`
			} `json:"tagSupport"`
		} `json:"diagnostic"`
		Completion struct {
			CompletionItem struct {
				SnippetSupport      bool         `json:"snippetSupport"`
				DocumentationFormat []MarkupKind `json:"documentationFormat"`
				ResolveSupport      *Resolve     `json:"resolveSupport"`
			} `json:"completionItem"`
			CompletionList struct {
				// ItemDefaults are the members that a list may say once for
				// all of its items.
				ItemDefaults []string `json:"itemDefaults"`
				// ApplyKindSupport says that a list may tell how they and an
				// item's own members are put together.
				ApplyKindSupport bool `json:"applyKindSupport"`
			} `json:"completionList"`
		} `json:"completion"`
		Hover struct {
			ContentFormat []MarkupKind `json:"contentFormat"`
		} `json:"hover"`
		SignatureHelp struct {
			SignatureInformation struct {
				DocumentationFormat []MarkupKind `json:"documentationFormat"`
			} `json:"signatureInformation"`
		} `json:"signatureHelp"`
		DocumentSymbol struct {
			HierarchicalDocumentSymbolSupport bool `json:"hierarchicalDocumentSymbolSupport"`
		} `json:"documentSymbol"`
		CodeAction struct {
			CodeActionLiteralSupport *struct{} `json:"codeActionLiteralSupport"`
			DataSupport              bool      `json:"dataSupport"`
			IsPreferredSupport       bool      `json:"isPreferredSupport"`
			ResolveSupport           *Resolve  `json:"resolveSupport"`
		} `json:"codeAction"`
		InlayHint struct {
			ResolveSupport *Resolve `json:"resolveSupport"`
		} `json:"inlayHint"`
		FoldingRange struct {
			LineFoldingOnly bool `json:"lineFoldingOnly"`
		} `json:"foldingRange"`
	} `json:"textDocument"`
}

// RefreshSupport says that the client takes a refresh request.
type RefreshSupport struct {
	RefreshSupport bool `json:"refreshSupport"`
}

// Resolve lists what the client lets the server fill in later.
type Resolve struct {
	Properties []string `json:"properties"`
}

// InitializeResult answers initialize.
type InitializeResult struct {
	Capabilities ServerCapabilities `json:"capabilities"`
	ServerInfo   ServerInfo         `json:"serverInfo"`
}

// ServerInfo names the server.
type ServerInfo struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// ServerCapabilities are what the server can.
type ServerCapabilities struct {
	PositionEncoding                PositionEncodingKind    `json:"positionEncoding"`
	TextDocumentSync                TextDocumentSyncOptions `json:"textDocumentSync"`
	CompletionProvider              CompletionOptions       `json:"completionProvider"`
	HoverProvider                   bool                    `json:"hoverProvider"`
	SignatureHelpProvider           SignatureHelpOptions    `json:"signatureHelpProvider"`
	DefinitionProvider              bool                    `json:"definitionProvider"`
	DeclarationProvider             bool                    `json:"declarationProvider"`
	ReferencesProvider              bool                    `json:"referencesProvider"`
	DocumentHighlightProvider       bool                    `json:"documentHighlightProvider,omitempty"`
	DocumentSymbolProvider          bool                    `json:"documentSymbolProvider,omitempty"`
	WorkspaceSymbolProvider         bool                    `json:"workspaceSymbolProvider,omitempty"`
	CodeActionProvider              CodeActionOptions       `json:"codeActionProvider"`
	CodeLensProvider                *CodeLensOptions        `json:"codeLensProvider,omitempty"`
	DocumentLinkProvider            *DocumentLinkOptions    `json:"documentLinkProvider,omitempty"`
	DocumentFormattingProvider      bool                    `json:"documentFormattingProvider"`
	DocumentRangeFormattingProvider bool                    `json:"documentRangeFormattingProvider,omitempty"`
	RenameProvider                  RenameOptions           `json:"renameProvider"`
	FoldingRangeProvider            bool                    `json:"foldingRangeProvider,omitempty"`
	SelectionRangeProvider          bool                    `json:"selectionRangeProvider,omitempty"`
	SemanticTokensProvider          *SemanticTokensOptions  `json:"semanticTokensProvider,omitempty"`
	InlayHintProvider               *InlayHintOptions       `json:"inlayHintProvider,omitempty"`
	DiagnosticProvider              *DiagnosticOptions      `json:"diagnosticProvider,omitempty"`
	ExecuteCommandProvider          ExecuteCommandOptions   `json:"executeCommandProvider"`
	Workspace                       WorkspaceOptions        `json:"workspace"`
}

// TextDocumentSyncOptions say how the client tells of changes; Change 2 is
// incremental.
type TextDocumentSyncOptions struct {
	OpenClose bool        `json:"openClose"`
	Change    int         `json:"change"`
	Save      SaveOptions `json:"save"`
}

// SaveOptions are those of didSave.
type SaveOptions struct {
	IncludeText bool `json:"includeText"`
}

// CompletionOptions are those of completion.
type CompletionOptions struct {
	TriggerCharacters []string `json:"triggerCharacters"`
	ResolveProvider   bool     `json:"resolveProvider"`
}

// SignatureHelpOptions are those of signature help.
type SignatureHelpOptions struct {
	TriggerCharacters   []string `json:"triggerCharacters"`
	RetriggerCharacters []string `json:"retriggerCharacters,omitempty"`
}

// CodeActionOptions are those of code actions.
type CodeActionOptions struct {
	CodeActionKinds []CodeActionKind `json:"codeActionKinds"`
	ResolveProvider bool             `json:"resolveProvider"`
}

// CodeLensOptions are those of code lenses.
type CodeLensOptions struct {
	ResolveProvider bool `json:"resolveProvider"`
}

// DocumentLinkOptions are those of document links.
type DocumentLinkOptions struct {
	ResolveProvider bool `json:"resolveProvider"`
}

// RenameOptions are those of rename.
type RenameOptions struct {
	PrepareProvider bool `json:"prepareProvider"`
}

// SemanticTokensOptions are those of semantic tokens.
type SemanticTokensOptions struct {
	Legend SemanticTokensLegend `json:"legend"`
	Range  bool                 `json:"range"`
	Full   bool                 `json:"full"`
}

// SemanticTokensLegend names the types and modifiers by their index.
type SemanticTokensLegend struct {
	TokenTypes     []string `json:"tokenTypes"`
	TokenModifiers []string `json:"tokenModifiers"`
}

// InlayHintOptions are those of inlay hints.
type InlayHintOptions struct {
	ResolveProvider bool `json:"resolveProvider"`
}

// DiagnosticOptions are those of pulled diagnostics.
type DiagnosticOptions struct {
	Identifier            string `json:"identifier,omitempty"`
	InterFileDependencies bool   `json:"interFileDependencies"`
	WorkspaceDiagnostics  bool   `json:"workspaceDiagnostics"`
	WorkDoneProgress      bool   `json:"workDoneProgress"`
}

// ExecuteCommandOptions list the commands.
type ExecuteCommandOptions struct {
	Commands []string `json:"commands"`
}

// WorkspaceOptions are those of the workspace.
type WorkspaceOptions struct {
	WorkspaceFolders    WorkspaceFoldersOptions     `json:"workspaceFolders"`
	TextDocumentContent *TextDocumentContentOptions `json:"textDocumentContent,omitempty"`
}

// WorkspaceFoldersOptions say that folders may come and go.
type WorkspaceFoldersOptions struct {
	Supported           bool `json:"supported"`
	ChangeNotifications bool `json:"changeNotifications"`
}

// TextDocumentContentOptions list the schemes of documents that the server
// writes.
type TextDocumentContentOptions struct {
	Schemes []string `json:"schemes"`
}

// RegistrationParams register capabilities at run time.
type RegistrationParams struct {
	Registrations []Registration `json:"registrations"`
}

// Registration is one of [RegistrationParams].
type Registration struct {
	ID              string `json:"id"`
	Method          string `json:"method"`
	RegisterOptions any    `json:"registerOptions,omitempty"`
}

// DidChangeWatchedFilesRegistrationOptions say which files to watch.
type DidChangeWatchedFilesRegistrationOptions struct {
	Watchers []FileSystemWatcher `json:"watchers"`
}

// FileSystemWatcher is a pattern of files.
type FileSystemWatcher struct {
	GlobPattern string `json:"globPattern"`
}

// LogMessageParams are a line for the log; Type is 1 for errors, 2 for
// warnings, 3 for information.
type LogMessageParams struct {
	Type    int    `json:"type"`
	Message string `json:"message"`
}

// CancelParams name the request that is not wanted any more.
type CancelParams struct {
	ID json.RawMessage `json:"id"`
}
