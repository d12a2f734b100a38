package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Ref says where a secret comes from. It never holds the value.
type Ref struct {
	// Field is the field that gives it.
	Field string
	// Literal says that it stands in the description, at Keyword.
	Literal bool
	// Dialog is the number of entries of the question that gives it, and Part
	// is "old" or "new". Auto takes the PIN pad where the reader has one.
	Dialog int
	Part   string
	Auto   bool
	// PINPad says that the reader asks.
	PINPad bool
	// Keyword is the keyword that it was given to.
	Keyword string
}

type refJSON struct {
	Field   string `json:"field,omitempty"`
	Literal bool   `json:"literal,omitempty"`
	Dialog  int    `json:"dialog,omitempty"`
	Keyword string `json:"keyword,omitempty"`
	Part    string `json:"part,omitempty"`
	Auto    bool   `json:"auto,omitempty"`
	PINPad  bool   `json:"pinpad,omitempty"`
}

// MarshalJSON writes one of {"field":…}, {"literal":true}, {"dialog":…},
// {"pinpad":true}.
func (r Ref) MarshalJSON() ([]byte, error) {
	j := refJSON{Field: r.Field, Literal: r.Literal, Dialog: r.Dialog, Part: r.Part, Auto: r.Auto, PINPad: r.PINPad}
	if r.Dialog > 0 {
		j.Keyword = r.Keyword
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes; anything else is an error. The
// keyword of a reference that is no dialog is not in it.
func (r *Ref) UnmarshalJSON(raw []byte) error {
	var j refJSON
	if err := strictly(raw, &j); err != nil {
		return err
	}
	kinds := 0
	for _, is := range []bool{j.Field != "", j.Literal, j.Dialog > 0, j.PINPad} {
		if is {
			kinds++
		}
	}
	if kinds != 1 || j.Dialog < 0 || j.Dialog == 0 && (j.Part != "" || j.Auto || j.Keyword != "") {
		return fmt.Errorf("plan: %s says of no one place where a secret comes from", raw)
	}
	*r = Ref{Field: j.Field, Literal: j.Literal, Dialog: j.Dialog, Part: j.Part, Auto: j.Auto, PINPad: j.PINPad, Keyword: j.Keyword}
	return nil
}

// strictly is json.Unmarshal without unknown members. The decoder of the whole
// plan does not reach into methods like UnmarshalJSON with its own strictness.
func strictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Words says where the secret comes from.
func (r *Ref) Words() string {
	switch {
	case r == nil:
		return "nothing"
	case r.Field != "":
		return "field " + r.Field
	case r.Literal:
		return "the fixed " + r.Keyword + " of the file"
	case r.PINPad:
		return "the reader's PIN pad"
	}
	value := map[string]string{"old": "present value", "new": "new value"}[r.Part]
	if r.Dialog == 1 && r.Part == "new" {
		value = "value" // what is asked for once is there already, such as the PIN of a login
	}
	words := fmt.Sprintf("the %s asked for %s", value, r.Keyword)
	if r.Auto {
		words += " (or the PIN pad)"
	}
	return words
}

// Text is text in which fields may stand that are not bound yet.
type Text struct {
	Parts []TextPart
}

// TextPart is text, or a field whose value stands in its place.
type TextPart struct {
	Text  string `json:"text,omitempty"`
	Field string `json:"field,omitempty"`
}

// IsZero reports whether there is no text.
func (t Text) IsZero() bool { return len(t.Parts) == 0 }

// plainText is a Text without fields.
func plainText(s string) Text { return Text{[]TextPart{{Text: s}}} }

// Resolved gives the text where no field is open.
func (t Text) Resolved() (string, bool) {
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Field != "" {
			return "", false
		}
		b.WriteString(p.Text)
	}
	return b.String(), true
}

// With puts values in the place of fields; a field without a value stays.
func (t Text) With(values map[string]string) Text {
	var out Text
	for _, p := range t.Parts {
		if v, ok := values[p.Field]; ok && p.Field != "" {
			p = TextPart{Text: v}
		}
		out.Parts = append(out.Parts, p)
	}
	return out
}

// Words renders the text for people, fields in braces.
func (t Text) Words() string {
	var b strings.Builder
	for _, p := range t.Parts {
		b.WriteString(p.Text)
		if p.Field != "" {
			b.WriteString("{" + p.Field + "}")
		}
	}
	return b.String()
}

// MarshalJSON writes a string where no field is open, else the list of parts.
func (t Text) MarshalJSON() ([]byte, error) {
	if s, ok := t.Resolved(); ok {
		return json.Marshal(s)
	}
	return json.Marshal(t.Parts)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = plainText(s)
		return nil
	}
	t.Parts = nil
	return strictly(raw, &t.Parts)
}
