package check

import "inscribe/ast/diag"

// pukRolesRule reminds of the two roles of InitialPUK: PKCS#11, C_InitToken,
// takes it for the present SO PIN of an initialised token and sets that of a
// fresh one.
var pukRolesRule = rule{[]diag.Code{diag.PUKRoles}, func(p *Program, r *report) {
	c := p.Credentials(Slots[0])
	if c.Init == nil || c.InitialPUK == nil {
		return
	}
	d := r.Add(diag.PUKRoles, c.InitialPUK.Line.Name, "on a token that is initialised already, InitialPUK must be its present SO PIN")
	d.Help = "on a fresh token it becomes the SO PIN; a further change is PUK"
	d.Related = []diag.Label{{Span: c.Init.Line.Name, Message: "initialises here"}}
}}
