package main

import (
	"os"
	"strings"
	"testing"

	"inscribe/grammar/container"
)

func TestFmt(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": untidy, "b.dsc": tidyText})
	if r := inscribe(t, "", "fmt", "a.dsc", "b.dsc"); r != (ran{exitOK, tidyText + tidyText, ""}) {
		t.Errorf("%+v", r)
	}
	if r := inscribe(t, untidy, "fmt"); r != (ran{exitOK, tidyText, ""}) {
		t.Errorf("%+v", r)
	}
	if r := inscribe(t, untidy, "fmt", "-"); r != (ran{exitOK, tidyText, ""}) {
		t.Errorf("%+v", r)
	}
	if r := inscribe(t, "", "fmt", "-l", "."); r != (ran{exitFindings, "a.dsc\n", ""}) {
		t.Errorf("%+v", r)
	}
	if r := inscribe(t, "", "fmt", "-l", "b.dsc"); r != (ran{exitOK, "", ""}) {
		t.Errorf("%+v", r)
	}
	if contents(t, "a.dsc") != untidy {
		t.Fatal("a.dsc was written without -w")
	}
	if r := inscribe(t, "", "fmt", "-l", "-w", "."); r != (ran{exitOK, "a.dsc\n", ""}) || contents(t, "a.dsc") != tidyText {
		t.Errorf("%+v", r)
	}
	inscribe(t, untidy, "fmt", "-w").want(t, exitUsage, "", "standard input")
	inscribe(t, "", "fmt", "none.dsc", "b.dsc").want(t, exitInternal, tidyText, "none.dsc")
}

func TestFmtDiff(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": untidy})
	r := inscribe(t, "", "fmt", "-d", "a.dsc")
	r.want(t, exitFindings, "--- a.dsc\n+++ a.dsc\n@@ -1,9 +1,8 @@\n-[encoding]\n-type = 1024,Chip\n+[Encoding]\n+Type=1024,Chip\n", "")
	if strings.Contains(r.stdout, "97531864") || !strings.Contains(r.stdout, "+PIN=#•") {
		t.Errorf("the diff shows a secret:\n%s", r.stdout)
	}
	if r := inscribe(t, "", "fmt", "-d", "--color", "always", "a.dsc"); !strings.Contains(r.stdout, "\x1b[32m+[Encoding]\x1b[0m\n") {
		t.Errorf("without colour:\n%q", r.stdout)
	}
	if r := inscribe(t, tidyText, "fmt", "-d"); r != (ran{exitOK, "", ""}) {
		t.Errorf("%+v", r)
	}
}

func TestFmtKnowsTheKeywordsOfTheProject(t *testing.T) {
	inFolder(t, map[string]string{"inscribe.toml": "[[keyword]]\nname = \"VendorWord\"\nsection = \"Description\"\nkind = \"text\"\n", "a.dsc": "[Description]\nvendorword = x\n"})
	inscribe(t, "", "fmt", "a.dsc").want(t, exitOK, "VendorWord=x\n", "")
}

func TestFmtLeavesArchivesAlone(t *testing.T) {
	packed := dsz(t, container.Entry{Name: "in.dsc", Data: []byte(untidy)})
	inFolder(t, map[string]string{"x.dsz": packed, "neat.dsz": dsz(t, container.Entry{Name: "in.dsc", Data: []byte(tidyText)}), "a.dsc": untidy})
	inscribe(t, "", "fmt", "x.dsz").want(t, exitOK, tidyText, "")
	inscribe(t, "", "fmt", "-l", "x.dsz").want(t, exitFindings, "x.dsz:in.dsc\n", "")
	inscribe(t, "", "fmt", "-w", "neat.dsz").want(t, exitOK, "", "")
	inscribe(t, "", "fmt", "-w", ".").want(t, exitRefused, "", "unpack it first")
	if contents(t, "x.dsz") != packed || contents(t, "a.dsc") != tidyText {
		t.Error("the archive was written, or the file beside it was not")
	}
}

func TestFmtRefusesWhatWouldBeMisread(t *testing.T) {
	text := "[Fields]\n\xa0\nX=\xc3\xa4\n"
	inFolder(t, map[string]string{"x.dsc": text})
	inscribe(t, "", "fmt", "-w", "x.dsc").want(t, exitRefused, "", "save the file as UTF-8 first")
	if contents(t, "x.dsc") != text {
		t.Error("x.dsc was written")
	}
}

func TestFmtHonoursWriteProtection(t *testing.T) {
	inFolder(t, map[string]string{"x.dsc": untidy})
	if err := os.Chmod("x.dsc", 0o444); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		t.Skip("nothing is protected from root")
	}
	inscribe(t, "", "fmt", "-w", "x.dsc").want(t, exitInternal, "", "permission denied")
}
