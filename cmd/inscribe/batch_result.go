package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"inscribe/exec"
	"inscribe/exec/batch"
	"inscribe/exec/journal"
	"inscribe/plan"
)

// batchResult is what became of a batch; docs/batch.schema.json describes it as JSON.
type batchResult struct {
	description plan.Description
	profile     string
	name        string
	data        string
	rows        []*rowResult
	byID        map[string]*rowResult
	refused     []refusedToken
	// interrupted says that a row was under way when the batch was interrupted.
	interrupted bool
}

// rowResult is what became of a row.
type rowResult struct {
	Row   int    `json:"row"`
	Line  int    `json:"line"`
	ID    string `json:"id"`
	State string `json:"state"` // "done", "failed", "left"
	// Earlier says that an earlier call did it, Unfinished that it goes on on its
	// tokens and nowhere else.
	Earlier    bool                     `json:"earlier,omitempty"`
	Unfinished bool                     `json:"unfinished,omitempty"`
	Tokens     map[string]exec.Identity `json:"tokens,omitempty"`
	Objects    []exec.ResultObject      `json:"objects,omitempty"`
	Outputs    map[string]string        `json:"outputs,omitempty"`
	MS         int64                    `json:"ms,omitempty"`
	Message    string                   `json:"message,omitempty"`
	Advice     string                   `json:"advice,omitempty"`

	names   string // of the tokens
	journal string // of a row that is not finished
}

type refusedToken struct {
	Token  string `json:"token"`
	Reason string `json:"reason"`
}

type batchSummary struct {
	Rows    int `json:"rows"`
	Done    int `json:"done"`
	Earlier int `json:"earlier"`
	Failed  int `json:"failed"`
	Left    int `json:"left"`
}

// newBatchResult begins with what earlier calls left.
func newBatchResult(of plan.Description, name string, d *batchData, earlier []journal.Row) *batchResult {
	r := &batchResult{description: of, name: name, data: d.name, byID: map[string]*rowResult{}}
	for _, row := range d.rows {
		one := &rowResult{Row: row.number, Line: row.line, ID: row.id, State: "left"}
		r.rows = append(r.rows, one)
		r.byID[row.id] = one
	}
	for _, e := range earlier {
		one := r.byID[e.Row]
		if one == nil || one.Earlier {
			continue
		}
		one.Tokens, one.names = e.Tokens, namesOf(e.Tokens)
		one.Earlier, one.Unfinished = e.Finished, !e.Finished
		if e.Finished {
			one.State, one.Objects = "done", e.Objects
			continue
		}
		one.journal = e.Journal
		lost := "; if it is lost or broken, move " + e.Journal + " away, and another token gets the row"
		one.Message, one.Advice = "it was cut off, and goes on on its token alone, which is not here or not among those that are chosen", "insert "+one.names+lost
		switch label := e.Torn[plan.Default]; {
		case one.names == "":
			one.Message, one.Advice = "it was cut off while it initialised a fresh token, and which one is not known", "insert that token"+lost
		case label != "":
			one.Advice = fmt.Sprintf("insert %s, whose label may be %q by now%s", one.names, label, lost)
		}
	}
	return r
}

// stuck says of rows that they do not go on by themselves, and what to do.
func (r *batchResult) stuck(rows []string) {
	for _, row := range rows {
		one := r.byID[row]
		if one == nil || !one.Unfinished {
			continue
		}
		one.Message = "several rows were cut off while they initialised fresh tokens, and nothing tells which token is whose"
		one.Advice = "set those aside that are initialised and have no PIN (inscribe tokens shows them; nothing but a label and an SO PIN is on them), move " + one.journal + " away, and run the same command again with other fresh tokens"
	}
}

func namesOf(tokens map[string]exec.Identity) string {
	var names []string
	for _, slot := range slices.Sorted(maps.Keys(tokens)) {
		if id := tokens[slot]; id.Named() {
			names = append(names, strings.TrimSpace(fmt.Sprintf("serial %s %s", id.Serial, id.Label)))
		}
	}
	return strings.Join(names, " with ")
}

