// Package secret holds the one type that carries a PIN, PUK or other secret.
//
// A Secret redacts itself in every way that Go knows to print, encode or log a
// value, so that a secret reaches the outside only where a caller spells out
// [Secret.Reveal]. Who calls Reveal, and why, is in the section Secrets of
// ARCHITECTURE.md, the three sinks among them; a test keeps the list.
//
// This package imports the standard library only and never prints.
package secret
