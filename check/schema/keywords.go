package schema

import "strings"

// The titles of the vendor's pages.
const (
	pageStructure = "Structure of an encoding description"
	pageInit      = "Card initialization and credentials"
	pageBlock     = "Block and unblock card"
	pageSignature = "Use Signature slot"
	pageCerts     = "Certificates and keys"
	pageData      = "Write data objects to smart cards"
	pageCards     = "Reader/card selection and information"
	pagePersonal  = "Encodings using Personal Desktop Client middleware"
	pageTemplates = "Encoding description templates"
	pageCardSDK   = "Description of file format (Card SDK)"
)

// The meanings that the checker and the planner ask for. Each is the name of a
// row below.
const (
	MType             = "Type"
	MDevices          = "Devices"
	MSubtype          = "Subtype"
	MLibrary          = "PKCS11Library"
	MLibraryWin32     = "PKCS11LibraryWindows32"
	MLibraryWin64     = "PKCS11LibraryWindows64"
	MLibraryLinux     = "PKCS11LibraryLinux"
	MLibraryMac       = "PKCS11LibraryMac"
	MMiniDriver       = "MiniDriverLibrary"
	MApplicationList  = "ApplicationList"
	MInitToken        = "InitToken"
	MInitialPUK       = "InitialPUK"
	MInitialLabel     = "InitialLabel"
	MClearFields      = "ClearFields"
	MSetPIN           = "SetPIN"
	MPIN              = "PIN"
	MPUK              = "PUK"
	MPINValidation    = "PIN_Validation"
	MCardManagerKey   = "CardManagerKey"
	MSignPIN          = "SignPIN"
	MSignPUK          = "SignPUK"
	MInitialSignPUK   = "InitialSignPUK"
	MSignValidation   = "SignPin_Validation"
	MLocation         = "Location"
	MKeySize          = "KeySize"
	MKeyType          = "KeyType"
	MECCurve          = "ECCurve"
	MKeyLabel         = "KeyLabel"
	MCertTempl        = "CertTempl"
	MWriteCertificate = "WriteCertificate"
	MCertificate      = "Certificate"
	MWriteKeyList     = "WriteCertKeyList"
	MKeyList          = "CertKeyList"
	MKeyListReturn    = "CertKeyListReturnField"
	MKeyListMode      = "CertKeyListMode"
	MDataObject       = "DataObject"
	MDataLabel        = "LabelExpressionDataObject"
	MDataAttributes   = "AttributesDataObject"
	MBlockCard        = "BlockCard"
	MRetrieveTokens   = "RetrieveAllTokens"
	MTokensField      = "AllTokensIccsnsField"
	MWithATR          = "UseICCSNwithATR"
	MUseICCSN         = "UseSelectCriteriaIccsn"
	MICCSN            = "SelectCriteriaIccsn"
)

// SmartCard and MagneticStripe are values of [Encoding] Type.
const (
	SmartCard      = 1024
	MagneticStripe = 2
)

// curves are the elliptic curves that ECCurve names, in canonical spelling.
var curves = []Value{
	{"P-256", "NIST P-256, also secp256r1 or prime256v1"},
	{"P-384", "NIST P-384, also secp384r1"},
	{"P-521", "NIST P-521, also secp521r1"},
	{"brainpoolP256r1", "Brainpool, 256 bits (RFC 5639); this version plans no key on it"},
	{"brainpoolP384r1", "Brainpool, 384 bits (RFC 5639); this version plans no key on it"},
	{"brainpoolP512r1", "Brainpool, 512 bits (RFC 5639); this version plans no key on it"},
	{"Ed25519", "Edwards curve for EdDSA (RFC 8032)"},
}

// Planned reports whether this version makes a plan for a key on a curve: the request
// that the key signs has to be verified, and the standard library knows no Brainpool.
func Planned(curve string) bool { return !strings.HasPrefix(curve, "brainpool") }

// Builtin is the table of the language.
var Builtin = newTable(encodingKeywords, descriptionKeywords, applicationKeywords)

// OfSmartCard are the lines of [Encoding] that begin the description of a smart card.
func OfSmartCard() []string {
	return []string{Builtin.Find(Encoding, MType).Example, Builtin.Find(Encoding, MDevices).Example}
}

