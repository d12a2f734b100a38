package lsp

import (
	"strings"

	"inscribe/internal/percent"
)

// uriParts are the parts of a URI that documents have (RFC 3986, section 3); the path is
// decoded, the query is not.
type uriParts struct{ scheme, host, path, query string }

// splitURI gives the parts of a URI, or false for what is none.
func splitURI(uri string) (u uriParts, ok bool) {
	if strings.ContainsFunc(uri, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return u, false
	}
	rest, _, _ := strings.Cut(uri, "#")
	rest, u.query, _ = strings.Cut(rest, "?")
	if scheme, after, found := strings.Cut(rest, ":"); found && !strings.Contains(scheme, "/") {
		u.scheme, rest = strings.ToLower(scheme), after
	}
	if after, found := strings.CutPrefix(rest, "//"); found {
		i := strings.IndexByte(after+"/", '/')
		u.host, rest = after[:i], after[i:]
	}
	path, err := percent.Decode(rest)
	u.path = path
	return u, err == nil
}
