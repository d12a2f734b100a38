package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/grammar"
	"inscribe/grammar/container"
)

const stdinName = "-"

// largestInput is far more than a description, or an archive with one, needs.
const largestInput = 64 << 20

// read gives the bytes of a file, or of the standard input.
func (a *app) read(path string) ([]byte, error) {
	if err := a.mayBeRead(path); err != nil {
		return nil, err
	}
	in := a.stdin
	raw, err := await(a.ctx, func() ([]byte, error) {
		if path != stdinName {
			f, err := os.Open(path) // waits for the writer of a pipe with a name
			if err != nil {
				return nil, err
			}
			defer f.Close()
			in = f
		}
		return io.ReadAll(io.LimitReader(in, largestInput+1))
	})
	if err == nil && len(raw) > largestInput {
		err = fmt.Errorf("%s: larger than %d MiB, which no description is", path, largestInput>>20)
	}
	return raw, err
}

// largestRegular is what is read of an inscribe.toml, and of a description of an
// editor's workspace.
const largestRegular = 16 << 20

// readRegular gives the bytes of a file that nobody named: it may be no file at all, or
// one that never ends.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; it must be a file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case info.Size() > largestRegular:
		return nil, fmt.Errorf("%s is larger than %d MiB", path, largestRegular>>20)
	}
	return os.ReadFile(path)
}

// readFile is [os.ReadFile], but ends with an interrupt: a pipe with a name may have no
// writer yet.
func (a *app) readFile(path string) ([]byte, error) {
	if err := a.mayBeRead(path); err != nil {
		return nil, err
	}
	return await(a.ctx, func() ([]byte, error) { return os.ReadFile(path) })
}

// source is a file that was given, with the description in it.
type source struct {
	path string // as it was given
	raw  []byte
	// packed says that the description came out of a .dsz.
	packed bool
	file   *ast.File
	config *config.Config
}

// loader reads descriptions, also for several goroutines at once, and looks for
// inscribe.toml once a folder.
type loader struct {
	app     *app
	mu      sync.Mutex
	configs map[string]foundConfig // by absolute folder
}

type foundConfig struct {
	config *config.Config
	err    error
}

func (a *app) loader() *loader { return &loader{app: a, configs: map[string]foundConfig{}} }

// source reads a file and finds its configuration.
func (l *loader) source(path string) (*source, error) {
	raw, err := l.app.read(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, raw: raw}
	if s.file, s.packed, err = parse(path, raw); err != nil {
		return nil, err
	}
	if s.config, err = l.configFor(path); err != nil {
		return nil, err
	}
	if l.app.opts.strictVendor {
		s.config = strict(s.config)
	}
	return s, nil
}

// strict is a configuration that warns of keywords which only Inscribe has.
func strict(cfg *config.Config) *config.Config {
	c := config.Config{}
	if cfg != nil {
		c = *cfg
	}
	c.Severity = map[diag.Code]diag.Severity{}
	if cfg != nil {
		maps.Copy(c.Severity, cfg.Severity)
	}
	c.Severity[diag.VendorExtension] = diag.Warning
	return &c
}

// parse reads the description in the bytes of a file, or in the .dsz that they
// are.
func parse(path string, raw []byte) (file *ast.File, packed bool, err error) {
	name, text := path, raw
	if packed, err = container.Is(raw, path); err == nil && packed {
		var archive *container.Archive
		if archive, err = container.Open(raw, path, container.Default); err == nil {
			name, text = path+":"+archive.Description.Name, archive.Description.Data
		}
	}
	if err != nil {
		return nil, packed, containerError(err)
	}
	f := grammar.Parse(name, text)
	if packed {
		sum := sha256.Sum256(raw)
		f.Archive = ast.Archive{Name: path, SHA256: hex.EncodeToString(sum[:])}
	}
	return f, packed, nil
}

func containerError(err error) error {
	var refused *container.Error
	if errors.As(err, &refused) {
		return &exitError{code: exitInternal, err: err, help: refused.Help}
	}
	return err
}

