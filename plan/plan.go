package plan

import (
	"strings"

	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/check/schema"
)

// Kind is what an op does.
type Kind string

// The kinds of op.
const (
	OpenSlot    Kind = "openslot"    // choose the token; opens no session
	Login       Kind = "login"       // open the session where there is none, C_Login
	Logout      Kind = "logout"      // C_Logout
	InitToken   Kind = "inittoken"   // C_InitToken
	InitPIN     Kind = "initpin"     // the first PIN after inittoken: C_InitPIN
	Unblock     Kind = "unblock"     // a PIN set under the PUK
	SetPIN      Kind = "setpin"      // a PIN changed by the old one: C_SetPIN
	SetPUK      Kind = "setpuk"      // a PUK changed by the old one: C_SetPIN as SO
	GenKey      Kind = "genkey"      // C_GenerateKeyPair
	ReqCert     Kind = "reqcert"     // PKCS#10 by the new key; the CA's certificate
	PutCert     Kind = "putcert"     // write a certificate
	PutList     Kind = "putlist"     // write a list of certificates and private keys
	PutData     Kind = "putdata"     // write a data object
	Delete      Kind = "delete"      // remove older objects of the label of a new one
	Block       Kind = "block"       // spend the tries of a PIN with wrong values
	ListTokens  Kind = "listtokens"  // read the serial numbers of all tokens
	ClearFields Kind = "clearfields" // forget values
	CloseSlot   Kind = "closeslot"   // close the session, which logs out
)

// Plan is what a description does, as a list of ops.
type Plan struct {
	Version     int         `json:"version"`
	Description Description `json:"description"`
	// Config is the digest of the inscribe.toml that took part, "" where there
	// was none.
	Config  string `json:"configSha256,omitempty"`
	Library string `json:"library"`
	Profile string `json:"profile"`
	// Bindings are the values of the fields that are bound, but for secrets and contents.
	Bindings map[string]string `json:"bindings,omitempty"`
	Fields   []Field           `json:"fields"`
	Ops      []Op              `json:"ops"`
	// Needs are the input fields whose values the plan does not hold, sorted: a run must
	// be given them.
	Needs []string `json:"needs"`
	// Dialogs are the questions that the run will ask.
	Dialogs  []Dialog  `json:"dialogs"`
	Warnings []Warning `json:"warnings"`
	// Replace says that what was there under the same labels goes, once the new is
	// proved.
	Replace bool `json:"replace,omitempty"`
	// DistinctPINs says that the policy demands other PINs in the signature slot
	// than in the default slot.
	DistinctPINs bool `json:"distinctPins,omitempty"`
	// Refusals are the reasons why the plan cannot be run at all.
	Refusals   []Refusal `json:"refusals,omitempty"`
	OpsSHA256  string    `json:"opsSha256"`
	PlanSHA256 string    `json:"planSha256,omitempty"`

	profile *profile.Profile
	program *check.Program
}

// Facts gives the profile that the plan was made for.
func (p *Plan) Facts() *profile.Profile { return p.profile }

// Description names the file that the plan was made from; the digest is over
// its bytes.
type Description struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Field is a field of the description.
type Field struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Secret bool   `json:"secret"`
	// Bound says that the plan was made with a value.
	Bound bool `json:"bound"`
	// SHA256 is the digest of the value where it is content, which no plan holds.
	SHA256 string `json:"sha256,omitempty"`
}

// content reports whether values of the field are what is written to a token as it is.
func (f *Field) content() bool {
	return !f.Secret && (f.Type == schema.Data.String() || f.Type == schema.Certificate.String())
}

// Dialog is a question on the terminal.
type Dialog struct {
	Keyword string `json:"keyword"`
	Slot    string `json:"slot"`
	Entries int    `json:"entries"`
	// Auto takes the PIN pad where the reader has one.
	Auto       bool   `json:"auto,omitempty"`
	Validation string `json:"validation,omitempty"`
}

// Warning is something that a reader should know.
type Warning struct {
	Op      string `json:"op,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// String is the warning with its place, for people.
func (w Warning) String() string { return at(w.Op, w.Line, w.Message) }

// Refusal is a reason why a plan cannot be run, with the way out.
type Refusal struct {
	Op     string `json:"op,omitempty"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
	WayOut string `json:"wayOut,omitempty"`
}

// Source is the line of the description that an op comes from.
type Source struct {
	Section string `json:"section"`
	Keyword string `json:"keyword,omitempty"`
	Line    int    `json:"line"`
}

// Condition is one case of an unbound field: the slot that it decides.
type Condition struct {
	Field string `json:"field"`
	Is    string `json:"is"` // "default" or "signature"
}

