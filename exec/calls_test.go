package exec_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/exec"
	"inscribe/exec/model"
)

// noting notes every call on the tokens of a module.
type noting struct {
	exec.Module
	calls []string
}

func (n *noting) Token(id exec.SlotID) exec.Token { return &notedToken{n.Module.Token(id), n} }

type notedToken struct {
	exec.Token
	all *noting
}

func (t *notedToken) note(call string) { t.all.calls = append(t.all.calls, call) }

func (t *notedToken) GenerateKeyPair(ctx context.Context, m exec.MechanismType, public, private []exec.Attribute) (exec.Object, exec.Object, error) {
	t.note("C_GenerateKeyPair")
	return t.Token.GenerateKeyPair(ctx, m, public, private)
}

func (t *notedToken) Sign(ctx context.Context, m exec.MechanismType, key exec.Object, data []byte, c *exec.Credential) ([]byte, error) {
	t.note("C_SignInit C_Sign")
	return t.Token.Sign(ctx, m, key, data, c)
}

func (t *notedToken) CreateObject(ctx context.Context, a []exec.Attribute) (exec.Object, error) {
	t.note("C_CreateObject")
	return t.Token.CreateObject(ctx, a)
}

func (t *notedToken) FindObjects(ctx context.Context, a []exec.Attribute) ([]exec.Object, error) {
	t.note("C_FindObjects")
	return t.Token.FindObjects(ctx, a)
}

func (t *notedToken) Attributes(ctx context.Context, o exec.Object, types ...exec.AttributeType) ([]exec.Attribute, error) {
	t.note("C_GetAttributeValue")
	return t.Token.Attributes(ctx, o, types...)
}

func (t *notedToken) SetAttributes(ctx context.Context, o exec.Object, a []exec.Attribute) error {
	t.note("C_SetAttributeValue")
	return t.Token.SetAttributes(ctx, o, a)
}

// TestCallsOfACertificate counts what one more key with its certificate asks of the
// token, and holds the table of docs/speed.md against it.
func TestCallsOfACertificate(t *testing.T) {
	b := newBench(t, strings.Replace(oneKey, "ApplicationList=A\n", "ApplicationList=AB\n", 1)+"[Application_B]\nECCurve=P-256\nCertTempl=second\n", model.Start{})
	noted := &noting{Module: b.module}
	b.Module = noted
	marks := map[string]int{} // calls before an event
	b.Observer = observer(func(e exec.Event) { marks[e.ID+" "+string(e.State)] = len(noted.calls) })
	if _, err := b.apply(); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, op := range b.Plan.Ops {
		if op.Application != "B" {
			continue
		}
		for _, call := range noted.calls[marks[op.ID+" start"]:marks[op.ID+" done"]] {
			rows = append(rows, fmt.Sprintf("%s %s", op.Kind, call))
		}
	}
	page, err := os.ReadFile("../docs/speed.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.Contains(cells[2], "C_") {
			documented = append(documented, strings.TrimSpace(cells[1])+" "+strings.NewReplacer("`", "", ",", "").Replace(strings.TrimSpace(cells[2])))
		}
	}
	if diff := cmp.Diff(documented, rows); diff != "" {
		t.Errorf("docs/speed.md (-) and the calls (+):\n%s", diff)
	}
}

type observer func(exec.Event)

func (o observer) Event(e exec.Event) { o(e) }
