package check

import (
	"fmt"
	"slices"
	"sync"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/config"
)

// rule is a check over a whole program.
type rule struct {
	// codes are what the rule reports.
	codes []diag.Code
	Run   func(*Program, *report)
}

// allRules is the table of rules. Each stands in its own file.
var allRules = []rule{
	syntaxRule, sectionRule, keywordRule, duplicateRule, fieldRule, fieldCaseRule, unusedFieldRule,
	requiredRule, applicationListRule, valueRule, locationRule, literalSecretRule, credentialRule,
	fieldTypeRule, secretLeakRule, weakKeyRule, conflictRule, validationRule, encryptedRule,
	blanksRule, commentMarkRule, templateRule, bindingRule, pukRolesRule, outputRule, importRule, blockRule, libraryRule,
	pinsRule, signatureUsageRule, templateCaseRule, unknownTemplateRule, curveRule, notClearedRule, extensionRule, limitsRule, policyRule,
}

// codes lists the codes that the rules report, with those of suppressions.
func codes() []diag.Code {
	codes := []diag.Code{diag.UnusedSuppression}
	for _, r := range allRules {
		codes = append(codes, r.codes...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Check gives a tree its meaning and runs all rules. cfg may be nil.
func Check(f *ast.File, cfg *config.Config) *Program { return CheckIn(nil, f, cfg) }

// CheckIn is [Check] in the room that an earlier program left; nil is none.
func CheckIn(room *Room, f *ast.File, cfg *config.Config) *Program {
	if cfg == nil {
		cfg = &config.Config{}
	}
	if room == nil {
		room = &Room{}
	}
	p := build(f, cfg, room)
	r := &report{severity: cfg.Severity}
	found := rooms.Get().(*[]diag.Diagnostic)
	r.found = *found
	for _, rule := range allRules {
		rule.Run(p, r)
	}
	p.Blocking = diag.Sort(r.blocking)
	all := diag.Sort(suppress(p, r))
	p.Diagnostics = append(take(&room.diagnostics, len(all))[:0], all...)
	clear(r.found)
	*found = r.found[:0]
	rooms.Put(found)
	return p
}

// rooms are where findings are collected, and where the next check collects its
// own. What a program keeps is a copy of the right size.
var rooms = sync.Pool{New: func() any { return new([]diag.Diagnostic) }}

// report collects what rules find.
type report struct {
	severity map[diag.Code]diag.Severity
	found    []diag.Diagnostic
	blocking []diag.Diagnostic
	off      diag.Diagnostic // takes what is completed of a finding that is switched off
	// trial says that nobody will read the messages; see [Gap].
	trial bool
}

// Add reports a finding at a place, with the severity that the code has by
// default or by configuration. What it returns may be completed.
func (r *report) Add(code diag.Code, span ast.Span, format string, args ...any) *diag.Diagnostic {
	return r.addAs(code.Default(), code, span, format, args...)
}

// silent reports whether the findings of a code, which block nothing, would be
// dropped, so that they need not be looked for.
func (r *report) silent(code diag.Code) bool {
	if s, ok := r.severity[code]; ok {
		return s == diag.Off
	}
	return code.Default() == diag.Off
}

// addAs is Add with a default severity of its own.
func (r *report) addAs(severity diag.Severity, code diag.Code, span ast.Span, format string, args ...any) *diag.Diagnostic {
	if r.trial {
		r.found = append(r.found, diag.Diagnostic{Code: code, Severity: severity, Span: span})
		return &r.found[len(r.found)-1]
	}
	if severity == diag.Error && code.Blocks() {
		r.block(code, span, format, args...)
	}
	if s, ok := r.severity[code]; ok {
		severity = s
	}
	if severity == diag.Off {
		r.off = diag.Diagnostic{}
		return &r.off
	}
	r.found = append(r.found, diag.Diagnostic{Code: code, Severity: severity, Span: span, Message: fmt.Sprintf(format, args...)})
	return &r.found[len(r.found)-1]
}

// block notes an error that no plan can ignore, shown or not.
func (r *report) block(code diag.Code, span ast.Span, format string, args ...any) {
	r.blocking = append(r.blocking, diag.Diagnostic{Code: code, Severity: diag.Error, Span: span, Message: fmt.Sprintf(format, args...)})
}

// replace is a fix of one edit.
func replace(title string, span ast.Span, text string) diag.Fix {
	return diag.Fix{Title: title, Edits: []diag.Edit{{Span: span, NewText: text}}}
}
