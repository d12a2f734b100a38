package host

import (
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"sync/atomic"
	"time"
)

// These bound the end of a child: how long its exit status is waited for after
// its pipe broke, and how long its output and its last answer are read after it
// has gone, since what the module started may hold these open for ever.
const (
	exitWait   = 2 * time.Second
	outputWait = 500 * time.Millisecond
	lastWords  = 100 * time.Millisecond
)

// process is the running child.
type process struct {
	cmd       *osexec.Cmd
	requests  *os.File
	responses *os.File
	answers   *os.File // our own copy of the child's end of responses
	output    output
	killed    atomic.Bool
	done      chan struct{} // closed once the child was reaped
	waitErr   error         // valid after done
	mark      *mark         // nil where nobody looks for one
}

// startProcess starts the child. The mark is the process's to remove.
func startProcess(command, env []string, m *mark) (*process, error) {
	childIn, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	responses, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		requests.Close()
		return nil, err
	}
	p := &process{
		cmd:       osexec.Command(command[0], command[1:]...),
		requests:  requests,
		responses: responses,
		answers:   childOut,
		done:      make(chan struct{}),
		mark:      m,
	}
	p.cmd.Env = env
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = processAttributes()
	p.cmd.WaitDelay = outputWait
	connect(p.cmd, childIn, childOut, m)

	started := make(chan error, 1)
	go p.run(started)
	err = <-started
	childIn.Close()
	if err != nil {
		childOut.Close()
		p.closePipes()
		return nil, err
	}
	m.started(p.cmd.Process.Pid)
	// Fd makes the reads block in the kernel, which is quicker than the
	// runtime's poller, and takes away their deadlines; see Read.
	responses.Fd()
	return p, nil
}

// run starts the child and reaps it.
func (p *process) run(started chan<- error) {
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.waitErr = p.cmd.Wait()
	close(p.done)
	time.Sleep(lastWords)
	p.killed.Store(true)
	_, _ = p.answers.Write([]byte{0})
	p.answers.Close()
}

// Read reads what the child answers, and gives [io.EOF] once it was reaped or
// killed. It does not rely on the child's end of the pipe for that, which may be
// held open by whatever the module left behind: we have a copy of that end, to
// wake a reader with a byte of our own.
func (p *process) Read(b []byte) (int, error) {
	n, err := p.responses.Read(b)
	if p.killed.Load() {
		return 0, io.EOF
	}
	return n, err
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the child and unblocks whoever talks to it.
func (p *process) kill() {
	p.killed.Store(true)
	if !p.ended() {
		kill(p.cmd.Process)
	}
	_ = p.requests.SetWriteDeadline(time.Unix(1, 0))
	// In a full pipe the byte waits, at most until closePipes.
	go func() { _, _ = p.answers.Write([]byte{0}) }()
}

// reap waits for the child's end and brings it about if need be. It gives up on
// a child that even a kill does not end, as one that is stuck in a driver: the
// goroutine of run then waits for that alone.
func (p *process) reap() {
	if !p.endsWithin(exitWait) {
		p.kill()
		p.endsWithin(exitWait)
	}
	p.mark.remove()
}

func (p *process) endsWithin(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	case <-time.After(d):
		return false
	}
}

func (p *process) closePipes() {
	p.requests.Close()
	p.responses.Close()
}

// fate says how the child ended.
func (p *process) fate() string {
	if !p.ended() {
		return "the module host cannot be ended"
	}
	st := p.cmd.ProcessState
	switch {
	case st == nil:
		return fmt.Sprintf("the module host was lost: %v", p.waitErr)
	case st.Exited():
		return fmt.Sprintf("the module ended its process (%s)", st)
	default:
		return fmt.Sprintf("the module crashed (%s)", st)
	}
}
