package lsp

import (
	"context"
	"path"
	"strings"

	"inscribe/check/config"
	"inscribe/internal/percent"
	"inscribe/lsp/protocol"
)

// Files is what the server may see of the disk. Paths have slashes.
type Files interface {
	// Read gives the bytes of a file; the error for one that is not there is
	// fs.ErrNotExist.
	Read(path string) ([]byte, error)
	// Descriptions lists the *.dsc files below a folder in a stable order.
	Descriptions(ctx context.Context, folder string) ([]string, error)
}

// folder is a root folder of the workspace; path is "" for one that is not on
// the disk.
type folder struct {
	uri  protocol.DocumentURI
	path string
}

// pathOf gives the path of a file URI.
func pathOf(uri protocol.DocumentURI) (string, bool) {
	u, ok := splitURI(string(uri))
	if !ok || u.scheme != "file" {
		return "", false
	}
	p := u.path
	if u.host != "" && u.host != "localhost" {
		p = "//" + u.host + p
	}
	// A drive: /c:/cards becomes c:/cards.
	if len(p) >= 3 && p[0] == '/' && p[2] == ':' {
		p = p[1:]
	}
	return path.Clean(p), true
}

// inPath are the reserved letters that mean nothing in a path (RFC 3986, section 3.3), and its slash.
const inPath = "$&+,/:;=@"

// uriOf is the inverse of pathOf.
func uriOf(p string) protocol.DocumentURI {
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return protocol.DocumentURI("file://" + percent.Encode(p, inPath))
}

// nameOf is what messages call a document.
func nameOf(uri protocol.DocumentURI) string {
	if p, ok := pathOf(uri); ok {
		return path.Base(p)
	}
	if u, ok := splitURI(string(uri)); ok {
		if name := path.Base(u.path); name != "." && name != "/" {
			return name
		}
	}
	return "description"
}

// within reports whether a path lies in a folder of the workspace.
func (s *state) within(p string) bool {
	for _, f := range s.folders {
		if f.path != "" && (p == f.path || strings.HasPrefix(p, strings.TrimSuffix(f.path, "/")+"/")) {
			return true
		}
	}
	return false
}

func isConfigPath(p string) bool { return path.Base(p) == config.FileName }

func isDescriptionPath(p string) bool { return strings.EqualFold(path.Ext(p), ".dsc") }
