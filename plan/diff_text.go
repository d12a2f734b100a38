package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

var sectionTitles = [...]string{"Credentials", "The plan as a whole", "Operations", "Opening and closing slots", "Order"}

var changeSigns = map[ChangeKind]string{Added: "+", Removed: "-", Changed: "~", Moved: ">"}

const (
	styleGreen = "\x1b[32m"
	styleCyan  = "\x1b[36m"
)

var changeStyles = map[ChangeKind]string{Added: styleGreen, Removed: styleRed, Changed: styleYellow, Moved: styleCyan}

// changeLine is one line for people: one change, or several that are one to a
// reader, as the steps of an application that all got another template.
type changeLine struct {
	Kind        ChangeKind
	section     int
	Slot        string
	Application string
	Words       string
	Source      string
	// Destroys says that an op that destroys comes in or changes.
	Destroys bool
}

// lines renders the list, joining what belongs together.
func (c *Changes) lines() []changeLine {
	var out []changeLine
	for rest := c.List; len(rest) > 0; {
		n := together(rest)
		out = append(out, lineOf(rest[:n]))
		rest = rest[n:]
	}
	return out
}

// together counts the changes at the front that make one line.
func together(list []Change) int {
	first := &list[0]
	if first.Op() == nil {
		return 1
	}
	n := 1
	for ; n < len(list); n++ {
		last, next := &list[n-1], &list[n]
		if next.Kind != first.Kind || next.Op() == nil || next.section() != first.section() {
			break
		}
		switch first.Kind {
		case Moved:
			// Neighbours before that are neighbours still.
			if !follows(last.Old, next.Old) || !follows(last.New, next.New) {
				return n
			}
		case Changed:
			if next.New.Application == "" || next.New.Application != first.New.Application || next.New.Slot != first.New.Slot || !agree(list[:n], next.Members) {
				return n
			}
		default:
			return n
		}
	}
	return n
}

// follows reports whether b is the op after a: the numbers are those of a plan.
func follows(a, b *Op) bool {
	var i, j int
	_, err := fmt.Sscanf(a.ID+" "+b.ID, "op-%d op-%d", &i, &j)
	return err == nil && j == i+1
}

// agree reports whether members say nothing that speaks against the changes
// before, so that one line can tell them all.
func agree(list []Change, members []Member) bool {
	shared := false
	for _, m := range members {
		for i := range list {
			for _, o := range list[i].Members {
				if o.Name == m.Name && o != m {
					return false
				}
				shared = shared || o == m
			}
		}
	}
	return shared
}

func lineOf(list []Change) changeLine {
	first := &list[0]
	line := changeLine{Kind: first.Kind, section: first.section()}
	op := first.Op()
	if op == nil {
		m := first.Members[0]
		switch first.Kind {
		case Added:
			line.Words = "refused now: " + m.To
		case Removed:
			line.Words = "refused no more: " + m.From
		default:
			line.Words = fmt.Sprintf("%s: %s → %s", first.Subject, m.From, m.To)
		}
		return line
	}
	line.Slot, line.Application = slotWords(op), op.Application
	switch first.Kind {
	case Moved:
		last := &list[len(list)-1]
		var letters []string
		for i := range list {
			o := list[i].New
			if o.Application != "" && !slices.Contains(letters, o.Application) {
				letters = append(letters, o.Application)
			}
			if slotWords(o) != line.Slot {
				line.Slot = ""
			}
		}
		line.Application = strings.Join(letters, ",")
		if len(list) == 1 {
			line.Words = fmt.Sprintf("%s: runs as %s, before as %s", first.New.short(), first.New.ID, first.Old.ID)
		} else {
			line.Words = fmt.Sprintf("run as %s to %s, before as %s to %s", first.New.ID, last.New.ID, first.Old.ID, last.Old.ID)
		}
	case Changed:
		var steps []string
		var members []Member
		for i := range list {
			if w := list[i].New.short(); !slices.Contains(steps, w) {
				steps = append(steps, w)
			}
			for _, m := range list[i].Members {
				if !slices.Contains(members, m) {
					members = append(members, m)
				}
			}
		}
		var parts []string
		for _, m := range members {
			parts = append(parts, fmt.Sprintf("%s %s → %s", m.Name, m.From, m.To))
		}
		line.Words = strings.Join(steps, ", ") + ": " + strings.Join(parts, "; ")
	default:
		line.Words = op.Words()
		if when := op.whenWords(); when != "" {
			line.Words = when + ": " + line.Words
		}
	}
	line.Destroys = op.Destroys() && first.Kind != Removed && first.Kind != Moved
	line.Source = fmt.Sprintf("line %d", op.Source.Line)
	if first.Kind == Removed {
		line.Source = fmt.Sprintf("was line %d", op.Source.Line)
	}
	return line
}

