package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/exec/journal"
	"inscribe/exec/model"
	"inscribe/exec/prove"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// batchRow is a row of the data with all that its run needs.
type batchRow struct {
	number, line int
	id           string
	inputs       exec.Inputs
	columns      map[string]string
	plan         *plan.Plan
	cases        map[string]string
	wrong        bool
}

// batchData is the file of --data.
type batchData struct {
	name string // for messages
	// columns are the names of the header, and named is what they stand for; a note
	// stands for nothing.
	columns []string
	named   []named
	rows    []*batchRow
	wrong   []wrongRow
}

// wrongRow is what is wrong with a row.
type wrongRow struct {
	line int
	err  error
}

// isNote reports whether a column only names a row.
func isNote(column string) bool { return strings.HasPrefix(column, "#") }

// readRows reads the rows and binds their values beside those that all rows share.
// What is wrong with the file as a whole is an error of usage; what is wrong with
// rows is kept, for refused.
func (a *app) readRows(t *target) (*batchData, error) {
	raw, err := a.read(a.opts.data)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	d := &batchData{name: a.opts.data}
	if d.name == stdinName {
		d.name = "standard input"
	}
	if err := isUTF8(raw, d.name); err != nil {
		return nil, usagef("--data: %w", err)
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, usagef("--data: %s is empty; its first line names the fields", d.name)
	}
	if err != nil {
		return nil, usagef("--data: %s: %w", d.name, err)
	}
	if err := a.header(t, d, header); err != nil {
		return nil, err
	}
	secrets, same := false, map[string]*batchRow{}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, usagef("--data: %s: %w", d.name, err)
		}
		line, _ := in.FieldPos(0)
		row := &batchRow{number: len(d.rows) + 1, line: line, inputs: t.inputs.Clone(), columns: maps.Clone(t.columns)}
		d.rows = append(d.rows, row)
		for i, cell := range record {
			if isNote(d.columns[i]) {
				continue
			}
			switch {
			case cell == prompted:
				err = errors.New("a batch asks nobody; give the value, env:VAR or file:PATH")
			case strings.HasPrefix(cell, "fd:"):
				err = errors.New("a batch reads no file descriptor; give the value, env:VAR or file:PATH")
			default:
				err = a.bind(t.program, row.inputs, row.columns, d.named[i], cell, false)
			}
			secrets = secrets || literal(cell) && d.named[i].field.Secret()
			if err != nil {
				at, column := in.FieldPos(i)
				row.wrong = true
				d.wrong = append(d.wrong, wrongRow{at, fmt.Errorf("%s:%d:%d: row %d, column %s: %w", d.name, at, column, row.number, d.columns[i], err)})
			}
		}
		if err := evaluate(t.program, row.inputs, row.columns); err != nil {
			d.blame(row, err)
		}
		row.id = d.identity(row, record)
		if first := same[row.id]; first != nil {
			d.blame(row, fmt.Errorf("it is the same as row %d but for secrets; add a column that tells them apart: one whose name begins with # is no field", first.number))
		}
		same[row.id] = row
	}
	if secrets && a.opts.data != stdinName {
		a.warnOfReaders(a.opts.data)
	}
	return d, nil
}

// blame keeps what is wrong with a row; nothing more is asked of it.
func (d *batchData) blame(row *batchRow, err error) {
	row.wrong = true
	d.wrong = append(d.wrong, wrongRow{row.line, fmt.Errorf("%s:%d: row %d: %w", d.name, row.line, row.number, err)})
}

// refused is what is wrong with all rows, by line, before anything was tried.
func (d *batchData) refused() error {
	if d.wrong == nil {
		return nil
	}
	slices.SortStableFunc(d.wrong, func(a, b wrongRow) int { return cmp.Compare(a.line, b.line) })
	var all *multierror.Error
	for _, w := range d.wrong {
		all = multierror.Append(all, w.err)
	}
	return &exitError{code: exitRefused, err: all}
}

// sound are those of the rows with which nothing is wrong so far.
func sound(rows []*batchRow) []*batchRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r *batchRow) bool { return r.wrong })
}

// header takes the names of the columns.
func (a *app) header(t *target, d *batchData, header []string) error {
	if len(header) == 1 && strings.Contains(header[0], ";") {
		return usagef("--data: %s: the columns are separated by semicolons; commas are wanted", d.name)
	}
	given := spellings{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		var n named
		var err error
		switch {
		case isNote(name) && slices.Contains(d.columns, name):
			err = fmt.Errorf("%s is there twice", name)
		case isNote(name):
		default:
			if n, err = a.named(t.program, name); err == nil {
				err = given.add(n, name)
			}
			if err == nil && slices.Contains(t.shared, n.name()) {
				err = fmt.Errorf("field %s has a column, and is given for all rows too", n.name())
			}
		}
		d.columns, d.named = append(d.columns, name), append(d.named, n)
		if err != nil {
			return usagef("--data: %s:1: column %d: %w", d.name, i+1, err)
		}
	}
	return nil
}

