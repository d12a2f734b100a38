package main

import (
	"context"
	"fmt"
	"strings"

	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/exec"
	"inscribe/internal/secret"
	"inscribe/plan"
)

// prompter answers dialogs from --answer, else on the terminal; it implements
// exec.Prompter.
type prompter struct {
	given map[string]secret.Secret // "PIN", "PIN.old"
}

// prompter reads --answer.
func (a *app) prompter(dialogs []plan.Dialog) (*prompter, error) {
	p := &prompter{given: map[string]secret.Secret{}}
	var names []string
	for _, d := range dialogs {
		names = append(names, d.Keyword)
		if d.Entries == 3 {
			names = append(names, d.Keyword+".old")
		}
	}
	for _, arg := range a.opts.answers {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usagef("--answer wants KEYWORD=VALUE")
		}
		known := ""
		for _, n := range names {
			if strings.EqualFold(n, name) {
				known = n
			}
		}
		if known == "" {
			hint := "the plan asks nothing"
			if near := diag.Nearest(name, names); near != "" {
				hint = "is it " + near + "?"
			} else if names != nil {
				hint = "the plan asks for " + strings.Join(names, ", ")
			}
			return nil, usagef("--answer: no dialog asks for %s; %s", name, hint)
		}
		if literal(value) && !a.opts.allowLiterals {
			return nil, usagef("the answer for %s is secret, and every process on this machine can read the arguments; give env:VAR, file:PATH or fd:N, or say --allow-literal-secrets", known)
		}
		if d := setBy(dialogs, known); value == prompted && d != nil && a.sets {
			s, err := askNew(a.ctx, "New "+known, d.Validation)
			if err != nil {
				return nil, valueError(known, err)
			}
			p.given[known] = s
			continue
		}
		b, err := a.value(value, known)
		if err != nil {
			return nil, err
		}
		p.given[known] = secret.New(b)
	}
	return p, nil
}

// setBy is the dialog that sets a value; nil where it only shows it.
func setBy(dialogs []plan.Dialog, name string) *plan.Dialog {
	for i, d := range dialogs {
		if d.Keyword == name && d.Entries > 1 {
			return &dialogs[i]
		}
	}
	return nil
}

// Confirm asks on the terminal; without one the answer is no.
func (p *prompter) Confirm(ctx context.Context, question string) bool { return askYes(ctx, question) }

// Ask gives the answers of one dialog.
func (p *prompter) Ask(ctx context.Context, q exec.Question) (exec.Answer, error) {
	var answer exec.Answer
	where := fmt.Sprintf("%s of the %s slot (%s)", q.Keyword, q.Slot, q.Token.Name())
	if q.Entries == 3 {
		var err error
		if answer.Old, err = p.one(ctx, q.Keyword+".old", "Present "+where); err != nil {
			return answer, err
		}
	}
	if s, ok := p.given[q.Keyword]; ok {
		answer.New = s
		return answer, nil
	}
	if q.Entries == 1 {
		var err error
		answer.New, err = askSecret(ctx, where)
		return answer, err
	}
	var err error
	answer.New, err = askNew(ctx, "New "+where, q.Validation)
	return answer, err
}

// askNew asks for a value that is to be set: until it is valid, and was entered twice
// the same.
func askNew(ctx context.Context, prompt, validation string) (secret.Secret, error) {
	for {
		first, err := askSecret(ctx, prompt)
		if err != nil {
			return first, err
		}
		if validation != "" {
			re, err := check.CompileValidation(validation)
			if err != nil {
				return secret.Secret{}, err
			}
			if !re.Match(first.Reveal()) {
				first.Wipe()
				sayOnTerminal("it does not match the validation of the description: " + validation)
				continue
			}
		}
		second, err := askSecret(ctx, "The same again")
		if err != nil {
			first.Wipe()
			return secret.Secret{}, err
		}
		same := first.Equal(second)
		second.Wipe()
		if same {
			return first, nil
		}
		first.Wipe()
		sayOnTerminal("the two differ")
	}
}

func (p *prompter) one(ctx context.Context, name, prompt string) (secret.Secret, error) {
	if s, ok := p.given[name]; ok {
		return s, nil
	}
	return askSecret(ctx, prompt)
}
