package schema

import (
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"
)

func TestTheTableIsSound(t *testing.T) {
	if err := Builtin.Validate(); err != nil {
		t.Error(err)
	}
	for _, k := range Builtin.All() {
		if k.Example == "" || !strings.EqualFold(strings.SplitN(k.Example, "=", 2)[0], k.Name) {
			t.Errorf("%s: the example %q does not show it", k.Name, k.Example)
		}
		if k.Meaning != "" && k.Meaning != k.Name {
			t.Errorf("%s: a built-in keyword means itself, not %s", k.Name, k.Meaning)
		}
		if (k.Evidence == Documented || k.Evidence == ByExample) && k.Page == "" {
			t.Errorf("%s: no page", k.Name)
		}
	}
}

func TestValidateFindsEverySlip(t *testing.T) {
	bad := newTable([]Keyword{
		{Name: "A", Section: Application, Kind: Bool, Doc: "x", Requires: [][]string{{"Nowhere"}}},
		{Name: "a", Section: Application, Kind: Operand, Doc: "x"},
		{Name: "b=", Section: Application, Kind: Enum},
	})
	err := bad.Validate()
	merr, ok := err.(*multierror.Error)
	if !ok || len(merr.Errors) != 6 {
		t.Fatalf("want six slips: the missing row, the double, forms, the name, the text, the values; got %v", err)
	}
}

func TestFindIgnoresCase(t *testing.T) {
	if k := Builtin.Find(Description, "setpin"); k == nil || k.Name != "SetPIN" {
		t.Errorf("setpin finds %v", k)
	}
	if k := Builtin.Find(Application, "SetPIN"); k != nil {
		t.Errorf("SetPIN is found in an application")
	}
	for _, k := range Builtin.All() {
		if asWritten, other := Builtin.Find(k.Section, k.Name), Builtin.Find(k.Section, strings.ToUpper(k.Name)); asWritten != k || other != k {
			t.Errorf("%s finds %v, and in upper case %v", k.Name, asWritten, other)
		}
	}
	more := Builtin.With([]Keyword{{Name: "X", Section: Application, Kind: Text, Doc: "x"}})
	if more.Find(Application, "x") == nil || Builtin.Find(Application, "x") != nil {
		t.Error("With must add to a copy")
	}
}