// Case is the credential for one of the slots that an unbound field decides.
type Case struct {
	Slot       string `json:"slot"`
	Credential *Ref   `json:"credential"` // nil where the description has none
}

// InitialPIN is the PIN of a slot that the station's hook sets, with the PUK that
// unblocks it.
type InitialPIN struct {
	Slot       string `json:"slot"`
	PIN        *Ref   `json:"pin"`
	PUK        *Ref   `json:"puk,omitempty"`
	Validation string `json:"validation,omitempty"`
}

// Key is a key pair to generate.
type Key struct {
	Type  string `json:"type"` // "RSA" or "EC"
	Bits  int    `json:"bits,omitempty"`
	Curve string `json:"curve,omitempty"`
}

// Attribute is a PKCS#11 attribute as the description gives it.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Op is one step. Members that an op kind does not use are empty.
type Op struct {
	ID   string `json:"id"`
	Kind Kind   `json:"op"`
	// Slot is "default", "signature" or "field:NAME"; "" where no slot is
	// touched.
	Slot        string `json:"slot,omitempty"`
	Application string `json:"application,omitempty"`
	// When lists what must all hold for the op to run; empty: it always runs.
	When []Condition `json:"when,omitempty"`
	// IfNeeded says that the op is skipped in a case in which an earlier op did
	// it already, or there is nothing to end: which of the two hangs on several
	// fields at once.
	IfNeeded bool `json:"ifNeeded,omitempty"`
	// As is who logs in: "user" or "so".
	As string `json:"as,omitempty"`
	// Credential is what login shows, and the SO PIN of inittoken.
	Credential *Ref `json:"credential,omitempty"`
	// Cases stands for Credential while a field decides the slot.
	Cases []Case `json:"cases,omitempty"`
	Old   *Ref   `json:"old,omitempty"`
	New   *Ref   `json:"new,omitempty"`
	// Validation is the expression that the new value must match as a whole.
	Validation string `json:"validation,omitempty"`
	// Hook says that a command of the station does inittoken, and sets the PINs.
	Hook bool         `json:"hook,omitempty"`
	PINs []InitialPIN `json:"pins,omitempty"`
	// Proves says that a login shows a value just set to be the right one.
	Proves   bool   `json:"proves,omitempty"`
	Key      *Key   `json:"key,omitempty"`
	Template string `json:"template,omitempty"`
	// Contents are what inscribe.toml says of the certificate that reqcert asks
	// for, each in words: "subject CN={NAME}", "key usage digitalSignature".
	Contents    []string `json:"contents,omitempty"`
	Label       Text     `json:"label,omitzero"`
	Certificate *Ref     `json:"certificate,omitempty"`
	// List is the certificate-key list of putlist, Any says that only its
	// first entry must be written, Returns is the field for the outcome.
	List    *Ref   `json:"list,omitempty"`
	Any     bool   `json:"any,omitempty"`
	Returns string `json:"returns,omitempty"`
	// Data and Attributes are those of putdata.
	Data       *Ref        `json:"data,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"`
	// ICCSN chooses the token of openslot by its serial number.
	ICCSN Text `json:"iccsn,omitzero"`
	// Attempts is how many wrong values block shows.
	Attempts int      `json:"attempts,omitempty"`
	Clears   []string `json:"clears,omitempty"`
	// Requires names what must hold before: "token", "no-session", "user",
	// "so", "key", "pkcs10". Changes names what the op leaves behind: "+key",
	// "+certificate", "+pin", "=pin", "=puk", "-objects", "-pin" and so on;
	// "+" is made, "=" is changed, "-" is destroyed.
	Requires []string `json:"requires,omitempty"`
	Changes  []string `json:"changes,omitempty"`
	Source   Source   `json:"source,omitzero"`
}

// Destroys reports whether the op takes something away.
func (o *Op) Destroys() bool {
	for _, c := range o.Changes {
		if strings.HasPrefix(c, "-") {
			return true
		}
	}
	return false
}

// Writes reports whether the op changes the token.
func (o *Op) Writes() bool {
	switch o.Kind {
	case InitToken, InitPIN, Unblock, SetPIN, SetPUK, GenKey, PutCert, PutList, PutData, Delete, Block:
		return true
	}
	return false
}

// fieldSlot is the slot of an op while a field decides it.
func fieldSlot(name string) string { return "field:" + name }

// SlotField gives the field that decides the slot of the op, "" where it is
// sure.
func (o *Op) SlotField() string {
	name, ok := strings.CutPrefix(o.Slot, "field:")
	if !ok {
		return ""
	}
	return name
}

// Names of the slots as plans write them.
var (
	Default   = schema.DefaultSlot.String()
	Signature = schema.SignatureSlot.String()
)

// Slots are both, in the order of a plan.
var Slots = [...]string{Default, Signature}
