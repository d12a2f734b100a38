package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// peerFolder is where "make bench" installs the other language servers.
const peerFolder = ".peers/node_modules/.bin"

// language is a language server with a file that it understands.
type language struct {
	command  []string
	suffix   string
	text     func(lines int) string
	settings map[string]any
	// keyword is the start of a word that has a hover and whose name can be
	// completed, behind the line's indent.
	keyword string
}

var (
	buildOnce sync.Once
	built     string
	buildErr  error
)

// inscribe builds the command as "make build" does and gives its server.
func inscribe(tb testing.TB) language {
	buildOnce.Do(func() {
		dir, err := os.MkdirTemp("", "inscribe-bench-")
		if err != nil {
			buildErr = err
			return
		}
		built = filepath.Join(dir, "inscribe")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", built, "./cmd/inscribe")
		build.Dir = ".."
		if out, err := build.CombinedOutput(); err != nil {
			buildErr = fmt.Errorf("%w: %s", err, out)
		}
	})
	if buildErr != nil {
		tb.Fatal(buildErr)
	}
	return language{
		command: []string{built, "lsp"}, suffix: ".dsc", keyword: "KeyS",
		text: func(lines int) string { return string(description(lines)) },
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

// yaml is yaml-language-server on a file of the same number of lines, with a
// schema for the same keywords. It finds no network: the schema is a file.
func yaml(tb testing.TB) language {
	command, err := filepath.Abs(filepath.Join(peerFolder, "yaml-language-server"))
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(command); err != nil {
		tb.Fatalf("yaml-language-server is not there: %v; make bench installs it", err)
	}
	schema := filepath.Join(tb.TempDir(), "schema.json")
	properties := map[string]any{}
	for _, k := range []string{"KeySize", "CertTempl", "Location", "KeyLabel", "KeyType", "ECCurve"} {
		properties[k] = map[string]any{"description": "The keyword " + k + " of an application."}
	}
	properties["KeySize"].(map[string]any)["type"] = "integer"
	raw, err := json.Marshal(map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "object", "properties": properties}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(schema, raw, 0o600); err != nil {
		tb.Fatal(err)
	}
	return language{
		command: []string{command, "--stdio"}, suffix: ".yaml", keyword: "KeyS", text: yamlText,
		settings: map[string]any{"yaml": map[string]any{
			"validate": true, "hover": true, "completion": true,
			"schemas": map[string]any{"file://" + schema: []string{"*.yaml"}}, "schemaStore": map[string]any{"enable": false},
		}},
	}
}

// yamlText says much the same as description, in as many lines.
func yamlText(lines int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# keys\n")
	for i := 0; strings.Count(b.String(), "\n") < lines-6; i++ {
		fmt.Fprintf(&b, "\n# Key number %d\nApplication_%d:\n  KeySize: 2048\n  CertTempl: template%d\n  Location: Signature\n", i, i, i)
	}
	for n := strings.Count(b.String(), "\n"); n < lines; n++ {
		fmt.Fprintf(&b, "# line %d\n", n)
	}
	return b.String()
}

// client speaks to a server over its standard streams, as an editor does.
type client struct {
	tb      testing.TB
	of      language
	process *exec.Cmd
	in      io.WriteCloser
	id      int
	version int
	answers chan answer
	found   chan findings
	// sent is when the last message began, took how long it was until what it
	// waits for had arrived. What the client makes of it is not the server's.
	sent time.Time
	took time.Duration
}

type answer struct {
	ID      int
	Result  json.RawMessage
	Error   json.RawMessage
	arrived time.Time
}

// findings are those of a version, -1 for findings without one.
type findings struct {
	version int
	arrived time.Time
}

const (
	documentURI = "file:///cards/a"
	patience    = 30 * time.Second
)

// connect starts a server and waits for its answer to initialize.
func connect(tb testing.TB, of language) *client {
	tb.Helper()
	c := &client{tb: tb, of: of, process: exec.Command(of.command[0], of.command[1:]...), answers: make(chan answer, 100), found: make(chan findings, 100)}
	out, err := c.process.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if c.in, err = c.process.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	if err := c.process.Start(); err != nil {
		tb.Fatal(err)
	}
	go c.listen(bufio.NewReader(out))
	c.call("initialize", map[string]any{"processId": os.Getpid(), "rootUri": nil, "capabilities": map[string]any{
		"workspace":    map[string]any{"configuration": true},
		"textDocument": map[string]any{"publishDiagnostics": map[string]any{"versionSupport": true}, "completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true}}},
	}})
	return c
}

// ready tells the server that the session begins.
func (c *client) ready() *client {
	c.notify("initialized", map[string]any{})
	if c.of.settings != nil {
		c.notify("workspace/didChangeConfiguration", map[string]any{"settings": c.of.settings})
	}
	return c
}

func (c *client) end() {
	c.in.Close()
	_ = c.process.Process.Kill()
	_ = c.process.Wait()
}

func (c *client) send(message map[string]any) {
	message["jsonrpc"] = "2.0"
	raw, err := json.Marshal(message)
	if err != nil {
		c.tb.Fatal(err)
	}
	if _, err := fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(raw), raw); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *client) notify(method string, params any) {
	c.sent = time.Now()
	c.send(map[string]any{"method": method, "params": params})
}

func (c *client) call(method string, params any) json.RawMessage {
	c.tb.Helper()
	c.id++
	c.sent = time.Now()
	c.send(map[string]any{"id": c.id, "method": method, "params": params})
	late := time.After(patience)
	for {
		select {
		case a := <-c.answers:
			if a.ID != c.id {
				continue
			}
			c.took = a.arrived.Sub(c.sent)
			if a.Error != nil {
				c.tb.Fatalf("%s: %s", method, a.Error)
			}
			return a.Result
		case <-late:
			c.tb.Fatalf("%s: no answer of %s", method, c.of.command[0])
		}
	}
}

// listen reads what the server sends, and answers what it asks.
func (c *client) listen(r *bufio.Reader) {
	for {
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSpace(line)
			if line == "" {
				break
			}
			if value, ok := strings.CutPrefix(line, "Content-Length:"); ok {
				length, _ = strconv.Atoi(strings.TrimSpace(value))
			}
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(r, raw); err != nil {
			return
		}
		arrived := time.Now()
		var m struct {
			ID     json.RawMessage
			Method string
			Params struct {
				URI     string
				Version *int
				Items   []struct{ Section string }
			}
			Result, Error json.RawMessage
		}
		if json.Unmarshal(raw, &m) != nil {
			continue
		}
		switch {
		case m.Method == "textDocument/publishDiagnostics" && m.Params.URI == c.uri():
			version := -1
			if m.Params.Version != nil {
				version = *m.Params.Version
			}
			c.found <- findings{version, arrived}
		case m.Method == "workspace/configuration":
			list := []any{}
			for _, item := range m.Params.Items {
				list = append(list, c.of.settings[item.Section])
			}
			c.send(map[string]any{"id": m.ID, "result": list})
		case m.Method != "" && m.ID != nil:
			c.send(map[string]any{"id": m.ID, "result": nil})
		case m.Method == "":
			a := answer{Result: m.Result, Error: m.Error, arrived: arrived}
			if json.Unmarshal(m.ID, &a.ID) == nil {
				c.answers <- a
			}
		}
	}
}

func (c *client) uri() string { return documentURI + c.of.suffix }

// findings waits for those of the present version. A server that sends no
// versions has sent those of the last change.
func (c *client) findings() {
	c.tb.Helper()
	late := time.After(patience)
	for {
		select {
		case f := <-c.found:
			if f.version < 0 || f.version == c.version {
				c.took = f.arrived.Sub(c.sent)
				return
			}
		case <-late:
			c.tb.Fatalf("no diagnostics of %s", c.of.command[0])
		}
	}
}

// forget drops findings that are there already.
func (c *client) forget() {
	for len(c.found) > 0 {
		<-c.found
	}
}

func (c *client) open(text string) {
	c.version = 1
	c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": c.uri(), "languageId": strings.TrimPrefix(c.of.suffix, "."), "version": 1, "text": text}})
	c.findings()
}

// type1 puts a character into a comment, or takes it out again, and waits for
// the findings.
func (c *client) type1(text string) {
	c.tb.Helper()
	at := strings.Index(text[len(text)/2:], "\n# Key number") + len(text)/2 + 1
	line := strings.Count(text[:at], "\n")
	c.version++
	end, in := 2, "x"
	if c.version%2 == 1 {
		end, in = 3, ""
	}
	c.forget()
	c.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": c.uri(), "version": c.version}, "contentChanges": []any{
		map[string]any{"range": map[string]any{"start": map[string]any{"line": line, "character": 2}, "end": map[string]any{"line": line, "character": end}}, "text": in}}})
	c.findings()
}

