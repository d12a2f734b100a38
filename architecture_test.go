package inscribe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"inscribe/check"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/check/report"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/plan"
)

// The tests of this file keep the rules of ARCHITECTURE.md that no single
// package can keep.

const module = "inscribe"

// arrows say what the production code of a package may import: packages of this
// module, and modules from elsewhere. A row holds for the packages below it that
// have no row of their own. The table of ARCHITECTURE.md says the same, and a new
// package needs a row in both.
var arrows = map[string]struct{ inside, outside []string }{
	"internal/secret":      {},
	"internal/durable":     {},
	"internal/percent":     {},
	"internal/filelock":    {outside: []string{xsys}},
	"internal/golden":      {outside: []string{gocmp}},
	"ast":                  {},
	"ast/diag":             {inside: []string{"ast"}},
	"grammar":              {[]string{"ast"}, []string{participle}},
	"check/schema":         {outside: []string{multierror}},
	"check/profile":        {outside: []string{multierror, toml}},
	"check/template":       {inside: []string{"ast/diag"}},
	"check/config":         {[]string{"ast/diag", "check/schema", "check/profile", "check/template"}, []string{multierror, toml}},
	"check/mask":           {inside: []string{"ast"}},
	"check/report":         {inside: []string{"ast", "ast/diag", "check/mask"}},
	"check":                {inside: []string{"ast", "ast/diag", "grammar", "check/schema", "check/profile", "check/template", "check/config", "internal/secret"}},
	"plan":                 {inside: []string{"check", "check/schema", "check/profile", "check/config"}},
	"exec":                 {inside: []string{"plan", "check/profile", "internal/percent", "internal/secret"}},
	"exec/model":           {inside: []string{"exec", "plan", "check/profile", "internal/secret"}},
	"exec/prove":           {inside: []string{"exec", "exec/model", "plan", "check/profile"}},
	"exec/pki":             {inside: []string{"exec", "check/template"}},
	"exec/pki/pkitest":     {inside: []string{"exec", "exec/pki"}},
	"exec/ca":              {inside: []string{"exec", "exec/pki", "internal/durable"}},
	"exec/journal":         {[]string{"exec", "internal/durable", "internal/filelock"}, []string{xsys}},
	"exec/batch":           {inside: []string{"exec", "plan", "check/profile"}},
	"exec/probe":           {inside: []string{"exec", "check/profile", "internal/secret"}},
	"exec/host":            {[]string{"exec", "internal/filelock", "internal/secret"}, []string{xsys}},
	"exec/pkcs11":          {[]string{"exec", "exec/host"}, []string{miekg}},
	"internal/vcard":       {outside: []string{xsys}},
	"internal/vcard/myeid": {inside: []string{"internal/vcard"}},
	"internal/vcard/lab":   {[]string{"internal/vcard", "internal/vcard/myeid"}, []string{xsys}},
	"docs":                 {inside: []string{"ast/diag", "check/schema", "check/profile"}},
	"lsp":                  {[]string{"ast", "ast/diag", "grammar", "check", "check/schema", "check/profile", "check/config", "check/template", "check/mask", "plan", "exec", "exec/prove", "docs", "internal/percent"}, []string{jsonrpc2}},
	"cmd/playground":       {inside: []string{"lsp"}},
	"cmd":                  {[]string{"*"}, []string{multierror, pflag, xterm, xsys}},
}

const (
	participle = "github.com/alecthomas/participle/v2"
	multierror = "github.com/hashicorp/go-multierror"
	toml       = "github.com/pelletier/go-toml/v2"
	gocmp      = "github.com/google/go-cmp"
	miekg      = "github.com/miekg/pkcs11"
	pflag      = "github.com/spf13/pflag"
	jsonrpc2   = "github.com/sourcegraph/jsonrpc2"
	xterm      = "golang.org/x/term"
	xsys       = "golang.org/x/sys"
)

// heavy is what must not be among all that the packages import which make race and
// make cross call pure: an editor and the browser load them.
var heavy = []string{"os/exec", "net", "net/http", "plugin", "crypto/x509", "runtime/cgo", module + "/exec/host", module + "/exec/pkcs11", module + "/exec/ca", module + "/exec/journal", miekg}

