// Package bench measures Inscribe against named peers, in one run, so that a
// figure is a ratio and not a property of the machine.
//
// It is a module of its own: the peers are no dependencies of Inscribe. A peer in
// another language is a program: "make bench" installs it by npm.
package bench
