package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"inscribe/grammar/container"
)

func unpackFlags(f *pflag.FlagSet, o *options) {
	f.StringVarP(&o.output, "output", "o", ".", "the folder to write into; it is made if need be")
	f.BoolVar(&o.force, "force", false, "overwrite files")
}

// unpack writes the files of a .dsz into a folder.
func (a *app) unpack(args []string) error {
	name, err := one(args, "archive")
	if err != nil {
		return err
	}
	raw, err := a.read(name)
	if err != nil {
		return err
	}
	packed, err := container.Is(raw, name)
	if err != nil {
		return containerError(err)
	}
	if !packed {
		return usagef("%s is no .dsz", name)
	}
	archive, err := container.Open(raw, name, container.Default)
	if err != nil {
		return containerError(err)
	}
	entries, err := archive.Entries()
	if err != nil {
		return containerError(err)
	}
	if err := os.MkdirAll(a.opts.output, 0o755); err != nil {
		return err
	}
	// A root lets no name lead out of the folder, be it over a link in it.
	root, err := os.OpenRoot(a.opts.output)
	if err != nil {
		return err
	}
	defer root.Close()
	if !a.opts.force {
		var there []string
		for _, e := range entries {
			if _, err := root.Lstat(e.Name); err == nil {
				there = append(there, filepath.Join(a.opts.output, e.Name))
			}
		}
		if there != nil {
			return refusedf("unpack into another folder with --output, or overwrite with --force", "%s: there already: %s", name, strings.Join(there, ", "))
		}
	}
	for _, e := range entries {
		if err := a.unpackOne(root, e); err != nil {
			return err
		}
		fmt.Fprintln(a.stdout, clean(filepath.Join(a.opts.output, e.Name)))
	}
	return nil
}

func (a *app) unpackOne(root *os.Root, e container.Entry) error {
	if err := root.MkdirAll(path.Dir(e.Name), 0o755); err != nil {
		return err
	}
	if a.opts.force {
		// Not written through: it may be a link to another file.
		if err := root.Remove(e.Name); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	f, err := root.OpenFile(e.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(e.Data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
