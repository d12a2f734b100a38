package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/internal/secret"
)

var (
	card  = exec.Identity{Manufacturer: "Soft", Model: "v2", Serial: "01"}
	sign  = exec.Identity{Manufacturer: "Soft", Model: "v2", Serial: "02"}
	third = exec.Identity{Manufacturer: "Soft", Model: "v2", Serial: "03"}
	both  = map[string]exec.Identity{"default": card, "signature": sign}
)

func open(t *testing.T, f *Folder, tokens map[string]exec.Identity, ops string, abandon bool) (exec.Journal, []exec.Record, bool) {
	t.Helper()
	j, earlier, finished, err := f.Open(tokens, exec.Work{OpsSHA256: ops}, abandon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, earlier, finished
}

// write writes records: "run" with the tokens, "start 1", "done 1", "end". After
// "end" it lets go of the tokens, as the engine does.
func write(t *testing.T, j exec.Journal, tokens map[string]exec.Identity, ops string, events ...string) {
	t.Helper()
	for _, text := range events {
		event, id, _ := strings.Cut(text, " ")
		r := exec.Record{Event: event, ID: id}
		if event == "run" {
			r.OpsSHA256, r.File, r.Tokens = ops, ops+".dsc", tokens
		}
		if err := j.Write(r); err != nil {
			t.Fatal(err)
		}
		if event == "end" {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTriesAreKept: the counts of a token are found again by the next run, those
// of its slots apart, and a file that is damaged is no count of nothing.
func TestTriesAreKept(t *testing.T) {
	dir := t.TempDir()
	j, _, _ := open(t, In(dir), both, "ops", false)
	for slot, n := range map[string]int{"default": 2, "signature": 1} {
		if _, err := j.AddTries(slot, "user", n); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	card1 := map[string]exec.Identity{"default": card}
	j, _, _ = open(t, In(dir), card1, "other", false)
	if n, err := j.Tries("default", "user"); n != 2 || err != nil {
		t.Errorf("%d tries, %v", n, err)
	}
	if n, err := j.Tries("default", "so"); n != 0 || err != nil {
		t.Errorf("%d tries of the SO PIN, %v", n, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "runs", "tries", "*.json"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if err := os.WriteFile(f, []byte(`{"default user"`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, _, _ = open(t, In(dir), card1, "other", false)
	var e *exec.Error
	if _, err := j.Tries("default", "user"); !errors.As(err, &e) || e.Kind != exec.Local || !strings.Contains(err.Error(), "tries") {
		t.Errorf("a damaged count: %v", err)
	}
}

func events(records []exec.Record) string {
	var out []string
	for _, r := range records {
		out = append(out, strings.TrimSpace(r.Event+" "+r.ID))
	}
	return strings.Join(out, ", ")
}

// fails checks an error of a kind that says all of the texts.
func fails(t *testing.T, err error, kind exec.Kind, texts ...string) {
	t.Helper()
	var e *exec.Error
	if !errors.As(err, &e) {
		t.Fatalf("no *exec.Error: %v", err)
	}
	if e.Kind != kind || e.Help() == "" {
		t.Errorf("kind %d, want %d; help %q: %v", e.Kind, kind, e.Help(), err)
	}
	for _, s := range texts {
		if !strings.Contains(err.Error()+"\n"+e.Help(), s) {
			t.Errorf("%q, help %q: does not say %q", err, e.Help(), s)
		}
	}
}

func files(t *testing.T, f *Folder, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(f.dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestUnfinishedRunGoesOn(t *testing.T) {
	f := In(t.TempDir())
	j, earlier, _ := open(t, f, both, "a", false)
	if earlier != nil {
		t.Errorf("records from nowhere: %v", earlier)
	}
	if found := files(t, f, "open/*"); len(found) != 0 {
		t.Errorf("a run without a record left %v", found)
	}
	write(t, j, both, "a", "run", "start 1", "done 1", "start 2")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, earlier, finished := open(t, f, both, "a", false)
	if got := events(earlier); got != "run, start 1, done 1, start 2" || finished {
		t.Errorf("earlier %s, finished %v", got, finished)
	}
	write(t, j, both, "a", "done 2", "end")
	if len(files(t, f, "open/*")) != 0 || len(files(t, f, "done/*/*")) != 1 {
		t.Errorf("the finished run stays open: %v", files(t, f, "*/*"))
	}
	_, earlier, finished = open(t, f, both, "a", false)
	if got := events(earlier); got != "run, start 1, done 1, start 2, done 2, end" || !finished {
		t.Errorf("earlier %s, finished %v", got, finished)
	}
}

func TestRecordsHaveTimeAndAreWhole(t *testing.T) {
	f := In(t.TempDir())
	f.Now = func() time.Time { return time.Date(2031, 2, 3, 4, 5, 6, 7e6, time.FixedZone("", 3600)) }
	j, _, _ := open(t, f, both, "a", false)
	want := exec.Record{Event: "run", Time: "2031-02-03T03:05:06.007Z", OpsSHA256: "a", File: "a.dsc", Tokens: both, KeyID: "0a", Label: "lab\nel", Fingerprint: "0b",
		DER: []byte{0, 255}, Earlier: []exec.Record{{Event: "done", ID: "op-03", KeyID: "0c"}}, Untouched: true}
	began := exec.Record{Event: "start", Time: want.Time, ID: "op-03"}
	for _, rec := range []exec.Record{want, began} {
		if err := j.Write(rec); err != nil {
			t.Fatal(err)
		}
	}
	_ = j.Close()
	_, earlier, _ := open(t, f, both, "a", false)
	if diff := cmp.Diff([]exec.Record{want, began}, earlier); diff != "" {
		t.Error(diff)
	}
	info, err := os.Stat(files(t, f, "open/*")[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestFinishedRunsAreFoundByPlanAndTokens(t *testing.T) {
	f := In(t.TempDir())
	one := map[string]exec.Identity{"default": card}
	for i, c := range []struct {
		tokens map[string]exec.Identity
		ops    string
		id     string
	}{{both, "a", "first"}, {both, "a", "second"}, {both, "b", "other plan"}, {one, "a", "one token"}} {
		f.Now = func() time.Time { return time.Date(2031, 1, 1, 0, 0, i, 0, time.UTC) }
		j, _, _ := open(t, f, c.tokens, c.ops, false)
		write(t, j, c.tokens, c.ops, "run", "done "+c.id, "end")
	}
	for _, c := range []struct {
		tokens    map[string]exec.Identity
		ops, want string
	}{
		{both, "a", "run, done second, end"},
		{both, "b", "run, done other plan, end"},
		{one, "a", "run, done one token, end"},
		{one, "b", ""},
		{map[string]exec.Identity{"default": sign, "signature": card}, "a", ""},
		{map[string]exec.Identity{"default": third}, "a", ""},
	} {
		j, earlier, finished := open(t, f, c.tokens, c.ops, false)
		if got := events(earlier); got != c.want || !finished {
			t.Errorf("%v, %s: %q, want %q", c.tokens, c.ops, got, c.want)
		}
		_ = j.Close()
	}
}

func TestAnotherPlanMustWait(t *testing.T) {
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1")
	_ = j.Close()
	one := map[string]exec.Identity{"default": sign}
	_, _, _, err := f.Open(one, exec.Work{OpsSHA256: "b"}, false)
	fails(t, err, exec.Refused, "unfinished run of another plan (a.dsc)", files(t, f, "open/*")[0], "--abandon")
	// A token that the run has nothing to do with is free.
	j, _, _ = open(t, f, map[string]exec.Identity{"default": third}, "b", false)
	_ = j.Close()
	// The same plan on another pair would take done ops for done on that one.
	_, _, _, err = f.Open(map[string]exec.Identity{"default": card, "signature": third}, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Refused, "unfinished run of this plan on other tokens")
	// Nor may the slots be swapped.
	_, _, _, err = f.Open(map[string]exec.Identity{"default": sign, "signature": card}, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Refused, "unfinished run of this plan on other tokens")

	j, earlier, _ := open(t, f, one, "b", true)
	if earlier != nil {
		t.Errorf("the records of the run that was given up came along: %s", events(earlier))
	}
	write(t, j, one, "b", "run", "end")
	if got := files(t, f, "open/*"); len(got) != 1 || !strings.HasSuffix(got[0], ".abandoned") {
		t.Errorf("in open: %v", got)
	}
	_, earlier, _ = open(t, f, both, "a", false)
	if earlier != nil {
		t.Errorf("the run was given up and goes on: %s", events(earlier))
	}
}

func TestOwnRunCanBeGivenUp(t *testing.T) {
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1")
	_ = j.Close()
	_, earlier, finished := open(t, f, both, "a", true)
	if earlier != nil || !finished {
		t.Errorf("it goes on: %s", events(earlier))
	}
}

// TestGivenUpByTheFirstRecord: a run that is refused before it wrote anything, or at the
// first thing that it does, gives up nothing; one that had nothing to do does.
func TestGivenUpByTheFirstRecord(t *testing.T) {
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1", "done 1")
	_ = j.Close()
	goesOn := func(want bool) {
		t.Helper()
		runs := f.Unfinished()
		if (len(runs) == 1 && runs[0].File == "a.dsc") != want {
			t.Fatalf("unfinished: %v", runs)
		}
	}
	j, _, _ = open(t, f, both, "b", true)
	goesOn(true)
	_ = j.Close()
	goesOn(true)
	j, _, _ = open(t, f, both, "b", true)
	write(t, j, both, "b", "run")
	goesOn(false)
	write(t, j, both, "b", "start 1")
	if err := j.Write(exec.Record{Event: "failed", ID: "1", Untouched: true}); err != nil {
		t.Fatal(err)
	}
	_ = j.Close()
	goesOn(true)

	// Killed between its first record and the giving up, it is in nobody's way.
	appendTo(t, filepath.Join(f.dir, "open", "20991231T000000.000-0.jsonl"), `{"event":"run","opsSha256":"b","tokens":{"default":{"manufacturer":"Soft","model":"v2","serial":"01"}}}`+"\n")
	goesOn(true)
	j, earlier, finished := open(t, f, both, "a", false)
	if events(earlier) != "run, start 1, done 1" || finished {
		t.Errorf("%s, finished %v", events(earlier), finished)
	}
	_ = j.Close()

	j, _, _ = open(t, f, both, "b", true)
	write(t, j, both, "b", "end")
	goesOn(false)
	if left := files(t, f, "*/*/*"); len(left) != 0 {
		t.Errorf("a run with nothing to do left %v", left)
	}
}

// TestSerialThatChanges follows a token whose serial number another one takes
// the place of when it is initialised.
func TestSerialThatChanges(t *testing.T) {
	f := In(t.TempDir())
	blank := map[string]exec.Identity{"default": {Manufacturer: "Soft", Model: "v2"}}
	j, _, _ := open(t, f, blank, "a", false)
	write(t, j, blank, "a", "run", "start 1")
	if err := j.Write(exec.Record{Event: "done", ID: "1", Tokens: map[string]exec.Identity{"default": card}}); err != nil {
		t.Fatal(err)
	}
	_ = j.Close()
	// Another blank token is none of this run.
	j, earlier, _ := open(t, f, blank, "a", false)
	if earlier != nil {
		t.Errorf("a blank token was taken for the one that is no longer: %s", events(earlier))
	}
	_ = j.Close()
	now := map[string]exec.Identity{"default": card}
	j, earlier, finished := open(t, f, now, "a", false)
	if events(earlier) != "run, start 1, done 1" || finished {
		t.Errorf("the run is not found again: %s", events(earlier))
	}
	write(t, j, now, "a", "end")
	_, earlier, finished = open(t, f, now, "a", false)
	if len(earlier) != 4 || !finished {
		t.Errorf("nor after its end: %s", events(earlier))
	}
}

func TestTornLastLineIsCutOff(t *testing.T) {
	for _, torn := range []string{`{"event":"do`, `{"event":"done","id":"1"}`, "\x00\x00\x00"} {
		f := In(t.TempDir())
		j, _, _ := open(t, f, both, "a", false)
		write(t, j, both, "a", "run", "start 1")
		_ = j.Close()
		path := files(t, f, "open/*")[0]
		appendTo(t, path, torn)
		j, earlier, _ := open(t, f, both, "a", false)
		if got := events(earlier); got != "run, start 1" {
			t.Errorf("after %q: %s", torn, got)
		}
		write(t, j, both, "a", "done 1")
		_ = j.Close()
		_, earlier, _ = open(t, f, both, "a", false)
		if got := events(earlier); got != "run, start 1, done 1" {
			t.Errorf("after %q and one record more: %s", torn, got)
		}
	}
}

func TestTornFirstLineIsNoRun(t *testing.T) {
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run")
	_ = j.Close()
	path := files(t, f, "open/*")[0]
	if err := os.Truncate(path, 20); err != nil {
		t.Fatal(err)
	}
	_, earlier, finished := open(t, f, both, "b", false)
	if earlier != nil || !finished {
		t.Errorf("%s, %v", events(earlier), finished)
	}
}

// TestDamagedJournal: a file that cannot be read stops the tokens that it names,
// and no other; it is named, and can be given up.
func TestDamagedJournal(t *testing.T) {
	f := In(t.TempDir())
	var told []string
	f.Damaged = func(err error) { told = append(told, err.Error()) }
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run")
	_ = j.Close()
	path := files(t, f, "open/*")[0]
	appendTo(t, path, "{\"event\":\"sta\x00\n{\"event\":\"done\",\"id\":\"1\"}\n")
	nobody := filepath.Join(f.dir, "open", "x.jsonl")
	appendTo(t, nobody, "what is this\n")

	_, _, _, err := f.Open(both, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Refused, path+":2:", "--abandon")
	other := map[string]exec.Identity{"default": third}
	told = nil
	j, earlier, _ := open(t, f, other, "a", false)
	if all := strings.Join(told, "\n"); earlier != nil || !strings.Contains(all, path+":2:") || !strings.Contains(all, nobody+":1:") {
		t.Errorf("another token sees %v and is told %q", earlier, told)
	}
	_ = j.Close()
	told = nil
	if runs := f.Unfinished(); len(runs) != 0 || len(told) != 2 {
		t.Errorf("unfinished %v, told %q", runs, told)
	}
	// It holds no lock after a refusal, and the file can be given up.
	j, _, _ = open(t, f, both, "a", true)
	write(t, j, both, "a", "run", "start 1", "done 1", "end")
	if len(files(t, f, "open/*.abandoned")) != 1 {
		t.Errorf("not given up: %v", files(t, f, "*/*"))
	}
	// A damaged file of a finished run is passed over in the same way.
	done := files(t, f, "done/*/*")[0]
	appendTo(t, done, "}{\n")
	told = nil
	_, earlier, finished := open(t, f, both, "a", false)
	if earlier != nil || !finished || !strings.Contains(strings.Join(told, "\n"), done) {
		t.Errorf("earlier %v, finished %v, told %q", earlier, finished, told)
	}
}

// TestLookTakesNoPart: Look finds what Open finds, beside an open run too, and
// leaves nothing behind.
func TestLookTakesNoPart(t *testing.T) {
	dir := t.TempDir()
	f := In(dir)
	if earlier, _, err := f.Look(both, "a"); err != nil || earlier != nil {
		t.Fatal(earlier, err)
	}
	if held, err := f.Hold(both); held != nil || err != nil {
		t.Fatal(held, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Fatalf("looking left %v, %v", left, err)
	}
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1")
	if earlier, finished, err := f.Look(both, "a"); err != nil || finished || events(earlier) != "run, start 1" {
		t.Errorf("%s, %v, %v", events(earlier), finished, err)
	}
	_, err := f.Hold(map[string]exec.Identity{"": sign})
	fails(t, err, exec.Refused, "another inscribe is at work on this token")
	runs := f.Unfinished()
	if len(runs) != 1 || runs[0].File != "a.dsc" || runs[0].Tokens["signature"] != sign || runs[0].Done != 0 || runs[0].Last == "" {
		t.Errorf("unfinished %+v", runs)
	}
	for _, other := range []struct {
		tokens map[string]exec.Identity
		ops    string
	}{{both, "b"}, {map[string]exec.Identity{"default": card}, "a"}} {
		if earlier, _, err := f.Look(other.tokens, other.ops); err != nil || earlier != nil {
			t.Errorf("%v: %v, %v", other, earlier, err)
		}
	}
	write(t, j, both, "a", "done 1", "end")
	if earlier, finished, err := f.Look(both, "a"); err != nil || !finished || events(earlier) != "run, start 1, done 1, end" {
		t.Errorf("%s, %v, %v", events(earlier), finished, err)
	}
	if runs := f.Unfinished(); len(runs) != 0 {
		t.Errorf("unfinished %+v", runs)
	}
}

// TestFolderThatCannotBeRead: what only looks is told of it and goes on without; a run
// may not, since an unfinished one may be in there.
func TestFolderThatCannotBeRead(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := In(state)
	var told []error
	f.Damaged = func(err error) { told = append(told, err) }
	if runs := f.Unfinished(); len(runs) != 0 || len(told) != 1 {
		t.Errorf("unfinished %v, told %v", runs, told)
	}
	fails(t, told[0], exec.Local, "not a directory", "--state")
	told = nil
	if earlier, _, err := f.Look(both, "a"); earlier != nil || err != nil || len(told) == 0 {
		t.Errorf("%v, %v, told %v", earlier, err, told)
	}
	for _, journals := range []exec.Journals{f, f.Dry()} {
		_, _, _, err := journals.Open(both, exec.Work{OpsSHA256: "a"}, false)
		fails(t, err, exec.Local, "not a directory", "--state")
		_, err = journals.Begun(exec.Work{OpsSHA256: "a"})
		fails(t, err, exec.Local, "not a directory")
	}
	_, err := f.Counted(card)
	fails(t, err, exec.Local, "not a directory")
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil || errors.Is(err, os.ErrNotExist) {
		err = os.WriteFile(path, append(b, text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneRunAtATimeOnAToken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks of this kind there")
	}
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	for _, tokens := range []map[string]exec.Identity{both, {"default": sign}, {"default": third, "signature": card}} {
		_, _, _, err := In(filepath.Dir(f.dir)).Open(tokens, exec.Work{OpsSHA256: "b"}, true)
		fails(t, err, exec.Refused, "another inscribe is at work on this token")
	}
	// What a refused run had locked is free again.
	other, _, _ := open(t, f, map[string]exec.Identity{"default": third}, "b", false)
	_ = other.Close()
	write(t, j, both, "a", "run", "end")
	open(t, f, both, "a", false)
}

// TestTwoSlotsOfOneCard: they have one serial number, and a run takes the card
// once.
func TestTwoSlotsOfOneCard(t *testing.T) {
	f := In(t.TempDir())
	slots := map[string]exec.Identity{"default": card, "signature": card}
	j, _, _ := open(t, f, slots, "a", false)
	_, _, _, err := In(filepath.Dir(f.dir)).Open(map[string]exec.Identity{"default": card}, exec.Work{OpsSHA256: "b"}, false)
	if runtime.GOOS != "windows" {
		fails(t, err, exec.Refused, "another inscribe is at work on this token")
	}
	write(t, j, slots, "a", "run", "start 1")
	_ = j.Close()
	if _, earlier, _ := open(t, f, slots, "a", false); events(earlier) != "run, start 1" {
		t.Errorf("the run goes on after %s", events(earlier))
	}
}

// TestLockEndsWithItsProcess holds a token in another process, and kills that.
func TestLockEndsWithItsProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks of this kind there")
	}
	dir := t.TempDir()
	child := osexec.Command(os.Args[0], "-test.run=TestMain")
	child.Env = append(os.Environ(), childEnv+"="+dir, "JOURNAL_TEST_HOLD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 1)
	if _, err := out.Read(ready); err != nil {
		t.Fatal(err)
	}
	_, _, _, err = In(dir).Open(both, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Refused, "another inscribe is at work")
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	_, earlier, _ := open(t, In(dir), both, "a", false)
	if got := events(earlier); got != "run, start 1" {
		t.Errorf("what the killed process wrote: %s", got)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := In(filepath.Join(file, "state")).Open(both, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Local, "journal", "--state")
	if os.Geteuid() == 0 {
		return // whom no permission stops
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, _, _, err = In(dir).Open(both, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Local, "permission denied")
}

// TestFullDisk writes to the device that is always full.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("only Linux has /dev/full")
	}
	j, _, _ := open(t, In(t.TempDir()), both, "a", false)
	j.(*run).file = full
	err = j.Write(exec.Record{Event: "run"})
	fails(t, err, exec.Local, "have space", "--state")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestRecordsAreJSONLines(t *testing.T) {
	f := In(t.TempDir())
	j, _, _ := open(t, f, both, "a", false)
	write(t, j, both, "a", "run", "start 1", "failed 1")
	b, err := os.ReadFile(files(t, f, "open/*")[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil || m["event"] == nil || m["time"] == nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestTokensThatNothingTellsApart: two tokens of one identity are taken by one
// run, which does not stand in its own way, and by no second one.
func TestTokensThatNothingTellsApart(t *testing.T) {
	f := In(t.TempDir())
	twins := map[string]exec.Identity{"default": card, "signature": card}
	j, _, _ := open(t, f, twins, "a", false)
	_, _, _, err := f.Open(map[string]exec.Identity{"default": card}, exec.Work{OpsSHA256: "a"}, false)
	fails(t, err, exec.Refused, "another inscribe is at work")
	_ = j.Close()
	open(t, f, twins, "a", false)
}

// TestTriesAreOfTheToken: another description calls the token by another slot, and
// another profile names it with its label.
func TestTriesAreOfTheToken(t *testing.T) {
	dir := t.TempDir()
	labelled := func(label string) exec.Identity { id := card; id.Serial, id.Label = "0101", label; return id }
	of := func(slot, label string) *run {
		return In(dir).newRun(map[string]exec.Identity{slot: labelled(label)})
	}
	set := func(r *run, slot, who string, n int) {
		t.Helper()
		is, err := r.Tries(slot, who)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.AddTries(slot, who, n-is); got != n || err != nil {
			t.Fatal(got, err)
		}
	}
	want := func(r *run, slot, who string, n int) {
		t.Helper()
		if got, err := r.Tries(slot, who); got != n || err != nil {
			t.Errorf("%d tries of %s of %v, %v, want %d", got, who, r.tokens[slot], err, n)
		}
	}
	set(of("signature", "SIGN"), "signature", "puk", 2)
	want(of("default", "SIGN"), "default", "puk", 2)
	want(of("default", ""), "default", "puk", 2)
	want(of("default", "CARD"), "default", "puk", 0)
	want(of("default", "SIGN"), "default", "user", 0)
	set(of("default", "CARD"), "default", "user", 1)
	want(of("default", "CARD"), "default", "", 3)

	// A profile whose serial numbers are unique counts on what others counted.
	set(of("default", ""), "default", "puk", 3)
	want(of("signature", "SIGN"), "signature", "puk", 3)
	set(of("signature", "SIGN"), "signature", "puk", 0)
	want(of("default", ""), "default", "puk", 0)

	// One whose tokens lock together too, and they count on what it counted.
	set(of("default", "CARD"), "default", "", 2)
	want(of("signature", "SIGN"), "signature", "puk", 2)
	set(of("signature", "SIGN"), "signature", "puk", 3)
	want(of("signature", "SIGN"), "signature", "puk", 3)
	want(of("default", "CARD"), "default", "", 3)
	counted, err := In(dir).Counted(labelled("SIGN"))
	if diff := cmp.Diff(map[string]int{"card": 2, "puk": 1}, counted); diff != "" || err != nil {
		t.Error(diff, err)
	}
	set(of("default", "CARD"), "default", "", 0)
	want(of("signature", "SIGN"), "signature", "puk", 0)
}

// TestTriesOfOneCardAtOnce has two tokens of a card counted at the same time.
func TestTriesOfOneCardAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for _, label := range []string{"CARD", "SIGN"} {
		id := card
		id.Label = label
		all.Go(func() {
			r := In(dir).newRun(map[string]exec.Identity{"default": id})
			for range 50 {
				for _, who := range []string{"user", ""} { // its own, and that of all
					if _, err := r.AddTries("default", who, 1); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if n, err := In(dir).newRun(both).Tries("default", ""); n != 200 || err != nil {
		t.Errorf("%d tries, %v", n, err)
	}
}

// TestTriesOfOneTPM: a right PIN of one token takes no wrong one of another token back
// that is shown meanwhile, and the limit holds for both.
func TestTriesOfOneTPM(t *testing.T) {
	dir := t.TempDir()
	of := func(label string) *run {
		return In(dir).newRun(map[string]exec.Identity{"default": {Manufacturer: "x", Model: "TPM", Serial: "0000000000000000", Label: label}})
	}
	a, b := of("ONE"), of("TWO")
	c := exec.Credential{Name: "PIN", Secret: secret.FromString("1234")}
	asked := 0
	wrong := func() error {
		asked++
		return &exec.Error{Kind: exec.Device, Call: "C_Login", CKR: exec.CKRPINIncorrect}
	}
	for name, rounds := range map[string]int{"tpm2": 4, "openpgp": 1} { // of openpgp a right one resets
		v := exec.Visit{Profile: profile.Lookup(name), Slot: "default"}
		asked = 0
		for range rounds {
			_ = v.Show(a, "user", c, func() error { _ = v.Show(b, "user", c, wrong); return nil })
		}
		n, err := a.Tries("default", "")
		if err != nil || n != asked || asked == 0 || asked > 2 {
			t.Errorf("%s: %d were wrong, %d are counted, %v", name, asked, n, err)
		}
		if _, err := a.AddTries("default", "", -n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnotherProfileFindsTheRuns: whether the label is part of the identity does not
// matter to what is found.
func TestAnotherProfileFindsTheRuns(t *testing.T) {
	unique := map[string]exec.Identity{"default": {Manufacturer: "Soft", Model: "v2", Serial: "4711"}}
	named := map[string]exec.Identity{"default": {Manufacturer: "Soft", Model: "v2", Serial: "4711", Label: "CARD"}}
	second := map[string]exec.Identity{"default": {Manufacturer: "Soft", Model: "v2", Serial: "4711", Label: "SIGN"}}
	for _, pair := range [][2]map[string]exec.Identity{{unique, named}, {named, unique}} {
		f := In(t.TempDir())
		j, _, _ := open(t, f, pair[0], "ops", false)
		write(t, j, pair[0], "ops", "run", "start 1", "done 1")
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := f.Open(pair[1], exec.Work{OpsSHA256: "other"}, false); err == nil {
			t.Error("another plan is begun on a token with an unfinished run")
		}
		j, earlier, finished := open(t, f, pair[1], "ops", false)
		if len(earlier) != 3 || finished {
			t.Errorf("an unfinished run of the same plan: %v, finished %v", events(earlier), finished)
		}
		write(t, j, pair[1], "ops", "end")
		if j, earlier, finished = open(t, f, pair[1], "ops", false); len(earlier) != 4 || !finished {
			t.Errorf("a finished run of the same plan: %v, finished %v", events(earlier), finished)
		}
		_ = j.Close()
	}
	f := In(t.TempDir())
	j, _, _ := open(t, f, named, "ops", false)
	write(t, j, named, "ops", "run", "start 1", "done 1", "end")
	if _, earlier, _ := open(t, f, second, "ops", false); earlier != nil {
		t.Error("the other slot of a card has the run of the first")
	}
}

// TestLastRunIsLast though the clock was set back, and a saved plan stays spent though
// the same was done without it since.
func TestLastRunIsLast(t *testing.T) {
	f := In(t.TempDir())
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Now = func() time.Time { return now }
	for i, saved := range []string{"saved", "", ""} {
		j, _, _ := open(t, f, both, "ops", false)
		if err := j.Write(exec.Record{Event: "run", OpsSHA256: "ops", PlanSHA256: saved, Tokens: both}); err != nil {
			t.Fatal(err)
		}
		write(t, j, both, "ops", fmt.Sprintf("start %d", i), fmt.Sprintf("done %d", i), "end")
		now = now.AddDate(-1, 0, 0)
	}
	if _, earlier, _ := open(t, f, both, "ops", false); len(earlier) != 4 || earlier[1].ID != "2" {
		t.Error("the last run is", events(earlier))
	}
	for plan, want := range map[string]string{"saved": "2030-01-01T00:00:00Z", "other": ""} {
		if when, err := f.Spent(both, plan); when != want || err != nil {
			t.Errorf("%s was spent on %q, %v, want %q", plan, when, err, want)
		}
	}
}

// TestSpentThoughBegunWithout: a saved plan that went on with a run of the description had
// its part in what the token holds.
func TestSpentThoughBegunWithout(t *testing.T) {
	f := In(t.TempDir())
	f.Now = func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC) }
	j, _, _ := open(t, f, both, "ops", false)
	write(t, j, both, "ops", "run", "start 1")
	_ = j.Close()
	j, _, _ = open(t, f, both, "ops", false)
	if err := j.Write(exec.Record{Event: "resume", PlanSHA256: "saved"}); err != nil {
		t.Fatal(err)
	}
	if when, err := f.Spent(both, "saved"); when != "" || err != nil {
		t.Errorf("spent on %q, %v before its end", when, err)
	}
	write(t, j, both, "ops", "done 1", "end")
	if when, err := f.Spent(both, "saved"); when != "2030-01-01T00:00:00Z" || err != nil {
		t.Errorf("spent on %q, %v", when, err)
	}
}
