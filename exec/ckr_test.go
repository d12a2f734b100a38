package exec

import (
	"strings"
	"testing"
)

func TestCKRNames(t *testing.T) {
	for code, want := range map[CKR]string{
		0:           "CKR_OK",
		0x05:        "CKR_GENERAL_ERROR",
		0x12:        "CKR_ATTRIBUTE_TYPE_INVALID",
		0x54:        "CKR_FUNCTION_NOT_SUPPORTED",
		0xa0:        "CKR_PIN_INCORRECT",
		0xa4:        "CKR_PIN_LOCKED",
		0xb3:        "CKR_SESSION_HANDLE_INVALID",
		0xe0:        "CKR_TOKEN_NOT_PRESENT",
		0x102:       "CKR_USER_PIN_NOT_INITIALIZED",
		0x104:       "CKR_USER_ANOTHER_ALREADY_LOGGED_IN",
		0x191:       "CKR_CRYPTOKI_ALREADY_INITIALIZED",
		0x209:       "CKR_PARAMETER_SET_NOT_SUPPORTED",
		0x80000000:  "CKR_VENDOR_DEFINED",
		0x80000005:  "CKR_VENDOR_DEFINED+0x00000005",
		0x180000000: "CKR_VENDOR_DEFINED+0x100000000",
		0x123:       "CKR 0x00000123",
	} {
		if got := code.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint64(code), got, want)
		}
	}
}

func TestEveryCKRHasNameMeaningAndAdvice(t *testing.T) {
	names := map[string]CKR{}
	for code, e := range ckrTable {
		if !strings.HasPrefix(e.name, "CKR_") || e.meaning == "" || e.advice == "" && code != CKROK {
			t.Errorf("%#x lacks something: %+v", uint64(code), e)
		}
		if other, dup := names[e.name]; dup {
			t.Errorf("%s is both %#x and %#x", e.name, uint64(other), uint64(code))
		}
		names[e.name] = code
	}
	for _, code := range []CKR{0x123, 0x80000001, 1 << 40} {
		if code.Meaning() == "" || code.Advice() == "" {
			t.Errorf("%#x has no meaning or advice", uint64(code))
		}
	}
}

func TestCKRClasses(t *testing.T) {
	removed := []CKR{0xb3, 0xb0, 0x32, 0x30, 0xe0, 0xe1, 0x190}
	for _, c := range removed {
		if !c.Removed() {
			t.Errorf("%s does not count as removed", c)
		}
	}
	for _, c := range []CKR{0, 0x05, 0xa0, 0xa4, 0x101, 0x80000030} {
		if c.Removed() {
			t.Errorf("%s counts as removed", c)
		}
	}
	for code := range ckrTable {
		if code.WrongPIN() != (code == 0xa0) || code.Locked() != (code == 0xa4) {
			t.Errorf("%s: WrongPIN %v, Locked %v", code, code.WrongPIN(), code.Locked())
		}
	}
}

func TestErrorShowsCKRAndItsAdvice(t *testing.T) {
	e := &Error{Kind: Device, Op: "op-07 putcert", Call: "C_Login", CKR: CKRPINIncorrect}
	if got, want := e.Error(), "op-07 putcert: C_Login: CKR_PIN_INCORRECT (wrong PIN)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if e.Help() != CKRPINIncorrect.Advice() {
		t.Errorf("help is %q", e.Help())
	}
}
