package pkcs11

import "inscribe/exec/host"

// Serve is the whole life of the child process. It answers the parent's
// requests over the pipes that [host.Start] made, until the parent ends the
// module or goes away, and returns the exit code. Call it as the first thing in
// a process whose first argument is [host.Arg].
func Serve() (exitCode int) { return host.Serve(newHandler()) }