// pure reads the list of the Makefile, and reports whether a package is on it.
func pure(t *testing.T) func(pkg string) bool {
	list := regexp.MustCompile(`(?m)^PURE := ((?:.*\\\n)*.*)$`).FindStringSubmatch(read(t, "Makefile"))
	if list == nil {
		t.Fatal("the Makefile has no PURE")
	}
	exact, below := map[string]bool{}, []string{}
	for _, m := range regexp.MustCompile(`\./([a-z/]+?)(/\.\.\.)?(?:[\s)]|$)`).FindAllStringSubmatch(list[1], -1) {
		if exact[m[1]] = true; m[2] != "" {
			below = append(below, m[1]+"/")
		}
	}
	for _, p := range []string{"lsp", "cmd/playground"} {
		if !exact[p] {
			t.Errorf("PURE of the Makefile lacks %s", p)
		}
	}
	return func(pkg string) bool {
		return exact[pkg] || slices.ContainsFunc(below, func(b string) bool { return strings.HasPrefix(pkg, b) })
	}
}

// revealers are the files that look into a [secret.Secret], with the reason.
var revealers = map[string]string{
	"cmd/inscribe/hook.go":      "the file descriptors of the station's command",
	"exec/host/conn.go":         "sink: the pipe to the module host",
	"exec/pkcs11/library.go":    "sink: the PKCS#11 call",
	"exec/inputs.go":            "length and validation before a PIN reaches a token",
	"exec/probe/form.go":        "the values that a probe sets are made of those given",
	"exec/op_putlist.go":        "cuts a certificate-key list into entries",
	"exec/model/token.go":       "compares PINs on the model token by their digests",
	"check/rule_validation.go":  "holds a literal PIN against the validation of its description",
	"cmd/inscribe/dialogs.go":   "holds a typed PIN against the validation before it is repeated",
	"cmd/inscribe/values.go":    "hands what was typed to its field, which boxes it again",
	"internal/secret/mask.go":   "takes secrets out of what others printed",
	"internal/secret/secret.go": "Equal, in constant time",
}

// talkers are the files outside cmd that touch the standard streams.
var talkers = map[string]string{
	"exec/host/pipes_other.go": "the child's pipes to its parent are its standard streams where no others can be inherited",
}

// folders are all that may stand at the top.
var folders = []string{".ci", "ast", "bench", "check", "cmd", "docs", "editors", "exec", "grammar", "internal", "lsp", "plan", "testdata"}

// source is a Go file of production code, for whatever platform.
type source struct {
	path    string // with slashes, from the root
	file    *ast.File
	imports map[string]string // local name to import path
}

var sources = sync.OnceValues(func() ([]source, error) {
	var out []source
	err := walk(func(name string) error {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "bench/") || strings.Contains("/"+name, "/testdata/") {
			return nil
		}
		f, err := parser.ParseFile(positions, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		s := source{path: name, file: f, imports: map[string]string{}}
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			local := path.Base(p)
			if i.Name != nil {
				local = i.Name.Name
			}
			s.imports[local] = p
		}
		out = append(out, s)
		return nil
	})
	return out, err
})

var positions = token.NewFileSet()

// walk calls f for each file of the repository, without what is built or
// fetched.
func walk(f func(name string) error) error {
	return filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // another test's temporary file
			}
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == ".git" || n == "bin" || n == "build" || n == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if d.Name() == ".git" {
			return nil // of a worktree: it names the place of the repository
		}
		return f(filepath.ToSlash(name))
	})
}

