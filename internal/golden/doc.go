// Package golden holds what a test makes against the file that was reviewed. It is
// test equipment: no part of the product imports it.
//
// A test that runs with -update writes its files anew; the difference is for the
// review of the change to judge.
package golden