// edits are what somebody does to a file, each made and then taken back: letters
// in comments, names and values, and lines that come and go, all over the file.
type edits struct {
	lines  []string
	random *rand.Rand
	undo   func() (span [4]int, text string)
}

func newEdits(text string) *edits {
	return &edits{lines: strings.SplitAfter(text, "\n"), random: rand.New(rand.NewPCG(1, 2))}
}

// next gives an edit: from line and character to line and character, and what
// comes in between.
func (e *edits) next() (span [4]int, text string) {
	if undo := e.undo; undo != nil {
		e.undo = nil
		return undo()
	}
	at := e.random.IntN(len(e.lines) - 1)
	line := strings.TrimSuffix(e.lines[at], "\n")
	switch e.random.IntN(4) {
	case 0: // a line comes
		e.undo = func() ([4]int, string) { return [4]int{at, 0, at + 1, 0}, "" }
		return [4]int{at, 0, at, 0}, "# a new line\n"
	case 1: // a line goes
		e.undo = func() ([4]int, string) { return [4]int{at, 0, at, 0}, line + "\n" }
		return [4]int{at, 0, at + 1, 0}, ""
	default: // a letter, at the end or in the middle
		column := utf8.RuneCountInString(line)
		if e.random.IntN(2) == 0 {
			column /= 2
		}
		e.undo = func() ([4]int, string) { return [4]int{at, column, at, column + 1}, "" }
		return [4]int{at, column, at, column}, "8"
	}
}

