//go:build cgo && linux

package main

import (
	"fmt"
	"slices"
	"testing"
)

// changing are the calls that change a token or spend a try.
var changing = []string{"C_InitToken", "C_InitPIN", "C_SetPIN", "C_Login", "C_CreateObject", "C_DestroyObject", "C_SetAttributeValue", "C_GenerateKeyPair"}

// within gives the disturbances of a tale that kill the command in the middle of each
// call that changes something, from its beginning to where it may be over.
func (p *prepared) within() []*disturbance {
	var out []*disturbance
	for i, call := range p.calls {
		if !slices.Contains(changing, call) {
			continue
		}
		for _, us := range []int{30, 100, 250, 500, 1000, 2000, 4000} {
			out = append(out, &disturbance{prepared: p, n: i + 1, when: fmt.Sprintf("within=%d", us), kill: true})
		}
	}
	return out
}

// TestTortureWithin kills each example in the middle of its calls. The module's process
// finishes the one under way: SoftHSM2's files would have half an object else, or half a
// token.
func TestTortureWithin(t *testing.T) {
	inMemory(t)
	for _, s := range tales {
		undisturbed(t, s, onSoftHSM{&s}).torture(t, (*prepared).within)
	}
}
