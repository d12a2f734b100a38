package check

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"inscribe/ast"
	"inscribe/check/schema"
	"inscribe/grammar"
	"inscribe/internal/secret"
)

// read understands the value of a setting by its keyword's kind.
func (p *Program) read(s *Setting) { p.readAs(s, p.File.Slice(s.Line.Value)) }

// readAs is read as if the text stood in place of the value.
func (p *Program) readAs(s *Setting, text string) {
	l := s.Line
	s.Value = Value{Form: Constant, Details: noDetails}
	if text == "" {
		s.Value.Form = Missing
		s.problemAt("is empty", l.Name)
		return
	}
	switch s.Keyword.Kind {
	case schema.Operand:
		p.readOperand(s, text)
	case schema.Bool:
		switch strings.ToLower(text) {
		case "true":
			s.Value.Bool = true
		case "false":
		default:
			s.problem("is neither true nor false")
		}
	case schema.Number:
		p.readNumber(s, text)
	case schema.Text, schema.Path:
		s.Value.Text = text
	case schema.Enum:
		readEnum(s, text)
	case schema.FieldName:
		s.Value.Form = FieldRef
		p.refer(s, &s.Value, text, l.Value, s.Keyword.Type)
	case schema.FieldNames:
		p.readNames(s, text, true)
	case schema.Numbers:
		p.readNames(s, text, false)
	case schema.TypeID:
		m := typeID().FindStringSubmatch(text)
		if m == nil {
			s.problem("is no number, comma, name")
			return
		}
		s.Value.Text = m[2]
		s.Value.Number, _ = parseNumber(m[1])
	case schema.ApplicationOrder:
		s.Value.Text = text
		s.Value.own().Names = make([]NameAt, 0, utf8.RuneCountInString(text))
		for i := range text {
			start := l.Value.Start + i
			_, size := utf8.DecodeRuneInString(text[i:])
			s.Value.Names = append(s.Value.Names, NameAt{Text: text[i : i+size], Span: ast.Span{Start: start, End: start + size}})
		}
	case schema.Expression:
		p.readExpression(s, text)
	case schema.Attributes:
		readAttributes(s, text)
	case schema.Validation:
		readValidation(s, text)
	}
}

// problem says what is wrong with the value.
func (s *Setting) problem(text string) {
	d := s.Value.own()
	d.Problem, d.place = text, nil
}

// problemAt says what is wrong with a part of the value, or around it.
func (s *Setting) problemAt(text string, place ast.Span) {
	d := s.Value.own()
	d.Problem, d.place = text, &place
}

func (p *Program) readOperand(s *Setting, text string) {
	v, k := &s.Value, s.Keyword
	o, err := grammar.ParseOperand(text)
	switch {
	case err != nil:
		s.problem("cannot be read")
	case o.Literal != nil:
		v.Form = FixedValue
		literal := (*o.Literal)[1:]
		if k.Secret() {
			v.own().Secret = secret.FromString(literal)
		} else {
			v.Text = literal
		}
		switch {
		case k.Forms&schema.Literal == 0:
			s.problem("must be a field, not a fixed value")
		case literal == "":
			s.problem("is an empty fixed value")
		}
	case o.Special != nil:
		special := strings.ToUpper(*o.Special)
		if !readSpecial(v, special) {
			s.problem("is no special value")
		} else if k.Forms&schema.Special == 0 {
			s.problem("cannot come from a dialog or a PIN pad")
		}
	default:
		v.Form = FieldRef
		p.refer(s, v, text, s.Line.Value, k.Type)
	}
}

