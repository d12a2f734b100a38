package template

import "strings"

// NameKind is a kind of alternative name.
type NameKind struct {
	// Title is what messages call it.
	Title string
	// Valid tells whether a text is a name of the kind.
	Valid func(string) bool
	// never are the characters that no such name has.
	never string
	// ats is how many @ it has at most.
	ats int
}

// The kinds of alternative names that templates have.
var (
	EMail = NameKind{"e-mail address", isEMail, " ,:;<>()[]\\\"", 1}
	DNS   = NameKind{"DNS name", isDNS, " ,:;<>()[]\\\"/@!#$%&'+=?^`|~", 0}
	UPN   = NameKind{"UPN", isUPN, " ,;<>\"\\", 1}
)

// CheckName says what no value of any field can mend in the pattern of an
// alternative name.
func CheckName(kind NameKind, pattern string) error {
	p, err := ParsePattern(pattern)
	if err != nil {
		return err
	}
	bad := fault("correct the template", "the pattern %q does not give a valid %s", pattern, kind.Title)
	if text, ok := p.Constant(); ok {
		if err := Clean("the pattern", text); err != nil {
			return err
		}
		if !kind.Valid(text) {
			return bad
		}
		return nil
	}
	var sample string
	for _, part := range p {
		if part.Field != "" {
			part.Text = "x" // which each kind may have
		}
		sample += part.Text
	}
	if strings.ContainsAny(strings.TrimSpace(sample), kind.never) || strings.Count(sample, "@") > kind.ats {
		return bad
	}
	return misspelt(p.Fields())
}

func isEMail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && isASCII(s) && !strings.ContainsAny(local, " @,;:<>()[]\\\"") && isDNS(domain) && !strings.HasPrefix(domain, "*")
}

func isDNS(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i, label := range strings.Split(s, ".") {
		if label == "*" && i == 0 && strings.Contains(s, ".") {
			continue
		}
		bad := func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.IndexFunc(label, bad) >= 0 {
			return false
		}
	}
	return true
}

func isUPN(s string) bool {
	user, realm, ok := strings.Cut(s, "@")
	return ok && user != "" && realm != "" && !strings.Contains(realm, "@") && !strings.ContainsAny(s, " ,;<>\"\\")
}
