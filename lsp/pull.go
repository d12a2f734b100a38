package lsp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"inscribe/lsp/protocol"
)

// documentDiagnostics answers textDocument/diagnostic, as workspace/diagnostic also for
// a description of the workspace that is not open.
func (c *call) documentDiagnostics(ctx context.Context, p *protocol.DocumentDiagnosticParams) (any, error) {
	d := c.docs[p.TextDocument.URI]
	if file, ok := pathOf(p.TextDocument.URI); d == nil && ok && isDescriptionPath(file) && c.within(file) && c.server.options.Files != nil {
		d = c.closed(file)
	}
	if d == nil || d.isConfig() {
		return protocol.DocumentDiagnosticReport{Kind: "full", Items: &[]protocol.Diagnostic{}}, nil
	}
	done, err := c.server.turn(ctx, d)
	if err != nil {
		return nil, err
	}
	defer done()
	return c.report(d, p.PreviousResultID), nil
}

// report gives the findings of a document, or that the client has them.
func (c *call) report(d *document, previous string) protocol.DocumentDiagnosticReport {
	items := c.findings(d, c.styleOf(true), nil)
	id := resultID(items)
	if id == previous {
		return protocol.DocumentDiagnosticReport{Kind: "unchanged", ResultID: id}
	}
	return protocol.DocumentDiagnosticReport{Kind: "full", ResultID: id, Items: &items}
}

// resultID is the same for the same findings.
func resultID(items []protocol.Diagnostic) string {
	raw, err := json.Marshal(items)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// workspaceDiagnostics answers workspace/diagnostic: the open descriptions, and
// those below the folders. A client that has them already, takes the answer in
// parts and tells of changed files is answered when there is something new.
func (c *call) workspaceDiagnostics(ctx context.Context, p *protocol.WorkspaceDiagnosticParams) (any, error) {
	waits := len(p.PreviousResultIDs) > 0 && len(p.PartialResultToken) > 0 && c.client.Workspace.DidChangeWatchedFiles.DynamicRegistration
	if waits {
		// Who may wait for hours looks at nothing meanwhile.
		c.server.readers.leave(c.reader)
	}
	seen, going := c.server.changes.untold(ctx, waits)
	if waits {
		c.reader = c.server.readers.enter()
	}
	if !going {
		return nil, fail(protocol.RequestCancelled, "the session ends")
	}
	if waits {
		c.server.mu.Lock()
		c.state = c.server.state
		c.server.mu.Unlock()
	}
	work := c.server.begin(p.WorkDoneToken, "Checking descriptions")
	defer work.end()
	previous := map[protocol.DocumentURI]string{}
	for _, r := range p.PreviousResultIDs {
		previous[r.URI] = r.Value
	}
	paths := c.onDisk(ctx)
	items := []protocol.WorkspaceDocumentDiagnosticReport{}
	told := map[string]bool{}
	tell := func(item protocol.WorkspaceDocumentDiagnosticReport) {
		told[fileOf(item.URI)] = true
		if len(p.PartialResultToken) > 0 {
			c.server.notify("$/progress", protocol.ProgressParams{Token: p.PartialResultToken,
				Value: protocol.WorkspaceDiagnosticReport{Items: []protocol.WorkspaceDocumentDiagnosticReport{item}}})
			return
		}
		items = append(items, item)
	}
	add := func(d *document) {
		tell(protocol.WorkspaceDocumentDiagnosticReport{DocumentDiagnosticReport: c.report(d, previous[d.uri]), URI: d.uri, Version: d.version})
	}
	for _, uri := range slices.Sorted(maps.Keys(c.docs)) {
		if d := c.docs[uri]; !d.isConfig() {
			add(d)
		}
	}
	for i, path := range paths {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		work.report(i, len(paths), fmt.Sprintf("%d of %d", i+1, len(paths)))
		if d := c.closed(path); d != nil {
			add(d)
		}
	}
	// A client keeps the findings of a file that is gone until it is told otherwise.
	for _, r := range p.PreviousResultIDs {
		if !told[fileOf(r.URI)] {
			tell(protocol.WorkspaceDocumentDiagnosticReport{DocumentDiagnosticReport: protocol.DocumentDiagnosticReport{Kind: "full", Items: &[]protocol.Diagnostic{}}, URI: r.URI})
		}
	}
	c.server.changes.tell(seen)
	return protocol.WorkspaceDiagnosticReport{Items: items}, nil
}

// fileOf is the same for all ways to write the URI of a file.
func fileOf(uri protocol.DocumentURI) string {
	if file, ok := pathOf(uri); ok {
		return file
	}
	return string(uri)
}

// onDisk lists the descriptions below the folders that are not open.
func (c *call) onDisk(ctx context.Context) []string {
	if c.server.options.Files == nil {
		return nil
	}
	open := map[string]bool{}
	for _, d := range c.docs {
		open[d.path] = true
	}
	var out []string
	for _, f := range c.folders {
		if f.path == "" {
			continue
		}
		found, err := c.server.options.Files.Descriptions(ctx, f.path)
		if err != nil {
			continue
		}
		for _, p := range found {
			if !open[p] && isDescriptionPath(p) && c.within(p) {
				open[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// closed reads a description below the folders; nil where it cannot be read.
func (c *call) closed(path string) *document {
	raw, err := c.server.options.Files.Read(path)
	if err != nil {
		return nil
	}
	return closedDocument(uriOf(path), raw, c.encoding, c.server.configs.find(path))
}
