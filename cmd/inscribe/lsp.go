package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"inscribe/lsp"
)

func lspFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.listen, "listen", "", "serve one client on PORT or HOST:PORT of this machine instead of the standard streams, for debugging; 0 is any free port")
	f.Bool("stdio", true, "serve on the standard streams; this is the default, and some clients say it")
}

// lsp serves one editor until it goes.
func (a *app) lsp(args []string) error {
	if len(args) > 0 {
		return usagef("lsp takes no arguments")
	}
	conn, err := a.client()
	if a.ctx.Err() != nil {
		return nil // a server that is told to end has not failed
	}
	if err != nil {
		return err
	}
	_, err = await(a.ctx, func() (struct{}, error) {
		return struct{}{}, lsp.Serve(a.ctx, conn, lsp.Options{Version: version(), Files: workspace{}, AwaitEnd: awaitEnd, Room: lspRoom})
	})
	if a.ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, lsp.ErrNoShutdown) {
		// The protocol asks for 1. Nobody reads a message any more.
		return &exitError{code: exitFindings}
	}
	return err
}

// lspRoom leaves a hundred open descriptions, at rest, well below 30 MB.
const lspRoom = 4 << 20

// client gives the connection to the editor: the standard streams, or the first
// connection to a port that only this machine can reach.
func (a *app) client() (io.ReadWriteCloser, error) {
	if a.opts.listen == "" {
		return streams{a.stdin, a.stdout}, nil
	}
	address := a.opts.listen
	if !strings.Contains(address, ":") {
		address = "127.0.0.1:" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, usagef("--listen is %q; give a PORT of 0 to 65535, or HOST:PORT with an address of this machine, as 127.0.0.1:4711", clean(a.opts.listen))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, usagef("--listen is %s; only an address of this machine will do, as 127.0.0.1:PORT: whoever connects reads the descriptions", a.opts.listen)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	fmt.Fprintf(a.stderr, "listening on %s\n", listener.Addr())
	stop := context.AfterFunc(a.ctx, func() { listener.Close() })
	defer stop()
	return listener.Accept()
}

// streams are the standard streams as a connection.
type streams struct {
	io.Reader
	io.Writer
}

// Close lets a reader go where it can be closed.
func (s streams) Close() error {
	if c, ok := s.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// workspace is the disk as the language server sees it.
type workspace struct{}

// Read gives the bytes of a regular file. Below what is no folder, and under a name
// that none can have, there is none.
func (workspace) Read(path string) ([]byte, error) {
	raw, err := readRegular(filepath.FromSlash(path))
	for _, never := range []syscall.Errno{syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.EINVAL} {
		if errors.Is(err, never) {
			return nil, fs.ErrNotExist
		}
	}
	return raw, err
}

// Descriptions lists the *.dsc files below a folder. It leaves out folders that
// begin with a dot and what packages bring.
func (workspace) Descriptions(ctx context.Context, folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(filepath.FromSlash(folder), func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil // what cannot be read is not there
		case d.IsDir() && path != folder && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.Type().IsRegular() && strings.EqualFold(filepath.Ext(path), ".dsc"):
			found = append(found, filepath.ToSlash(path))
		}
		return nil
	})
	slices.Sort(found)
	return found, err
}
