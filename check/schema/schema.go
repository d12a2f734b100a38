package schema

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
)

// Section is a kind of section.
type Section uint8

// The kinds of section, in the order of a description.
const (
	Encoding Section = iota
	Fields
	Description
	Application
)

// Sections are the names as the formatter writes them; Application is a prefix.
var Sections = [...]string{"Encoding", "Fields", "Description", "Application_"}

// String gives the header's text, Application_X for an application.
func (s Section) String() string {
	if s == Application {
		return "Application_X"
	}
	return Sections[s]
}

// Kind is how the text of a value is read.
type Kind uint8

// The kinds of value.
const (
	Operand          Kind = iota // field, #literal or !special, as Forms says
	Bool                         // true or false, any case
	Number                       // decimal
	Text                         // bare text, taken as is
	Enum                         // one of Values, any case
	Path                         // library name or path
	FieldName                    // the name of a field that is filled or emptied
	FieldNames                   // several, between commas
	Numbers                      // numbers between commas
	TypeID                       // number, comma, name
	ApplicationOrder             // one character an application
	Expression                   // text with !{FIELD} in it
	Attributes                   // CKA_NAME=value, …
	Validation                   // reg_exp(…)
)

// String names the kind for people.
func (k Kind) String() string {
	return [...]string{"field or fixed value", "true or false", "number", "text", "word", "library", "field name", "list of field names",
		"list of numbers", "number and name", "order of applications", "text with !{FIELD}", "list of attributes", "validation expression"}[k]
}

// Forms says which forms an [Operand] takes.
type Forms uint8

// The forms of an operand.
const (
	Field   Forms = 1 << iota // NAME
	Literal                   // #text
	Special                   // !NAME
)

// Type is what a value is for. Fields get theirs from their uses.
type Type uint8

// The types of value.
const (
	None Type = iota
	PIN
	PUK
	Key // a card manager key
	Label
	Location
	Certificate
	KeyList
	Data
	ICCSN
	PlainText
	Output
)

// String names the type as plans and editors show it.
func (t Type) String() string {
	return [...]string{"unknown", "pin", "puk", "key", "label", "location", "certificate", "keylist", "data", "iccsn", "text", "output"}[t]
}

// Secret reports whether values of the type must never be shown.
func (t Type) Secret() bool { return t == PIN || t == PUK || t == Key || t == KeyList }

// Slot is the slot that a keyword speaks of.
type Slot uint8

// The slots.
const (
	NoSlot Slot = iota
	DefaultSlot
	SignatureSlot
)

// String gives "default" or "signature", as plans write it.
func (s Slot) String() string { return [...]string{"", "default", "signature"}[s] }

// Evidence says how far a keyword can be trusted.
type Evidence uint8

// The kinds of evidence.
const (
	Documented Evidence = iota // the vendor's page states it
	ByExample                  // the vendor's page shows it in an example only
	Reading                    // Inscribe's own reading where the pages are silent
	Extension                  // only Inscribe has it
	Project                    // declared in inscribe.toml
)

// String says it in words.
func (e Evidence) String() string {
	return [...]string{"documented", "shown by an example only", "Inscribe's own reading", "extension of Inscribe", "declared by this project"}[e]
}

// Value is one value of an enumeration, or a number with a meaning.
type Value struct {
	Text string
	Doc  string
}

// Keyword is one row of the table.
type Keyword struct {
	// Name is the canonical spelling; case does not matter in a description.
	Name string
	// Meaning is what the planner goes by: the name of a built-in keyword. It
	// differs from Name only for a user's synonym; "" is a word that Inscribe
	// accepts and does nothing with.
	Meaning string
	Section Section
	Kind    Kind
	Forms   Forms // for Operand
	Type    Type
	Slot    Slot
	// Requires lists what must stand beside it: of each group at least one, in
	// this keyword's section.
	Requires [][]string
	// Conflicts lists what must not stand beside it.
	Conflicts []string
	Values    []Value
	// Min and Max bound a Number; both 0 means no bound.
	Min, Max int
	// Numbered says that the digits at the end of Name stand for any number of
	// the same width.
	Numbered bool
	// Technology is the id of [Encoding] Type that it belongs to; 0 is the
	// smart card and what all share.
	Technology int
	Evidence   Evidence
	// Page is the title of the vendor's page that shows it; "" for Inscribe's.
	Page       string
	Since      string // of the product; "" where the pages do not say
	Middleware string // where it works; "" for all or not said
	Doc        string // Markdown, whole sentences
	Example    string // a line of a description
}

// Secret reports whether the value of the keyword must never be shown.
func (k *Keyword) Secret() bool { return k.Type.Secret() }

// Table is a set of keywords that can be found by name.
type Table struct {
	keywords []*Keyword
	names    []string
	sections [Application + 1][]*Keyword
	byName   map[string][]*Keyword
	// spelt has the names as they are mostly written, by their length.
	spelt [Application + 1][maxSpelt + 1][]*Keyword
}

