package lsp

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/ast"
	"inscribe/check"
	"inscribe/grammar"
	"inscribe/lsp/protocol"
	"inscribe/plan"
)

// same wants the tree, the findings and the plan of a fresh parse, also of a program
// that is made in the room of another one, and gives that room back.
func same(t testing.TB, got *tree, room *check.Room) *check.Room {
	t.Helper()
	want := grammar.ParseText(got.file.Name, got.file.Text)
	want.Table()
	if !reflect.DeepEqual(got.file, want) {
		t.Fatalf("%q: the tree differs from a fresh one:\n%s", got.file.Text, cmp.Diff(want, got.file, cmp.AllowUnexported(ast.File{}, ast.LineTable{})))
	}
	if len(got.lines) != len(flatten(want)) {
		t.Fatalf("%q: %d lines, want %d", got.file.Text, len(got.lines), len(flatten(want)))
	}
	a, b := check.CheckIn(room, got.file, nil), check.Check(want, nil)
	if len(a.Diagnostics) != len(b.Diagnostics) || len(a.Diagnostics) > 0 && !reflect.DeepEqual(a.Diagnostics, b.Diagnostics) {
		t.Fatalf("%q: the findings differ", got.file.Text)
	}
	if !reflect.DeepEqual(a.Blocking, b.Blocking) || !reflect.DeepEqual(a.Secrets, b.Secrets) {
		t.Fatalf("%q: what blocks or is secret differs", got.file.Text)
	}
	p, err := plan.Lower(a, plan.Options{})
	q, wantErr := plan.Lower(b, plan.Options{})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: the plan: %v, want %v", got.file.Text, err, wantErr)
	}
	if err == nil && !reflect.DeepEqual(p.Ops, q.Ops) {
		t.Fatalf("%q: the plans differ", got.file.Text)
	}
	return a.Leave()
}

// pieces are what edits put in: all that means something to the grammar.
var pieces = []string{"", "\n", "\r", "\r\n", "[", "]", "[Fields]", "[Application_B]\n", "=", "#", "; x", "^", "PIN=PIN\n", "Location=#Signature", " ", "\u00a0", "ä", "𝄞", "\t", "x", "\n\n"}

// TestRandomEdits makes edits, also several in one notification, and wants after
// each what a fresh parse gives.
func TestRandomEdits(t *testing.T) {
	paths, _ := filepath.Glob("../testdata/examples/*.dsc")
	if len(paths) == 0 {
		t.Fatal("no examples")
	}
	var room *check.Room // from text to text
	for seed, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := ast.Decode(raw)
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		tr := parse("x.dsc", text)
		var old tree // that of the version before the last
		for range 150 {
			n := len(tr.file.Text)
			a := random.IntN(n + 1)
			b := min(n, a+random.IntN(1+random.IntN(60)))
			m := newMapper(tr.file, protocol.UTF16)
			span := m.span(protocol.Range{Start: m.position(a), End: m.position(b)})
			var in strings.Builder
			for range random.IntN(4) {
				in.WriteString(pieces[random.IntN(len(pieces))])
			}
			want := tr.file.Text[:span.Start] + in.String() + tr.file.Text[span.End:]
			next := tr.replace(span, in.String(), old)
			old, tr = tr.leave(), next
			if tr.file.Text != want {
				t.Fatalf("the text is %q, want %q", tr.file.Text, want)
			}
			room = same(t, tr, room)
		}
	}
}

// TestEditsOverTheWire sends edits to a server and wants its findings to be
// those of the text that the client has.
func TestEditsOverTheWire(t *testing.T) {
	c, _ := start(t, rich, nil)
	random := rand.New(rand.NewPCG(3, 4))
	text := good
	c.open(docURI, text)
	for v := int32(2); v < 120; v++ {
		var changes []protocol.TextDocumentContentChangeEvent
		for range 1 + random.IntN(3) {
			m := newMapper(parse("", text).file, protocol.UTF16)
			a := random.IntN(len(text) + 1)
			r := protocol.Range{Start: m.position(a), End: m.position(min(len(text), a+random.IntN(30)))}
			in := pieces[random.IntN(len(pieces))]
			s := m.span(r)
			text = text[:s.Start] + in + text[s.End:]
			changes = append(changes, protocol.TextDocumentContentChangeEvent{Range: &r, Text: in})
		}
		c.change(docURI, v, changes...)
		var want []string
		for _, d := range check.Check(grammar.ParseText("a.dsc", text), nil).Diagnostics {
			want = append(want, fmt.Sprintf("%s %d", d.Code, newMapper(parse("", text).file, protocol.UTF16).position(d.Span.Start).Line))
		}
		var got []string
		for _, d := range c.findings(docURI, v) {
			if d.Code != "" { // of the proof
				got = append(got, fmt.Sprintf("%s %d", d.Code, d.Range.Start.Line))
			}
		}
		// An empty place at a line's end is widened to the line.
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("version %d, %q:\ngot  %v\nwant %v", v, text, got, want)
		}
	}
}

// FuzzEdits edits any text.
func FuzzEdits(f *testing.F) {
	f.Add(good, 10, 20, "x\r")
	f.Add("a\r\nb", 2, 2, "\n")
	f.Add("a\r", 2, 2, "\n")
	f.Add("a\r\n", 2, 3, "")
	f.Add("", 0, 0, "[x]\n")
	f.Fuzz(func(t *testing.T, text string, from, to int, in string) {
		tr := parse("x.dsc", text)
		from = min(max(from, 0), len(text))
		to = min(max(to, from), len(text))
		other := parse("x.dsc", good)
		room := check.Check(other.file, nil).Leave()
		room = same(t, tr.replace(ast.Span{Start: from, End: to}, in, other.leave()), room)
		same(t, tr, room)
	})
}
