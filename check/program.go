package check

import (
	"slices"
	"strings"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/check/template"
	"inscribe/internal/secret"
)

// Program is a description understood.
type Program struct {
	File   *ast.File
	Table  *schema.Table
	Config *config.Config
	// Profile is the kind of token that inscribe.toml, or else the name of the
	// library, tells; the generic one where neither does.
	Profile *profile.Profile
	// Technology is the number of [Encoding] Type; schema.SmartCard where the
	// section is missing.
	Technology int
	// Fields are the declared ones, in order.
	Fields []*Field
	// Encoding and Description are never nil; their Header is, where the
	// section is missing.
	Encoding, Description *Block
	// Blocks are all sections with keywords, in the order of the file.
	Blocks []*Block
	// Applications are those that run, in the order of ApplicationList;
	// Unlisted the others, in the order of the file. All are both.
	Applications, Unlisted, All []*Application
	// Diagnostics are sorted by place.
	Diagnostics []diag.Diagnostic
	// Blocking are the errors without which a description has no meaning that
	// could be planned, also where a comment or the configuration silences them.
	Blocking []diag.Diagnostic
	// Secrets are the places of the text that must never be shown.
	Secrets []ast.Span

	parts   []part            // of each section of the file
	fields  map[string]*Field // by exact name
	folded  map[string]folded // by [fold], where that is another name
	letters letters           // all applications
	named   []*Application    // by the letters of ApplicationList, nil where there is none
	names   []string          // of the fields, made at first need
	spell   speller
	// trial marks a copy for trying what may be written; see [Gap].
	trial bool
	room  *Room
}

// part is what the header and the lines of a section say.
type part struct {
	kind   schema.Section
	letter string
	known  bool
	// first is the header of the first section of this name, which may be its
	// own; nil for an unknown one.
	first *ast.Line
	// keywords are those of the lines, nil for a line without one of the
	// section.
	keywords []*schema.Keyword
}

// fold is the same for names that differ in case at most. Names of fields are
// mostly in upper case, which is left as it is.
func fold(name string) string { return strings.ToUpper(name) }

// folded are the fields whose names differ in case at most.
type folded struct {
	first   *Field
	several bool
}

// Errors reports whether there are errors, silenced ones that block too; such a
// description is not planned.
func (p *Program) Errors() bool {
	errors, _ := diag.Count(p.Diagnostics)
	return errors > 0 || len(p.Blocking) > 0
}

// Field gives the field of a name: the exact one, else the only one whose name
// differs in case.
func (p *Program) Field(name string) *Field {
	if f := p.fields[name]; f != nil {
		return f
	}
	if found := p.inAnyCase(name); !found.several {
		return found.first
	}
	return nil
}

// TemplateField gives the field that a name in a pattern of inscribe.toml stands for,
// nil where it is none of the description's. What each request brings along goes
// before them.
func (p *Program) TemplateField(name string) *Field {
	if slices.Contains(template.Given, name) {
		return nil
	}
	return p.Field(name)
}

// inAnyCase gives the fields of a name, case aside.
func (p *Program) inAnyCase(name string) folded {
	key := fold(name)
	f, found := p.fields[key], p.folded[key]
	switch {
	case f == nil:
		return found
	case found.first == nil:
		return folded{f, false}
	case f.Line.Span.Start < found.first.Line.Span.Start:
		return folded{f, true}
	}
	return folded{found.first, true}
}

// Field is a variable of the description.
type Field struct {
	Name string
	Line *ast.Line
	// Type is what its uses say; schema.None where nothing uses it.
	Type schema.Type
	// Binding is the right-hand side, in the notation of the Card SDK; nil
	// where it is empty or cannot be read.
	Binding *ast.Binding
	// Uses are in the order of the file.
	Uses []Use
	// Templates are the CertTempl whose template in inscribe.toml puts the value
	// into a certificate.
	Templates []*Setting

	// sharesSecret says that the right-hand side has a database field that a
	// secret field has too.
	sharesSecret bool
}

// Secret reports whether the field's value must never be shown.
func (f *Field) Secret() bool { return f.Type.Secret() || f.sharesSecret }

// Output reports whether the run fills the field.
func (f *Field) Output() bool { return f.Type == schema.Output }

// Use is one mention of a field in a value; Span is the bare name.
type Use struct {
	Setting *Setting
	Span    ast.Span
	Type    schema.Type
	// Clears is a mention in ClearFields, which gives no type.
	Clears bool
}

