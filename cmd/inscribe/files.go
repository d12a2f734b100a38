package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/grammar"
)

const stdinName = "-"

// read gives the bytes of a file, or of the standard input.
func (a *app) read(path string) ([]byte, error) {
	if path == stdinName {
		return io.ReadAll(a.stdin)
	}
	return os.ReadFile(path)
}

// configFor finds inscribe.toml upward from a file.
func (a *app) configFor(path string) (*config.Config, error) {
	dir := "."
	if path != stdinName {
		dir = filepath.Dir(path)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		file := filepath.Join(dir, config.FileName)
		raw, err := os.ReadFile(file)
		if err == nil {
			c, err := config.Parse(file, raw)
			if err != nil {
				return nil, &exitError{code: exitUsage, err: err}
			}
			return c, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return nil, nil
	}
}

// load reads and checks one description.
func (a *app) load(path string) (*check.Program, error) {
	raw, err := a.read(path)
	if err != nil {
		return nil, err
	}
	cfg, err := a.configFor(path)
	if err != nil {
		return nil, err
	}
	return check.Check(grammar.Parse(path, raw), cfg), nil
}

// expand turns folders to the descriptions below them, in stable order.
func expand(args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, usagef("give a description, a folder, or - for the standard input")
	}
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if arg == stdinName || err == nil && !info.IsDir() {
			files = append(files, arg)
			continue
		}
		if err != nil {
			return nil, err
		}
		var found []string
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(path), ".dsc") {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, fmt.Errorf("there is no *.dsc below %s", arg)
		}
		slices.Sort(found)
		files = append(files, found...)
	}
	return files, nil
}
