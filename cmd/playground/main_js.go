package main

import (
	"context"
	"syscall/js"

	"inscribe/lsp"
)

// release is set by the build.
var release string

func main() {
	page := js.Global().Get("page")
	p := newPort(func(message string) { page.Call("postMessage", message) })
	// From here on the port gives what the page has sent, also what it sent before.
	page.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		p.receive(args[0].Get("data").String())
		return nil
	}))
	// The first message is no string: it says that the server listens, and what
	// the page cannot know.
	page.Call("postMessage", map[string]any{"version": release})
	_ = lsp.Serve(context.Background(), p, lsp.Options{Version: release})
}
