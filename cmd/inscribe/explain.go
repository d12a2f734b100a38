package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"inscribe/docs"
	"inscribe/exec"
)

func explainFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text or markdown")
}

// returnGroup are the topics that docs does not know: it knows no engine.
const returnGroup = "return values of PKCS#11"

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
		return usagef("there is nothing to explain about %q%s; inscribe explain lists the words", word, docs.Near(topics, word))
	}
	return a.show(docs.Explanation(found))
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
// and the words of the project in the working directory.
func (a *app) topics() []docs.Topic {
	cfg, err := a.configFor(stdinName)
	if err != nil {
		// Whoever repairs a configuration needs the explanations most.
		fmt.Fprintf(a.stderr, "inscribe: explained without the project's keywords: %s\n", clean(strings.TrimSpace(err.Error())))
		cfg = nil
	}
	project := docs.Project{}
	if cfg != nil {
		project = docs.Project{Table: cfg.Table(), Origin: cfg.Path, Profiles: cfg.Profiles}
	}
	list := docs.Topics(project)
	for c := exec.CKROK; c <= lastCKR; c++ {
		if strings.HasPrefix(c.String(), ckrPrefix) {
			list = append(list, returnTopic(c))
		}
	}
	return append(list, returnTopic(exec.CKRVendorDefined))
}

func returnTopic(c exec.CKR) docs.Topic {
	return docs.Topic{Group: returnGroup, Name: c.String(), Text: func() string { return returnText(c) }}
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

// about gives the topics that a word names, which may be a number.
func about(topics []docs.Topic, word string) []docs.Topic {
	if c, ok := returnNumber(strings.TrimSpace(word)); ok {
		return []docs.Topic{returnTopic(c)}
	}
	return docs.About(topics, word)
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

// overview lists the words by their groups. Return values are too many to be
// listed, and nobody looks for one that was not seen.
func overview(topics []docs.Topic) string {
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
		if t.Group == returnGroup {
			continue
		}
		if t.Group != group {
			flush()
			group = t.Group
		}
		if !slices.Contains(words, t.Name) {
			words = append(words, t.Name)
		}
	}
	flush()
	fmt.Fprintf(&b, "\n## %s\n\nBy name or number: %s, 0x%x, %d.\n", returnGroup, exec.CKRPINLocked, uint64(exec.CKRPINLocked), uint64(exec.CKRPINLocked))
	return b.String()
}
