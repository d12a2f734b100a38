package main

import (
	"slices"
	"strings"
)

// oneReader sees to it that the standard input is read for one thing alone, since the
// second would find it empty, and that no file is made that is called "-".
func (a *app) oneReader(args []string) error {
	var readers []string
	if slices.Contains(args, stdinName) {
		readers = append(readers, "the argument -")
	}
	if slices.Contains(a.opts.fieldFiles, stdinName) {
		readers = append(readers, "--fields -")
	}
	if a.opts.data == stdinName {
		readers = append(readers, "--data -")
	}
	for flag, given := range map[string][]string{"--field": a.opts.fields, "--answer": a.opts.answers} {
		for _, arg := range given {
			if name, value, _ := strings.Cut(arg, "="); value == "fd:0" {
				readers = append(readers, flag+" "+name+"=fd:0")
			}
		}
	}
	if len(readers) > 1 {
		slices.Sort(readers)
		return usagef("the standard input can be read once, and %s both read it; it can be one of them, not both: take a file for the other", strings.Join(readers[:2], " and "))
	}
	for flag, path := range map[string]string{"--report": a.opts.reportFile, "--out": a.opts.out} {
		if path == stdinName {
			return usagef("%s wants the name of a file; the standard output has the result itself", flag)
		}
	}
	return nil
}
