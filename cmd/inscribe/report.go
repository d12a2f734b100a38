package main

import (
	"bytes"
	_ "embed" // report.html and report.css
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"inscribe/exec"
	"inscribe/plan"
)

// reportVersion is that of the form of a report.
const reportVersion = 1

// runReport is the report of one run; docs/report.schema.json describes it.
type runReport struct {
	Version     int              `json:"version"`
	Description plan.Description `json:"description"`
	OpsSHA256   string           `json:"opsSha256"`
	Profile     string           `json:"profile"`
	Begin       string           `json:"begin"`
	End         string           `json:"end"`
	DryRun      bool             `json:"dryRun,omitempty"`
	Outcome     string           `json:"outcome"` // "done" or "failed"
	Error       string           `json:"error,omitempty"`
	Warnings    []plan.Warning   `json:"warnings,omitempty"`
	Ops         []exec.Event     `json:"ops"`
	Result      *exec.Result     `json:"result"`
}

// writeReport writes --report, as a page or as JSON.
func (a *app) writeReport(pl *plan.Plan, result *exec.Result, ops []exec.Event, begin time.Time, runErr error) error {
	end := time.Now()
	r := runReport{Version: reportVersion, Description: pl.Description, OpsSHA256: pl.OpsSHA256, Profile: pl.Profile, DryRun: a.opts.dryRun, Warnings: pl.Warnings,
		Begin: begin.UTC().Format(time.RFC3339), End: end.UTC().Format(time.RFC3339), Outcome: "done", Ops: ops, Result: result}
	if r.Ops == nil {
		r.Ops = []exec.Event{}
	}
	if runErr != nil {
		r.Outcome, r.Error = "failed", runErr.Error()
	}
	b, err := json.MarshalIndent(r, "", "  ")
	b = append(b, '\n')
	if ext := strings.ToLower(filepath.Ext(a.opts.reportFile)); ext == ".html" || ext == ".htm" {
		b, err = r.page(pl, end.Sub(begin))
	}
	if err != nil {
		return err
	}
	if err := a.writeOutput(a.opts.reportFile, b, 0o600); err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	return nil
}

