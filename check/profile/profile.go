package profile

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/go-multierror"
)

// Tri is a fact of three values.
type Tri int8

// The values of a fact.
const (
	Unknown Tri = iota
	Yes
	No
)

// String gives "unknown", "yes" or "no".
func (t Tri) String() string { return [...]string{"unknown", "yes", "no"}[t] }

// Fact is one fact with its source. The zero value is unknown.
type Fact struct {
	tri    Tri
	count  int
	words  []string
	known  bool
	Source string
}

// Known reports whether the fact has a value.
func (f Fact) Known() bool { return f.known }

// String renders the value, "unknown" where there is none.
func (f Fact) String() string {
	switch {
	case !f.known:
		return Unknown.String()
	case f.words != nil && len(f.words) == 0:
		return "none"
	case f.words != nil:
		return strings.Join(f.words, ", ")
	case f.tri != Unknown:
		return f.tri.String()
	default:
		return strconv.Itoa(f.count)
	}
}

// Profile is what is known of one kind of token.
type Profile struct {
	Name  string
	Title string
	Notes string
	// Manufacturers are how C_GetInfo of its modules calls their maker.
	Manufacturers []string
	// Libraries are the file names of its modules, as descriptions name them.
	Libraries []string
	facts     map[FactName]Fact
}

// Get gives a fact; the zero Fact, which is unknown, where the profile has none.
func (p *Profile) Get(name FactName) Fact { return p.facts[name] }

// Is gives a yes/no fact.
func (p *Profile) Is(name FactName) Tri { return p.facts[name].tri }

// Count gives a number and whether it is known.
func (p *Profile) Count(name FactName) (int, bool) {
	f := p.facts[name]
	return f.count, f.known
}

// Word gives a single word, "" where it is unknown.
func (p *Profile) Word(name FactName) string {
	if w := p.facts[name].words; len(w) == 1 {
		return w[0]
	}
	return ""
}

// Offers tells whether a list holds the word.
func (p *Profile) Offers(name FactName, word string) Tri {
	f := p.facts[name]
	switch {
	case !f.known:
		return Unknown
	case slices.Contains(f.words, word):
		return Yes
	default:
		return No
	}
}

// Words gives a list, nil where it is unknown.
func (p *Profile) Words(name FactName) []string { return p.facts[name].words }

// loaded are the built-in profiles that were asked for; a process that needs one,
// or none, does not wait for all.
var loaded = struct {
	sync.Mutex
	profiles map[string]*Profile
}{profiles: map[string]*Profile{}}

// load reads a built-in profile and those that it inherits from. The files are part
// of the program, so an error in one is a fault in it, which the tests find.
func load(name string) *Profile {
	if p := loaded.profiles[name]; p != nil {
		return p
	}
	d, known, err := definition(name)
	if !known {
		return nil
	}
	var p *Profile
	if err == nil {
		p, err = Build(name, d, load)
	}
	if err != nil {
		panic(fmt.Sprintf("profile: embedded %s: %v", name, err))
	}
	loaded.profiles[name] = p
	return p
}

// first gives the one built-in profile that fits; only files with the word in them
// are read.
func first(word string, fits func(*Profile) bool) *Profile {
	if word == "" {
		return nil
	}
	word = strings.ToLower(word)
	for _, f := range files() {
		if !strings.Contains(f.lower, word) {
			continue
		}
		if p := Lookup(f.name); fits(p) {
			return p
		}
	}
	return nil
}

// file is a built-in profile with its text in lower case.
type file struct{ name, lower string }

// Lookup gives a built-in profile, or nil.
func Lookup(name string) *Profile {
	loaded.Lock()
	defer loaded.Unlock()
	return load(strings.ToLower(name))
}

// ForManufacturer gives the one built-in profile for modules of a maker, as
// C_GetInfo calls it, or nil.
func ForManufacturer(name string) *Profile {
	return first(name, func(p *Profile) bool { return slices.Contains(p.Manufacturers, name) })
}

