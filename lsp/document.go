package lsp

import (
	"context"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/mask"
	"inscribe/grammar"
	"inscribe/lsp/protocol"
	"inscribe/plan"
)

// document is one version of a document. It is immutable; what follows from the
// text is worked out at first need.
type document struct {
	uri     protocol.DocumentURI
	path    string // "" where it is not on the disk
	version *int32 // nil for one that is not open
	// worked says that a person works on it, so that what may be asked for
	// soon is kept ready; see [document.aside].
	worked bool
	tree   *tree
	mapper mapper
	// spare is where the memory for a version is taken from; nil is nowhere.
	spare *spare
	// understood is what program gives, once it was worked out.
	understood atomic.Pointer[check.Program]
	config     *configFile

	program  func() *check.Program
	plan     func() *planned
	index    func() []occurrence
	settings func() map[int]*check.Setting // by the start of the line
	masker   func() mask.Masker
	// superseded ends when a newer version is there.
	superseded context.Context
	retire     context.CancelFunc
	// proof are the findings of the plan, once they are there.
	proof atomic.Pointer[[]diag.Diagnostic]
}

// stale reports whether a newer version is there.
func (d *document) stale() bool { return d.superseded.Err() != nil }

// planned is the plan of a document.
type planned struct {
	plan *plan.Plan
	err  error
	// byLine are the indexes of the ops of each line, counted from 1.
	byLine map[int][]int
}

func newDocument(uri protocol.DocumentURI, version *int32, t *tree, encoding protocol.PositionEncodingKind, cfg *configFile) *document {
	d := &document{uri: uri, version: version, tree: t, mapper: newMapper(t.file, encoding), config: cfg}
	d.path, _ = pathOf(uri)
	d.superseded, d.retire = context.WithCancel(context.Background())
	d.remember()
	return d
}

// remember makes that each thing is worked out once.
func (d *document) remember() {
	d.program = sync.OnceValue(d.understand)
	d.plan = sync.OnceValue(d.lower)
	d.index = sync.OnceValue(d.occurrences)
	d.settings = sync.OnceValue(d.byLine)
	d.masker = sync.OnceValue(func() mask.Masker { return mask.New(d.file().Text, d.program().Secrets) })
}

// closedDocument reads a document that is not open from its bytes.
func closedDocument(uri protocol.DocumentURI, raw []byte, encoding protocol.PositionEncodingKind, cfg *configFile) *document {
	f := grammar.Parse(nameOf(uri), raw)
	t := assemble(f.Name, f.Text, flatten(f), nil)
	t.file.Encoding = f.Encoding
	return newDocument(uri, nil, t, encoding, cfg)
}

// edited gives the next version after a change.
func (d *document) edited(version int32, t *tree, encoding protocol.PositionEncodingKind) *document {
	d.retire()
	next := newDocument(d.uri, &version, t, encoding, d.config)
	next.worked, next.spare = true, d.spare
	return next
}

// configured gives the same version under another configuration.
func (d *document) configured(encoding protocol.PositionEncodingKind, cfg *configFile) *document {
	d.retire()
	next := newDocument(d.uri, d.version, d.tree, encoding, cfg)
	next.spare = d.spare
	return next
}

// aside gives the same version for a look whose results are not kept: of a
// hundred open documents most are only open. One that is worked on is itself.
func (d *document) aside() *document {
	if d.worked {
		return d
	}
	c := &document{uri: d.uri, path: d.path, version: d.version, tree: d.tree, mapper: d.mapper, config: d.config, superseded: d.superseded, retire: d.retire}
	c.remember()
	c.proof.Store(d.proof.Load())
	return c
}

func (d *document) isConfig() bool { return isConfigPath(d.path) }

func (d *document) file() *ast.File { return d.tree.file }

// largeText is the size from which a document takes time: dozens of times that of
// a long description. Its versions are checked one at a time, those that are not
// the newest any more not at all, and no proof is made of it; see server.turn.
const largeText = 256 << 10

func (d *document) large() bool { return len(d.file().Text) > largeText }

// understand checks the text. Where nobody can tell what the project says of
// severities, keywords and templates, as the command line refuses to go on then,
// nothing is found but that.
func (d *document) understand() *check.Program {
	p := check.CheckIn(d.spare.takeRoom(), d.file(), d.config.settings())
	d.understood.Store(p)
	line := d.file().Table().LineSpan(0)
	if wrong := d.config.noProfile(line); wrong != nil {
		p.Diagnostics = slices.Concat(wrong, p.Diagnostics)
	}
	if d.config == nil || d.config.err == nil {
		return p
	}
	notice := d.config.notice(line)
	if d.config.never {
		p.Diagnostics, p.Blocking = notice, nil
		return p
	}
	p.Diagnostics = slices.Concat(notice, p.Diagnostics)
	return p
}

func (d *document) lower() *planned {
	p := d.program()
	out := &planned{byLine: map[int][]int{}}
	if d.config.unknown() {
		out.err = d.config.err
		return out
	}
	out.plan, out.err = plan.Lower(p, plan.Options{Profile: p.Profile})
	if out.err != nil {
		return out
	}
	for i := range out.plan.Ops {
		line := out.plan.Ops[i].Source.Line
		out.byLine[line] = append(out.byLine[line], i)
	}
	return out
}

// noPlan says why there is no plan.
func (d *document) noPlan() string {
	if d.config.unknown() {
		return unreadable
	}
	n, _ := diag.Count(d.program().Diagnostics)
	if n == 0 {
		return count(len(d.program().Blocking), "silenced error")
	}
	return count(n, "error")
}

// secret reports whether a span touches text that must not be shown elsewhere.
func (d *document) secret(s ast.Span) bool {
	secrets := d.program().Secrets // in order, and apart from each other
	i := sort.Search(len(secrets), func(i int) bool { return secrets[i].End > s.Start })
	return i < len(secrets) && secrets[i].Start < s.End
}
