package exec

import (
	"reflect"
	"slices"
	"testing"

	"inscribe/internal/secret"
)

// twins is a model whose tokens are each another one.
type twins struct{ Model }

func (twins) Fork() Model        { return twins{} }
func (twins) Token(SlotID) Token { return &twin{} }

type twin struct{ Token }

// TestSlotStateIsClonedWhole: a clone has all that the state of a slot has, and shares
// nothing with it that a run could change. A new field is filled here by itself.
func TestSlotStateIsClonedWhole(t *testing.T) {
	var s slotState
	fill(t, "slotState", reflect.ValueOf(&s).Elem())
	c := s.clone(twins{})
	for _, path := range shared("slotState", reflect.ValueOf(&s).Elem(), reflect.ValueOf(c).Elem()) {
		t.Errorf("%s is shared with the clone, or is not in it", path)
	}
}

// TestForkSharesWhatNoProofChanges: what a fork shares with the run that it is of is on
// this list. It is what the options say, and what journals and people told: in a proof,
// nobody does.
func TestForkSharesWhatNoProofChanges(t *testing.T) {
	want := []string{"run.Options.Inputs.Literals", "run.Options.Known", "run.Options.Plan", "run.Options.Selectors",
		"run.answers", "run.began", "run.beside", "run.earlier", "run.halves", "run.issued", "run.keyless", "run.listed", "run.noted", "run.oldNext"}
	r := &run{}
	place(reflect.ValueOf(r).Elem())
	r.Module = twins{}
	f := (&branch{run: r}).fork()
	got := shared("run", reflect.ValueOf(r).Elem(), reflect.ValueOf(f.run).Elem())
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("a fork shares\n%q, and not\n%q", got, want)
	}
}

// place gives each map, slice and pointer of a struct a place of its own.
func place(v reflect.Value) {
	for _, f := range open(v) {
		switch f.Kind() {
		case reflect.Struct:
			place(f)
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
}

// fill gives a value something in all of its parts.
func fill(t *testing.T, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[secret.Secret]() {
			v.Set(reflect.ValueOf(secret.FromString("x")))
			return
		}
		for name, f := range open(v) {
			fill(t, path+"."+name, f)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, path, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, path, v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	default:
		if v.Type() != reflect.TypeFor[Token]() {
			t.Fatalf("%s: this test does not know how to fill a %s", path, v.Type())
		}
		v.Set(reflect.ValueOf(&twin{}))
	}
}

// shared lists what is in one place in two values, and what only the first has.
func shared(path string, a, b reflect.Value) (out []string) {
	same := false
	switch a.Kind() {
	case reflect.Struct:
		if s, ok := a.Interface().(secret.Secret); ok {
			s.Wipe()
			same = s.IsSet() && b.Interface().(secret.Secret).Len() == 0
			break
		}
		in := open(b)
		for name, f := range open(a) {
			out = append(out, shared(path+"."+name, f, in[name])...)
		}
	case reflect.Interface:
		same = !a.IsNil() && (b.IsNil() || a.Elem().Kind() == reflect.Pointer && a.Elem().Pointer() == b.Elem().Pointer())
	case reflect.Map, reflect.Slice, reflect.Pointer:
		same = !a.IsNil() && (b.IsNil() || a.Pointer() == b.Pointer())
		if !same && !a.IsNil() && a.Kind() == reflect.Pointer {
			return shared(path, a.Elem(), b.Elem())
		}
	default:
		same = a.Kind() == reflect.Func && !a.IsNil() || a.Kind() != reflect.Func && !a.Equal(b)
	}
	if same {
		out = append(out, path)
	}
	return out
}

// open gives the fields of a struct, for reading and writing.
func open(v reflect.Value) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Field(i)
		out[v.Type().Field(i).Name] = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
	}
	return out
}
