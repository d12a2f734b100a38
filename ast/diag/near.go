package diag

import "strings"

// Nearest gives the candidate that a slip of the fingers could have turned into
// name, or "". Case does not count; a third of the letters may be wrong, one at
// least. Of equally near ones the first wins.
func Nearest(name string, candidates []string) string {
	if len(name) > longestNear || len(candidates) > mostNear {
		return "" // nobody's slip of the fingers, and too dear to look for
	}
	best, limit := "", max(1, len([]rune(name))/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// longestNear and mostNear bound the work on hostile input.
const (
	longestNear = 200
	mostNear    = 2000
)

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (restricted Damerau-Levenshtein distance).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		next := make([]int, len(t)+1)
		next[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(t)]
}
