// Package prove runs a plan on the model token in every case of what is not
// bound yet, before any card is touched.
//
// It is the engine of apply on the model of the plan's profile: each unbound
// field that decides a slot in both ways, a token that is fresh and one that is
// initialised where the plan initialises one. What fails in some case is a
// refusal with op, line, case and reason. A fact that the profile does not know
// proves nothing and refuses nothing; the plan warns of it.
//
// The package is pure, as exec and exec/model are: it reaches no token, no CA and no
// journal, and sees no value of a secret.
package prove
