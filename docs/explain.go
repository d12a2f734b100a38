package docs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"inscribe/ast/diag"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// Topic is one thing that can be explained. A word may name several.
type Topic struct {
	Group, Name string
	// Text is Markdown for below a heading.
	Text func() string
}

// The groups of topics, in the order in which they are shown.
const (
	keywordGroup   = "keywords"
	sectionGroup   = "sections"
	valueGroup     = "values"
	codeGroup      = "codes"
	operationGroup = "operations of plans"
	profileGroup   = "profiles"
	factGroup      = "facts of profiles"
)

// Project is what a project adds to the words of the language; the zero value
// adds nothing.
type Project struct {
	// Table is the table of keywords with its own.
	Table *schema.Table
	// Origin is what to call the file that declares them.
	Origin string
	// Profiles are its own kinds of token.
	Profiles map[string]*profile.Profile
}

// Topics are the words of the language, of findings, plans and profiles, with
// those of a project.
func Topics(p Project) []Topic {
	table := p.Table
	if table == nil {
		table = schema.Builtin
	}
	var list []Topic
	add := func(group, name string, text func() string) { list = append(list, Topic{group, name, text}) }
	for _, k := range table.All() {
		origin := ""
		if k.Evidence == schema.Project {
			origin = p.Origin
		}
		add(keywordGroup, k.Name, func() string { return Keyword(k, origin) })
	}
	for s := schema.Encoding; s <= schema.Application; s++ {
		add(sectionGroup, s.String(), func() string { return sectionText(s, table) })
	}
	for _, v := range schema.Specials {
		add(valueGroup, v.Text, func() string { return "Special value: " + v.Doc + ".\n" })
	}
	add(valueGroup, "#Signature", func() string {
		return "Value of `Location`: the signature slot. Every other value means the default slot.\n"
	})
	for _, k := range table.All() {
		if k.Kind != schema.Enum || k.Evidence == schema.Project {
			continue
		}
		for _, v := range k.Values {
			add(valueGroup, v.Text, func() string { return fmt.Sprintf("Value of `%s`: %s.\n", k.Name, v.Doc) })
		}
	}
	for _, page := range Pages() {
		_, text, _ := strings.Cut(page.Text, "\n\n")
		add(codeGroup, string(page.Code), func() string { return text })
	}
	for _, o := range Operations {
		add(operationGroup, o.Name, func() string { return "Operation of a plan. " + o.Text + "\n" })
	}
	for _, name := range profile.Names() {
		add(profileGroup, name, func() string { return Profile(profile.Lookup(name)) })
	}
	for _, name := range slices.Sorted(maps.Keys(p.Profiles)) {
		add(profileGroup, name, func() string { return Profile(p.Profiles[name]) })
	}
	for _, f := range profile.Facts {
		add(factGroup, string(f.Name), func() string { return factPage(f) })
	}
	return list
}

func sectionText(s schema.Section, table *schema.Table) string {
	text := "Section. " + Section(s)
	if s == schema.Fields {
		return text
	}
	var names []string
	for _, k := range table.In(s) {
		names = append(names, "`"+k.Name+"`")
	}
	return text + "\nIts keywords: " + strings.Join(names, ", ") + ".\n"
}

// About gives the topics that a word names, in any case. A header and an entry
// are understood too.
func About(topics []Topic, word string) []Topic {
	name, _, _ := strings.Cut(strings.TrimSpace(word), "=")
	name = strings.Trim(name, "[]")
	section := ""
	if kind, _, ok := schema.SectionOf(name); ok {
		section = kind.String()
	}
	var found []Topic
	for _, t := range topics {
		switch {
		case strings.EqualFold(t.Name, name), t.Group == valueGroup && strings.EqualFold(t.Name, "#"+name):
		case t.Group == sectionGroup && t.Name == section:
		case t.Group == keywordGroup && numbered(t.Name, name):
		default:
			continue
		}
		found = append(found, t)
	}
	return found
}

// numbered tells whether a name is one of a series, such as the address lines of
// a magnetic stripe.
func numbered(keyword, name string) bool {
	return slices.ContainsFunc(schema.Builtin.Named(name), func(k *schema.Keyword) bool { return k.Numbered && k.Name == keyword })
}

// Near suggests the nearest word of each group, as "; is it A or B?"; it is ""
// where none is near.
func Near(topics []Topic, word string) string {
	groups := map[string][]string{}
	var order, near []string
	for _, t := range topics {
		if groups[t.Group] == nil {
			order = append(order, t.Group)
		}
		groups[t.Group] = append(groups[t.Group], t.Name)
	}
	for _, g := range order {
		if n := diag.Nearest(word, groups[g]); n != "" && !slices.Contains(near, n) {
			near = append(near, n)
		}
	}
	if near == nil {
		return ""
	}
	return "; is it " + strings.Join(near, " or ") + "?"
}

// Explanation is the Markdown of topics, one below the other.
func Explanation(topics []Topic) string {
	var texts []string
	for _, t := range topics {
		texts = append(texts, "# "+t.Name+"\n\n"+t.Text())
	}
	return strings.Join(texts, "\n")
}
