package lsp

import (
	"context"
	"net/url"
	"path"
	"strings"

	"inscribe/ast/diag"
	"inscribe/docs"
	"inscribe/lsp/protocol"
)

// textDocumentContent gives the documents that the server writes: the plan of a
// description, and the page of a code.
func (c *call) textDocumentContent(ctx context.Context, p *protocol.TextDocumentContentParams) (any, error) {
	u, err := url.Parse(string(p.URI))
	if err != nil {
		return nil, fail(protocol.InvalidParams, "the URI cannot be read")
	}
	switch u.Scheme {
	case planScheme:
		uri := describedBy(u)
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
		name := strings.TrimSuffix(path.Base(u.Opaque+u.Path), ".md")
		if page, ok := docs.Rule(diag.Code(name)); ok {
			return protocol.TextDocumentContentResult{Text: page.Text}, nil
		}
	}
	return nil, fail(protocol.InvalidParams, "there is no such document")
}

// describedBy is the description whose plan a URI names. Clients write a URI
// anew, and some, VS Code among them, escape the = of its query too.
func describedBy(u *url.URL) protocol.DocumentURI {
	query, err := url.PathUnescape(u.RawQuery)
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
