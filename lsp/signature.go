package lsp

import (
	"context"
	"strings"

	"inscribe/check"
	"inscribe/check/schema"
	"inscribe/lsp/protocol"
)

// form is something that takes parts, with a text on each.
type form struct {
	label, doc string
	parts      [][2]string
}

var (
	regexpForm = form{"reg_exp(expression)", "The value must match the expression as a whole. The argument is everything up to the last parenthesis.",
		[][2]string{{"expression", "A regular expression: `[0-9]{6,8}` is six to eight digits."}}}
	formatForm = form{`Format(field,"pattern")`, "The value of a database field, extended from the left by the characters of the pattern.",
		[][2]string{{"field", "The database field."}, {`"pattern"`, "As many characters as the result has, usually zeros."}}}
	attributeForm = form{"NAME=value,NAME=value", "Attributes of the data object.",
		[][2]string{{"NAME=value", "`CKA_PRIVATE=TRUE`, `CKA_APPLICATION=\"text\"`, `CKA_OBJECT_ID=1.2.3`"}}}
	// dialogForms are by the number of entries.
	dialogForms = map[int]form{
		1: {"!FROM_USER_DIALOG_1_FIELD: present", "Asks for the PIN that the token has.", [][2]string{{"present", "The present PIN: a login."}}},
		2: {"!FROM_USER_DIALOG_2_FIELD: new, again", "Asks for a new PIN twice. The right to set it comes from elsewhere: the PUK, or an initialisation.",
			[][2]string{{"new", "The new PIN."}, {"again", "The same once more."}}},
		3: {"!FROM_USER_DIALOG_3_FIELD: present, new, again", "Asks for the present PIN and for a new one twice: a change without a PUK.",
			[][2]string{{"present", "The present PIN."}, {"new", "The new PIN."}, {"again", "The same once more."}}},
	}
)

// signatureHelp tells what goes into the parentheses, and what a dialog asks.
func (c *call) signatureHelp(_ context.Context, p *protocol.TextDocumentPositionParams) (any, error) {
	d := c.doc
	at := d.cursor(d.mapper.offset(p.Position))
	if at.offset < at.line.Value.Start || at.line.Value.Len() == 0 {
		return nil, nil
	}
	typed := d.file().Text[at.line.Value.Start:at.offset]
	if at.known && at.kind == schema.Fields {
		if in := argumentAt(typed, len(typed)); in.call == formatCall {
			return c.help(min(in.n, len(formatForm.parts)-1), formatForm), nil
		}
		return nil, nil
	}
	k := d.keyword(at)
	switch {
	case k == nil:
	case k.Kind == schema.Validation && strings.Contains(typed, "(") && !ended(typed):
		return c.help(0, regexpForm), nil
	case k.Kind == schema.Attributes:
		return c.help(0, attributeForm), nil
	case k.Forms&schema.Special != 0 && strings.HasPrefix(typed, "!"):
		if s := d.setting(at); s != nil && s.Value.Form == check.Dialog {
			return c.help(0, dialogForms[s.Value.Entries]), nil
		}
		var forms []form
		for entries := 1; entries <= len(dialogForms); entries++ {
			if f := dialogForms[entries]; strings.HasPrefix(f.label, strings.ToUpper(typed)) {
				forms = append(forms, f)
			}
		}
		if len(forms) > 0 {
			return c.help(0, forms...), nil
		}
	}
	return nil, nil
}

// ended reports whether the parenthesis of reg_exp is closed: each one of the
// expression is, those behind a backslash and in a class aside.
func ended(typed string) bool {
	depth, class := 0, false
	for i := 0; i < len(typed); i++ {
		switch c := typed[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
	}
	return depth <= 0
}

func (s *state) help(parameter int, forms ...form) protocol.SignatureHelp {
	takes := s.client.TextDocument.SignatureHelp.SignatureInformation.DocumentationFormat
	out := protocol.SignatureHelp{Signatures: []protocol.SignatureInformation{}, ActiveParameter: uint32(parameter)}
	for _, f := range forms {
		doc := s.markup(f.doc, takes)
		info := protocol.SignatureInformation{Label: f.label, Documentation: &doc, Parameters: []protocol.ParameterInformation{}}
		for _, part := range f.parts {
			text := s.markup(part[1], takes)
			info.Parameters = append(info.Parameters, protocol.ParameterInformation{Label: part[0], Documentation: &text})
		}
		out.Signatures = append(out.Signatures, info)
	}
	return out
}