// short names the step without its arguments.
func (o *Op) short() string {
	switch o.Kind {
	case Login:
		return "log in as " + strings.Replace(o.As, "so", "SO", 1)
	case InitToken:
		return "initialise the token"
	case InitPIN:
		return "set the first PIN"
	case Unblock:
		return "unblock"
	case SetPIN:
		return "change the PIN"
	case SetPUK:
		return "change the PUK"
	case GenKey:
		return "generate the key pair"
	case ReqCert:
		return "request the certificate"
	case PutCert:
		return "write the certificate"
	case PutList:
		return "write the list of certificates and keys"
	case PutData:
		return "write the data object"
	case Block:
		return "block the PIN"
	case ListTokens:
		return "list the tokens"
	case ClearFields:
		return "forget values"
	}
	return o.Words()
}

// Summary counts the changes, as the closing line.
func (c *Changes) Summary() string {
	if c.Empty() {
		return "No difference: both do the same."
	}
	count := map[ChangeKind]int{}
	credentials := 0
	for i := range c.List {
		count[c.List[i].Kind]++
		if c.List[i].Credential() {
			credentials++
		}
	}
	words := fmt.Sprintf("Differences: %d added, %d removed, %d changed, %d moved", count[Added], count[Removed], count[Changed], count[Moved])
	if credentials > 0 {
		words += fmt.Sprintf("; %d of them about credentials", credentials)
	}
	return words
}

// Text writes the changes for people: "+" is added, "-" removed, "~" changed,
// ">" moved.
func (c *Changes) Text(w io.Writer, o TextOptions) error {
	o, paint := o.ready()
	var b strings.Builder
	lines := c.lines()
	slotWidth, letterWidth := len("signature"), 1
	for _, l := range lines {
		slotWidth = max(slotWidth, utf8.RuneCountInString(l.Slot))
		letterWidth = max(letterWidth, utf8.RuneCountInString(l.Application))
	}
	for i, l := range lines {
		if i == 0 || lines[i-1].section != l.section {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(paint(styleBold, sectionTitles[l.section]) + "\n")
		}
		lead := fmt.Sprintf("  %s %-*s  %-*s  ", changeSigns[l.Kind], slotWidth, l.Slot, letterWidth, l.Application)
		if l.section == ofPlan {
			lead = fmt.Sprintf("  %s ", changeSigns[l.Kind])
		}
		margin := utf8.RuneCountInString(lead)
		style := changeStyles[l.Kind]
		if l.Destroys {
			style = styleRed
		}
		for j, words := range wrap(printable(l.Words), max(o.Width-margin-len(l.Source)-2, 24)) {
			if j > 0 {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", margin), paint(style, words))
				continue
			}
			b.WriteString(paint(style, printable(lead)+words))
			if l.Source != "" {
				b.WriteString(strings.Repeat(" ", max(o.Width-margin-utf8.RuneCountInString(words)-utf8.RuneCountInString(l.Source), 2)) + paint(styleDim, l.Source))
			}
			b.WriteByte('\n')
		}
	}
	if len(lines) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintln(&b, c.Summary())
	_, err := io.WriteString(w, b.String())
	return err
}

type jsonChanges struct {
	Version int          `json:"version"`
	Same    bool         `json:"same"`
	Old     Side         `json:"old"`
	New     Side         `json:"new"`
	Changes []jsonChange `json:"changes"`
}

type jsonChange struct {
	Kind        ChangeKind `json:"change"`
	Subject     string     `json:"subject"`
	Credential  bool       `json:"credential"`
	Slot        string     `json:"slot,omitempty"`
	Application string     `json:"application,omitempty"`
	Old         *jsonPlace `json:"old,omitempty"`
	New         *jsonPlace `json:"new,omitempty"`
	Members     []Member   `json:"members,omitempty"`
}

type jsonPlace struct {
	ID    string `json:"id"`
	Line  int    `json:"line"`
	Words string `json:"words"`
}

func place(o *Op) *jsonPlace {
	if o == nil {
		return nil
	}
	return &jsonPlace{o.ID, o.Source.Line, o.Words()}
}

// JSON is the list of changes as indented JSON with a line end. Subject is the
// kind of op, or what of the whole plan is meant.
func (c *Changes) JSON() []byte {
	out := jsonChanges{Version: 1, Same: c.Empty(), Old: c.Old, New: c.New, Changes: []jsonChange{}}
	for i := range c.List {
		change := &c.List[i]
		j := jsonChange{Kind: change.Kind, Subject: change.Subject, Credential: change.Credential(), Old: place(change.Old), New: place(change.New), Members: change.Members}
		if o := change.Op(); o != nil {
			j.Subject, j.Slot, j.Application = string(o.Kind), o.Slot, o.Application
		}
		out.Changes = append(out.Changes, j)
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("plan: marshalling failed: %v", err))
	}
	return append(b, '\n')
}
