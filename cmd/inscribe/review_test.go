//go:build cgo && linux

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The workflows of docs/review.md are text that others copy. What they run is
// run here as it stands there, in a repository with a change to review.

const card = `[Encoding]
Type=1024,Chip
Devices=8710

[Fields]
PIN=

[Description]
PKCS11Library=token.dll
ApplicationList=A
PIN=PIN

[Application_A]
KeySize=2048
CertTempl=logon
`

// reviewPage gives the blocks of docs/review.md that are YAML, by the file name
// in their first line.
func reviewPage(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/review.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```yaml\n# ([^\n]+)\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		blocks[m[1]] += m[2]
	}
	return blocks
}

// step is a script of a workflow with the name in front of it.
type step struct{ name, script string }

// steps takes the literal blocks ("key: |", "- |") out of YAML.
func steps(yaml string) []step {
	var out []step
	name := ""
	lines := strings.Split(yaml, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if _, after, ok := strings.Cut(line, "- name: "); ok {
			name = after
		}
		if !strings.HasSuffix(line, "run: |") && strings.TrimSpace(line) != "- |" {
			continue
		}
		indent := -1
		var script []string
		for i+1 < len(lines) {
			next := lines[i+1]
			in := len(next) - len(strings.TrimLeft(next, " "))
			if indent < 0 {
				indent = in
			}
			if strings.TrimSpace(next) != "" && in < indent {
				break
			}
			script = append(script, next[min(indent, len(next)):])
			i++
		}
		out = append(out, step{name, strings.TrimRight(strings.Join(script, "\n"), "\n") + "\n"})
	}
	return out
}

// review is a repository with a change on a branch.
type review struct {
	t         *testing.T
	dir, temp string
	env       []string
}

func newReview(t *testing.T) *review {
	t.Helper()
	for _, tool := range []string{"git", "bash", "jq"} {
		if _, err := osexec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing, and this test runs the workflows of docs/review.md: install it", tool)
		}
	}
	inscribe, err := osexec.LookPath("inscribe") // this program, see TestMain
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	r := &review{t: t, dir: filepath.Join(home, "repo"), temp: filepath.Join(home, "temp")}
	tools := filepath.Join(home, "inscribe", "bin")
	for _, dir := range []string{r.dir, r.temp, tools} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(inscribe, filepath.Join(tools, "inscribe")); err != nil {
		t.Fatal(err)
	}
	// In the place of the forge: what it was asked, and the comment that it got.
	for _, client := range []string{"gh", "curl"} {
		script := "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$FORGE/" + client + "\"\ncp \"$COMMENT\" \"$FORGE/comment\"\n"
		if err := os.WriteFile(filepath.Join(tools, client), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	r.env = []string{
		"HOME=" + home, "PATH=" + tools + ":/usr/local/bin:/usr/bin:/bin", "FORGE=" + r.temp, "NO_COLOR=1",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
	}
	return r
}

// change commits what main has, and on a branch what a change makes of it; ""
// deletes a file.
func (r *review) change(main, branch map[string]string) {
	r.t.Helper()
	commit := func(files map[string]string) {
		for name, text := range files {
			path := filepath.Join(r.dir, name)
			var err error
			if text == "" {
				err = os.Remove(path)
			} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				err = os.WriteFile(path, []byte(text), 0o644)
			}
			if err != nil {
				r.t.Fatal(err)
			}
		}
		r.must("git add -A && git commit -q -m x")
	}
	r.must("git init -q -b main")
	commit(main)
	r.must("git clone -q --bare . ../origin.git && git remote add origin ../origin.git && git switch -q -c change")
	commit(branch)
	// What happened on main since is not of the change.
	r.must("git switch -q main && echo '# later' >> later.dsc && git add -A && git commit -q -m later && git push -q origin main && git switch -q change && git fetch -q origin")
}

// run runs a script as runners do.
func (r *review) run(script string, env ...string) (stdout string, code int) {
	r.t.Helper()
	cmd := osexec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = r.dir, append(append([]string{}, r.env...), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *osexec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	if errs.Len() > 0 {
		r.t.Logf("%s", errs.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func (r *review) must(script string) {
	r.t.Helper()
	if out, code := r.run(script); code != 0 {
		r.t.Fatalf("%s: exit code %d\n%s", script, code, out)
	}
}

func (r *review) file(name string) string {
	r.t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(raw)
}

// github runs the steps of the workflow and gives their output and exit codes by
// name.
func (r *review) github() (out map[string]string, code map[string]int) {
	r.t.Helper()
	out, code = map[string]string{}, map[string]int{}
	envFile, pathFile := filepath.Join(r.temp, "env"), filepath.Join(r.temp, "path")
	for _, s := range steps(reviewPage(r.t)[".github/workflows/descriptions.yml"]) {
		env := []string{"GITHUB_BASE_REF=main", "GITHUB_ENV=" + envFile, "GITHUB_PATH=" + pathFile, "GITHUB_STEP_SUMMARY=" + filepath.Join(r.temp, "summary"),
			"RUNNER_TEMP=" + r.temp, "NUMBER=7", "GH_TOKEN=x", "COMMENT=" + filepath.Join(r.temp, "comment.md")}
		if raw, err := os.ReadFile(envFile); err == nil {
			env = append(env, strings.Split(strings.TrimSpace(string(raw)), "\n")...)
		}
		out[s.name], code[s.name] = r.run(s.script, env...)
	}
	if got := strings.TrimSpace(r.file(pathFile)); !strings.HasSuffix(got, "/inscribe/bin") {
		r.t.Errorf("the path got %q", got)
	}
	return out, code
}

// gitlab runs the job and gives its exit code.
func (r *review) gitlab(token string) int {
	r.t.Helper()
	var script strings.Builder
	for _, s := range steps(reviewPage(r.t)[".gitlab-ci.yml"]) {
		script.WriteString(s.script)
	}
	_, code := r.run(script.String(), "CI_MERGE_REQUEST_DIFF_BASE_SHA=origin/main", "REVIEW_TOKEN="+token, "COMMENT=comment.md",
		"CI_API_V4_URL=https://gitlab.example/api/v4", "CI_PROJECT_ID=3", "CI_MERGE_REQUEST_IID=7")
	return code
}

// theChange edits one description, adds one, deletes one and leaves two alone,
// one of which has errors. Names are not all nice.
func theChange() (main, branch map[string]string) {
	wrong := strings.Replace(card, "PIN=PIN", "PIN=NOWHERE", 1)
	main = map[string]string{"cards/staff card.dsc": card, "gone`|.dsc": card, "wrong.dsc": wrong, "later.dsc": card, "note.txt": "x"}
	branch = map[string]string{
		"cards/staff card.dsc": strings.Replace(card, "2048", "3072", 1),
		"-new.dsc":             strings.Replace(card, "logon", "signing", 1),
		"gone`|.dsc":           "",
		"note.txt":             "y",
	}
	return main, branch
}

