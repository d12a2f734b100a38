package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"inscribe/check"
	"inscribe/check/report"
	"inscribe/docs"
	"inscribe/grammar"
)

// TestSARIFFitsTheSchema validates what check --format sarif writes against the
// schema of SARIF 2.1.0, by a library that brings it. It stands in this module so
// that the library stays out of the product's. The library validates what it
// understood, so a member that it does not know is looked for too.
func TestSARIFFitsTheSchema(t *testing.T) {
	paths, err := filepath.Glob("../testdata/check/*.dsc")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	var files []report.File
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p := check.Check(grammar.Parse(path, raw), nil)
		files = append(files, report.File{Path: filepath.Base(path), Source: p.File, Diagnostics: p.Diagnostics, Secrets: p.Secrets})
	}
	var out bytes.Buffer
	if err := report.Write(&out, report.SARIF, files, report.Options{Version: "1", DocsURL: docs.URL}); err != nil {
		t.Fatal(err)
	}
	read, err := sarif.FromBytes(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	// What is left out has a default in the schema; the library writes it empty.
	read.Runs[0].Language, read.Runs[0].Tool.Driver.Language = "en-US", "en-US"
	read.Runs[0].NewlineSequences = []string{"\n"}
	if err := read.Validate(); err != nil {
		t.Error(err)
	}
	if len(read.Runs) != 1 || len(read.Runs[0].Results) < 20 {
		t.Errorf("the library sees %d runs", len(read.Runs))
	}
	again, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if json.Unmarshal(out.Bytes(), &ours) != nil || json.Unmarshal(again, &theirs) != nil {
		t.Fatal("no JSON")
	}
	if path := unknown(ours, theirs, ""); path != "" {
		t.Errorf("SARIF has no member %s", path)
	}
	read.Runs[0].Results[0].Level = "catastrophe"
	if read.Validate() == nil {
		t.Error("the schema takes everything")
	}
}

// unknown finds a member of ours that the library dropped.
func unknown(ours, theirs any, path string) string {
	switch o := ours.(type) {
	case map[string]any:
		t, _ := theirs.(map[string]any)
		for name, value := range o {
			if name == "$schema" || name == "partialFingerprints" || reflect.DeepEqual(value, []any{}) {
				continue
			}
			if _, known := t[name]; !known {
				return path + "." + name
			}
			if found := unknown(value, t[name], path+"."+name); found != "" {
				return found
			}
		}
	case []any:
		t, _ := theirs.([]any)
		for i, value := range o {
			if i < len(t) {
				if found := unknown(value, t[i], path); found != "" {
					return found
				}
			}
		}
	}
	return ""
}
