package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"inscribe/internal/secret"
)

// colored reports whether output to w is painted: as --color says, and with
// "auto" on a terminal, unless NO_COLOR or a dumb terminal forbid or FORCE_COLOR
// asks.
func (a *app) colored(w io.Writer) bool {
	switch {
	case a.opts.color == "always":
		return true
	case a.opts.color == "never" || a.getenv("NO_COLOR") != "":
		return false
	case a.getenv("FORCE_COLOR") != "":
		return true
	case a.getenv("TERM") == "dumb":
		return false
	}
	return isTerminal(w)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is that of the terminal behind w, 100 where there is none.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 100
}

var errNoTerminal = errors.New("there is no terminal to ask on")

// askSecret asks on the controlling terminal without echo, never on standard
// input, which may carry a file.
func askSecret(prompt string) (secret.Secret, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return secret.Secret{}, errNoTerminal
	}
	defer tty.Close()
	fmt.Fprintf(tty, "%s: ", clean(prompt))
	b, err := term.ReadPassword(int(tty.Fd()))
	fmt.Fprintln(tty)
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New(b), nil
}

// askYes asks for a yes on the controlling terminal.
func askYes(question string) bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	fmt.Fprintf(tty, "%s [yes/no] ", clean(question))
	var answer string
	_, _ = fmt.Fscanln(tty, &answer)
	return answer == "yes"
}

// sayOnTerminal tells the person at the terminal something between questions.
func sayOnTerminal(message string) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer tty.Close()
	fmt.Fprintln(tty, clean(message))
}
