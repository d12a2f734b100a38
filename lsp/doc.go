// Package lsp is the language server: a file a feature, of completion and of what
// is missing some more, over the same parser, checker and planner as the command line.
//
// # Order
//
// The transport hands messages over one by one. Notifications change the state
// there and then, on the reader's goroutine; the state and every snapshot of a
// document are immutable, so a request keeps those it came with and runs on a
// goroutine of its own, with a context that $/cancelRequest ends. What is
// costly, the meaning of a document and its plan, is worked out once a snapshot
// by whoever needs it first. Diagnostics are published in the order of the
// versions, without a delay on purpose. Proofs, and the collection of garbage, wait
// for a pause of the typing.
//
// The memory of a snapshot is used again, once all who came while it was there have
// gone: whoever looks at a state enters [readers] first, and leaves when the answer
// is written.
//
// # Transport
//
// JSON-RPC is github.com/sourcegraph/jsonrpc2, whose packages reach no network
// and which calls its handler in order. Only its framing is not used: a frame
// that holds no JSON must be answered and skipped, and the library gives up the
// connection. The server reads and writes an io.ReadWriteCloser; where that
// comes from is the command's matter.
//
// # Limits
//
// The package opens no file, port or process. It asks a [Files] for two things
// only: descriptions below the folders of the workspace, and inscribe.toml from
// a description's folder upward. Nothing that goes to the client but the text
// of the document itself holds a literal secret: what could goes through the
// masker of check/mask.
package lsp
