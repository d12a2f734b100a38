// Package filelock locks files against other processes that lock them too. A lock is of
// the open file: the kernel gives it back once no process has that open.
//
// It decides nothing: not what a lock stands for, nor what it means to anybody that
// another has it. Where the system has no such locks there is nothing in it.
package filelock