func load(t *testing.T) []source {
	t.Helper()
	s, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// row finds the row of arrows for a package.
func row(pkg string) (string, bool) {
	for p := pkg; p != "."; p = path.Dir(p) {
		if _, ok := arrows[p]; ok {
			return p, true
		}
	}
	return "", false
}

// TestArrows looks at the files of every platform, which "go list" would not. An
// arrow that nothing uses is to go: it would let in what nobody thought about.
func TestArrows(t *testing.T) {
	used := map[[2]string]bool{}
	for _, s := range load(t) {
		pkg := path.Dir(s.path)
		name, ok := row(pkg)
		if !ok {
			t.Errorf("%s: package %s has no row in arrows", s.path, pkg)
			continue
		}
		may := arrows[name]
		for _, p := range s.imports {
			if in, own := strings.CutPrefix(p, module+"/"); own {
				target, known := row(in)
				if !known {
					target = in
				}
				used[[2]string{name, target}] = true
				if target != name && !slices.Contains(may.inside, target) && !slices.Contains(may.inside, "*") {
					t.Errorf("%s imports %s; %s may import %v", s.path, in, name, may.inside)
				}
				continue
			}
			if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			i := slices.IndexFunc(may.outside, func(m string) bool { return p == m || strings.HasPrefix(p, m+"/") })
			if i < 0 {
				t.Errorf("%s imports %s; %s may import %v", s.path, p, name, may.outside)
				continue
			}
			used[[2]string{name, may.outside[i]}] = true
		}
	}
	for name, may := range arrows {
		for _, target := range slices.Concat(may.inside, may.outside) {
			if target != "*" && !used[[2]string{name, target}] {
				t.Errorf("%s imports %s no more; take the arrow away", name, target)
			}
		}
	}
}

// TestArrowsAreThoseOfThePage holds the table of ARCHITECTURE.md against arrows.
func TestArrowsAreThoseOfThePage(t *testing.T) {
	short := map[string]string{participle: "participle", multierror: "multierror", toml: "toml", gocmp: "go-cmp", miekg: "miekg/pkcs11", jsonrpc2: "jsonrpc2", xsys: "x/sys"}
	want := map[string]string{}
	for name, may := range arrows {
		var cells []string
		for _, p := range may.inside {
			cells = append(cells, "`"+p+"`")
		}
		for _, m := range may.outside {
			cells = append(cells, short[m])
		}
		switch {
		case slices.Contains(may.inside, "*"):
			cells = []string{"everything"}
		case cells == nil:
			cells = []string{"the standard library"}
		}
		want[name] = strings.Join(cells, ", ")
	}
	cells := regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\|.*\\| ([^|]*) \\|$")
	table, _, _ := strings.Cut(read(t, "ARCHITECTURE.md"), "\"Where is …?\"")
	for _, m := range cells.FindAllStringSubmatch(table, -1) {
		if name := m[1]; want[name] != "" && m[2] != want[name] {
			t.Errorf("ARCHITECTURE.md says that %s may import %s; arrows say %s", name, m[2], want[name])
		}
		delete(want, m[1])
	}
	for name, cell := range want {
		t.Errorf("ARCHITECTURE.md has no row for %s, which may import %s", name, cell)
	}
}

// TestArrowsHaveNoCycle looks at the rows themselves: the compiler sees a cycle
// of packages, but not that two folders lean on each other.
func TestArrowsHaveNoCycle(t *testing.T) {
	done := map[string]bool{}
	var visit func(p string, way []string)
	visit = func(p string, way []string) {
		if slices.Contains(way, p) {
			t.Fatalf("cycle: %s", strings.Join(append(way, p), " > "))
		}
		if done[p] {
			return
		}
		for _, q := range arrows[p].inside {
			if q != p && q != "*" {
				visit(q, append(slices.Clone(way), p))
			}
		}
		done[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(arrows)) {
		visit(p, nil)
	}
}

// TestEquipmentIsInNoProduct keeps the emulated cards, and what tests compare with, out
// of what is delivered.
func TestEquipmentIsInNoProduct(t *testing.T) {
	equipment := func(p string) bool { return p == "internal/golden" || strings.HasPrefix(p+"/", "internal/vcard/") }
	for _, s := range load(t) {
		dir := path.Dir(s.path)
		if equipment(dir) || dir == "cmd/vcard" {
			continue
		}
		for _, p := range s.imports {
			if in, own := strings.CutPrefix(p, module+"/"); own && equipment(in) {
				t.Errorf("%s imports %s, which is for tests", s.path, in)
			}
		}
	}
}

func TestOnlyPKCS11TouchesCgo(t *testing.T) {
	for _, s := range load(t) {
		for _, p := range s.imports {
			if (p == "C" || p == "runtime/cgo" || p == miekg) && path.Dir(s.path) != "exec/pkcs11" {
				t.Errorf("%s imports %s", s.path, p)
			}
		}
	}
}

// TestLightPackagesReachNothingHeavy looks at all that is linked in, on this
// platform and in the browser.
func TestLightPackagesReachNothingHeavy(t *testing.T) {
	light := pure(t)
	for _, env := range [][]string{nil, {"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}} {
		packages := list(t, env)
		for _, p := range packages {
			in, own := strings.CutPrefix(p.ImportPath, module+"/")
			if !own || !light(in) {
				continue
			}
			for _, d := range p.Deps {
				if slices.Contains(heavy, d) {
					t.Errorf("%v %s reaches %s", env, in, d)
				}
			}
		}
	}
}

type listed struct {
	ImportPath string
	Deps       []string
}

func list(t *testing.T, env []string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Deps", "./...")
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var out []listed
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
}

// TestOnlyCmdTalks keeps printing, prompting and exiting in cmd.
func TestOnlyCmdTalks(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"fmt": regexp.MustCompile(`^(Print|Scan)(f|ln)?$`),
		"os":  regexp.MustCompile(`^(Stdin|Stdout|Stderr|Exit)$`),
		"log": regexp.MustCompile(`.`),
	}
	used := map[string]bool{}
	for _, s := range load(t) {
		if strings.HasPrefix(s.path, "cmd/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			where, what := token.NoPos, ""
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil {
					p := s.imports[x.Name]
					if re := forbidden[p]; re != nil && re.MatchString(n.Sel.Name) {
						where, what = n.Pos(), p+"."+n.Sel.Name
					}
				}
			case *ast.CallExpr:
				if x, ok := n.Fun.(*ast.Ident); ok && x.Obj == nil && (x.Name == "print" || x.Name == "println") {
					where, what = n.Pos(), x.Name
				}
			}
			if what == "" {
				return true
			}
			if used[s.path] = true; talkers[s.path] == "" {
				t.Errorf("%s: %s", positions.Position(where), what)
			}
			return true
		})
	}
	for name := range talkers {
		if !used[name] {
			t.Errorf("%s talks no more; take it off the list", name)
		}
	}
}

