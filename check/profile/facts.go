package profile

// FactName names a fact.
type FactName string

// The facts. Each has a row in Facts.
const (
	Software           FactName = "software"
	SignatureSlot      FactName = "signature-slot"
	SecondToken        FactName = "signature-by-second-token"
	SharedPIN          FactName = "shared-pin"
	PUKIs              FactName = "puk-is"
	InitToken          FactName = "init-token"
	InitByHook         FactName = "init-by-hook"
	ReinitNeedsSOPIN   FactName = "reinit-needs-so-pin"
	InitPIN            FactName = "init-pin"
	ChangePIN          FactName = "change-pin"
	ChangePUK          FactName = "change-puk"
	PINMin             FactName = "pin-min"
	PINMax             FactName = "pin-max"
	PINAlphabet        FactName = "pin-alphabet"
	PUKMin             FactName = "puk-min"
	PUKMax             FactName = "puk-max"
	Locks              FactName = "pin-locks"
	Retries            FactName = "pin-retries"
	PUKRetries         FactName = "puk-retries"
	HonestFlags        FactName = "honest-flags"
	HonestSOFlags      FactName = "honest-so-flags"
	RSAMin             FactName = "rsa-min"
	RSAMax             FactName = "rsa-max"
	Curves             FactName = "curves"
	BothLogins         FactName = "signature-key-needs-both-logins"
	ExclusiveLogins    FactName = "logins-exclude-each-other"
	UniqueSerial       FactName = "unique-serial"
	SerialStays        FactName = "serial-stays-at-init"
	PINPad             FactName = "pin-pad"
	ImportKeys         FactName = "import-private-keys"
	DataObjects        FactName = "data-objects"
	AlwaysAuthenticate FactName = "always-authenticate"
	Reinit             FactName = "reinit"
	MaxKeys            FactName = "key-capacity"
	InitIn64Bit        FactName = "init-in-64-bit"
	CardManagerKey     FactName = "card-manager-key"
	InitialPIN         FactName = "initial-pin"
	InitialPUK         FactName = "initial-puk"
	FactoryPUK         FactName = "initial-puk-value"
	SharedLock         FactName = "lock-is-shared"
	RightPINResets     FactName = "right-pin-resets"
	FreeKeyID          FactName = "key-id-is-free"
	FreeLabel          FactName = "label-is-free"
	ChangeByUser       FactName = "change-pin-needs-login"
	DataObjectID       FactName = "data-object-id"
	EmptyData          FactName = "empty-data-objects"
	FreeUse            FactName = "key-use-is-free"
	WriteBySO          FactName = "write-needs-so"
	TellsLocal         FactName = "local-is-told"
	HonestKeys         FactName = "honest-key-attributes"
	CallSeconds        FactName = "call-seconds"
	RSA2048Seconds     FactName = "rsa-2048-seconds"
	RSA3072Seconds     FactName = "rsa-3072-seconds"
	RSA4096Seconds     FactName = "rsa-4096-seconds"
	ECSeconds          FactName = "ec-seconds"
)

// FactKind is the shape of a fact's value.
type FactKind uint8

// The shapes.
const (
	YesNo FactKind = iota
	Count
	Word
	Words
)

// FactInfo is a row of the table of facts.
type FactInfo struct {
	Name FactName
	Kind FactKind
	Doc  string
}