// Block is a section with its keywords.
type Block struct {
	Section schema.Section
	Name    string    // as the header has it
	Header  *ast.Line // nil where the section is missing
	// Settings are the known keywords in the order of the file, without
	// repetitions.
	Settings []*Setting
	// index of the section in the file, -1 for a missing one
	index int
	// meanings has the bits of what Settings mean.
	meanings uint64
}

// meaningBit is one of 64 bits. Several meanings share one, but most that a block
// is asked for and does not have are known by theirs.
func meaningBit(meaning string) uint64 {
	if meaning == "" {
		return 0
	}
	return 1 << ((uint(len(meaning)) + 3*uint(meaning[0]) + 5*uint(meaning[len(meaning)/2])) % 64)
}

// Get gives the setting with a meaning, or nil. A Bool that is false is the
// same as absent.
func (b *Block) Get(meaning string) *Setting {
	if b.meanings&meaningBit(meaning) == 0 {
		return nil
	}
	for _, s := range b.Settings {
		if s.Keyword.Meaning == meaning {
			if s.Keyword.Kind == schema.Bool && !s.Value.Bool {
				continue
			}
			return s
		}
	}
	return nil
}

// Has reports whether Get finds something.
func (b *Block) Has(meaning string) bool { return b.Get(meaning) != nil }

// has reports whether there is a setting of the keyword, false ones too.
func (b *Block) has(k *schema.Keyword) bool {
	for _, s := range b.Settings {
		if s.Keyword == k {
			return true
		}
	}
	return false
}

// byName gives the setting of a keyword, false ones too.
func (b *Block) byName(name string) *Setting {
	for _, s := range b.Settings {
		if s.Keyword.Name == name {
			return s
		}
	}
	return nil
}

// Application is one [Application_X].
type Application struct {
	Letter string
	*Block
	listed bool // by ApplicationList
	jobs   []*Setting
}

// Setting is one keyword with its value.
type Setting struct {
	Keyword *schema.Keyword
	Line    *ast.Line
	Value   Value
}

// place is where the problem is.
func (s *Setting) place() ast.Span {
	if s.Value.place != nil {
		return *s.Value.place
	}
	return s.Line.Value
}

// Form is how a value was written.
type Form uint8

// The forms.
const (
	Constant   Form = iota // a boolean, number, word or text
	FieldRef               // a field's name
	FixedValue             // #text
	Dialog                 // !FROM_USER_DIALOG_n_FIELD
	PINPad                 // !FROM_PROTECTED_AUTHENTICATION_PATH
	Missing                // empty
)

// Value is a value understood.
type Value struct {
	Form   Form
	Bool   bool
	Number int
	// Text is the constant, the literal without its #, or the name of a field
	// that is not declared. It is empty for secrets, which are in Secret.
	Text string
	// Field is what a FieldRef names; nil where it is not declared.
	Field *Field
	// Details are never nil.
	*Details
}

// Details are what few values have, which keeps a [Value] small: all others share
// empty ones.
type Details struct {
	// Auto of a Dialog takes the PIN pad where the reader has one.
	Auto bool
	// Entries is the number of entries of a Dialog.
	Entries int
	Secret  secret.Secret
	// Names are the items of a list, each with its place; the letters of an
	// ApplicationOrder.
	Names []NameAt
	// Parts are those of an Expression.
	Parts []Piece
	// Attributes are those of an attribute list.
	Attributes []AttributeAt
	// Problem says why the value could not be read; empty where it could. Its
	// place is nil where it is the whole value.
	Problem string
	place   *ast.Span
}

var noDetails = &Details{}

// own gives the value's own details.
func (v *Value) own() *Details {
	if v.Details == noDetails {
		v.Details = &Details{}
	}
	return v.Details
}

// NameAt is an item of a list.
type NameAt struct {
	Text  string
	Span  ast.Span
	Field *Field // for lists of fields
}

// Piece is text, or a field whose value stands in its place.
type Piece struct {
	Text  string
	Field *Field // nil for text and for a field that is not declared
	Name  string // of the field, "" for text
	Span  ast.Span
	// NameSpan is that of the bare name.
	NameSpan ast.Span
}

// AttributeAt is a PKCS#11 attribute of a list; Value is without quotes.
type AttributeAt struct {
	Name, Value string
	Quoted      bool
	Span        ast.Span
}