// ForLibrary gives the one built-in profile for a library as a description names
// it, with or without a path, case aside, or nil.
func ForLibrary(library string) *Profile {
	base := path.Base(strings.ReplaceAll(library, `\`, "/"))
	return first(base, func(p *Profile) bool {
		return slices.ContainsFunc(p.Libraries, func(l string) bool { return strings.EqualFold(l, base) })
	})
}

// Generic is the profile that knows next to nothing.
func Generic() *Profile { return Lookup("generic") }

// Names lists the built-in profiles in alphabetical order.
func Names() []string {
	var names []string
	for _, f := range files() {
		names = append(names, f.name)
	}
	return names
}

// Definition is a profile as a file, or a table of inscribe.toml, has it.
type Definition struct {
	Title         string                    `toml:"title" json:"title,omitempty"`
	Notes         string                    `toml:"notes" json:"notes,omitempty"`
	Inherits      string                    `toml:"inherits" json:"inherits,omitempty"`
	Manufacturers []string                  `toml:"manufacturers" json:"manufacturers,omitempty"`
	Libraries     []string                  `toml:"libraries" json:"libraries,omitempty"`
	Fact          map[string]FactDefinition `toml:"fact" json:"fact,omitempty"`
}

// FactDefinition is one fact of a [Definition].
type FactDefinition struct {
	Is     any    `toml:"is" json:"is,omitempty"`
	Source string `toml:"source" json:"source,omitempty"`
}

// Build makes a profile of its definition, as Parse does.
func Build(name string, f Definition, parent func(string) *Profile) (*Profile, error) {
	p := &Profile{Name: name, Title: f.Title, Notes: f.Notes, Manufacturers: f.Manufacturers, Libraries: f.Libraries, facts: map[FactName]Fact{}}
	var errs *multierror.Error
	if f.Inherits != "" {
		base := parent(f.Inherits)
		if base == nil {
			return nil, fmt.Errorf("profile %s: inherits from %q, which is not known", name, f.Inherits)
		}
		for n, fact := range base.facts {
			p.facts[n] = fact
		}
	}
	for n, raw := range f.Fact {
		info, ok := Describe(FactName(n))
		if !ok {
			errs = multierror.Append(errs, fmt.Errorf("profile %s: there is no fact %q", name, n))
			continue
		}
		fact, err := readFact(info, raw)
		if err != nil {
			errs = multierror.Append(errs, fmt.Errorf("profile %s: fact %s: %w", name, n, err))
			continue
		}
		p.facts[info.Name] = fact
	}
	return p, errs.ErrorOrNil()
}

func readFact(info FactInfo, raw FactDefinition) (Fact, error) {
	f := Fact{known: true, Source: raw.Source}
	if raw.Source == "" {
		return f, fmt.Errorf("has no source")
	}
	if raw.Is == "unknown" {
		return Fact{Source: raw.Source}, nil
	}
	switch v := raw.Is.(type) {
	case bool:
		if info.Kind == YesNo {
			f.tri = No
			if v {
				f.tri = Yes
			}
			return f, nil
		}
	case int64:
		if info.Kind == Count && v > math.MaxInt32 {
			return f, fmt.Errorf("%d is more than %d, the most that a number can be", v, math.MaxInt32)
		}
		if info.Kind == Count && v >= 0 {
			f.count = int(v)
			return f, nil
		}
	case string:
		if info.Kind == Word {
			f.words = []string{v}
			return f, nil
		}
	case []any:
		if info.Kind == Words {
			f.words = []string{}
			for _, w := range v {
				s, ok := w.(string)
				if !ok {
					return f, fmt.Errorf("is no list of words")
				}
				f.words = append(f.words, s)
			}
			return f, nil
		}
	}
	return f, fmt.Errorf("%v is not of its kind", raw.Is)
}
