//go:build !js

package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/pelletier/go-toml/v2"
)

func decode(raw []byte, to any) error {
	return toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(to)
}

// Located adds file, line and column to an error of the TOML library.
func Located(name string, err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var errs *multierror.Error
		for _, e := range strict.Errors {
			line, column := e.Position()
			errs = multierror.Append(errs, fmt.Errorf("%s:%d:%d: unknown key %s", name, line, column, strings.Join(e.Key(), ".")))
		}
		return errs.ErrorOrNil()
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, column := decode.Position()
		return fmt.Errorf("%s:%d:%d: %s", name, line, column, strings.TrimPrefix(decode.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", name, err)
}
