package journal

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"inscribe/exec"
	"inscribe/internal/durable"
)

// Folder is the journals of one state folder; it implements exec.Journals.
type Folder struct {
	dir string
	// Now is the clock of the records.
	Now func() time.Time
	// Damaged is told of each file that cannot be read and that is passed over, and
	// with an error of kind Local of a folder; nil for nobody.
	Damaged func(err error)
	// Reach names what the programs of this machine that look through the same
	// environment see of its tokens: a run keeps all of them off its cards, whatever
	// their state folder is. Where it is empty, or the system has no such locks, the
	// lock is that of the state folder alone.
	Reach string

	together together
}

// In gives the journals of a state folder, which is made at first need.
func In(dir string) *Folder { return &Folder{dir: filepath.Join(dir, "runs"), Now: time.Now} }

// run is a file of a run; it implements exec.Journal.
type run struct {
	folder *Folder
	file   *os.File
	path   string
	dirty  bool  // has records that are not on the disk yet
	torn   error // why the last line is half a one, to which nothing may be added
	locks  []held
	work   exec.Work
	tokens map[string]exec.Identity // by slot, as they became
	// shared says that others of this process may be on the same card.
	shared bool
	// batch and row are those of a run of a batch, which leaves its records in kept.
	batch, row string
	kept       []exec.Record
	// givesUp are the files of the runs that this one was told to give up, gaveUp
	// says that it did.
	givesUp []string
	gaveUp  bool
}

// newRun is a run on tokens, without a file.
func (f *Folder) newRun(tokens map[string]exec.Identity) *run {
	r := &run{folder: f, tokens: map[string]exec.Identity{}}
	maps.Copy(r.tokens, tokens)
	return r
}

// held is a lock. The kernel gives it back once no process has its files any more.
type held struct {
	files []*os.File
	io.Closer
}

// Locks are the files of the locks of the tokens and their cards.
func (r *run) Locks() []*os.File {
	var files []*os.File
	for _, l := range r.locks {
		files = append(files, l.files...)
	}
	return files
}

