//go:build cgo && linux

package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestNoSecretShows runs what handles secrets with values that occur nowhere
// else, and looks for them, in several spellings, in all that the command
// prints, in every file that it writes but the tokens, and in the arguments and
// environment of all processes that it starts.
func TestNoSecretShows(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	w := &watch{machine: m, canaries: map[string]string{
		"pin": "73519-canary-pin", "puk": "73519-canary-puk", "newPIN": "73519-canary-new", "newPUK": "73519-canary-new-puk", "wrong": "73519-canary-wrong", "answer": "73519-canary-answer",
	}}
	for _, token := range []string{"SAFE", "VAULT"} {
		if err := m.makeToken(testToken{token, w.canaries["pin"], w.canaries["puk"]}); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range w.canaries {
		m.env["SECRET_"+name] = value
		m.secret(name, value+"\n")
	}
	m.secret("fields.json", fmt.Sprintf(`{"OLD_SIGN_PUK": "text:%s", "NEW_SIGN_PUK": "env:LC_newPUK", "NEW_SIGN_PIN": "%s"}`, w.canaries["puk"], w.canaries["newPIN"]))
	events, report := filepath.Join(m.dir, "events"), filepath.Join(m.dir, "report.json")
	tokens := []string{"--token", "SAFE", "--signature-token", "VAULT", "--events", events, "--report", report}
	apply := func(code int, description string, args ...string) {
		t.Helper()
		w.run(code, append(append([]string{"apply", description}, tokens...), args...)...)
	}

	keys, literal := example(t, "06-signature-slot.dsc"), m.secretDescription(w.canaries)
	pins := example(t, "07-change-signature-puk.dsc")
	fields := []string{"--field", "PIN=env:LC_pin", "--field", "SIGN_PIN=file:pin", "--field", "LOCATION_FIELD=Signature"}
	w.run(exitOK, append([]string{"plan", keys, "--format", "json"}, fields...)...)
	apply(exitOK, keys, append(fields, "--dry-run")...)
	apply(exitDevice, keys, "--field", "PIN=env:SECRET_wrong", "--field", "SIGN_PIN=file:wrong", "--field", "LOCATION_FIELD=no")
	apply(exitOK, keys, append(fields, "--abandon")...)
	apply(exitOK, keys, fields...)
	apply(exitOK, pins, "--fields", "fields.json")
	apply(exitRefused, pins, "--field", "OLD_SIGN_PUK=env:SECRET_newPUK", "--field", "NEW_SIGN_PUK=file:newPUK", "--field", "NEW_SIGN_PIN=text:739", "--allow-literal-secrets")
	dialog := example(t, "08-change-signature-pin.dsc")
	w.canaries["digits"], w.canaries["digits2"] = "7351951951", "7351951952"
	m.secret("digits", w.canaries["digits"])
	apply(exitOK, dialog, "--answer", "SignPIN.old=file:newPIN", "--answer", "SignPIN=env:LC_digits")
	apply(exitDevice, dialog, "--answer", "SignPIN.old=file:wrong", "--answer", "SignPIN=env:LC_digits2")
	apply(exitRefused, dialog, "--answer", "SignPIN.old=env:LC_digits", "--answer", "SignPIN=env:LC_wrong")

	// What looks at tokens, with right values and wrong ones; SAFE and VAULT have
	// other PINs by now.
	verify := append([]string{"verify", keys}, tokens[:4]...)
	w.run(exitOK, append(verify, "--field", "PIN=env:LC_pin", "--field", "SIGN_PIN=file:digits", "--field", "LOCATION_FIELD=Signature")...)
	w.run(exitDevice, append(verify, "--field", "PIN=env:LC_wrong", "--field", "SIGN_PIN=file:digits", "--field", "LOCATION_FIELD=Signature", "--format", "json")...)
	w.run(exitOK, "tokens", "--token", "SAFE", "--pin", "env:LC_pin", "--format", "json")
	w.run(exitDevice, "tokens", "--token", "SAFE", "--pin", "env:LC_wrong")
	w.run(exitUsage, "tokens", "--token", "SAFE", "--pin", w.canaries["pin"])
	w.run(exitOK, "probe", module, "--token", "fresh", "--so-pin", "env:LC_puk", "--pin", "file:pin", "--yes", "--output", filepath.Join(m.dir, "learned.toml"))
	w.run(exitDevice, "probe", module, "--token", "pkcs11:serial="+m.probed(), "--so-pin", "env:LC_puk", "--pin", "env:LC_wrong", "--yes")
	page := append(append([]string{"apply", keys}, tokens[:6]...), "--report", filepath.Join(m.dir, "report.html"), "--field", "SIGN_PIN=file:digits", "--field", "LOCATION_FIELD=Signature")
	w.run(exitOK, append(page, "--field", "PIN=env:LC_pin")...)
	w.run(exitDevice, append(page, "--field", "PIN=env:LC_wrong")...)

	// A batch, with cells of all kinds; a row that fails, and rows that are refused.
	for _, token := range []string{"PAIR-1", "PAIR-2", "MATE-1", "MATE-2"} {
		if err := m.makeToken(testToken{token, w.canaries["pin"], w.canaries["puk"]}); err != nil {
			t.Fatal(err)
		}
	}
	w.station = strings.NewReplacer(`"CARD"`, `"pkcs11:token=PAIR-*"`, `token=SIGN"`, `token=MATE-*"`).Replace(stationTOML)
	m.secret("rows.csv", fmt.Sprintf("#n,SIGN_PIN,LOCATION_FIELD\n1,%s,Signature\n2,text:%s,no\n3,file:wrong,Signature\n", w.canaries["pin"], w.canaries["pin"]))
	rows := []string{"batch", keys, "--data", filepath.Join(m.dir, "rows.csv"), "--field", "PIN=env:LC_pin", "--events", filepath.Join(m.dir, "batch-events")}
	w.run(exitBatch, rows...)
	w.run(exitBatch, append(rows, "--format", "json")...)
	m.secret("rows.csv", fmt.Sprintf("#n,SIGN_PIN,LOCATION_FIELD\n1,%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s,Signature\n2,hex:%[1]s,no\n", w.canaries["wrong"]))
	w.run(exitRefused, rows...)
	m.secret("rows.csv", fmt.Sprintf("#n,SIGN_PINN\n1,%s\n", w.canaries["wrong"]))
	w.run(exitUsage, rows...)
	m.secret("rows.csv", fmt.Sprintf("#n,SIGN_PIN\n1,\"%s\n", w.canaries["wrong"]))
	w.run(exitUsage, rows...)
	// A database field that goes into a secret field is secret, though another comes first.
	shared := m.file("shared.dsc", "[Fields]\nSPARE=CODE\nPIN=CODE\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=A\nPIN=PIN\n\n[Application_A]\nECCurve=P-256\nCertTempl=shared\n")
	m.secret("rows.csv", fmt.Sprintf("CODE\n%s\n%s\n", w.canaries["pin"], w.canaries["wrong"]))
	w.run(exitRefused, "batch", shared, "--data", filepath.Join(m.dir, "rows.csv")) // the same but for secrets
	w.station = ""
	w.run(exitOK, "plan", shared, "--format", "json", "--field", "CODE=env:LC_pin")
	w.run(exitUsage, "apply", shared, "--field", "CODE="+w.canaries["wrong"])
	apply(exitOK, shared, "--field", "CODE=env:LC_pin")

	// Values that stand in the description itself.
	for _, format := range []string{"text", "compact", "json", "sarif", "github", "junit"} {
		w.run(exitOK, "check", literal, "--format", format)
	}
	w.run(exitOK, "check", literal, "--color", "always")
	for _, format := range []string{"text", "json"} {
		w.run(exitOK, "plan", literal, "--format", format)
	}
	apply(exitOK, literal, "--dry-run")
	apply(exitOK, literal)
	apply(exitDevice, literal)
	// A slip beside them prints the line.
	bad := m.secret("bad.dsc", "[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=!"+w.canaries["pin"]+"\nPINN=#"+w.canaries["pin"]+"\nInitialPUK=#"+w.canaries["puk"]+"\n")
	for _, format := range []string{"text", "compact", "json", "sarif", "github", "junit"} {
		w.run(exitFindings, "check", bad, "--format", format)
	}

	// Values that must not stand in the arguments at all.
	for _, form := range []string{"%s", "text:%s", "PIN%s", "hex:%x"} {
		value := fmt.Sprintf(form, w.canaries["wrong"])
		w.run(exitUsage, "apply", keys, "--field", "PIN="+value)
		w.run(exitUsage, "apply", dialog, "--answer", "SignPIN="+value)
	}

	w.files()
	if w.children == 0 {
		t.Error("no child was seen, so nothing is known of its environment")
	}
}

// probed is the serial number of the token that a probe left.
func (m *machine) probed() string {
	m.Helper()
	out := m.must(exitOK, []string{"tokens", "--module", module, "--format", "json"})
	_, rest, _ := strings.Cut(out.stdout, `"label": "INSCRIBE PROBE `)
	_, rest, _ = strings.Cut(rest, `"serial": "`)
	serial, _, ok := strings.Cut(rest, `"`)
	if !ok {
		m.Fatalf("no token is there that was probed: %s", out)
	}
	return serial
}

// watch looks for canaries.
type watch struct {
	*machine
	canaries map[string]string
	children int
}

// secret writes a file with a canary in it, of which the search knows.
func (m *machine) secret(name, text string) string {
	m.Helper()
	return m.file(filepath.Join(name), text)
}

// secretDescription is a description that changes PIN and PUK by fixed values.
func (m *machine) secretDescription(canaries map[string]string) string {
	m.Helper()
	return m.secret("literal.dsc", fmt.Sprintf("[Description]\nPKCS11Library=yourMiddleware.dll\nSetPIN=true\nInitialPUK=#%s\nPUK=#%s\nPIN=#%s\n",
		canaries["puk"], canaries["newPUK"], canaries["newPIN"]))
}

// run runs the command and looks everywhere.
func (w *watch) run(code int, args ...string) {
	w.Helper()
	// A variable named LC_… would pass to the module, as one of the language. It
	// must not where it holds a value of the run.
	for name, value := range w.canaries {
		delete(w.env, "LC_"+name)
		if slices.ContainsFunc(args, func(a string) bool { return strings.HasSuffix(a, "env:LC_"+name) }) || slices.Contains(args, "fields.json") && name == "newPUK" {
			w.env["LC_"+name] = value
		}
	}
	c := w.command(args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		w.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			w.processes(c.Process.Pid)
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	err := c.Wait()
	close(stop)
	<-done
	o := w.outcome(err, &stdout, &stderr)
	shown := strings.Join(args, " ")
	if o.code != code {
		w.Fatalf("inscribe %s: want exit code %d\n%s", shown, code, o)
	}
	w.look(shown+": stdout", stdout.Bytes())
	w.look(shown+": stderr", stderr.Bytes())
}

// processes looks at the children of a process. Where the kernel hides what a
// process that must not be traced has, nobody else sees it either.
func (w *watch) processes(parent int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		_, after, _ := bytes.Cut(b, []byte(") "))
		of := bytes.Fields(after)
		if len(of) < 2 || string(of[1]) != strconv.Itoa(parent) {
			continue
		}
		dir := filepath.Dir(stat)
		cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || !bytes.Contains(cmdline, []byte("module-host")) {
			continue
		}
		w.children++
		w.look("arguments of a child", cmdline)
		if environ, err := os.ReadFile(filepath.Join(dir, "environ")); err == nil {
			w.look("environment of a child", environ)
		}
	}
}

// files looks into all files of the machine but the tokens and what the test
// itself wrote with secrets in it.
func (w *watch) files() {
	w.Helper()
	written := map[string]bool{"fields.json": true, "literal.dsc": true, "rows.csv": true, "bad.dsc": true, "tokens": true}
	for name := range w.canaries {
		written[name] = true
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(w.dir, path)
		if err == nil && d.IsDir() && written[name] {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || written[name] {
			return err
		}
		b, err := os.ReadFile(path)
		seen[strings.Split(name, string(filepath.Separator))[0]] = true
		w.look(name, b)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	for _, name := range []string{"state", "events", "batch-events", "report.json"} {
		if !seen[name] {
			w.Errorf("there is no %s to look into", name)
		}
	}
}

// look finds canaries as they are, in hexadecimal and in base64.
func (w *watch) look(where string, b []byte) {
	for name, value := range w.canaries {
		for _, form := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("%v", []byte(value)), base64Core(value)} {
			if bytes.Contains(b, []byte(form)) {
				at := bytes.Index(b, []byte(form))
				w.Errorf("%s shows the secret %s: … %q", where, name, b[max(0, at-40):at+len(form)])
				return
			}
		}
	}
}

// base64Core is the part of the base64 of a text that does not depend on what
// stands behind it.
func base64Core(s string) string {
	return base64.StdEncoding.EncodeToString([]byte(s))[:len(s)/3*4]
}
