//go:build !windows

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// besideFiles is a folder with a description, in which the test is, and the command in it.
func besideFiles(t *testing.T) (files map[string]string, run func(args ...string) (code int, says string)) {
	t.Helper()
	t.Chdir(t.TempDir())
	files = map[string]string{"x.dsc": "[Fields]\nPIN=\n\n[Description]\nPKCS11Library=y.dll\nApplicationList=A\nPIN=PIN\nClearFields=PIN\n\n[Application_A]\nECCurve=P-256\nCertTempl=logon\n",
		"inscribe.toml": "[middleware.\"y.dll\"]\nprofile = \"softhsm\"\n", "station.toml": "[middleware.\"y.dll\"]\nmodule = \"/y.so\"\n",
		"key.pem": "a key\n", "fields.json": "{}\n", "pin": "1234\n", "rows.csv": "PIN\nfile:pin\n"}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files, func(args ...string) (int, string) {
		var out bytes.Buffer
		environment := map[string]string{"HOME": t.TempDir(), "INSCRIBE_STATION": "station.toml"}
		a := &app{ctx: context.Background(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(name string) string { return environment[name] }}
		code := a.run(args)
		return code, out.String()
	}
}

// TestNothingIsOverwrittenThatIsRead: a file that is read, or written for something else,
// is refused as the file to write, by whatever name.
func TestNothingIsOverwrittenThatIsRead(t *testing.T) {
	files, run := besideFiles(t)
	if code, says := run("plan", "x.dsc", "--out", "plan.json"); code != exitOK {
		t.Fatal(says)
	}
	for name, to := range map[string]string{"link": "key.pem", "hanging": "new.json"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link("x.dsc", "hard.dsc"); err != nil {
		t.Fatal(err)
	}
	abs, err := filepath.Abs("pin")
	if err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	files["plan.json"] = string(saved)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"plan", "x.dsc", "--out", "key.pem", "--sign", "key.pem"}, "--out would overwrite key.pem, which is read"},
		{[]string{"plan", "x.dsc", "--out", "link", "--sign", "key.pem"}, "--out would overwrite key.pem"},
		{[]string{"plan", "x.dsc", "--out", "./x.dsc"}, "--out would overwrite x.dsc"},
		{[]string{"plan", "x.dsc", "--out", "hard.dsc"}, "--out would overwrite x.dsc"},
		{[]string{"plan", "x.dsc", "--out", "inscribe.toml"}, "inscribe.toml, which is read"},
		{[]string{"plan", "x.dsc", "--out", "station.toml"}, "--out would overwrite station.toml"},
		{[]string{"plan", "x.dsc", "--fields", "fields.json", "--out", "fields.json"}, "--out would overwrite fields.json"},
		{[]string{"plan", "x.dsc", "--counterexample", "x.dsc"}, "--counterexample would overwrite x.dsc"},
		{[]string{"plan", "x.dsc", "--counterexample", "new", "--out", "new"}, "--out and --counterexample are one file, new"},
		{[]string{"apply", "x.dsc", "--dry-run", "--report", "x.dsc"}, "--report would overwrite x.dsc"},
		{[]string{"apply", "x.dsc", "--dry-run", "--events", "x.dsc"}, "--events would overwrite x.dsc"},
		{[]string{"apply", "x.dsc", "--dry-run", "--events", "new.json", "--report", "./new.json"}, "--events and --report are one file"},
		{[]string{"apply", "x.dsc", "--dry-run", "--events", "hanging", "--report", "new.json"}, "--events and --report are one file"},
		{[]string{"apply", "x.dsc", "--dry-run", "--field", "PIN=file:pin", "--report", abs}, "--report would overwrite pin"},
		{[]string{"apply", "plan.json", "--dry-run", "--report", "x.dsc"}, "--report would overwrite x.dsc"},
		{[]string{"apply", "plan.json", "--dry-run", "--events", "plan.json"}, "--events would overwrite plan.json"},
		{[]string{"batch", "x.dsc", "--data", "rows.csv", "--events", "rows.csv"}, "--events would overwrite rows.csv"},
		{[]string{"probe", "key.pem", "--output", "key.pem"}, "--output would overwrite key.pem"},
	} {
		if code, says := run(c.args...); code != exitUsage || !strings.Contains(says, c.says) {
			t.Errorf("%q: exit code %d, want %q:\n%s", c.args, code, c.says, says)
		}
		for name, text := range files {
			if now, err := os.ReadFile(name); string(now) != text {
				t.Fatalf("%q: %s is another file: %v", c.args, name, err)
			}
		}
	}
	// What keeps nothing may be named twice.
	if code, says := run("apply", "x.dsc", "--dry-run", "--events", "/dev/null", "--report", "/dev/null"); code != exitOK {
		t.Error(says)
	}
}

