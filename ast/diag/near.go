package diag

import (
	"strings"
	"unicode/utf8"
)

// Nearest gives the candidate that a slip of the fingers could have turned into
// name, or "". Case does not count; a third of the letters may be wrong, one at
// least. Of equally near ones the first wins.
func Nearest(name string, candidates []string) string {
	if len(name) > longestNear || len(candidates) > mostNear {
		return "" // nobody's slip of the fingers, and too dear to look for
	}
	var names, others [64]rune
	s := appendLower(names[:0], name)
	best, limit := "", max(1, utf8.RuneCountInString(name)/3)
	for _, c := range candidates {
		// The letters that one word has more are all wrong.
		if n := utf8.RuneCountInString(c) - len(s); n > limit || -n > limit {
			continue
		}
		if d := distance(s, appendLower(others[:0], c)); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// DidYouMean gives "; did you mean X?" with the nearest candidate, or nothing where
// none is near enough to be a slip.
func DidYouMean(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// longestNear and mostNear bound the work on hostile input.
const (
	longestNear = 200
	mostNear    = 2000
)

func appendLower(to []rune, s string) []rune {
	for _, r := range s {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		} else if r >= utf8.RuneSelf {
			return append(to[:0], []rune(strings.ToLower(s))...)
		}
		to = append(to, r)
	}
	return to
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn s into t (restricted Damerau-Levenshtein distance).
func distance(s, t []rune) int {
	var room [3 * 65]int
	rows := room[:]
	if n := len(t) + 1; 3*n > len(rows) {
		rows = make([]int, 3*n)
	}
	before, row, next := rows[:len(t)+1], rows[len(rows)/3:][:len(t)+1], rows[2*(len(rows)/3):][:len(t)+1]
	for j := range row {
		row[j] = j
	}
	for i := range s {
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
		before, row, next = row, next, before
	}
	return row[len(t)]
}