// cards are the keys of the cards of a run.
func (r *run) cards() []string {
	var keys []string
	for _, id := range r.tokens {
		if key := cardKey(id); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// tokenKey names a token in file names without showing odd characters.
func tokenKey(id exec.Identity) string {
	return hash(id.Manufacturer, id.Model, id.Serial, id.Label)
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// leastSerial is the length of a serial number that tells a card from all others.
const leastSerial = 4

// cardKey names the card of a token, whatever the label of the slot; "" where the
// serial number may be that of many.
func cardKey(id exec.Identity) string {
	if len(id.Serial) < leastSerial || strings.Trim(id.Serial, "0 ") == "" {
		return ""
	}
	id.Label = ""
	return "card-" + tokenKey(id)
}

// place names a token in the names of files that outlive a run: by its card where the
// serial number tells it, since another profile may name the same token with its label
// or without.
func place(id exec.Identity) string { return cmp.Or(cardKey(id), tokenKey(id)) }

// Open finds the unfinished run of the work on these tokens, or the last finished
// one, and opens the journal to go on with. abandon gives up any unfinished run
// that has one of the tokens, be it of the same plan: with the first record of the
// new one, for until then that may be refused.
func (f *Folder) Open(tokens map[string]exec.Identity, work exec.Work, abandon bool) (exec.Journal, []exec.Record, bool, error) {
	return f.openRun(f.newRun(tokens), work, abandon)
}

func (f *Folder) openRun(r *run, work exec.Work, abandon bool) (exec.Journal, []exec.Record, bool, error) {
	for _, dir := range []string{"open", "done", "lock"} {
		if err := os.MkdirAll(filepath.Join(f.dir, dir), 0o700); err != nil {
			return nil, nil, false, local(err)
		}
	}
	if err := r.lock(); err != nil {
		return nil, nil, false, err
	}
	r.work = work
	j, earlier, finished, err := f.open(r, abandon)
	if err != nil {
		r.unlock()
	}
	return j, earlier, finished, err
}

func (f *Folder) open(r *run, abandon bool) (exec.Journal, []exec.Record, bool, error) {
	paths, err := f.unfinished()
	if err != nil {
		return nil, nil, false, err
	}
	for _, path := range paths {
		records, stands, refusal := r.judge(path)
		var err error
		switch {
		case stands == elsewhere:
		case stands == idle:
			err = os.Remove(path)
		case abandon:
			r.givesUp = append(r.givesUp, path)
		case stands == inTheWay:
			return nil, nil, false, refusal
		default:
			r.path = path
			if r.file, err = mended(path); err != nil {
				return nil, nil, false, err
			}
			return r, records, false, nil
		}
		if err != nil {
			return nil, nil, false, local(err)
		}
	}
	earlier, err := f.finished(r)
	if err != nil {
		return nil, nil, false, err
	}
	var tail [4]byte
	_, _ = rand.Read(tail[:])
	r.path = filepath.Join(f.dir, "open", f.Now().UTC().Format("20060102T150405.000")+"-"+hex.EncodeToString(tail[:])+".jsonl")
	return r, earlier, true, nil
}

// unfinished gives the files of unfinished runs, the oldest first.
func (f *Folder) unfinished() ([]string, error) {
	paths, err := journalsIn(filepath.Join(f.dir, "open"))
	if err != nil {
		return nil, local(err)
	}
	return paths, nil
}

// journalsIn gives the files of runs in a folder by their names; none where there is no
// such folder. One that cannot be read is no empty one.
func journalsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var paths []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".jsonl" {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// standing is what an unfinished run is to one that begins.
type standing int

const (
	elsewhere standing = iota // it has other tokens
	idle                      // it left its tokens as they were
	ours                      // the new run goes on with it
	inTheWay                  // the new run is refused
)

// judge reads the file of an unfinished run and says what that run is to this one.
// The error says why it is in the way.
func (r *run) judge(path string) ([]exec.Record, standing, error) {
	records, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, elsewhere, nil // another process has just brought it to its end
	}
	// Fresh tokens have no name; a run of the same plan that was cut off on one
	// goes on with whichever was chosen now.
	same := len(records) > 0 && r.sameWork(records[0]) && exec.SameTokens(exec.Became(records), r.tokens)
	switch {
	case !r.concerns(records) && !same:
		// A damaged file of another token must not stop every run; of one
		// whose tokens cannot be told, nobody knows more than its name.
		if err != nil {
			r.folder.damaged(err)
		}
		return nil, elsewhere, nil
	case err != nil:
		return nil, inTheWay, &exec.Error{Kind: exec.Refused, Message: "the journal of an unfinished run of this token cannot be read", Cause: err,
			Advice: "look at the token with inscribe verify and inscribe tokens, then give that run up with --abandon"}
	case untouched(records):
		return nil, idle, nil
	case same && (r.work.Replaces || !exec.Replaces(records)):
		return records, ours, nil
	}
	return nil, inTheWay, r.refusal(path, records, same)
}

// refusal says what an unfinished run that is in the way is, and how to go on.
func (r *run) refusal(path string, records []exec.Record, same bool) error {
	what, first := "another plan", records[0]
	switch {
	case same:
		what = "this plan that replaces what is there"
	case first.OpsSHA256 != r.work.OpsSHA256:
	case first.Holder != r.work.Holder:
		what = "this plan for another holder"
	case first.Batch != r.batch && r.row != "":
		what = "this plan outside this batch"
	case first.Row != r.row && r.row != "":
		what = "this plan for another row"
	default:
		what = "this plan on other tokens"
	}
	e := &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf("an unfinished run of %s (%s) has this token; its journal is %s", what, fileOf(records), path)}
	switch {
	case same:
		e.Advice = "say --existing replace to finish it, or give it up with --abandon"
	case r.row != "":
		e.Advice = "put in another card, or finish that run with the command and the values that began it; to free this card, remove what that run left there (inscribe tokens shows it) and move its journal away"
	default:
		e.Advice = "finish that run first, with its description and values, or give it up with --abandon: what it left on the token stays there then, and is removed by hand, or where it has the same labels by --existing replace"
	}
	return e
}

// concerns reports whether a run had one of our tokens.
func (r *run) concerns(records []exec.Record) bool {
	for _, rec := range records {
		for _, id := range rec.Tokens {
			for _, own := range r.tokens {
				if id.Named() && id.Is(own) {
					return true
				}
			}
		}
	}
	return false
}

// untouched reports whether a run left its tokens as they were: it did nothing, or
// failed at what it began without changing anything. It has nothing to be finished.
func untouched(records []exec.Record) bool {
	begun := map[string]bool{}
	for _, rec := range records {
		switch {
		case rec.Event == "start":
			begun[rec.ID] = true
		case rec.Event == "done":
			return false
		case rec.Event == "failed" && rec.Untouched:
			delete(begun, rec.ID)
		}
	}
	return len(begun) == 0
}

// finished gives the records of the last finished run of the work on the same tokens.
// Where a batch gave these to another holder, it says so.
func (f *Folder) finished(r *run) (found []exec.Record, err error) {
	var last *exec.Record // of what the description is for
	err = f.done(r, func(records []exec.Record, damage error) bool {
		switch first := records[0]; {
		case damage != nil:
			f.damaged(damage)
			return true
		case last == nil && first.Purpose != "" && first.Purpose == r.work.Purpose:
			last = &first
		}
		if found == nil && records[0].OpsSHA256 == r.work.OpsSHA256 && r.remembers(records[0]) {
			found = records
		}
		return found == nil || last == nil
	})
	switch {
	case err != nil:
		return nil, local(err)
	case last != nil && !r.work.Beside && r.another(*last):
		return nil, &exec.Error{Kind: exec.Refused, Message: fmt.Sprintf("%s for other values was finished on this token", personalisation(*last)),
			Advice: "another holder's card is in the reader: take another one; to put this one's there all the same, say --existing add, or --existing replace to delete what has the same labels"}
	}
	return found, nil
}

// personalisation names a finished run.
func personalisation(first exec.Record) string {
	if first.Row == "" {
		return "a run of this description"
	}
	return fmt.Sprintf("a row of this description in the batch %q", first.Batch)
}

// Spent looks through the finished runs on these tokens. Of a damaged file, what can be
// read counts.
func (f *Folder) Spent(tokens map[string]exec.Identity, planSHA256 string) (when string, err error) {
	err = f.done(f.newRun(tokens), func(records []exec.Record, _ error) bool {
		for _, rec := range records {
			if rec.PlanSHA256 == planSHA256 {
				when = rec.Time
			}
		}
		return when == ""
	})
	if err != nil {
		return "", local(err)
	}
	return when, nil
}

// Wrote looks through the finished runs on these tokens; what cannot be read tells nothing.
func (f *Folder) Wrote(tokens map[string]exec.Identity, keyID string) (by string) {
	_ = f.done(f.newRun(tokens), func(records []exec.Record, _ error) bool {
		if slices.ContainsFunc(records, func(r exec.Record) bool { return r.Event == "done" && r.KeyID == keyID }) {
			by = "a run of " + fileOf(records) + " on " + records[0].Time
		}
		return by == ""
	})
	return by
}

// done yields the finished runs on the tokens of a run, the last one first, with what
// is wrong with a file. Files without any record are told and passed over.
func (f *Folder) done(r *run, yield func(records []exec.Record, damage error) bool) error {
	paths, err := journalsIn(filepath.Join(f.dir, "done", r.doneName()))
	if err != nil {
		return err
	}
	slices.Reverse(paths)
	for _, path := range paths {
		records, damage := read(path)
		switch {
		case len(records) == 0:
			if damage != nil {
				f.damaged(damage)
			}
		case exec.SameTokens(exec.Became(records), r.tokens):
			if !yield(records, damage) {
				return nil
			}
		}
	}
	return nil
}

func (f *Folder) damaged(err error) {
	if f.Damaged != nil {
		f.Damaged(err)
	}
}

func fileOf(records []exec.Record) string {
	if len(records) == 0 || records[0].File == "" {
		return "unknown description"
	}
	return records[0].File
}

func syncFolder(dir string) error {
	if err := durable.SyncDir(dir); err != nil {
		return local(err)
	}
	return nil
}

func local(err error) error {
	return &exec.Error{Kind: exec.Local, Message: "journal", Cause: err,
		Advice: "the state folder must be writable and have space; choose another one with --state"}
}
