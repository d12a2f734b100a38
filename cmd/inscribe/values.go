package main

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/exec"
	"inscribe/internal/secret"
)

// inputs reads the values of --field and --fields for a description.
func (a *app) inputs(p *check.Program) (exec.Inputs, error) {
	in, columns, err := a.given(p)
	if err != nil {
		return in, err
	}
	return in, evaluate(p, in, columns)
}

// given reads the values as they are given: those of fields, and those of database
// fields in right-hand sides.
func (a *app) given(p *check.Program) (in exec.Inputs, columns map[string]string, err error) {
	in = exec.Inputs{Text: map[string]string{}, Secrets: map[string]secret.Secret{}, Literals: literals(p)}
	columns = map[string]string{}
	for _, file := range a.opts.fieldFiles {
		if err := a.fieldsFile(p, in, columns, file); err != nil {
			return in, nil, err
		}
	}
	given := spellings{}
	for _, arg := range a.opts.fields {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return in, nil, usagef("--field wants NAME=VALUE")
		}
		n, err := a.named(p, name)
		if err != nil {
			return in, nil, err
		}
		if err := given.add(n, name); err != nil {
			return in, nil, usagef("--field: %w", err)
		}
		if err := a.bind(p, in, columns, n, value, true); err != nil {
			return in, nil, err
		}
	}
	return in, columns, nil
}

// literals are the secrets that stand in the description, by keyword.
func literals(p *check.Program) map[string]secret.Secret {
	out := map[string]secret.Secret{}
	for _, s := range p.Description.Settings {
		if s.Keyword.Secret() && s.Value.Form == check.FixedValue {
			out[s.Keyword.Name] = s.Value.Secret
		}
	}
	return out
}

// evaluate gives the fields with a right-hand side their value, where the
// database fields in it have one. A value given for the field itself wins.
func evaluate(p *check.Program, in exec.Inputs, columns map[string]string) error {
	for _, f := range p.Fields {
		_, bound := in.Text[f.Name]
		if f.Binding == nil || bound || in.Secrets[f.Name].IsSet() {
			continue
		}
		if slices.ContainsFunc(f.Columns(), func(c string) bool { _, ok := columns[c]; return !ok }) {
			continue
		}
		v, _, err := f.Evaluate(func(c string) (string, bool) { v, ok := columns[c]; return v, ok })
		if err != nil {
			return &exitError{code: exitRefused, err: err}
		}
		if f.Secret() {
			in.Secrets[f.Name] = secret.FromString(v)
		} else {
			in.Text[f.Name] = v
		}
	}
	return nil
}

func (a *app) fieldsFile(p *check.Program, in exec.Inputs, columns map[string]string, file string) error {
	raw, err := a.read(file)
	if err != nil {
		return fmt.Errorf("--fields: %w", err)
	}
	var values map[string]string
	if err := isUTF8(raw, file); err != nil {
		return usagef("--fields: %w", err)
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		if at, known := offsetOf(err); known {
			file += ":" + placeIn(raw, at)
		}
		return usagef("--fields: %s is no JSON object of texts, like {\"NAME\": \"env:VAR\"}", file)
	}
	secrets, given := false, spellings{}
	for _, m := range members(raw) {
		n, err := a.named(p, m.name)
		if err == nil {
			if err = given.add(n, m.name); err != nil {
				err = usagef("%w", err)
			}
		}
		if err == nil {
			err = a.bind(p, in, columns, n, values[m.name], false)
		}
		if err != nil {
			return fmt.Errorf("--fields: %s:%s: %w", file, placeIn(raw, m.at), err)
		}
		secrets = secrets || literal(values[m.name]) && n.field.Secret()
	}
	if secrets {
		a.warnOfReaders(file)
	}
	return nil
}

// member is a name in a JSON object, and where it stands.
type member struct {
	name string
	at   int
}

// isUTF8 refuses a file that is in another encoding, of which nobody tells the name.
func isUTF8(raw []byte, file string) error {
	if utf8.Valid(raw) {
		return nil
	}
	good := 0
	for good < len(raw) {
		r, n := utf8.DecodeRune(raw[good:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		good += n
	}
	return fmt.Errorf("%s:%s: this is no UTF-8; %s", file, placeIn(raw, good), toUTF8)
}

// toUTF8 says what to do with a text that is in another encoding.
const toUTF8 = "convert it, for example with iconv -f WINDOWS-1252 -t UTF-8"

// members are the names in a JSON object of texts, each as often as it is there.
func members(raw []byte) (out []member) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	for i := 0; ; i++ {
		before := raw[dec.InputOffset():]
		token, err := dec.Token()
		if err != nil {
			return out
		}
		if name, ok := token.(string); ok && i%2 == 1 { // behind the brace, and behind each value
			out = append(out, member{name, len(raw) - len(bytes.TrimLeft(before, ", \t\r\n"))})
		}
	}
}

// warnOfReaders warns of a file with secrets that others can read.
func (a *app) warnOfReaders(file string) {
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		fmt.Fprintf(a.stderr, "inscribe: warning: %s holds secrets and others can read it; chmod 600\n", file)
	}
}

// bind gives a field, or a database field of a right-hand side, its value.
// public says that the value stands in the arguments.
func (a *app) bind(p *check.Program, in exec.Inputs, columns map[string]string, n named, value string, public bool) error {
	f := n.field
	if err := a.mayStandInArguments(f, value, public); err != nil {
		return err
	}
	b, err := a.fieldValue(p, f, n.name(), value)
	switch {
	case err != nil:
		return err
	case !f.Secret() && f.Type != schema.Certificate && f.Type != schema.Data && !utf8.Valid(b):
		return valueError(n.name(), errors.New("it is no UTF-8; "+toUTF8))
	case n.column != "":
		columns[n.column] = string(b)
	case f.Secret():
		in.Secrets[f.Name] = secret.New(b)
	default:
		in.Text[f.Name] = string(b)
	}
	return nil
}

