package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"inscribe/check/config"
)

// revision is a commit of the git repository around the working directory, or
// what is staged. It is read by git itself, by commands that run no hook, filter
// or pager.
type revision struct {
	app *app
	rev string // "" is the index
	// prefix is the working directory in the repository, top the folder of the
	// repository, "" for a bare one.
	prefix, top string
}

// revision finds a revision by any name that git has for it.
func (a *app) revision(rev string) (*revision, error) {
	if strings.HasPrefix(rev, "-") {
		return nil, usagef("%q is no revision", rev)
	}
	r := &revision{app: a, rev: rev}
	out, err := a.git("rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	r.prefix = strings.TrimRight(string(out), "\r\n")
	if out, err := a.git("rev-parse", "--show-toplevel"); err == nil {
		r.top = filepath.FromSlash(strings.TrimRight(string(out), "\r\n"))
	}
	if rev == "" {
		return r, nil
	}
	if _, err := a.git("rev-parse", "--verify", "--quiet", rev+"^{tree}"); err != nil {
		return nil, &exitError{code: exitUsage, err: fmt.Errorf("git knows no revision %s here", rev),
			help: "in a shallow clone, fetch it first; git log --all shows what there is"}
	}
	return r, nil
}

// locate gives the path of a file in the repository: from its top, as git takes
// it, or from the working directory where it begins with ./ or ../.
func (r *revision) locate(name string) (string, error) {
	name = filepath.ToSlash(name)
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		name = path.Join(r.prefix, name)
	}
	name = path.Clean(name)
	if name == "." || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
		return "", usagef("%s:%s is no file of the repository", r.rev, name)
	}
	return name, nil
}

func (r *revision) has(name string) bool {
	_, err := r.app.git("rev-parse", "--verify", "--quiet", r.rev+":"+name)
	return err == nil
}

// read gives the bytes of a file, and its path from the top.
func (r *revision) read(name string) ([]byte, string, error) {
	at, err := r.locate(name)
	if err != nil {
		return nil, "", err
	}
	if !r.has(at) {
		missing := &exitError{code: exitUsage, err: fmt.Errorf("there is no %s in %s", at, r.words())}
		if here := path.Join(r.prefix, at); r.prefix != "" && r.has(here) {
			missing.help = fmt.Sprintf("a path is taken from the top of the repository; from here it is %s:./%s", r.rev, at)
		}
		return nil, "", missing
	}
	raw, err := r.blob(at)
	return raw, at, err
}

func (r *revision) words() string {
	if r.rev == "" {
		return "what is staged"
	}
	return "revision " + r.rev
}

func (r *revision) blob(at string) ([]byte, error) {
	object := r.rev + ":" + at
	out, err := r.app.git("cat-file", "-s", object)
	if err != nil {
		return nil, err
	}
	if size, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64); err != nil || size > largestInput {
		return nil, fmt.Errorf("%s: larger than %d MiB, which no description is", object, largestInput>>20)
	}
	raw, err := r.app.git("cat-file", "blob", object)
	if err != nil {
		return nil, usagef("%s is no file: %w", object, err)
	}
	return raw, nil
}

// config finds inscribe.toml upward from a file, in the same revision, and above
// the repository in the folders around it.
func (r *revision) config(at string) (*config.Config, error) {
	for dir := path.Dir(at); ; dir = path.Dir(dir) {
		name := path.Join(dir, config.FileName)
		if r.has(name) {
			raw, err := r.blob(name)
			if err != nil {
				return nil, err
			}
			c, err := config.Parse(r.rev+":"+name, raw)
			if err != nil {
				return nil, &exitError{code: exitUsage, err: err}
			}
			return c, nil
		}
		if dir == "." {
			break
		}
	}
	if r.top == "" {
		return nil, nil
	}
	return r.app.configFor(r.top)
}

// git runs git in the working directory and gives what it prints.
func (a *app) git(args ...string) ([]byte, error) {
	cmd := osexec.CommandContext(a.ctx, "git", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if errors.Is(err, osexec.ErrNotFound) {
		return nil, &exitError{code: exitInternal, err: errors.New("there is no git on this machine, and a side that is REV:PATH needs it")}
	}
	if err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		if said == "" {
			said = err.Error()
		}
		return nil, &exitError{code: exitInternal, err: fmt.Errorf("git %s: %s", args[0], strings.TrimPrefix(said, "fatal: "))}
	}
	return stdout.Bytes(), nil
}
