package exec

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// CKR is the return value of a PKCS#11 call (CK_RV).
type CKR uint64

// The return values that code here decides on. The numbers of these and of the
// table below are those of the PKCS#11 specification's header, 2.40 to 3.2.
const (
	// CKROK is success.
	CKROK                         CKR = 0x000
	CKRCancel                     CKR = 0x001
	CKRHostMemory                 CKR = 0x002
	CKRSlotIDInvalid              CKR = 0x003
	CKRGeneralError               CKR = 0x005
	CKRFunctionFailed             CKR = 0x006
	CKRArgumentsBad               CKR = 0x007
	CKRAttributeReadOnly          CKR = 0x010
	CKRAttributeSensitive         CKR = 0x011
	CKRAttributeTypeInvalid       CKR = 0x012
	CKRAttributeValueInvalid      CKR = 0x013
	CKRActionProhibited           CKR = 0x01b
	CKRDataInvalid                CKR = 0x020
	CKRDataLenRange               CKR = 0x021
	CKRDeviceError                CKR = 0x030
	CKRDeviceMemory               CKR = 0x031
	CKRDeviceRemoved              CKR = 0x032
	CKRFunctionCanceled           CKR = 0x050
	CKRFunctionNotSupported       CKR = 0x054
	CKRKeyHandleInvalid           CKR = 0x060
	CKRKeySizeRange               CKR = 0x062
	CKRKeyTypeInconsistent        CKR = 0x063
	CKRKeyFunctionNotPermitted    CKR = 0x068
	CKRMechanismInvalid           CKR = 0x070
	CKRMechanismParamInvalid      CKR = 0x071
	CKRObjectHandleInvalid        CKR = 0x082
	CKROperationActive            CKR = 0x090
	CKROperationNotInitialized    CKR = 0x091
	CKRPINIncorrect               CKR = 0x0a0
	CKRPINInvalid                 CKR = 0x0a1
	CKRPINLenRange                CKR = 0x0a2
	CKRPINExpired                 CKR = 0x0a3
	CKRPINLocked                  CKR = 0x0a4
	CKRSessionClosed              CKR = 0x0b0
	CKRSessionCount               CKR = 0x0b1
	CKRSessionHandleInvalid       CKR = 0x0b3
	CKRSessionReadOnly            CKR = 0x0b5
	CKRSessionExists              CKR = 0x0b6
	CKRSessionReadOnlyExists      CKR = 0x0b7
	CKRSessionReadWriteSOExists   CKR = 0x0b8
	CKRTemplateIncomplete         CKR = 0x0d0
	CKRTemplateInconsistent       CKR = 0x0d1
	CKRTokenNotPresent            CKR = 0x0e0
	CKRTokenNotRecognized         CKR = 0x0e1
	CKRTokenWriteProtected        CKR = 0x0e2
	CKRUserAlreadyLoggedIn        CKR = 0x100
	CKRUserNotLoggedIn            CKR = 0x101
	CKRUserPINNotInitialized      CKR = 0x102
	CKRUserTypeInvalid            CKR = 0x103
	CKRUserAnotherAlreadyLoggedIn CKR = 0x104
	CKRDomainParamsInvalid        CKR = 0x130
	CKRCurveNotSupported          CKR = 0x140
	CKRBufferTooSmall             CKR = 0x150
	CKRCryptokiNotInitialized     CKR = 0x190
	CKRCryptokiAlreadyInitialized CKR = 0x191
	CKRLibraryLoadFailed          CKR = 0x1b7
	CKRPINTooWeak                 CKR = 0x1b8
	CKRFunctionRejected           CKR = 0x200
	CKRTokenResourceExceeded      CKR = 0x201
	CKRTokenNotInitialized        CKR = 0x208
	// CKRVendorDefined is the first of the numbers that a vendor may use.
	CKRVendorDefined CKR = 0x80000000
)

// String gives the name ("CKR_PIN_INCORRECT"), or the number in hexadecimal
// where the specification has none.
func (c CKR) String() string {
	if e, ok := ckrTable[c]; ok {
		return e.name
	}
	if c > CKRVendorDefined {
		return fmt.Sprintf(ckrVendor+"%08X", uint64(c-CKRVendorDefined))
	}
	return fmt.Sprintf(ckrNumber+"%08X", uint64(c))
}

// ckrVendor and ckrNumber begin what codes without a name of their own are called.
const (
	ckrVendor = "CKR_VENDOR_DEFINED+0x"
	ckrNumber = "CKR 0x"
)