var dialog = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^!FROM_USER_DIALOG_([123])_FIELD(_AUTO)?$`) })

func readSpecial(v *Value, special string) bool {
	if special == "!FROM_PROTECTED_AUTHENTICATION_PATH" {
		v.Form = PINPad
		return true
	}
	m := dialog().FindStringSubmatch(special)
	if m == nil {
		return false
	}
	v.Form = Dialog
	d := v.own()
	d.Auto, d.Entries = m[2] != "", int(m[1][0]-'0')
	return true
}

// refer resolves the name of a field and notes the use, unless it is only tried.
func (p *Program) refer(s *Setting, v *Value, name string, span ast.Span, t schema.Type) {
	v.Field = p.Field(name)
	if v.Field == nil {
		v.Text = name
		return
	}
	if p.trial {
		return
	}
	v.Field.Uses = append(v.Field.Uses, Use{Setting: s, Span: span, Type: t, Clears: s.Keyword.Kind == schema.FieldNames})
}

func (p *Program) readNumber(s *Setting, text string) {
	n, ok := parseNumber(text)
	k := s.Keyword
	switch {
	case !ok:
		s.problem("is no whole number")
	case k.Max > 0 && (n < k.Min || n > k.Max):
		s.problem(fmt.Sprintf("is not between %d and %d", k.Min, k.Max))
	}
	s.Value.Number = n
}

func readEnum(s *Setting, text string) {
	for _, v := range s.Keyword.Values {
		if schema.SameWord(text, v.Text) {
			s.Value.Text = v.Text
			return
		}
	}
	var words []string
	for _, v := range s.Keyword.Values {
		words = append(words, v.Text)
	}
	s.Value.Text = text
	s.problem("is not one of " + strings.Join(words, ", "))
}

func (p *Program) readNames(s *Setting, text string, fields bool) {
	names, err := grammar.ParseNames(text)
	if err != nil {
		s.problem("cannot be read")
		return
	}
	s.Value.own().Names = make([]NameAt, 0, len(names.Names))
	for _, n := range names.Names {
		start := s.Line.Value.Start + n.Pos.Offset
		lead := len(n.Text) - len(strings.TrimLeft(n.Text, " \t\u00a0"))
		item := strings.Trim(n.Text, " \t\u00a0")
		at := NameAt{Text: item, Span: ast.Span{Start: start + lead, End: start + lead + len(item)}}
		switch _, ok := parseNumber(item); {
		case item == "":
			s.problem("has an empty item")
		case !fields && !ok && s.Value.Problem == "":
			s.problemAt("is no list of numbers", at.Span)
		case fields:
			var v Value
			p.refer(s, &v, item, at.Span, schema.None)
			at.Field = v.Field
		}
		s.Value.Names = append(s.Value.Names, at)
	}
}

func (p *Program) readExpression(s *Setting, text string) {
	e, err := grammar.ParseExpression(text)
	if err != nil {
		s.problem("cannot be read")
		return
	}
	offset := s.Line.Value.Start
	s.Value.own().Parts = make([]Piece, 0, len(e.Parts))
	for _, part := range e.Parts {
		length := len(part.Field) + len(part.Text)
		piece := Piece{Text: part.Text, Span: ast.Span{Start: offset, End: offset + length}}
		if part.Field != "" {
			inner := part.Field[2 : len(part.Field)-1]
			piece.Name = strings.TrimSpace(inner)
			start := offset + 2 + strings.Index(inner, piece.Name)
			piece.NameSpan = ast.Span{Start: start, End: start + len(piece.Name)}
			var v Value
			p.refer(s, &v, piece.Name, piece.NameSpan, s.Keyword.Type)
			piece.Field = v.Field
		}
		offset += length
		s.Value.Parts = append(s.Value.Parts, piece)
	}
	if strings.HasPrefix(text, "#") {
		s.problem("takes plain text, without #")
	}
}

// dottedOID is an object identifier: the second arc is below 40 under 0 and 1
// (ITU-T X.660), and no arc is longer than 31 bits here.
var dottedOID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([01]\.[1-3]?\d|2\.(0|[1-9]\d{0,8}))(\.(0|[1-9]\d{0,8}))*$`)
})

