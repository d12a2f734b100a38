package docs

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"inscribe/ast/diag"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/internal/golden"
)

// TestGeneratedPagesAreFresh fails when a table has changed and a page made from
// it has not; -update writes the pages.
func TestGeneratedPagesAreFresh(t *testing.T) {
	for name, want := range map[string]string{"reference.md": reference(t), "rules/README.md": ruleList(t)} {
		golden.Is(t, name, want)
	}
}

type sectionData struct {
	Name, Text string
	Keywords   []keywordData
}

type keywordData struct{ Name, Anchor, Takes, Evidence, Text string }

func reference(t *testing.T) string {
	t.Helper()
	var data struct {
		Sections   []sectionData
		Specials   []schema.Value
		Types      string
		Readings   []string
		Extensions []*schema.Keyword
		EBNF       string
	}
	for s := schema.Encoding; s <= schema.Application; s++ {
		section := sectionData{Name: s.String(), Text: strings.TrimSpace(Section(s))}
		for _, k := range schema.Builtin.In(s) {
			evidence := k.Evidence.String()
			section.Keywords = append(section.Keywords, keywordData{k.Name, strings.ToLower(k.Name), takes(k), evidence, Keyword(k, "")})
		}
		data.Sections = append(data.Sections, section)
	}
	for _, k := range schema.Builtin.All() {
		if k.Evidence == schema.Extension {
			data.Extensions = append(data.Extensions, k)
		}
		if k.Evidence == schema.Reading {
			data.Readings = append(data.Readings, fmt.Sprintf("`%s` itself: %s", k.Name, k.Doc))
			continue
		}
		for _, sentence := range sentences(k.Doc) {
			if strings.Contains(sentence, "Inscribe's reading") && !strings.Contains(sentence, "the name for Linux") {
				data.Readings = append(data.Readings, fmt.Sprintf("`%s`: %s.", k.Name, sentence))
			}
		}
	}
	var types []string
	for v := schema.PIN; v <= schema.Output; v++ {
		types = append(types, "`"+v.String()+"`")
	}
	data.Types, data.Specials, data.EBNF = list(types, "and"), schema.Specials, grammar.EBNF()
	var b bytes.Buffer
	if err := template.Must(template.ParseFiles("testdata/reference.tmpl")).Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var sentenceEnd = regexp.MustCompile(`\. `)

func sentences(text string) []string {
	return sentenceEnd.Split(strings.TrimSuffix(text, "."), -1)
}

func ruleList(t *testing.T) string {
	t.Helper()
	pages := map[diag.Code]Page{}
	for _, p := range Pages() {
		pages[p.Code] = p
	}
	var b strings.Builder
	b.WriteString("<!-- Made from the table of codes: go test ./docs -update -->\n\n# Codes of diagnostics\n\n" +
		"Each code has a page with a wrong example, a right one and the reason. `inscribe explain CODE` shows it on the terminal. " +
		"A comment `# inscribe:ignore CODE reason` on the line before suppresses a finding; `[severity]` in `inscribe.toml` changes a code for the whole project. " +
		"A code that is **off** says nothing until it is switched on. The last column tells whether the finding of the page's example comes with a fix: a safe one changes nothing that was understood, and `inscribe check --fix` makes it by itself; an offered one wants a look.\n\n" +
		"| code | severity | when | fix |\n|---|---|---|---|\n")
	for _, r := range diag.Rules {
		fmt.Fprintf(&b, "| [`%s`](%s.md) | %s | %s | %s |\n", r.Code, r.Code, r.Severity, r.Title, fixOf(t, pages[r.Code]))
	}
	return b.String()
}

// fixOf tells what the finding of a page's example offers.
func fixOf(t *testing.T, p Page) string {
	t.Helper()
	fix := "–"
	for _, d := range run(t, p.Avoid).Diagnostics {
		if d.Code != p.Code {
			continue
		}
		for _, f := range d.Fixes {
			if f.Safe {
				return "safe"
			}
			fix = "offered"
		}
	}
	return fix
}
