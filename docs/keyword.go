package docs

import (
	"fmt"
	"slices"
	"strings"

	"inscribe/check/profile"
	"inscribe/check/schema"
)

// Keyword describes a keyword: what it takes, means and needs, and how far that
// is known. origin is the configuration file that declares it, "" for a keyword
// of the language.
func Keyword(k *schema.Keyword, origin string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Keyword of `[%s]`: %s.\n\n%s\n\n", k.Section, takes(k), k.Doc)
	item := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "- **%s**: %s\n", name, fmt.Sprintf(format, args...))
	}
	if k.Max > 0 {
		item("Range", "%d to %d", k.Min, k.Max)
	}
	if len(k.Values) > 0 {
		name := "Values"
		if k.Kind == schema.Number {
			name = "Usual values" // others are fine too
		}
		item(name, "%s", values(k.Values))
	}
	if k.Type != schema.None {
		item("Type", "%s", typeWords(k.Type))
	}
	if k.Slot != schema.NoSlot {
		item("Slot", "%s", k.Slot)
	}
	for _, group := range k.Requires {
		item("Requires", "%s", codes(group, "or"))
	}
	if others := excludes(k); len(others) > 0 {
		item("Excludes", "%s", codes(others, "and"))
	}
	if k.Technology == schema.MagneticStripe {
		item("Technology", "magnetic stripes, `Type=2,Magstripe`")
	}
	if k.Meaning != "" && k.Meaning != k.Name {
		item("Means", "the same as `%s`", k.Meaning)
	}
	if k.Meaning == "" {
		item("Effect", "none: Inscribe checks it and does nothing with it")
	}
	if k.Since != "" {
		item("Since", "%s", k.Since)
	}
	if k.Middleware != "" {
		item("Middleware", "%s", k.Middleware)
	}
	item("Evidence", "%s", evidence(k, origin))
	if k.Example != "" {
		fmt.Fprintf(&b, "\n```dsc\n%s\n```\n", k.Example)
	}
	return b.String()
}

// takes says what a value of the keyword is.
func takes(k *schema.Keyword) string {
	if k.Kind != schema.Operand {
		return k.Kind.String()
	}
	var forms []string
	for _, f := range []struct {
		form schema.Forms
		text string
	}{{schema.Field, "field"}, {schema.Literal, "fixed value `#…`"}, {schema.Special, "special value `!…`"}} {
		if k.Forms&f.form != 0 {
			forms = append(forms, f.text)
		}
	}
	return list(forms, "or")
}

// excludes lists what must not stand beside the keyword. The table says it at
// one of the two only.
func excludes(k *schema.Keyword) []string {
	others := slices.Clone(k.Conflicts)
	for _, o := range schema.Builtin.In(k.Section) {
		if slices.Contains(o.Conflicts, k.Meaning) {
			others = append(others, o.Name)
		}
	}
	return others
}

func values(vs []schema.Value) string {
	var out []string
	for _, v := range vs {
		text := "`" + v.Text + "`"
		if v.Doc != "" {
			text += " (" + v.Doc + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func typeWords(t schema.Type) string {
	if t.Secret() {
		return t.String() + ", secret: never shown"
	}
	return t.String()
}

func evidence(k *schema.Keyword, origin string) string {
	if origin != "" {
		return "declared in " + origin
	}
	text := k.Evidence.String()
	if k.Page != "" {
		text += fmt.Sprintf("; the vendor's page «%s»", k.Page)
	}
	return text
}

func codes(words []string, last string) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, "`"+w+"`")
	}
	return list(quoted, last)
}

// list joins words with commas, and the last two with a word.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

var sectionTexts = map[schema.Section]string{
	schema.Encoding:    "What kind of chip or stripe the description is for. At most one; a smart card is assumed where it is missing.",
	schema.Fields:      "The fields: names whose values come at run time, one `NAME=` a line. At most one. What the values are is decided where the description is run; right-hand sides that bind a field are kept as they are.",
	schema.Description: "What belongs to no single application: the library, the credentials, the initialisation, the choice of the card, and the order of the applications. Exactly one.",
	schema.Application: "One job: a key pair with its certificate, a certificate, a list of certificates and keys, a data object, or the blocking of the PIN. X is one character, by which `ApplicationList` names the section. Any number.",
}

// Section describes a kind of section.
func Section(s schema.Section) string { return sectionTexts[s] + "\n" }

// factPage describes a fact of profiles, with its value in each built-in profile.
func factPage(f profile.FactInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Fact of profiles, %s: %s.\n\n", factKind(f.Kind), f.Doc)
	for _, name := range profile.Names() {
		fact := profile.Lookup(name).Get(f.Name)
		fmt.Fprintf(&b, "- `%s`: **%s**%s\n", name, fact, sourceOf(fact))
	}
	return b.String()
}

func factKind(k profile.FactKind) string {
	return map[profile.FactKind]string{profile.YesNo: "yes or no", profile.Count: "a number", profile.Word: "a word", profile.Words: "a list of words"}[k]
}

// sourceOf says where a fact is from, or why it is not known.
func sourceOf(f profile.Fact) string {
	if f.Source == "" {
		return ""
	}
	return " (" + f.Source + ")"
}

// Profile describes a kind of token: every fact, the unknown ones too, with its
// source.
func Profile(p *profile.Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Profile: %s.\n\n", p.Title)
	if p.Notes != "" {
		fmt.Fprintf(&b, "%s\n\n", p.Notes)
	}
	if len(p.Manufacturers) > 0 {
		fmt.Fprintf(&b, "Chosen by itself for modules of %s.\n\n", list(p.Manufacturers, "or"))
	}
	for _, f := range profile.Facts {
		fact := p.Get(f.Name)
		fmt.Fprintf(&b, "- `%s` = **%s**: %s%s\n", f.Name, fact, f.Doc, sourceOf(fact))
	}
	return b.String()
}
