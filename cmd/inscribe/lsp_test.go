package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func lspFrame(body string) string {
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

const (
	lspInitialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}`
	lspShutdown   = `{"jsonrpc":"2.0","id":2,"method":"shutdown"}`
	lspExit       = `{"jsonrpc":"2.0","method":"exit"}`
)

func TestLSPOnTheStandardStreams(t *testing.T) {
	r := inscribe(t, lspFrame(lspInitialize)+lspFrame(lspShutdown)+lspFrame(lspExit), "lsp")
	if r.code != exitOK || !strings.Contains(r.stdout, `"hoverProvider":true`) || !strings.Contains(r.stdout, `"id":2`) || r.stderr != "" {
		t.Errorf("%+v", r)
	}
	// --stdio is what some clients add.
	if r := inscribe(t, lspFrame(lspInitialize), "lsp", "--stdio"); r.code != 1 || !strings.Contains(r.stdout, `"id":1`) || r.stderr != "" {
		t.Errorf("a client that dies: %+v", r)
	}
	if r := inscribe(t, "", "lsp", "x"); r.code != exitUsage {
		t.Errorf("with an argument: %+v", r)
	}
}

func TestLSPListensOnThisMachineOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0", "example.org:0"} {
		if r := inscribe(t, "", "lsp", "--listen", address); r.code != exitUsage {
			t.Errorf("%s: %+v", address, r)
		}
	}
}

func TestLSPOverTCP(t *testing.T) {
	talk := &firstLine{line: make(chan string, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &app{ctx: ctx, stdin: strings.NewReader(""), stdout: talk, stderr: talk, getenv: func(string) string { return "" }}
	code := make(chan int, 1)
	go func() { code <- a.run([]string{"lsp", "--listen", "0"}) }()
	address := strings.TrimSpace(strings.TrimPrefix(<-talk.line, "listening on "))
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, lspFrame(lspInitialize))
	answer, err := bufio.NewReader(conn).ReadString('}')
	if err != nil || !strings.HasPrefix(answer, "Content-Length: ") {
		t.Errorf("%q, %v", answer, err)
	}
	fmt.Fprint(conn, lspFrame(lspShutdown)+lspFrame(lspExit))
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d", c)
	}
}

// TestLSPPorts tells a number from what is none.
func TestLSPPorts(t *testing.T) {
	for _, address := range []string{"foo", "99999", "-1", "127.0.0.1:http", "127.0.0.1", "[::1", "4711x"} {
		if r := inscribe(t, "", "lsp", "--listen="+address); r.code != exitUsage || !strings.Contains(r.stderr, "give a PORT of 0 to 65535, or HOST:PORT") {
			t.Errorf("%s: %+v", address, r)
		}
	}
}

type firstLine struct{ line chan string }

func (f *firstLine) Write(p []byte) (int, error) {
	select {
	case f.line <- string(p):
	default:
	}
	return len(p), nil
}

// TestLSPEndsWithItsParent has an editor die while another process still holds
// the stream that leads to the server.
func TestLSPEndsWithItsParent(t *testing.T) {
	parent := exec.Command("inscribe", "lsp") // any process that waits
	hold, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	server := exec.Command("inscribe", "lsp")
	in, _ := server.StdinPipe()
	out, _ := server.StdoutPipe()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	ended := make(chan error, 1)
	fmt.Fprint(in, lspFrame(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":%d,"capabilities":{}}}`, parent.Process.Pid)))
	if _, err := bufio.NewReader(out).ReadString('}'); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- server.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("the server ends while its parent lives: %v", err)
	case <-time.After(3 * time.Second):
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	select {
	case <-ended:
		if code := server.ProcessState.ExitCode(); code != exitFindings {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(30 * time.Second):
		_ = server.Process.Kill()
		t.Error("the server outlives its parent")
	}
}

// TestLSPWatchesNoStranger names a process that is not there: the client runs
// where numbers mean others.
func TestLSPWatchesNoStranger(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Skip("no command that ends at once")
	}
	if awaitEnd(context.Background(), gone.Process.Pid) {
		t.Error("a process that was never there has ended")
	}
}

func TestLSPWorkspaceOnDisk(t *testing.T) {
	inFolder(t, map[string]string{"a.dsc": "x", "sub/B.DSC": "x", ".git/c.dsc": "x", "node_modules/d.dsc": "x", "e.txt": "x"})
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	found, err := workspace{}.Descriptions(context.Background(), filepath.ToSlash(dir))
	if want := []string{filepath.ToSlash(filepath.Join(dir, "a.dsc")), filepath.ToSlash(filepath.Join(dir, "sub", "B.DSC"))}; err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v, %v; want %v", found, err, want)
	}
	for path, there := range map[string]bool{dir: true, dir + "/none": false, dir + "/a.dsc/inscribe.toml": false, dir + "/" + strings.Repeat("x", 300): false, dir + "/a\x00b": false} {
		if _, err := (workspace{}).Read(filepath.ToSlash(path)); err == nil || errors.Is(err, fs.ErrNotExist) == there {
			t.Errorf("reading %q gives %v", path, err)
		}
	}
}

// BenchmarkLSPStart is from the start of the process to the answer of
// initialize.
func BenchmarkLSPStart(b *testing.B) {
	bin := filepath.Join(b.TempDir(), "inscribe")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var all []time.Duration
	for b.Loop() {
		begin := time.Now()
		cmd := exec.Command(bin, "lsp")
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		fmt.Fprint(in, lspFrame(lspInitialize))
		if _, err := bufio.NewReader(out).ReadString('}'); err != nil {
			b.Fatal(err)
		}
		all = append(all, time.Since(begin))
		fmt.Fprint(in, lspFrame(lspShutdown)+lspFrame(lspExit))
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}
