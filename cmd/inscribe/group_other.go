//go:build !unix

package main

import osexec "os/exec"

// ownGroup is for the process groups of Unix.
func ownGroup(*osexec.Cmd) {}
