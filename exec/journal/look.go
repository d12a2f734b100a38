package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"inscribe/exec"
)

var _ exec.History = (*Folder)(nil)

// Look finds what Open would, and makes, locks and mends nothing. A folder that cannot
// be read is told to Damaged.
func (f *Folder) Look(tokens map[string]exec.Identity, opsSHA256 string) ([]exec.Record, bool, error) {
	r := f.newRun(tokens)
	r.work = exec.Work{OpsSHA256: opsSHA256}
	runs, err := f.list()
	if err != nil {
		f.damaged(err)
		return nil, true, nil
	}
	for _, u := range runs {
		if r.concerns(u.records) && u.records[0].OpsSHA256 == opsSHA256 && exec.SameTokens(exec.Became(u.records), r.tokens) {
			return u.records, false, nil
		}
	}
	earlier, err := f.finished(r)
	if err != nil {
		f.damaged(err)
	}
	return earlier, true, nil
}

// Begun gives the records of the unfinished runs of a work for its holder.
func (f *Folder) Begun(work exec.Work) ([][]exec.Record, error) {
	runs, err := f.list()
	if err != nil {
		return nil, err
	}
	var out [][]exec.Record
	for _, u := range runs {
		if u.records[0].OpsSHA256 == work.OpsSHA256 && u.records[0].Holder == work.Holder {
			out = append(out, u.records)
		}
	}
	return out, nil
}

// Ledger opens the count of tries of tokens. It makes the folder and holds the
// tokens, as a run does, until it is closed. Ledgers of one Folder may be on the same
// card.
func (f *Folder) Ledger(tokens map[string]exec.Identity) (exec.Ledger, error) {
	r := f.newRun(tokens)
	r.shared = true
	if err := os.MkdirAll(filepath.Join(f.dir, "lock"), 0o700); err != nil {
		return nil, local(err)
	}
	if err := r.lock(); err != nil {
		return nil, err
	}
	return r, nil
}

// Hold is Ledger for one who only looks: where no run was ever made it makes no folder,
// and holds the cards of this machine alone. Where it holds nothing it gives none.
func (f *Folder) Hold(tokens map[string]exec.Identity) (exec.Ledger, error) {
	if _, err := os.Stat(filepath.Join(f.dir, "lock")); !errors.Is(err, fs.ErrNotExist) {
		return f.Ledger(tokens)
	}
	r := f.newRun(tokens)
	if err := r.lockMachine(); err != nil || r.locks == nil {
		return nil, err
	}
	return r, nil
}

// Unfinished is a run that did not reach its end.
type Unfinished struct {
	Journal string `json:"journal"` // its file
	File    string `json:"file"`    // the description
	Began   string `json:"began"`   // RFC 3339
	// Tokens are its tokens by slot, as they became.
	Tokens map[string]exec.Identity `json:"tokens"`
	// Done are the ops that write and were done, Last is the last one that was begun, and
	// Message why it failed, if it did.
	Done    int    `json:"done"`
	Last    string `json:"last,omitempty"`
	Message string `json:"message,omitempty"`

	// Replaces says that it removes what it found, Batch is the name of a batch of which
	// it does a row.
	Replaces bool   `json:"-"`
	Batch    string `json:"-"`

	records []exec.Record
}

// Unfinished lists the unfinished runs of the state folder, the oldest first.
// Files that cannot be read are told to Damaged, and so is a folder.
func (f *Folder) Unfinished() []Unfinished {
	out, err := f.list()
	if err != nil {
		f.damaged(err)
		return []Unfinished{}
	}
	return out
}

func (f *Folder) list() ([]Unfinished, error) {
	paths, err := f.unfinished()
	if err != nil {
		return nil, err
	}
	out := []Unfinished{}
	for _, path := range paths {
		records, err := read(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has just come to its end
			continue
		case err != nil:
			f.damaged(err)
			continue
		case len(records) == 0 || untouched(records):
			continue
		}
		u := Unfinished{Journal: path, File: fileOf(records), Began: records[0].Time, Tokens: exec.Became(records),
			Replaces: exec.Replaces(records), Batch: records[0].Batch, records: records}
		for _, rec := range records {
			switch rec.Event {
			case "start":
				u.Last, u.Message = rec.ID+" "+rec.Op, ""
			case "done":
				if rec.Writes() {
					u.Done++
				}
			case "failed":
				u.Message = rec.Message
			}
		}
		out = append(out, u)
	}
	return out, nil
}
