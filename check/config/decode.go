//go:build !js

package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
	"github.com/pelletier/go-toml/v2"

	"inscribe/ast/diag"
)

// Decode reads a TOML file into a struct that has all of its keys. Its errors have
// file, line and column, cause and way out.
func Decode(name string, raw []byte, to any) error {
	raw = unmarked(raw)
	if at := notUTF8(raw); at >= 0 {
		return fmt.Errorf("%s:%sthe text is not UTF-8; save the file in this encoding", name, position(raw, at))
	}
	err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(to)
	kind := reflect.TypeOf(to).Elem()
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		var errs *multierror.Error
		for _, e := range strict.Errors {
			line, column := e.Position()
			errs = multierror.Append(errs, fmt.Errorf("%s:%d:%d: unknown key %s%s", name, line, characters(raw, line, column), strings.Join(e.Key(), "."), nearKey(kind, e.Key())))
		}
		return errs.ErrorOrNil()
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, column := decode.Position()
		message := strings.TrimPrefix(decode.Error(), "toml: ")
		if text, ok := wrongType(kind, placesOf(raw).pathAt(line, column), message); ok {
			message = text
		}
		return fmt.Errorf("%s:%d:%d: %s", name, line, characters(raw, line, column), message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// characters is a column of a line in characters instead of bytes.
func characters(raw []byte, line, column int) int {
	for ; line > 1; line-- {
		raw = raw[bytes.IndexByte(raw, '\n')+1:]
	}
	return utf8.RuneCount(raw[:min(column-1, len(raw))]) + 1
}

// unmarked is a text without the byte order mark that Windows puts before it.
func unmarked(raw []byte) []byte { return bytes.TrimPrefix(raw, []byte("\ufeff")) }

// notUTF8 is where a text is not UTF-8, or -1.
func notUTF8(raw []byte) int {
	for at := 0; at < len(raw); {
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// nearKey suggests a key of the table in which an unknown one stands, or a table
// that has such a key. Of a longer path the first unknown part is meant.
func nearKey(kind reflect.Type, path []string) string {
	for i, part := range path {
		if kind = structOf(kind); kind == nil {
			return ""
		}
		if kind.Kind() == reflect.Map {
			kind = kind.Elem()
			continue
		}
		known := keysOf(kind)
		next, ok := fieldOf(kind, part)
		if !ok {
			if near := diag.DidYouMean(part, known); near != "" || i > 0 {
				return near + among(near, known)
			}
			return among("", known)
		}
		kind = next
	}
	return ""
}

// among lists the keys that there are, where none is near.
func among(near string, known []string) string {
	if near != "" {
		return ""
	}
	return "; there are " + strings.Join(known, ", ")
}

// structOf looks through pointers and lists; it is nil for what has no keys.
func structOf(kind reflect.Type) reflect.Type {
	for kind != nil && (kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice) {
		kind = kind.Elem()
	}
	if kind == nil || kind.Kind() != reflect.Struct && kind.Kind() != reflect.Map {
		return nil
	}
	return kind
}

func keysOf(kind reflect.Type) []string {
	var keys []string
	for f := range kind.Fields() {
		if key := f.Tag.Get("toml"); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return keys
}

func fieldOf(kind reflect.Type, key string) (reflect.Type, bool) {
	for f := range kind.Fields() {
		if tag := f.Tag.Get("toml"); tag != "-" && strings.EqualFold(tag, key) {
			return f.Type, true
		}
	}
	return nil, false
}

// mismatch is what the TOML library says of a value of the wrong type. The rest of
// its message names types of Go.
var mismatch = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^cannot (?:decode TOML ([a-z -]+?) into|store an? (array table|table) in) `)
})

// wrongType says in words what a value is and what it should be.
func wrongType(kind reflect.Type, path []string, message string) (string, bool) {
	m := mismatch().FindStringSubmatch(message)
	if m == nil || path == nil {
		return "", false
	}
	for i, part := range path {
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch kind.Kind() {
		case reflect.Map, reflect.Slice:
			kind = kind.Elem()
		case reflect.Struct:
			next, ok := fieldOf(kind, part)
			if !ok {
				return "", false
			}
			kind = next
		default:
			return fmt.Sprintf("%s takes %s and has no keys", strings.Join(path[:i], "."), wanted(kind)), true
		}
	}
	is := m[1] + m[2]
	if words, ok := tomlWords[is]; ok {
		is = words
	}
	return fmt.Sprintf("%s is %s; it takes %s", strings.Join(path, "."), is, wanted(kind)), true
}

var tomlWords = map[string]string{
	"integer": "a number", "float": "a number with a point", "boolean": "true or false", "string": "a text",
	"array": "a list", "table": "a table", "inline table": "a table", "array table": "a list of tables",
}

// wanted says how to write a value of a type.
func wanted(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return wanted(kind.Elem())
	case reflect.String:
		return `a text in quotes, as "…"`
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number without quotes"
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.Struct {
			return "tables, each with [[…]] above it"
		}
		return `a list of texts, as ["…"]`
	default:
		return "a table of keys"
	}
}
