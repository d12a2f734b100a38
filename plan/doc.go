// Package plan lowers a checked description to a linear list of ops, and renders
// that list for people and programs.
//
// A plan is data: it says what would happen in which slot under which credential
// and never holds the value of a secret. What a run-time value still decides
// stays symbolic ("field:NAME", "when"). The same description, bindings and
// profile give the same bytes on every platform.
//
// The package runs nothing and proves nothing: exec runs plans and exec/prove
// proves them. What a part of a description becomes is in one file, lower_NAME.go; the
// ops of a kind, such as logins, may come of several.
package plan
