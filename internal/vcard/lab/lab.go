//go:build linux

package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/myeid"
)

// Readers is the number of readers of one daemon: vpcd has no more.
const Readers = 2

// The port of vpcd's first reader; the next reader has the next port.
const port = 0x8C7B

// driver is vpcd where Debian puts it.
const driver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

// OpenSC is the PKCS#11 module of OpenSC where Debian puts it.
const OpenSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

// Lab is a running daemon with a card for each reader.
type Lab struct {
	// Cards and Readers belong together by their index.
	Cards   []*myeid.Card
	Readers []*vcard.Reader

	dir   string
	work  chan func() // runs on the thread that is in the namespaces
	stop  chan struct{}
	once  sync.Once
	ended chan struct{}
	log   lockedBuffer
}

// Start starts a daemon that works in an existing folder, with so many cards,
// each of them inserted.
func Start(dir string, cards int) (*Lab, error) {
	if cards < 1 || cards > Readers {
		return nil, fmt.Errorf("a lab has 1 to %d cards", Readers)
	}
	if err := ready(); err != nil {
		return nil, err
	}
	l := &Lab{dir: dir, work: make(chan func()), stop: make(chan struct{}), ended: make(chan struct{})}
	started := make(chan error)
	go l.thread(started)
	if err := <-started; err != nil {
		return nil, err
	}
	for i := range cards {
		l.Cards, l.Readers = append(l.Cards, nil), append(l.Readers, nil)
		if err := l.Put(i, NewCard(byte(i+1))); err != nil {
			l.Close()
			return nil, fmt.Errorf("card %d: %w\npcscd says: %s", i, err, l.log.String())
		}
	}
	return l, nil
}

// NewCard is a blank card with a serial number that ends so. Those of a lab that has
// just started end in 1 and 2.
func NewCard(end byte) *myeid.Card {
	return myeid.New([10]byte{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, end})
}

// Put puts another card into a reader, in the place of the one that is there.
func (l *Lab) Put(reader int, card *myeid.Card) error {
	if r := l.Readers[reader]; r != nil {
		r.Pull()
	}
	l.Cards[reader] = card
	l.Readers[reader] = vcard.NewReader(card, func() (net.Conn, error) { return l.dial(reader) })
	return l.Readers[reader].Insert()
}

// ready says what is missing, and how to get it.
func ready() error {
	if os.Geteuid() != 0 {
		return errors.New("a lab with emulated cards needs root, for a daemon in namespaces of its own: run it as root (sudo)")
	}
	if _, err := os.Stat(driver); err != nil {
		return fmt.Errorf("%s is missing: install the package vsmartcard-vpcd, or run \"make setup\"", driver)
	}
	if _, err := exec.LookPath(pcscd()); err != nil {
		return errors.New("there is no pcscd: install the package pcscd, or run \"make setup\"")
	}
	return nil
}

// pcscd is the daemon, which may stand where only root's PATH leads.
func pcscd() string {
	if path, err := exec.LookPath("pcscd"); err == nil {
		return path
	}
	return "/usr/sbin/pcscd"
}

// Env is what a program needs to find the cards, in the form NAME=value.
func (l *Lab) Env() []string {
	return []string{"PCSCLITE_CSOCK_NAME=" + l.Socket(), "OPENSC_CONF=" + l.OpenSCConf()}
}

// Socket is the daemon's socket for clients, of the variable PCSCLITE_CSOCK_NAME.
func (l *Lab) Socket() string { return filepath.Join(l.dir, "run", "pcscd.comm") }

// OpenSCConf is the configuration for OpenSC, of the variable OPENSC_CONF.
func (l *Lab) OpenSCConf() string { return filepath.Join(l.dir, "opensc.conf") }

// Close pulls the cards and ends the daemon. A second time it does nothing.
func (l *Lab) Close() {
	for _, r := range l.Readers {
		if r != nil {
			r.Pull()
		}
	}
	l.once.Do(func() { close(l.stop) })
	<-l.ended
}

// thread lives in the daemon's namespaces. It is never unlocked, so that it ends
// with this goroutine and no other one ever runs on it. The daemon dies with it.
func (l *Lab) thread(started chan<- error) {
	defer close(l.ended)
	runtime.LockOSThread()
	daemon, err := l.begin()
	started <- err
	if err != nil {
		return
	}
	defer func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	}()
	for {
		select {
		case f := <-l.work:
			f()
		case <-l.stop:
			return
		}
	}
}

// run is the folder that pcscd has its socket in. It cannot be told another one.
const run = "/run/pcscd"

func (l *Lab) begin() (*exec.Cmd, error) {
	own := filepath.Join(l.dir, "run")
	for _, dir := range []string{own, run, filepath.Join(l.dir, "reader.conf.d")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	reader := fmt.Sprintf("FRIENDLYNAME \"Lab Reader\"\nDEVICENAME /dev/null:%#X\nLIBPATH %s\nCHANNELID %#X\n", port, driver, port)
	if err := os.WriteFile(filepath.Join(l.dir, "reader.conf.d", "vpcd.conf"), []byte(reader), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(l.OpenSCConf(), []byte(openscConf), 0o644); err != nil {
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("no namespaces for the daemon (a container may forbid them; it needs CAP_SYS_ADMIN): %w", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return nil, fmt.Errorf("make the mounts private: %w", err)
	}
	if err := unix.Mount(own, run, "", unix.MS_BIND, ""); err != nil {
		return nil, fmt.Errorf("mount a folder on %s: %w", run, err)
	}
	if err := loopback(); err != nil {
		return nil, fmt.Errorf("bring the loopback interface up: %w", err)
	}
	daemon := exec.Command(pcscd(), "--foreground", "--config", filepath.Join(l.dir, "reader.conf.d"))
	daemon.Stdout, daemon.Stderr = &l.log, &l.log
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := daemon.Start(); err != nil {
		return nil, err
	}
	if err := l.listens(); err != nil {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		return nil, fmt.Errorf("%w\npcscd says: %s", err, l.log.String())
	}
	return daemon, nil
}

// loopback brings the interface lo of this thread's namespace up.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// patience is how long the daemon may take to start.
const patience = 10 * time.Second

// listens waits until the daemon has its socket.
func (l *Lab) listens() error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", l.Socket()); err == nil {
			_ = conn.Close()
			return nil
		}
	}
	return fmt.Errorf("pcscd does not listen on %s after %s", l.Socket(), patience)
}

// dial connects to a reader, from within the daemon's network.
func (l *Lab) dial(reader int) (conn net.Conn, err error) {
	done := make(chan struct{})
	select {
	case l.work <- func() {
		defer close(done)
		conn, err = net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + reader})
	}:
		<-done
		return conn, err
	case <-l.ended:
		return nil, errors.New("the lab is closed")
	}
}

// lockedBuffer keeps what the daemon says.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
