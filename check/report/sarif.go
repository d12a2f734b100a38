package report

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/mask"
)

// The types below are the part of SARIF 2.1.0 (OASIS) that a linter needs.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string       `json:"id"`
	ShortDescription sarifMessage `json:"shortDescription"`
	HelpURI          string       `json:"helpUri,omitempty"`
	Default          sarifDefault `json:"defaultConfiguration"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Related      []sarifLocation   `json:"relatedLocations,omitempty"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Fixes        []sarifFix        `json:"fixes,omitempty"`
}

type sarifLocation struct {
	ID       int           `json:"id,omitempty"`
	Physical sarifPhysical `json:"physicalLocation"`
	Message  *sarifMessage `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"`
}

type sarifFix struct {
	Description sarifMessage  `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifRegion   `json:"deletedRegion"`
	Inserted *sarifMessage `json:"insertedContent,omitempty"`
}

func writeSARIF(b *bytes.Buffer, sheets []*sheet, o Options) {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "Inscribe", Version: o.Version}
	index := map[diag.Code]int{}
	addRule := func(r diag.Rule) {
		index[r.Code] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID:               string(r.Code),
			ShortDescription: sarifMessage{r.Title},
			HelpURI:          absolute(o.url(r.Code)),
			Default:          sarifDefault{sarifLevel(r.Severity)},
		})
	}
	for _, r := range diag.Rules {
		addRule(r)
	}
	for _, s := range sheets {
		seen := map[string]int{}
		for _, d := range s.diags {
			if _, ok := index[d.Code]; !ok {
				addRule(diag.Rule{Code: d.Code, Severity: d.Severity, Title: string(d.Code)})
			}
			r := s.sarifResult(d)
			r.RuleIndex = index[d.Code]
			key := s.fingerprint(d)
			seen[key]++
			r.Fingerprints = map[string]string{"inscribe/v1": fmt.Sprintf("%s:%d", key, seen[key])}
			run.Results = append(run.Results, r)
		}
	}
	encodeJSON(b, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func sarifLevel(s diag.Severity) string {
	switch s {
	case diag.Error, diag.Warning:
		return s.String()
	case diag.Off:
		return "none"
	}
	return "note"
}

func (s *sheet) sarifResult(d diag.Diagnostic) sarifResult {
	artifact := sarifArtifact{fileURI(s.path)}
	physical := func(span ast.Span) sarifPhysical {
		return sarifPhysical{artifact, s.sarifRegion(span)}
	}
	r := sarifResult{
		RuleID:    string(d.Code),
		Level:     sarifLevel(d.Severity),
		Message:   sarifMessage{d.Message},
		Locations: []sarifLocation{{Physical: physical(d.Span)}},
	}
	if d.Help != "" {
		r.Message.Text += "\nhelp: " + d.Help
	}
	if d.Label != "" {
		r.Locations[0].Message = &sarifMessage{d.Label}
	}
	for i, l := range d.Related {
		r.Related = append(r.Related, sarifLocation{i + 1, physical(l.Span), &sarifMessage{l.Message}})
	}
	for _, f := range d.Fixes {
		change := sarifChange{Artifact: artifact}
		masked := false
		for _, e := range f.Edits {
			replacement := sarifReplacement{Deleted: s.sarifRegion(e.Span)}
			if e.NewText != "" {
				replacement.Inserted = &sarifMessage{e.NewText}
			}
			masked = masked || strings.Contains(e.NewText, mask.Mark)
			change.Replacements = append(change.Replacements, replacement)
		}
		// Fixes in SARIF are there to be applied, and the mask is not what the
		// file should say.
		if len(f.Edits) > 0 && !masked {
			r.Fixes = append(r.Fixes, sarifFix{sarifMessage{f.Title}, []sarifChange{change}})
		}
	}
	return r
}

func (s *sheet) sarifRegion(span ast.Span) sarifRegion {
	start, end := s.place(span)
	return sarifRegion{start.Line, start.Column, end.Line, end.Column}
}

// fingerprint names a finding so that it is known again after lines moved: it
// depends on the code and on the line as shown, blanks apart.
func (s *sheet) fingerprint(d diag.Diagnostic) string {
	line := s.table.LineSpan(s.table.Line(d.Span.Start))
	shown := strings.Join(strings.Fields(s.layout(line).String()), " ")
	sum := sha256.Sum256([]byte(string(d.Code) + "\x00" + shown))
	return fmt.Sprintf("%x", sum[:8])
}

// fileURI is the URI reference of a path.
func fileURI(path string) string {
	path = filepath.ToSlash(path)
	u := url.URL{Path: path}
	if filepath.VolumeName(path) != "" {
		u.Path = "/" + path
	}
	if strings.HasPrefix(u.Path, "/") {
		u.Scheme = "file"
	}
	return u.String()
}

// absolute keeps an address that SARIF takes for helpUri, which must be a whole
// one. A path below the documentation is none.
func absolute(address string) string {
	if !strings.Contains(address, "://") {
		return ""
	}
	return address
}
