package check

import (
	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// libraryRule holds the page "Encodings using Personal Desktop Client
// middleware": that module initialises in 32 bit only, so the general and the
// 64-bit name must not be there.
var libraryRule = rule{[]diag.Code{diag.Library64}, func(p *Program, r *report) {
	if p.Profile.Is(profile.InitIn64Bit) != profile.No || !p.Description.Has(schema.MInitToken) {
		return
	}
	for _, m := range []string{schema.MLibrary, schema.MLibraryWin64} {
		if s := p.Description.Get(m); s != nil {
			d := r.Add(diag.Library64, s.Line.Name, "%s may load the 64-bit library, which cannot initialise a card of the profile %s", s.Keyword.Name, p.Profile.Name)
			d.Help = "name the module with PKCS11LibraryWindows32 alone"
			if p.Description.Get(schema.MLibraryWin32) == nil && (m == schema.MLibrary || !p.Description.Has(schema.MLibrary)) {
				d.Fixes = append(d.Fixes, replace("write PKCS11LibraryWindows32", s.Line.Name, schema.MLibraryWin32))
			} else {
				d.Fixes = append(d.Fixes, diag.Fix{Title: "remove it", Edits: []diag.Edit{removeLine(s.Line)}})
			}
		}
	}
}}
