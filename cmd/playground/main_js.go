package main

import (
	"context"
	"syscall/js"

	"inscribe/check/profile"
	"inscribe/lsp"
)

// release is set by the build.
var release string

func main() {
	worker := js.Global()
	p := newPort(func(message string) { worker.Call("postMessage", message) })
	worker.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		p.receive(args[0].Get("data").String())
		return nil
	}))
	// The first message is no string: it says that the server listens, and what
	// the page cannot know.
	worker.Call("postMessage", map[string]any{"version": release, "profiles": profiles()})
	_ = lsp.Serve(context.Background(), p, lsp.Options{Version: release})
}

// profiles are those that the page offers.
func profiles() []any {
	var out []any
	for _, name := range profile.Names() {
		out = append(out, map[string]any{"name": name, "title": profile.Lookup(name).Title})
	}
	return out
}
