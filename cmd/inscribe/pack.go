package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"inscribe/grammar/container"
	"inscribe/internal/durable"
)

func packFlags(f *pflag.FlagSet, o *options) {
	f.StringVarP(&o.output, "output", "o", "", "the .dsz to write, or - for the standard output (default: beside the description)")
	f.BoolVar(&o.force, "force", false, "overwrite a .dsz with other content")
}

// pack makes a .dsz of a description and files that go with it.
func (a *app) pack(args []string) error {
	if len(args) == 0 {
		return usagef("give a description, and files that go with it if there are any")
	}
	var entries []container.Entry
	output := a.opts.output
	for _, path := range args {
		if path == stdinName {
			return usagef("pack takes files, since an archive keeps their names")
		}
		raw, err := a.read(path)
		if err != nil {
			return err
		}
		if _, err := container.Is(raw, path); err != nil {
			return containerError(err)
		}
		if ext := filepath.Ext(path); output == "" && strings.EqualFold(ext, container.Description) {
			output = strings.TrimSuffix(path, ext) + container.Extension
		}
		entries = append(entries, container.Entry{Name: filepath.Base(path), Data: raw})
	}
	packed, err := container.Pack(entries)
	if err != nil {
		return usagef("%w", err)
	}
	if output == stdinName {
		_, err := a.stdout.Write(packed)
		return err
	}
	if !strings.EqualFold(filepath.Ext(output), container.Extension) {
		return usagef("--output is %q; an archive with a description is named .dsz", output)
	}
	before, err := a.read(output)
	switch {
	case err == nil && bytes.Equal(before, packed):
		fmt.Fprintf(a.stdout, "%s is up to date\n", output)
		return nil
	case err == nil && !a.opts.force:
		return refusedf("give another name with --output, or overwrite it with --force", "%s is there already, with other content", output)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	mode := fs.FileMode(0o644)
	// What only its owner may read stays so.
	for _, path := range args {
		if info, err := os.Stat(path); err == nil {
			mode &= info.Mode().Perm() | 0o200
		}
	}
	if err := durable.Replace(placeOf(output), packed, mode); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", output, plural(len(entries), "file"))
	return nil
}
