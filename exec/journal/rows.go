package journal

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"inscribe/exec"
)

// Row is what the runs of one row of a batch left.
type Row struct {
	Row string
	// Finished says that the row is done; else a run of it was cut off.
	Finished bool
	// Tokens are its tokens by slot, as they became. One without serial number and
	// label was fresh, and what it became is not known.
	Tokens map[string]exec.Identity
	// Torn has the labels by slot that it was giving to tokens when it was cut off:
	// whether they have these is not known.
	Torn map[string]string
	// Were are the labels by slot of the tokens that it began to initialise.
	Were map[string]string
	// Objects are the keys and certificates that it left on them, where it is finished.
	Objects []exec.ResultObject
	// Purpose and Holder are those of what was done.
	Purpose, Holder string
	Journal         string // its file
}

// sameWork reports whether a run goes on with one of this first record: it does the same
// for the same holder. A row of a batch goes on with itself alone, and a run by itself
// with a row too.
func (r *run) sameWork(first exec.Record) bool {
	return first.OpsSHA256 == r.work.OpsSHA256 && first.Holder == r.work.Holder && r.remembers(first)
}

// remembers reports whether what a run of this first record did counts as done by this
// one: that of another row does not, for a row.
func (r *run) remembers(first exec.Record) bool {
	return r.row == "" || first.Batch == r.batch && first.Row == r.row
}

// another reports whether one of the two is a row that the other is not, and for another
// holder: a token gets one row. Of runs by themselves the token tells whose things are
// on it.
func (r *run) another(first exec.Record) bool {
	return first.Holder != r.work.Holder && (first.Row != "" || r.row != "") && !(first.Batch == r.batch && first.Row == r.row)
}

// Personalised says what finished a description on these tokens outside of a batch; ""
// where nothing did. A folder that cannot be read stops the run that opens it.
func (f *Folder) Personalised(tokens map[string]exec.Identity, batch, purpose string) (by string) {
	err := f.done(f.newRun(tokens), func(records []exec.Record, _ error) bool {
		if first := records[0]; first.Purpose == purpose && first.Batch != batch {
			by = personalisation(first)
		}
		return by == ""
	})
	if err != nil {
		f.damaged(local(err))
	}
	return by
}

// Rows lists the rows of a batch that are finished or bound to a token. A run that
// left its tokens as they were binds nothing.
func (f *Folder) Rows(batch string) ([]Row, error) {
	var out []Row
	folders, err := f.places()
	if err != nil {
		return nil, local(err)
	}
	for _, in := range append(folders, "open") {
		paths, err := journalsIn(filepath.Join(f.dir, in))
		if err != nil {
			return nil, local(err)
		}
		for _, path := range paths {
			first, err := firstOf(path)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, io.EOF) {
				continue // another run has just ended, or has not begun
			}
			if err != nil {
				return nil, &exec.Error{Kind: exec.Refused, Message: "a journal cannot be read, and it may be that of a row of this batch", Cause: fmt.Errorf("%s: %w", path, err),
					Advice: "find out with inscribe tokens and inscribe verify what its token holds, then move the file away"}
			}
			if first.Batch != batch || first.Row == "" {
				continue
			}
			// Of a damaged file the row and the token are known, and the run on it says
			// the rest.
			records, err := read(path)
			if errors.Is(err, fs.ErrNotExist) || err == nil && in == "open" && untouched(records) {
				continue
			}
			row := Row{Row: first.Row, Finished: in != "open", Tokens: exec.Became(records), Torn: exec.Torn(records), Were: exec.Were(records), Purpose: first.Purpose, Holder: first.Holder, Journal: path}
			if row.Finished {
				row.Objects = exec.Objects(records)
			}
			out = append(out, row)
		}
	}
	return out, nil
}

// places are the folders of the finished runs, one for each place of tokens.
func (f *Folder) places() (folders []string, err error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, "done"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			folders = append(folders, filepath.Join("done", e.Name()))
		}
	}
	return folders, err
}

