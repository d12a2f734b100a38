package station

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/hashicorp/go-multierror"

	"inscribe/check/config"
	"inscribe/check/profile"
)

// envVar names the variable that names the file.
const envVar = "INSCRIBE_STATION"

// Station is one station.toml. The zero value is a machine without one.
type Station struct {
	Path       string                `toml:"-"`
	Middleware map[string]Middleware `toml:"middleware"`
	CA         map[string]CA         `toml:"ca"`
	Plans      Plans                 `toml:"plans"`
}

// Plans says which plans run here.
type Plans struct {
	// Signers are PEM files of public keys. Where there are any, only saved plans
	// signed by one of them run.
	Signers []string `toml:"signers"`
}

// Middleware says what stands for a library on this machine.
type Middleware struct {
	Module  string `toml:"module"`
	Profile string `toml:"profile"`
	// Init is the string that some modules want at initialisation (pReserved
	// of C_Initialize).
	Init      string            `toml:"init"`
	Default   Slot              `toml:"default"`
	Signature Slot              `toml:"signature"`
	Env       map[string]string `toml:"env"`
	Hook      Hook              `toml:"hook"`
}

// Hook holds the commands for what a card cannot do over PKCS#11, each with its
// arguments, none of them secret.
type Hook struct {
	Initialise []string `toml:"initialise"`
}

// Slot says which token is a slot.
type Slot struct {
	Token string `toml:"token"`
}

// CA is a certification authority that certificate templates name.
type CA struct {
	Type string `toml:"type"`
	Dir  string `toml:"dir"` // embedded: the folder with its key
}

// parse reads a station file. Files that it names are relative to its folder, wherever
// the program was started.
func parse(name string, raw []byte) (*Station, error) {
	s := &Station{Path: name}
	if err := config.Decode(name, raw, s); err != nil {
		return nil, err
	}
	// A name without a folder would be a library of the system.
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("station file: %w", err)
	}
	file := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(abs), path)
	}
	for i, signer := range s.Plans.Signers {
		s.Plans.Signers[i] = file(signer)
	}
	var errs *multierror.Error
	for _, m := range slices.Sorted(maps.Keys(s.Middleware)) {
		if p := s.Middleware[m].Profile; p != "" && profile.Lookup(p) == nil {
			errs = multierror.Append(errs, fmt.Errorf("%s: [middleware.%q]: %s", name, m, (*config.Config)(nil).NoProfile(p)))
		}
		if h := s.Middleware[m].Hook.Initialise; len(h) > 0 && !filepath.IsAbs(h[0]) {
			errs = multierror.Append(errs, fmt.Errorf("%s: [middleware.%q]: hook.initialise: %q must be an absolute path", name, m, h[0]))
		}
		if s.Middleware[m].Module == "" {
			errs = multierror.Append(errs, fmt.Errorf("%s: [middleware.%q]: module is missing", name, m))
		}
		entry := s.Middleware[m]
		entry.Module = file(entry.Module)
		s.Middleware[m] = entry
	}
	for _, c := range slices.Sorted(maps.Keys(s.CA)) {
		if t := s.CA[c].Type; t != "embedded" {
			errs = multierror.Append(errs, fmt.Errorf("%s: [ca.%s]: type is %q; there is embedded", name, c, t))
		} else if s.CA[c].Dir == "" {
			errs = multierror.Append(errs, fmt.Errorf("%s: [ca.%s]: dir is missing", name, c))
		}
		entry := s.CA[c]
		entry.Dir = file(entry.Dir)
		s.CA[c] = entry
	}
	return s, errs.ErrorOrNil()
}

// Load finds and reads the station file: the one named, else that of the
// environment, else the user's and then the system's. Without any it gives an
// empty station.
func Load(named string, getenv func(string) string) (*Station, error) {
	explicit := named
	if explicit == "" {
		explicit = getenv(envVar)
	}
	if explicit != "" {
		return read(explicit)
	}
	for _, path := range places(getenv) {
		s, err := read(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	return &Station{}, nil
}

func read(path string) (*Station, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("station file: %w", err)
	}
	return parse(path, raw)
}

// places are where a station file is looked for. A folder that is relative counts as
// none (XDG Base Directory Specification): what lies where the program is started may be
// anybody's, and the file says what is loaded and run.
func places(getenv func(string) string) []string {
	var out []string
	in := func(dir string, path ...string) bool {
		if filepath.IsAbs(dir) {
			out = append(out, filepath.Join(append([]string{dir}, path...)...))
		}
		return filepath.IsAbs(dir)
	}
	if runtime.GOOS == "windows" {
		in(getenv("APPDATA"), "Inscribe", "station.toml")
		in(getenv("ProgramData"), "Inscribe", "station.toml")
		return out
	}
	if !in(getenv("XDG_CONFIG_HOME"), "inscribe", "station.toml") {
		in(getenv("HOME"), ".config", "inscribe", "station.toml")
	}
	return append(out, "/etc/inscribe/station.toml")
}

// For gives the entry for a library as a description names it.
func (s *Station) For(library string) (Middleware, bool) {
	name, ok := config.MatchLibrary(library, slices.Sorted(maps.Keys(s.Middleware)))
	return s.Middleware[name], ok
}
