//go:build !js

package profile

import (
	"strings"
	"testing"
)

func TestBuiltins(t *testing.T) {
	soft := Lookup("SoftHSM")
	if soft == nil || soft.Is(Software) != Yes || soft.Is(Locks) != No || soft.Is(ReinitNeedsSOPIN) != Yes {
		t.Fatalf("softhsm: %+v", soft)
	}
	if n, ok := soft.Count(PINMin); n != 4 || !ok {
		t.Errorf("pin-min is %d, %v", n, ok)
	}
	if soft.Offers(Curves, "P-256") != Yes || soft.Offers(Curves, "P-999") != No {
		t.Error("curves")
	}
	generic := Generic()
	if generic.Is(Software) != Unknown || generic.Offers(Curves, "P-256") != Unknown || generic.Word(PUKIs) != "" {
		t.Error("generic knows what nobody told it")
	}
	for _, name := range Names() {
		for fact, f := range Lookup(name).facts {
			if f.Source == "" {
				t.Errorf("%s: %s has no source", name, fact)
			}
		}
	}
}

func TestParseNamesEverySlip(t *testing.T) {
	_, err := Parse("mine", []byte("inherits = \"generic\"\n[fact]\nsoftwear = { is = true, source = \"x\" }\npin-min = { is = \"four\", source = \"x\" }\npin-max = { is = 8 }\ncall-seconds = { is = 9999999999, source = \"x\" }\nec-seconds = { is = 2147483648, source = \"x\" }\nrsa-2048-seconds = { is = 2147483647, source = \"x\" }\n"), Lookup)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`no fact "softwear"`, "fact pin-min: four is not of its kind", "fact pin-max: has no source",
		"fact call-seconds: 9999999999 is more than 2147483647", "fact ec-seconds: 2147483648 is more"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "rsa-2048-seconds") {
		t.Errorf("the most is refused: %v", err)
	}
	if _, err := Parse("mine", []byte(`inherits = "nobody"`), Lookup); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("unknown parent: %v", err)
	}
	mine, err := Parse("mine", []byte("inherits = \"softhsm\"\n[fact]\npin-min = { is = 6, source = \"site rule\" }\nsoftware = { is = \"unknown\", source = \"do not trust\" }\n"), Lookup)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := mine.Count(PINMin); n != 6 || mine.Is(Software) != Unknown || mine.Is(InitToken) != Yes {
		t.Errorf("inheritance: %+v", mine.facts)
	}
}
