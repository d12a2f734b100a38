//go:build cgo && linux

package main

import (
	"encoding/json"
	"errors"
	"testing"

	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/model"
)

// TestListingWithAnUnreadableToken: what tokens writes of one is read again.
func TestListingWithAnUnreadableToken(t *testing.T) {
	b, err := json.Marshal(tokensReport{Version: listingVersion, Modules: []moduleTokens{{Module: "m", Slots: []slotToken{{Slot: exec.Slot{Unreadable: exec.CKRDeviceError}, Objects: []*exec.Item{}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	report, err := (&app{}).readListing(b)
	if err != nil || report.Modules[0].Slots[0].Unreadable != exec.CKRDeviceError {
		t.Errorf("%s: %+v, %v", b, report, err)
	}
}

// FuzzSeed: whatever a listing holds, it is read or refused as no listing.
func FuzzSeed(f *testing.F) {
	for _, s := range []string{`{"version":1,"modules":[{"module":"m","info":{},"slots":[{"description":"r","token":{"flags":1037},"objects":[` +
		`{"class":"public key","id":"00","label":"a","private":false,"publicKey":{"type":0,"modulus":"AQ==","exponent":"AQAB"}},` +
		`{"class":"private key","id":"00","label":"a","private":true,"key":"RSA 2048","allows":["sign"]},` +
		`{"class":"certificate","id":"00","label":"a","private":false,"der":"MA=="},` +
		`{"class":"data object","label":"a","private":false,"data":{"sha256":"00","objectId":"06"}}],"privateSeen":true}]}],"unfinished":[]}`, `{"version":1}`, `{}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a := &app{}
		a.opts.seed = "x.json"
		report, err := a.readListing(raw)
		var usage *exitError
		if err != nil {
			if !errors.As(err, &usage) || usage.code != exitUsage || usage.help == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, m := range report.Modules {
			if _, err := model.Seeded(profile.Generic(), m.seeds(model.Selectors())); err != nil && err.Error() == "" {
				t.Fatal("an error without a word")
			}
		}
	})
}
