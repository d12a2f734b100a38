package exec

import (
	"fmt"
	"maps"
	"strings"

	"inscribe/check/profile"
	"inscribe/internal/percent"
)

// Fresh is the selector of the one token that is not initialised yet.
const Fresh = "fresh"

// Selector says which token is meant: the word "fresh", or the path attributes
// of a PKCS#11 URI (RFC 7512, 2.3), all of which must match. The zero value
// matches every initialised token.
type Selector struct {
	text  string
	fresh bool
	want  map[string]string
	at    *SlotID
}

// At is the selector of the token in one slot of a module as it is loaded now.
func At(id SlotID) Selector { return Selector{text: "the token of this row", at: &id} }

// selectable are the attributes that name a token. slot-id is missing on
// purpose: it is another one after each initialisation.
var selectable = map[string]func(*Slot) *string{
	"token":             func(s *Slot) *string { return &s.Token.Label },
	"serial":            func(s *Slot) *string { return &s.Token.Serial },
	"manufacturer":      func(s *Slot) *string { return &s.Token.Manufacturer },
	"model":             func(s *Slot) *string { return &s.Token.Model },
	"slot-description":  func(s *Slot) *string { return &s.Description },
	"slot-manufacturer": func(s *Slot) *string { return &s.Manufacturer },
}

// ParseSelector reads "fresh", a PKCS#11 URI, or a bare token label. A PIN in
// the URI is refused: it would stand in clear in a file or an argument.
func ParseSelector(text string) (Selector, error) {
	s := Selector{text: text, want: map[string]string{}}
	switch {
	case text == "":
		return s, nil
	case text == Fresh:
		s.fresh = true
		return s, nil
	case !strings.HasPrefix(text, "pkcs11:"):
		s.want["token"] = ValidUTF8(text)
		return s, nil
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(text, "pkcs11:"), "?")
	if strings.Contains(query, "pin-value") || strings.Contains(query, "pin-source") {
		return s, fmt.Errorf("the token URI holds a PIN; give PINs as fields")
	}
	if query != "" {
		return s, fmt.Errorf("the token URI has a query, and only path attributes choose a token")
	}
	for _, attr := range strings.Split(path, ";") {
		if attr == "" {
			continue
		}
		name, value, ok := strings.Cut(attr, "=")
		value, err := percent.Decode(value)
		if !ok || err != nil {
			return s, fmt.Errorf("token URI: %q is no attribute name=value", attr)
		}
		if name == "slot-id" {
			return s, fmt.Errorf("token URI: slot-id changes when a token is initialised; choose by token, serial or slot-description")
		}
		if selectable[name] == nil {
			return s, fmt.Errorf("token URI: attribute %q does not choose a token; there are token, serial, manufacturer, model, slot-description, slot-manufacturer", name)
		}
		if _, again := s.want[name]; again {
			return s, fmt.Errorf("token URI: attribute %q is there twice, and no token has two of them", name)
		}
		s.want[name] = ValidUTF8(value) // as CleanText gives it
	}
	return s, nil
}

// String gives the text that the selector was made from.
func (s Selector) String() string {
	if s.text == "" {
		return "any token"
	}
	return s.text
}

// IsZero reports whether nothing was asked for.
func (s Selector) IsZero() bool { return s.text == "" }

// Matches reports whether a slot's token is meant.
func (s Selector) Matches(slot Slot) bool {
	if slot.Unreadable != CKROK {
		return false
	}
	initialised := slot.Token.Flags.Has(FlagTokenInitialized)
	switch {
	case s.at != nil:
		return slot.ID == *s.at
	case s.fresh:
		return !initialised
	}
	_, bySlot := s.want["slot-description"]
	if !initialised && !bySlot {
		return false
	}
	for name, want := range s.want {
		if *selectable[name](&slot) != want {
			return false
		}
	}
	return true
}

// IsFresh reports whether the tokens are meant that are not initialised yet.
func (s Selector) IsFresh() bool { return s.fresh }

// Stars counts the stars in the values. In a batch, and nowhere else, one stands for
// any text.
func (s Selector) Stars() int {
	n := 0
	for _, want := range s.want {
		n += strings.Count(want, "*")
	}
	return n
}

// MatchesStar matches as Matches does, but for a star that stands for any text. star
// is that text.
func (s Selector) MatchesStar(slot Slot) (star string, ok bool) {
	plain := s
	plain.want = maps.Clone(s.want)
	for name, want := range s.want {
		before, after, has := strings.Cut(want, "*")
		if !has {
			continue
		}
		rest, begins := strings.CutPrefix(*selectable[name](&slot), before)
		text, ends := strings.CutSuffix(rest, after)
		if !begins || !ends {
			return "", false
		}
		star = text
		delete(plain.want, name)
		if name == "slot-description" {
			plain.want[name] = before + text + after
		}
	}
	return star, plain.Matches(slot)
}

// Fit gives a slot the texts that the selector asks for.
func (s Selector) Fit(slot *Slot) {
	for name, want := range s.want {
		*selectable[name](slot) = want
	}
}

