package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
	"inscribe/docs"
	"inscribe/exec"
)

func explainFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text or markdown")
}

// topic is one thing that can be explained. A word may name several.
type topic struct {
	group string
	name  string
	text  func() string // Markdown below the heading
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
	returnGroup    = "return values of PKCS#11"
)

func (a *app) explain(args []string) error {
	if f := a.opts.format; f != "text" && f != "markdown" {
		return usagef("--format is %q; it can be text or markdown", f)
	}
	topics := a.topics()
	if len(args) == 0 {
		return a.show(overview(topics))
	}
	word, err := one(args, "word")
	if err != nil {
		return err
	}
	found := about(topics, word)
	if found == nil {
		return usagef("there is nothing to explain about %q%s; inscribe explain lists the words", word, nearTopics(topics, word))
	}
	var texts []string
	for _, t := range found {
		texts = append(texts, "# "+t.name+"\n\n"+t.text())
	}
	return a.show(strings.Join(texts, "\n"))
}

func (a *app) show(markdown string) error {
	markdown = clean(markdown)
	if a.opts.format == "text" {
		markdown = docs.Terminal(markdown, docs.TerminalOptions{Width: width(a.stdout), Color: a.colored(a.stdout)})
	}
	_, err := io.WriteString(a.stdout, markdown)
	return err
}

// topics lists everything that can be explained here: what the program knows,
// and the keywords of the project in the working directory.
func (a *app) topics() []topic {
	cfg, err := a.configFor(stdinName)
	if err != nil {
		// Whoever repairs a configuration needs the explanations most.
		fmt.Fprintf(a.stderr, "inscribe: explained without the project's keywords: %s\n", clean(strings.TrimSpace(err.Error())))
		cfg = nil
	}
	var list []topic
	add := func(group, name string, text func() string) { list = append(list, topic{group, name, text}) }
	for _, k := range cfg.Table().All() {
		origin := ""
		if k.Evidence == schema.Project {
			origin = cfg.Path
		}
		add(keywordGroup, k.Name, func() string { return docs.Keyword(k, origin) })
	}
	for s := schema.Encoding; s <= schema.Application; s++ {
		add(sectionGroup, s.String(), func() string { return sectionText(s, cfg.Table()) })
	}
	for _, v := range schema.Specials {
		add(valueGroup, v.Text, func() string { return "Special value: " + v.Doc + ".\n" })
	}
	add(valueGroup, "#"+check.Signature, func() string {
		return "Value of `Location`: the signature slot. Every other value means the default slot.\n"
	})
	for _, k := range cfg.Table().All() {
		if k.Kind != schema.Enum || k.Evidence == schema.Project {
			continue
		}
		for _, v := range k.Values {
			add(valueGroup, v.Text, func() string { return fmt.Sprintf("Value of `%s`: %s.\n", k.Name, v.Doc) })
		}
	}
	for _, p := range docs.Pages() {
		_, text, _ := strings.Cut(p.Text, "\n\n")
		add(codeGroup, string(p.Code), func() string { return text })
	}
	for _, o := range docs.Operations {
		add(operationGroup, o.Name, func() string { return "Operation of a plan. " + o.Text + "\n" })
	}
	for _, name := range cfg.ProfileNames() {
		add(profileGroup, name, func() string { return docs.Profile(cfg.Lookup(name)) })
	}
	for _, f := range profile.Facts {
		add(factGroup, string(f.Name), func() string { return docs.Fact(f) })
	}
	for c := exec.CKROK; c <= lastCKR; c++ {
		if strings.HasPrefix(c.String(), ckrPrefix) {
			add(returnGroup, c.String(), func() string { return returnText(c) })
		}
	}
	add(returnGroup, exec.CKRVendorDefined.String(), func() string { return returnText(exec.CKRVendorDefined) })
	return list
}

// ckrPrefix begins the names of return values; lastCKR is behind the greatest
// one that PKCS#11 defines.
const (
	ckrPrefix          = "CKR_"
	lastCKR   exec.CKR = 0x3ff
)

func returnText(c exec.CKR) string {
	text := fmt.Sprintf("Return value of PKCS#11, 0x%x or %d: %s.\n", uint64(c), uint64(c), c.Meaning())
	if advice := c.Advice(); advice != "" {
		text += "\nWhat to do: " + advice + ".\n"
	}
	return text
}

func sectionText(s schema.Section, table *schema.Table) string {
	text := "Section. " + docs.Section(s)
	if s == schema.Fields {
		return text
	}
	var names []string
	for _, k := range table.In(s) {
		names = append(names, "`"+k.Name+"`")
	}
	return text + "\nIts keywords: " + strings.Join(names, ", ") + ".\n"
}

// about gives the topics that a word names, in any case. A header, an entry and
// a number are understood too.
func about(topics []topic, word string) []topic {
	word = strings.TrimSpace(word)
	if c, ok := returnNumber(word); ok {
		return []topic{{returnGroup, c.String(), func() string { return returnText(c) }}}
	}
	name, _, _ := strings.Cut(word, "=")
	name = strings.Trim(name, "[]")
	section := ""
	if kind, _, ok := schema.SectionOf(name); ok {
		section = kind.String()
	}
	var found []topic
	for _, t := range topics {
		switch {
		case strings.EqualFold(t.name, name), t.group == valueGroup && strings.EqualFold(t.name, "#"+name):
		case t.group == sectionGroup && t.name == section:
		case t.group == keywordGroup && numbered(t.name, name):
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

// returnNumber reads a return value as modules and logs show it. A decimal
// number counts only if PKCS#11 defines it, since it may be anything.
func returnNumber(word string) (exec.CKR, bool) {
	digits, hexadecimal := strings.CutPrefix(strings.ToLower(word), "0x")
	base := 10
	if hexadecimal {
		base = 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	c := exec.CKR(n)
	return c, err == nil && (hexadecimal || strings.HasPrefix(c.String(), ckrPrefix))
}

// nearTopics suggests the nearest word of each group.
func nearTopics(topics []topic, word string) string {
	groups := map[string][]string{}
	var order, near []string
	for _, t := range topics {
		if groups[t.group] == nil {
			order = append(order, t.group)
		}
		groups[t.group] = append(groups[t.group], t.name)
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

// overview lists the words by their groups. Return values are too many to be
// listed, and nobody looks for one that was not seen.
func overview(topics []topic) string {
	var b strings.Builder
	b.WriteString("# inscribe explain WORD\n\nTells what a word means, in any case.\n")
	group := ""
	var words []string
	flush := func() {
		if group != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", group, strings.Join(words, ", "))
		}
		words = nil
	}
	for _, t := range topics {
		if t.group == returnGroup {
			continue
		}
		if t.group != group {
			flush()
			group = t.group
		}
		if !slices.Contains(words, t.name) {
			words = append(words, t.name)
		}
	}
	flush()
	fmt.Fprintf(&b, "\n## %s\n\nBy name or number: %s, 0x%x, %d.\n", returnGroup, exec.CKRPINLocked, uint64(exec.CKRPINLocked), uint64(exec.CKRPINLocked))
	return b.String()
}