// configFor finds inscribe.toml upward from a file.
func (l *loader) configFor(path string) (*config.Config, error) {
	dir := "."
	if path != stdinName {
		dir = filepath.Dir(path)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.upward(dir)
	return found.config, found.err
}

func (l *loader) upward(dir string) foundConfig {
	found, known := l.configs[dir]
	if known {
		return found
	}
	file := filepath.Join(dir, config.FileName)
	if found.err = l.app.mayBeRead(file); found.err != nil {
		return found
	}
	raw, err := readRegular(file)
	switch parent := filepath.Dir(dir); {
	case err == nil:
		if found.config, err = config.Parse(file, raw); err != nil {
			found = foundConfig{err: &exitError{code: exitUsage, err: err}}
		}
	case !errors.Is(err, fs.ErrNotExist):
		found.err = err
	case parent != dir:
		found = l.upward(parent)
	}
	l.configs[dir] = found
	return found
}

// configFor finds inscribe.toml upward from a file.
func (a *app) configFor(path string) (*config.Config, error) { return a.loader().configFor(path) }

// load reads and checks one description.
func (a *app) load(path string) (*check.Program, error) {
	s, err := a.loader().source(path)
	if err != nil {
		return nil, err
	}
	return check.Check(s.file, s.config), nil
}

// expand turns folders to the descriptions below them and patterns to those
// that match, in stable order and each file once. What cannot be read is an
// error beside the rest.
func expand(args []string) (files []string, errs []error) {
	seen := map[string]bool{}
	add := func(path string) {
		key := path
		if path != stdinName {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				key = real
			}
			if abs, err := filepath.Abs(key); err == nil {
				key = abs
			}
		}
		if !seen[key] {
			seen[key] = true
			files = append(files, path)
		}
	}
	for _, arg := range args {
		found, err := expandOne(arg)
		for _, path := range found {
			add(path)
		}
		if err != nil {
			errs = append(errs, err...)
		}
	}
	return files, errs
}

func expandOne(arg string) ([]string, []error) {
	if arg == stdinName {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		found, errs := below(arg, func(string) bool { return true })
		if found == nil && errs == nil {
			errs = append(errs, fmt.Errorf("there is no *.dsc or *.dsz below %s", arg))
		}
		return found, errs
	case err == nil:
		return []string{arg}, nil
	case strings.Contains(arg, "*"):
		found, errs := glob(arg)
		if found == nil && errs == nil {
			errs = append(errs, fmt.Errorf("no *.dsc or *.dsz matches %s", arg))
		}
		return found, errs
	}
	return nil, []error{err}
}

// below finds the descriptions below a folder that are wanted, sorted. It goes
// on behind what it cannot read.
func below(dir string, wanted func(path string) bool) (found []string, errs []error) {
	root := dir
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		// With a separator behind it the link is followed, as it was asked for.
		root += string(filepath.Separator)
	}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch ext := strings.ToLower(filepath.Ext(path)); {
		case err != nil:
			errs = append(errs, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir() && (ext == container.Description || ext == container.Extension) && wanted(path):
			found = append(found, path)
		}
		return nil
	})
	slices.Sort(found)
	return found, errs
}

// inOrder runs work for 0 to n-1 on all processors and hands the results to use
// in order, a few of them waiting at a time. It stops early when the command is
// interrupted.
func inOrder[T any](a *app, n int, work func(i int) T, use func(i int, v T)) error {
	type outcome struct {
		value  T
		defect string
	}
	queue := make(chan chan outcome, 2*runtime.GOMAXPROCS(0))
	go func() {
		defer close(queue)
		for i := range n {
			if a.ctx.Err() != nil {
				return
			}
			c := make(chan outcome, 1)
			queue <- c
			go func() {
				var o outcome
				defer func() {
					// Only the goroutine of run can report a defect as one.
					if p := recover(); p != nil {
						o.defect = fmt.Sprintf("%v\n%s", p, debug.Stack())
					}
					c <- o
				}()
				o.value = work(i)
			}()
		}
	}()
	i := 0
	for c := range queue {
		o := <-c
		if o.defect != "" {
			panic(o.defect)
		}
		use(i, o.value)
		i++
	}
	if a.ctx.Err() != nil {
		return interrupted{}
	}
	return nil
}

// reportAll reports errors, each text once, and gives the gravest exit code.
func (a *app) reportAll(errs []error) int {
	code := exitOK
	seen := map[string]bool{}
	for _, err := range errs {
		if seen[err.Error()] {
			continue
		}
		seen[err.Error()] = true
		code = max(code, a.report(err))
	}
	return code
}
