package exec_test

import (
	"context"
	"testing"

	"inscribe/exec"
	"inscribe/exec/model"
)

// TestDataThatIsNotReadBackGoes: a data object that does not read back is removed again,
// and nothing else; a run on a token that tells the truth ends it.
func TestDataThatIsNotReadBackGoes(t *testing.T) {
	b := newBench(t, "[Fields]\nCARD=\nDATA=\n[Description]\nPKCS11Library=x.dll\nPIN=CARD\nApplicationList=A\n[Application_A]\nDataObject=DATA\nLabelExpressionDataObject=d\nAttributesDataObject=CKA_PRIVATE=FALSE\n", model.Start{})
	values := func(want ...string) {
		t.Helper()
		ctx, tok := context.Background(), b.module.Token(0)
		if err := tok.OpenSession(ctx); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tok.CloseSession(ctx) }()
		found, err := tok.FindObjects(ctx, []exec.Attribute{exec.Ulong(exec.CKAClass, exec.CKOData), exec.Text(exec.CKALabel, "d")})
		if err != nil || len(found) != len(want) {
			t.Fatalf("%d data objects, want %d (%v)", len(found), len(want), err)
		}
		for i, o := range found {
			if attrs, err := tok.Attributes(ctx, o, exec.CKAValue); err != nil || string(attrs[0].Value) != want[i] {
				t.Errorf("%s, want %s (%v)", attrs[0].Value, want[i], err)
			}
		}
	}
	lies := func(attrs []exec.Attribute) {
		for i := range attrs {
			if attrs[i].Type == exec.CKAValue {
				attrs[i].Value = []byte("other")
			}
		}
	}
	b.Inputs.Text["DATA"] = "aGVsbG8=" // hello
	for range 2 {
		b.Module = &tap{Module: b.module, attributes: lies}
		_, err := b.giving(b.Inputs.Text)
		refused(t, err, exec.Device, "reads back with another CKA_VALUE")
		values()
	}
	b.Module = b.module
	if _, err := b.giving(b.Inputs.Text); err != nil {
		t.Fatal(err)
	}
	values("hello")
	b.Module, b.AllowExisting = &tap{Module: b.module, attributes: lies}, true
	_, err := b.giving(map[string]string{"DATA": "QnllIQ=="})
	refused(t, err, exec.Device, "reads back with another CKA_VALUE")
	values("hello")
}
