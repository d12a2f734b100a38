//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "vcard: the daemon of the cards runs in namespaces, which only Linux has")
	os.Exit(2)
}
