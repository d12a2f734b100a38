// Package protocol holds the types of the Language Server Protocol that the
// server uses, and only those: structs named as in the specification (version
// 3.17; content of text documents from 3.18), with their JSON names.
//
// What the specification leaves open as a union has the one form that the
// server reads or writes. The package imports the standard library only.
package protocol
