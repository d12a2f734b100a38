package config

import (
	"errors"
	"fmt"
)

// A page in a browser has no inscribe.toml, and a reader of TOML would be the
// largest part of it.
func decode([]byte, any) error { return errors.New("this build reads no inscribe.toml") }

// Located gives an error of decode the name of its file.
func Located(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }
