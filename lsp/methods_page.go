//go:build js

package lsp

import "inscribe/lsp/protocol"

func editorMethods() map[string]method { return nil }

func announceEditors(*protocol.ServerCapabilities, *state) {}
