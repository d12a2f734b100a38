package template

// mostDays is how long a certificate may be valid. It ends in 9999 at the latest, as far
// as dates go (RFC 5280, 4.1.2.5), and begins today.
const mostDays = 7000 * 366

// Validity says what is wrong with a validity in days; 0 leaves it to the CA.
func Validity(days int) error {
	switch {
	case days < 0:
		return fault("leave it out where the CA decides", "validity-days is negative")
	case days > mostDays:
		return fault("", "validity-days is more than 7000 years, and no certificate ends after the year 9999")
	}
	return nil
}