// TestSecretsAreRevealedInKnownPlaces keeps the list of who looks into a Secret.
func TestSecretsAreRevealedInKnownPlaces(t *testing.T) {
	used := map[string]bool{}
	for _, s := range load(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if n, ok := n.(*ast.SelectorExpr); ok && n.Sel.Name == "Reveal" {
				if used[s.path] = true; revealers[s.path] == "" {
					t.Errorf("%s reveals a secret and is not on the list", positions.Position(n.Pos()))
				}
			}
			return true
		})
	}
	page := read(t, "ARCHITECTURE.md")
	for name := range revealers {
		if !used[name] {
			t.Errorf("%s reveals nothing any more; take it off the list", name)
		}
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("ARCHITECTURE.md does not name %s among those who reveal a secret", name)
		}
	}
}

// literals are the strings outside the table of keywords that are the name of one,
// with the reason: by file, or everywhere where it is a word of people first.
var literals = map[string]string{
	"PIN":                          "what a token has, in messages and pictures",
	"PUK":                          "what a token has, in messages and pictures",
	"docs/keyword.go Type":         "a heading",
	"lsp/complete_parts.go Format": "a function of values, which happens to have the name",
	"plan/card.go Certificate":     "a word of the picture",
}

// TestKeywordsAreInTheTableOnly wants no code that knows a keyword by its name, so
// that what is true of it stands in its row: neither the name alone nor a line of a
// description that begins with it. Sentences for people name keywords as they must.
// Test equipment knows none.
func TestKeywordsAreInTheTableOnly(t *testing.T) {
	names, used := map[string]bool{}, map[string]bool{}
	for _, k := range schema.Builtin.All() {
		names[k.Name] = true
	}
	line := regexp.MustCompile(`(?m)^(\w+)=`)
	for _, s := range load(t) {
		if strings.HasPrefix(s.path, "check/schema/") || strings.HasPrefix(s.path, "cmd/vcard/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			l, ok := n.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING {
				return true
			}
			word, err := strconv.Unquote(l.Value)
			key := word
			if literals[key] == "" {
				key = s.path + " " + word
			}
			for _, m := range line.FindAllStringSubmatch(word, -1) {
				if names[m[1]] {
					t.Errorf("%s: a line with the keyword %s by its name; take the name or the example of its row", positions.Position(l.Pos()), m[1])
				}
			}
			if err == nil && names[word] {
				if used[key] = true; literals[key] == "" {
					t.Errorf("%s: the keyword %s by its name; say what is meant of it in check/schema/keywords.go, or use its meaning", positions.Position(l.Pos()), word)
				}
			}
			return true
		})
	}
	for key := range literals {
		if !used[key] {
			t.Errorf("%s is no more; take it off the list", key)
		}
	}
}

