// Package schema is the one table of keywords.
//
// The checker, the planner, completion, hover, "explain", the reference and the
// editor grammars all read it: a keyword is added here and in its lowering, and
// nowhere else. The table checks itself ([Table.Validate]), so a slip in it
// fails a test and not a user.
//
// The package is data: it reads no file and reports no diagnostic.
package schema
