// Package profile is what is known of a kind of token and its middleware: data,
// one file a profile, each fact yes, no or unknown, with its source.
//
// The planner and the proof ask a profile what a token can do. A fact that is
// unknown gives a warning "unproven", never a refusal and never a proof. The
// package reads embedded data and bytes that it is given; it opens no file.
package profile
