package main

import (
	"strings"
	"testing"

	"inscribe/grammar/container"
)

const faulty = "[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Fields]\nPIN=\n\n[Description]\n; a\nPKCS11Library=x.dll \nPNI=PIN\n# inscribe:ignore trailing-blank it shows\nApplicationList=A \n\n[Application_A]\nKeySize=2048\nCertTempl=t\n"

func TestCheckFix(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": faulty, "b.dsc": neat})
	safe := strings.NewReplacer("; a", "# a", "x.dll ", "x.dll").Replace(faulty)
	inscribe(t, "", "check", "--fix", ".").want(t, exitFindings, "there is no keyword PNI", "fixed 2 findings in 1 file")
	if got := contents(t, "a.dsc"); got != safe {
		t.Errorf("got %q, want %q", got, safe)
	}
	if contents(t, "b.dsc") != neat {
		t.Error("b.dsc was written")
	}
	inscribe(t, "", "check", "--fix", ".").want(t, exitFindings, "", "nothing to fix")
	inscribe(t, "", "check", "--fix", "--unsafe-fixes", "a.dsc").want(t, exitOK, "", "fixed 1 finding in 1 file")
	if got, want := contents(t, "a.dsc"), strings.Replace(safe, "PNI", "PIN", 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	inscribe(t, "", "check", "--fix", "--format", "json", "a.dsc").want(t, exitOK, `"version": 1`, "nothing to fix")
}

func TestCheckFixDryRun(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": strings.Replace(faulty, "PNI=PIN", "PIN=#97531864 ", 1)})
	before := contents(t, "a.dsc")
	r := inscribe(t, "", "check", "--fix", "--dry-run", "a.dsc")
	r.want(t, exitFindings, "-; a\n-PKCS11Library=x.dll \n-PIN=#•••••••• \n+# a\n+PKCS11Library=x.dll\n+PIN=#••••••••\n", "would fix 3 findings in 1 file")
	if strings.Contains(r.stdout, "97531864") {
		t.Errorf("the diff shows a secret:\n%s", r.stdout)
	}
	if contents(t, "a.dsc") != before {
		t.Error("a.dsc was written")
	}
	inscribe(t, before, "check", "--fix", "--dry-run", "-").want(t, exitFindings, "--- -\n", "would fix 3")
}

func TestCheckFixFlags(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": neat})
	for _, args := range [][]string{{"--unsafe-fixes", "a.dsc"}, {"--dry-run", "a.dsc"}, {"--fix", "-"}, {"--fix", "--dry-run", "--format", "json", "a.dsc"}} {
		inscribe(t, "", append([]string{"check"}, args...)...).want(t, exitUsage, "", "--fix")
	}
}

func TestCheckFixLeavesArchivesAlone(t *testing.T) {
	packed := dsz(t, container.Entry{Name: "in.dsc", Data: []byte(faulty)})
	inFolder(t, map[string]string{"x.dsz": packed})
	inscribe(t, "", "check", "--fix", "x.dsz").want(t, exitRefused, "x.dsz:in.dsc:9:1", "unpack it first")
	inscribe(t, "", "check", "--fix", "--dry-run", "x.dsz").want(t, exitFindings, "--- x.dsz:in.dsc\n", "would fix 2")
	if contents(t, "x.dsz") != packed {
		t.Error("the archive was written")
	}
}
