// Package station reads station.toml, the configuration of the machine that
// holds the tokens: which module stands for the library that a description
// names, which token is which slot, and which CA is to be trusted.
//
// It is never searched for near a description: what may run on a machine is that
// machine's business, and nothing that is reviewed with a description can say it.
package station
