package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"inscribe/ast/diag"
)

// command is a row of the table of commands, which help and completion read too.
type command struct {
	name  string
	args  string
	short string
	long  string
	flags []func(*pflag.FlagSet, *options)
	run   func(a *app, args []string) error
}

// commands is the table, in the order of the help.
var commands []command

func init() {
	commands = []command{
		{"check", "FILE…", "find what is wrong in descriptions", "Checks descriptions, each FILE, everything *.dsc and *.dsz below a folder, or what a pattern with * and ** matches; - is the standard input.\nExit code 1 says that there are findings, 3 that a file could not be read.", []func(*pflag.FlagSet, *options){checkFlags, fixFlags}, (*app).check},
		{"fmt", "[FILE…]", "write descriptions in canonical form", "Prints each FILE in canonical form: one spelling of sections and keywords, no blanks that mean nothing. Names of fields and values stay as they are.\nWithout a FILE, or with -, it is a filter. --list and --diff exit with 1 where something differs and is not written.", []func(*pflag.FlagSet, *options){fmtFlags}, (*app).fmt},
		{"plan", "FILE|PLAN", "show what a description would do", "Prints the operations that the description lowers to. No token is touched.", []func(*pflag.FlagSet, *options){planFlags, valueFlags}, (*app).plan},
		{"diff", "OLD NEW", "tell what changes on the card", "Compares two descriptions by what they do on a card. Each side is a file, a saved plan, or REV:PATH in a git repository, as in git show; a PATH that begins with ./ is taken from here, and :PATH is what is staged.\nExit code 0 says that both do the same, 1 that they differ or that a description has errors.", []func(*pflag.FlagSet, *options){diffFlags}, (*app).diff},
		{"apply", "FILE|PLAN", "do it on a token", "Runs the plan of the description on a token: everything that can be checked is checked first, then op by op.\nAfter an interruption the same command goes on.", []func(*pflag.FlagSet, *options){applyFlags, moduleFlags, valueFlags}, (*app).apply},
		{"batch", "FILE|PLAN", "do it on a token for each row of a table", "Runs the plan of the description for each row of a CSV file, on as many tokens at once as there are. A row is never done on two tokens, and a token never gets two rows.\nThe same command goes on after an interruption, does what is left, and nothing where all is done. Exit code 6 says that rows failed or are left.", []func(*pflag.FlagSet, *options){batchFlags, moduleFlags, valueFlags}, (*app).batch},
		{"verify", "FILE|PLAN", "tell whether a token is what a description says", "Holds tokens against a description, op by op, and only reads. Private objects show after a login: it takes the PIN that the description logs in with, if --field or --answer give its value, and says what was not looked at without.\nExit code 1 says that something differs.", []func(*pflag.FlagSet, *options){verifyFlags, moduleFlags, valueFlags}, (*app).verify},
		{"tokens", "", "list slots and tokens", "Lists the tokens of PKCS#11 modules: the state of their PINs, their free space, and their objects, with certificates decoded; and the runs on this machine that are not finished. Nothing is written. Without --pin nobody logs in, and private objects do not show.", []func(*pflag.FlagSet, *options){tokensFlags, moduleFlags}, (*app).tokens},
		{"probe", "MODULE", "learn a profile from a scratch token", "Initialises an empty token, tries on it what modules differ in, and writes what it finds as a profile: which calls work, which flags lie, lengths of PINs, kinds of keys, attributes. Wrong PINs are shown only with --spend-tries.\nThe token must hold no object; all that is generated is destroyed again, and the token keeps the PINs that are given.", []func(*pflag.FlagSet, *options){probeFlags, stateFlags}, (*app).probe},
		{"ca", "cert|path", "the embedded CA for demos, labs and tests", "cert prints the certificate of the embedded CA as PEM, path the folder that it lives in.", []func(*pflag.FlagSet, *options){stateFlags}, (*app).ca},
		{"explain", "[WORD]", "tell what a word means", "Explains a keyword, a section, a value, a code, an operation of plans, a profile, a fact of profiles or a return value of PKCS#11.\nWithout a WORD it lists what can be explained.", []func(*pflag.FlagSet, *options){explainFlags}, (*app).explain},
		{"pack", "FILE.dsc [FILE…]", "make a .dsz of a description", "Packs a description, and files that go with it, into a .dsz. The same files give the same bytes.", []func(*pflag.FlagSet, *options){packFlags}, (*app).pack},
		{"unpack", "FILE.dsz", "take the files out of a .dsz", "Writes the files of a .dsz into a folder and overwrites nothing. The other commands read a .dsz as it is.", []func(*pflag.FlagSet, *options){unpackFlags}, (*app).unpack},
		{"lsp", "", "serve an editor", "The language server: serves one editor over the standard streams, by the Language Server Protocol. It loads no module and starts nothing.", []func(*pflag.FlagSet, *options){lspFlags}, (*app).lsp},
		{"completion", "bash|zsh|fish", "print the completion of a shell", "Prints a script with which bash, zsh or fish completes commands, flags and their values.\nFor bash: eval \"$(inscribe completion bash)\"; for fish: inscribe completion fish | source; for zsh: source <(inscribe completion zsh).", nil, (*app).completion},
		{"version", "", "print the version", "Prints the version of Inscribe and what it was built with.", nil, (*app).version},
	}
}