// checkComment looks at the comment that either forge gets.
func checkComment(t *testing.T, comment string) {
	t.Helper()
	for _, want := range []string{
		"### What changes on the card: `cards/staff card.dsc`",
		"- **changed** (default, application A, line 14): generate the key pair: key RSA of 2048 bits → RSA of 3072 bits\n",
		"### Plan of `-new.dsc` for the profile generic",
		"| 3 | default | A | generate an RSA key pair of 2048 bits, label \"signing\" |",
		"### Gone: `gone??.dsc`\n",
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("the comment does not say %q:\n%s", want, comment)
		}
	}
	for _, never := range []string{"later.dsc", "wrong.dsc", "note.txt"} {
		if strings.Contains(comment, never) {
			t.Errorf("the comment speaks of %s:\n%s", never, comment)
		}
	}
}

func TestReviewOnGitHub(t *testing.T) {
	r := newReview(t)
	r.change(theChange())
	out, code := r.github()
	for name, c := range code {
		if c != 0 {
			t.Errorf("step %q: exit code %d\n%s", name, c, out[name])
		}
	}
	if len(code) != 6 {
		t.Errorf("there are %d steps: %v", len(code), code)
	}
	if strings.Contains(out["Annotate"], "::error") {
		t.Errorf("annotations of files that nobody changed:\n%s", out["Annotate"])
	}
	comment := r.file(filepath.Join(r.temp, "comment"))
	checkComment(t, comment)
	if got := r.file(filepath.Join(r.temp, "summary")); got != comment {
		t.Errorf("the summary is another:\n%s", got)
	}
	if got, want := r.file(filepath.Join(r.temp, "gh")), "pr\ncomment\n7\n--edit-last\n--create-if-none\n--body-file\n"+r.temp+"/comment.md\n"; got != want {
		t.Errorf("gh got %q, want %q", got, want)
	}
	for _, page := range []string{"cards/staff card.dsc.html", "-new.dsc.html"} {
		if !strings.HasPrefix(r.file(filepath.Join(r.temp, "pages", page)), "<!doctype html>") {
			t.Errorf("%s is no page", page)
		}
	}
	var sarif struct {
		Version string
		Runs    []struct{ Results []any }
	}
	if err := json.Unmarshal([]byte(r.file(filepath.Join(r.dir, "inscribe.sarif"))), &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs) != 1 {
		t.Errorf("SARIF: %v %+v", err, sarif)
	}
}

