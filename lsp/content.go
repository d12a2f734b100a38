package lsp

import (
	"context"
	"path"
	"strings"

	"inscribe/ast/diag"
	"inscribe/docs"
	"inscribe/internal/percent"
	"inscribe/lsp/protocol"
)

// textDocumentContent gives the documents that the server writes: the plan of a
// description, and the page of a code.
func (c *call) textDocumentContent(ctx context.Context, p *protocol.TextDocumentContentParams) (any, error) {
	u, ok := splitURI(string(p.URI))
	if !ok {
		return nil, fail(protocol.InvalidParams, "the URI cannot be read")
	}
	switch u.scheme {
	case planScheme:
		uri := describedBy(u.query)
		c.server.contentMu.Lock()
		c.server.contents[p.URI] = uri
		c.server.contentMu.Unlock()
		d := c.description(uri)
		if d == nil {
			return protocol.TextDocumentContentResult{Text: "The description is not open.\n"}, nil
		}
		done, err := c.server.turn(ctx, d)
		if err != nil {
			return nil, err
		}
		defer done()
		return protocol.TextDocumentContentResult{Text: d.view(viewOptions{}).Text}, nil
	case pageScheme:
		name := strings.TrimSuffix(path.Base(u.path), ".md")
		if page, ok := docs.Rule(diag.Code(name)); ok {
			return protocol.TextDocumentContentResult{Text: page.Text}, nil
		}
	}
	return nil, fail(protocol.InvalidParams, "there is no such document")
}

// describedBy is the description whose plan the URI with a query names. Clients write a URI
// anew, and some, VS Code among them, escape the = of its query too.
func describedBy(query string) protocol.DocumentURI {
	query, err := percent.Decode(query)
	uri, ok := strings.CutPrefix(query, "of=")
	if err != nil || !ok {
		return ""
	}
	return protocol.DocumentURI(uri)
}

// announce tells the client that the plan of a description is another one. A
// client gets it only for a plan that it has asked for.
func (s *server) announce(d *document) {
	if s.state.client.Workspace.TextDocumentContent == nil {
		return
	}
	s.contentMu.Lock()
	defer s.contentMu.Unlock()
	for content, uri := range s.contents {
		if uri == d.uri {
			s.ask("workspace/textDocumentContent/refresh", protocol.TextDocumentContentParams{URI: content}, nil)
		}
	}
}
