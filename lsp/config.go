package lsp

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check/config"
	"inscribe/lsp/protocol"
)

// configFile is an inscribe.toml.
type configFile struct {
	path string
	text string
	utf8 bool // how the client counts
	// tables are the places of templates and libraries.
	tables func() map[config.Table]int
	config *config.Config
	// profile is that of the settings; it is in config.
	profile string
	// err says why it cannot be used. config is then what it said when it last could,
	// and empty if it never could.
	err   error
	never bool
	// unread says why its bytes could not be had, "" where they could. No editor can
	// show such a file, so its trouble is told in the descriptions.
	unread string
}

// configs finds the configuration of descriptions. What it read it keeps until
// reset; what a file said when it could be read last, as long as the file is there: one
// that is being edited is wrong at every other keystroke.
type configs struct {
	files Files
	// profile is that of the settings; it changes with the state of the server.
	profile string
	// utf8 says how the client counts.
	utf8 bool

	mu      sync.Mutex
	byDir   map[string]*configFile // nil where there is none
	byPath  map[string]*configFile
	overlay map[string]string // open ones
	good    map[string]*config.Config
}

func newConfigs(files Files) *configs {
	return &configs{files: files, byDir: map[string]*configFile{}, byPath: map[string]*configFile{}, overlay: map[string]string{}, good: map[string]*config.Config{}}
}

// reset forgets what was read.
func (c *configs) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byDir)
	clear(c.byPath)
}

// show puts the text of an open file before the one on disk; nil ends it.
func (c *configs) show(p string, text *string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == nil {
		delete(c.overlay, p)
	} else {
		c.overlay[p] = *text
	}
	clear(c.byDir)
	delete(c.byPath, p)
}

// find gives the nearest configuration in the folder of a path or above, or
// nil.
func (c *configs) find(p string) *configFile {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.findIn(path.Dir(p))
	if c.profile == "" {
		return found
	}
	with := configFile{config: &config.Config{}}
	if found != nil {
		with = *found
	}
	with.profile, with.config = c.profile, with.config.WithProfile(c.profile)
	return &with
}

func (c *configs) findIn(dir string) *configFile {
	if found, ok := c.byDir[dir]; ok {
		return found
	}
	found := c.load(path.Join(dir, config.FileName))
	if parent := path.Dir(dir); found == nil && parent != dir {
		found = c.findIn(parent)
	}
	c.byDir[dir] = found
	return found
}

func (c *configs) load(p string) *configFile {
	if known, ok := c.byPath[p]; ok {
		return known
	}
	text, err := c.text(p)
	if errors.Is(err, fs.ErrNotExist) {
		delete(c.good, p)
		return nil
	}
	f := &configFile{path: p, text: text, utf8: c.utf8, err: err}
	f.tables = sync.OnceValue(func() map[config.Table]int { return config.Tables([]byte(text)) })
	if err != nil {
		f.unread = err.Error()
	} else {
		f.config, f.err = config.Parse(p, []byte(text))
	}
	if f.err == nil {
		c.good[p] = f.config
	} else if f.config = c.good[p]; f.config == nil {
		f.config, f.never = &config.Config{}, true
	}
	c.byPath[p] = f
	return f
}

// text is that of the open file, or of the one on disk.
func (c *configs) text(p string) (string, error) {
	if text, open := c.overlay[p]; open {
		return text, nil
	}
	if c.files == nil {
		return "", fs.ErrNotExist
	}
	raw, err := c.files.Read(p)
	return strings.TrimPrefix(string(raw), "\ufeff"), err
}

func (f *configFile) settings() *config.Config {
	if f == nil {
		return &config.Config{}
	}
	return f.config
}

// unknown reports whether nobody can tell what the project says.
func (f *configFile) unknown() bool { return f != nil && f.never }

// unreadable is what every tool calls a configuration that is no use.
const unreadable = config.FileName + " cannot be read"

// notice tells the reader of a description that its configuration cannot be read. It
// stands on the first line.
func (f *configFile) notice(line ast.Span) []diag.Diagnostic {
	d := diag.Diagnostic{Severity: diag.Info, Span: line, Message: unreadable + "; what it said before holds until it is mended"}
	if f.never {
		d.Message = unreadable + "; nothing is checked until it is mended"
	}
	switch found := f.findings(); {
	case f.unread != "":
		d.Severity, d.Help = diag.Error, f.unread
	case len(found) == 0:
		return nil
	default:
		d.Help = fmt.Sprintf("line %d of it: %s", found[0].Range.Start.Line+1, found[0].Message)
	}
	return []diag.Diagnostic{d}
}

// noProfile tells the reader of a description that the settings name a profile which
// the project does not have, nor Inscribe.
func (f *configFile) noProfile(line ast.Span) []diag.Diagnostic {
	if f == nil || f.profile == "" || f.never || f.config.Lookup(f.profile) != nil {
		return nil
	}
	return []diag.Diagnostic{{Severity: diag.Warning, Span: line, Message: "the setting profile: " + f.config.NoProfile(f.profile),
		Help: "until it is mended, " + config.FileName + " and the name of the library tell the profile"}}
}

// place finds the line of a table, so that the editor can go there.
func (f *configFile) place(kind, name string) (protocol.Location, bool) {
	if f == nil || f.tables == nil {
		return protocol.Location{}, false
	}
	at, found := f.tables()[config.Table{Kind: kind, Name: name}]
	if !found {
		return protocol.Location{}, false
	}
	m := f.mapper()
	return protocol.Location{URI: uriOf(f.path), Range: m.rng(m.table.LineSpan(m.table.Line(at)))}, true
}

func (f *configFile) mapper() mapper {
	return mapper{text: f.text, table: ast.NewLineTable(f.text), utf8: f.utf8}
}

// findings are what is wrong with the file, with the places that the message
// tells.
func (f *configFile) findings() []protocol.Diagnostic {
	out := []protocol.Diagnostic{}
	if f == nil || f.err == nil || f.unread != "" {
		return out
	}
	m := f.mapper()
	table := m.table
	for _, message := range strings.Split(f.err.Error(), "\n") {
		i := strings.Index(message, f.path)
		if i < 0 {
			continue
		}
		message = strings.TrimPrefix(message[i+len(f.path):], ":")
		span := table.LineSpan(0)
		if at := linePrefix().FindStringSubmatch(message); at != nil {
			line, _ := strconv.Atoi(at[1])
			column, _ := strconv.Atoi(at[2])
			message = message[len(at[0]):]
			start := table.Offset(ast.Position{Line: line, Column: column})
			whole := table.LineSpan(table.Line(start))
			if span = (ast.Span{Start: start, End: max(start, whole.End)}); start == whole.End {
				span = whole // some editors show nothing of an empty one
			}
		}
		out = append(out, protocol.Diagnostic{Range: m.rng(span), Severity: 1, Source: source, Message: strings.TrimSpace(message)})
	}
	return out
}

var linePrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+):(\d+):\s*`) })
