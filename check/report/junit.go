package report

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"inscribe/ast/diag"
)

type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

// writeJUnit gives a suite for each file. Errors and warnings are its failed
// cases; a file without either has one case, which passes. Strings are cleaned
// because XML has no way to write most control characters, least of all in
// CDATA, which keeps snippets readable.
func writeJUnit(b *bytes.Buffer, sheets []*sheet, o Options) {
	o.Color = false
	r := junitReport{Name: "inscribe"}
	for _, s := range sheets {
		path := clean(s.path)
		suite := junitSuite{Name: path}
		for _, d := range s.diags {
			if d.Severity > diag.Warning {
				continue
			}
			var text bytes.Buffer
			newPrinter(&text, o).diagnostic(s, d)
			at, _ := s.place(d.Span)
			suite.Cases = append(suite.Cases, junitCase{
				Name:    fmt.Sprintf("%s at %d:%d", d.Code, at.Line, at.Column),
				Class:   path,
				File:    path,
				Line:    at.Line,
				Failure: &junitFailure{string(d.Code), clean(d.Message), "\n" + text.String()},
			})
		}
		suite.Failures = len(suite.Cases)
		if suite.Failures == 0 {
			suite.Cases = []junitCase{{Name: "check", Class: path, File: path}}
		}
		suite.Tests = len(suite.Cases)
		r.Tests += suite.Tests
		r.Failures += suite.Failures
		r.Suites = append(r.Suites, suite)
	}
	b.WriteString(xml.Header)
	e := xml.NewEncoder(b)
	e.Indent("", "  ")
	if err := e.Encode(r); err != nil {
		panic(err) // no value of these types can fail
	}
	b.WriteByte('\n')
}
