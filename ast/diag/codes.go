package diag

// Code names a kind of finding: kebab-case, stable, never reused.
type Code string

// The codes.
const (
	Syntax               Code = "syntax"
	UnknownSection       Code = "unknown-section"
	UnknownKeyword       Code = "unknown-keyword"
	MisplacedKeyword     Code = "misplaced-keyword"
	DuplicateKeyword     Code = "duplicate-keyword"
	DuplicateSection     Code = "duplicate-section"
	DuplicateField       Code = "duplicate-field"
	UndefinedField       Code = "undefined-field"
	UnusedField          Code = "unused-field"
	FieldCase            Code = "field-case"
	MissingKeyword       Code = "missing-keyword"
	MissingSection       Code = "missing-section"
	MissingApplication   Code = "missing-application"
	UnlistedApplication  Code = "unlisted-application"
	DuplicateApplication Code = "duplicate-application"
	InvalidValue         Code = "invalid-value"
	LocationDefault      Code = "location-default"
	LiteralSecret        Code = "literal-secret"
	PINMissing           Code = "pin-missing"
	SignaturePINMissing  Code = "signature-pin-missing"
	FieldTypeConflict    Code = "field-type-conflict"
	SecretLeak           Code = "secret-leak"
	WeakKey              Code = "weak-key"
	ConflictingKeywords  Code = "conflicting-keywords"
	PINValidation        Code = "pin-validation"
	EncryptedLine        Code = "encrypted-line"
	CommentMark          Code = "comment-mark"
	TrailingBlank        Code = "trailing-blank"
	NoBreakSpace         Code = "no-break-space"
	AuthTemplate         Code = "authentication-template-in-signature-slot"
	PUKRoles             Code = "initial-puk-roles"
	OutputRead           Code = "output-read"
	ImportUnsupported    Code = "import-unsupported"
	ValidationLimits     Code = "validation-limits"
	BlockBeforeLast      Code = "block-before-last"
	Library64            Code = "library-64-bit"
	SamePIN              Code = "same-pin"
	SharedPIN            Code = "shared-pin"
	FixedSignaturePIN    Code = "fixed-signature-pin"
	SignatureKeyImport   Code = "signature-key-import"
	SignatureKeyUsage    Code = "signature-key-usage"
	TemplateCase         Code = "template-case"
	NoPINPad             Code = "no-pin-pad"
	SecretNotCleared     Code = "secret-not-cleared"
	PolicyViolation      Code = "policy"
	VendorExtension      Code = "vendor-extension"
	UnusedSuppression    Code = "unused-suppression"
	Internal             Code = "internal"
)

// Rule describes a code.
type Rule struct {
	Code     Code
	Severity Severity // where no configuration says otherwise
	Title    string   // one line, for lists and SARIF
}

// Rules is the table of codes, in the order of the documentation.
var Rules = []Rule{
	{Syntax, Error, "a line is no header, entry, comment or blank"},
	{UnknownSection, Error, "a section that the language does not have"},
	{UnknownKeyword, Error, "a keyword that the language does not have"},
	{MisplacedKeyword, Error, "a keyword in a section where it has no meaning"},
	{DuplicateKeyword, Error, "a keyword twice in one section"},
	{DuplicateSection, Error, "a section twice in one file"},
	{DuplicateField, Error, "a field declared twice"},
	{UndefinedField, Error, "a bare word that names no field"},
	{UnusedField, Warning, "a field that nothing uses"},
	{FieldCase, Warning, "a field named in another case, or two fields that differ only in case"},
	{MissingKeyword, Error, "a keyword that another one, or the section, requires"},
	{MissingSection, Error, "a section that every description has"},
	{MissingApplication, Error, "ApplicationList names a section that is not there"},
	{UnlistedApplication, Warning, "an application that ApplicationList does not name never runs"},
	{DuplicateApplication, Error, "a letter twice in ApplicationList"},
	{InvalidValue, Error, "a value of the wrong type or outside its range"},
	{LocationDefault, Warning, "a Location other than Signature silently means the default slot"},
	{LiteralSecret, Warning, "a PIN, PUK or other secret written into the file"},
	{PINMissing, Error, "something goes to the default slot, and no PIN is given"},
	{SignaturePINMissing, Error, "something goes to the signature slot, and no SignPIN is given"},
	{FieldTypeConflict, Error, "one field is used as two incompatible types"},
	{SecretLeak, Error, "a secret flows into something stored or shown in clear"},
	{WeakKey, Warning, "a key that is too short for today"},
	{ConflictingKeywords, Error, "keywords that exclude each other"},
	{PINValidation, Error, "a validation expression that cannot work"},
	{EncryptedLine, Info, "an encrypted line is kept and not checked"},
	{CommentMark, Warning, "a comment that starts with a semicolon"},
	{TrailingBlank, Warning, "blanks around an unquoted value are dropped"},
	{NoBreakSpace, Warning, "a no-break space, as pasted from a web page"},
	{AuthTemplate, Info, "an authentication template in the signature slot"},
	{PUKRoles, Info, "InitialPUK sets the PUK of a fresh token and must be the present one of an initialised one"},
	{OutputRead, Error, "a field is read before the run fills it"},
	{ImportUnsupported, Error, "a private key is imported into a token that takes none"},
	{ValidationLimits, Warning, "a validation accepts PINs that the token refuses"},
	{BlockBeforeLast, Error, "something runs in a slot after its PIN is blocked"},
	{Library64, Error, "a 64-bit library of a middleware that initialises in 32 bit only"},
	{SamePIN, Warning, "one value for the PIN and the signature PIN"},
	{SharedPIN, Error, "two PINs for a token that has one"},
	{FixedSignaturePIN, Warning, "a signature PIN that the holder did not choose"},
	{SignatureKeyImport, Error, "a private key is imported into the signature slot"},
	{SignatureKeyUsage, Warning, "a certificate template in the signature slot with other usages than signing for commitment"},
	{TemplateCase, Warning, "a certificate template of inscribe.toml named in another case"},
	{NoPINPad, Error, "a PIN pad is asked of a token without one"},
	{SecretNotCleared, Info, "ClearFields leaves a secret field out"},
	{PolicyViolation, Error, "something that the policy of inscribe.toml forbids"},
	{VendorExtension, Off, "a keyword that only Inscribe has"},
	{UnusedSuppression, Warning, "a suppression that suppresses nothing"},
	{Internal, Error, "a defect of Inscribe itself"},
}

var byCode = func() map[Code]Rule {
	m := make(map[Code]Rule, len(Rules))
	for _, r := range Rules {
		m[r.Code] = r
	}
	return m
}()

// Lookup finds the rule of a code.
func Lookup(c Code) (Rule, bool) {
	r, ok := byCode[c]
	return r, ok
}

// Default gives the severity of a code where no configuration says otherwise.
func (c Code) Default() Severity {
	r, _ := Lookup(c)
	return r.Severity
}