// noOldReport takes the report of an earlier run away, which would be taken for that of
// a run that ends before it can report. A file that is no report stays until then.
func (a *app) noOldReport() error {
	path, err := filepath.EvalSymlinks(a.opts.reportFile)
	if err != nil {
		return nil // there is none
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !isReport(raw) {
		return nil
	}
	return os.Remove(path)
}

// isReport tells a report from any other file.
func isReport(raw []byte) bool {
	if bytes.HasPrefix(raw, []byte("<!doctype html>")) {
		return bytes.Contains(raw, []byte("<title>Report on ")) && bytes.Contains(raw, []byte(`<p class="verdict">`))
	}
	var r runReport
	return json.Unmarshal(raw, &r) == nil && r.Version == 1 && r.OpsSHA256 != "" && r.Outcome != ""
}

var (
	//go:embed report.html
	reportHTML string
	//go:embed report.css
	reportCSS string

	reportPage = sync.OnceValue(func() *htmltemplate.Template { return htmltemplate.Must(htmltemplate.New("report").Parse(reportHTML)) })
)

// pageOfReport is what report.html shows. All text is escaped by the template,
// and was made visible before.
type pageOfReport struct {
	CSS                 htmltemplate.CSS
	File, Profile       string
	Begin, End, Took    string
	Verdict             struct{ Class, Words string }
	Summary             string
	Error               string
	Notes               []string
	Tokens              []pageToken
	Picture             htmltemplate.HTML
	Note                string
	Objects             []pageObject
	Outputs             []pageOutput
	Ops                 []pageOp
	Description, Digest string
}

type pageToken struct{ Slot, Label, Serial, Made, PINs string }

type pageObject struct {
	App, Slot, Label, ID string
	Certificate          *exec.CertificateDisplay
	Fingerprint          string
}

type pageOutput struct{ Name, Value string }

type pageOp struct {
	Number                                int
	Slot, App, Words, State, Detail, Took string
	Class                                 string
}

// page renders the report as one page that needs nothing else and prints on A4.
func (r *runReport) page(pl *plan.Plan, took time.Duration) ([]byte, error) {
	h := pageOfReport{CSS: plan.PageStyle() + htmltemplate.CSS(reportCSS), File: plan.Visible(r.Description.File), Profile: r.Profile, Begin: r.Begin, End: r.End,
		Took: seconds(took), Error: plan.Visible(r.Error), Description: r.Description.SHA256, Digest: r.OpsSHA256}
	h.Verdict.Class, h.Verdict.Words = "fine", "Done"
	switch {
	case r.Outcome != "done":
		h.Verdict.Class, h.Verdict.Words = "stop", "Failed"
	case r.DryRun:
		h.Verdict.Class, h.Verdict.Words = "warn", "Dry-run: no token was touched"
	}
	h.Summary = fmt.Sprintf("%d written, %d kept from earlier runs", r.Result.Ran, r.Result.Kept)
	if n := r.Result.Deleted; n > 0 {
		h.Summary += fmt.Sprintf(", %d deleted", n)
	}
	for _, w := range r.Warnings {
		h.Notes = append(h.Notes, plan.Visible("warning: "+w.String()))
	}
	for _, note := range r.Result.Notes {
		h.Notes = append(h.Notes, plan.Visible(note))
	}
	for _, slot := range slices.Sorted(maps.Keys(r.Result.Tokens)) {
		t := r.Result.Tokens[slot]
		h.Tokens = append(h.Tokens, pageToken{slot, plan.Visible(t.Label), plan.Visible(t.Serial), plan.Visible(strings.TrimSpace(t.Manufacturer + " " + t.Model)), strings.Join(pinStates(t.Flags, pl.Facts()), "; ")})
	}
	for _, o := range r.Result.Objects {
		shown := pageObject{App: plan.Visible(o.Application), Slot: o.Slot, Label: plan.Visible(o.Label), ID: o.ID}
		if c := o.Certificate; c != nil {
			display := *c
			display.Subject, display.Issuer = plan.Visible(c.Subject), plan.Visible(c.Issuer)
			shown.Certificate, shown.Fingerprint = &display, inGroups(c.Fingerprint)
		}
		h.Objects = append(h.Objects, shown)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Result.Outputs)) {
		h.Outputs = append(h.Outputs, pageOutput{plan.Visible(name), plan.Visible(r.Result.Outputs[name])})
	}
	h.Ops = r.pageOps(pl)
	var err error
	if h.Picture, h.Note, err = pl.Picture(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = reportPage().Execute(&b, h)
	return b.Bytes(), err
}

// pageOps are all ops of the plan, with what became of each.
func (r *runReport) pageOps(pl *plan.Plan) []pageOp {
	ended := map[string]exec.Event{}
	for _, e := range r.Ops {
		ended[e.ID] = e
	}
	var out []pageOp
	for i := range pl.Ops {
		o := &pl.Ops[i]
		row := pageOp{Number: i + 1, Slot: plan.Visible(o.Slot), App: plan.Visible(o.Application), Words: plan.Visible(o.Words()), State: "not reached", Class: "later"}
		if e, ok := ended[o.ID]; ok {
			row.Slot, row.State, row.Detail, row.Class = e.Slot, string(e.State), plan.Visible(e.Detail), string(e.State)
			if e.MS > 0 {
				row.Took = fmt.Sprintf("%d ms", e.MS)
			}
		} else if r.Outcome == "done" {
			row.State = "not due"
		}
		out = append(out, row)
	}
	return out
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// inGroups sets a fingerprint in groups of eight, to be compared by eye.
func inGroups(hex string) string {
	var groups []string
	for group := range slices.Chunk([]byte(hex), 8) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}
