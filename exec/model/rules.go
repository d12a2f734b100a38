package model

import "inscribe/exec"

// session is the state of a token's one session, which is always read/write. The
// login belongs to the token, so there is one of them.
type session int

// The states (PKCS#11, section "Read/write session states").
const (
	none session = iota
	public
	user
	so
)

// refusals says what a call answers in a state in which it does not work; a pair
// that is not in the table works. The rules are those of the sections of the
// calls in the PKCS#11 specification.
var refusals = map[string]map[session]exec.CKR{
	"C_InitToken":         {public: exec.CKRSessionExists, user: exec.CKRSessionExists, so: exec.CKRSessionExists},
	"C_CloseSession":      {none: exec.CKRSessionHandleInvalid},
	"C_Login as user":     {none: exec.CKRSessionHandleInvalid, user: exec.CKRUserAlreadyLoggedIn, so: exec.CKRUserAnotherAlreadyLoggedIn},
	"C_Login as SO":       {none: exec.CKRSessionHandleInvalid, so: exec.CKRUserAlreadyLoggedIn, user: exec.CKRUserAnotherAlreadyLoggedIn},
	"C_Logout":            {none: exec.CKRSessionHandleInvalid, public: exec.CKRUserNotLoggedIn},
	"C_InitPIN":           {none: exec.CKRSessionHandleInvalid, public: exec.CKRUserNotLoggedIn, user: exec.CKRUserNotLoggedIn},
	"C_SetPIN":            {none: exec.CKRSessionHandleInvalid},
	"C_GenerateKeyPair":   {none: exec.CKRSessionHandleInvalid, public: exec.CKRUserNotLoggedIn, so: exec.CKRUserNotLoggedIn},
	"C_SignInit":          {none: exec.CKRSessionHandleInvalid, public: exec.CKRUserNotLoggedIn, so: exec.CKRUserNotLoggedIn},
	"C_CreateObject":      {none: exec.CKRSessionHandleInvalid, public: exec.CKRUserNotLoggedIn, so: exec.CKRUserNotLoggedIn},
	"C_DestroyObject":     {none: exec.CKRSessionHandleInvalid},
	"C_FindObjectsInit":   {none: exec.CKRSessionHandleInvalid},
	"C_GetAttributeValue": {none: exec.CKRSessionHandleInvalid},
	"C_SetAttributeValue": {none: exec.CKRSessionHandleInvalid},
}

// allows answers a call by the table.
func (t *token) allows(call, as string) error {
	if ckr := refusals[call+as][t.session]; ckr != exec.CKROK {
		return fail(call, ckr)
	}
	return nil
}