func (a *app) mayStandInArguments(f *check.Field, value string, public bool) error {
	if f.Secret() && public && literal(value) && !a.opts.allowLiterals {
		return usagef("field %s is secret, and every process on this machine can read the arguments; give env:VAR, file:PATH, fd:N or prompt, or say --allow-literal-secrets", f.Name)
	}
	return nil
}

// fieldValue reads the VALUE of a field, or of a database field of its right-hand
// side. Where the run sets it on a token and a person types it, it is asked for as a
// dialog does: nobody can see a slip, and a card keeps it.
func (a *app) fieldValue(p *check.Program, f *check.Field, name, value string) ([]byte, error) {
	if value != prompted || !f.Secret() || !a.sets {
		return a.value(value, name)
	}
	set, validation, err := a.setsField(p, f.Name)
	if err != nil {
		return nil, err
	}
	if !set {
		return a.value(value, name)
	}
	if name != f.Name {
		validation = "" // it is for the whole of the right-hand side
	}
	s, err := askNew(a.ctx, "New "+name, validation)
	if err != nil {
		return nil, valueError(name, err)
	}
	return s.Reveal(), nil
}

// literal reports whether a VALUE holds the value itself.
func literal(value string) bool {
	for _, form := range []string{"env:", "file:", "fd:"} {
		if strings.HasPrefix(value, form) {
			return false
		}
	}
	return value != prompted
}

// prompted is the VALUE that a person types.
const prompted = "prompt"

// valueError names the value that could not be had, and never shows it.
func valueError(what string, err error) error {
	return &exitError{code: exitRefused, err: fmt.Errorf("value of %s: %w", what, err)}
}

// value reads a VALUE: env:VAR, file:PATH, fd:N, prompt, text:…, hex:…, base64:…
// or plain text. Of file: and fd: one line end is dropped, but of DER. Errors name the form
// and never the value.
func (a *app) value(value, what string) ([]byte, error) {
	form, rest, _ := strings.Cut(value, ":")
	fail := func(err error) error { return valueError(what, err) }
	switch form {
	case "text":
		return []byte(rest), nil
	case "env":
		v, ok := os.LookupEnv(rest)
		a.variables = append(a.variables, rest)
		if !ok {
			return nil, fail(fmt.Errorf("the environment has no variable %s", rest))
		}
		return []byte(v), nil
	case "file":
		if err := a.mayBeRead(rest); err != nil {
			return nil, fmt.Errorf("value of %s: %w", what, err)
		}
		b, err := a.readFile(rest)
		if err != nil {
			return nil, fail(err)
		}
		return dropLineEnd(b), nil
	case "fd":
		n, err := strconv.ParseUint(rest, 10, 31)
		if err != nil {
			return nil, usagef("value of %s: fd: wants the number of a file descriptor", what)
		}
		return a.descriptor(n, what)
	case "hex":
		b, err := hex.DecodeString(rest)
		if err != nil {
			return nil, fail(fmt.Errorf("hex: is followed by no hexadecimal text"))
		}
		return b, nil
	case "base64":
		b, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return nil, fail(fmt.Errorf("base64: is followed by no base64 text"))
		}
		return b, nil
	}
	if value == prompted {
		s, err := askSecret(a.ctx, what)
		if err != nil {
			return nil, fail(err)
		}
		return s.Reveal(), nil
	}
	return []byte(value), nil
}

// descriptor reads a file descriptor to its end, and closes it: nobody needs it any more.
func (a *app) descriptor(n uint64, what string) ([]byte, error) {
	if err := a.wasGiven(n); err != nil {
		return nil, fmt.Errorf("value of %s: %w", what, err)
	}
	file := os.Stdin
	if n != 0 {
		file = os.NewFile(uintptr(n), fmt.Sprintf("fd:%d", n))
	}
	a.descriptors[n] = what
	b, err := await(a.ctx, func() ([]byte, error) {
		if n > 2 { // the standard streams stay, or others would come to be in their place
			defer file.Close()
		}
		return io.ReadAll(file)
	})
	if a.ctx.Err() != nil {
		return nil, valueError(what, interrupted{})
	}
	if err != nil {
		return nil, valueError(what, fmt.Errorf("file descriptor %d cannot be read", n))
	}
	return dropLineEnd(b), nil
}

// wasGiven refuses a descriptor that the process was not started with, for the runtime has
// files of its own, and they have numbers too; and one that was read.
func (a *app) wasGiven(n uint64) error {
	first, given := a.descriptors[n]
	switch {
	case first != "":
		return usagef("file descriptor %d can be read once, and gave the value of %s; take another one, or a file", n, first)
	case given || n <= 2:
		return nil
	}
	return refusedf("", "nobody gave this process the file descriptor %d; put %d<FILE behind the command, or take file:PATH (sudo closes what it is not told to keep)", n, n)
}

// descriptorAt is the descriptor whose name in the file system a path is.
func descriptorAt(path string) (n uint64, is bool) {
	dir, name := filepath.Split(filepath.Clean(path))
	n, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		return 0, false
	}
	all, err := os.Stat("/dev/fd")
	if err != nil {
		return 0, false
	}
	info, err := os.Stat(dir)
	return n, err == nil && os.SameFile(info, all)
}

// dropLineEnd takes one line end off. The last byte of DER is none, though one
// certificate in 128 ends in LF or CR.
func dropLineEnd(b []byte) []byte {
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(b, &v); err == nil && len(rest) == 0 && v.Tag == asn1.TagSequence {
		return b
	}
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
