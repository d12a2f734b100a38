package report

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"inscribe/ast"
	"inscribe/check/mask"
)

func diffOf(before, after string, secrets ...string) string {
	file := func(text string) File {
		f := File{Path: "x.dsc", Source: &ast.File{Text: text}}
		for _, s := range secrets {
			if i := strings.Index(text, s); i >= 0 {
				f.Secrets = append(f.Secrets, ast.Span{Start: i, End: i + len(s)})
			}
		}
		return f
	}
	var b strings.Builder
	if err := WriteDiff(&b, file(before), file(after), Options{}); err != nil {
		panic(err)
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	numbers := func(from, to int) string {
		var b strings.Builder
		for i := from; i <= to; i++ {
			fmt.Fprintln(&b, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ before, after, want string }{
		"equal":      {"a\n", "a\n", ""},
		"replace":    {"a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		"from empty": {"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		"to empty":   {"a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		"no end":     {"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		"context":    {numbers(1, 9), numbers(1, 4) + "x\n" + numbers(6, 9), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
		"two hunks":  {numbers(1, 20), numbers(2, 19), "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n@@ -17,4 +16,3 @@\n 17\n 18\n 19\n-20\n"},
		"line ends":  {"a\r\nb\nc\r\n", "a\r\nb\r\nc\r\n", "@@ -1,3 +1,3 @@\n a\n-b\\n\n+b\n c\n"},
		"escapes":    {"\x1b[2J\t\u00a0\n", "", "@@ -1 +0,0 @@\n-\\x1b[2J\t\\u00a0\n"},
	} {
		if c.want != "" {
			c.want = "--- x.dsc\n+++ x.dsc\n" + c.want
		}
		if got := diffOf(c.before, c.after); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, c.want)
		}
	}
}

func TestDiffMasks(t *testing.T) {
	got := diffOf("# pin 97531\nPIN = #97531\nx\n", "# pin 97531\nPIN=#86420\nX\n", "97531", "86420")
	if want := "--- x.dsc\n+++ x.dsc\n@@ -1,3 +1,3 @@\n # pin " + mask.Mark + "\n-PIN = #" + mask.Mark + "\n-x\n+PIN=#" + mask.Mark + "\n+X\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestDiffPatches lets patch make the new text of the old one and the diff.
func TestDiffPatches(t *testing.T) {
	tool, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("there is no patch here")
	}
	r := rand.New(rand.NewSource(1))
	for range 40 {
		before := randomLines(r)
		after := slices.Clone(before)
		for range r.Intn(6) {
			i := r.Intn(len(after))
			switch r.Intn(3) {
			case 0:
				after[i] = fmt.Sprint(r.Intn(5))
			case 1:
				after = slices.Insert(after, i, fmt.Sprint(r.Intn(5)))
			default:
				after = append(slices.Delete(after, i, i+1), "end")
			}
		}
		old, fresh := strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n"
		path := filepath.Join(t.TempDir(), "x.dsc")
		if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		diff := diffOf(old, fresh)
		if diff == "" {
			continue
		}
		cmd := exec.Command(tool, "-s", path)
		cmd.Stdin = strings.NewReader(diff)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, diff)
		}
		if got, _ := os.ReadFile(path); string(got) != fresh {
			t.Fatalf("patch made %q of %q, want %q with\n%s", got, old, fresh, diff)
		}
	}
}

func randomLines(r *rand.Rand) []string {
	lines := make([]string, 1+r.Intn(30))
	for i := range lines {
		lines[i] = fmt.Sprint(r.Intn(5))
	}
	return lines
}

// TestChanges rebuilds the new text from the changes, also where there are more
// than the work is bounded to.
func TestChanges(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	many := func(prefix string) []string {
		var out []string
		for i := range 3000 {
			out = append(out, fmt.Sprint(prefix, i))
			if i%7 == 0 {
				out = append(out, "same")
			}
		}
		return out
	}
	cases := [][2][]string{{nil, nil}, {nil, {"a"}}, {{"a"}, nil}, {many("a"), many("b")}, {many("a"), many("a")}}
	for range 500 {
		cases = append(cases, [2][]string{randomLines(r), randomLines(r)})
	}
	for _, c := range cases {
		a, b := c[0], c[1]
		var got []string
		at := 0
		for i, x := range changes(a, b) {
			if x.a0 < at || i > 0 && x.a0 == at {
				t.Fatalf("changes of %v and %v touch: %v", a, b, changes(a, b))
			}
			got = append(append(got, a[at:x.a0]...), b[x.b0:x.b1]...)
			at = x.a1
		}
		if got = append(got, a[at:]...); !slices.Equal(got, b) {
			t.Fatalf("%v became %v, want %v", a, got, b)
		}
	}
}
