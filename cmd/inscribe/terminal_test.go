//go:build cgo && linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo terminal with the command at its other end.
type terminal struct {
	*machine
	master *os.File
	fd     int
	shown  bytes.Buffer // all that appeared on the screen
	unread int          // what expect has not passed yet begins here
	wait   func() outcome
	kill   func()
	before *unix.Termios
}

// onTerminal starts the command with a controlling terminal of its own. Output
// goes to pipes, so that questions are seen to go to the terminal itself.
func (m *machine) onTerminal(args ...string) *terminal {
	m.Helper()
	return m.atTerminal(false, args...)
}

// atTerminal starts the command with a controlling terminal, whose screen may show
// its errors too.
func (m *machine) atTerminal(errors bool, args ...string) *terminal {
	m.Helper()
	// Not by os.OpenFile: its Fd would make the file blocking, without deadlines.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		m.Fatal(err)
	}
	master := os.NewFile(uintptr(fd), "/dev/ptmx")
	m.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		m.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		m.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		m.Fatal(err)
	}
	defer slave.Close()
	c := m.command(args...)
	var stdout, stderr bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = slave, &stdout, &stderr
	if errors {
		c.Stderr = slave
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	t := &terminal{machine: m, master: master, fd: fd}
	t.before = t.state()
	if err := c.Start(); err != nil {
		m.Fatal(err)
	}
	ended := false
	m.Cleanup(func() {
		if !ended {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	t.kill = func() { _ = c.Process.Kill() }
	t.wait = func() outcome {
		m.Helper()
		err := c.Wait()
		ended = true
		return m.outcome(err, &stdout, &stderr)
	}
	return t
}

// expect waits for a text on the screen.
func (t *terminal) expect(text string) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; {
		if i := strings.Index(t.shown.String()[t.unread:], text); i >= 0 {
			t.unread += i + len(text)
			return
		}
		_ = t.master.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		b := make([]byte, 4096)
		n, err := t.master.Read(b)
		t.shown.Write(b[:n])
		if err != nil && !os.IsTimeout(err) || time.Now().After(end) {
			t.Fatalf("the terminal does not show %q but\n%s\n(%v)", text, t.shown.String(), err)
		}
	}
}

// enter types a line, once the echo is off: a person types after the question,
// and a test is as fast as the question's first letter.
func (t *terminal) enter(line string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		state, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the terminal still echoes")
		}
	}
	if _, err := t.master.WriteString(line + "\n"); err != nil {
		t.Fatal(err)
	}
}

// TestElapsedTimeOnTerminal shows the op that is at work, and for how long it is.
func TestElapsedTimeOnTerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.moduleEnv["SHIM_SLOW"] = "2300"
	m.file("x.dsc", threeKeys)
	term := m.atTerminal(true, "apply", "x.dsc", "--field", "CARD=env:CARD_PIN", "--field", "SIGN=env:SIGN_PIN")
	term.expect("generate a key pair on P-256")
	term.expect("… 1 s")
	term.expect("… 2 s")
	term.expect("\r\x1b[K[")
	term.expect("… ok 2")
	term.expect("close, which logs out … ok") // and the screen is read to its end
	if o := term.wait(); o.code != exitOK {
		t.Fatal(o)
	}
}

// TestDialogOnTerminal changes the signature PIN in a dialog of three entries:
// a value that fails the validation, two that differ, then a good one.
func TestDialogOnTerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("apply", example(t, "08-change-signature-pin.dsc"))
	term.expect("Present SignPIN of the signature slot")
	term.expect(`token "SIGN"`)
	term.enter("5678")
	term.expect("New SignPIN")
	term.enter("abc77")
	term.expect("does not match the validation of the description: [0-9]{4,}")
	term.expect("New SignPIN")
	term.enter("313131")
	term.expect("The same again")
	term.enter("323232")
	term.expect("the two differ")
	term.expect("New SignPIN")
	term.enter("414141")
	term.expect("The same again")
	term.enter("414141")
	o := term.wait()
	if o.code != exitOK {
		t.Fatal(o)
	}
	for _, typed := range []string{"5678", "abc77", "313131", "323232", "414141"} {
		if strings.Contains(term.shown.String()+o.stdout+o.stderr, typed) {
			t.Errorf("the terminal shows %s:\n%s", typed, term.shown.String())
		}
	}
	m.opened(true, "SIGN", "user", "414141")
	m.opened(false, "SIGN", "user", "5678")
}

