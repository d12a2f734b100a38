package container

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

const text = "[Fields]\nPIN=\n[Description]\nPKCS11Library=x.dll\n"

type raw struct {
	zip.FileHeader
	data string
}

func file(name, data string) raw {
	return raw{zip.FileHeader{Name: name, Method: zip.Deflate}, data}
}

func archive(t testing.TB, entries ...raw) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := e.FileHeader
		f, err := w.CreateHeader(&h)
		if err == nil && e.data != "" {
			_, err = f.Write([]byte(e.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// declare changes the sizes that the central directory gives for all entries.
func declare(b []byte, packed, unpacked uint32) []byte {
	b = bytes.Clone(b)
	for i := 0; ; {
		at := bytes.Index(b[i:], []byte("PK\x01\x02"))
		if at < 0 {
			return b
		}
		i += at
		if packed > 0 {
			binary.LittleEndian.PutUint32(b[i+20:], packed)
		}
		binary.LittleEndian.PutUint32(b[i+24:], unpacked)
		i += 4
	}
}

// flag sets a bit of the flags of all entries in the central directory.
func flag(b []byte, bit uint16) []byte {
	b = bytes.Clone(b)
	at := bytes.Index(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint16(b[at+8:], binary.LittleEndian.Uint16(b[at+8:])|bit)
	return b
}

func TestOpen(t *testing.T) {
	a, err := Open(archive(t, file("readme.txt", "hello"), file("cards/", ""), file("cards/x.DSC", text), file("__MACOSX/cards/._x.dsc", "junk")), "x.dsz", Default)
	if err != nil {
		t.Fatal(err)
	}
	if a.Description.Name != "cards/x.DSC" || string(a.Description.Data) != text || !slices.Equal(a.Others, []string{"readme.txt", "__MACOSX/cards/._x.dsc"}) {
		t.Errorf("%+v", a)
	}
	all, err := a.Entries()
	if err != nil || len(all) != 3 || string(all[0].Data) != "hello" || string(all[1].Data) != text {
		t.Errorf("%q %v", all, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	link := file("link.txt", "/etc/passwd")
	link.SetMode(0o777 | fs.ModeSymlink)
	device := file("device", "")
	device.SetMode(0o600 | fs.ModeDevice)
	folder := file("folder.txt", "content")
	folder.SetMode(0o755 | fs.ModeDir)
	stored := func(e raw) raw { e.Method = zip.Store; return e }
	odd := file("x.dsc", text)
	odd.NonUTF8, odd.Name = true, "\xe4.dsc"
	zeros := strings.Repeat("\x00", 2<<20)
	ok := file("x.dsc", text)
	good := archive(t, ok)
	cut := func(n int) []byte { return good[:n] }
	broken := bytes.Clone(good)
	broken[35] ^= 0xff // in the packed data, so that the checksum is wrong
	method := archive(t, stored(ok))
	binary.LittleEndian.PutUint16(method[bytes.Index(method, []byte("PK\x01\x02"))+10:], 12)
	var many []raw
	for i := range 1000 {
		many = append(many, file(fmt.Sprintf("%d.txt", i), ""))
	}
	for name, c := range map[string]struct {
		zip  []byte
		want string
	}{
		"up":                {archive(t, ok, file("../evil.txt", "x")), "leads out of the folder"},
		"up within":         {archive(t, ok, file("a/../../evil.txt", "x")), "leads out of the folder"},
		"up by the dsc":     {archive(t, file("../x.dsc", text)), "leads out of the folder"},
		"dot":               {archive(t, ok, file("./y.txt", "x")), "leads out of the folder"},
		"absolute":          {archive(t, ok, file("/etc/evil", "x")), "leads out of the folder"},
		"backslash":         {archive(t, ok, file(`..\evil.txt`, "x")), "backslash"},
		"drive":             {archive(t, ok, file("C:/evil.txt", "x")), "colon"},
		"control":           {archive(t, ok, file("a\x1b[2Jb", "x")), "control character"},
		"no name":           {archive(t, ok, file("/", "")), "no name"},
		"encoding of names": {archive(t, odd), "no UTF-8"},
		"two":               {archive(t, ok, file("y/z.dsc", text)), `2 descriptions in the archive: "x.dsc", "y/z.dsc"`},
		"none":              {archive(t, file("a.txt", "x")), `no .dsc in the archive: "a.txt"`},
		"empty":             {archive(t), "no .dsc in the archive"},
		"twice":             {archive(t, ok, file("X.dsc", text)), "two entries are named"},
		"file and folder":   {archive(t, ok, file("x.dsc/y.txt", "x")), "both a file and a folder"},
		"link":              {archive(t, ok, link), "is a link"},
		"device":            {archive(t, ok, device), "no plain file"},
		"folder of content": {archive(t, ok, folder), "has content"},
		"nested":            {archive(t, ok, file("inner.DSZ", "x")), "is an archive itself"},
		"entries":           {archive(t, append(many, ok)...), "1001 entries"},
		"ratio":             {archive(t, ok, file("zeros", zeros)), "more than 200 times"},
		"size":              {archive(t, ok, stored(file("a", strings.Repeat("x", 9<<20))), stored(file("b", strings.Repeat("y", 9<<20)))), "more than 16 MiB"},
		"declared size":     {declare(good, 0, 0xfffffff0), "more than"},
		"lie, too small":    {declare(good, 0, 3), "damaged"},
		"lie, too large":    {declare(good, 0, 1<<19), "damaged"},
		"encrypted":         {flag(good, 1), "encrypted"},
		"strongly":          {flag(good, 1<<6), "encrypted"},
		"method":            {method, "compressed by method 12"},
		"checksum":          {broken, "damaged"},
		"cut":               {cut(len(good) - 5), "damaged or cut off"},
		"cut short":         {cut(40), "damaged or cut off"},
		"nothing":           {nil, "damaged or cut off"},
		"text":              {[]byte(text), "damaged or cut off"},
	} {
		_, err := Open(c.zip, "x.dsz", Default)
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.dsz: ") {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
	}
}

func TestSizeIsMeasured(t *testing.T) {
	a := archive(t, file("x.dsc", strings.Repeat(text, 100)))
	for _, l := range []Limits{{Entries: 1, Size: 100, Ratio: 200}, {Entries: 0, Size: 1 << 20, Ratio: 200}} {
		if _, err := Open(a, "x.dsz", l); err == nil {
			t.Errorf("%+v did not stop it", l)
		}
	}
	// The header lies: 10 bytes, and there are many more.
	if _, err := Open(declare(a, 0, 10), "x.dsz", Limits{Entries: 1, Size: 100, Ratio: 200}); err == nil {
		t.Error("the header was believed")
	}
}

func TestIs(t *testing.T) {
	z := archive(t, file("x.dsc", text))
	for _, c := range []struct {
		name string
		raw  []byte
		want bool
		err  string
	}{
		{"x.dsz", z, true, ""},
		{"x.DSC", []byte(text), false, ""},
		{"-", z, true, ""},
		{"-", []byte(text), false, ""},
		{"x.dsc", []byte("PK=\n"), false, ""},
		{"x.dsc", z, false, "x.dsc: a zip archive"},
		{"x.dsz", []byte(text), false, "x.dsz: no zip archive"},
		{"x.dsz", nil, false, "x.dsz: the file is empty"},
	} {
		got, err := Is(c.raw, c.name)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && (!strings.HasPrefix(err.Error(), c.err) || err.(*Error).Help == "") {
			t.Errorf("%s: %v %v", c.name, got, err)
		}
	}
}

func TestPack(t *testing.T) {
	files := []Entry{{"b.txt", []byte("b")}, {"x.dsc", []byte(text)}, {"a.txt", nil}}
	first, err := Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	second, err := Pack(files)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the order of the files shows: %v", err)
	}
	a, err := Open(first, "x.dsz", Default)
	if err != nil || string(a.Description.Data) != text || !slices.Equal(a.Others, []string{"a.txt", "b.txt"}) {
		t.Errorf("%+v %v", a, err)
	}
	for name, files := range map[string][]Entry{
		"none": {{"a.txt", nil}}, "two": {{"a.dsc", nil}, {"b.dsc", nil}}, "up": {{"../a.dsc", nil}}, "nested": {{"a.dsc", nil}, {"b.dsz", nil}},
	} {
		if _, err := Pack(files); !errors.Is(err, errPack) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzOpen holds that any bytes are an archive within the limits or an error
// that names it.
func FuzzOpen(f *testing.F) {
	good := archive(f, file("a.txt", "hello"), file("x.dsc", text))
	f.Add(good)
	f.Add(good[:60])
	f.Add(declare(good, 0, 1<<30))
	f.Add(flag(good, 1))
	l := Limits{Entries: 5, Size: 4096, Ratio: 10}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Open(raw, "x.dsz", l)
		var refused *Error
		if err != nil {
			if !errors.As(err, &refused) || refused.Name != "x.dsz" {
				t.Fatalf("%v", err)
			}
			return
		}
		entries, err := a.Entries()
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("%v", err)
		}
		size := 0
		for _, e := range entries {
			size += len(e.Data)
			if !fs.ValidPath(e.Name) {
				t.Fatalf("%q", e.Name)
			}
		}
		if int64(size) > l.Size || int64(len(a.Description.Data)) > l.Size {
			t.Fatalf("%d bytes", size)
		}
	})
}
