package container

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The extensions of descriptions and of archives that hold one.
const (
	Description = ".dsc"
	Extension   = ".dsz"
)

// Limits are what an archive may not exceed.
type Limits struct {
	// Entries is the number of entries, folders among them.
	Entries int
	// Size is the sum of all entries unpacked, in bytes.
	Size int64
	// Ratio is how many times larger than its packed form an entry may be; it
	// counts from 1 MiB on, below which it does no harm.
	Ratio int64
}

// Default are limits that no honest archive reaches.
var Default = Limits{Entries: 1000, Size: 16 << 20, Ratio: 200}

const ratioFrom = 1 << 20

// Error says why an archive is refused, and the way out where there is one.
type Error struct {
	Name    string // of the archive
	Problem string
	Help    string
}

// Error names the archive and the problem.
func (e *Error) Error() string { return e.Name + ": " + e.Problem }

// Entry is a file of an archive.
type Entry struct {
	Name string
	Data []byte
}

// isZip reports whether the bytes begin as a zip archive does.
func isZip(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("PK\x03\x04")) || bytes.HasPrefix(raw, []byte("PK\x05\x06"))
}

// Is reports whether a file of this name and content is to be read as an
// archive: its name says so, or there is no name and its bytes say so. A name
// that contradicts the bytes is an [*Error].
func Is(raw []byte, name string) (bool, error) {
	switch ext := strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/"))); {
	case ext == Extension && !isZip(raw):
		e := &Error{name, "no zip archive, as a .dsz file is one", "if it is a plain description, name it .dsc; inscribe pack makes a .dsz of it"}
		if len(raw) == 0 {
			e.Problem, e.Help = "the file is empty", "fetch or pack it again"
		}
		return false, e
	case ext == Description && isZip(raw):
		return false, &Error{name, "a zip archive, as .dsz files are, and no plain description", "name it .dsz, or take the description out with inscribe unpack"}
	case ext == Extension:
		return true, nil
	}
	return isZip(raw), nil
}

// Archive is a .dsz that was looked through and found harmless.
type Archive struct {
	// Description is the one description in it.
	Description Entry
	// Others are the names of the other files, in the order of the archive.
	Others []string

	name   string
	files  []*zip.File
	limits Limits
}

// Open reads an archive. name is what errors, which are [*Error], call it.
func Open(raw []byte, name string, l Limits) (*Archive, error) {
	a := &Archive{name: name, limits: l}
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, a.fail("the archive is damaged or cut off", "fetch or pack it again")
	}
	if len(r.File) > l.Entries {
		return nil, a.fail(fmt.Sprintf("the archive has %d entries; more than %d are refused", len(r.File), l.Entries), "")
	}
	left := l.Size
	seen := map[string]bool{}
	var found []*zip.File
	for _, f := range r.File {
		if err := a.inspect(f); err != nil {
			return nil, err
		}
		key := strings.ToLower(strings.TrimSuffix(f.Name, "/"))
		if seen[key] {
			return nil, a.fail(fmt.Sprintf("two entries are named %q, and readers would not agree on which one counts", f.Name), "pack it again")
		}
		seen[key] = true
		if f.UncompressedSize64 > uint64(left) {
			return nil, a.tooLarge()
		}
		left -= int64(f.UncompressedSize64)
		switch {
		case f.Mode().IsDir():
		case isDescription(f.Name):
			found = append(found, f)
			a.files = append(a.files, f)
		default:
			a.Others = append(a.Others, f.Name)
			a.files = append(a.files, f)
		}
	}
	for _, f := range a.files {
		for dir := path.Dir(f.Name); dir != "."; dir = path.Dir(dir) {
			if seen[strings.ToLower(dir)] && a.holds(dir) {
				return nil, a.fail(fmt.Sprintf("%q is both a file and a folder", dir), "pack it again")
			}
		}
	}
	switch len(found) {
	case 1:
	case 0:
		return nil, a.fail("there is no .dsc in the archive"+list(a.Others), "a .dsz holds one description")
	default:
		var names []string
		for _, f := range found {
			names = append(names, f.Name)
		}
		return nil, a.fail(fmt.Sprintf("there are %d descriptions in the archive", len(found))+list(names), "a .dsz holds one description; make one archive of each")
	}
	a.Description.Name = found[0].Name
	a.Description.Data, err = a.read(found[0])
	return a, err
}

