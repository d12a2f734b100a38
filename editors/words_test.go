// Package editors_test keeps what editors are given: the words come from the
// table of keywords, and real editors use the rest.
package editors_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"inscribe/check/schema"
	"inscribe/internal/golden"
)

// words are the keywords in alphabetical order, once each, case aside.
func words(section schema.Section) []string {
	var out []string
	for _, k := range schema.Builtin.In(section) {
		out = append(out, k.Name)
	}
	slices.Sort(out)
	return out
}

func allWords() []string {
	seen := map[string]bool{}
	var out []string
	for _, k := range schema.Builtin.All() {
		if key := strings.ToLower(k.Name); !seen[key] {
			seen[key] = true
			out = append(out, k.Name)
		}
	}
	slices.Sort(out)
	return out
}

// numbered gives the pattern of a word whose digits stand for any.
func numbered(name string) string {
	const digits = "0123456789"
	stem := strings.TrimRight(name, digits)
	if len(name)-len(stem) < 4 {
		return name
	}
	return stem + strings.Repeat("[0-9]", len(name)-len(stem))
}

func vimSyntax() string {
	var b strings.Builder
	b.WriteString(`" Syntax of encoding descriptions.
" Generated from the table of keywords: go test ./editors -update
if exists('b:current_syntax')
  finish
endif

syntax case ignore
syntax match inscribeJunk /^.*$/ contains=NONE
syntax match inscribeEntry /^\s*[^=#;^[][^=]*=.*$/ contains=inscribeName,inscribeValue
syntax match inscribeName /^\s*[^=]*\ze=/ contained contains=inscribeKeyword
syntax match inscribeValue /=\zs.*$/ contained contains=inscribeLiteral,inscribeSpecial,inscribePlaceholder,inscribeBoolean,inscribeNumber,inscribeFunction
syntax match inscribeLiteral /=\@<=\s*#.*$/ contained
syntax match inscribeSpecial /=\@<=\s*!\u\w*/ contained
syntax match inscribePlaceholder /!{[^}]*}/ contained
syntax match inscribeFunction /reg_exp\ze(/ contained
syntax match inscribeNumber /=\@<=\s*\d\+\ze\s*\(,\|$\)/ contained
syntax match inscribeBoolean /=\@<=\s*\(true\|false\)\ze\s*$/ contained
syntax match inscribeHeader /^\s*\[[^]]*\]\s*$/
syntax match inscribeBlank /^\s*$/
syntax match inscribeComment /^\s*[#;].*$/ contains=inscribeSuppression,@Spell
syntax match inscribeSuppression /inscribe:ignore\s\+\S\+/ contained
syntax match inscribeEncrypted /^^.*$/

`)
	for _, s := range []schema.Section{schema.Encoding, schema.Description, schema.Application} {
		fmt.Fprintf(&b, "\" [%s]\n", s)
		for _, w := range words(s) {
			fmt.Fprintf(&b, "syntax match inscribeKeyword /\\<%s\\>/ contained\n", numbered(w))
		}
	}
	b.WriteString(`
highlight default link inscribeJunk Error
highlight default link inscribeHeader Type
highlight default link inscribeComment Comment
highlight default link inscribeSuppression PreProc
highlight default link inscribeEncrypted Special
highlight default link inscribeKeyword Keyword
highlight default link inscribeName Identifier
highlight default link inscribeLiteral String
highlight default link inscribeSpecial Macro
highlight default link inscribePlaceholder Identifier
highlight default link inscribeFunction Function
highlight default link inscribeNumber Number
highlight default link inscribeBoolean Boolean

let b:current_syntax = 'inscribe'
`)
	return b.String()
}

func emacsWords() string {
	var b strings.Builder
	b.WriteString(";;; inscribe-words.el --- The keywords of descriptions -*- lexical-binding: t -*-\n\n;;; Commentary:\n\n;; Generated from the table of keywords: go test ./editors -update\n\n;;; Code:\n\n(defconst inscribe-words\n  '(")
	for i, w := range allWords() {
		if i > 0 {
			b.WriteString("\n    ")
		}
		fmt.Fprintf(&b, "%q", w)
	}
	b.WriteString(")\n  \"The keywords of all sections.\")\n\n(provide 'inscribe-words)\n;;; inscribe-words.el ends here\n")
	return b.String()
}

func textMate() string {
	var patterns []string
	for _, w := range allWords() {
		patterns = append(patterns, numbered(w))
	}
	type rule map[string]any
	named := func(name string) rule { return rule{"name": name} }
	grammar := rule{
		"comment":   "Generated from the table of keywords: go test ./editors -update",
		"name":      "Inscribe",
		"scopeName": "source.inscribe",
		"fileTypes": []string{"dsc"},
		"patterns": []rule{
			{"match": `^\^.*$`, "name": "meta.encrypted.inscribe"},
			{"match": `^\s*[#;]\s*(inscribe:ignore)\s+(\S+).*$`, "name": "comment.line.number-sign.inscribe",
				"captures": rule{"1": named("keyword.control.directive.inscribe"), "2": named("constant.other.inscribe")}},
			{"match": `^\s*[#;].*$`, "name": "comment.line.number-sign.inscribe"},
			{"match": `^\s*(\[)([^\]]*)(\])\s*$`, "captures": rule{"1": named("punctuation.definition.section.inscribe"), "2": named("entity.name.section.inscribe"), "3": named("punctuation.definition.section.inscribe")}},
			{"begin": `(?i)^\s*(?:(` + strings.Join(patterns, "|") + `)|([^=#;\[^][^=]*?))\s*(=)\s*`, "end": `$`,
				"beginCaptures": rule{"1": named("keyword.other.inscribe"), "2": named("variable.other.inscribe"), "3": named("keyword.operator.assignment.inscribe")},
				"patterns": []rule{
					{"match": `(?<==)\s*#.*$`, "name": "string.unquoted.literal.inscribe"},
					{"match": `!\{[^}]*\}`, "name": "variable.other.placeholder.inscribe"},
					{"match": `(?<==)\s*![A-Za-z0-9_]+`, "name": "support.function.dialog.inscribe"},
					{"match": `(?i)\breg_exp(?=\()`, "name": "support.function.inscribe"},
					{"match": `(?i)(?<==)\s*(?:true|false)\s*$`, "name": "constant.language.boolean.inscribe"},
					{"match": `(?<==)\s*\d+(?=\s*(?:,|$))`, "name": "constant.numeric.inscribe"},
					{"match": `"[^"]*"`, "name": "string.quoted.double.inscribe"},
				}},
		},
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(grammar); err != nil {
		panic(err)
	}
	return b.String()
}

// TestGeneratedFilesAreFresh holds the files against the table of keywords.
func TestGeneratedFilesAreFresh(t *testing.T) {
	for path, want := range map[string]string{
		"vim/syntax/inscribe.vim":                  vimSyntax(),
		"emacs/inscribe-words.el":                  emacsWords(),
		"vscode/syntaxes/inscribe.tmLanguage.json": textMate(),
	} {
		golden.Is(t, path, want)
	}
}
