package container

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// packed is the time of all entries: the first that zip can express. The same
// files so give the same bytes on any day.
var packed = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// errPack says that files make no archive that [Open] would take.
var errPack = errors.New("cannot be packed")

// Pack makes an archive of files, one of which is a description; it comes first
// and the others by name. The same files give the same bytes. What Pack makes,
// [Open] takes: it is tried before it is given out.
func Pack(files []Entry) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b Entry) int {
		if da, db := isDescription(a.Name), isDescription(b.Name); da != db {
			if da {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Name, b.Name)
	})
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: packed}
		h.SetMode(0o644)
		entry, err := w.CreateHeader(h)
		if err == nil {
			_, err = entry.Write(f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", f.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if _, err := Open(b.Bytes(), "", Default); err != nil {
		var refused *Error
		if errors.As(err, &refused) {
			return nil, fmt.Errorf("%w: %s", errPack, refused.Problem)
		}
		return nil, err
	}
	return b.Bytes(), nil
}