// maxSpelt bounds the names in Table.spelt.
const maxSpelt = 31

// newTable makes a table of keywords.
func newTable(keywords ...[]Keyword) *Table {
	t := &Table{byName: map[string][]*Keyword{}}
	for _, group := range keywords {
		for i := range group {
			t.add(&group[i])
		}
	}
	return t
}

func (t *Table) add(k *Keyword) {
	t.keywords = append(t.keywords, k)
	t.names = append(t.names, k.Name)
	t.sections[k.Section] = append(t.sections[k.Section], k)
	key := strings.ToLower(k.Name)
	if n := len(k.Name); n <= maxSpelt && t.Find(k.Section, key) == nil {
		t.spelt[k.Section][n] = append(t.spelt[k.Section][n], k)
	}
	t.byName[key] = append(t.byName[key], k)
}

// With is a copy of the table with more keywords, as a project's configuration
// adds them.
func (t *Table) With(extra []Keyword) *Table {
	c := &Table{keywords: slices.Clone(t.keywords), names: slices.Clone(t.names), byName: make(map[string][]*Keyword, len(t.byName))}
	for i, ks := range t.sections {
		c.sections[i] = slices.Clone(ks)
		for n, ks := range t.spelt[i] {
			c.spelt[i][n] = slices.Clip(ks)
		}
	}
	for name, ks := range t.byName {
		c.byName[name] = append([]*Keyword{}, ks...)
	}
	for i := range extra {
		c.add(&extra[i])
	}
	return c
}

// All lists the keywords in the order of the table. The slice is the table's.
func (t *Table) All() []*Keyword { return t.keywords }

// Names lists their names, in the same order. The slice is the table's.
func (t *Table) Names() []string { return t.names }

// In lists the keywords of a section. The slice is the table's.
func (t *Table) In(s Section) []*Keyword { return t.sections[s] }

// Find gives the keyword of a section by its name in any case, or nil.
func (t *Table) Find(s Section, name string) *Keyword {
	if len(name) <= maxSpelt {
		for _, k := range t.spelt[s][len(name)] {
			if k.Name == name {
				return k
			}
		}
	}
	for _, k := range t.Named(name) {
		if k.Section == s {
			return k
		}
	}
	return nil
}

// Named gives all keywords of a name in any case, whatever the section.
func (t *Table) Named(name string) []*Keyword {
	// Most names are short and of ASCII; they are looked up without a copy.
	var lower [64]byte
	if n, ok := lowerASCII(lower[:], name); ok {
		if found := t.byName[string(lower[:n])]; found != nil {
			return found
		}
	}
	lowered := strings.ToLower(name)
	if found := t.byName[lowered]; found != nil && SameWord(name, found[0].Name) {
		return found
	}
	name = lowered
	stem := strings.TrimRight(name, "0123456789")
	if stem == name {
		return nil
	}
	var out []*Keyword
	for _, k := range t.byName[stem+strings.Repeat("0", len(name)-len(stem))] {
		if k.Numbered {
			out = append(out, k)
		}
	}
	return out
}

// lowerASCII writes s in lower case to a buffer, if it fits and is ASCII.
func lowerASCII(buffer []byte, s string) (n int, ok bool) {
	if len(s) > len(buffer) {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return 0, false
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		buffer[i] = c
	}
	return len(s), true
}

// Validate checks the table against itself: every name named by a row is a row
// of the same section, no name stands twice in a section, every row has its
// texts. All slips come back as one error.
func (t *Table) Validate() error {
	var errs *multierror.Error
	seen := map[string]bool{}
	for _, k := range t.keywords {
		fail := func(format string, args ...any) {
			errs = multierror.Append(errs, fmt.Errorf("%s.%s: %s", k.Section, k.Name, fmt.Sprintf(format, args...)))
		}
		key := k.Section.String() + "." + strings.ToLower(k.Name)
		if seen[key] {
			fail("stands twice")
		}
		seen[key] = true
		if k.Name == "" || k.Name != strings.TrimSpace(k.Name) || strings.ContainsAny(k.Name, "=[]#;^\r\n") {
			fail("is no name that a line could hold")
		}
		if k.Doc == "" {
			fail("has no text")
		}
		if (k.Kind == Operand) != (k.Forms != 0) {
			fail("kind and forms disagree")
		}
		if (k.Kind == Enum) != (len(k.Values) > 0) && k.Kind != Number && k.Kind != TypeID && k.Kind != Numbers {
			fail("kind and values disagree")
		}
		if k.Min > k.Max {
			fail("minimum over maximum")
		}
		for _, group := range append(k.Requires, k.Conflicts) {
			for _, other := range group {
				if t.Find(k.Section, other) == nil {
					fail("names %s, which is no keyword of its section", other)
				}
			}
		}
	}
	return errs.ErrorOrNil()
}