// TestEveryPackageSaysWhatItIs wants a doc.go with the comment of the package.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, s := range load(t) {
		dir := path.Dir(s.path)
		said[dir] = said[dir] || path.Base(s.path) == "doc.go" && s.file.Doc != nil
		if s.file.Doc != nil && path.Base(s.path) != "doc.go" {
			t.Errorf("%s: the comment of a package stands in doc.go", s.path)
		}
	}
	page := read(t, "ARCHITECTURE.md")
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no doc.go with a comment of the package", dir)
		}
		if name, _ := row(dir); !strings.Contains(page, "`"+name+"`") {
			t.Errorf("ARCHITECTURE.md does not tell what %s holds", name)
		}
	}
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	for _, s := range load(t) {
		if s.file.Name.Name == "main" {
			continue
		}
		missing := func(n *ast.Ident) {
			t.Errorf("%s: %s has no comment", positions.Position(n.Pos()), n.Name)
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					missing(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						if spec.Name.IsExported() && spec.Doc == nil && (d.Doc == nil || len(d.Specs) > 1) {
							missing(spec.Name)
						}
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							if n.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
								missing(n)
							}
						}
					}
				}
			}
		}
	}
}

// exportedReceiver reports whether a function can be seen in the documentation.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// TestNothingOfThisMachine keeps the names of one machine and of its sources
// out. The words are put together here so that this file passes too.
func TestNothingOfThisMachine(t *testing.T) {
	var words []string
	for _, w := range [][2]string{{"sha", "red/"}, {"/wo", "rk/"}, {"proxy.go", "lang.org"}, {"sum.go", "lang.org"}, {"goprox", "y.io"}, {"registry.npm", "js.org"}, {"py", "pi.org"}, {"static.crates", ".io"}} {
		words = append(words, w[0]+w[1])
	}
	err := walk(func(name string) error {
		raw, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, w := range words {
			if i := bytes.Index(raw, []byte(w)); i >= 0 {
				t.Errorf("%s:%d holds %q", name, 1+bytes.Count(raw[:i], []byte("\n")), w)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFolders(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if n := e.Name(); e.IsDir() && n != ".git" && n != "bin" && n != "build" && !slices.Contains(folders, n) {
			t.Errorf("there is a folder %s at the top; there may be %v", n, folders)
		}
	}
}

// TestEveryDependencyHasAReason holds docs/dependencies.md against go.mod, and go.mod
// against what the files import, those of tests too: what is marked as indirect needs no
// reason.
func TestEveryDependencyHasAReason(t *testing.T) {
	page := read(t, "docs/dependencies.md")
	raw, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(raw, &mod); err != nil {
		t.Fatal(err)
	}
	imports := ""
	err = walk(func(name string) error {
		if path.Ext(name) != ".go" || strings.HasPrefix(name, "bench/") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			imports += i.Path.Value
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		imported := strings.Contains(imports, `"`+r.Path+`"`) || strings.Contains(imports, `"`+r.Path+"/")
		if imported == r.Indirect {
			t.Errorf("%s: imported here is %t, and go.mod says indirect is %t; run go mod tidy", r.Path, imported, r.Indirect)
		}
		if cell := fmt.Sprintf("| `%s` | %s |", r.Path, r.Version); !r.Indirect && !strings.Contains(page, cell) {
			t.Errorf("docs/dependencies.md has no line that begins %s", cell)
		}
	}
}

// TestPagesNameRealTests wants each test that ARCHITECTURE.md and docs/failures.md
// name. Each row of the latter has one, or says why not.
func TestPagesNameRealTests(t *testing.T) {
	real := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	err := walk(func(name string) error {
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(name)
		for _, m := range function.FindAllSubmatch(raw, -1) {
			pkg := path.Dir(name)
			if pkg == "." {
				pkg = module
			}
			real[pkg+"."+string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz|Benchmark)\\w+)`")
	for _, page := range []string{"ARCHITECTURE.md", "docs/failures.md"} {
		for _, m := range named.FindAllStringSubmatch(read(t, page), -1) {
			if !real[m[1]] {
				t.Errorf("%s names %s, and there is no such test", page, m[1])
			}
		}
	}
	rows := 0
	field, _, _ := strings.Cut(read(t, "docs/failures.md"), "## What to do after an error")
	for line := range strings.Lines(field) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && !strings.HasPrefix(line, "|---") && cells[1] != " what goes wrong " {
			rows++
			if last := cells[3]; !named.MatchString(last) && !strings.HasPrefix(last, " none: ") {
				t.Errorf("docs/failures.md: no test and no reason: %s", line)
			}
		}
	}
	if rows < 40 {
		t.Errorf("docs/failures.md has %d rows", rows)
	}
}

// TestEveryFlagIsDocumented holds docs/cli.md against the commands.
func TestEveryFlagIsDocumented(t *testing.T) {
	page := read(t, "docs/cli.md")
	for _, s := range load(t) {
		if !strings.HasPrefix(s.path, "cmd/inscribe/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasSuffix(f.Sel.Name, "Var") && !strings.HasSuffix(f.Sel.Name, "VarP") {
				return true
			}
			if name, ok := call.Args[1].(*ast.BasicLit); ok && name.Kind == token.STRING {
				if flag := "--" + strings.Trim(name.Value, `"`); !strings.Contains(page, "`"+flag) {
					t.Errorf("%s: docs/cli.md does not tell of %s", positions.Position(n.Pos()), flag)
				}
			}
			return true
		})
	}
}

// TestLinksOfThePages wants every file that a page links to.
func TestLinksOfThePages(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	err := walk(func(name string) error {
		if path.Ext(name) != ".md" || strings.Contains("/"+name, "/testdata/") {
			return nil
		}
		raw, err := os.ReadFile(name)
		for _, m := range link.FindAllSubmatch(raw, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), string(m[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReadmeShowsRealOutput holds the outputs of README.md against the demo's
// description.
func TestReadmeShowsRealOutput(t *testing.T) {
	cfg, err := config.Parse("inscribe.toml", []byte(read(t, "docs/demo/inscribe.toml")))
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "docs/demo/card.dsc")
	var findings, ops bytes.Buffer
	typo := check.Check(grammar.Parse("typo.dsc", []byte(strings.Replace(text, "#Signature", "#Sigature", 1))), cfg)
	err = report.Write(&findings, report.Text, []report.File{{Path: "typo.dsc", Source: typo.File, Diagnostics: typo.Diagnostics, Secrets: typo.Secrets}}, report.Options{Width: 100})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Lower(check.Check(grammar.Parse("card.dsc", []byte(text)), cfg), plan.Options{Profile: profile.Lookup("softhsm")})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Text(&ops, plan.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	page := read(t, "README.md")
	for _, want := range []string{
		"```\n$ inscribe check typo.dsc\n" + findings.String() + "```\n",
		"```\n$ inscribe plan card.dsc\n" + ops.String() + "```\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("README.md does not have, as it is now:\n%s", want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
