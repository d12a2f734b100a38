package main

import (
	"bytes"
	_ "embed" // the scripts
	"fmt"
	"regexp"
	"strings"
	"sync"
	texttemplate "text/template"

	"github.com/spf13/pflag"

	"inscribe/check/profile"
)

// completion prints the completion script of a shell, made of the table of
// commands. What a flag may be is read out of its help, so that the two agree.
func (a *app) completion(args []string) error {
	shell, err := one(args, "shell")
	if err != nil {
		return err
	}
	text, known := shells[shell]
	if !known {
		return usagef("there is no completion for %q; there is bash, zsh and fish", shell)
	}
	var b bytes.Buffer
	if err := shellTemplate(shell, text).Execute(&b, completedCommands()); err != nil {
		return err
	}
	_, err = a.stdout.Write(b.Bytes())
	return err
}

var (
	//go:embed completion/bash.tmpl
	bashScript string
	//go:embed completion/zsh.tmpl
	zshScript string
	//go:embed completion/fish.tmpl
	fishScript string

	shells = map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
)

func shellTemplate(name, text string) *texttemplate.Template {
	return texttemplate.Must(texttemplate.New(name).Funcs(texttemplate.FuncMap{"quote": quoteForShell, "join": strings.Join, "zsh": quoteForZsh}).Parse(text))
}

// completedCommand is what a script knows of a command.
type completedCommand struct {
	Name, Short string
	// Words are all that its arguments may be; without any they are files.
	Words []string
	Flags []completedFlag
}

type completedFlag struct {
	Name, Letter, Usage string
	Takes               bool     // a value
	Words               []string // all that the value may be
	Repeats             bool
}

func completedCommands() []completedCommand {
	var out []completedCommand
	var names []string
	for i := range commands {
		c := &commands[i]
		names = append(names, c.name)
		done := completedCommand{Name: c.name, Short: c.short}
		if choices := strings.Split(c.args, "|"); len(choices) > 1 && strings.ToLower(c.args) == c.args {
			done.Words = choices
		}
		c.flagSet(&options{}).VisitAll(func(f *pflag.Flag) {
			flag := completedFlag{Name: f.Name, Letter: f.Shorthand, Usage: f.Usage, Takes: f.NoOptDefVal == "", Repeats: strings.HasSuffix(f.Value.Type(), "Array")}
			if words := wordList().FindString(f.Usage); words != "" && flag.Takes {
				flag.Words = splitWords(words)
			}
			if f.Name == "profile" {
				flag.Words = profile.Names()
			}
			done.Flags = append(done.Flags, flag)
		})
		out = append(out, done)
	}
	return append(out, completedCommand{Name: "help", Short: "show the help of a command", Words: names})
}

// wordList is a list of all choices at the end of a help text: "text, json or
// html". A choice that is no word ends it, and then it is none.
var wordList = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?:^|: )[a-z]+(?:, [a-z]+)* or [a-z]+$`) })

func splitWords(list string) []string {
	list = strings.TrimPrefix(list, ": ")
	return strings.Split(strings.Replace(list, " or ", ", ", 1), ", ")
}

// quoteForShell makes one word for bash and fish.
func quoteForShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

// quoteForZsh makes an option of _arguments one word; its help stands in
// brackets, and a colon ends a part.
func quoteForZsh(f completedFlag) []string {
	usage := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(f.Usage)
	value, mark := "", ""
	if f.Takes {
		value, mark = ":value:_files", "="
		if f.Words != nil {
			value = fmt.Sprintf(":value:(%s)", strings.Join(f.Words, " "))
		}
	}
	star := ""
	if f.Repeats {
		star = "*"
	}
	out := []string{quoteForShell(star + "--" + f.Name + mark + "[" + usage + "]" + value)}
	if f.Letter != "" {
		out = append(out, quoteForShell(star+"-"+f.Letter+"["+usage+"]"+value))
	}
	return out
}
