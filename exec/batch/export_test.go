package batch

import "inscribe/exec"

// Seats is seats, for the tests.
func (p Pool) Seats(listed []exec.Slot, bound []Row, torn bool, others func(row string, id exec.Identity) bool) []Seat {
	return p.seats(listed, bound, torn, others)
}