func (r *batchResult) done(id string) bool { return r.byID[id].State == "done" }

// ended takes in how a row ended.
func (r *batchResult) ended(id string, s batch.Seat, o batch.Outcome, result *exec.Result, took time.Duration) {
	one := r.byID[id]
	one.State, one.Unfinished, one.Message, one.Advice = "done", false, "", ""
	one.Tokens, one.names, one.MS = o.Tokens, s.Name(), took.Milliseconds()
	if len(one.Tokens) == 0 {
		one.Tokens = s.Tokens
	}
	if result != nil {
		one.Objects, one.Outputs = result.Objects, result.Outputs
		var names []string
		for _, slot := range slices.Sorted(maps.Keys(result.Tokens)) {
			names = append(names, result.Tokens[slot].Name())
		}
		if names != nil {
			one.names = strings.Join(names, " with ")
		}
	}
	if o.Err == nil {
		return
	}
	one.State, one.Unfinished, one.Message = "failed", o.Bound, o.Err.Error()
	var e *exec.Error
	if errors.As(o.Err, &e) {
		one.Advice = e.Help()
	}
}

func (r *batchResult) summary() batchSummary {
	s := batchSummary{Rows: len(r.rows)}
	for _, one := range r.rows {
		switch one.State {
		case "done":
			s.Done++
		case "failed":
			s.Failed++
		default:
			s.Left++
		}
		if one.Earlier {
			s.Earlier++
		}
	}
	return s
}

// printBatch prints the result.
func (a *app) printBatch(r *batchResult) error {
	if a.opts.format == "json" {
		refused := r.refused
		if refused == nil {
			refused = []refusedToken{}
		}
		b, err := json.MarshalIndent(struct {
			Version     int              `json:"version"`
			Description plan.Description `json:"description"`
			Profile     string           `json:"profile,omitempty"`
			Batch       string           `json:"batch"`
			Data        string           `json:"data"`
			Rows        []*rowResult     `json:"rows"`
			Refused     []refusedToken   `json:"refused"`
			Summary     batchSummary     `json:"summary"`
		}{1, r.description, r.profile, r.name, r.data, r.rows, refused, r.summary()}, "", "  ")
		if err == nil {
			_, err = a.stdout.Write(append(b, '\n'))
		}
		return err
	}
	for _, one := range r.rows {
		fmt.Fprintln(a.stdout, strings.TrimRight(fmt.Sprintf("row %*d  %-6s  %s", len(fmt.Sprint(len(r.rows))), one.Row, one.State, clean(one.words())), " "))
	}
	s := r.summary()
	fmt.Fprintf(a.stdout, "Batch %s: %d of %d done", clean(r.name), s.Done, s.Rows)
	if s.Earlier > 0 {
		fmt.Fprintf(a.stdout, ", %d of them earlier", s.Earlier)
	}
	if s.Failed > 0 {
		fmt.Fprintf(a.stdout, "; %d failed", s.Failed)
	}
	if s.Left > 0 {
		fmt.Fprintf(a.stdout, "; %d left", s.Left)
	}
	if s.Earlier == s.Rows {
		fmt.Fprint(a.stdout, "; nothing to do")
	}
	fmt.Fprintln(a.stdout)
	return nil
}

// words are token, certificates and message.
func (one *rowResult) words() string {
	parts := []string{one.names}
	if one.Earlier {
		parts = append(parts, "done earlier")
	}
	for _, o := range one.Objects {
		if o.Certificate != nil && o.Certificate.Serial != "" && one.State == "done" {
			parts = append(parts, o.Application+" certificate "+o.Certificate.Serial)
		}
	}
	parts = append(parts, one.Message)
	if one.Message != "" {
		parts = append(parts, one.Advice)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