// TestReviewOnGitHubOfAnError makes an error in what is changed: it is shown at
// its line, the step fails, and the rest is still told.
func TestReviewOnGitHubOfAnError(t *testing.T) {
	r := newReview(t)
	main, branch := theChange()
	branch["later.dsc"] = strings.Replace(card, "PIN=PIN", "PIN=NOWHERE", 1)
	delete(main, "later.dsc")
	r.change(main, branch)
	out, code := r.github()
	if code["Annotate"] != 1 || !strings.Contains(out["Annotate"], "::error file=later.dsc,line=11,") {
		t.Errorf("exit code %d\n%s", code["Annotate"], out["Annotate"])
	}
	if strings.Contains(out["Annotate"], "wrong.dsc") {
		t.Errorf("annotations of files that nobody changed:\n%s", out["Annotate"])
	}
	if code["Write down what changes on the cards"] != 0 || code["Draw the cards"] != 0 || code["Comment"] != 0 {
		t.Errorf("exit codes %v", code)
	}
	checkComment(t, r.file(filepath.Join(r.temp, "comment")))
	if sarif := r.file(filepath.Join(r.dir, "inscribe.sarif")); !strings.Contains(sarif, "undefined-field") || !strings.Contains(sarif, "later.dsc") {
		t.Errorf("SARIF does not tell the error:\n%s", sarif)
	}
}

// TestReviewOnGitHubOfNothing changes no description, and one so much that it is
// too long for a comment.
func TestReviewOnGitHubOfNothing(t *testing.T) {
	r := newReview(t)
	r.change(map[string]string{"a.dsc": card, "later.dsc": card}, map[string]string{"note.txt": "x"})
	_, code := r.github()
	for name, c := range code {
		if c != 0 {
			t.Errorf("step %q: exit code %d", name, c)
		}
	}
	if _, err := os.Stat(filepath.Join(r.temp, "comment")); err == nil {
		t.Errorf("there is a comment on nothing")
	}

	r = newReview(t)
	many := map[string]string{}
	for i := range 60 {
		many[fmt.Sprintf("%d.dsc", i)] = card
	}
	r.change(map[string]string{"later.dsc": card}, many)
	r.github()
	if got := r.file(filepath.Join(r.temp, "comment")); !strings.Contains(got, "too long for a comment") || len(got) > 200 {
		t.Errorf("the comment has %d bytes", len(got))
	}
	if got := r.file(filepath.Join(r.temp, "summary")); strings.Count(got, "### Plan of") != 60 {
		t.Errorf("the summary has %d plans", strings.Count(got, "### Plan of"))
	}
}

