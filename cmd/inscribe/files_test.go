package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"inscribe/ast"
	"inscribe/check/format"
	"inscribe/grammar/container"
)

// ran is what one run of the command gave.
type ran struct {
	code           int
	stdout, stderr string
}

// inscribe runs the command in this process, without a terminal and without the
// environment of whoever runs the tests.
func inscribe(t testing.TB, stdin string, args ...string) ran {
	t.Helper()
	var out, talk bytes.Buffer
	a := &app{ctx: context.Background(), stdin: strings.NewReader(stdin), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	code := a.run(args)
	return ran{code, out.String(), talk.String()}
}

// inFolder makes files in a new folder, which becomes the present one.
func inFolder(t testing.TB, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (r ran) want(t testing.TB, code int, stdout, stderr string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.stdout, stdout) || !strings.Contains(r.stderr, stderr) {
		t.Errorf("exit code %d, want %d\nstdout, which must hold %q:\n%s\nstderr, which must hold %q:\n%s", r.code, code, stdout, r.stdout, stderr, r.stderr)
	}
}

const (
	neat = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Fields]\nPIN=\n\n[Description]\nPKCS11Library=x.dll\nPIN=PIN\n"
	// untidy is neat in meaning, but for a literal PIN.
	untidy   = "[encoding]\ntype = 1024,Chip\nDevices=8710\n\n\n[Description]\n; test card\nPKCS11Library=x.dll \npin = #97531864\n"
	tidyText = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Description]\n# test card\nPKCS11Library=x.dll\nPIN=#97531864\n"
)

func dsz(t testing.TB, files ...container.Entry) string {
	t.Helper()
	raw, err := container.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestExpand(t *testing.T) {
	inFolder(t, map[string]string{"a/x.dsc": neat, "a/b/y.DSC": neat, "a/b/c/z.dsz": "", "a/note.txt": "", "odd[1]/w.dsc": neat, "empty/note.txt": ""})
	for name, c := range map[string]struct {
		args, want []string
		err        string
	}{
		"folder":          {[]string{"a"}, []string{"a/b/c/z.dsz", "a/b/y.DSC", "a/x.dsc"}, ""},
		"twice":           {[]string{"a/x.dsc", "./a/x.dsc", "a"}, []string{"a/x.dsc", "a/b/c/z.dsz", "a/b/y.DSC"}, ""},
		"stdin twice":     {[]string{"-", "-"}, []string{"-"}, ""},
		"any name":        {[]string{"a/note.txt"}, []string{"a/note.txt"}, ""},
		"star":            {[]string{"a/*.dsc"}, []string{"a/x.dsc"}, ""},
		"star of folders": {[]string{"*/*.dsc"}, []string{"a/x.dsc", "odd[1]/w.dsc"}, ""},
		"two stars":       {[]string{"a/**/*.ds*"}, []string{"a/b/c/z.dsz", "a/x.dsc"}, ""},
		"two stars alone": {[]string{"**"}, []string{"a/b/c/z.dsz", "a/b/y.DSC", "a/x.dsc", "odd[1]/w.dsc"}, ""},
		"no brackets":     {[]string{"odd[1]/*"}, []string{"odd[1]/w.dsc"}, ""},
		"no match":        {[]string{"a/*.txt", "a/x.dsc"}, []string{"a/x.dsc"}, "no *.dsc or *.dsz matches a/*.txt"},
		"no such folder":  {[]string{"none/*.dsc"}, nil, "matches none/*.dsc"},
		"no description":  {[]string{"empty"}, nil, "no *.dsc or *.dsz below empty"},
		"missing":         {[]string{"none.dsc", "a/x.dsc"}, []string{"a/x.dsc"}, "none.dsc"},
	} {
		files, errs := expand(c.args)
		for i := range files {
			files[i] = filepath.ToSlash(files[i])
		}
		if !slices.Equal(files, c.want) || (c.err == "") != (errs == nil) || errs != nil && !strings.Contains(filepath.ToSlash(errs[0].Error()), c.err) {
			t.Errorf("%s: %v %v", name, files, errs)
		}
	}
}

func TestExpandFollowsTheLinkThatWasGiven(t *testing.T) {
	inFolder(t, map[string]string{"a/x.dsc": neat})
	if err := os.Symlink("a", "link"); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("x.dsc", "a/same.dsc"); err != nil {
		t.Skip(err)
	}
	if files, errs := expand([]string{"link"}); len(files) != 1 || errs != nil {
		t.Errorf("%v %v", files, errs)
	}
}

func TestCheckReadsPackedDescriptions(t *testing.T) {
	inFolder(t, map[string]string{
		"x.dsz":     dsz(t, container.Entry{Name: "inner.dsc", Data: []byte("[Description]\nPKCS11Library=x.dll\nPNI=PIN\n")}, container.Entry{Name: "note.txt"}),
		"zip.dsc":   dsz(t, container.Entry{Name: "inner.dsc"}),
		"text.dsz":  neat,
		"plain.dsc": neat,
	})
	inscribe(t, "", "check", "x.dsz").want(t, exitFindings, "--> x.dsz:inner.dsc:3:1", "")
	inscribe(t, "", "plan", "x.dsz").want(t, exitFindings, "", "x.dsz:inner.dsc:3:1")
	inscribe(t, contents(t, "x.dsz"), "check", "-").want(t, exitFindings, "-:inner.dsc:3:1", "")
	inscribe(t, "", "check", "zip.dsc").want(t, exitInternal, "", "name it .dsz")
	inscribe(t, "", "check", "text.dsz").want(t, exitInternal, "", "name it .dsc")
	// The rest is reported all the same.
	inscribe(t, "", "check", "--format", "compact", ".").want(t, exitInternal, "x.dsz:inner.dsc:3:1: error", "text.dsz: no zip archive")
}

func TestCheckGoesOnBehindWhatItCannotRead(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": "[Description]\nPNI=#1\n", "b.dsc": neat, "sub/inscribe.toml": "[severity]\nx = 1\n", "sub/c.dsc": neat, "sub/d.dsc": neat})
	r := inscribe(t, "", "check", "--format", "compact", "a.dsc", "none.dsc", "sub", "b.dsc")
	r.want(t, exitInternal, "a.dsc:2:1", "none.dsc")
	if strings.Count(r.stderr, "inscribe.toml") != 1 {
		t.Errorf("a faulty inscribe.toml is reported more than once:\n%s", r.stderr)
	}
	inscribe(t, "", "check", "sub").want(t, exitUsage, "", "inscribe.toml")
	inscribe(t, "", "check").want(t, exitUsage, "", "give a description")
}

func TestCheckOfManyFilesIsInOrder(t *testing.T) {
	files := map[string]string{"inscribe.toml": "[severity]\nunused-field = \"error\"\n"}
	var want strings.Builder
	for i := range 300 {
		name := fmt.Sprintf("d%d/%03d.dsc", i/100, i)
		files[name] = strings.Replace(neat, "PIN=\n", fmt.Sprintf("PIN=\nF%d=\n", i), 1)
		fmt.Fprintf(&want, "%s:7:1: error: nothing uses the field F%d", name, i)
	}
	inFolder(t, files)
	r := inscribe(t, "", "check", "--format", "compact", "d0", "d1", "d2")
	var got strings.Builder
	for line := range strings.Lines(r.stdout) {
		text, _, _ := strings.Cut(line, " [")
		got.WriteString(filepath.ToSlash(text))
	}
	if r.code != exitFindings || got.String() != want.String() {
		t.Errorf("exit code %d, %.300s", r.code, r.stdout)
	}
}

func TestADefectInAWorkerIsReported(t *testing.T) {
	var talk bytes.Buffer
	a := &app{ctx: context.Background(), stderr: &talk}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "the seventh") || !strings.Contains(p, "files_test.go") {
			t.Errorf("the panic says %q", p)
		}
	}()
	_ = inOrder(a, 20, func(i int) int {
		if i == 7 {
			panic("the seventh")
		}
		return i
	}, func(i, v int) {
		if i != v {
			t.Errorf("%d at %d", v, i)
		}
	})
}

func TestInOrderStopsWhenInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	used := 0
	err := inOrder(&app{ctx: ctx}, 1e9, func(i int) int { return i }, func(int, int) {
		used++
		stop()
	})
	if err == nil || used > 100 {
		t.Errorf("%d, %v", used, err)
	}
}

func TestReplaceFile(t *testing.T) {
	inFolder(t, map[string]string{"x.dsc": "old", "fixed.dsc": "old"})
	if err := os.Chmod("x.dsc", 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("x.dsc", "link.dsc"); err != nil {
		t.Skip(err)
	}
	if err := replaceFile("link.dsc", []byte("old"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat("x.dsc")
	if err != nil || contents(t, "x.dsc") != "new" || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("%q %v %v", contents(t, "x.dsc"), info.Mode(), err)
	}
	if info, err := os.Lstat("link.dsc"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is gone")
	}
	if err := replaceFile("x.dsc", []byte("old"), []byte("newer")); err == nil || contents(t, "x.dsc") != "new" {
		t.Errorf("what changed meanwhile was overwritten: %v", err)
	}
	if left, _ := filepath.Glob(".inscribe-*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// TestWriteOutputThroughLinks: a link stays one, also where what it leads to is still to be
// made; one that leads to itself is no file.
func TestWriteOutputThroughLinks(t *testing.T) {
	a := &app{ctx: context.Background()}
	inFolder(t, map[string]string{"sub/keep": ""})
	for name, to := range map[string]string{"first": "sub/second", "sub/second": "third", "loop": "loop", "sub/fourth": "../none/x"} {
		if err := os.Symlink(to, name); err != nil {
			t.Skip(err)
		}
	}
	if err := errors.Join(writable("first"), a.writeOutput("first", []byte("new"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink("first"); err != nil || to != "sub/second" || contents(t, "sub/third") != "new" {
		t.Errorf("%q %v", to, err)
	}
	for _, name := range []string{"loop", "sub/fourth"} {
		if writable(name) == nil || a.writeOutput(name, []byte("new"), 0o600) == nil {
			t.Errorf("%s was written", name)
		}
		if _, err := os.Readlink(name); err != nil {
			t.Error(err)
		}
	}
	inFolder(t, map[string]string{"x.dsc": neat, "sub/keep": ""})
	if err := os.Symlink("sub/x.dsz", "x.dsz"); err != nil {
		t.Fatal(err)
	}
	inscribe(t, "", "pack", "x.dsc").want(t, exitOK, "x.dsz: 1 file", "")
	inscribe(t, "", "check", "sub/x.dsz").want(t, exitOK, "", "")
}

// TestWriteOutput wants a file whole or as it was, and what is no file left as it is.
func TestWriteOutput(t *testing.T) {
	a := &app{ctx: context.Background()}
	inFolder(t, map[string]string{"plan.json": "old"})
	if err := os.Chmod("plan.json", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("plan.json", "link.json"); err != nil {
		t.Skip(err)
	}
	before, err := os.Open("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	for _, name := range []string{"link.json", "new.json", os.DevNull} {
		if err := writable(name); err != nil {
			t.Fatal(err)
		}
		if err := a.writeOutput(name, []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Lstat("plan.json")
	if err != nil || contents(t, "plan.json") != "new" || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%q %v %v", contents(t, "plan.json"), info.Mode(), err)
	}
	if raw, err := io.ReadAll(before); err != nil || string(raw) != "old" {
		t.Errorf("the file that was there was written over: %q %v", raw, err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is a plain file now: %v", os.DevNull, err)
	}
	if err := writable("."); err == nil {
		t.Error("a folder can be written")
	}
	if err := writable("none/plan.json"); err == nil || strings.Contains(err.Error(), ".inscribe-") {
		t.Errorf("in a folder that is not there: %v", err)
	}
	if _, err := os.Stat("report.json"); writable("report.json") != nil || err == nil {
		t.Error("the trial left a file")
	}
}

// TestEncodingsAndLineEnds takes each way to write a file through check, fmt and
// fix: it is understood, and kept.
func TestEncodingsAndLineEnds(t *testing.T) {
	const text = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n\n[fields]\nÄPIN=\n\n[Description]\n; Schlüssel\nPKCS11Library=x.dll\npin = ÄPIN \n"
	const fixedText = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n\n[fields]\nÄPIN=\n\n[Description]\n# Schlüssel\nPKCS11Library=x.dll\npin =ÄPIN\n"
	const tidyText = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Fields]\nÄPIN=\n\n[Description]\n# Schlüssel\nPKCS11Library=x.dll\nPIN=ÄPIN\n"
	for _, e := range []ast.Encoding{ast.UTF8, ast.UTF8BOM, ast.UTF16LE, ast.UTF16BE, ast.Windows1252} {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			encode := func(text string) string {
				raw, err := format.Encode(strings.ReplaceAll(text, "\n", end), e)
				if err != nil {
					t.Fatal(err)
				}
				return string(raw)
			}
			inFolder(t, map[string]string{"x.dsc": encode(text), "y.dsc": encode(text)})
			r := inscribe(t, "", "check", "--format", "compact", "--fail-on", "warning", "x.dsc")
			r.want(t, exitFindings, "x.dsc:10:1: warning", "")
			if n := strings.Count(r.stdout, "\n"); n != 2 {
				t.Errorf("%s, %q: %d lines:\n%s", e, end, n, r.stdout)
			}
			inscribe(t, "", "fmt", "-w", "x.dsc").want(t, exitOK, "", "")
			if got := contents(t, "x.dsc"); got != encode(tidyText) {
				t.Errorf("%s, %q: fmt made %q", e, end, got)
			}
			inscribe(t, "", "check", "--fix", "y.dsc").want(t, exitOK, "", "fixed 2 findings in 1 file")
			if got := contents(t, "y.dsc"); got != encode(fixedText) {
				t.Errorf("%s, %q: fix made %q", e, end, got)
			}
		}
	}
}

// BenchmarkCheckFolder checks a folder of a thousand descriptions.
func BenchmarkCheckFolder(b *testing.B) {
	files := map[string]string{}
	for i := range 1000 {
		files[fmt.Sprintf("%d/%d.dsc", i/100, i)] = neat
	}
	inFolder(b, files)
	for b.Loop() {
		if r := inscribe(b, "", "check", "."); r.code != exitOK {
			b.Fatal(r.stderr)
		}
	}
}
