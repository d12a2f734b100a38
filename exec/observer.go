package exec

// State is how far an op is.
type State string

// The states of an op.
const (
	Started State = "start"
	Done    State = "done"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Event reports the progress of one op. It holds no secret.
type Event struct {
	ID          string `json:"id"`
	Op          string `json:"op"`
	Slot        string `json:"slot,omitempty"`
	Application string `json:"application,omitempty"`
	State       State  `json:"state"`
	MS          int64  `json:"ms,omitempty"`
	// Detail says what came out, or why the op was skipped or failed.
	Detail string `json:"detail,omitempty"`
}

// Observer is told of progress, from the goroutine of the run.
type Observer interface {
	Event(e Event)
}

// Result is what a run left behind.
type Result struct {
	// Tokens are the tokens by slot, as they were at the end.
	Tokens map[string]TokenInfo `json:"tokens"`
	// Objects are the keys and certificates that the plan put there.
	Objects []ResultObject `json:"objects"`
	// Outputs are the fields that the run filled.
	Outputs map[string]string `json:"outputs"`
	// Notes are what somebody should know of the tokens, or do about them.
	Notes []string `json:"notes,omitempty"`
	// Ran and Kept count the writing ops that ran and that were found done, but for
	// those that delete what is older: Deleted counts the objects.
	Ran     int `json:"ran"`
	Kept    int `json:"kept"`
	Deleted int `json:"deleted"`
}

// ResultObject is a key with its certificate.
type ResultObject struct {
	Application string              `json:"application"`
	Slot        string              `json:"slot"`
	Label       string              `json:"label"`
	ID          string              `json:"id"` // CKA_ID, hexadecimal
	Certificate *CertificateDisplay `json:"certificate,omitempty"`
}
