package lsp

import (
	"bytes"
	"encoding/json"
	"slices"

	"inscribe/lsp/protocol"
)

// shareDefaults says once for the list what most items have in common, as far as
// the client takes it. merges says that it puts the data of an item and that of the
// list together.
func shareDefaults(list *protocol.CompletionList, takes []string, merges bool) {
	var common protocol.CompletionDefaults
	if slices.Contains(takes, "editRange") {
		common.EditRange = shareRange(list.Items)
	}
	if slices.Contains(takes, "insertTextFormat") {
		common.InsertTextFormat = shareFormat(list.Items)
	}
	if slices.Contains(takes, "data") {
		common.Data = shareData(list.Items)
		if merges && mergeData(list.Items, common.Data) {
			list.ApplyKind = &protocol.CompletionApplyKinds{Data: protocol.Merge}
		}
	}
	if common.EditRange != nil || common.InsertTextFormat != 0 || common.Data != nil {
		list.ItemDefaults = &common
	}
}

func shareRange(items []protocol.CompletionItem) *protocol.Range {
	if len(items) < 2 {
		return nil
	}
	common := items[0].TextEdit.Range
	for i := range items {
		item := &items[i]
		if item.TextEdit.Range != common {
			continue
		}
		if item.TextEdit.NewText != item.Label {
			item.TextEditText = item.TextEdit.NewText
		}
		item.TextEdit = nil
	}
	return &common
}

// shareFormat makes snippets the usual form where most items are one; the others
// then say that they are none.
func shareFormat(items []protocol.CompletionItem) protocol.InsertTextFormat {
	snippets := 0
	for i := range items {
		if items[i].InsertTextFormat == protocol.SnippetFormat {
			snippets++
		}
	}
	if 2*snippets <= len(items) {
		return 0
	}
	for i := range items {
		if items[i].InsertTextFormat == protocol.SnippetFormat {
			items[i].InsertTextFormat = 0
		} else {
			items[i].InsertTextFormat = protocol.PlainFormat
		}
	}
	return protocol.SnippetFormat
}

// shareData takes the data off the items that have the same as the first one with
// some. An item without data gets it, too: it then resolves to itself.
func shareData(items []protocol.CompletionItem) []byte {
	first := slices.IndexFunc(items, func(i protocol.CompletionItem) bool { return i.Data != nil })
	if first < 0 {
		return nil
	}
	common := items[first].Data
	for i := range items {
		if bytes.Equal(items[i].Data, common) {
			items[i].Data = nil
		}
	}
	return common
}

// mergeData leaves of the data of items only what the common one does not say, and
// reports whether there was something to leave out. An item that lacks a part of
// the common one would get it, so then all stay as they are.
func mergeData(items []protocol.CompletionItem, common json.RawMessage) bool {
	var shared map[string]json.RawMessage
	if json.Unmarshal(common, &shared) != nil {
		return false
	}
	rest := map[int]json.RawMessage{}
	for i := range items {
		if items[i].Data == nil {
			continue
		}
		var own map[string]json.RawMessage
		if json.Unmarshal(items[i].Data, &own) != nil {
			return false
		}
		for name, value := range shared {
			if !bytes.Equal(own[name], value) {
				return false
			}
			delete(own, name)
		}
		rest[i], _ = json.Marshal(own)
	}
	for i, data := range rest {
		items[i].Data = data
	}
	return len(rest) > 0
}
