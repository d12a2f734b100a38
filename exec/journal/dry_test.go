package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
)

// picture is all that a folder holds.
func picture(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			out[path] = "folder"
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDryFindsWhatOpenFinds: in each state of the folder the journals of a dry-run
// find and refuse what those of a run would, and leave the folder as it was.
func TestDryFindsWhatOpenFinds(t *testing.T) {
	unfinished := []string{"run", "start 1", "done 1", "start 2"}
	ended := []string{"run", "start 1", "done 1", "end"}
	only := map[string]exec.Identity{"default": card}
	// cutOff leaves a run that wrote these records.
	cutOff := func(tokens map[string]exec.Identity, ops string, records ...string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			j, _, _ := open(t, In(dir), tokens, ops, false)
			write(t, j, tokens, ops, records...)
			_ = j.Close()
		}
	}
	for _, c := range []struct {
		name    string
		made    func(t *testing.T, dir string)
		tokens  map[string]exec.Identity
		abandon bool
		refused string
	}{
		{name: "nothing", tokens: both},
		{name: "unfinished", tokens: both, made: cutOff(both, "ops", unfinished...)},
		{name: "unfinished, given up", tokens: both, abandon: true, made: cutOff(both, "ops", unfinished...)},
		{name: "finished", tokens: both, made: cutOff(both, "ops", ended...)},
		{name: "unfinished on other tokens", tokens: only, refused: "this plan on other tokens", made: cutOff(both, "ops", unfinished...)},
		{name: "another plan", tokens: only, refused: "another plan (other.dsc)", made: cutOff(only, "other", unfinished...)},
		{name: "untouched", tokens: only, made: cutOff(only, "other", "run")},
		{name: "of a third token", tokens: only, made: cutOff(map[string]exec.Identity{"default": third}, "ops", unfinished...)},
		{name: "damaged", tokens: only, refused: "cannot be read", made: func(t *testing.T, dir string) {
			cutOff(only, "ops", unfinished...)(t, dir)
			paths, _ := filepath.Glob(filepath.Join(dir, "runs", "open", "*"))
			b, err := os.ReadFile(paths[0])
			if err == nil {
				err = os.WriteFile(paths[0], []byte(strings.Replace(string(b), "start", "start\"", 1)), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.made != nil {
				c.made(t, dir)
			}
			before := picture(t, dir)
			_, earlier, finished, err := In(dir).Dry().Open(c.tokens, exec.Work{OpsSHA256: "ops"}, c.abandon)
			if diff := cmp.Diff(before, picture(t, dir)); diff != "" {
				t.Errorf("the folder was changed:\n%s", diff)
			}
			j, wantEarlier, wantFinished, wantErr := In(dir).Open(c.tokens, exec.Work{OpsSHA256: "ops"}, c.abandon)
			if wantErr == nil {
				defer j.Close()
			}
			if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() || (c.refused != "") != (err != nil) || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Fatalf("%v, and a run %v", err, wantErr)
			}
			if diff := cmp.Diff(wantEarlier, earlier); diff != "" || finished != wantFinished {
				t.Errorf("finished %v, want %v\n%s", finished, wantFinished, diff)
			}
		})
	}
}

// TestDryCountsFromTheDisk: the counts of tries begin with those of earlier runs and
// end nowhere.
func TestDryCountsFromTheDisk(t *testing.T) {
	dir := t.TempDir()
	j, _, _ := open(t, In(dir), both, "ops", false)
	if _, err := j.AddTries("default", "user", 2); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before := picture(t, dir)
	d, _, _, err := In(dir).Dry().Open(both, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	tries := func(slot string, want int) {
		t.Helper()
		if n, err := d.Tries(slot, "user"); n != want || err != nil {
			t.Errorf("%d tries, %v, want %d", n, err, want)
		}
	}
	tries("default", 2)
	tries("signature", 0)
	_, lowered := d.AddTries("default", "user", -2)
	_, raised := d.AddTries("signature", "user", 1)
	if err := errors.Join(lowered, raised, d.Write(exec.Record{Event: "run"}), d.Close()); err != nil {
		t.Fatal(err)
	}
	tries("default", 0)
	tries("signature", 1)
	if diff := cmp.Diff(before, picture(t, dir)); diff != "" {
		t.Errorf("the folder was changed:\n%s", diff)
	}
}

// TestTriesOfADryRun: it begins with the counts of the disk, its slots share those of a
// card, and it leaves the disk as it was.
func TestTriesOfADryRun(t *testing.T) {
	f := In(t.TempDir())
	slots := map[string]exec.Identity{"default": {Manufacturer: "Soft", Serial: "0101", Label: "CARD"}, "signature": {Manufacturer: "Soft", Serial: "0101", Label: "SIGN"}}
	if _, err := f.newRun(slots).AddTries("default", "", 1); err != nil {
		t.Fatal(err)
	}
	j, _, _, err := f.Dry().Open(slots, exec.Work{OpsSHA256: "ops"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := j.Tries("signature", ""); n != 1 || err != nil {
		t.Errorf("%d tries, %v, want that of the disk", n, err)
	}
	if _, err := j.AddTries("default", "", 1); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Tries("signature", ""); n != 2 || err != nil {
		t.Errorf("%d tries of the card, %v, want 2", n, err)
	}
	if n, err := f.newRun(slots).Tries("signature", ""); n != 1 || err != nil {
		t.Errorf("the disk has %d tries, %v", n, err)
	}
}