// DataAttribute is an attribute that a data object can be given.
type DataAttribute struct {
	Name string
	// Values are all that it takes, none where there are more than can be listed.
	Values []string
	// Example is a value as it is written.
	Example string
	problem string
	takes   func(AttributeAt) bool
}

// DataAttributes are all of them.
var DataAttributes = []DataAttribute{
	yesNo("CKA_PRIVATE"), yesNo("CKA_COPYABLE"), yesNo("CKA_MODIFIABLE"), yesNo("CKA_DESTROYABLE"),
	{"CKA_APPLICATION", nil, `"text"`, "wants text in quotation marks", func(a AttributeAt) bool { return a.Quoted }},
	{"CKA_OBJECT_ID", nil, "1.2.3", "wants dotted numbers", func(a AttributeAt) bool { return !a.Quoted && dottedOID().MatchString(a.Value) }},
}

func yesNo(name string) DataAttribute {
	values := []string{"TRUE", "FALSE"}
	return DataAttribute{name, values, values[0], "wants TRUE or FALSE", func(a AttributeAt) bool {
		return !a.Quoted && slices.Contains(values, strings.ToUpper(a.Value))
	}}
}

// Takes reports whether a value, as it is written, is one of the attribute.
func (d DataAttribute) Takes(value string) bool {
	a := AttributeAt{Value: value}
	a.unquote()
	return d.takes(a)
}

// unquote takes the quotation marks off a value as it is written.
func (a *AttributeAt) unquote() {
	if strings.HasPrefix(a.Value, `"`) {
		a.Quoted, a.Value = true, strings.Trim(a.Value, `"`)
	}
}

func readAttributes(s *Setting, text string) {
	a, err := grammar.ParseAttributes(text)
	if err != nil {
		s.problem("is no list NAME=value, NAME=value")
		if at, ok := err.(*grammar.ValueError); ok {
			start := s.Line.Value.Start + at.Offset
			s.problemAt(s.Value.Problem, ast.Span{Start: start, End: s.Line.Value.End})
		}
		return
	}
	seen := map[string]bool{}
	s.Value.own().Attributes = make([]AttributeAt, 0, len(a.List))
	for _, item := range a.List {
		start := s.Line.Value.Start + item.Pos.Offset
		at := AttributeAt{Name: strings.ToUpper(item.Name), Value: item.Value, Span: ast.Span{Start: start, End: s.Line.Value.Start + item.EndPos.Offset}}
		at.unquote()
		if problem := attributeProblem(at, seen[at.Name]); problem != "" && s.Value.Problem == "" {
			s.problemAt(problem, at.Span)
		}
		seen[at.Name] = true
		s.Value.Attributes = append(s.Value.Attributes, at)
	}
}

func attributeProblem(a AttributeAt, twice bool) string {
	i := slices.IndexFunc(DataAttributes, func(d DataAttribute) bool { return d.Name == a.Name })
	switch {
	case i < 0:
		return "names an attribute that a data object cannot be given here"
	case twice:
		return "names an attribute twice"
	case !DataAttributes[i].takes(a):
		return DataAttributes[i].problem + " for " + a.Name
	}
	return ""
}

// longestExpression bounds the work of proving things on an expression.
const longestExpression = 2000

// readValidation takes reg_exp(…) apart; the expression is the rule's matter.
func readValidation(s *Setting, text string) {
	// Taking a value apart costs more than its length.
	if len(text) > longestExpression+len("reg_exp()") {
		s.problem(fmt.Sprintf("is longer than %d characters", longestExpression))
		return
	}
	call, err := grammar.ParseCall(text)
	if err != nil || !schema.SameWord(call.Name, "reg_exp") || !strings.HasSuffix(call.Rest, ")") {
		s.problem("is not of the form reg_exp(expression)")
		return
	}
	s.Value.Text = call.Rest[:len(call.Rest)-1]
	if !utf8.ValidString(s.Value.Text) {
		s.problem("is no valid text")
	}
}