// options are the flags of all commands.
type options struct {
	color  string
	format string

	failOn       string
	strictVendor bool
	fix          bool
	unsafeFixes  bool

	list, write, diff bool

	output string
	force  bool

	out            string
	sign           string
	counterexample string
	description    string
	replay         string
	seed           string

	fields        []string
	fieldFiles    []string
	answers       []string
	allowLiterals bool

	station        string
	module         string
	profile        string
	token          string
	signatureToken string
	signaturePIN   string
	callTimeout    time.Duration
	allowSpy       bool

	state         string
	dryRun        bool
	yes           bool
	labCA         bool
	spendFinalTry bool
	abandon       bool
	existing      string
	events        string
	reportFile    string

	data, batch string
	wait        time.Duration
	maxFailures int

	public     bool
	pin, soPIN string
	spendTries bool
	name, init string

	listen string
}

func checkFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text, compact, json, sarif, github or junit")
	f.BoolVar(&o.strictVendor, "strict-vendor", false, "warn of keywords that only Inscribe has")
	f.StringVar(&o.failOn, "fail-on", "error", "least severity that gives exit code 1: error, warning, info or hint")
}

func planFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text, json, markdown or html")
	f.StringVar(&o.profile, "profile", "", "kind of token (wins over station.toml and inscribe.toml)")
	f.StringVar(&o.station, "station", "", "station file")
	f.StringVar(&o.existing, "existing", "refuse", "what is there under the same label: refuse, add or replace")
	f.StringVar(&o.out, "out", "", "save the plan to FILE, for apply")
	f.StringVar(&o.sign, "sign", "", "sign the saved plan with an Ed25519 or ECDSA key file (PEM)")
	f.StringVar(&o.counterexample, "counterexample", "", "save the first case in which the plan fails, for apply --dry-run --replay")
}

func valueFlags(f *pflag.FlagSet, o *options) {
	f.StringArrayVar(&o.fields, "field", nil, "NAME=VALUE; VALUE is env:VAR, file:PATH, fd:N, prompt, text:…, hex:…, base64:… or plain text")
	f.StringArrayVar(&o.fieldFiles, "fields", nil, "JSON file with an object of field values")
	f.BoolVar(&o.allowLiterals, "allow-literal-secrets", false, "accept secrets in the arguments, which every process can read")
}

func moduleFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.module, "module", "", "PKCS#11 module to load (wins over station.toml)")
	f.StringVar(&o.station, "station", "", "station file")
	f.DurationVar(&o.callTimeout, "call-timeout", 0, "deadline of one PKCS#11 call, as 30s or 5m (without it: by the kind of call)")
	f.BoolVar(&o.allowSpy, "allow-spy", false, "let PKCS11SPY* reach the module; a spy writes PINs")
}

func stateFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.state, "state", "", "state folder with journals and the embedded CA (default $XDG_STATE_HOME/inscribe)")
}

func applyFlags(f *pflag.FlagSet, o *options) {
	f.BoolVar(&o.dryRun, "dry-run", false, "run on a model token; nothing is touched")
	f.StringVar(&o.replay, "replay", "", "with --dry-run: run the case of a counterexample")
	f.StringVar(&o.seed, "seed", "", "with --dry-run: begin as the tokens are: plugged reads them, FILE is what inscribe tokens --format json wrote")
	f.StringVar(&o.description, "description", "", "the description of a saved plan (default: the file of its name beside the plan)")
	targetFlags(f, o)
	f.BoolVar(&o.yes, "yes", false, "do what destroys without asking")
	f.BoolVar(&o.labCA, "lab-ca", false, "let the embedded CA serve a token that is no software token")
	f.BoolVar(&o.abandon, "abandon", false, "give up an unfinished run of another plan on this token")
	f.StringVar(&o.events, "events", "", "write progress as JSON lines to FILE, or - for standard output")
	f.StringVar(&o.reportFile, "report", "", "write a report to FILE: a page where its name ends in .html, else JSON")
	stateFlags(f, o)
}

