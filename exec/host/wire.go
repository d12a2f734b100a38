package host

import (
	"time"

	"inscribe/exec"
)

// Method is what a [Request] asks for.
type Method uint8

// The methods: two for the start, then those of [exec.Module] and
// [exec.Token], then the end.
const (
	// MethodLoad opens the library, MethodInitialize starts it. They are apart
	// so that a crash tells which of the two it was.
	MethodLoad Method = iota + 1
	MethodInitialize
	MethodInfo
	MethodSlots
	MethodReaders
	MethodTokenInfo
	MethodMechanisms
	MethodInitToken
	MethodOpenSession
	MethodCloseSession
	MethodLogin
	MethodLogout
	MethodInitPIN
	MethodSetPIN
	MethodGenerateKeyPair
	MethodSign
	MethodCreateObject
	MethodDestroyObject
	MethodFindObjects
	MethodAttributes
	MethodSetAttributes
	MethodFinalize
)

var calls = map[Method]string{
	MethodLoad:            "C_GetFunctionList",
	MethodInitialize:      "C_Initialize",
	MethodInfo:            "C_GetInfo",
	MethodSlots:           "C_GetSlotList",
	MethodReaders:         "C_GetSlotList",
	MethodTokenInfo:       "C_GetTokenInfo",
	MethodMechanisms:      "C_GetMechanismList",
	MethodInitToken:       "C_InitToken",
	MethodOpenSession:     "C_OpenSession",
	MethodCloseSession:    "C_CloseSession",
	MethodLogin:           "C_Login",
	MethodLogout:          "C_Logout",
	MethodInitPIN:         "C_InitPIN",
	MethodSetPIN:          "C_SetPIN",
	MethodGenerateKeyPair: "C_GenerateKeyPair",
	MethodSign:            "C_Sign",
	MethodCreateObject:    "C_CreateObject",
	MethodDestroyObject:   "C_DestroyObject",
	MethodFindObjects:     "C_FindObjects",
	MethodAttributes:      "C_GetAttributeValue",
	MethodSetAttributes:   "C_SetAttributeValue",
	MethodFinalize:        "C_Finalize",
}

// String gives the PKCS#11 function that the method is named by in errors
// ("C_Login"). Of a method that makes several calls it is the principal one.
func (m Method) String() string {
	if s, ok := calls[m]; ok {
		return s
	}
	return "unknown call"
}

// Request is one request to the child. Which fields count depends on the
// method. PINs are not in it: only what is needed to read them off the pipe.
type Request struct {
	Method    Method
	Limit     time.Duration // that the call may take
	Module    string        // path or name of the library
	InitArgs  string        // pReserved of C_Initialize, or empty
	Slot      exec.SlotID
	User      exec.User
	Label     string
	Mechanism exec.MechanismType
	Object    exec.Object
	Template  []exec.Attribute // of a key pair: the public key's
	Private   []exec.Attribute
	Types     []exec.AttributeType
	Data      []byte
	Busy      []exec.SlotID // slots whose tokens are left alone
	Only      []exec.SlotID // those that are meant; none is all of them
	PIN       SecretHeader  // the old one, for C_SetPIN
	NewPIN    SecretHeader
}

// SecretHeader announces a PIN that follows the request.
type SecretHeader struct {
	Given  bool // Len raw bytes follow, be it none
	PINPad bool // the reader asks for it
	Len    int
}

// Response is the child's answer. Without a Failure, the fields that the
// method speaks of are set.
type Response struct {
	Failure    *Failure
	Module     exec.ModuleInfo
	Slots      []exec.Slot
	Token      exec.TokenInfo
	Mechanisms []exec.Mechanism
	Objects    []exec.Object // of a key pair: public, private
	Values     []Value
	Data       []byte
}

// Failure is an error of the child's. Call is the one of the method's calls
// that failed, or empty for the principal one.
type Failure struct {
	Call    string
	CKR     exec.CKR
	Message string
	Advice  string
}

// Value is an attribute that was read. gob does not tell an empty slice from
// none, so Known does.
type Value struct {
	Type  exec.AttributeType
	Known bool
	Bytes []byte
}
