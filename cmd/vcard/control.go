//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"inscribe/internal/vcard"
	"inscribe/internal/vcard/lab"
	"inscribe/internal/vcard/myeid"
)

// listen answers on the control socket: a line of words, and a line of "ok" or
// "error" with what there is to say.
func listen(socket string, l *lab.Lab) (stop func(), err error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					answer, err := obey(l, strings.Split(lines.Text(), "\t"))
					if err != nil {
						answer = "error\t" + strings.ReplaceAll(err.Error(), "\n", " ")
					} else {
						answer = "ok\t" + answer
					}
					if _, err := fmt.Fprintln(conn, answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return func() { _ = listener.Close() }, nil
}

// tell sends the words of "vcard ctl" and prints the answer.
func tell(words []string) (int, error) {
	socket := os.Getenv(controlVar)
	if socket == "" {
		return exitUsage, fmt.Errorf("%s is not set; ctl works in a command that vcard runs", controlVar)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return exitFailed, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintln(conn, strings.Join(words, "\t")); err != nil {
		return exitFailed, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return exitFailed, err
	}
	outcome, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
	if outcome != "ok" {
		return 1, errors.New(text)
	}
	if text != "" {
		fmt.Println(text)
	}
	return 0, nil
}

// word is a word of ctl: how many arguments follow the reader, and what it does.
type word struct {
	arguments int
	do        func(r *vcard.Reader, c *myeid.Card, args []string) (string, error)
}

var words = map[string]word{
	"pull":   {0, func(r *vcard.Reader, _ *myeid.Card, _ []string) (string, error) { r.Pull(); return "", nil }},
	"insert": {0, func(r *vcard.Reader, _ *myeid.Card, _ []string) (string, error) { return "", r.Insert() }},
	"count": {0, func(r *vcard.Reader, _ *myeid.Card, _ []string) (string, error) {
		return strconv.Itoa(r.Count()), nil
	}},
	"pull-at": {2, func(r *vcard.Reader, _ *myeid.Card, args []string) (string, error) {
		n, err := strconv.Atoi(args[0])
		when, known := map[string]vcard.Tear{"before": vcard.BeforeCommand, "after": vcard.BeforeResponse}[args[1]]
		if err != nil || !known {
			return "", errors.New("pull-at wants the number of an APDU, and before or after")
		}
		r.PullAt(n, when)
		return "", nil
	}},
	"tries": {1, func(_ *vcard.Reader, c *myeid.Card, args []string) (string, error) {
		ref, err := reference(args[0])
		pin, puk := c.Tries(ref)
		return fmt.Sprint(pin, puk), err
	}},
	"swap-pins": {2, func(_ *vcard.Reader, c *myeid.Card, args []string) (string, error) {
		a, err := reference(args[0])
		b, err2 := reference(args[1])
		if err := errors.Join(err, err2); err != nil {
			return "", err
		}
		c.SwapPINs(a, b)
		return "", nil
	}},
	"swap-guards": {2, func(_ *vcard.Reader, c *myeid.Card, args []string) (string, error) {
		a, err := reference(args[0])
		b, err2 := reference(args[1])
		if err := errors.Join(err, err2); err != nil {
			return "", err
		}
		c.SwapGuards(a, b)
		return "", nil
	}},
	"snapshot": {1, func(_ *vcard.Reader, c *myeid.Card, args []string) (string, error) {
		b, err := c.Snapshot()
		if err != nil {
			return "", err
		}
		return "", os.WriteFile(args[0], b, 0o600)
	}},
	"restore": {1, func(r *vcard.Reader, c *myeid.Card, args []string) (string, error) {
		if r.Inserted() {
			return "", errors.New("pull the card first: programs keep what they have read of it")
		}
		b, err := os.ReadFile(args[0])
		if err != nil {
			return "", err
		}
		return "", c.Restore(b)
	}},
}

func reference(text string) (byte, error) {
	n, err := strconv.ParseUint(text, 10, 4)
	if err != nil || n < 1 || n > 14 {
		return 0, fmt.Errorf("%q is no reference of a PIN; there are 1 to 14", text)
	}
	return byte(n), nil
}

func obey(l *lab.Lab, line []string) (string, error) {
	w, known := words[line[0]]
	if !known {
		return "", fmt.Errorf("there is no %q; see the documentation of the command vcard", line[0])
	}
	if len(line) != 2+w.arguments {
		return "", fmt.Errorf("%s wants a reader and %d arguments", line[0], w.arguments)
	}
	n, err := strconv.Atoi(line[1])
	if err != nil || n < 0 || n >= len(l.Readers) {
		return "", fmt.Errorf("there is no reader %q; they count from 0", line[1])
	}
	return w.do(l.Readers[n], l.Cards[n], line[2:])
}