// firstOf reads the first record of a file.
func firstOf(path string) (rec exec.Record, err error) {
	f, err := os.Open(path)
	if err != nil {
		return rec, err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil {
		return rec, err
	}
	return rec, json.Unmarshal(line, &rec)
}

// RowRun is the journals of one run of a row of a batch; it implements exec.Journals.
type RowRun struct {
	folder     *Folder
	batch, row string
	run        *run
	earlier    []exec.Record
}

// Row gives the journals for a run of a row.
func (f *Folder) Row(batch, row string) *RowRun { return &RowRun{folder: f, batch: batch, row: row} }

// Open is that of the folder, but a row goes on with its own runs alone.
func (o *RowRun) Open(tokens map[string]exec.Identity, work exec.Work, abandon bool) (exec.Journal, []exec.Record, bool, error) {
	r := o.folder.newRun(tokens)
	r.batch, r.row, r.shared = o.batch, o.row, true
	j, earlier, finished, err := o.folder.openRun(r, work, abandon)
	if err == nil {
		o.run = r
		if !finished {
			o.earlier = earlier
		}
	}
	return j, earlier, finished, err
}

// Spent is that of the folder.
func (o *RowRun) Spent(tokens map[string]exec.Identity, planSHA256 string) (string, error) {
	return o.folder.Spent(tokens, planSHA256)
}

// Wrote is that of the folder.
func (o *RowRun) Wrote(tokens map[string]exec.Identity, keyID string) string {
	return o.folder.Wrote(tokens, keyID)
}

// Begun gives the unfinished runs of the row.
func (o *RowRun) Begun(work exec.Work) ([][]exec.Record, error) {
	runs, err := o.folder.Begun(work)
	return slices.DeleteFunc(runs, func(records []exec.Record) bool { return records[0].Batch != o.batch || records[0].Row != o.row }), err
}

// Left tells what the run left, once it is over: whether the row is bound to its
// tokens, these as they became, and the labels that they may have; see [Row].
func (o *RowRun) Left() (bound bool, tokens map[string]exec.Identity, torn map[string]string) {
	if o.run == nil {
		return false, nil, nil
	}
	records := slices.Concat(o.earlier, o.run.kept)
	return !untouched(records), exec.Became(records), exec.Torn(records)
}

// LockBatch keeps other processes out of a batch until it is closed.
func (f *Folder) LockBatch(batch string) (io.Closer, error) {
	if err := os.MkdirAll(filepath.Join(f.dir, "lock"), 0o700); err != nil {
		return nil, local(err)
	}
	sum := sha256.Sum256([]byte(batch))
	return f.take("batch-"+hex.EncodeToString(sum[:8]), fmt.Sprintf("another inscribe is at work on the batch %q", batch))
}

// together are the locks that several of this process hold together: the runs of a
// batch those of tokens that nothing tells apart yet, since its seats keep such tokens
// apart, and those of cards, of which only the label of the slot tells one from
// another where serial numbers are not known to be unique.
type together struct {
	turn sync.Mutex
	held map[string]*shared
}

type shared struct {
	lock held
	runs int
}

// share has a lock taken for one more of this process.
func (f *Folder) share(take func(key, busy string) (held, error)) func(key, busy string) (held, error) {
	return func(key, busy string) (held, error) {
		n := &f.together
		n.turn.Lock()
		defer n.turn.Unlock()
		s := n.held[key]
		if s == nil {
			l, err := take(key, busy)
			if err != nil {
				return held{}, err
			}
			if n.held == nil {
				n.held = map[string]*shared{}
			}
			s = &shared{lock: l}
			n.held[key] = s
		}
		s.runs++
		return held{s.lock.files, closer(func() error {
			n.turn.Lock()
			defer n.turn.Unlock()
			if s.runs--; s.runs > 0 {
				return nil
			}
			delete(n.held, key)
			return s.lock.Close()
		})}, nil
	}
}

type closer func() error

func (c closer) Close() error { return c() }

// free is a lock that keeps nobody out.
var free = held{Closer: closer(func() error { return nil })}
