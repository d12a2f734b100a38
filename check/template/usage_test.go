package template_test

import (
	"strings"
	"testing"

	"inscribe/check/template"
)

func TestCommitmentOnly(t *testing.T) {
	for names, want := range map[string]bool{
		"": false, "nonRepudiation": true, "contentCommitment": true, "NonRepudiation": true,
		"nonRepudiation contentCommitment": true, "digitalSignature": false, "nonRepudiation digitalSignature": false, "nothing": false,
	} {
		if got := template.CommitmentOnly(strings.Fields(names)); got != want {
			t.Errorf("%q: %v, want %v", names, got, want)
		}
	}
}
