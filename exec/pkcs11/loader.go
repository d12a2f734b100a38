package pkcs11

import (
	"path/filepath"
	"strings"

	"inscribe/exec/host"
)

const adviseModule = "give the path of the middleware's PKCS#11 library"

// loaderFailure makes an error of what dlopen says. The texts it looks for are
// those of glibc, musl and macOS; any other is passed on as it is.
func loaderFailure(path, why string) *host.Failure {
	subject, rest, _ := strings.Cut(why, ": ")
	missing := ""
	if strings.Contains(rest, "cannot open shared object file") {
		missing = subject
	}
	for _, mark := range []string{"Error loading shared library ", "Library not loaded: "} {
		if _, after, ok := strings.Cut(why, mark); ok {
			missing, _, _ = strings.Cut(after, ":")
			missing, _, _ = strings.Cut(missing, "\n")
		}
	}
	switch {
	case missing != "" && missing != path && filepath.Base(missing) != filepath.Base(path):
		return &host.Failure{
			Message: path + " cannot be loaded: missing dependency " + missing + ": " + why,
			Advice:  "install the package that has " + filepath.Base(missing),
		}
	case missing != "":
		return &host.Failure{
			Message: path + " cannot be loaded: " + why,
			Advice:  "install the middleware, or give the full path of its library",
		}
	case strings.Contains(why, "undefined symbol") || strings.Contains(why, "symbol not found"):
		return &host.Failure{
			Message: path + " cannot be loaded: no library has a symbol that it needs: " + why,
			Advice:  "the middleware does not fit the libraries of this system: install its version for this system",
		}
	}
	return &host.Failure{Message: path + " cannot be loaded: " + why, Advice: adviseModule}
}
