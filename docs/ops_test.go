package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestOperationsAreThoseOfPlans reads the kinds of op from the source of package
// plan, since nothing lists them at run time.
func TestOperationsAreThoseOfPlans(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../plan/plan.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Kind" {
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					word, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					kinds[word] = true
				}
			}
		}
		return true
	})
	if len(kinds) < 10 {
		t.Fatalf("only %d kinds are found: %v", len(kinds), kinds)
	}
	seen := map[string]bool{}
	for _, o := range Operations {
		if !kinds[o.Name] || seen[o.Name] {
			t.Errorf("%s is no kind of op, or stands twice", o.Name)
		}
		seen[o.Name] = true
		if !strings.HasSuffix(o.Text, ".") {
			t.Errorf("%s: the text has no end", o.Name)
		}
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("the op %s has no text", kind)
		}
	}
}
