package exec_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"inscribe/exec"
)

// stands says by which fields of a record stand with which event, beside Event and Time.
// Every record that a run of these tests writes is held against it.
var stands = map[string]string{
	"run":    "OpsSHA256 PlanSHA256 File Purpose Holder Tokens Earlier Existing Replaces Batch Row",
	"resume": "PlanSHA256",
	"start":  "ID Op Slot KeyID Label Was Draft Given Keyless",
	"done":   "ID Op Slot KeyID Label Was Draft Given Keyless Fingerprint DER Beside Objects Asked Tokens",
	"failed": "ID Op Slot Message Untouched Wrong Tokens",
	"end":    "",
}

// misplaced gives the fields of a record that do not stand with its event.
func misplaced(r exec.Record) (names []string) {
	allowed, known := stands[r.Event]
	if !known {
		return []string{"Event"}
	}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if name != "Event" && name != "Time" && !v.Field(i).IsZero() && !slices.Contains(strings.Fields(allowed), name) {
			names = append(names, name)
		}
	}
	return names
}

// TestEachFieldOfARecordHasItsEvents: no field is left out of the table, and none of it is
// one that is no more.
func TestEachFieldOfARecordHasItsEvents(t *testing.T) {
	var listed []string
	for _, fields := range stands {
		listed = append(listed, strings.Fields(fields)...)
	}
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[exec.Record]()) {
		fields = append(fields, f.Name)
		if f.Name != "Event" && f.Name != "Time" && !slices.Contains(listed, f.Name) {
			t.Errorf("%s stands with no event", f.Name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(fields, name) {
			t.Errorf("a record has no field %s", name)
		}
	}
}