// Entries unpacks all files, the description among them, in the order of the
// archive.
func (a *Archive) Entries() ([]Entry, error) {
	var out []Entry
	for _, f := range a.files {
		if f.Name == a.Description.Name {
			out = append(out, a.Description)
			continue
		}
		data, err := a.read(f)
		if err != nil {
			return nil, err
		}
		out = append(out, Entry{f.Name, data})
	}
	return out, nil
}

// holds reports whether a file has the name, in any case.
func (a *Archive) holds(name string) bool {
	return slices.ContainsFunc(a.files, func(f *zip.File) bool { return strings.EqualFold(f.Name, name) })
}

func (a *Archive) fail(problem, help string) error { return &Error{a.name, problem, help} }

func (a *Archive) tooLarge() error {
	return a.fail(fmt.Sprintf("the archive unpacks to more than %d MiB, which is refused", a.limits.Size>>20), "")
}

// inspect refuses an entry by what its header says.
func (a *Archive) inspect(f *zip.File) error {
	if problem := badName(f.Name); problem != "" {
		return a.fail(fmt.Sprintf("the entry %q %s", f.Name, problem), "do not unpack it with other programs either; fetch the archive from where it was made")
	}
	const encrypted = 1<<0 | 1<<6 | 1<<13
	switch mode := f.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return a.fail(fmt.Sprintf("the entry %q is a link, which is refused", f.Name), "pack the file itself")
	case !mode.IsDir() && !mode.IsRegular():
		return a.fail(fmt.Sprintf("the entry %q is no plain file", f.Name), "")
	case f.Flags&encrypted != 0:
		return a.fail(fmt.Sprintf("the entry %q is encrypted", f.Name), "pack it without a password")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return a.fail(fmt.Sprintf("the entry %q is compressed by method %d, which only some programs read", f.Name, f.Method), "pack it with inscribe pack")
	case strings.EqualFold(path.Ext(f.Name), Extension):
		return a.fail(fmt.Sprintf("the entry %q is an archive itself", f.Name), "a .dsz holds the description, not another .dsz")
	case mode.IsDir() && f.UncompressedSize64 > 0:
		return a.fail(fmt.Sprintf("the folder %q has content", f.Name), "")
	case f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/uint64(a.limits.Ratio) > f.CompressedSize64:
		return a.fail(fmt.Sprintf("the entry %q unpacks to more than %d times its size, which is refused", f.Name, a.limits.Ratio), "")
	}
	return nil
}

// read unpacks an entry. What the header says about its size is not believed.
func (a *Archive) read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, a.damaged(f)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, a.limits.Size+1))
	switch {
	case err != nil:
		return nil, a.damaged(f)
	case int64(len(data)) > a.limits.Size:
		return nil, a.tooLarge()
	case uint64(len(data)) != f.UncompressedSize64:
		return nil, a.damaged(f)
	}
	return data, nil
}

func (a *Archive) damaged(f *zip.File) error {
	return a.fail(fmt.Sprintf("the entry %q is damaged", f.Name), "fetch or pack it again")
}

// isDescription leaves out the companions that macOS puts beside each file.
func isDescription(name string) bool {
	return strings.EqualFold(path.Ext(name), Description) && !strings.HasPrefix(name, "__MACOSX/")
}

// badName says what is wrong with the name of an entry, on any system.
func badName(name string) string {
	trimmed := strings.TrimSuffix(name, "/")
	switch {
	case trimmed == "":
		return "has no name"
	case !utf8.ValidString(name):
		return "has a name that is no UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character in its name"
	case strings.Contains(name, `\`):
		return "has a backslash in its name, which leads out of the folder on Windows"
	case strings.Contains(name, ":"):
		return "has a colon in its name, which means a drive on Windows"
	case !fs.ValidPath(trimmed) || trimmed == ".":
		return "leads out of the folder that it is unpacked to"
	}
	return ""
}

func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	const most = 10
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return ": " + strings.Join(quoted, ", ") + more
}
