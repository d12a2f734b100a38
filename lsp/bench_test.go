package lsp

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"inscribe/ast"
	"inscribe/lsp/protocol"
)

// sample is a description of about n lines: applications in both slots, with
// comments, fields of their own, and some findings.
func sample(n int) string {
	var b strings.Builder
	b.WriteString("[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Fields]\nPIN=\nSIGN_PIN=\n")
	apps := (n - 20) / 8
	for i := range apps {
		fmt.Fprintf(&b, "LABEL_%d=\n", i)
	}
	b.WriteString("\n[Description]\nPKCS11Library=yourMiddleware.dll\nPIN=PIN\nSignPIN=SIGN_PIN\nApplicationList=")
	for i := range apps {
		b.WriteRune(rune(0x4e00 + i))
	}
	b.WriteString("\nClearFields=PIN,SIGN_PIN\n")
	for i := range apps {
		location := "Location=#Signature"
		if i%2 == 0 {
			location = "# in the default slot"
		}
		size := 3072 - 1024*(i%2)*(i%3%2)
		fmt.Fprintf(&b, "\n[Application_%c]\n# one of many\nKeySize=%d\nCertTempl=myTemplate%d\n%s\nKeyLabel=LABEL_%d\n", rune(0x4e00+i), size, i, location, i)
	}
	return b.String()
}

// quantiles reports the median and the 99th percentile beside the mean.
func quantiles(b *testing.B, all []time.Duration) {
	slices.Sort(all)
	at := func(q int) float64 { return float64(all[min(len(all)-1, len(all)*q/100)].Nanoseconds()) / 1e6 }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// TestCostOfAKeystroke holds what does not depend on the machine: how much memory
// a change of one character asks for, from the edit to the message with the
// findings. That is what makes the slowest keystrokes slow, since it has to be
// collected.
func TestCostOfAKeystroke(t *testing.T) {
	for lines, most := range map[int]struct{ pieces, kilobytes uint64 }{200: {330, 26}, 5000: {2000, 200}} {
		var r readers
		d := newDocument(docURI, nil, parse("x.dsc", sample(lines)), protocol.UTF16, nil)
		d.spare = &r.spare
		d.program()
		at := d.file().Table().Start(lines / 2)
		var findings []protocol.Diagnostic
		var frame []byte
		keystroke := func() {
			reader, was := r.enter(), d
			d = d.edited(1, d.tree.replace(ast.Span{Start: at, End: at}, "#", d.spare.takeTree()), protocol.UTF16)
			r.retire(was)
			findings = new(state).copy().findings(d, findingStyle{}, findings)
			frame = (&publication{URI: docURI, Diagnostics: findings}).AppendJSON(frame[:0])
			r.leave(reader)
		}
		for range 3 {
			keystroke() // makes room
		}
		const runs = 20
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			keystroke()
		}
		runtime.ReadMemStats(&after)
		pieces, kilobytes := (after.Mallocs-before.Mallocs)/runs, (after.TotalAlloc-before.TotalAlloc)/runs>>10
		t.Logf("%d lines: %d pieces, %d KB", lines, pieces, kilobytes)
		if pieces > most.pieces || kilobytes > most.kilobytes {
			t.Errorf("%d lines: %d pieces and %d KB, more than %d and %d", lines, pieces, kilobytes, most.pieces, most.kilobytes)
		}
	}
}

// BenchmarkChange types one character and waits for the findings of that
// version, through the whole server.
func BenchmarkChange(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, _ := start(b, rich, nil)
			text := sample(n)
			c.open(docURI, text)
			c.findings(docURI, 1)
			line := uint32(strings.Count(text, "\n") / 2)
			version := int32(1)
			var all []time.Duration
			for b.Loop() {
				version++
				edit := protocol.TextDocumentContentChangeEvent{Range: &protocol.Range{Start: protocol.Position{Line: line}, End: protocol.Position{Line: line}}, Text: "#"}
				if version%2 == 1 {
					edit.Range.End.Character, edit.Text = 1, ""
				}
				c.mu.Lock()
				c.published = c.published[:0]
				c.mu.Unlock()
				begin := time.Now()
				c.change(docURI, version, edit)
				c.findings(docURI, version)
				all = append(all, time.Since(begin))
			}
			quantiles(b, all)
		})
	}
}

func benchmarkRequest(b *testing.B, n int, method string, place func(text string) protocol.Position) {
	c, _ := start(b, rich, nil)
	text := sample(n)
	c.open(docURI, text)
	c.findings(docURI, 1)
	p := at(place(text))
	c.call(method, p, nil) // the plan is there
	var all []time.Duration
	for b.Loop() {
		begin := time.Now()
		c.call(method, p, nil)
		all = append(all, time.Since(begin))
	}
	quantiles(b, all)
}

// last is a place in the last application.
func last(what string) func(string) protocol.Position {
	return func(text string) protocol.Position {
		return newMapper(parse("", text).file, protocol.UTF16).position(strings.LastIndex(text, what) + len(what))
	}
}

func BenchmarkHover(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkRequest(b, n, "textDocument/hover", last("KeySi")) })
	}
}

func BenchmarkCompletion(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkRequest(b, n, "textDocument/completion", last("\nKe")) })
	}
}

func BenchmarkSemanticTokens(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkRequest(b, n, "textDocument/semanticTokens/full", last("Ke"))
		})
	}
}

// BenchmarkInitialize connects and waits for the answer; the start of the
// process comes on top.
func BenchmarkInitialize(b *testing.B) {
	var all []time.Duration
	for b.Loop() {
		begin := time.Now()
		c, _ := start(b, rich, nil)
		all = append(all, time.Since(begin))
		c.conn.Close()
	}
	quantiles(b, all)
}

// BenchmarkOpen is the cold path: a document is opened, and its findings come.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, _ := start(b, rich, nil)
			text := sample(n)
			var all []time.Duration
			for i := 0; b.Loop(); i++ {
				uri := protocol.DocumentURI(fmt.Sprintf("file:///cards/%d.dsc", i))
				c.mu.Lock()
				c.published = c.published[:0]
				c.mu.Unlock()
				begin := time.Now()
				c.open(uri, text)
				c.findings(uri, 1)
				all = append(all, time.Since(begin))
				c.notify("textDocument/didClose", protocol.TextDocumentParams{TextDocument: protocol.TextDocumentIdentifier{URI: uri}})
			}
			quantiles(b, all)
		})
	}
}

// BenchmarkReparse is the server's own share of a keystroke: the text and its
// tree, without the check.
func BenchmarkReparse(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t := parse("x.dsc", sample(n))
			at := t.file.Table().Start(n / 2)
			var all []time.Duration
			for b.Loop() {
				begin := time.Now()
				t.replace(ast.Span{Start: at, End: at}, "#", tree{})
				all = append(all, time.Since(begin))
			}
			quantiles(b, all)
		})
	}
}

// BenchmarkTokens is semantic tokens without the wire.
func BenchmarkTokens(b *testing.B) {
	for _, n := range []int{200, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := newDocument(docURI, nil, parse("x.dsc", sample(n)), protocol.UTF16, nil)
			d.program()
			var all []time.Duration
			for b.Loop() {
				begin := time.Now()
				d.encode(d.tokens(ast.Span{End: len(d.file().Text)}))
				all = append(all, time.Since(begin))
			}
			quantiles(b, all)
		})
	}
}