// TestFlagsThatSayNothing: a flag that could change nothing is refused, and not passed
// over.
func TestFlagsThatSayNothing(t *testing.T) {
	_, run := besideFiles(t)
	if code, says := run("plan", "x.dsc", "--out", "plan.json"); code != exitOK {
		t.Fatal(says)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"apply", "x.dsc", "--dry-run", "--description", "other.dsc"}, "--description is for a saved plan, and x.dsc is a description"},
		{[]string{"verify", "x.dsc", "--description", "x.dsc"}, "--description is for a saved plan"},
		{[]string{"apply", "plan.json", "--dry-run", "--profile", "opensc"}, `the plan was made for the profile "softhsm"`},
		{[]string{"plan", "plan.json", "--out", "again.json"}, "--out is for a plan that is made, and plan.json is a saved one"},
		{[]string{"plan", "plan.json", "--field", "PIN=env:PIN"}, "--field is for a plan that is made"},
		{[]string{"plan", "plan.json", "--profile", "opensc"}, "--profile is for a plan that is made"},
	} {
		if code, says := run(c.args...); code != exitUsage || !strings.Contains(says, c.says) {
			t.Errorf("%q: exit code %d, want %q:\n%s", c.args, code, c.says, says)
		}
	}
	for _, args := range [][]string{{"apply", "plan.json", "--dry-run", "--profile", "softhsm"}, {"apply", "plan.json", "--dry-run", "--description", "x.dsc"}} {
		if code, says := run(args...); code != exitOK {
			t.Errorf("%q: %s", args, says)
		}
	}
}

// TestNoOldReportStays: a run that ends before it begins leaves no report, which would be
// that of another one, and no harm to what is none.
func TestNoOldReportStays(t *testing.T) {
	files, run := besideFiles(t)
	for _, name := range []string{"report.json", "report.html"} {
		for _, args := range [][]string{{"apply", "x.dsc"}, {"apply", "nowhere.dsc"}, {"apply", "x.dsc", "--existing", "no"}} {
			if code, says := run("apply", "x.dsc", "--dry-run", "--report", name); code != exitOK {
				t.Fatal(says)
			}
			if raw, err := os.ReadFile(name); err != nil || !isReport(raw) {
				t.Fatalf("%v: %s is no report", err, name)
			}
			if code, says := run(append(args, "--report", name)...); code == exitOK {
				t.Fatal(says)
			}
			if raw, err := os.ReadFile(name); err == nil && isReport(raw) {
				t.Errorf("%q: %s is still the old one", args, name)
			}
		}
	}
	if code, says := run("apply", "nowhere.dsc", "--report", "key.pem"); code == exitOK {
		t.Fatal(says)
	}
	if now, err := os.ReadFile("key.pem"); string(now) != files["key.pem"] {
		t.Errorf("key.pem is another file: %v", err)
	}
}