// identity names a row by all of its cells that are not secret, so that it is the
// same row when lines are added, moved or taken out. No secret goes into it: who
// reads the journal could try values until the digest fits. A field goes in by its own
// name, however the header spells it.
func (d *batchData) identity(row *batchRow, record []string) string {
	var cells [][2]string
	for i, n := range d.named {
		switch {
		case isNote(d.columns[i]):
			cells = append(cells, [2]string{d.columns[i], record[i]})
		case n.field.Secret():
		default:
			value := row.columns[n.column]
			if n.column == "" {
				value = row.inputs.Text[n.field.Name]
			}
			cells = append(cells, [2]string{n.name(), value})
		}
	}
	return digest(cells)
}

// digest names cells by column and value, in whatever order they are.
func digest(cells [][2]string) string {
	slices.SortFunc(cells, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	sum := sha256.New()
	for _, c := range cells {
		fmt.Fprintf(sum, "%d:%s%d:%s", len(c[0]), c[0], len(c[1]), c[1])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sameBatch refuses rows that this batch did, or began, by another description or with
// other values for all rows: they are not done by this one.
func (a *app) sameBatch(t *target, d *batchData, name string, pl *plan.Plan, earlier []journal.Row) error {
	rows := map[string]*batchRow{}
	for _, row := range sound(d.rows) {
		rows[row.id] = row
	}
	purpose, others, why := pl.PurposeSHA256(), 0, ""
	for _, e := range earlier {
		row := rows[e.Row]
		if row == nil {
			continue
		}
		values := row.inputs
		if t.saved != nil {
			values = values.Clone()
			maps.Copy(values.Text, t.saved.Bindings)
		}
		by := ""
		switch {
		case e.Purpose != purpose:
			by = "by another description"
		case e.Holder != values.Holder():
			by = "with other values for all rows"
		default:
			continue
		}
		if others++; others == 1 {
			did := "begun"
			if e.Finished {
				did = "done"
			}
			why = fmt.Sprintf("row %d was %s %s, says its journal %s", row.number, did, by, e.Journal)
		}
	}
	if others == 0 {
		return nil
	}
	if others > 1 {
		why += fmt.Sprintf(", and so were %d more", others-1)
	}
	return refusedf("give the batch another name with --batch, or the description and the values of then", "the batch %q is another one: %s", name, why)
}

// taken says why tokens get no row that another batch, or a run by itself, has
// personalised by the description: two holders would be on one. Where the description
// initialises the token, nothing is left there of the first one.
func (a *app) taken(journals *journal.Folder, name string, pl *plan.Plan) func(map[string]exec.Identity) string {
	if a.opts.existing != "refuse" || slices.ContainsFunc(pl.Ops, func(op plan.Op) bool { return op.Kind == plan.InitToken }) {
		return nil
	}
	purpose := pl.PurposeSHA256()
	return func(tokens map[string]exec.Identity) string {
		by := journals.Personalised(tokens, name, purpose)
		if by == "" {
			return ""
		}
		return by + " was finished on it, and a token gets one row; take it out, or say --existing add or replace to put a row there all the same"
	}
}

// planRows gives each row its plan, which is proved once for all rows that do the
// same. The saved plan is one for all.
func (a *app) planRows(t *target, d *batchData, rows []*batchRow, facts *profile.Profile) error {
	var saved *plan.Plan
	if t.saved != nil {
		var err error
		if saved, err = a.relower(t.program, t.saved); err != nil {
			return err
		}
	}
	proofs := map[string]*prove.Proof{}
	for _, row := range sound(rows) {
		err := a.planRow(t, row, saved, facts, proofs)
		if err == nil {
			err = cannot(row.plan, row)
		}
		if err != nil && a.ctx.Err() != nil {
			return err
		}
		if err != nil {
			d.blame(row, advised(err))
		}
	}
	return nil
}

func (a *app) planRow(t *target, row *batchRow, saved *plan.Plan, facts *profile.Profile, proofs map[string]*prove.Proof) error {
	if saved != nil {
		o := exec.Options{Inputs: row.inputs}
		err := a.bindSaved(saved, &o)
		row.plan, row.cases = saved, o.Cases
		return err
	}
	pl, err := a.lower(t.program, row.inputs, facts)
	if err != nil {
		return err
	}
	row.plan = pl
	if len(pl.Refusals) > 0 {
		return nil
	}
	ops := pl.OpsSHA256
	if proofs[ops] == nil {
		if proofs[ops], err = prove.Prove(a.ctx, pl, row.inputs); err != nil {
			return err
		}
	}
	proofs[ops].Refuse(pl)
	return nil
}

// cannot says why a row cannot be done by its plan.
func cannot(pl *plan.Plan, row *batchRow) error {
	if len(pl.Refusals) > 0 {
		return &exec.Error{Kind: exec.Refused, Message: pl.Refusals[0].Reason, Advice: pl.Refusals[0].WayOut}
	}
	var missing []string
	for _, name := range pl.Needs {
		if _, text := row.inputs.Text[name]; !text && row.cases[name] == "" && !row.inputs.Secrets[name].IsSet() {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return fmt.Errorf("no value for %s; add a column, or give it for all rows with --field", strings.Join(missing, ", "))
	}
	for i := range pl.Ops {
		if pl.Ops[i].Hook {
			return fmt.Errorf("%s is done by a command of the station, which a batch does not run; make the cards first, or apply row by row", pl.Ops[i].Words())
		}
	}
	return nil
}

// tryRows runs each row on a model: lengths, validations and the issuer speak up
// before a token is touched.
func (a *app) tryRows(d *batchData, rows []*batchRow, issuer exec.Issuer, answers *prompter, fresh bool) error {
	for _, row := range sound(rows) {
		_, err := exec.Apply(a.ctx, exec.Options{Plan: row.plan, Inputs: row.inputs.Clone(), Cases: row.cases, Symbolic: true, DestroyConfirmed: true,
			Module: model.New(row.plan.Facts(), model.Start{Fresh: fresh}), Selectors: model.Selectors(), Issuer: checkedIssuer{real: issuer},
			Journals: &exec.Memory{}, Prompter: rowPrompter{given: answers, later: true}})
		if err != nil && a.ctx.Err() != nil {
			return err
		}
		if err != nil {
			d.blame(row, advised(withoutModel(err)))
		}
	}
	return nil
}

// withoutModel takes the model's slots out of an error: they mean nothing to a
// reader.
func withoutModel(err error) error {
	var e *exec.Error
	if !errors.As(err, &e) {
		return err
	}
	bare := *e
	bare.Slot = ""
	return &bare
}

// advised puts what to do behind an error, since there are several.
func advised(err error) error {
	var e *exec.Error
	var exit *exitError
	help := ""
	switch {
	case errors.As(err, &exit):
		help = exit.help
	case errors.As(err, &e):
		help = e.Help()
	}
	if help == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, help)
}

// unanswered are the dialogs that nobody would answer. What a reader's PIN pad may
// ask for is none of them.
func unanswered(dialogs []plan.Dialog, given *prompter) []string {
	var out []string
	for _, dialog := range dialogs {
		if _, ok := given.given[dialog.Keyword]; !ok && !dialog.Auto {
			out = append(out, "--answer "+dialog.Keyword+"=…")
		}
		if _, ok := given.given[dialog.Keyword+".old"]; !ok && dialog.Entries == 3 && !dialog.Auto {
			out = append(out, "--answer "+dialog.Keyword+".old=…")
		}
	}
	return out
}

// dialogsOf are the dialogs of all rows.
func dialogsOf(rows []*batchRow) []plan.Dialog {
	var out []plan.Dialog
	for _, row := range rows {
		for _, dialog := range row.plan.Dialogs {
			if !slices.ContainsFunc(out, func(d plan.Dialog) bool { return d.Keyword == dialog.Keyword }) {
				out = append(out, dialog)
			}
		}
	}
	return out
}

// rowPrompter answers from the arguments and asks nobody; it implements
// exec.Prompter. later says that a PIN pad may ask in time.
type rowPrompter struct {
	given *prompter
	later bool
}

// Confirm says no: --yes is for all rows.
func (rowPrompter) Confirm(context.Context, string) bool { return false }

// Ask gives copies, since each run wipes its answers.
func (p rowPrompter) Ask(_ context.Context, q exec.Question) (exec.Answer, error) {
	s, ok := p.given.given[q.Keyword]
	if !ok && !p.later {
		return exec.Answer{}, errors.New("a batch asks nobody")
	}
	return exec.Answer{Old: p.given.given[q.Keyword+".old"].Clone(), New: s.Clone()}, nil
}

// sameSOPINs numbers the SO PINs that rows give to a fresh token, so that it can be
// told which give the same.
func sameSOPINs(earlier []batch.Row, rows map[string]*batchRow) {
	var pins []secret.Secret
	for i := range earlier {
		row := rows[earlier[i].Row]
		if row == nil || row.plan == nil {
			continue // it is done, or not in the data any more
		}
		at := slices.IndexFunc(row.plan.Ops, func(op plan.Op) bool { return op.Kind == plan.InitToken })
		if at < 0 || row.plan.Ops[at].Credential == nil {
			continue
		}
		// What is no field is the same for all rows.
		pin := row.inputs.Secrets[row.plan.Ops[at].Credential.Field]
		n := slices.IndexFunc(pins, func(other secret.Secret) bool { return other.IsSet() == pin.IsSet() && other.Equal(pin) })
		if n < 0 {
			n, pins = len(pins), append(pins, pin)
		}
		earlier[i].SOPIN = n + 1
	}
}