// Facts is the table of facts, in the order in which they are explained.
var Facts = []FactInfo{
	{Software, YesNo, "the token is software or a simulator, so a lab certificate does no harm"},
	{SignatureSlot, YesNo, "the token shows a slot of its own for signatures"},
	{SecondToken, YesNo, "a second token may stand for the signature slot"},
	{SharedPIN, YesNo, "both slots share one PIN"},
	{PUKIs, Word, "what the PUK of a slot is: so-pin (PKCS#11's SO PIN), own (the card's), none"},
	{InitToken, YesNo, "C_InitToken works"},
	{InitByHook, YesNo, "a command of the station (hook.initialise) initialises the card and sets its PINs and PUKs, in place of C_InitToken"},
	{ReinitNeedsSOPIN, YesNo, "C_InitToken on an initialised token wants its present SO PIN"},
	{Reinit, YesNo, "C_InitToken works on a token that is initialised already"},
	{InitPIN, YesNo, "C_InitPIN in an SO session sets the user PIN"},
	{ChangePIN, YesNo, "C_SetPIN changes the user PIN"},
	{ChangeByUser, YesNo, "C_SetPIN changes the user PIN only in the user's own session, which the old PIN opens first"},
	{ChangePUK, YesNo, "C_SetPIN in an SO session changes the SO PIN"},
	{PINMin, Count, "shortest user PIN, bytes"},
	{PINMax, Count, "longest user PIN, bytes"},
	{PINAlphabet, Word, "what a PIN is made of: digits, any"},
	{PUKMin, Count, "shortest PUK or SO PIN, bytes"},
	{PUKMax, Count, "longest PUK or SO PIN, bytes"},
	{Locks, YesNo, "wrong PINs lock the token"},
	{Retries, Count, "wrong PINs until it locks"},
	{PUKRetries, Count, "wrong PUKs or SO PINs until that locks, which is for good on most tokens"},
	{HonestFlags, YesNo, "the flags about tries of the user PIN tell the truth"},
	{HonestSOFlags, YesNo, "the flags about tries of the SO PIN tell the truth; none speaks of a PUK of the card's own"},
	{RSAMin, Count, "shortest RSA key, bits"},
	{RSAMax, Count, "longest RSA key, bits"},
	{Curves, Words, "elliptic curves offered"},
	{BothLogins, YesNo, "generating a key in the signature slot needs the login of both slots"},
	{ExclusiveLogins, YesNo, "a login in one slot excludes one in the other"},
	{UniqueSerial, YesNo, "the serial number tells tokens apart"},
	{SerialStays, YesNo, "the serial number stays the same when a fresh token is initialised"},
	{PINPad, YesNo, "the reader has a PIN pad"},
	{MaxKeys, Count, "key pairs that a slot holds"},
	{ImportKeys, YesNo, "private keys can be imported"},
	{WriteBySO, YesNo, "keys and certificates are written in the SO's session, not the user's"},
	{DataObjects, YesNo, "data objects can be written"},
	{DataObjectID, YesNo, "a data object takes CKA_OBJECT_ID"},
	{EmptyData, YesNo, "a data object may be empty"},
	{AlwaysAuthenticate, YesNo, "keys that want the PIN for each use are honoured"},
	{InitIn64Bit, YesNo, "the 64-bit library can initialise"},
	{CardManagerKey, YesNo, "a card manager key takes the place of the PUK"},
	{InitialPIN, Word, "the PIN at delivery: factory (a value that the vendor publishes), none"},
	{InitialPUK, Word, "the PUK or SO PIN at delivery: factory (a value that the vendor publishes), none, blocked"},
	{FactoryPUK, Word, "the PUK or SO PIN at delivery, as its vendor publishes it, where C_InitToken takes no other"},
	{SharedLock, YesNo, "wrong PINs in one slot lock the others too"},
	{RightPINResets, YesNo, "a right PIN starts the token's count of wrong ones anew"},
	{FreeKeyID, YesNo, "CKA_ID of a key can be chosen"},
	{FreeLabel, YesNo, "CKA_LABEL of a key can be chosen"},
	{FreeUse, YesNo, "a key can be kept to signing: a template may forbid the rest (CKA_DECRYPT, CKA_DERIVE and what goes with them)"},
	{TellsLocal, YesNo, "CKA_LOCAL of a key that was generated on the token says so"},
	{HonestKeys, YesNo, "CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE and CKA_NEVER_EXTRACTABLE of a key tell the truth"},
	{CallSeconds, Count, "seconds after which a call that generates no key counts as hanging"},
	{RSA2048Seconds, Count, "seconds that an RSA key of up to 2048 bits may take to be generated"},
	{RSA3072Seconds, Count, "seconds that an RSA key of 2049 to 3072 bits may take to be generated"},
	{RSA4096Seconds, Count, "seconds that a longer RSA key may take to be generated"},
	{ECSeconds, Count, "seconds that a key on an elliptic curve may take to be generated"},
}

// Describe gives the row of a fact.
func Describe(name FactName) (FactInfo, bool) {
	for _, f := range Facts {
		if f.Name == name {
			return f, true
		}
	}
	return FactInfo{}, false
}
