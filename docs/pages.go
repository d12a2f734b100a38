package docs

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"inscribe/ast/diag"
)

// base goes before the path of a page. It is empty while the pages have no
// public address: links are then relative to the root of the repository.
const base = ""

// URL gives the address of the page of a code.
func URL(code diag.Code) string { return base + "docs/rules/" + string(code) + ".md" }

// Page documents one code.
type Page struct {
	// Code and Title are those of the table of codes.
	Code  diag.Code
	Title string
	// Text is the whole page as Markdown.
	Text string
	// Avoid gets a finding of the code and Prefer gets none. Both are empty for
	// a code that no description can bring about.
	Avoid, Prefer Example
	// Also are other errors that Avoid cannot do without.
	Also []diag.Code
}

// Example is a description with the inscribe.toml that belongs to it, which may
// be empty.
type Example struct {
	Description string
	Config      string
}

// Rule gives the page of a code.
func Rule(code diag.Code) (Page, bool) {
	r, ok := diag.Lookup(code)
	if !ok {
		return Page{}, false
	}
	raw, err := files.ReadFile(path.Join("rules", string(code)+".md"))
	if err != nil {
		return Page{}, false
	}
	return parsePage(r, string(raw)), true
}

// Pages gives the pages of all codes, in the order of the table of codes.
func Pages() []Page {
	var pages []Page
	for _, r := range diag.Rules {
		if p, ok := Rule(r.Code); ok {
			pages = append(pages, p)
		}
	}
	return pages
}

var (
	also  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<!-- also: (.*?) -->`) })
	fence = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?ms)^```(dsc|toml)\n(.*?)^```$") })
)

func parsePage(r diag.Rule, text string) Page {
	p := Page{Code: r.Code, Title: r.Title, Text: text}
	p.Avoid = example(section(text, "Avoid"), "")
	// The better example is held against the same configuration unless it
	// brings its own, so that it shows the description and not a setting.
	p.Prefer = example(section(text, "Prefer"), p.Avoid.Config)
	if m := also().FindStringSubmatch(text); m != nil {
		for code := range strings.SplitSeq(m[1], ",") {
			p.Also = append(p.Also, diag.Code(strings.TrimSpace(code)))
		}
	}
	return p
}

// section is what stands below a heading of the second level.
func section(text, heading string) string {
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		return ""
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

func example(text, config string) Example {
	e := Example{Config: config}
	for _, m := range fence().FindAllStringSubmatch(text, -1) {
		if m[1] == "toml" {
			e.Config = m[2]
		} else {
			e.Description = m[2]
		}
	}
	return e
}
