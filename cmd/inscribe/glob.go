package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// glob finds the descriptions that a pattern matches, where no shell has done
// so: * is any text within a name, ** any folders. Other characters mean
// themselves.
func glob(pattern string) ([]string, []error) {
	slashed := filepath.ToSlash(filepath.Clean(pattern))
	fixed, _, _ := strings.Cut(slashed, "*")
	dir := "."
	if i := strings.LastIndexByte(fixed, '/'); i >= 0 {
		dir = filepath.FromSlash(slashed[:i+1])
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil
	}
	expr := globExpression(slashed)
	return below(filepath.Clean(dir), func(path string) bool { return expr.MatchString(filepath.ToSlash(path)) })
}

func globExpression(pattern string) *regexp.Regexp {
	expr := regexp.QuoteMeta(pattern)
	for _, r := range [][2]string{
		{`\*\*/`, "\x00"}, {`\*\*`, ".*"}, {`\*`, "[^/]*"}, {"\x00", "(?:.*/)?"},
	} {
		expr = strings.ReplaceAll(expr, r[0], r[1])
	}
	return regexp.MustCompile("^" + expr + "$")
}