// Choose gives the one slot that matches. None or several is an error that lists
// what is there.
func (s Selector) Choose(slots []Slot, role string) (Slot, error) {
	var found []Slot
	for _, slot := range slots {
		if s.Matches(slot) {
			found = append(found, slot)
		}
	}
	hidden := unreadable(slots)
	if len(found) == 1 && (hidden == nil || !s.IsZero()) {
		return found[0], nil
	}
	e := &Error{Kind: Device, Slot: role + " slot"}
	if hidden != nil && len(found) < 2 {
		// The one that is meant, or one more than the one, may be there.
		e.Message = fmt.Sprintf("which token is %s cannot be told, since one cannot be read; there %s", s, listTokens(slots))
		e.Call, e.CKR = hidden.Call, hidden.CKR
		return Slot{}, e
	}
	if len(found) == 0 {
		e.Message = fmt.Sprintf("no token matches %s; there %s", s, listTokens(slots))
		e.Advice = "insert the token, or name another one with --token or --signature-token"
		for _, slot := range slots {
			if !s.fresh && !slot.Token.Flags.Has(FlagTokenInitialized) {
				e.Advice = "a token that is not initialised yet is chosen with --token fresh"
			}
		}
		return Slot{}, e
	}
	e.Message = fmt.Sprintf("%d tokens match %s: %s", len(found), s, describeTokens(found))
	e.Advice = "leave the one in that is meant, and take out the others"
	if uri := alone(&found[0], slots); uri != "" {
		e.Advice = "name one of them with --token or --signature-token, for example " + uri
	}
	return Slot{}, e
}

// alone is a URI that matches a slot's token and none of the others; "" where no one
// attribute does. The slots of one card have one serial number.
func alone(slot *Slot, slots []Slot) string {
	for _, name := range []string{"serial", "token", "slot-description"} {
		value := *selectable[name](slot)
		s, n := Selector{want: map[string]string{name: value}}, 0
		for i := range slots {
			if s.Matches(slots[i]) {
				n++
			}
		}
		if value != "" && n == 1 && s.Matches(*slot) {
			return "pkcs11:" + name + "=" + percent.Encode(value, "$&+:=@")
		}
	}
	return ""
}

func listTokens(slots []Slot) string {
	if len(slots) == 0 {
		return "is no token at all"
	}
	return "are " + describeTokens(slots)
}

func describeTokens(slots []Slot) string {
	var names []string
	for _, s := range slots {
		if s.Unreadable != CKROK {
			names = append(names, fmt.Sprintf("a token that cannot be read, in %q", s.Description))
			continue
		}
		if s.Unrecognised {
			names = append(names, fmt.Sprintf("a token in %q that the module does not know (C_GetTokenInfo: %s): it is blank, or of another kind", s.Description, CKRTokenNotRecognized))
			continue
		}
		names = append(names, s.Token.Name())
	}
	return strings.Join(names, ", ")
}

// unreadable is the error of the first token that could not be looked at; nil where
// all could.
func unreadable(slots []Slot) *Error {
	for _, s := range slots {
		if s.Unreadable != CKROK {
			return &Error{Kind: Device, Slot: fmt.Sprintf("slot %q", s.Description), Call: "C_GetTokenInfo", CKR: s.Unreadable}
		}
	}
	return nil
}

// Name is how messages call a token.
func (t TokenInfo) Name() string {
	if !t.Flags.Has(FlagTokenInitialized) {
		return "a token that is not initialised"
	}
	if t.Serial == "" {
		return fmt.Sprintf("token %q", t.Label)
	}
	return fmt.Sprintf("token %q (serial %s)", t.Label, t.Serial)
}

// Identity tells tokens apart as far as they let one: label and reader may
// change and are not part of it.
type Identity struct {
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	Serial       string `json:"serial"`
	// Label is set where serial numbers alone do not tell tokens apart.
	Label string `json:"label,omitempty"`
}

// Named reports whether anything tells the token from others of its kind: a fresh
// one may have neither a serial number nor a label.
func (id Identity) Named() bool { return id.Serial+id.Label != "" }

// Is reports whether two identities can be of one token. The label counts where both
// have one: where a profile knew that serial numbers are unique, it was left out, and
// another profile may have named the same token with it.
func (id Identity) Is(other Identity) bool {
	if id.Label == "" || other.Label == "" {
		id.Label, other.Label = "", ""
	}
	return id == other
}

// SameTokens reports whether two runs had the same tokens, by slot.
func SameTokens(a, b map[string]Identity) bool {
	return maps.EqualFunc(a, b, Identity.Is)
}

// Identity gives what identifies the token. Only where the profile knows that
// serial numbers are unique can the label be left out: some modules give every
// token the same number, or both slots of a card.
func (t TokenInfo) Identity(facts *profile.Profile) Identity {
	id := Identity{Manufacturer: t.Manufacturer, Model: t.Model, Serial: t.Serial}
	if facts.Is(profile.UniqueSerial) != profile.Yes {
		id.Label = t.Label
	}
	return id
}
