package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"inscribe/exec"
	"inscribe/internal/durable"
)

// ProbeNote gives what a probe of a token noted and did not take away, since it was cut
// off; nothing where there is no such note.
func (f *Folder) ProbeNote(id exec.Identity) ([]byte, error) {
	b, err := os.ReadFile(f.probePath(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, local(err)
	}
	return b, nil
}

// SetProbeNote keeps a note of a probe of a token until it is taken away, by an empty
// one. It is on the disk when SetProbeNote returns.
func (f *Folder) SetProbeNote(id exec.Identity, note []byte) error {
	path := f.probePath(id)
	if len(note) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return local(err)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return local(err)
	}
	if err := durable.Replace(path, note, 0o600); err != nil {
		return local(err)
	}
	return nil
}

// probePath is the note of a token with its label: that of a probe is another one each
// time, so that no note outlives an initialisation.
func (f *Folder) probePath(id exec.Identity) string {
	return filepath.Join(f.dir, "probes", tokenKey(id)+".json")
}
