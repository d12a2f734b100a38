package exec

import (
	"reflect"
	"slices"
	"testing"
)

// TestReadOnlyRefusesEveryWrite: each call of Token either reads, or is refused
// before it reaches the token, which here is none. A new call is on one side or
// the other.
func TestReadOnlyRefusesEveryWrite(t *testing.T) {
	reading := []string{"Attributes", "CloseSession", "FindObjects", "Info", "Login", "Logout", "Mechanisms", "OpenSession"}
	calls := reflect.TypeFor[Token]()
	for i := range calls.NumMethod() {
		name := calls.Method(i).Name
		if slices.Contains(reading, name) {
			continue
		}
		method := reflect.ValueOf(readOnlyToken{}).MethodByName(name)
		var args []reflect.Value
		for n := range method.Type().NumIn() {
			args = append(args, reflect.Zero(method.Type().In(n)))
		}
		out := method.Call(args)
		e, ok := out[len(out)-1].Interface().(*Error)
		if !ok || e.Kind != Refused || e.Call == "" {
			t.Errorf("%s: %v", name, out[len(out)-1])
		}
	}
}
