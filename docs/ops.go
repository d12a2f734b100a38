package docs

// Operation documents a kind of op of plans.
type Operation struct {
	// Name is the word in plans.
	Name string
	// Text says what the op does, by which calls of PKCS#11, what it requires
	// and what it changes.
	Text string
}

// Operations are the kinds of op, in the order in which plans use them. They go
// by their words, so that this package needs no planner.
var Operations = []Operation{
	{"listtokens", "Reads the serial numbers of all tokens that are inserted (C_GetSlotList, C_GetTokenInfo) and puts them into a field, separated by commas. It runs alone, asks for no PIN and changes nothing. Without a token it fails."},
	{"openslot", "Takes the token of a slot: the only one that matches what the station, the arguments or an ICCSN say. The choice is made before the first write (C_GetSlotList, C_GetTokenInfo); the op itself looks whether the same token is still there. It opens no session, because a token cannot be initialised beside one. It requires nothing and changes nothing on the token."},
	{"inittoken", "Initialises the token (C_InitToken). **It destroys** every key, certificate and data object on it, and takes the user PIN away. The value shown is the present SO PIN of an initialised token, which stays; on a fresh token it becomes the SO PIN. It requires that no session is open, by another program either, and a yes where there is something to lose. Afterwards the token is found again, since some modules give it another serial number, and its label is read back."},
	{"login", "Opens a read/write session where there is none and logs in (C_OpenSession, C_Login), as the user with the PIN or as the SO with the PUK. Before, the token's flags are read: a locked PIN is not shown at all, and one at its final try only with `--spend-final-try`. A wrong value is never tried again. A login that \"proves\" shows a value that was just set to be the right one. It requires the token and changes who is logged in."},
	{"logout", "Ends the login of a slot (C_Logout) and keeps the session. The SO has to leave before the user can come. It changes nothing on the token."},
	{"initpin", "Sets the first user PIN after an initialisation (C_InitPIN). It requires the login of the SO. The value must match the validation and the lengths of the token before the first write of the run. Afterwards a login proves it, because some modules take a PIN that is too long and set nothing."},
	{"unblock", "Sets a new PIN under the PUK (C_InitPIN in the SO's session), whatever the old one was and whether or not it is locked. It requires the login of the SO and changes the PIN of its slot. A login proves it."},
	{"setpin", "Changes the PIN by the old one (C_SetPIN with nobody logged in; in the user's session, opened with the old PIN, where the profile says that it must be). It requires the old value, which costs a try if it is wrong, and that the PIN is not locked. The new PIN is the login of the slot for the rest of the run."},
	{"setpuk", "Changes the PUK by the old one: C_SetPIN in the SO's session, because the PUK of a token is its SO PIN in PKCS#11. It requires the login of the SO. A second login as SO proves the new value. A card's own profile may forbid it."},
	{"genkey", "Generates a key pair on the token (C_GenerateKeyPair): private, sensitive, not extractable, for signing, and for decrypting only where its certificate is for that. The CKA_ID is made from the public key and written to both halves (C_SetAttributeValue), and all of it is read back (C_GetAttributeValue). A key of the same label from elsewhere is a reason to stop before (C_FindObjects). It requires the login of the user and leaves a key pair; one that an interrupted run left behind is used instead of a second one."},
	{"reqcert", "Has the new key sign a PKCS#10 (C_SignInit, C_Sign) and asks the CA of the template for the certificate. The request is verified before it leaves. Of the answer the public key, the names, the dates and the usages are compared with what was asked, and the serial number with that of the certificate that an earlier run got. The certificate is kept in the journal before it is written, so that a crash costs no second one. It requires the login and the key, and changes nothing on the token."},
	{"putcert", "Writes a certificate (C_CreateObject) with the CKA_ID of its key, its subject, issuer, serial number and label, and reads all of it back. One that is there already is not written twice. It requires the login of the user, and for a certificate that was requested the key and the answer of the CA."},
	{"putlist", "Writes a list of certificates and their private keys (C_CreateObject for each). How many they are shows only at run time, since the list is secret, so it is one op. With `WRITE_ANY_BUT_MANDATORILY_THE_FIRST` only the first entry must fit. It requires the login of the user and a token that takes private keys; it leaves certificates and keys, and a field with the outcome where the description names one."},
	{"delete", "Removes what was under the label of a new key, certificate or data object before (C_DestroyObject), and nothing that this run wrote. **It destroys**; a yes is needed. It is in a plan made with `--existing replace` only, after all applications, and requires the login of the user."},
	{"putdata", "Writes a data object (C_CreateObject): the decoded content of a field, the label with the values of its fields, and the attributes that the description gives. It requires the login of the user and leaves the object."},
	{"block", "Blocks the PIN of a slot by wrong values on purpose (C_Login), as many as the profile says that a token takes, never the right one. **It destroys** the use of the PIN until the PUK brings it back, so it wants a yes. It is refused where the profile cannot tell that the token locks. The other slot goes on."},
	{"clearfields", "Forgets the values of the fields that `ClearFields` names, after a failure too. No call of PKCS#11 is made."},
	{"closeslot", "Closes the session of a slot (C_CloseSession), which ends its login too. It changes nothing on the token."},
}
