//go:build !js

package lsp

import "inscribe/lsp/protocol"

// editorMethods are the requests that only editors make.
func editorMethods() map[string]method {
	return map[string]method{
		"textDocument/documentHighlight":    about((*call).highlight),
		"textDocument/documentSymbol":       about((*call).documentSymbols),
		"workspace/symbol":                  with((*call).workspaceSymbols),
		"textDocument/codeLens":             about((*call).codeLenses),
		"textDocument/documentLink":         about((*call).documentLinks),
		"textDocument/rangeFormatting":      about((*call).rangeFormatting),
		"textDocument/foldingRange":         aboutLines((*call).foldingRanges),
		"textDocument/selectionRange":       aboutLines((*call).selectionRanges),
		"textDocument/semanticTokens/full":  about((*call).semanticTokens),
		"textDocument/semanticTokens/range": about((*call).semanticTokensRange),
		"textDocument/inlayHint":            about((*call).inlayHints),
		"inlayHint/resolve":                 with((*call).resolveInlayHint),
		"textDocument/diagnostic":           with((*call).documentDiagnostics),
		"workspace/diagnostic":              with((*call).workspaceDiagnostics),
		"workspace/textDocumentContent":     with((*call).textDocumentContent),
	}
}

// announceEditors announces them.
func announceEditors(c *protocol.ServerCapabilities, s *state) {
	c.DocumentHighlightProvider, c.DocumentSymbolProvider, c.WorkspaceSymbolProvider = true, true, true
	c.DocumentRangeFormattingProvider, c.FoldingRangeProvider, c.SelectionRangeProvider = true, true, true
	c.CodeLensProvider, c.DocumentLinkProvider = &protocol.CodeLensOptions{}, &protocol.DocumentLinkOptions{}
	c.SemanticTokensProvider = &protocol.SemanticTokensOptions{Legend: legend, Full: true, Range: true}
	c.InlayHintProvider = &protocol.InlayHintOptions{ResolveProvider: true}
	c.DiagnosticProvider = &protocol.DiagnosticOptions{Identifier: source, WorkspaceDiagnostics: true, WorkDoneProgress: true}
	if s.client.Workspace.TextDocumentContent != nil {
		c.Workspace.TextDocumentContent = &protocol.TextDocumentContentOptions{Schemes: []string{planScheme, pageScheme}}
	}
}
