package main

import (
	"os"
	"path/filepath"
	"testing"

	"inscribe/grammar/container"
)

func TestPackAndUnpack(t *testing.T) {
	inFolder(t, map[string]string{"in/x.dsc": neat, "in/note.txt": "hello", "other.dsc": tidyText})
	inscribe(t, "", "pack", "in/x.dsc", "in/note.txt").want(t, exitOK, "x.dsz: 2 files", "")
	inscribe(t, "", "pack", "in/x.dsc", "in/note.txt").want(t, exitOK, "up to date", "")
	inscribe(t, "", "pack", "in/x.dsc").want(t, exitRefused, "", "--force")
	inscribe(t, "", "check", "in/x.dsz").want(t, exitOK, "", "")
	if r := inscribe(t, "", "pack", "in/x.dsc", "in/note.txt", "-o", "-"); r.stdout != contents(t, "in/x.dsz") {
		t.Error("the standard output gets another archive")
	}
	inscribe(t, "", "unpack", "in/x.dsz", "-o", "out").want(t, exitOK, filepath.Join("out", "note.txt")+"\n", "")
	if contents(t, "out/x.dsc") != neat || contents(t, "out/note.txt") != "hello" {
		t.Error("the files came out as others")
	}
	inscribe(t, "", "unpack", "in/x.dsz", "-o", "out").want(t, exitRefused, "", "there already")
	if err := os.WriteFile("out/x.dsc", []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	inscribe(t, "", "unpack", "in/x.dsz", "-o", "out", "--force").want(t, exitOK, "", "")
	if contents(t, "out/x.dsc") != neat {
		t.Error("--force did not overwrite")
	}

	inscribe(t, "", "pack").want(t, exitUsage, "", "give a description")
	inscribe(t, "", "pack", "-").want(t, exitUsage, "", "takes files")
	inscribe(t, "", "pack", "in/x.dsc", "other.dsc").want(t, exitUsage, "", "2 descriptions")
	inscribe(t, "", "pack", "in/note.txt", "-o", "n.dsz").want(t, exitUsage, "", "no .dsc")
	inscribe(t, "", "pack", "in/x.dsc", "in/x.dsz", "-o", "n.dsz").want(t, exitUsage, "", "archive itself")
	inscribe(t, "", "pack", "in/x.dsc", "-o", "x.zip").want(t, exitUsage, "", "named .dsz")
	inscribe(t, "", "pack", "none.dsc").want(t, exitInternal, "", "none.dsc")
	inscribe(t, "", "unpack", "in/x.dsc").want(t, exitUsage, "", "no .dsz")
	inscribe(t, "", "unpack").want(t, exitUsage, "", "one archive")
}

func TestUnpackStaysInItsFolder(t *testing.T) {
	inFolder(t, map[string]string{"x.dsz": dsz(t, container.Entry{Name: "sub/x.dsc", Data: []byte(neat)}), "elsewhere/keep.txt": "", "victim.txt": "mine"})
	if err := os.Mkdir("out", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../elsewhere", "out/sub"); err != nil {
		t.Skip(err)
	}
	if r := inscribe(t, "", "unpack", "x.dsz", "-o", "out"); r.code == exitOK {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat("elsewhere/x.dsc"); err == nil {
		t.Error("a link in the folder led out of it")
	}
	// A link in the place of the file is replaced and not written through.
	if err := os.Mkdir("out2", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("out2/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../victim.txt", "out2/sub/x.dsc"); err != nil {
		t.Fatal(err)
	}
	inscribe(t, "", "unpack", "x.dsz", "-o", "out2").want(t, exitRefused, "", "there already")
	inscribe(t, "", "unpack", "x.dsz", "-o", "out2", "--force").want(t, exitOK, "", "")
	if contents(t, "victim.txt") != "mine" || contents(t, "out2/sub/x.dsc") != neat {
		t.Error("the link was written through")
	}
}
