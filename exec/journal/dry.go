package journal

import (
	"os"

	"inscribe/exec"
)

// Dry gives the journals of a dry-run. It finds and refuses what the folder's own
// Open would, but for a token that another process holds at this moment; it makes,
// locks, mends and writes nothing.
func (f *Folder) Dry() exec.Journals { return dry{f} }

type dry struct{ *Folder }

// Open reads what Open of the folder would.
func (d dry) Open(tokens map[string]exec.Identity, work exec.Work, abandon bool) (exec.Journal, []exec.Record, bool, error) {
	r := d.newRun(tokens)
	r.work = work
	j := &dryRun{disk: r, ledgers: map[string]counts{}}
	paths, err := d.unfinished()
	if err != nil {
		return nil, nil, false, err
	}
	for _, path := range paths {
		records, stands, refusal := r.judge(path)
		switch {
		case stands == elsewhere || stands == idle || abandon:
		case stands == inTheWay:
			return nil, nil, false, refusal
		default:
			return j, records, false, nil
		}
	}
	earlier, err := d.finished(r)
	if err != nil {
		return nil, nil, false, err
	}
	return j, earlier, true, nil
}

// dryRun is the journal of a dry-run: nothing of it is kept, and the counts of tries
// begin with those on the disk.
type dryRun struct {
	disk    *run
	ledgers map[string]counts // by file
}

// Write forgets the record.
func (*dryRun) Write(exec.Record) error { return nil }

// Sync does nothing.
func (*dryRun) Sync() error { return nil }

// Tries gives the count.
func (d *dryRun) Tries(slot, who string) (int, error) {
	c, err := d.ledger(slot)
	return c.of(d.disk.tokens[slot].Label, who), err
}

// AddTries counts for the rest of the dry-run.
func (d *dryRun) AddTries(slot, who string, n int) (int, error) {
	c, err := d.ledger(slot)
	if err != nil {
		return 0, err
	}
	return c.add(d.disk.tokens[slot].Label, who, n), nil
}

func (d *dryRun) ledger(slot string) (counts, error) {
	path := d.disk.ledgerPath(slot)
	if d.ledgers[path] == nil {
		c, err := d.disk.ledger(slot)
		if err != nil {
			return nil, err
		}
		d.ledgers[path] = c
	}
	return d.ledgers[path], nil
}

// Locks are none.
func (*dryRun) Locks() []*os.File { return nil }

// Close does nothing.
func (*dryRun) Close() error { return nil }