// pinFlags are for what takes a PIN without a description.
func pinFlags(f *pflag.FlagSet, o *options, what string) {
	f.StringVar(&o.pin, "pin", "", what+": env:VAR, file:PATH, fd:N or prompt")
	f.BoolVar(&o.allowLiterals, "allow-literal-secrets", false, "accept secrets in the arguments, which every process can read")
}

// targetFlags say which tokens are meant, and what is held to be in order there.
func targetFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.token, "token", "", "the token of the default slot: a label, a PKCS#11 URI, or fresh")
	f.StringVar(&o.signatureToken, "signature-token", "", "the token of the signature slot")
	f.StringVar(&o.profile, "profile", "", "kind of token (wins over station.toml and inscribe.toml)")
	f.StringArrayVar(&o.answers, "answer", nil, "KEYWORD=VALUE or KEYWORD.old=VALUE, for a dialog without a terminal")
	f.StringVar(&o.existing, "existing", "refuse", "what is there under the same label: refuse, add or replace")
	f.BoolVar(&o.spendFinalTry, "spend-final-try", false, "show a PIN or PUK although one more wrong one locks it")
}

func tokensFlags(f *pflag.FlagSet, o *options) {
	f.StringVar(&o.format, "format", "text", "text or json")
	f.StringVar(&o.token, "token", "", "the tokens that are meant: a label, a PKCS#11 URI, or fresh")
	pinFlags(f, o, "the user PIN of that one token, to see its private objects")
	f.BoolVar(&o.spendFinalTry, "spend-final-try", false, "show a PIN or PUK although one more wrong one locks it")
	stateFlags(f, o)
}

// flagSet makes the flags of a command.
func (c *command) flagSet(o *options) *pflag.FlagSet {
	f := pflag.NewFlagSet("inscribe "+c.name, pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	for _, add := range c.flags {
		add(f, o)
	}
	f.StringVar(&o.color, "color", "auto", "auto, always or never")
	return f
}

func (a *app) dispatch(args []string) error {
	if len(args) == 0 {
		a.usage(a.stderr)
		return &exitError{code: exitUsage}
	}
	switch args[0] {
	case "help", "--help", "-h":
		if len(args) > 1 {
			if c := find(args[1]); c != nil {
				a.help(c)
				return nil
			}
			return unknownCommand(args[1])
		}
		a.usage(a.stdout)
		return nil
	case "--version":
		return a.version(nil)
	}
	c := find(args[0])
	if c == nil {
		return unknownCommand(args[0])
	}
	f := c.flagSet(&a.opts)
	if err := f.Parse(args[1:]); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			a.help(c)
			return nil
		}
		return usagef("%s: %w; inscribe %s --help lists the flags", c.name, err, c.name)
	}
	if f.Changed("call-timeout") && a.opts.callTimeout <= 0 {
		return usagef("--call-timeout is %v; give more than nothing, as 30s or 5m, or leave it out for the deadlines by the kind of call", a.opts.callTimeout)
	}
	switch a.opts.color {
	case "auto", "always", "never":
	default:
		return usagef("--color is %q; it can be auto, always or never", a.opts.color)
	}
	if err := a.oneReader(f.Args()); err != nil {
		return err
	}
	if err := a.apart(c, f.Args()); err != nil {
		return err
	}
	return c.run(a, f.Args())
}

func unknownCommand(name string) error {
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return usagef("there is no command %q; is it %s?", name, near)
	}
	return usagef("there is no command %q; inscribe help lists them", name)
}

func find(name string) *command {
	for i := range commands {
		if commands[i].name == name {
			return &commands[i]
		}
	}
	return nil
}

func (a *app) usage(w io.Writer) {
	fmt.Fprint(w, "Inscribe checks, plans and executes encoding descriptions for smart cards and tokens.\n\nUsage: inscribe COMMAND [flags] [arguments]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-22s %s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	fmt.Fprint(w, "\ninscribe COMMAND --help tells more.\nExit codes: 0 fine, 1 findings, 2 usage, 3 I/O or internal, 4 refused before anything was tried, 5 module, token or CA failed or an interrupt, 6 batch finished with rows that failed or are left.\n")
}

func (a *app) help(c *command) {
	fmt.Fprintf(a.stdout, "Usage: inscribe %s\n\n%s\n\nFlags:\n%s", strings.TrimSpace(c.name+" [flags] "+c.args), c.long, c.flagSet(&options{}).FlagUsagesWrapped(100))
}

// one wants a single argument.
func one(args []string, what string) (string, error) {
	if len(args) != 1 {
		return "", usagef("give one %s; there are %d", what, len(args))
	}
	return args[0], nil
}
