package exec

import (
	"os"

	"inscribe/plan"
)

// Record is one line of a journal. It holds no secret. Which fields stand with which
// event is said with each, and a test holds every record of a run against that; what the
// "start" of an op has, its "done" has too.
type Record struct {
	// Event is "run" (the first line), "resume" (a saved plan that did not begin the run
	// goes on with it), "start", "done" or "failed" of an op, and "end" (the last line of
	// a finished run).
	Event string `json:"event"`
	Time  string `json:"time,omitempty"` // RFC 3339, set by the journal
	// OpsSHA256, Purpose and Holder are those of the [Work], in "run".
	OpsSHA256 string `json:"opsSha256,omitempty"`
	Purpose   string `json:"purpose,omitempty"`
	Holder    string `json:"holder,omitempty"`
	// PlanSHA256 is the digest of the saved plan that was run, in "run" and "resume".
	PlanSHA256 string `json:"planSha256,omitempty"`
	// File is the name of the description, in "run".
	File string `json:"file,omitempty"`
	// Tokens are the tokens by slot: in "run" as chosen, in "done" of inittoken
	// as it became, and in "failed" where it was made and is not as it should be.
	Tokens map[string]Identity `json:"tokens,omitempty"`
	// Earlier are the keys and certificates that finished runs of the same plan
	// put on these tokens, in "run".
	Earlier []Record `json:"earlier,omitempty"`
	// Existing says that the run was to add to keys and certificates of the same
	// label, in "run".
	Existing bool `json:"existing,omitempty"`
	// Replaces says that the run was to remove what it found under the same labels, in
	// "run".
	Replaces bool `json:"replaces,omitempty"`
	// Batch and Row say which row of which batch the run does, in "run".
	Batch string `json:"batch,omitempty"`
	Row   string `json:"row,omitempty"`
	ID    string `json:"id,omitempty"`
	Op    string `json:"op,omitempty"`
	Slot  string `json:"slot,omitempty"`
	// What an op left: the CKA_ID and label of a key or certificate, the label that
	// inittoken gives, in its "start" too, the SHA-256 of the certificate, and the certificate itself until it is
	// written.
	// The "start" of genkey is written once more with the CKA_ID before the key gets it.
	KeyID       string `json:"keyId,omitempty"`
	Label       string `json:"label,omitempty"`
	Fingerprint string `json:"sha256,omitempty"`
	DER         []byte `json:"der,omitempty"`
	// Was is the label of the token before, in "start" of inittoken.
	Was string `json:"was,omitempty"`
	// Draft is the CKA_ID that the keys of genkey have until they get their own, in
	// "start".
	Draft string `json:"draft,omitempty"`
	// Keyless are the CKA_IDs of a list's entries that had no private key before, in
	// "start" of putlist: what has one later got it from the run.
	Keyless []string `json:"keyless,omitempty"`
	// Given are the certificates that a field held for the op, in "start" and "done"
	// of putcert and putlist.
	Given []Written `json:"given,omitempty"`
	// Beside is what something was put beside, as it was told to: the CKA_IDs of the keys
	// and certificates of the same label, in "done" of genkey, and the SHA-256 of
	// certificates of the same label or CKA_ID, in those of putcert and putlist.
	Beside []string `json:"beside,omitempty"`
	// Objects are the keys and certificates of the op's application on the token by
	// then, in "done" of genkey, putcert and putlist: for who reports of it later.
	Objects []ResultObject `json:"objects,omitempty"`
	// Asked is what the certificate was asked to hold, in "done" of reqcert.
	Asked   string `json:"asked,omitempty"`
	Message string `json:"message,omitempty"`
	// Wrong says of a "failed" change of a PIN that had been cut off before which of its
	// values, "new" or "old", was shown and is wrong: the next run shows the other.
	Wrong string `json:"wrong,omitempty"`
	// Untouched says of a "failed" op that it certainly changed nothing.
	Untouched bool `json:"untouched,omitempty"`
}

// Writes reports whether the record is of an op that writes to a token: a request for a
// certificate is noted too, and does not.
func (r Record) Writes() bool { return r.Op != "" && r.Op != string(plan.ReqCert) }

// Journal keeps the records of one run.
type Journal interface {
	// Write appends a record, which then outlives the process. The record "end"
	// is durable when Write returns. Alone it keeps nothing: it says that there was
	// nothing to do, and gives up what Open was told to.
	Write(r Record) error
	// Sync makes the records durable: they outlive a power cut too. Without any
	// new record it does nothing.
	Sync() error
	Tries
	// Locks are the open files that keep others off the tokens. They do as long as any
	// process has one of them, so that one which writes to a token, and may outlive this
	// one, is given them.
	Locks() []*os.File
	// Close lets go of the tokens. A run without the record "end" is unfinished
	// then, and one without any record never was.
	Close() error
}

// Journals finds and opens journals.
type Journals interface {
	// Open gives the journal of a run on these tokens. earlier are the records
	// of an unfinished run of the same work for the same holder, which the new one
	// continues, or else of the last finished one of the work, be it another holder's,
	// whose finished is then true. Any other unfinished run is an error of kind
	// Refused unless abandon is set: then the first record of the new run gives it up,
	// and a refusal before that leaves it as it is.
	Open(tokens map[string]Identity, work Work, abandon bool) (j Journal, earlier []Record, finished bool, err error)
	// Spent tells when a saved plan began, or went on with, a run on these tokens that
	// reached its end, in the words of the journal; "" where it never did.
	Spent(tokens map[string]Identity, planSHA256 string) (string, error)
	// Wrote names the last finished run on these tokens that put something under a CKA_ID
	// there, in words; "" where none did.
	Wrote(tokens map[string]Identity, keyID string) string
	// Begun gives the records of each unfinished run of the work for the holder, on
	// whatever tokens, the oldest first.
	Begun(work Work) ([][]Record, error)
}

// Memory is a journal that is kept nowhere: for dry-runs and the editor.
type Memory struct {
	Records []Record
	tries   map[string]int
}

// Write keeps the record in memory.
func (m *Memory) Write(r Record) error {
	m.Records = append(m.Records, r)
	return nil
}

// Sync does nothing.
func (m *Memory) Sync() error { return nil }

// Tries gives the count.
func (m *Memory) Tries(slot, who string) (int, error) { return m.tries[credential(slot, who)], nil }

// AddTries keeps the count in memory.
func (m *Memory) AddTries(slot, who string, n int) (int, error) {
	if m.tries == nil {
		m.tries = map[string]int{}
	}
	c := credential(slot, who)
	m.tries[c] = max(0, m.tries[c]+n)
	return m.tries[c], nil
}

// credential is whose tries are counted; those of a card are not of one slot.
func credential(slot, who string) string {
	if who == "" {
		return ""
	}
	return slot + " " + who
}

// Locks are none.
func (m *Memory) Locks() []*os.File { return nil }

// Close does nothing.
func (m *Memory) Close() error { return nil }

// Begun gives none: nobody goes on with what is kept nowhere.
func (m *Memory) Begun(Work) ([][]Record, error) { return nil, nil }

// Spent knows of no earlier run.
func (m *Memory) Spent(map[string]Identity, string) (string, error) { return "", nil }

// Wrote knows of no earlier run.
func (m *Memory) Wrote(map[string]Identity, string) string { return "" }

// Open gives itself.
func (m *Memory) Open(map[string]Identity, Work, bool) (Journal, []Record, bool, error) {
	return m, nil, false, nil
}