func TestReviewOnGitLab(t *testing.T) {
	r := newReview(t)
	main, branch := theChange()
	r.change(main, branch)
	if code := r.gitlab("secret"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkComment(t, r.file(filepath.Join(r.temp, "comment")))
	curl := r.file(filepath.Join(r.temp, "curl"))
	for _, want := range []string{"PRIVATE-TOKEN: secret\n", "body@comment.md\n", "https://gitlab.example/api/v4/projects/3/merge_requests/7/notes\n"} {
		if !strings.Contains(curl, want) {
			t.Errorf("curl got no %q:\n%s", want, curl)
		}
	}

	// An error in what is changed fails the job; the reports have it.
	r = newReview(t)
	branch["later.dsc"] = strings.Replace(card, "PIN=PIN", "PIN=NOWHERE", 1)
	delete(main, "later.dsc")
	r.change(main, branch)
	if code := r.gitlab(""); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(filepath.Join(r.temp, "curl")); err == nil {
		t.Errorf("without a token something was sent")
	}
	var quality []struct {
		Description string `json:"description"`
		CheckName   string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
		Location    struct {
			Path  string `json:"path"`
			Lines struct {
				Begin int `json:"begin"`
			} `json:"lines"`
		} `json:"location"`
	}
	if err := json.Unmarshal([]byte(r.file(filepath.Join(r.dir, "codequality.json"))), &quality); err != nil {
		t.Fatal(err)
	}
	seen, found := map[string]bool{}, false
	for _, q := range quality {
		if q.Description == "" || q.CheckName == "" || seen[q.Fingerprint] || q.Location.Path == "wrong.dsc" {
			t.Errorf("code quality has %+v", q)
		}
		seen[q.Fingerprint] = true
		found = found || q.CheckName == "undefined-field" && q.Severity == "major" && q.Location.Path == "later.dsc" && q.Location.Lines.Begin == 11
	}
	if !found {
		t.Errorf("code quality does not have the error: %+v", quality)
	}
	var junit struct {
		XMLName xml.Name
	}
	if err := xml.Unmarshal([]byte(r.file(filepath.Join(r.dir, "junit.xml"))), &junit); err != nil || junit.XMLName.Local != "testsuites" {
		t.Errorf("JUnit: %v %v", err, junit.XMLName)
	}
}

// TestPreCommitHooks runs what .pre-commit-hooks.yaml and the example with an
// installed inscribe say, on the files that they match.
func TestPreCommitHooks(t *testing.T) {
	raw, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	hook := regexp.MustCompile(`(?s)- id: (\S+)\n.*?entry: ([^\n]+)\n\s+language: (\S+)\n\s+files: ([^\n]+)\n`)
	here := hook.FindAllStringSubmatch(string(raw), -1)
	local := hook.FindAllStringSubmatch(reviewPage(t)[".pre-commit-config.yaml"], -1)
	if len(here) != 2 || len(local) < 2 {
		t.Fatalf("there are %d hooks, and in the example %d", len(here), len(local))
	}
	local = local[len(local)-2:]
	for i, h := range here {
		l := local[i]
		if !strings.HasSuffix(l[0], strings.Join([]string{"entry: " + h[2], "language: system", "files: " + h[4]}, "\n"+strings.Repeat(" ", 8))+"\n") || h[3] != "golang" {
			t.Errorf("the hook %q and the example %q differ in more than the language", h[0], l[0])
		}
		files := regexp.MustCompile(h[4])
		for name, want := range map[string]bool{"a.dsc": true, "x/b.dsc": true, "a.dsz": h[1] == "inscribe-check", "dsc": false, "a.dsc.txt": false} {
			if files.MatchString(name) != want {
				t.Errorf("%s: %s: %v", h[1], name, !want)
			}
		}
		r := newReview(t)
		good, messy := card, strings.Replace(card, "KeySize=2048", "keysize = 2048", 1)
		r.change(map[string]string{"later.dsc": good}, map[string]string{"good.dsc": good, "messy.dsc": messy, "wrong.dsc": strings.Replace(card, "PIN=PIN", "PIN=NOWHERE", 1)})
		if _, code := r.run(h[2] + " good.dsc"); code != 0 {
			t.Errorf("%s fails on what is right", h[1])
		}
		switch h[1] {
		case "inscribe-check":
			if _, code := r.run(h[2] + " good.dsc wrong.dsc"); code != 1 {
				t.Errorf("%s passes what is wrong", h[1])
			}
		case "inscribe-fmt":
			// pre-commit itself fails where a hook changes a file.
			if _, code := r.run(h[2] + " good.dsc messy.dsc"); code != 0 || r.file(filepath.Join(r.dir, "messy.dsc")) != good || r.file(filepath.Join(r.dir, "good.dsc")) != good {
				t.Errorf("%s did not write the canonical form:\n%s", h[1], r.file(filepath.Join(r.dir, "messy.dsc")))
			}
		default:
			t.Errorf("there is a hook %s, which no test knows", h[1])
		}
	}
}