// edit makes the next of the edits and waits for the findings.
func (c *client) edit(e *edits) {
	c.tb.Helper()
	span, text := e.next()
	c.version++
	c.forget()
	c.notify("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": c.uri(), "version": c.version}, "contentChanges": []any{
		map[string]any{"range": map[string]any{"start": map[string]any{"line": span[0], "character": span[1]}, "end": map[string]any{"line": span[2], "character": span[3]}}, "text": text}}})
	c.findings()
}

// position is that of a request about the keyword nearest to the end.
func (c *client) position(text string) map[string]any {
	at := strings.LastIndex(text, c.of.keyword) + len(c.of.keyword)
	start := strings.LastIndexByte(text[:at], '\n') + 1
	return map[string]any{"textDocument": map[string]any{"uri": c.uri()}, "position": map[string]any{"line": strings.Count(text[:at], "\n"), "character": at - start}}
}

// memory is what the process and its children hold, in MB.
func (c *client) memory() float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	if err != nil {
		c.tb.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				c.tb.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	c.tb.Fatal("the system tells no VmRSS")
	return 0
}

// compared writes one line of the table.
func compared(b *testing.B, own, peer times) {
	b.ReportMetric(float64(peer.at(0.5))/float64(own.at(0.5)), "ratio:yaml-language-server")
	b.ReportMetric(own.ms(0.5), "p50-ms")
	b.ReportMetric(own.ms(0.99), "p99-ms")
	b.ReportMetric(peer.ms(0.5), "peer-p50-ms")
	b.ReportMetric(peer.ms(0.99), "peer-p99-ms")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(0, "allocs/op")
	b.ReportMetric(0, "B/op")
}

// BenchmarkServerStart is the cold start: from the process to the answer to
// initialize. The two take turns, the own one with more.
func BenchmarkServerStart(b *testing.B) {
	var own, peer times
	mine, theirs := inscribe(b), yaml(b)
	start := func(t *times, of language) {
		var c *client
		t.run(func() { c = connect(b, of) })
		c.end()
	}
	for b.Loop() {
		for range 10 {
			start(&own, mine)
		}
		start(&peer, theirs)
	}
	compared(b, own, peer)
}

// BenchmarkServerOpen is cold too: the first findings of the first file.
func BenchmarkServerOpen(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			var own, peer times
			mine, theirs := inscribe(b), yaml(b)
			open := func(t *times, of language) {
				c := connect(b, of).ready()
				text := of.text(lines)
				c.open(text)
				*t = append(*t, c.took)
				c.end()
			}
			for b.Loop() {
				for range 10 {
					open(&own, mine)
				}
				open(&peer, theirs)
			}
			compared(b, own, peer)
		})
	}
}

// warm measures what a running server does, with a file open.
func warm(b *testing.B, lines int, action func(c *client, text string)) {
	var own, peer times
	mine, theirs := inscribe(b), yaml(b)
	a, z := connect(b, mine).ready(), connect(b, theirs).ready()
	defer a.end()
	defer z.end()
	text, other := mine.text(lines), theirs.text(lines)
	a.open(text)
	z.open(other)
	for range 20 { // compilers, caches and schemas are ready
		action(a, text)
	}
	for range 5 {
		action(z, other)
	}
	for b.Loop() {
		action(a, text) // the peer's turn let it fall asleep; see BenchmarkServerWoken
		for range 50 {
			action(a, text)
			own = append(own, a.took)
		}
		action(z, other)
		peer = append(peer, z.took)
	}
	compared(b, own, peer)
}

