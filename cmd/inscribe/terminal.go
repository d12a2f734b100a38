package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

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
	f, ok := behind(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is that of the terminal behind w, 100 where there is none.
func width(w io.Writer) int {
	if f, ok := behind(w).(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 100
}

var (
	errNoTerminal = errors.New("there is no terminal to ask on")
	errNoAnswer   = errors.New("nothing was entered: the terminal's input ended (Ctrl-D)")
)

// askSecret asks on the controlling terminal without echo, never on standard
// input, which may carry a file.
func askSecret(ctx context.Context, prompt string) (secret.Secret, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return secret.Secret{}, errNoTerminal
	}
	defer tty.Close()
	restore, err := quiet(tty)
	if err != nil {
		return secret.Secret{}, err
	}
	fmt.Fprintf(tty, "%s: ", clean(prompt))
	line, err := readLine(ctx, tty)
	restore(err != nil)
	fmt.Fprintln(tty)
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New(line), nil
}

// askYes asks for a yes on the controlling terminal. The end of its input is a no.
func askYes(ctx context.Context, question string) bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	fmt.Fprintf(tty, "%s [yes/no] ", clean(question))
	line, err := readLine(ctx, tty)
	if err != nil {
		fmt.Fprintln(tty)
	}
	return strings.TrimSpace(string(line)) == "yes"
}

// longestLine is what a terminal gives as one line, and more.
const longestLine = 4096

// readLine reads one line of a terminal, or ends with the context. What was typed on a
// line that did not end is nobody's answer.
func readLine(ctx context.Context, tty io.Reader) ([]byte, error) {
	return await(ctx, func() ([]byte, error) {
		line := make([]byte, 0, longestLine) // growing would leave copies of a secret behind
		var b [1]byte
		for {
			n, err := tty.Read(b[:])
			switch {
			case errors.Is(err, io.EOF):
				return nil, errNoAnswer
			case err != nil:
				return nil, err
			case n == 0:
			case b[0] == '\n':
				return bytes.TrimSuffix(line, []byte("\r")), nil
			default:
				line = append(line, b[0])
			}
		}
	})
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