// MarshalText gives the name, for JSON.
func (c CKR) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (c *CKR) UnmarshalText(text []byte) error {
	for code, e := range ckrTable {
		if e.name == string(text) {
			*c = code
			return nil
		}
	}
	digits, vendor := strings.CutPrefix(string(text), ckrVendor)
	if !vendor {
		digits, _ = strings.CutPrefix(digits, ckrNumber)
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	if err == nil && vendor {
		n += uint64(CKRVendorDefined)
	}
	if err != nil || CKR(n).String() != string(text) {
		return fmt.Errorf("%q is no return value of PKCS#11", text)
	}
	*c = CKR(n)
	return nil
}

// Meaning says in a few words what the code means.
func (c CKR) Meaning() string {
	if e, ok := ckrTable[c]; ok {
		return e.meaning
	}
	if c > CKRVendorDefined {
		return "an error of the vendor's own"
	}
	return "a code that PKCS#11 does not define"
}

// Advice says what the reader can do.
func (c CKR) Advice() string {
	if e, ok := ckrTable[c]; ok {
		return e.advice
	}
	return adviseVendor
}

// Removed reports whether the code says that the token, or the module's view of
// it, is gone. It may have come in the middle of the call, so that nobody knows what the
// token made of it.
func (c CKR) Removed() bool {
	switch c {
	case CKRSessionHandleInvalid, CKRSessionClosed, CKRDeviceRemoved, CKRDeviceError,
		CKRTokenNotPresent, CKRTokenNotRecognized, CKRCryptokiNotInitialized:
		return true
	}
	return false
}

// WrongPIN reports whether the token compared the PIN and found it wrong, which
// costs one of the tries.
func (c CKR) WrongPIN() bool { return c == CKRPINIncorrect }

// Locked reports whether the PIN has no tries left.
func (c CKR) Locked() bool { return c == CKRPINLocked }

// RefusesPIN reports whether the code says that the token looked at a PIN, new or
// old, and took nothing of it: after such an answer to a change of a PIN the old one
// holds.
func (c CKR) RefusesPIN() bool {
	switch c {
	case CKRPINIncorrect, CKRPINInvalid, CKRPINLenRange, CKRPINTooWeak, CKRPINLocked, CKRFunctionNotSupported:
		return true
	}
	return false
}

// Unfit reports whether the code says that the token takes no object of this kind,
// or none more.
func (c CKR) Unfit() bool {
	switch c {
	case CKRDeviceMemory, CKRTokenResourceExceeded, CKRAttributeReadOnly, CKRAttributeTypeInvalid, CKRAttributeValueInvalid, CKRTemplateIncomplete, CKRTemplateInconsistent,
		CKRDataLenRange, CKRKeySizeRange, CKRKeyTypeInconsistent, CKRMechanismInvalid, CKRCurveNotSupported, CKRDomainParamsInvalid, CKRFunctionNotSupported:
		return true
	}
	return false
}

// RefusesTemplate reports whether the code says that the token does not take an
// attribute, or its value, of what it was to make.
func (c CKR) RefusesTemplate() bool {
	switch c {
	case CKRAttributeReadOnly, CKRAttributeTypeInvalid, CKRAttributeValueInvalid, CKRTemplateInconsistent, CKRArgumentsBad:
		return true
	}
	return false
}

// CKRs are the codes of the specification but CKR_OK, in order.
func CKRs() []CKR {
	all := slices.Sorted(maps.Keys(ckrTable))
	return all[1:]
}

// The advice is grouped by who can act and how.
const (
	adviseRetry       = "run the same command again; if it fails in the same way, call the vendor of the middleware"
	adviseReinsert    = "take the card out, put it in again and run the same command: it goes on where it stopped"
	advisePIN         = "give another PIN; look at the tries that are left before the next one"
	advisePINPolicy   = "choose a PIN that the token's rules of length and characters allow"
	adviseUnlock      = "unlock the PIN with the PUK or the SO PIN; a locked PUK or SO PIN cannot be unlocked"
	adviseFreshPIN    = "set the PIN first: the description has to initialise or unblock it before it is used"
	adviseDescription = "change the description or the profile: the token does not do what it asks"
	adviseSpace       = "delete objects that are no longer used, or ask for fewer or smaller ones"
	adviseOtherUser   = "close other programs that use this token, then run the same command again"
	adviseVendor      = "look the code up in the documentation of the middleware, or call its vendor"
	adviseNothing     = ""
)

type ckrEntry struct{ name, meaning, advice string }

var ckrTable = map[CKR]ckrEntry{
	CKROK:             {"CKR_OK", "success", adviseNothing},
	CKRCancel:         {"CKR_CANCEL", "somebody cancelled the call", adviseRetry},
	CKRHostMemory:     {"CKR_HOST_MEMORY", "the computer has no memory left", adviseRetry},
	CKRSlotIDInvalid:  {"CKR_SLOT_ID_INVALID", "the slot does not exist", adviseReinsert},
	CKRGeneralError:   {"CKR_GENERAL_ERROR", "the module failed and does not say why", adviseVendor},
	CKRFunctionFailed: {"CKR_FUNCTION_FAILED", "the call could not be done", adviseRetry},
	CKRArgumentsBad:   {"CKR_ARGUMENTS_BAD", "the module does not accept the arguments", adviseDescription},

	0x008: {"CKR_NO_EVENT", "no slot has changed", adviseRetry},
	0x009: {"CKR_NEED_TO_CREATE_THREADS", "the module needs threads of its own", adviseVendor},
	0x00a: {"CKR_CANT_LOCK", "the module cannot lock as asked", adviseVendor},

	CKRAttributeReadOnly:     {"CKR_ATTRIBUTE_READ_ONLY", "an attribute cannot be changed", adviseDescription},
	CKRAttributeSensitive:    {"CKR_ATTRIBUTE_SENSITIVE", "an attribute is never shown", adviseDescription},
	CKRAttributeTypeInvalid:  {"CKR_ATTRIBUTE_TYPE_INVALID", "the token does not know an attribute", adviseDescription},
	CKRAttributeValueInvalid: {"CKR_ATTRIBUTE_VALUE_INVALID", "an attribute has a value that the token does not take", adviseDescription},
	CKRActionProhibited:      {"CKR_ACTION_PROHIBITED", "the policy of the token or the object forbids it", adviseDescription},

	CKRDataInvalid:   {"CKR_DATA_INVALID", "the data do not fit the call", adviseDescription},
	CKRDataLenRange:  {"CKR_DATA_LEN_RANGE", "the data are too short or too long", adviseDescription},
	CKRDeviceError:   {"CKR_DEVICE_ERROR", "the token or its reader has a problem", adviseReinsert},
	CKRDeviceMemory:  {"CKR_DEVICE_MEMORY", "the token has no room left", adviseSpace},
	CKRDeviceRemoved: {"CKR_DEVICE_REMOVED", "the token was taken out during the call", adviseReinsert},

	0x040:                   {"CKR_ENCRYPTED_DATA_INVALID", "the ciphertext is not valid", adviseDescription},
	0x041:                   {"CKR_ENCRYPTED_DATA_LEN_RANGE", "the ciphertext is too short or too long", adviseDescription},
	0x042:                   {"CKR_AEAD_DECRYPT_FAILED", "the ciphertext or its tag was altered", adviseDescription},
	CKRFunctionCanceled:     {"CKR_FUNCTION_CANCELED", "the call was cancelled, perhaps at the reader", adviseRetry},
	0x051:                   {"CKR_FUNCTION_NOT_PARALLEL", "no call runs beside this one", adviseVendor},
	CKRFunctionNotSupported: {"CKR_FUNCTION_NOT_SUPPORTED", "the module cannot do this call", adviseDescription},

	CKRKeyHandleInvalid:        {"CKR_KEY_HANDLE_INVALID", "the key does not exist in this session", adviseReinsert},
	CKRKeySizeRange:            {"CKR_KEY_SIZE_RANGE", "the token does not do keys of this size", adviseDescription},
	CKRKeyTypeInconsistent:     {"CKR_KEY_TYPE_INCONSISTENT", "the key is of a type that the mechanism cannot use", adviseDescription},
	0x064:                      {"CKR_KEY_NOT_NEEDED", "a key was given that is not needed", adviseVendor},
	0x065:                      {"CKR_KEY_CHANGED", "the key is not the one of the saved state", adviseVendor},
	0x066:                      {"CKR_KEY_NEEDED", "the saved state needs its key", adviseVendor},
	0x067:                      {"CKR_KEY_INDIGESTIBLE", "the key cannot be digested", adviseDescription},
	CKRKeyFunctionNotPermitted: {"CKR_KEY_FUNCTION_NOT_PERMITTED", "the key's attributes forbid this use", adviseDescription},
	0x069:                      {"CKR_KEY_NOT_WRAPPABLE", "the token cannot wrap this key", adviseDescription},
	0x06a:                      {"CKR_KEY_UNEXTRACTABLE", "the key never leaves the token", adviseDescription},

	CKRMechanismInvalid:        {"CKR_MECHANISM_INVALID", "the token does not offer the mechanism", adviseDescription},
	CKRMechanismParamInvalid:   {"CKR_MECHANISM_PARAM_INVALID", "the token does not take the mechanism's parameter", adviseDescription},
	CKRObjectHandleInvalid:     {"CKR_OBJECT_HANDLE_INVALID", "the object does not exist in this session", adviseReinsert},
	CKROperationActive:         {"CKR_OPERATION_ACTIVE", "another operation is still under way in this session", adviseRetry},
	CKROperationNotInitialized: {"CKR_OPERATION_NOT_INITIALIZED", "no operation was begun", adviseRetry},

	CKRPINIncorrect: {"CKR_PIN_INCORRECT", "wrong PIN", advisePIN},
	CKRPINInvalid:   {"CKR_PIN_INVALID", "the new PIN has characters that the token does not allow", advisePINPolicy},
	CKRPINLenRange:  {"CKR_PIN_LEN_RANGE", "the PIN is too short or too long for the token", advisePINPolicy},
	CKRPINExpired:   {"CKR_PIN_EXPIRED", "the PIN has expired and must be changed", adviseFreshPIN},
	CKRPINLocked:    {"CKR_PIN_LOCKED", "the PIN is locked after too many wrong tries", adviseUnlock},

	CKRSessionClosed:            {"CKR_SESSION_CLOSED", "the session was closed during the call", adviseReinsert},
	CKRSessionCount:             {"CKR_SESSION_COUNT", "the token has no session left", adviseOtherUser},
	CKRSessionHandleInvalid:     {"CKR_SESSION_HANDLE_INVALID", "the session is gone, most often with the card", adviseReinsert},
	0x0b4:                       {"CKR_SESSION_PARALLEL_NOT_SUPPORTED", "the token does not do parallel sessions", adviseVendor},
	CKRSessionReadOnly:          {"CKR_SESSION_READ_ONLY", "the session may only read", adviseVendor},
	CKRSessionExists:            {"CKR_SESSION_EXISTS", "a session with the token is open", adviseOtherUser},
	CKRSessionReadOnlyExists:    {"CKR_SESSION_READ_ONLY_EXISTS", "a session that may only read forbids an SO login", adviseOtherUser},
	CKRSessionReadWriteSOExists: {"CKR_SESSION_READ_WRITE_SO_EXISTS", "the SO is logged in, which forbids a session that only reads", adviseOtherUser},

	0x0c0:                   {"CKR_SIGNATURE_INVALID", "the signature is not valid", adviseDescription},
	0x0c1:                   {"CKR_SIGNATURE_LEN_RANGE", "the signature has a wrong length", adviseDescription},
	CKRTemplateIncomplete:   {"CKR_TEMPLATE_INCOMPLETE", "the token wants an attribute that was not given", adviseDescription},
	CKRTemplateInconsistent: {"CKR_TEMPLATE_INCONSISTENT", "two attributes contradict each other", adviseDescription},

	CKRTokenNotPresent:     {"CKR_TOKEN_NOT_PRESENT", "no token is in the slot", adviseReinsert},
	CKRTokenNotRecognized:  {"CKR_TOKEN_NOT_RECOGNIZED", "the module does not know this kind of token, or it is blank", adviseReinsert},
	CKRTokenWriteProtected: {"CKR_TOKEN_WRITE_PROTECTED", "the token is write-protected", adviseDescription},

	0x0f0: {"CKR_UNWRAPPING_KEY_HANDLE_INVALID", "the unwrapping key does not exist in this session", adviseReinsert},
	0x0f1: {"CKR_UNWRAPPING_KEY_SIZE_RANGE", "the unwrapping key has a size that the token does not do", adviseDescription},
	0x0f2: {"CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", "the unwrapping key is of a type that the mechanism cannot use", adviseDescription},

	CKRUserAlreadyLoggedIn:        {"CKR_USER_ALREADY_LOGGED_IN", "this user is logged in already", adviseOtherUser},
	CKRUserNotLoggedIn:            {"CKR_USER_NOT_LOGGED_IN", "the call needs a login, or that of another user", adviseDescription},
	CKRUserPINNotInitialized:      {"CKR_USER_PIN_NOT_INITIALIZED", "the user PIN was never set", adviseFreshPIN},
	CKRUserTypeInvalid:            {"CKR_USER_TYPE_INVALID", "the token does not have this kind of user", adviseDescription},
	CKRUserAnotherAlreadyLoggedIn: {"CKR_USER_ANOTHER_ALREADY_LOGGED_IN", "another user is logged in", adviseOtherUser},
	0x105:                         {"CKR_USER_TOO_MANY_TYPES", "the token cannot have so many users logged in", adviseOtherUser},

	0x110: {"CKR_WRAPPED_KEY_INVALID", "the wrapped key is not valid", adviseDescription},
	0x112: {"CKR_WRAPPED_KEY_LEN_RANGE", "the wrapped key has a wrong length", adviseDescription},
	0x113: {"CKR_WRAPPING_KEY_HANDLE_INVALID", "the wrapping key does not exist in this session", adviseReinsert},
	0x114: {"CKR_WRAPPING_KEY_SIZE_RANGE", "the wrapping key has a size that the token does not do", adviseDescription},
	0x115: {"CKR_WRAPPING_KEY_TYPE_INCONSISTENT", "the wrapping key is of a type that the mechanism cannot use", adviseDescription},
	0x120: {"CKR_RANDOM_SEED_NOT_SUPPORTED", "the token's random numbers cannot be seeded", adviseDescription},
	0x121: {"CKR_RANDOM_NO_RNG", "the token makes no random numbers", adviseDescription},

	CKRDomainParamsInvalid: {"CKR_DOMAIN_PARAMS_INVALID", "the token does not take the domain parameters", adviseDescription},
	CKRCurveNotSupported:   {"CKR_CURVE_NOT_SUPPORTED", "the token does not do this curve", adviseDescription},
	CKRBufferTooSmall:      {"CKR_BUFFER_TOO_SMALL", "the answer is longer than the room for it", adviseVendor},
	0x160:                  {"CKR_SAVED_STATE_INVALID", "the saved state is not valid", adviseVendor},
	0x170:                  {"CKR_INFORMATION_SENSITIVE", "the information is never shown", adviseDescription},
	0x180:                  {"CKR_STATE_UNSAVEABLE", "the state cannot be saved", adviseVendor},

	CKRCryptokiNotInitialized:     {"CKR_CRYPTOKI_NOT_INITIALIZED", "the module was not started", adviseRetry},
	CKRCryptokiAlreadyInitialized: {"CKR_CRYPTOKI_ALREADY_INITIALIZED", "the module was started twice", adviseRetry},
	0x1a0:                         {"CKR_MUTEX_BAD", "a lock of the module is not valid", adviseVendor},
	0x1a1:                         {"CKR_MUTEX_NOT_LOCKED", "a lock of the module is not held", adviseVendor},
	0x1b0:                         {"CKR_NEW_PIN_MODE", "the token wants a new PIN before it makes a one-time password", adviseFreshPIN},
	0x1b1:                         {"CKR_NEXT_OTP", "the token wants the next one-time password", advisePIN},
	0x1b5:                         {"CKR_EXCEEDED_MAX_ITERATIONS", "domain parameters were not found in the tries allowed", adviseRetry},
	0x1b6:                         {"CKR_FIPS_SELF_TEST_FAILED", "the self-test of the module or the token failed", adviseVendor},
	CKRLibraryLoadFailed:          {"CKR_LIBRARY_LOAD_FAILED", "the module could not load a library that it needs", adviseVendor},
	CKRPINTooWeak:                 {"CKR_PIN_TOO_WEAK", "the token finds the new PIN too easy to guess", advisePINPolicy},
	0x1b9:                         {"CKR_PUBLIC_KEY_INVALID", "the public key is not valid", adviseDescription},

	CKRFunctionRejected:      {"CKR_FUNCTION_REJECTED", "the token or somebody at the reader refused", adviseRetry},
	CKRTokenResourceExceeded: {"CKR_TOKEN_RESOURCE_EXCEEDED", "the token has not enough of some resource", adviseSpace},
	0x202:                    {"CKR_OPERATION_CANCEL_FAILED", "the operation cannot be cancelled", adviseVendor},
	0x203:                    {"CKR_KEY_EXHAUSTED", "the key cannot sign any more", adviseDescription},
	0x204:                    {"CKR_PENDING", "the call goes on in the background", adviseVendor},
	0x205:                    {"CKR_SESSION_ASYNC_NOT_SUPPORTED", "the token does not work in the background", adviseVendor},
	0x206:                    {"CKR_SEED_RANDOM_REQUIRED", "the token's random numbers have to be seeded first", adviseVendor},
	0x207:                    {"CKR_OPERATION_NOT_VALIDATED", "the operation is outside what the token is certified for", adviseDescription},
	CKRTokenNotInitialized:   {"CKR_TOKEN_NOT_INITIALIZED", "the token was never initialised", adviseDescription},
	0x209:                    {"CKR_PARAMETER_SET_NOT_SUPPORTED", "the token does not do this parameter set", adviseDescription},

	CKRVendorDefined: {"CKR_VENDOR_DEFINED", "an error of the vendor's own", adviseVendor},
}
