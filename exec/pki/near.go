package pki

import (
	"slices"
	"strings"
)

// suggestion gives "; did you mean X?" with the known name nearest to name, or
// nothing where none is near enough to be a slip.
func suggestion(name string, known []string) string {
	best, limit := "", 1+len(name)/3
	known = slices.Sorted(slices.Values(known))
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d <= limit && (best == "" || d < distance(strings.ToLower(name), strings.ToLower(best))) {
			best = k
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