// TestNoOldEventsStay: a run that ends before it begins leaves no events, which would be
// those of another one, and no harm to what holds none.
func TestNoOldEventsStay(t *testing.T) {
	files, run := besideFiles(t)
	if err := os.Symlink("events", "link"); err != nil {
		t.Fatal(err)
	}
	const ofBatch = `{"time":"2026-01-02T03:04:05Z","batch":"x","row":1,"id":"op-01","op":"openslot","slot":"default","state":"start"}` + "\n"
	for _, args := range [][]string{{"apply", "x.dsc"}, {"apply", "nowhere.dsc"}, {"apply", "x.dsc", "--existing", "no"}, {"apply", "x.dsc", "--dry-run", "--field", "PINN=x"},
		{"batch", "x.dsc"}, {"batch", "nowhere.dsc", "--data", "rows.csv"}} {
		for _, old := range []string{"", ofBatch} {
			if code, says := run("apply", "x.dsc", "--dry-run", "--events", "link"); code != exitOK {
				t.Fatal(says)
			}
			if old != "" {
				if err := os.WriteFile("events", []byte(old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if raw, err := os.ReadFile("events"); err != nil || len(raw) == 0 {
				t.Fatalf("%v: no events", err)
			}
			if code, says := run(append(args, "--events", "link")...); code == exitOK {
				t.Fatal(says)
			}
			if raw, err := os.ReadFile("events"); err != nil || len(raw) != 0 {
				t.Errorf("%q: %v: the old ones are still there: %s", args, err, raw)
			}
		}
	}
	for name, text := range files {
		if code, says := run("apply", "nowhere.dsc", "--events", name); code == exitOK {
			t.Fatal(says)
		}
		if now, err := os.ReadFile(name); string(now) != text {
			t.Errorf("%s is another file: %v", name, err)
		}
	}
	// Standard output is no file of that name.
	if err := os.WriteFile("-", []byte(ofBatch), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, says := run("apply", "nowhere.dsc", "--events", "-"); code == exitOK {
		t.Fatal(says)
	}
	if now, err := os.ReadFile("-"); string(now) != ofBatch {
		t.Errorf("the file named - is another one: %v", err)
	}
}

// TestNamesOfDatabaseFields: a value for a secret is one for that alone, and is not taken
// for one that may be shown, whichever field comes first or has a name like it.
func TestNamesOfDatabaseFields(t *testing.T) {
	_, run := besideFiles(t)
	const rest = "\n[Description]\nPKCS11Library=y.dll\nApplicationList=A\nPIN=PIN\n\n[Application_A]\nECCurve=P-256\nCertTempl=logon\n"
	const secret = "is secret, and every process on this machine can read the arguments"
	for _, c := range []struct{ fields, given, says string }{
		{"SPARE=CODE\nPIN=CODE\n", "CODE=1234", secret},
		{"Code=\nPIN=CODE\n", "CODE=1234", secret},
		{"Code=\nPIN=CODE\n", "Code=1234", ""},
		{"CODE=\nPIN=CODE\n", "CODE=1234", "CODE is a field that is shown, and the database field of the secret field PIN"},
		{"CODE=\nPIN=CODE\n", "CODE=file:pin", "CODE is a field that is shown, and the database field of the secret field PIN"},
		{"CODE=CODE\nPIN=CODE\n", "CODE=1234", secret},
		{"CODE=CODE\nPIN=\n", "CODE=1234", ""},
		{"CODE=\nSPARE=CODE\nPIN=\n", "CODE=1234", ""},
	} {
		if err := os.WriteFile("y.dsc", []byte("[Fields]\n"+c.fields+rest), 0o600); err != nil {
			t.Fatal(err)
		}
		want := exitUsage
		if c.says == "" {
			want = exitOK
		}
		if code, says := run("plan", "y.dsc", "--field", c.given); code != want || !strings.Contains(says, c.says) {
			t.Errorf("%q, %s: exit code %d, want %q:\n%s", c.fields, c.given, code, c.says, says)
		}
	}
}
