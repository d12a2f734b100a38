// Package host runs a PKCS#11 module in a child process and gives it to the
// engine as an [exec.Module].
//
// A vendor's library may crash, hang, print or call exit. In a process of its
// own, each of these is an error with a name here, and the journal goes on. The
// child is this program's own binary, started with the argument [Arg] and with
// an environment made from an allow-list; it runs [Serve] with the calls of
// exec/pkcs11. The two talk over dedicated pipes, strictly one request and one
// answer, in gob.
//
// A PIN crosses the pipe as raw bytes behind the request. It is never part of a
// wire type, an argument, the environment or an error.
//
// The package uses no cgo, loads no library itself, prints nothing and knows
// nothing of plans.
package host