// TestPromptForField asks for a field with --field NAME=prompt.
func TestPromptForField(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("apply", m.file("x.dsc", oneKey), "--field", "CARD=prompt")
	term.expect("CARD")
	term.enter("1234")
	o := term.wait()
	if o.code != exitOK || strings.Contains(term.shown.String(), "1234") {
		t.Fatalf("%s\n%s", o, term.shown.String())
	}
	m.holds("CARD", "1234", 1, 1, 1)
}

// TestYesOnTerminal asks before it destroys, and anything but yes is no.
func TestYesOnTerminal(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", example(t, "09-initialise.dsc"), "--field", "PIN_FIELD=env:SIGN_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}
	for _, c := range []struct {
		answer string
		code   int
	}{{"y", exitRefused}, {"yes", exitOK}} {
		term := m.onTerminal(args...)
		term.expect("destroys all keys, certificates, data and the PIN")
		term.expect("[yes/no]")
		if _, err := term.master.WriteString(c.answer + "\n"); err != nil {
			t.Fatal(err)
		}
		if o := term.wait(); o.code != c.code {
			t.Fatalf("%q: %s", c.answer, o)
		}
	}
	m.opened(true, "My Token Label", "user", "5678")
}

// TestInterruptAtPrompts ends each question by the keys of a terminal: nothing is
// tried, the terminal is as it was, and half a PIN is shown to nobody.
func TestInterruptAtPrompts(t *testing.T) {
	t.Parallel()
	const interrupt, end = "\x03", "\x04"
	dialog := []string{"apply", example(t, "08-change-signature-pin.dsc")}
	destroy := []string{"apply", example(t, "09-initialise.dsc"), "--field", "PIN_FIELD=env:SIGN_PIN", "--field", "PUK_FIELD=env:CARD_PUK"}
	for _, c := range []struct {
		name, asked, typed string
		args               []string
		code               int
		says               string
	}{
		{"field", "CARD: ", "QQ" + interrupt, []string{"apply", "x.dsc", "--field", "CARD=prompt"}, exitDevice, "value of CARD: interrupted"},
		{"field ended", "CARD: ", end, []string{"apply", "x.dsc", "--field", "CARD=prompt"}, exitRefused, "value of CARD: nothing was entered: the terminal's input ended (Ctrl-D)"},
		{"half a field ended", "CARD: ", "QQ" + end + end, []string{"apply", "x.dsc", "--field", "CARD=prompt"}, exitRefused, "nothing was entered"},
		{"dialog", "Present SignPIN", "QQ" + interrupt, dialog, exitDevice, "interrupted"},
		{"dialog ended", "Present SignPIN", end, dialog, exitRefused, "asking for SignPIN: nothing was entered"},
		{"yes", "[yes/no]", "ye" + interrupt, destroy, exitDevice, "interrupted"},
		{"yes ended", "[yes/no]", end, destroy, exitRefused, "nobody said yes"},
		{"PIN of tokens", "--pin: ", interrupt, []string{"tokens", "--token", "CARD", "--pin", "prompt"}, exitDevice, "value of --pin: interrupted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.file("x.dsc", oneKey)
			m.env["NEW_PIN"] = "9988"
			term := m.onTerminal(c.args...)
			term.expect(c.asked)
			term.keys(c.typed)
			o := term.ends()
			if o.code != c.code || !strings.Contains(o.stderr, c.says) || strings.Contains(o.stderr, "context") {
				t.Errorf("want exit code %d and %q: %s", c.code, c.says, o)
			}
			if after := term.state(); *after != *term.before {
				t.Errorf("the terminal is left otherwise: %+v, was %+v", after, term.before)
			}
			if strings.Contains(term.shown.String()+o.stderr, "QQ") {
				t.Errorf("what was typed shows: %s", term.shown.String())
			}
			m.opened(true, "CARD", "user", "1234")
			m.opened(true, "SIGN", "user", "5678")
		})
	}
}

