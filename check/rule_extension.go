package check

import (
	"inscribe/ast/diag"
	"inscribe/check/schema"
)

// extensionRule names keywords that only Inscribe has. It is off unless check
// --strict-vendor or inscribe.toml switches it on.
var extensionRule = rule{[]diag.Code{diag.VendorExtension}, func(p *Program, r *report) {
	if r.silent(diag.VendorExtension) {
		return
	}
	for _, b := range p.Blocks {
		for _, s := range b.Settings {
			if s.Keyword.Evidence != schema.Extension {
				continue
			}
			d := r.Add(diag.VendorExtension, s.Line.Name, "%s is no keyword of the vendor's pages", s.Keyword.Name)
			d.Help = "Inscribe runs it; the vendor's encoder may not know it"
		}
	}
}}
