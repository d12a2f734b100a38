package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"inscribe/exec/pkcs11"
)

// release is set by the build.
var release = ""

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

func (a *app) version(args []string) error {
	if len(args) > 0 {
		return usagef("version takes no arguments")
	}
	with := "with PKCS#11"
	if !pkcs11.Available {
		with = "without PKCS#11 (built without cgo: apply and tokens need the full build)"
	}
	fmt.Fprintf(a.stdout, "inscribe %s, %s, %s/%s, %s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, with)
	return nil
}