var encodingKeywords = []Keyword{
	{Name: "Type", Meaning: MType, Section: Encoding, Kind: TypeID, Evidence: Documented, Page: pageStructure,
		Values:  []Value{{"1024,Chip", "a smart card or token"}, {"2,Magstripe", "a magnetic stripe"}},
		Doc:     "Id of the encoding technology and, after a comma, its name for people. `1024` is a smart card, `2` a magnetic stripe.",
		Example: "Type=1024,Chip"},
	{Name: "Devices", Meaning: MDevices, Section: Encoding, Kind: Numbers, Evidence: Documented, Page: pageStructure,
		Conflicts: []string{"Subtype"},
		Doc:       "The device types that may process the description. A PKI description names exactly one; `8710` is the one that the published templates use.",
		Example:   "Devices=8710"},
	{Name: "Subtype", Meaning: MSubtype, Section: Encoding, Kind: Number, Evidence: Documented, Page: pageStructure,
		Doc:     "Takes the place of `Devices` for other technologies than smart cards; the magnetic stripe sample has `1`.",
		Example: "SubType=1"},
	{Name: "MessagingServerField", Section: Encoding, Kind: Operand, Forms: Field | Literal, Type: PlainText, Evidence: ByExample, Page: pageStructure,
		Doc:     "By its name: the messaging server that carries the encoding to the desktop app. Inscribe checks it and does nothing with it.",
		Example: "MessagingServerField=#LocalTestServer"},
	{Name: "SkipEject", Section: Encoding, Kind: Bool, Evidence: ByExample, Page: pageStructure, Since: "Identity Manager 23.04.1",
		Doc:     "By its name: leave the card in the device after encoding. Inscribe ejects nothing.",
		Example: "SkipEject=true"},
}

const librarySelection = "Inscribe's reading: the name for Linux goes before the general one, and that before those for other platforms, so that a plan is the same everywhere."

