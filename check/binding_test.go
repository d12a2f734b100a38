package check

import (
	"regexp/syntax"
	"strings"
	"testing"
)

func TestRightHandSides(t *testing.T) {
	p := check("[Encoding]\nType=2,Magstripe\n[Fields]\nA=\nB=\"1234\"\nC=Format(Field21,\"000000\")\nD=\"000\" + Field22 + Format(Field21,\"000000\")\nE=Field22\n[Description]\nApplicationlist=\n")
	columns := map[string]string{"Field21": "42", "Field22": "x"}
	column := func(name string) (string, bool) { v, ok := columns[name]; return v, ok }
	for name, want := range map[string]string{"B": "1234", "C": "000042", "D": "000x000042", "E": "x"} {
		got, ok, err := p.Field(name).Evaluate(column)
		if got != want || !ok || err != nil {
			t.Errorf("%s is %q, %v, %v; want %q", name, got, ok, err, want)
		}
	}
	if _, ok, _ := p.Field("A").Evaluate(column); ok {
		t.Error("a field without a right-hand side has a value")
	}
	columns["Field21"] = "1234567"
	if _, _, err := p.Field("C").Evaluate(column); err == nil || !strings.Contains(err.Error(), "Field21 is longer") {
		t.Errorf("a value longer than its pattern: %v", err)
	}
	delete(columns, "Field22")
	if _, _, err := p.Field("E").Evaluate(column); err == nil || !strings.Contains(err.Error(), "Field22 has no value") {
		t.Errorf("a column without a value: %v", err)
	}
	if got := strings.Join(p.Field("D").Columns(), " "); got != "Field22 Field21" {
		t.Errorf("columns of D: %s", got)
	}
	for text, want := range map[string]string{
		`X=#1234`: "5:3", `X="open`: "5:3", `X=Format(A)`: "5:11", `X=A +`: "5:5", `X=Format(A,"")`: "5:3",
	} {
		p := check("[Encoding]\nType=2,Magstripe\n[Description]\n[Fields]\n" + text + "\n")
		got := describe(p)
		if !strings.HasPrefix(got, want) || !strings.Contains(got, "invalid-value") {
			t.Errorf("%s: want a finding at %s, got\n%s", text, want, got)
		}
	}
}

func TestValidationLimitsAreProved(t *testing.T) {
	head := "[Description]\nPKCS11Library=x.dll\nSetPIN=true\nSignPIN=!FROM_USER_DIALOG_3_FIELD\nSignPin_Validation=reg_exp("
	for expression, want := range map[string]bool{
		"[0-9]{4,8}": false, "[0-9]{4,}": false, "[0-9]{3,8}": true, "[0-9]*": true, "(ab|c)[0-9]{3}": false, "[0-9]{4}|x": true, "^[0-9]{2}$": false,
	} {
		p := check(head + expression + ")\n")
		tree := mustTree(t, expression)
		short := exact(tree) && minLength(tree) < 4
		if short != want {
			t.Errorf("%s: accepts fewer than four characters: %v, want %v\n%s", expression, short, want, describe(p))
		}
	}
	for expression, want := range map[string]int{"[0-9]{4,8}": 8, "[0-9]{4,}": -1, "(a|bcd)?e": 4, "x*": -1, "a{2}b{0,3}": 5} {
		n, bounded := maxLength(mustTree(t, expression))
		if !bounded {
			n = -1
		}
		if n != want {
			t.Errorf("%s takes at most %d characters, want %d", expression, n, want)
		}
	}
	for expression, want := range map[string]bool{"[0-9]+": false, `\d{4}`: false, "[0-9a]": true, ".": true, "12|3x": true, "[^0-9]": true} {
		if _, found := otherThanDigit(mustTree(t, expression)); found != want {
			t.Errorf("%s takes other characters than digits: %v, want %v", expression, found, want)
		}
	}
}

func mustTree(t *testing.T, expression string) *syntax.Regexp {
	t.Helper()
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Simplify()
}
