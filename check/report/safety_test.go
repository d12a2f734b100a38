package report

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/mask"
)

var sgr = regexp.MustCompile(`\x1b\[[0-9;]+m`)

// TestSecretsAreMasked looks for the canary that every part of the sample has.
func TestSecretsAreMasked(t *testing.T) {
	for _, format := range formats {
		for _, o := range []Options{{}, {Width: 40}, {Color: true}} {
			got := render(t, format, o, allFiles(t)...)
			if strings.Contains(got, canary) {
				t.Errorf("%s shows the secret:\n%s", format, got)
			}
		}
		if format != Compact && !strings.Contains(render(t, format, Options{}, allFiles(t)...), mask.Mark) {
			t.Errorf("%s shows no mask: the test tests nothing", format)
		}
	}
}

func TestMaskTellsNoLength(t *testing.T) {
	show := func(secret string) string {
		text := "[D]\nPIN=#" + secret + ";x\n"
		return render(t, Text, Options{}, File{Path: "x", Source: source("x", text),
			Secrets: []ast.Span{at(t, text, secret, 0)},
			Diagnostics: []diag.Diagnostic{{
				Code: diag.LiteralSecret, Span: at(t, text, secret, 0), Message: "a PIN", Label: "here",
				Fixes: []diag.Fix{{Title: "f", Edits: []diag.Edit{{Span: at(t, text, ";x", 0), NewText: "!"}}}},
			}},
		})
	}
	want := show("1234")
	for _, secret := range []string{"5", strings.Repeat("long", 50), "a\tb", "証明書", "x\x1by"} {
		if got := show(secret); got != want {
			t.Errorf("%q shows as\n%s", secret, got)
		}
	}
}

func TestScrub(t *testing.T) {
	var m mask.Masker
	for _, v := range []string{"1234", "12", "121212", "end", "12"} {
		m.Add(v)
	}
	for text, want := range map[string]string{
		"x1234y":       "x" + mask.Mark + "y",
		"12, 129":      mask.Mark + ", 129",
		"12121212":     mask.Mark,
		"send the end": "send the " + mask.Mark,
		"nothing":      "nothing",
	} {
		if got := m.Scrub(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWidths(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "証明": 4, "e\u0301": 1, "🙂": 2, "ｱ": 1, "Ａ": 2, "가": 2, "ä•…": 3} {
		if got := columns(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a\tb\nc": "a b c", "\x1b[1m": `\x1b[1m`, "\u009b": `\u009b`, "\xff": `\xff`, "\u202e": `\u202e`, "\U000E0041": `\U000e0041`, "a\u00a0b": `a\u00a0b`,
	} {
		if got := clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzWrite checks what holds for any text and any spans: no panic, no raw
// control character, no secret.
func FuzzWrite(f *testing.F) {
	for _, s := range samples(f) {
		if s.file.Source == nil {
			continue
		}
		text := s.file.Source.Text
		f.Add(text, "message", "new\ntext", 3, 9, 0, len(text), 20, 25, 60)
		f.Add(text, "m\x1b[0m "+canary, canary, len(text), len(text), 5, 5, -1, 1<<40, 0)
	}
	f.Fuzz(func(t *testing.T, text, message, newText string, a, b, c, d, e, g, width int) {
		at := len(text)
		if at > 0 {
			at = (a%at + at) % at
		}
		for at < len(text) && !utf8.RuneStart(text[at]) {
			at++
		}
		text = text[:at] + canary + text[at:]
		secret := ast.Span{Start: at, End: at + len(canary)}
		file := File{
			Path:    "p" + message,
			Source:  source("x", text),
			Secrets: []ast.Span{secret, {Start: e, End: g}},
			Diagnostics: []diag.Diagnostic{{
				Code: diag.Syntax, Severity: diag.Severity(uint(b) % 5), Span: ast.Span{Start: a, End: b},
				Message: message, Label: message + canary, Help: canary + message,
				Related: []diag.Label{{Span: ast.Span{Start: c, End: d}, Message: message}, {Span: ast.Span{Start: b, End: g}, Message: newText}, {Span: secret}},
				Fixes: []diag.Fix{
					{Title: message, Edits: []diag.Edit{{Span: ast.Span{Start: c, End: d}, NewText: newText}, {Span: ast.Span{Start: g, End: e}, NewText: canary}}},
					{Title: newText, Edits: []diag.Edit{{Span: ast.Span{Start: e, End: e}, NewText: newText}}},
				},
			}, {
				Code: diag.InvalidValue, Severity: diag.Warning, Span: ast.Span{Start: c, End: d}, Message: message, Label: newText,
				Related: []diag.Label{{Span: ast.Span{Start: a, End: b}, Message: message}},
				Fixes:   []diag.Fix{{Title: "t", Edits: []diag.Edit{{Span: ast.Span{Start: a, End: b}, NewText: newText + "CANARY"}}}},
			}},
		}
		file.Path = strings.ReplaceAll(file.Path, canary, "")
		for _, format := range formats {
			got := render(t, format, Options{Width: width % 200}, file)
			if strings.ContainsRune(got, '\x1b') {
				t.Errorf("%s: a raw escape character", format)
			}
			if strings.Contains(got, canary) {
				t.Errorf("%s shows the secret:\n%s", format, got)
			}
		}
		if got := sgr.ReplaceAllString(render(t, Text, Options{Color: true}, file), ""); strings.ContainsRune(got, '\x1b') {
			t.Error("a raw escape character beside the colours")
		}
	})
}
