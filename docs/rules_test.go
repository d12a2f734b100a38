package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/grammar"
)

// run checks an example.
func run(t *testing.T, e Example) *check.Program {
	t.Helper()
	cfg, err := config.Parse(config.FileName, []byte(e.Config))
	if err != nil {
		t.Errorf("the inscribe.toml of an example: %v", err)
		cfg = nil
	}
	return check.Check(grammar.Parse("x.dsc", []byte(e.Description)), cfg)
}

func TestOnePageForEachCode(t *testing.T) {
	if n := len(Pages()); n != len(diag.Rules) {
		t.Errorf("%d codes and %d pages", len(diag.Rules), n)
	}
	for _, r := range diag.Rules {
		if _, ok := Rule(r.Code); !ok {
			t.Errorf("%s has no page", r.Code)
		}
	}
	paths, err := filepath.Glob("rules/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		code := strings.TrimSuffix(filepath.Base(path), ".md")
		if _, known := diag.Lookup(diag.Code(code)); !known && code != "README" {
			t.Errorf("%s documents no code", path)
		}
	}
	if _, ok := Rule("README"); ok {
		t.Error("the list of codes passes for a page")
	}
}

func TestPagesHoldTheTemplate(t *testing.T) {
	for _, p := range Pages() {
		if head := fmt.Sprintf("# %s\n\n**%s**: %s.\n\n", p.Code, p.Code.Default(), p.Title); !strings.HasPrefix(p.Text, head) {
			t.Errorf("%s does not begin with:\n%s", p.Code, head)
		}
		var headings []string
		for line := range strings.Lines(p.Text) {
			if h, ok := strings.CutPrefix(line, "## "); ok {
				headings = append(headings, strings.TrimSpace(h))
			}
		}
		want := []string{"Avoid", "Prefer", "Why", "Suppress"}
		if p.Code == diag.Internal {
			want = want[2:]
		}
		if !slices.Equal(headings, want) {
			t.Errorf("%s has the sections %v", p.Code, headings)
		}
		if n := strings.Count(section(p.Text, "Why"), ". "); n < 1 || n > 7 {
			t.Errorf("%s: the reason has %d sentences", p.Code, n+1)
		}
		if p.Code != diag.Internal && !strings.Contains(section(p.Text, "Suppress"), fmt.Sprintf("[severity]\n%s = \"off\"\n", p.Code)) {
			t.Errorf("%s does not tell the setting that switches it off", p.Code)
		}
	}
}

// TestExamplesOfThePages runs all examples: what to avoid has the finding and no
// other error, what to prefer has neither.
func TestExamplesOfThePages(t *testing.T) {
	for _, p := range Pages() {
		if p.Code == diag.Internal {
			continue
		}
		t.Run(string(p.Code), func(t *testing.T) {
			found := false
			for _, d := range run(t, p.Avoid).Diagnostics {
				found = found || d.Code == p.Code
				if d.Severity == diag.Error && d.Code != p.Code && !slices.Contains(p.Also, d.Code) {
					t.Errorf("Avoid has also %s: %s", d.Code, d.Message)
				}
			}
			if !found {
				t.Errorf("Avoid does not have the finding")
			}
			for _, d := range run(t, p.Prefer).Diagnostics {
				if d.Severity == diag.Error || d.Code == p.Code {
					t.Errorf("Prefer has %s: %s", d.Code, d.Message)
				}
			}
		})
	}
}

// TestSuppressionsOfThePages puts the comment that a page shows before the lines
// that its example is blamed for.
func TestSuppressionsOfThePages(t *testing.T) {
	for _, p := range Pages() {
		body := section(p.Text, "Suppress")
		comment := strings.TrimSpace(example(body, "").Description)
		if comment == "" {
			continue
		}
		before := run(t, p.Avoid)
		lines := strings.SplitAfter(before.File.Text, "\n")
		for _, d := range slices.Backward(before.Diagnostics) {
			if d.Code == p.Code {
				line := before.File.Position(d.Span.Start).Line
				if i := line - 1; i == 0 || !strings.HasPrefix(lines[i-1], comment) {
					lines = slices.Insert(lines, i, comment+"\n")
				}
			}
		}
		after := run(t, Example{strings.Join(lines, ""), p.Avoid.Config})
		for _, d := range after.Diagnostics {
			if d.Code == p.Code || d.Code == diag.UnusedSuppression {
				t.Errorf("%s: with its comment the example has %s: %s", p.Code, d.Code, d.Message)
			}
		}
	}
}

func TestURL(t *testing.T) {
	for _, p := range Pages() {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(URL(p.Code)))); err != nil {
			t.Errorf("%s: the link leads nowhere: %v", p.Code, err)
		}
	}
}