var descriptionKeywords = []Keyword{
	{Name: "PKCS11Library", Meaning: MLibrary, Section: Description, Kind: Path, Evidence: ByExample, Page: pageSignature,
		Doc:     "The PKCS#11 module, as a file name or a path with forward slashes. The machine that holds the tokens says in `station.toml` which file stands for it there. " + librarySelection,
		Example: "PKCS11Library=cvP11.dll"},
	{Name: "PKCS11LibraryWindows32", Meaning: MLibraryWin32, Section: Description, Kind: Path, Evidence: Documented, Page: pagePersonal,
		Doc:     "The module for a 32-bit Windows process. For Personal Desktop Client give only this one. " + librarySelection,
		Example: "PKCS11LibraryWindows32=C:/Program Files (x86)/Personal/bin/personal.dll"},
	{Name: "PKCS11LibraryWindows64", Meaning: MLibraryWin64, Section: Description, Kind: Path, Evidence: Documented, Page: pagePersonal,
		Doc:     "The module for a 64-bit Windows process. " + librarySelection,
		Example: "PKCS11LibraryWindows64=C:/Windows/System32/vendorP11.dll"},
	{Name: "PKCS11LibraryLinux", Meaning: MLibraryLinux, Section: Description, Kind: Path, Evidence: Reading,
		Doc:     "The module on Linux; expected by symmetry, in no page seen. " + librarySelection,
		Example: "PKCS11LibraryLinux=/usr/lib/vendor/libvendorp11.so"},
	{Name: "PKCS11LibraryMac", Meaning: MLibraryMac, Section: Description, Kind: Path, Evidence: Reading,
		Doc:     "The module on macOS; expected by symmetry, in no page seen. " + librarySelection,
		Example: "PKCS11LibraryMac=/Library/vendor/libvendorp11.dylib"},
	{Name: "MiniDriverLibrary", Meaning: MMiniDriver, Section: Description, Kind: Path, Evidence: Documented, Page: pageStructure,
		Doc:     "A way over a Windows smart card minidriver instead of PKCS#11. Inscribe knows the word and cannot run it.",
		Example: "MiniDriverLibrary=vendormd.dll"},
	{Name: "ApplicationList", Meaning: MApplicationList, Section: Description, Kind: ApplicationOrder, Evidence: ByExample, Page: pageSignature,
		Doc:     "The applications to process, one character each, in order: `ABC` runs `[Application_A]`, `[Application_B]`, `[Application_C]`. An application that is not listed does not run.",
		Example: "ApplicationList=ABC"},

	{Name: "InitToken", Meaning: MInitToken, Section: Description, Kind: Bool, Slot: DefaultSlot, Evidence: Documented, Page: pageInit,
		Requires: [][]string{{"InitialPUK"}},
		Doc:      "Initialises the token (C_InitToken) and sets its PUK from `InitialPUK`. Everything on the token is destroyed. On a token that is initialised already, `InitialPUK` must be its present SO PIN, and stays.",
		Example:  "InitToken=true"},
	{Name: "InitialPUK", Meaning: MInitialPUK, Section: Description, Kind: Operand, Forms: Field | Literal, Type: PUK, Slot: DefaultSlot, Evidence: Documented, Page: pageInit,
		Requires: [][]string{{"SetPIN", "InitToken"}},
		Doc:      "Two roles for one name. With `InitToken`: the PUK (PKCS#11: SO PIN) to set. Without: the present PUK, which authorises a new PIN or a new PUK.",
		Example:  "InitialPUK=PUK_FIELD"},
	{Name: "InitialLabel", Meaning: MInitialLabel, Section: Description, Kind: Operand, Forms: Field | Literal, Type: Label, Slot: DefaultSlot, Evidence: Documented, Page: pageInit,
		Requires: [][]string{{"InitToken"}},
		Doc:      "The label of the token, at most 32 bytes of UTF-8. Optional, recommended.",
		Example:  "InitialLabel=#My Token Label"},
	{Name: "ClearFields", Meaning: MClearFields, Section: Description, Kind: FieldNames, Evidence: ByExample, Page: pageInit,
		Doc:     "Fields whose values are forgotten at the end, after a failure too (Inscribe's reading), so that no PIN or PUK stays behind.",
		Example: "ClearFields=PIN_FIELD,PUK_FIELD"},

	{Name: "SetPIN", Meaning: MSetPIN, Section: Description, Kind: Bool, Evidence: Documented, Page: pageBlock,
		Requires: [][]string{{"PIN", "PUK", "SignPIN", "SignPUK"}},
		Doc:      "Sets PINs and PUKs, in both slots. A slot's PIN is new if the slot has its `InitialPUK` or `InitialSignPUK` (unblock), a dialog of three entries (change), or the token is initialised by `InitToken` (first PIN); else the PIN is the login.",
		Example:  "SetPIN=true"},
	{Name: "PIN", Meaning: MPIN, Section: Description, Kind: Operand, Forms: Field | Literal | Special, Type: PIN, Slot: DefaultSlot, Evidence: Documented, Page: pageSignature,
		Doc:     "The PIN of the default slot: the login, or with `SetPIN` the new PIN.",
		Example: "PIN=!FROM_USER_DIALOG_1_FIELD"},
	{Name: "PUK", Meaning: MPUK, Section: Description, Kind: Operand, Forms: Field | Literal, Type: PUK, Slot: DefaultSlot, Evidence: Documented, Page: pageBlock,
		Requires: [][]string{{"SetPIN"}, {"InitialPUK", "CardManagerKey"}},
		Doc:      "The new PUK of the default slot. A card's profile may forbid the change.",
		Example:  "PUK=NEW_PUK"},
	{Name: "PIN_Validation", Meaning: MPINValidation, Section: Description, Kind: Validation, Slot: DefaultSlot, Evidence: Reading,
		Requires: [][]string{{"PIN"}},
		Doc:      "The expression that a PIN must match as a whole. The name follows `SignPin_Validation`; it is in no page seen.",
		Example:  "PIN_Validation=reg_exp([0-9]{4,8})"},
	{Name: "CardManagerKey", Meaning: MCardManagerKey, Section: Description, Kind: Operand, Forms: Field | Literal, Type: Key, Slot: DefaultSlot, Evidence: Reading, Page: pageBlock, Middleware: "Gemalto, CardOS",
		Requires: [][]string{{"SetPIN"}}, Conflicts: []string{"InitialPUK"},
		Doc:     "Takes the place of the PUK on Gemalto cards and pre-initialised CardOS cards. The page has the concept; the name of the keyword is Inscribe's reading. Plain PKCS#11 has no call for it.",
		Example: "CardManagerKey=CARD_MANAGER_KEY"},

	{Name: "SignPIN", Meaning: MSignPIN, Section: Description, Kind: Operand, Forms: Field | Literal | Special, Type: PIN, Slot: SignatureSlot, Evidence: Documented, Page: pageSignature, Middleware: "Gemalto since PRIME 3.12, Personal since 22.10.2, Idopte since 23.04.4",
		Doc:     "The PIN of the signature slot: the login, or with `SetPIN` the new PIN.",
		Example: "SignPIN=SIGN_PIN"},
	{Name: "SignPUK", Meaning: MSignPUK, Section: Description, Kind: Operand, Forms: Field | Literal, Type: PUK, Slot: SignatureSlot, Evidence: ByExample, Page: pageSignature,
		Requires: [][]string{{"SetPIN"}, {"InitialSignPUK"}},
		Doc:      "The new PUK of the signature slot.",
		Example:  "SignPUK=NEW_SIGN_PUK"},
	{Name: "InitialSignPUK", Meaning: MInitialSignPUK, Section: Description, Kind: Operand, Forms: Field | Literal, Type: PUK, Slot: SignatureSlot, Evidence: ByExample, Page: pageSignature,
		Requires: [][]string{{"SetPIN"}, {"SignPIN", "SignPUK"}},
		Doc:      "The present PUK of the signature slot, which authorises a new signature PIN or PUK.",
		Example:  "InitialSignPUK=OLD_SIGN_PUK"},
	{Name: "SignPin_Validation", Meaning: MSignValidation, Section: Description, Kind: Validation, Slot: SignatureSlot, Evidence: ByExample, Page: pageSignature,
		Requires: [][]string{{"SignPIN"}},
		Doc:      "The expression that a signature PIN must match, as a whole (Inscribe's reading).",
		Example:  "SignPin_Validation=reg_exp([0-9]{4,})"},

	{Name: "RetrieveAllTokens", Meaning: MRetrieveTokens, Section: Description, Kind: Bool, Evidence: Documented, Page: pageCards,
		Requires: [][]string{{"AllTokensIccsnsField"}},
		Doc:      "Reads the serial numbers (ICCSN) of all cards that are inserted, and does nothing else.",
		Example:  "RetrieveAllTokens=true"},
	{Name: "AllTokensIccsnsField", Meaning: MTokensField, Section: Description, Kind: FieldName, Type: Output, Evidence: Documented, Page: pageCards,
		Requires: [][]string{{"RetrieveAllTokens"}},
		Doc:      "The field that receives the serial numbers, separated by commas.",
		Example:  "AllTokensIccsnsField=ICCSNS_OF_ALL_TOKEN"},
	{Name: "UseICCSNwithATR", Meaning: MWithATR, Section: Description, Kind: Bool, Evidence: Documented, Page: pageCards,
		Requires: [][]string{{"RetrieveAllTokens", "UseSelectCriteriaIccsn"}},
		Doc:      "Appends a hyphen and the card's answer-to-reset in upper-case hexadecimal to the ICCSN, for reading and for choosing.",
		Example:  "UseICCSNwithATR=true"},
	{Name: "UseSelectCriteriaIccsn", Meaning: MUseICCSN, Section: Description, Kind: Bool, Evidence: Documented, Page: pageCards,
		Requires: [][]string{{"SelectCriteriaIccsn"}},
		Doc:      "Chooses the card by its ICCSN.",
		Example:  "UseSelectCriteriaIccsn=true"},
	{Name: "SelectCriteriaIccsn", Meaning: MICCSN, Section: Description, Kind: Operand, Forms: Field, Type: ICCSN, Evidence: Documented, Page: pageCards,
		Requires: [][]string{{"UseSelectCriteriaIccsn"}},
		Doc:      "The field with the wanted ICCSN, with the answer-to-reset behind a hyphen where `UseICCSNwithATR` says so.",
		Example:  "SelectCriteriaIccsn=ICCSN"},
}

