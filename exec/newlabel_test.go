package exec_test

import (
	"strings"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestNewLabels: of a plan that leaves a label open, its value is looked at before
// anything else.
func TestNewLabels(t *testing.T) {
	named := strings.Replace(initialise, "#New label", "LAB", 1)
	key := oneKey + "KeyLabel=LAB\n"
	for _, c := range []struct{ text, label, says string }{
		{named, "Ada ", "the label ends in a blank"},
		{named, " ", "the label ends in a blank"},
		{named, "A\x00da", "the label has a NUL in it"},
		{named, strings.Repeat("é", 17), "the label has 34 bytes"},
		{named, strings.Repeat("é", 16), ""},
		{named, "M\xfcller", "the label is no UTF-8"},
		{key, "M\xfcller", "the label is no UTF-8"},
		{named, " Ada", ""},
		{named, "", ""},
		{key, "", "the label of the key is empty"},
		{key, " ", ""},
	} {
		b := newBench(t, strings.Replace(c.text, "CARD=\n", "CARD=\nLAB=\n", 1), model.Start{})
		b.DestroyConfirmed = true
		b.Inputs.Text["LAB"] = c.label
		_, err := b.apply()
		if c.says == "" && err != nil {
			t.Errorf("%q: %v", c.label, err)
		}
		if c.says == "" {
			continue
		}
		refused(t, err, exec.Refused, c.says)
		if len(b.module.Calls) > 0 {
			t.Errorf("%q: %v", c.label, b.module.Calls)
		}
	}
}
