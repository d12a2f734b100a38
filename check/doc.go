// Package check gives a description its meaning: it resolves fields, literals,
// dialogs and locations against the table of keywords, infers the types of
// fields, and reports what is wrong with its place and a way out.
//
// [Check] builds a [Program] first, which never fails and holds whatever can be
// understood; then every rule looks at the program and reports. A rule is one
// file, rule_NAME.go. The package reads no file and prints nothing, and no
// diagnostic of it holds the value of a secret.
package check
