package main

import (
	"fmt"
	"path/filepath"

	"inscribe/exec/ca"
)

func (a *app) ca(args []string) error {
	word, err := one(args, "word, cert or path")
	if err != nil {
		return err
	}
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "ca")
	switch word {
	case "path":
		fmt.Fprintln(a.stdout, dir)
		return nil
	case "cert":
		c, err := ca.Open(dir)
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(c.CertificatePEM())
		return err
	}
	return usagef("ca %s is no command; there are ca cert and ca path", word)
}
