package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
)

// rowRun writes records of a row's run; "run" names the row. It lets go of the tokens.
func rowRun(t *testing.T, f *Folder, row string, tokens map[string]exec.Identity, events ...string) (bound bool) {
	t.Helper()
	o := f.Row("batch", row)
	j, _, _, err := o.Open(tokens, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range events {
		event, id, _ := strings.Cut(text, " ")
		r := exec.Record{Event: event, ID: id}
		switch event {
		case "run":
			r.OpsSHA256, r.File, r.Tokens, r.Batch, r.Row = "ops", "x.dsc", tokens, "batch", row
		case "untouched":
			r.Event, r.Untouched = "failed", true
		case "became":
			r.Event, r.Tokens = "done", map[string]exec.Identity{"default": third}
		case "labels":
			r.Event, r.Slot, r.Label = "start", "default", "New"
		case "relabelled":
			r.Event, r.Slot, r.Tokens = "failed", "default", map[string]exec.Identity{"default": third}
		}
		if err := j.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	bound, _, _ = o.Left()
	return bound
}

func only(id exec.Identity) map[string]exec.Identity { return map[string]exec.Identity{"default": id} }

// TestRows: which rows are done or bound to which tokens, and which runs bind nothing.
func TestRows(t *testing.T) {
	fresh := exec.Identity{Manufacturer: "Soft", Model: "v2"}
	for _, c := range []struct {
		name   string
		tokens map[string]exec.Identity
		events []string
		want   []Row
		bound  bool
	}{
		{name: "nothing", tokens: both},
		{name: "nothing begun", tokens: both, events: []string{"run"}},
		{name: "left as it was", tokens: both, events: []string{"run", "start 1", "untouched 1"}},
		{name: "in the middle", tokens: both, bound: true, events: []string{"run", "start 1"}, want: []Row{{Row: "r", Tokens: both}}},
		{name: "failed", tokens: both, bound: true, events: []string{"run", "start 1", "failed 1"}, want: []Row{{Row: "r", Tokens: both}}},
		{name: "done", tokens: both, bound: true, events: []string{"run", "start 1", "done 1", "end"}, want: []Row{{Row: "r", Finished: true, Tokens: both}}},
		{name: "done without a write", tokens: only(card), events: []string{"run", "end"}, want: []Row{{Row: "r", Finished: true, Tokens: only(card)}}},
		{name: "was fresh", tokens: only(fresh), bound: true, events: []string{"run", "start 1", "became 1"}, want: []Row{{Row: "r", Tokens: only(third)}}},
		{name: "was labelled, and nobody knows", tokens: only(fresh), bound: true, events: []string{"run", "labels 1", "failed 1"}, want: []Row{{Row: "r", Tokens: only(fresh), Torn: map[string]string{"default": "New"}}}},
		{name: "was labelled otherwise", tokens: only(fresh), bound: true, events: []string{"run", "labels 1", "relabelled 1"}, want: []Row{{Row: "r", Tokens: only(third), Torn: map[string]string{}}}},
		{name: "was fresh and nobody knows", tokens: only(fresh), bound: true, events: []string{"run", "start 1"}, want: []Row{{Row: "r", Tokens: only(fresh)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := In(t.TempDir())
			if bound := rowRun(t, f, "r", c.tokens, c.events...); bound != c.bound {
				t.Errorf("bound: %v", bound)
			}
			got, err := f.Rows("batch")
			for i := range got {
				if _, err := os.Stat(got[i].Journal); err != nil {
					t.Error(err)
				}
				got[i].Journal = ""
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if other, err := f.Rows("other"); err != nil || other != nil {
				t.Errorf("%v, %v", other, err)
			}
		})
	}
}

// TestRowsInAnyFolder: the name of the state folder is no pattern.
func TestRowsInAnyFolder(t *testing.T) {
	for _, name := range []string{"runs", "job[1-3]", `a\b*?`, "["} {
		f := In(filepath.Join(t.TempDir(), name))
		rowRun(t, f, "finished", both, "run", "start 1", "done 1", "end")
		rowRun(t, f, "begun", only(third), "run", "start 1")
		rows, err := f.Rows("batch")
		if err != nil || len(rows) != 2 || rows[0].Row != "finished" || rows[1].Row != "begun" {
			t.Errorf("%q: %+v, %v", name, rows, err)
		}
	}
}

// TestRowsOfDamagedFiles: of a file whose row is known the row stays bound; one whose
// row is not known stops the batch, for it may be any.
func TestRowsOfDamagedFiles(t *testing.T) {
	for _, folder := range []string{"open", "done"} {
		f := In(t.TempDir())
		events := []string{"run", "start 1", "done 1"}
		if folder == "done" {
			events = append(events, "end")
		}
		rowRun(t, f, "r", both, events...)
		rows, err := f.Rows("batch")
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		path := rows[0].Journal
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damage := func(text string) {
			t.Helper()
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		damage(strings.Replace(string(whole), `"start"`, `"start`, 1))
		if rows, err := f.Rows("batch"); err != nil || len(rows) != 1 || rows[0].Row != "r" || rows[0].Finished != (folder == "done") {
			t.Errorf("%s: %+v, %v", folder, rows, err)
		}
		damage(strings.Replace(string(whole), `"run"`, `"run`, 1))
		_, err = f.Rows("batch")
		fails(t, err, exec.Refused, path, "may be that of a row of this batch", "move the file away")
		damage(`{"event":"r`) // torn before anything was begun
		if rows, err := f.Rows("batch"); err != nil || rows != nil {
			t.Errorf("%s: %+v, %v", folder, rows, err)
		}
	}
}

// TestRowGoesOnWithItself: the unfinished run of a row is that row's alone; a run
// that is of no batch may finish it, and none of a row takes over one of no batch.
func TestRowGoesOnWithItself(t *testing.T) {
	f := In(t.TempDir())
	rowRun(t, f, "one", both, "run", "start 1")
	if _, _, _, err := f.Row("batch", "two").Open(both, exec.Work{OpsSHA256: "ops"}, false); true {
		fails(t, err, exec.Refused, "this plan for another row")
	}
	if _, _, _, err := f.Row("other", "one").Open(both, exec.Work{OpsSHA256: "ops"}, false); true {
		fails(t, err, exec.Refused, "this plan outside this batch")
	}
	if begun, err := f.Row("batch", "two").Begun(exec.Work{OpsSHA256: "ops"}); err != nil || len(begun) != 0 {
		t.Errorf("%v, %v", begun, err)
	}
	if begun, err := f.Row("batch", "one").Begun(exec.Work{OpsSHA256: "ops"}); err != nil || len(begun) != 1 {
		t.Errorf("%v, %v", begun, err)
	}
	o := f.Row("batch", "one")
	j, earlier, finished, err := o.Open(both, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil || finished || events(earlier) != "run, start 1" {
		t.Fatal(err, finished, events(earlier))
	}
	if bound, tokens, _ := o.Left(); !bound || !cmp.Equal(tokens, both) {
		t.Errorf("%v %v: what it goes on with counts", bound, tokens)
	}
	_ = j.Close()
	j, _, _ = open(t, f, both, "ops", false)
	write(t, j, both, "ops", "done 1", "end")
	if rows, err := f.Rows("batch"); err != nil || len(rows) != 1 || !rows[0].Finished {
		t.Errorf("%+v, %v", rows, err)
	}
	// What another row finished there is nothing that this one has done.
	j, earlier, finished, err = f.Row("batch", "two").Open(both, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil || !finished || earlier != nil {
		t.Errorf("%v, %v, %v", err, finished, events(earlier))
	}
	_ = j.Close()

	g := In(t.TempDir())
	j, _, _ = open(t, g, both, "ops", false)
	write(t, j, both, "ops", "run", "start 1")
	_ = j.Close()
	_, _, _, err = g.Row("batch", "one").Open(both, exec.Work{OpsSHA256: "ops"}, false)
	fails(t, err, exec.Refused, "this plan outside this batch")
}

// TestHoldersAreKeptApart: an unfinished run goes on for its holder alone, be it of a row
// or by itself, and what a batch gave to one holder goes to no other unless that is
// wanted; a run by itself finds what another one did, and looks at the token.
func TestHoldersAreKeptApart(t *testing.T) {
	work := func(holder string) exec.Work { return exec.Work{OpsSHA256: "ops", Purpose: "cards", Holder: holder} }
	// do runs for Ada, by itself where row is empty.
	do := func(f *Folder, row string, events ...string) {
		t.Helper()
		j, _, _, err := f.Open(both, work("Ada"), false)
		batch := ""
		if row != "" {
			_ = j.Close()
			batch = "batch"
			j, _, _, err = f.Row(batch, row).Open(both, work("Ada"), false)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events {
			r := exec.Record{Event: event, ID: "1"}
			if event == "run" {
				r.OpsSHA256, r.Purpose, r.Holder, r.Tokens, r.Batch, r.Row = "ops", "cards", "Ada", both, batch, row
			}
			if err := j.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		_ = j.Close()
	}
	for _, row := range []string{"", "ada"} {
		f := In(t.TempDir())
		do(f, row, "run", "start")
		_, _, _, err := f.Open(both, work("Bo"), false)
		fails(t, err, exec.Refused, "this plan for another holder", "--abandon", "--existing replace")
		_, _, _, err = f.Row("batch", "bo").Open(both, work("Bo"), false)
		fails(t, err, exec.Refused, "this plan for another holder", "move its journal away")
		if begun, err := f.Begun(work("Bo")); err != nil || len(begun) != 0 {
			t.Errorf("%v, %v", begun, err)
		}
		do(f, "", "done", "end")

		_, _, _, err = f.Row("other", "bo").Open(both, work("Bo"), false)
		fails(t, err, exec.Refused, "of this description", "for other values was finished on this token", "--existing add")
		later := work("Bo")
		later.OpsSHA256 = "in the other slot"
		j, earlier, _, err := f.Open(both, later, false)
		if row != "" {
			fails(t, err, exec.Refused, `a row of this description in the batch "batch" for other values`)
		} else if err != nil || earlier != nil {
			t.Errorf("%v, %v", events(earlier), err)
		}
		if err == nil {
			_ = j.Close()
		}
		for _, w := range []exec.Work{{OpsSHA256: "ops", Purpose: "cards", Holder: "Bo", Beside: true}, work("Ada")} {
			j, earlier, finished, err := f.Open(both, w, false)
			if err != nil || !finished || events(earlier) != "run 1, start 1, done 1, end 1" {
				t.Errorf("%v, %v, %v", err, finished, events(earlier))
			}
			if err == nil {
				_ = j.Close()
			}
		}
		if by := f.Personalised(both, "other", "cards"); by == "" {
			t.Error("it is not known what is on the tokens")
		}
		if by := f.Personalised(both, "other", "badges") + f.Personalised(only(third), "other", "cards"); by != "" {
			t.Error(by)
		}
		if by := f.Personalised(both, "batch", "cards"); (by == "") != (row != "") {
			t.Errorf("%q: %q", row, by)
		}
	}
}

// TestReplacingGoesOnReplacing: a run that was to remove what it found is gone on with by
// one that does too, and one that did not say so from the start once it removes.
func TestReplacingGoesOnReplacing(t *testing.T) {
	for what, records := range map[string][]exec.Record{
		"from the start": {{Event: "run", OpsSHA256: "ops", Tokens: both, Replaces: true}, {Event: "start", ID: "1"}},
		"later":          {{Event: "run", OpsSHA256: "ops", Tokens: both}, {Event: "start", ID: "2", Op: "delete"}},
	} {
		f := In(t.TempDir())
		j, _, _ := open(t, f, both, "ops", false)
		for _, r := range records {
			if err := j.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		_ = j.Close()
		_, _, _, err := f.Open(both, exec.Work{OpsSHA256: "ops"}, false)
		fails(t, err, exec.Refused, "replaces what is there", "say --existing replace to finish it")
		j, earlier, finished, err := f.Open(both, exec.Work{OpsSHA256: "ops", Replaces: true}, false)
		if err != nil || finished || len(earlier) != 2 {
			t.Fatalf("%s: %v, %v, %v", what, err, finished, events(earlier))
		}
		_ = j.Close()
	}
}

// TestFreshTokensAtOnce: rows of a batch are at work on tokens that nothing tells
// apart yet, which another process is kept from; each goes on with its own.
func TestFreshTokensAtOnce(t *testing.T) {
	f := In(t.TempDir())
	fresh := only(exec.Identity{Manufacturer: "Soft", Model: "v2"})
	one, _, _, err := f.Row("batch", "one").Open(fresh, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	two, _, _, err := f.Row("batch", "two").Open(fresh, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	other := func() error {
		j, _, _, err := In(filepath.Dir(f.dir)).Open(fresh, exec.Work{OpsSHA256: "ops"}, false)
		if err == nil {
			_ = j.Close()
		}
		return err
	}
	fails(t, other(), exec.Refused, "another inscribe is at work on this token")
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	fails(t, other(), exec.Refused, "another inscribe is at work on this token")
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other(); err != nil {
		t.Error(err)
	}
	rowRun(t, f, "one", fresh, "run", "start 1")
	rowRun(t, f, "two", fresh, "run", "start 2")
	for row, want := range map[string]string{"one": "run, start 1", "two": "run, start 2"} {
		j, earlier, _, err := f.Row("batch", row).Open(fresh, exec.Work{OpsSHA256: "ops"}, false)
		if err != nil || events(earlier) != want {
			t.Errorf("%s: %v, %s", row, err, events(earlier))
			continue
		}
		_ = j.Close()
	}
}

// TestOneProcessABatch: a second one is kept out, but not from another batch.
func TestOneProcessABatch(t *testing.T) {
	dir := t.TempDir()
	l, err := In(dir).LockBatch("cards")
	if err != nil {
		t.Fatal(err)
	}
	_, err = In(dir).LockBatch("cards")
	fails(t, err, exec.Refused, `another inscribe is at work on the batch "cards"`)
	for _, name := range []string{"others", "cards"} {
		if name == "cards" {
			_ = l.Close()
		}
		again, err := In(dir).LockBatch(name)
		if err != nil {
			t.Fatal(err)
		}
		_ = again.Close()
	}
}