// TestInterruptAtStandardInput ends a command that waits for its input.
func TestInterruptAtStandardInput(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("apply", m.file("x.dsc", threeKeys), "--field", "SIGN=prompt", "--field", "CARD=fd:0")
	term.expect("SIGN: ") // by then it knows what an interrupt is
	term.enter("5678")
	term.keys("\x03")
	if o := term.ends(); o.code != exitDevice || !strings.Contains(o.stderr, "interrupted") {
		t.Error(o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	endless, writer := io.Pipe()
	defer writer.Close()
	var stdout, stderr bytes.Buffer
	a := &app{ctx: ctx, stdin: endless, stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
	if code := a.run([]string{"fmt"}); code != exitDevice || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
}

// keys types without an end of line.
func (t *terminal) keys(s string) {
	t.Helper()
	if _, err := t.master.WriteString(s); err != nil {
		t.Fatal(err)
	}
}

func (t *terminal) state() *unix.Termios {
	t.Helper()
	state, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// ends waits for the end of the command, which must not hang.
func (t *terminal) ends() outcome {
	t.Helper()
	timer := time.AfterFunc(20*time.Second, t.kill)
	defer timer.Stop()
	return t.wait()
}

// TestNewValuesAreTypedTwice asks for a field again where the plan sets its value, and
// once where it only shows it.
func TestNewValuesAreTypedTwice(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	raw, err := os.ReadFile(example(t, "07-change-signature-puk.dsc"))
	if err != nil {
		t.Fatal(err)
	}
	file := m.file("x.dsc", string(raw)+"\nSignPIN_Validation=reg_exp([0-9]{6})\n")
	term := m.onTerminal("apply", file, "--field", "OLD_SIGN_PUK=prompt", "--field", "NEW_SIGN_PUK=prompt", "--field", "NEW_SIGN_PIN=prompt")
	for _, talk := range [][2]string{
		{"OLD_SIGN_PUK: ", "33334444"},
		{"New NEW_SIGN_PUK: ", "55556666"}, {"The same again: ", "55556667"},
		{"the two differ", ""},
		{"New NEW_SIGN_PUK: ", "55556666"}, {"The same again: ", "55556666"},
		{"New NEW_SIGN_PIN: ", "12345"},
		{"it does not match the validation of the description: [0-9]{6}", ""},
		{"New NEW_SIGN_PIN: ", "991188"}, {"The same again: ", "991188"},
	} {
		term.expect(talk[0])
		if talk[1] != "" {
			term.enter(talk[1])
		}
	}
	if o := term.ends(); o.code != exitOK {
		t.Fatalf("%s\n%s", o, term.shown.String())
	}
	m.opened(true, "SIGN", "so", "55556666")
	m.opened(true, "SIGN", "user", "991188")
}

// TestAnswersAreTypedAsInTheDialog asks for --answer KEYWORD=prompt as the dialog would.
func TestAnswersAreTypedAsInTheDialog(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("apply", example(t, "08-change-signature-pin.dsc"), "--answer", "SignPIN.old=prompt", "--answer", "SignPIN=prompt")
	for _, talk := range [][2]string{{"SignPIN.old: ", "5678"}, {"New SignPIN: ", "abc77"}, {"does not match the validation", ""}, {"New SignPIN: ", "414141"}, {"The same again: ", "414141"}} {
		term.expect(talk[0])
		if talk[1] != "" {
			term.enter(talk[1])
		}
	}
	if o := term.ends(); o.code != exitOK {
		t.Fatal(o)
	}
	m.opened(true, "SIGN", "user", "414141")
}

// TestThePUKOfAFreshTokenIsTypedTwice asks for the SO PIN of an initialisation twice
// where the token gets it then, and once where it has it.
func TestThePUKOfAFreshTokenIsTypedTwice(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	args := []string{"apply", example(t, "09-initialise.dsc"), "--yes", "--field", "PUK_FIELD=prompt", "--field", "PIN_FIELD=env:SIGN_PIN"}
	term := m.onTerminal(append(args, "--token", "fresh")...)
	for _, asked := range []string{"New PUK_FIELD: ", "The same again: "} {
		term.expect(asked)
		term.enter("77776666")
	}
	if o := term.ends(); o.code != exitOK {
		t.Fatal(o)
	}
	m.opened(true, "My Token Label", "so", "77776666")
	term = m.onTerminal(append(args, "--token", "My Token Label")...)
	term.expect("PUK_FIELD: ")
	term.enter("77776666")
	if o := term.ends(); o.code != exitOK || strings.Contains(term.shown.String(), "again") {
		t.Errorf("%s\n%s", o, term.shown.String())
	}
}

// TestThePINsOfAProbeAreTypedTwice asks so for what a fresh token gets.
func TestThePINsOfAProbeAreTypedTwice(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	term := m.onTerminal("probe", module, "--token", "fresh", "--so-pin", "prompt", "--pin", "prompt", "--yes")
	for _, talk := range [][2]string{{"New --so-pin: ", "77776666"}, {"The same again: ", "77776666"}, {"New --pin: ", "1234"}, {"The same again: ", "1235"}, {"the two differ", ""}, {"New --pin: ", "1234"}, {"The same again: ", "1234"}} {
		term.expect(talk[0])
		if talk[1] != "" {
			term.enter(talk[1])
		}
	}
	if o := term.ends(); o.code != exitOK {
		t.Error(o)
	}
}
