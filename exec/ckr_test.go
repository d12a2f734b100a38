package exec

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
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

func TestCKRsAreReadAsTheyAreWritten(t *testing.T) {
	for _, code := range append(CKRs(), CKROK, 0x123, 0x80000001, 0x180000000, 1<<64-1) {
		var got struct{ C CKR }
		b, err := json.Marshal(struct{ C CKR }{code})
		if err == nil {
			err = json.Unmarshal(b, &got)
		}
		if err != nil || got.C != code {
			t.Errorf("%s: %s is read as %s, %v", code, b, got.C, err)
		}
	}
	for _, bad := range []string{"", "CKR_NONE", "CKR 0x", "CKR 0x000000A0", "CKR 0x123", "CKR_VENDOR_DEFINED+0x00000000", "123", "CKR_VENDOR_DEFINED+0xFFFFFFFFFFFFFFFF"} {
		if err := new(CKR).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
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

// specification has all return values of PKCS#11 3.2, with those that older editions
// had, as number and name without "CKR_".
const specification = `
	0 OK, 1 CANCEL, 2 HOST_MEMORY, 3 SLOT_ID_INVALID, 5 GENERAL_ERROR, 6 FUNCTION_FAILED, 7 ARGUMENTS_BAD, 8 NO_EVENT, 9 NEED_TO_CREATE_THREADS,
	a CANT_LOCK, 10 ATTRIBUTE_READ_ONLY, 11 ATTRIBUTE_SENSITIVE, 12 ATTRIBUTE_TYPE_INVALID, 13 ATTRIBUTE_VALUE_INVALID, 1b ACTION_PROHIBITED,
	20 DATA_INVALID, 21 DATA_LEN_RANGE, 30 DEVICE_ERROR, 31 DEVICE_MEMORY, 32 DEVICE_REMOVED, 40 ENCRYPTED_DATA_INVALID,
	41 ENCRYPTED_DATA_LEN_RANGE, 42 AEAD_DECRYPT_FAILED, 50 FUNCTION_CANCELED, 51 FUNCTION_NOT_PARALLEL, 54 FUNCTION_NOT_SUPPORTED,
	60 KEY_HANDLE_INVALID, 62 KEY_SIZE_RANGE, 63 KEY_TYPE_INCONSISTENT, 64 KEY_NOT_NEEDED, 65 KEY_CHANGED, 66 KEY_NEEDED, 67 KEY_INDIGESTIBLE,
	68 KEY_FUNCTION_NOT_PERMITTED, 69 KEY_NOT_WRAPPABLE, 6a KEY_UNEXTRACTABLE, 70 MECHANISM_INVALID, 71 MECHANISM_PARAM_INVALID,
	82 OBJECT_HANDLE_INVALID, 90 OPERATION_ACTIVE, 91 OPERATION_NOT_INITIALIZED, a0 PIN_INCORRECT, a1 PIN_INVALID, a2 PIN_LEN_RANGE,
	a3 PIN_EXPIRED, a4 PIN_LOCKED, b0 SESSION_CLOSED, b1 SESSION_COUNT, b3 SESSION_HANDLE_INVALID, b4 SESSION_PARALLEL_NOT_SUPPORTED,
	b5 SESSION_READ_ONLY, b6 SESSION_EXISTS, b7 SESSION_READ_ONLY_EXISTS, b8 SESSION_READ_WRITE_SO_EXISTS, c0 SIGNATURE_INVALID,
	c1 SIGNATURE_LEN_RANGE, d0 TEMPLATE_INCOMPLETE, d1 TEMPLATE_INCONSISTENT, e0 TOKEN_NOT_PRESENT, e1 TOKEN_NOT_RECOGNIZED,
	e2 TOKEN_WRITE_PROTECTED, f0 UNWRAPPING_KEY_HANDLE_INVALID, f1 UNWRAPPING_KEY_SIZE_RANGE, f2 UNWRAPPING_KEY_TYPE_INCONSISTENT,
	100 USER_ALREADY_LOGGED_IN, 101 USER_NOT_LOGGED_IN, 102 USER_PIN_NOT_INITIALIZED, 103 USER_TYPE_INVALID, 104 USER_ANOTHER_ALREADY_LOGGED_IN,
	105 USER_TOO_MANY_TYPES, 110 WRAPPED_KEY_INVALID, 112 WRAPPED_KEY_LEN_RANGE, 113 WRAPPING_KEY_HANDLE_INVALID, 114 WRAPPING_KEY_SIZE_RANGE,
	115 WRAPPING_KEY_TYPE_INCONSISTENT, 120 RANDOM_SEED_NOT_SUPPORTED, 121 RANDOM_NO_RNG, 130 DOMAIN_PARAMS_INVALID, 140 CURVE_NOT_SUPPORTED,
	150 BUFFER_TOO_SMALL, 160 SAVED_STATE_INVALID, 170 INFORMATION_SENSITIVE, 180 STATE_UNSAVEABLE, 190 CRYPTOKI_NOT_INITIALIZED,
	191 CRYPTOKI_ALREADY_INITIALIZED, 1a0 MUTEX_BAD, 1a1 MUTEX_NOT_LOCKED, 1b0 NEW_PIN_MODE, 1b1 NEXT_OTP, 1b5 EXCEEDED_MAX_ITERATIONS,
	1b6 FIPS_SELF_TEST_FAILED, 1b7 LIBRARY_LOAD_FAILED, 1b8 PIN_TOO_WEAK, 1b9 PUBLIC_KEY_INVALID, 200 FUNCTION_REJECTED,
	201 TOKEN_RESOURCE_EXCEEDED, 202 OPERATION_CANCEL_FAILED, 203 KEY_EXHAUSTED, 204 PENDING, 205 SESSION_ASYNC_NOT_SUPPORTED,
	206 SEED_RANDOM_REQUIRED, 207 OPERATION_NOT_VALIDATED, 208 TOKEN_NOT_INITIALIZED, 209 PARAMETER_SET_NOT_SUPPORTED, 80000000 VENDOR_DEFINED`

func TestTableIsThatOfTheSpecification(t *testing.T) {
	left := maps.Clone(ckrTable)
	for _, item := range strings.Split(specification, ",") {
		number, name, _ := strings.Cut(strings.TrimSpace(item), " ")
		code, err := strconv.ParseUint(number, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := CKR(code).String(); got != "CKR_"+name {
			t.Errorf("%#x is %q, want CKR_%s", code, got, name)
		}
		delete(left, CKR(code))
	}
	for code := range left {
		t.Errorf("the specification has no %s", code)
	}
}

// TestAdviceIsOneOfTheGroups holds the table of docs/failures.md against the codes.
func TestAdviceIsOneOfTheGroups(t *testing.T) {
	page, err := os.ReadFile("../docs/failures.md")
	if err != nil {
		t.Fatal(err)
	}
	groups := []string{adviseRetry, adviseReinsert, advisePIN, advisePINPolicy, adviseUnlock, adviseFreshPIN, adviseDescription, adviseSpace, adviseOtherUser, adviseVendor}
	members := map[string][]string{}
	for _, code := range CKRs() {
		if !slices.Contains(groups, code.Advice()) {
			t.Errorf("%s has an advice of its own", code)
		}
		members[code.Advice()] = append(members[code.Advice()], "`"+strings.TrimPrefix(code.String(), "CKR_")+"`")
	}
	for _, g := range groups {
		row := "| " + strings.ToUpper(g[:1]) + g[1:] + ". | " + strings.Join(members[g], ", ") + " |"
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/failures.md lacks the row\n%s", row)
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
	for _, c := range []CKR{0xa0, 0xa1, 0xa2, 0xa4, 0x1b8, 0x54} {
		if !c.RefusesPIN() {
			t.Errorf("%s may have changed a PIN", c)
		}
	}
	for _, c := range []CKR{0, 0x05, 0x06, 0x30, 0x31, 0x32, 0xa3, 0xb3, 0x101} {
		if c.RefusesPIN() {
			t.Errorf("%s certainly changed no PIN", c)
		}
		if c.Unfit() != (c == 0x31) {
			t.Errorf("%s: unfit %v", c, c.Unfit())
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
