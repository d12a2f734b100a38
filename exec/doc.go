// Package exec runs a plan.
//
// One engine executes the ops of a [plan.Plan] over two interfaces: [Token],
// the PKCS#11 calls that it makes, and [Issuer], what turns a public key into a
// certificate. On a real token (exec/host) that is "apply"; on the symbolic
// token (exec/model) it is the dry-run, the safety proof and the editor. There
// is no second code path.
//
// The package starts no process, opens no network connection and knows nothing
// of X.509: those stand behind the interfaces. It never prints and never
// prompts; it reports to an [Observer] and asks a [Prompter].
package exec