var applicationKeywords = []Keyword{
	{Name: "Location", Meaning: MLocation, Section: Application, Kind: Operand, Forms: Field | Literal, Type: Location, Evidence: Documented, Page: pageSignature, Middleware: "Gemalto since PRIME 3.12, Personal since 22.10.2, Idopte since 23.04.4",
		Doc:     "The slot of the application. One value is known: `Signature`, in any case. Any other value, and no `Location` at all, means the default slot, without a word.",
		Example: "Location=#Signature"},
	{Name: "KeyType", Meaning: MKeyType, Section: Application, Kind: Enum, Evidence: Extension,
		Requires: [][]string{{"CertTempl"}},
		Values:   []Value{{"RSA", "needs `KeySize`"}, {"EC", "needs `ECCurve`"}},
		Doc:      "The kind of key pair to generate; `RSA` where it is missing, `EC` where `ECCurve` is given.",
		Example:  "KeyType=EC"},
	{Name: "KeySize", Meaning: MKeySize, Section: Application, Kind: Number, Min: 1024, Max: 16384, Evidence: ByExample, Page: pageSignature,
		Requires: [][]string{{"CertTempl"}}, Conflicts: []string{"ECCurve"},
		Values:  []Value{{"2048", "112 bits of security"}, {"3072", "128 bits of security"}, {"4096", "slow on a card"}},
		Doc:     "Generates an RSA key pair of this many bits on the card.",
		Example: "KeySize=2048"},
	{Name: "ECCurve", Meaning: MECCurve, Section: Application, Kind: Enum, Evidence: Extension,
		Requires: [][]string{{"CertTempl"}}, Values: curves,
		Doc:     "Generates a key pair on this elliptic curve on the card.",
		Example: "ECCurve=P-256"},
	{Name: "KeyLabel", Meaning: MKeyLabel, Section: Application, Kind: Operand, Forms: Field | Literal, Type: Label, Evidence: Extension,
		Requires: [][]string{{"CertTempl", "WriteCertificate"}},
		Doc:      "The label (CKA_LABEL) of key pair and certificate; the name of the certificate template where it is missing.",
		Example:  "KeyLabel=#Signature key"},
	{Name: "CertTempl", Meaning: MCertTempl, Section: Application, Kind: Text, Evidence: ByExample, Page: pageSignature,
		Requires: [][]string{{"KeySize", "ECCurve"}},
		Doc:      "The certificate template for which a certificate is requested (PKCS#10, signed by the new key) and written.",
		Example:  "CertTempl=myAuthCertTemplate"},
	{Name: "WriteCertificate", Meaning: MWriteCertificate, Section: Application, Kind: Bool, Evidence: Documented, Page: pageCerts,
		Requires: [][]string{{"Certificate"}},
		Doc:      "Writes one given certificate.",
		Example:  "WriteCertificate=true"},
	{Name: "Certificate", Meaning: MCertificate, Section: Application, Kind: Operand, Forms: Field, Type: Certificate, Evidence: Documented, Page: pageCerts,
		Requires: [][]string{{"WriteCertificate"}},
		Doc:      "The field with the certificate to write: X.509, base64.",
		Example:  "Certificate=CERT_FIELD"},
	{Name: "WriteCertKeyList", Meaning: MWriteKeyList, Section: Application, Kind: Bool, Evidence: Documented, Page: pageCerts,
		Requires: [][]string{{"CertKeyList"}},
		Doc:      "Writes a list of certificates with or without their private keys, as a PKCS#12 would bring them.",
		Example:  "WriteCertKeyList=true"},
	{Name: "CertKeyList", Meaning: MKeyList, Section: Application, Kind: Operand, Forms: Field, Type: KeyList, Evidence: Documented, Page: pageCerts,
		Requires: [][]string{{"WriteCertKeyList"}},
		Doc:      "The field with the list `certificate,key;certificate,key;…`, each part base64. An entry without a key leaves the key empty (Inscribe's reading).",
		Example:  "CertKeyList=ENCR_CERT_KEY_LIST"},
	{Name: "CertKeyListReturnField", Meaning: MKeyListReturn, Section: Application, Kind: FieldName, Type: Output, Evidence: ByExample, Page: pageCerts,
		Requires: [][]string{{"WriteCertKeyList"}},
		Doc:      "The field that receives what was written; its content is Inscribe's reading.",
		Example:  "CertKeyListReturnField=ENCR_CERT_KEY_LIST_RETURN"},
	{Name: "CertKeyListMode", Meaning: MKeyListMode, Section: Application, Kind: Enum, Evidence: ByExample, Page: pageCerts,
		Requires: [][]string{{"WriteCertKeyList"}},
		Values:   []Value{{"WRITE_ANY_BUT_MANDATORILY_THE_FIRST", "write as many as fit; fail if the first one does not"}},
		Doc:      "What to do when not everything fits. Without it, everything must fit (Inscribe's reading).",
		Example:  "CertKeyListMode=WRITE_ANY_BUT_MANDATORILY_THE_FIRST"},
	{Name: "DataObject", Meaning: MDataObject, Section: Application, Kind: Operand, Forms: Field, Type: Data, Evidence: Documented, Page: pageData,
		Doc:     "Writes a data object; the field holds its content, base64.",
		Example: "DataObject=OBJECT_DATA"},
	{Name: "LabelExpressionDataObject", Meaning: MDataLabel, Section: Application, Kind: Expression, Type: Label, Evidence: Documented, Page: pageData,
		Requires: [][]string{{"DataObject"}},
		Doc:      "The label of the data object: plain text in which `!{FIELD}` stands for the value of a field.",
		Example:  "LabelExpressionDataObject=Issued for !{USER_NAME}"},
	{Name: "AttributesDataObject", Meaning: MDataAttributes, Section: Application, Kind: Attributes, Evidence: Documented, Page: pageData,
		Requires: [][]string{{"DataObject"}},
		Doc:      "Further attributes of the data object: `CKA_PRIVATE`, `CKA_COPYABLE`, `CKA_MODIFIABLE`, `CKA_DESTROYABLE` as `TRUE` or `FALSE`, `CKA_APPLICATION` as quoted text, `CKA_OBJECT_ID` as dotted numbers. What a token honours depends on the middleware.",
		Example:  `AttributesDataObject=CKA_PRIVATE=TRUE,CKA_APPLICATION="IDM",CKA_OBJECT_ID=1.2.3.4.5`},
	{Name: "BlockCard", Meaning: MBlockCard, Section: Application, Kind: Bool, Evidence: Documented, Page: pageBlock,
		Doc:     "Blocks the PIN after personalisation, so that nobody can use the card until the holder unblocks it. Inscribe's reading: the PIN of the application's slot, by wrong values on purpose.",
		Example: "BlockCard=true"},

	{Name: "Name", Section: Application, Kind: Text, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "Name of the encoding; the magnetic stripe sample has `ISO`.", Example: "Name=ISO"},
	{Name: "DescVer", Section: Application, Kind: Numbers, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "By its name: the version of the description.", Example: "DescVer=2,0,0"},
	{Name: "Format", Section: Application, Kind: Text, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "The recording format of the stripe; the sample has `ISO`.", Example: "Format=ISO"},
	{Name: "Coerc", Section: Application, Kind: Text, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "The coercivity of the stripe; the sample has `HiCo`.", Example: "Coerc=HiCo"},
	{Name: "Track", Section: Application, Kind: Number, Min: 1, Max: 3, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "The track of the stripe.", Example: "Track=2"},
	{Name: "ADR_00000", Numbered: true, Section: Application, Kind: Text, Technology: MagneticStripe, Evidence: ByExample, Page: pageCardSDK, Doc: "An address line of six columns, numbered `ADR_00000`, `ADR_00001` and so on. What the columns mean is in no page seen.", Example: "ADR_00000=Track 2,Track 2,X,,,S"},
}

// Specials are the ! values of an operand.
var Specials = []Value{
	{"!FROM_USER_DIALOG_1_FIELD", "asks for the present PIN"},
	{"!FROM_USER_DIALOG_2_FIELD", "asks for a new PIN twice; the right to set it comes from elsewhere"},
	{"!FROM_USER_DIALOG_3_FIELD", "asks for the present PIN and a new PIN twice"},
	{"!FROM_PROTECTED_AUTHENTICATION_PATH", "the reader's own PIN pad asks"},
	{"!FROM_USER_DIALOG_1_FIELD_AUTO", "as the form without _AUTO, or the PIN pad where the reader has one"},
	{"!FROM_USER_DIALOG_2_FIELD_AUTO", "as the form without _AUTO, or the PIN pad where the reader has one"},
	{"!FROM_USER_DIALOG_3_FIELD_AUTO", "as the form without _AUTO, or the PIN pad where the reader has one"},
}
