package plan

import (
	"fmt"
	"slices"
	"strings"
)

// ChangeKind is what became of something between two plans.
type ChangeKind string

// The kinds of change.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
	Moved   ChangeKind = "moved" // the same op at another place in the order
)

// Changes are what differs between two plans by meaning. Lines, comments,
// spelling, and the order of sections and of keywords mean nothing. What follows
// from the ops, as the needs and the warnings do, is not told a second time.
type Changes struct {
	Old, New Side
	// List has the credentials first, then what concerns the whole plan, the
	// other ops, the opening and closing of slots, and the order.
	List []Change
}

// Side names one of the two plans.
type Side struct {
	Name      string `json:"name"`
	OpsSHA256 string `json:"opsSha256"`
}

// Change is one difference. Old and New are the op on either side, nil where it
// is not there; both are nil for what concerns the whole plan, which Subject
// names then.
type Change struct {
	Kind    ChangeKind
	Subject string
	Old     *Op
	New     *Op
	// Members are those that differ, in words, where Kind is Changed. For the
	// whole plan there is one without a name.
	Members []Member
}

// Member is a member of an op with its value on either side, in words.
type Member struct {
	Name string `json:"name,omitempty"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Empty reports whether both plans do the same.
func (c *Changes) Empty() bool { return len(c.List) == 0 }

// Op is the op of the newer side that has it.
func (c *Change) Op() *Op {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// Credential reports whether PINs, PUKs or the content of a whole token are
// concerned: what may lock somebody out, and is read first.
func (c *Change) Credential() bool {
	if c.Op() == nil || c.Kind == Moved {
		return false
	}
	switch c.Op().Kind {
	case Login, InitToken, InitPIN, Unblock, SetPIN, SetPUK, Block:
		return true
	}
	return false
}

// The sections of the list, in order.
const (
	ofCredentials = iota
	ofPlan
	ofOps
	ofSlots
	ofOrder
)

func (c *Change) section() int {
	switch {
	case c.Op() == nil:
		return ofPlan
	case c.Kind == Moved:
		return ofOrder
	case c.Credential():
		return ofCredentials
	case c.Op().Kind == OpenSlot || c.Op().Kind == CloseSlot:
		return ofSlots
	}
	return ofOps
}

// Diff compares two plans by meaning. It is empty exactly if both have the same
// ops in the same order, for the same library, profile and values, and are
// refused for the same reasons.
func Diff(old, new *Plan) *Changes {
	c := &Changes{Old: Side{old.Description.File, old.OpsSHA256}, New: Side{new.Description.File, new.OpsSHA256}}
	c.whole(old, new)
	c.ops(old.Ops, new.Ops)
	slices.SortStableFunc(c.List, func(a, b Change) int { return a.section() - b.section() })
	return c
}

// whole compares what no op tells.
func (c *Changes) whole(old, new *Plan) {
	add := func(subject, from, to string) {
		if from != to {
			c.List = append(c.List, Change{Kind: Changed, Subject: subject, Members: []Member{{From: from, To: to}}})
		}
	}
	add("library", quoted(old.Library), quoted(new.Library))
	add("profile", old.Profile, new.Profile)
	var names []string
	for _, f := range slices.Concat(old.Fields, new.Fields) {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		value := func(p *Plan) string {
			if v, ok := p.Bindings[name]; ok {
				return quoted(v)
			}
			if i := slices.IndexFunc(p.Fields, func(f Field) bool { return f.Name == name && f.SHA256 != "" }); i >= 0 {
				return "content with the SHA-256 " + p.Fields[i].SHA256
			}
			return "not given yet"
		}
		add("field "+name, value(old), value(new))
	}
	// Two reasons are the same wherever they stand: lines and numbers of ops say
	// nothing about the meaning.
	has := func(p *Plan, reason string) bool {
		return slices.ContainsFunc(p.Refusals, func(r Refusal) bool { return r.Reason == reason })
	}
	for _, r := range new.Refusals {
		if !has(old, r.Reason) {
			c.List = append(c.List, Change{Kind: Added, Subject: "refusal", Members: []Member{{To: r.Reason}}})
		}
	}
	for _, r := range old.Refusals {
		if !has(new, r.Reason) {
			c.List = append(c.List, Change{Kind: Removed, Subject: "refusal", Members: []Member{{From: r.Reason}}})
		}
	}
}

// ops compares the ops: pairs them, and tells the pairs that differ, those that
// stand elsewhere, and the ops without a partner, in the order of the new plan.
func (c *Changes) ops(old, new []Op) {
	oldKeys, newKeys := keys(old), keys(new)
	partner := pair(old, new, oldKeys, newKeys)
	stays := inOrder(partner)
	type placed struct {
		Change
		at, rank int
	}
	var list []placed
	paired := make([]bool, len(new))
	at := -1 // the place of the last op that stays
	for i := range old {
		j := partner[i]
		if j < 0 {
			list = append(list, placed{Change{Kind: Removed, Old: &old[i]}, at, 1})
			continue
		}
		paired[j] = true
		if stays[i] {
			at = j
		} else {
			list = append(list, placed{Change{Kind: Moved, Old: &old[i], New: &new[j]}, j, 0})
		}
		if oldKeys[i] != newKeys[j] {
			members := compare(&old[i], &new[j])
			list = append(list, placed{Change{Kind: Changed, Old: &old[i], New: &new[j], Members: members}, j, 0})
		}
	}
	for j := range new {
		if !paired[j] {
			list = append(list, placed{Change{Kind: Added, New: &new[j]}, j, 0})
		}
	}
	slices.SortStableFunc(list, func(a, b placed) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.rank - b.rank
	})
	// Where a slot is opened and closed follows from what runs in it. It is told
	// only where nothing else is.
	follows := func(p placed) bool {
		return p.Kind == Moved && (p.New.Kind == OpenSlot || p.New.Kind == CloseSlot)
	}
	if !slices.ContainsFunc(list, func(p placed) bool { return !follows(p) }) && len(c.List) == 0 {
		follows = func(placed) bool { return false }
	}
	for _, p := range list {
		if !follows(p) {
			c.List = append(c.List, p.Change)
		}
	}
}

// pair gives for each old op the index of the new op that it became, or -1:
// first the same ops in the same order, then the same ones elsewhere, then what
// is the same step with other arguments, in another slot, or under another
// letter.
func pair(old, new []Op, oldKeys, newKeys []string) []int {
	partner := make([]int, len(old))
	for i := range partner {
		partner[i] = -1
	}
	taken := make([]bool, len(new))
	longestCommon(oldKeys, newKeys, func(i, j int) {
		partner[i], taken[j] = j, true
	})
	join := func(key func(o *Op, full string) string) {
		free := map[string][]int{}
		for j := range new {
			if !taken[j] {
				k := key(&new[j], newKeys[j])
				free[k] = append(free[k], j)
			}
		}
		for i := range old {
			if partner[i] >= 0 {
				continue
			}
			if k := key(&old[i], oldKeys[i]); k != "" && len(free[k]) > 0 {
				partner[i] = free[k][0]
				taken[partner[i]], free[k] = true, free[k][1:]
			}
		}
	}
	join(func(_ *Op, full string) string { return full })
	join(func(o *Op, _ string) string {
		return fmt.Sprintf("%s %s %s %s %v", o.Kind, o.Application, o.Slot, o.As, o.Proves)
	})
	join(func(o *Op, _ string) string {
		return fmt.Sprintf("%s %s %s %s", o.Kind, o.Application, o.Slot, o.As)
	})
	// An op of no application is one of a slot, and another slot makes it another
	// op.
	join(func(o *Op, _ string) string {
		if o.Application == "" {
			return ""
		}
		return fmt.Sprintf("%s %s", o.Kind, o.Application)
	})
	join(func(o *Op, _ string) string {
		if o.Application == "" {
			return ""
		}
		b := bare(*o)
		b.Application = ""
		return string(compact(b))
	})
	return partner
}

// bare is an op without its place in plan and file.
func bare(o Op) Op {
	o.ID, o.Source = "", Source{}
	return o
}

// keys are what ops say, without their places: equal for equal ops.
func keys(ops []Op) []string {
	out := make([]string, len(ops))
	for i := range ops {
		out[i] = string(compact(bare(ops[i])))
	}
	return out
}

// longestCommon calls match for a longest common subsequence.
func longestCommon(a, b []string, match func(i, j int)) {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			match(i, j)
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
}

// inOrder tells which paired ops keep their order among each other: the longest
// increasing run of partners, so that as few as can be have moved.
func inOrder(partner []int) []bool {
	best, from := make([]int, len(partner)), make([]int, len(partner))
	last := -1
	for i, j := range partner {
		if j < 0 {
			continue
		}
		best[i], from[i] = 1, -1
		for k := range i {
			if partner[k] >= 0 && partner[k] < j && best[k]+1 > best[i] {
				best[i], from[i] = best[k]+1, k
			}
		}
		if last < 0 || best[i] > best[last] {
			last = i
		}
	}
	stays := make([]bool, len(partner))
	for i := last; i >= 0; i = from[i] {
		stays[i] = true
	}
	return stays
}

// compare lists the members that differ between two ops that do, in words.
// Requirements and effects follow from the others and are told
// only if nothing else differs.
func compare(a, b *Op) []Member {
	var out []Member
	add := func(name, from, to string) {
		if from != to {
			out = append(out, Member{name, from, to})
		}
	}
	for _, m := range members {
		add(m.name, m.words(a), m.words(b))
	}
	if out == nil {
		add("requires", orNothing(a.Requires), orNothing(b.Requires))
		add("changes", orNothing(a.Changes), orNothing(b.Changes))
	}
	if out == nil { // two things in the same words
		add("op", string(compact(bare(*a))), string(compact(bare(*b))))
	}
	return out
}

// members are the members of ops in the order in which differences are told.
var members = []struct {
	name  string
	words func(*Op) string
}{
	{"application", func(o *Op) string { return orNone(o.Application) }},
	{"slot", func(o *Op) string { return orNone(slotWords(o)) }},
	{"runs", func(o *Op) string {
		if o.whenWords() == "" {
			return "always"
		}
		return o.whenWords()
	}},
	{"as", func(o *Op) string { return orNone(o.As) }},
	{"credential", func(o *Op) string {
		if len(o.Cases) == 0 {
			return refWords(o.Credential)
		}
		var parts []string
		for _, c := range o.Cases {
			parts = append(parts, fmt.Sprintf("%s (%s slot)", refWords(c.Credential), c.Slot))
		}
		return strings.Join(parts, " or ")
	}},
	{"present value", func(o *Op) string { return refWords(o.Old) }},
	{"new value", func(o *Op) string { return refWords(o.New) }},
	{"validation", func(o *Op) string {
		if o.Validation == "" {
			return "none"
		}
		return quoted(o.Validation)
	}},
	{"initialised by", func(o *Op) string {
		if o.Hook {
			return "the station's command"
		}
		return "C_InitToken"
	}},
	{"sets", func(o *Op) string {
		var parts []string
		for _, p := range o.PINs {
			parts = append(parts, fmt.Sprintf("%s (%s slot, validation %q)", p.words(), p.Slot, p.Validation))
		}
		return orNothing(parts)
	}},
	{"proves a new value", func(o *Op) string { return yesNo(o.Proves) }},
	{"key", func(o *Op) string {
		switch {
		case o.Key == nil:
			return "none"
		case o.Key.Type == "RSA":
			return fmt.Sprintf("RSA of %d bits", o.Key.Bits)
		}
		return o.Key.Curve
	}},
	{"template", func(o *Op) string { return orNone(o.Template) }},
	{"certificate holds", func(o *Op) string { return orNothing(o.Contents) }},
	{"label", func(o *Op) string { return textWords(o.Label) }},
	{"certificate", func(o *Op) string { return refWords(o.Certificate) }},
	{"list", func(o *Op) string { return refWords(o.List) }},
	{"must be written", func(o *Op) string {
		if o.Any {
			return "the first one at least"
		}
		return "all"
	}},
	{"outcome goes to", func(o *Op) string {
		if o.Returns == "" {
			return "nowhere"
		}
		return "field " + o.Returns
	}},
	{"data", func(o *Op) string { return refWords(o.Data) }},
	{"attributes", func(o *Op) string {
		var parts []string
		for _, a := range o.Attributes {
			parts = append(parts, a.Name+"="+quoted(a.Value))
		}
		return orNothing(parts)
	}},
	{"serial number", func(o *Op) string { return textWords(o.ICCSN) }},
	{"wrong values", func(o *Op) string { return fmt.Sprint(o.Attempts) }},
	{"forgets", func(o *Op) string { return orNothing(o.Clears) }},
}

// slotWords names the slot of an op for people, "" where it touches none.
func slotWords(o *Op) string {
	if field := o.SlotField(); field != "" {
		return field + " decides"
	}
	return o.Slot
}

// refWords is Words with what it leaves out and tells two questions apart.
func refWords(r *Ref) string {
	words := r.Words()
	if r != nil && r.Dialog > 0 {
		words += ", " + entries(r.Dialog)
	}
	return words
}

func textWords(t Text) string {
	if t.IsZero() {
		return "none"
	}
	var parts []string
	text := ""
	for i, p := range t.Parts {
		text += p.Text
		if text != "" && (p.Field != "" || i == len(t.Parts)-1) {
			parts = append(parts, quoted(text))
			text = ""
		}
		if p.Field != "" {
			parts = append(parts, "field "+p.Field)
		}
	}
	return strings.Join(parts, " + ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// quoted is text from a description in quotation marks. Of a long one, such as a
// certificate, the beginning and the digest stand for the whole.
func quoted(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return fmt.Sprintf("%q… (%d bytes, SHA-256 %.16s)", string(r[:most/2]), len(s), digest([]byte(s)))
	}
	return fmt.Sprintf("%q", s)
}
