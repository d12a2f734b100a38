//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"inscribe/internal/vcard/lab"
)

// controlVar names the variable that names the control socket.
const controlVar = "VCARD_CONTROL"

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "vcard: %v\n", err)
	}
	os.Exit(code)
}

// Exit codes of vcard's own; else it is the command's.
const (
	exitUsage  = 2
	exitFailed = 125
)

func run(args []string) (int, error) {
	if len(args) > 0 && args[0] == "ctl" {
		return tell(args[1:])
	}
	flags := pflag.NewFlagSet("vcard", pflag.ContinueOnError)
	flags.SetInterspersed(false)
	flags.Usage = func() {
		fmt.Fprintf(os.Stderr, "usage: vcard [--cards N] [--blank] [COMMAND ARGUMENT…]\n       vcard ctl WORD…\n\n%s", flags.FlagUsages())
	}
	cards := flags.Int("cards", 1, "number of cards, one or two")
	blank := flags.Bool("blank", false, "leave the cards blank")
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return 0, nil
	} else if err != nil {
		return exitUsage, err
	}
	code := exitFailed
	err := within(*cards, *blank, func(env []string) (err error) {
		code, err = command(flags.Args(), env)
		return err
	})
	if err != nil {
		return exitFailed, err
	}
	return code, nil
}

// within makes the cards, and removes all again.
func within(cards int, blank bool, f func(env []string) error) error {
	dir, err := os.MkdirTemp("", "vcard-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// The clients of the daemon may be other users.
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	l, err := lab.Start(dir, cards)
	if err != nil {
		return err
	}
	defer l.Close()
	for i := range cards {
		if blank {
			break
		}
		if err := l.Personalise(i, values(i)); err != nil {
			return err
		}
	}
	socket := filepath.Join(dir, "control")
	stop, err := listen(socket, l)
	if err != nil {
		return err
	}
	defer stop()
	return f(append(l.Env(), controlVar+"="+socket))
}

// values are those of the lab, or what the environment says.
func values(card int) lab.Values {
	v := lab.DefaultValues()
	if card > 0 {
		v.Label += fmt.Sprint(card + 1)
	}
	for name, value := range map[string]*string{"PIN": &v.PIN, "PUK": &v.PUK, "SIGN_PIN": &v.SignPIN, "SIGN_PUK": &v.SignPUK, "SO_PIN": &v.SOPIN, "SO_PUK": &v.SOPUK} {
		if given := os.Getenv("VCARD_" + name); given != "" {
			*value = given
		}
	}
	return v
}

// command runs the command and gives its exit code. What would end the program is the
// command's, so that nothing is left behind; what is ignored stays so, for both: a
// hang-up under nohup, an interrupt in the background of a script.
func command(args, env []string) (int, error) {
	interrupt := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(interrupt, s)
		}
	}
	defer signal.Stop(interrupt)
	if len(args) == 0 {
		fmt.Printf("export %s\n", strings.Join(env, " "))
		<-interrupt
		return 0, nil
	}
	c := exec.Command(args[0], args[1:]...)
	c.Env = append(os.Environ(), env...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	for {
		select {
		case s := <-interrupt:
			_ = c.Process.Signal(s)
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
					return 128 + int(status.Signal()), nil
				}
				return exit.ExitCode(), nil
			}
			return 0, err
		}
	}
}
