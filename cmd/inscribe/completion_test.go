//go:build cgo && linux

package main

import (
	"bytes"
	"fmt"
	osexec "os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// completionCases are lines as they are typed, with what must and what must not
// be offered at their end.
var completionCases = []struct {
	line        string
	offers      []string
	offersNever []string
}{
	{"inscribe ", []string{"check", "apply", "batch", "verify", "completion", "help"}, []string{"--format"}},
	{"inscribe ver", []string{"verify", "version"}, []string{"check"}},
	{"inscribe verify --for", []string{"--format"}, []string{"--field", "--force"}},
	{"inscribe verify --format ", []string{"text", "json"}, []string{"sarif"}},
	{"inscribe check --format s", []string{"sarif"}, []string{"json"}},
	{"inscribe apply --existing ", []string{"refuse", "add", "replace"}, nil},
	{"inscribe plan --profile soft", []string{"softhsm"}, []string{"generic"}},
	{"inscribe apply --lab", []string{"--lab-ca"}, nil},
	{"inscribe batch --max", []string{"--max-failures"}, nil},
	{"inscribe ca ", []string{"cert", "path"}, []string{"card.dsc"}},
	{"inscribe completion ", []string{"bash", "zsh", "fish"}, nil},
	{"inscribe help dif", []string{"diff"}, nil},
	{"inscribe check car", []string{"card.dsc"}, nil},
	{"inscribe apply --station sta", []string{"station.toml"}, nil},
}

// TestCompletion asks each shell itself.
func TestCompletion(t *testing.T) {
	m := newMachine(t)
	m.file("card.dsc", "")
	for shell, offered := range map[string]func(m *machine, script string) [][]string{"bash": inBash, "fish": inFish, "zsh": inZsh} {
		t.Run(shell, func(t *testing.T) {
			if _, err := osexec.LookPath(shell); err != nil {
				t.Fatalf("%s is missing: run \"make setup\"", shell)
			}
			m := &machine{TB: t, reader: m.reader, dir: m.dir, env: m.env, moduleEnv: m.moduleEnv}
			out := m.must(exitOK, []string{"completion", shell})
			script := m.file("completion."+shell, out.stdout)
			all := offered(m, script)
			if len(all) != len(completionCases) {
				t.Fatalf("%d answers to %d lines", len(all), len(completionCases))
			}
			for i, c := range completionCases {
				got := all[i]
				for _, want := range c.offers {
					if !slices.Contains(got, want) {
						t.Errorf("%q offers %q, without %q", c.line, got, want)
					}
				}
				for _, no := range c.offersNever {
					if slices.Contains(got, no) {
						t.Errorf("%q offers %q too", c.line, no)
					}
				}
			}
		})
	}
	m.must(exitUsage, []string{"completion", "tcsh"}, "bash, zsh and fish")
}

// shell runs a program of a shell in the machine's folder.
func (m *machine) shell(name string, args ...string) string {
	m.Helper()
	c := osexec.Command(name, args...)
	c.Dir = m.dir
	c.Env = append(m.command().Env, "TERM=dumb", "XDG_DATA_HOME="+m.dir)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		m.Fatalf("%s: %v\n%s%s", name, err, out, stderr.String())
	}
	return string(out)
}

// inBash calls the function as bash does. What it leaves to bash is files.
func inBash(m *machine, script string) (all [][]string) {
	for _, c := range completionCases {
		words := strings.Split(c.line, " ")
		last := len(words) - 1
		program := fmt.Sprintf(`source %q; COMP_WORDS=(%s); COMP_CWORD=%d; COMP_WORDS[%[3]d]=%q
_inscribe
if ((${#COMPREPLY[@]})); then printf '%%s\n' "${COMPREPLY[@]}"; else compgen -f -- %[4]q; fi
complete -p inscribe | grep -q -- '-o default' || echo broken`, script, strings.Join(words[:last], " "), last, words[last])
		all = append(all, strings.Fields(m.shell("bash", "--norc", "-c", program)))
	}
	return all
}

func inFish(m *machine, script string) (all [][]string) {
	for _, c := range completionCases {
		var offered []string
		for l := range strings.Lines(m.shell("fish", "--no-config", "-c", fmt.Sprintf("source %q; complete -C %q", script, c.line))) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			offered = append(offered, word)
		}
		all = append(all, offered)
	}
	return all
}

// inZsh types the lines into a zsh on a pseudo-terminal, each with a key that
// lists what is offered and one that says that this is done.
func inZsh(m *machine, script string) (all [][]string) {
	program := `zmodload zsh/zpty
zpty inner 'TERM=xterm zsh -f -i'
say() { zpty -w inner "$1" }
await() { local chunk all=; while zpty -r inner chunk; do all+=$chunk; [[ $all == *$1* ]] && break; done; print -r -- "$all" }
say 'PS1=; stty cols 400 rows 200; autoload -Uz compinit; compinit -D -u; LISTMAX=0; setopt no_auto_menu'
say ` + fmt.Sprintf("%q", "source "+script) + `
say 'offer() { _main_complete; compstate[insert]=; compstate[list]="list force" }; zle -C offer list-choices offer; bindkey "^T" offer'
say 'offered() { BUFFER=; zle -Rc; zle -I; print OFF""ERED }; zle -N offered; bindkey "^G" offered'
say 'print REA""DY'
await READY >/dev/null
`
	for _, c := range completionCases {
		program += fmt.Sprintf("zpty -w -n inner %q$'\\C-t\\C-g'\nawait OFFERED\n", c.line)
	}
	out := escapes.ReplaceAllString(m.shell("zsh", "-f", "-c", program+"zpty -d inner"), " ")
	answers := strings.Split(out, "OFFERED")
	for _, answer := range answers[:len(answers)-1] {
		var offered []string
		for _, word := range strings.Fields(answer) {
			offered = append(offered, strings.TrimSuffix(word, "="))
		}
		all = append(all, offered)
	}
	return all
}

// escapes move the cursor and colour the text of a terminal.
var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x00|\x07|\r")
