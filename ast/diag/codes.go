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
	UnknownTemplate      Code = "unknown-template"
	CurveUnsupported     Code = "curve-unsupported"
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
	// Blocks says that no plan can ignore the finding as an error: what it speaks of
	// has no meaning, or the organisation forbids it. A comment may silence it for the
	// linter, but not for the planner.
	Blocks bool
	Title  string // one line, for lists and SARIF
}

// What the table says of Blocks.
const noPlan, aPlan = true, false

// Rules is the table of codes, in the order of the documentation.
var Rules = []Rule{
	{Syntax, Error, noPlan, "a line is no header, entry, comment or blank"},
	{UnknownSection, Error, aPlan, "a section that the language does not have"},
	{UnknownKeyword, Error, aPlan, "a keyword that the language does not have"},
	{MisplacedKeyword, Error, aPlan, "a keyword in a section where it has no meaning"},
	{DuplicateKeyword, Error, aPlan, "a keyword twice in one section"},
	{DuplicateSection, Error, aPlan, "a section twice in one file"},
	{DuplicateField, Error, aPlan, "a field declared twice"},
	{UndefinedField, Error, noPlan, "a bare word that names no field"},
	{UnusedField, Warning, aPlan, "a field that nothing uses"},
	{FieldCase, Warning, aPlan, "a field named in another case, or two fields that differ only in case"},
	{MissingKeyword, Error, noPlan, "a keyword that another one, or the section, requires"},
	{MissingSection, Error, noPlan, "a section that every description has"},
	{MissingApplication, Error, noPlan, "ApplicationList names a section that is not there"},
	{UnlistedApplication, Warning, aPlan, "an application that ApplicationList does not name never runs"},
	{DuplicateApplication, Error, aPlan, "a letter twice in ApplicationList"},
	{InvalidValue, Error, noPlan, "a value of the wrong type or outside its range"},
	{LocationDefault, Warning, aPlan, "a Location other than Signature silently means the default slot"},
	{LiteralSecret, Warning, aPlan, "a PIN, PUK or other secret written into the file"},
	{PINMissing, Error, aPlan, "something goes to the default slot, and no PIN is given"},
	{SignaturePINMissing, Error, aPlan, "something goes to the signature slot, and no SignPIN is given"},
	{FieldTypeConflict, Error, noPlan, "one field is used as two incompatible types"},
	{SecretLeak, Error, noPlan, "a secret flows into something stored or shown in clear"},
	{WeakKey, Warning, aPlan, "a key that is too short for today"},
	{ConflictingKeywords, Error, noPlan, "keywords that exclude each other"},
	{PINValidation, Error, noPlan, "a validation expression that cannot work"},
	{EncryptedLine, Info, aPlan, "an encrypted line is kept and not checked"},
	{CommentMark, Warning, aPlan, "a comment that starts with a semicolon"},
	{TrailingBlank, Warning, aPlan, "blanks around an unquoted value are dropped"},
	{NoBreakSpace, Warning, aPlan, "a no-break space, as pasted from a web page"},
	{AuthTemplate, Info, aPlan, "an authentication template in the signature slot"},
	{PUKRoles, Info, aPlan, "InitialPUK sets the PUK of a fresh token and must be the present one of an initialised one"},
	{OutputRead, Error, aPlan, "a field is read before the run fills it"},
	{ImportUnsupported, Error, aPlan, "a private key is imported into a token that takes none"},
	{ValidationLimits, Warning, aPlan, "a validation accepts PINs that the token refuses"},
	{BlockBeforeLast, Error, aPlan, "something runs in a slot after its PIN is blocked"},
	{Library64, Error, aPlan, "a 64-bit library of a middleware that initialises in 32 bit only"},
	{SamePIN, Warning, aPlan, "one value for the PIN and the signature PIN"},
	{SharedPIN, Error, aPlan, "two PINs for a token that has one"},
	{FixedSignaturePIN, Warning, aPlan, "a signature PIN that the holder did not choose"},
	{SignatureKeyImport, Error, aPlan, "a private key is imported into the signature slot"},
	{SignatureKeyUsage, Warning, aPlan, "a certificate template in the signature slot with other usages than signing for commitment"},
	{TemplateCase, Warning, aPlan, "a certificate template of inscribe.toml named in another case"},
	{UnknownTemplate, Warning, aPlan, "a certificate template that inscribe.toml leaves out"},
	{CurveUnsupported, Warning, aPlan, "a curve on which this version plans no key"},
	{NoPINPad, Error, aPlan, "a PIN pad is asked of a token without one"},
	{SecretNotCleared, Info, aPlan, "ClearFields leaves a secret field out"},
	{PolicyViolation, Error, noPlan, "something that the policy of inscribe.toml forbids"},
	{VendorExtension, Off, aPlan, "a keyword that only Inscribe has"},
	{UnusedSuppression, Warning, aPlan, "a suppression that suppresses nothing"},
	{Internal, Error, aPlan, "a defect of Inscribe itself"},
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

// Blocks reports whether no plan can ignore an error of the code.
func (c Code) Blocks() bool {
	r, _ := Lookup(c)
	return r.Blocks
}
