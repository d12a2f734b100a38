package inscribe_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// exported is a name that other packages may use.
type exported struct {
	at     *ast.Ident
	method bool
	// group are the names that are declared with it in one block: the values of one type,
	// which make sense together.
	group []string
	kind  string // the type of a constant, where it is said
}

// TestEveryExportedNameHasAUser wants a user of each exported name in another package, be
// it a test there: what has none is not exported, or not written. A type is used too where
// what others use has it in its signature, and a method by any selector of its name, or
// where an interface has it.
func TestEveryExportedNameHasAUser(t *testing.T) {
	declared := map[string]map[string]exported{} // by package and name, for methods with the type
	used := map[string]map[string]bool{}         // by package and name
	selected := map[string]map[string]bool{}     // the names of selectors, by folder
	wanted := map[string]bool{"Error": true, "String": true, "Unwrap": true, "Is": true, "MarshalJSON": true, "UnmarshalJSON": true, "MarshalText": true, "UnmarshalText": true, "Format": true, "GoString": true, "LogValue": true, "GobEncode": true, "MarshalBinary": true}
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parser.ParseFile(positions, name, nil, 0)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		uses(f, dir, used, selected, wanted)
		if !strings.HasSuffix(name, "_test.go") && f.Name.Name != "main" && dir != "." {
			declares(f, dir, declared, used)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, names := range declared {
		for name, e := range names {
			ok := used[dir][name] || slices.ContainsFunc(e.group, func(other string) bool { return used[dir][other] }) || e.kind != "" && used[dir][e.kind]
			if e.method {
				ok = wanted[e.at.Name]
				for other, s := range selected {
					ok = ok || other != dir && s[e.at.Name]
				}
			}
			if !ok {
				t.Errorf("%s: %s has no user in another package", positions.Position(e.at.Pos()), name)
			}
		}
	}
}

// uses notes what a file uses of other packages, and the methods of interfaces.
func uses(f *ast.File, dir string, used, selected map[string]map[string]bool, wanted map[string]bool) {
	imported := map[string]string{}
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		in, ours := strings.CutPrefix(p, module+"/")
		if !ours {
			continue
		}
		name := path.Base(in)
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = in
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			note(selected, dir, n.Sel.Name)
			if x, ok := n.X.(*ast.Ident); ok && imported[x.Name] != "" && imported[x.Name] != dir {
				note(used, imported[x.Name], n.Sel.Name)
			}
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				for _, name := range m.Names {
					wanted[name.Name] = true
				}
			}
		}
		return true
	})
}

// declares notes the exported names of a file, and as used the types that the signatures
// and fields of exported names have.
func declares(f *ast.File, dir string, declared map[string]map[string]exported, used map[string]map[string]bool) {
	if declared[dir] == nil {
		declared[dir] = map[string]exported{}
	}
	shown := func(in ast.Node) {
		ast.Inspect(in, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BlockStmt:
				return false
			case *ast.Field:
				if len(n.Names) > 0 && !slices.ContainsFunc(n.Names, (*ast.Ident).IsExported) {
					if _, isStruct := in.(*ast.StructType); isStruct {
						return false
					}
				}
			case *ast.Ident:
				if n.IsExported() {
					note(used, dir, n.Name)
				}
			}
			return true
		})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !d.Name.IsExported() || !exportedReceiver(d) {
				continue
			}
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d) + "." + name
			}
			declared[dir][name] = exported{at: d.Name, method: d.Recv != nil}
			shown(d.Type)
		case *ast.GenDecl:
			var group []string
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, n := range v.Names {
						group = append(group, n.Name)
					}
				}
			}
			kind := ""
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						declared[dir][spec.Name.Name] = exported{at: spec.Name}
						shown(spec.Type)
					}
				case *ast.ValueSpec:
					if spec.Type != nil {
						shown(spec.Type)
						if id, ok := spec.Type.(*ast.Ident); ok && d.Tok == token.CONST {
							kind = id.Name
						}
					}
					for _, n := range spec.Names {
						if n.IsExported() {
							declared[dir][n.Name] = exported{at: n, group: group, kind: kind}
						}
					}
					for _, v := range spec.Values {
						if lit, ok := v.(*ast.CompositeLit); ok && lit.Type != nil && spec.Names[0].IsExported() {
							shown(lit.Type)
						}
					}
				}
			}
		}
	}
}

func note(m map[string]map[string]bool, in, name string) {
	if m[in] == nil {
		m[in] = map[string]bool{}
	}
	m[in][name] = true
}

// receiver is the name of the type that has a method.
func receiver(d *ast.FuncDecl) string {
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return true
	})
	return name
}
