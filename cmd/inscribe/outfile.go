package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"inscribe/internal/durable"
)

// writeOutput makes or replaces the file that a flag names, whole or not at all: half
// a signed plan is worse than none. Links are followed and the mode of a file that is
// there is kept. What is no plain file, such as /dev/stderr, takes the bytes as they
// come.
func (a *app) writeOutput(path string, data []byte, mode fs.FileMode) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return durable.Replace(placeOf(path), data, mode)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return a.writeStream(path, data)
	}
	if path, err = replaceable(path); err != nil {
		return err
	}
	return durable.Replace(path, data, info.Mode().Perm())
}

// writeStream gives a pipe or a device the bytes. A pipe waits for its reader until an
// interrupt; what is told of a run that one ended waits for nobody.
func (a *app) writeStream(path string, data []byte) error {
	ctx, flag := a.ctx, os.O_WRONLY
	if ctx.Err() != nil {
		ctx, flag = context.WithoutCancel(ctx), flag|syscall.O_NONBLOCK
	}
	_, err := await(ctx, func() (int, error) {
		f, err := os.OpenFile(path, flag, 0)
		if err != nil {
			return 0, err
		}
		n, err := f.Write(data)
		return n, errors.Join(err, f.Close())
	})
	return err
}

// replaceable gives the file itself that a path leads to, if it may be written: a rename
// would go past its protection.
func replaceable(path string) (string, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	return path, f.Close()
}

// writable tells whether writeOutput could do it, and leaves everything as it is.
func writable(path string) error {
	place := placeOf(path)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder and is not written", path)
	case !info.Mode().IsRegular():
		return nil
	default:
		if place, err = replaceable(path); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(place), ".inscribe-*")
	if err != nil {
		var why *fs.PathError
		if errors.As(err, &why) {
			err = why.Err // the name of the trial file tells nobody anything
		}
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// replaceFile puts new bytes in the place of a file, whole or not at all; old
// is what they were made from. Links are followed and the mode is kept.
func replaceFile(path string, old, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no plain file and is not written", path)
	}
	// A rename would go past the protection of the file itself.
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	now, err := io.ReadAll(io.LimitReader(f, largestInput+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return fmt.Errorf("%s was changed by someone else meanwhile and is not written", path)
	}
	return durable.Replace(path, data, info.Mode().Perm())
}
