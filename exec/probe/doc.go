// Package probe learns what a kind of token can do, by a script of calls on a
// scratch token, and writes it down as a profile.
//
// The token is initialised anew, and never one that holds an object. What the
// script generates it destroys again, and it leaves the PINs that it was given. What
// it sets meanwhile is made of these, so that a probe that is killed hides none.
// Every claim of the token is tried where a try costs nothing; PIN tries are
// spent only where they were asked for. The package works over the interfaces of
// exec alone: it starts no process and prints nothing.
package probe
