package plan

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../docs/plan.schema.json"

func planSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(s *jsonschema.Schema, raw []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestPlansFitTheirSchema(t *testing.T) {
	s := planSchema(t)
	paths, err := filepath.Glob("../testdata/plan/*.json")
	if err != nil || len(paths) < 10 {
		t.Fatal(err, paths)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(s, raw); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
		// What is no plan must not fit: the schema has to be able to say no.
		for _, broken := range [][2]string{{`"version": 1`, `"version": 2`}, {`"opsSha256": "`, `"opsSha256": "x`}, {`"fields":`, `"feilds":`}} {
			if valid(s, bytes.Replace(raw, []byte(broken[0]), []byte(broken[1]), 1)) == nil {
				t.Errorf("%s: %s fits too", filepath.Base(path), broken[1])
			}
		}
	}
	everything := lower(t, head+app("A", "L1")+app("B", "L2")+app("C", "#Signature")+app("D", ""), Options{Values: map[string]string{"L2": "x"}})
	if err := valid(s, everything.JSON()); err != nil {
		t.Error(err)
	}
}

// TestSchemaKnowsEveryOp holds the list of ops in the schema against the kinds of
// the package.
func TestSchemaKnowsEveryOp(t *testing.T) {
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds(t) {
		if !strings.Contains(string(raw), strconv.Quote(kind)) {
			t.Errorf("the schema does not know the op %s", kind)
		}
	}
}

// kinds reads the constants of type Kind out of plan.go.
func kinds(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "plan.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Kind" {
			for _, v := range spec.Values {
				text, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, text)
			}
		}
		return true
	})
	if len(out) < 10 {
		t.Fatalf("only %v found", out)
	}
	return out
}

// TestEveryOpIsInAGolden: breaking the lowering of an op must make a golden file
// differ, so each kind must be in one.
func TestEveryOpIsInAGolden(t *testing.T) {
	paths, err := filepath.Glob("../testdata/plan/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all += string(raw)
	}
	for _, kind := range kinds(t) {
		if !strings.Contains(all, `"op": "`+kind+`"`) {
			t.Errorf("no golden file has the op %s", kind)
		}
	}
}
