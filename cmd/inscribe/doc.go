// Command inscribe checks, plans and executes encoding descriptions for smart
// cards and tokens.
//
// Only this command prints, prompts and exits. It finds files, reads the
// configuration and the values of fields, and hands them to the packages that
// do the work; a command is one file and one row of the table in commands.go.
package main
