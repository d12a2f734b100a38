package ca

import (
	"os"
	"path/filepath"
	"runtime"

	"inscribe/exec"
)

// local makes an error about a file. The cause, an [*os.PathError] mostly, names
// the path. Without an advice it is about a folder that takes no file.
func local(message, advice string, cause error) *exec.Error {
	if advice == "" {
		advice = "the folder of the CA must be writable and have space; that of the embedded CA is in the state folder, which --state chooses"
	}
	return &exec.Error{Kind: exec.Local, Message: message, Advice: advice, Cause: cause}
}

// writeSynced writes a new file that only its owner can read and forces it to
// the disk. The file must not exist.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// replaceFile puts a file in place whole or not at all.
func replaceFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	tmp := f.Name()
	defer os.Remove(tmp)
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename last. Windows has no such call for folders.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}