// BenchmarkServerWoken is the first message after a pause, as most are that a person
// causes: threads and caches have to be woken then.
func BenchmarkServerWoken(b *testing.B) {
	for _, of := range []struct {
		name   string
		action func(c *client, text string)
	}{
		{"change", (*client).type1},
		{"completion", func(c *client, text string) { c.call("textDocument/completion", c.position(text)) }},
		{"hover", func(c *client, text string) { c.call("textDocument/hover", c.position(text)) }},
	} {
		b.Run(of.name, func(b *testing.B) {
			c := connect(b, inscribe(b)).ready()
			defer c.end()
			text := c.of.text(200)
			c.open(text)
			var own times
			for b.Loop() {
				for range 20 {
					time.Sleep(100 * time.Millisecond)
					of.action(c, text)
					own = append(own, c.took)
				}
			}
			b.ReportMetric(own.ms(0.5), "p50-ms")
			b.ReportMetric(own.ms(0.99), "p99-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkServerChange is a keystroke: from the change to its findings. The
// peer waits 200 ms on purpose before it looks.
func BenchmarkServerChange(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) { warm(b, lines, (*client).type1) })
	}
}

// BenchmarkServerEdits is the same for edits of several kinds all over the file,
// and of the own one alone, so that there are enough of them to tell the slowest
// hundredth.
func BenchmarkServerEdits(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			c := connect(b, inscribe(b)).ready()
			defer c.end()
			text := c.of.text(lines)
			c.open(text)
			e := newEdits(text)
			for range 20 {
				c.edit(e)
			}
			var own times
			for b.Loop() {
				for range 100 {
					c.edit(e)
					own = append(own, c.took)
				}
			}
			b.ReportMetric(own.ms(0.5), "p50-ms")
			b.ReportMetric(own.ms(0.99), "p99-ms")
			b.ReportMetric(own.ms(1), "max-ms")
			b.ReportMetric(float64(len(own)), "edits")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func BenchmarkServerCompletion(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			warm(b, lines, func(c *client, text string) { c.call("textDocument/completion", c.position(text)) })
		})
	}
}

func BenchmarkServerHover(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			warm(b, lines, func(c *client, text string) { c.call("textDocument/hover", c.position(text)) })
		})
	}
}

// BenchmarkServerMemory is what the processes hold with one file open and some
// changes made.
func BenchmarkServerMemory(b *testing.B) {
	for _, lines := range []int{200, 5000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			held := func(of language) float64 {
				c := connect(b, of).ready()
				defer c.end()
				text := of.text(lines)
				c.open(text)
				for range 10 {
					c.type1(text)
					c.call("textDocument/completion", c.position(text))
				}
				return c.memory()
			}
			own, peer := 0.0, 0.0
			for b.Loop() {
				own, peer = max(own, held(inscribe(b))), max(peer, held(yaml(b)))
			}
			b.ReportMetric(peer/own, "ratio:yaml-language-server")
			b.ReportMetric(own, "MB")
			b.ReportMetric(peer, "peer-MB")
		})
	}
}

// BenchmarkServerMemory100 is what the own one holds with a hundred files open.
func BenchmarkServerMemory100(b *testing.B) {
	own := 0.0
	for b.Loop() {
		c := connect(b, inscribe(b)).ready()
		text := c.of.text(200)
		for i := range 100 {
			c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": fmt.Sprintf("file:///cards/%d.dsc", i), "languageId": "dsc", "version": 1, "text": text}})
		}
		c.open(text)
		time.Sleep(time.Second) // proofs
		own = max(own, c.memory())
		c.end()
	}
	b.ReportMetric(own, "MB")
}

// TestServerBenchmarks keeps them honest: what is measured is an answer with
// something in it, on a file of the number of lines.
func TestServerBenchmarks(t *testing.T) {
	languages := []language{inscribe(t)}
	if _, err := os.Stat(peerFolder); err == nil {
		languages = append(languages, yaml(t))
	}
	for _, of := range languages {
		c := connect(t, of).ready()
		defer c.end()
		text := of.text(200)
		if n := strings.Count(text, "\n"); n != 200 {
			t.Errorf("%s: %d lines", of.suffix, n)
		}
		c.open(text)
		c.type1(text)
		c.type1(text)
		if c.version != 3 {
			t.Errorf("%s: version %d", of.suffix, c.version)
		}
		if got := string(c.call("textDocument/hover", c.position(text))); !strings.Contains(got, "KeySize") {
			t.Errorf("%s: hover is %s", of.suffix, got)
		}
		if got := string(c.call("textDocument/completion", c.position(text))); !strings.Contains(got, "KeySize") {
			t.Errorf("%s: completion is %s", of.suffix, got)
		}
		if mb := c.memory(); mb < 1 {
			t.Errorf("%s: %v MB", of.suffix, mb)
		}
	}
}
