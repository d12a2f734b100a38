// Package durable writes files that hold all of what they were given or nothing,
// through a crash and a power cut too.
//
// It decides nothing: not where a file goes, what may be replaced, nor what an error
// means to anybody. Errors are those of the system.
package durable
