package schema

import (
	"fmt"
	"strings"
)

// SameWord reports whether a text is a word of the language, the case of its letters
// aside. A sign that only folds to a letter, as the long s does, is another one.
func SameWord(text, word string) bool { return len(text) == len(word) && strings.EqualFold(text, word) }

// SectionOf reads the name in a header, in any case. letter is what follows
// Application_, as written.
func SectionOf(name string) (kind Section, letter string, ok bool) {
	for i, s := range Sections {
		if Section(i) == Application {
			if len(name) > len(s) && SameWord(name[:len(s)], s) {
				return Application, name[len(s):], true
			}
		} else if SameWord(name, s) {
			return Section(i), "", true
		}
	}
	return 0, "", false
}

// Number is the name of a numbered keyword with a number, "" where the number is too
// long; any other keyword has its name alone.
func (k *Keyword) Number(n int) string {
	if !k.Numbered {
		if n > 0 {
			return ""
		}
		return k.Name
	}
	stem := strings.TrimRight(k.Name, "0123456789")
	digits := fmt.Sprintf("%0*d", len(k.Name)-len(stem), n)
	if len(stem)+len(digits) > len(k.Name) {
		return ""
	}
	return stem + digits
}

// Spelling is the name of the keyword as the formatter writes it: a numbered
// one keeps the digits of the name that it was found by.
func (k *Keyword) Spelling(name string) string {
	if !k.Numbered {
		return k.Name
	}
	const digits = "0123456789"
	return strings.TrimRight(k.Name, digits) + name[len(strings.TrimRight(name, digits)):]
}
