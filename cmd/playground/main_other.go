//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "this command runs in a browser only; make playground builds the page")
	os.Exit(2)
}
