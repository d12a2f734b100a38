package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"inscribe/ast"
	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/config"
	"inscribe/lsp/protocol"
)

// offered are the completions at the mark of a text, as a client with snippets gets
// them, and the description without the mark.
func offered(t testing.TB, marked string, cfg *configFile) (*document, []protocol.CompletionItem) {
	t.Helper()
	text, places := cut(marked)
	if len(places) != 1 {
		t.Fatalf("%d marks in %q", len(places), marked)
	}
	var can protocol.ClientCapabilities
	if err := json.Unmarshal([]byte(rich), &can); err != nil {
		t.Fatal(err)
	}
	d := newDocument(docURI, nil, parse("a.dsc", text), protocol.UTF16, cfg)
	c := &call{state: &state{client: &can, encoding: protocol.UTF16}, doc: d}
	got, err := c.completion(context.Background(), &protocol.CompletionParams{TextDocumentPositionParams: at(places[0])})
	if err != nil {
		t.Fatal(err)
	}
	return d, got.(protocol.CompletionList).Items
}

var (
	tabStop = regexp.MustCompile(`\$\{\d+:((?:[^}\\]|\\.)*)\}|\$\d+`)
	choice  = regexp.MustCompile(`\$\{\d+\|([^}]*)\|\}`)
	escaped = regexp.MustCompile(`\\(.)`)
)

// choices are a snippet with each value of its choices.
func choices(snippet string) (out []string) {
	m := choice.FindStringSubmatchIndex(snippet)
	if m == nil {
		return []string{snippet}
	}
	for _, one := range strings.Split(strings.ReplaceAll(snippet[m[2]:m[3]], `\,`, "\x00"), ",") {
		out = append(out, choices(snippet[:m[0]]+strings.ReplaceAll(one, "\x00", ",")+snippet[m[1]:])...)
	}
	return out
}

// accepted are the texts that an item can make of a description: one for each choice of its
// snippet, with the defaults of the placeholders.
func accepted(d *document, item protocol.CompletionItem) []string {
	inserts := []string{item.TextEdit.NewText}
	if item.InsertTextFormat == protocol.SnippetFormat {
		plain := func(s string) string { return escaped.ReplaceAllString(tabStop.ReplaceAllString(s, "$1"), "$1") }
		inserts = choices(item.TextEdit.NewText)
		for i, s := range inserts {
			inserts[i] = plain(s)
		}
	}
	span, text := d.mapper.span(item.TextEdit.Range), d.file().Text
	for i, s := range inserts {
		inserts[i] = text[:span.Start] + s + text[span.End:]
	}
	return inserts
}

// strictProject has templates with fields and a policy.
const strictProject = `[certificate.logon]
subject = "CN={COMMON_NAME}"
email = "{EMAIL}"
key-usage = ["digitalSignature"]
[certificate.authTemplate]
subject = "CN=x"
key-usage = ["digitalSignature"]
[certificate.leaky]
subject = "CN={PIN_FIELD}"
key-usage = ["digitalSignature"]

[[keyword]]
name = "LoginPIN"
section = "Description"
like = "PIN"
doc = "The same as PIN."

[policy]
rsa-min = 3072
curves = ["P-384"]
libraries = ["your*"]
forbid-init-token = true
`

func configOf(t testing.TB, text string) *configFile {
	t.Helper()
	cfg, err := config.Parse(root+"/inscribe.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &configFile{path: root + "/inscribe.toml", text: text, config: cfg}
}

// TestOffers looks for what must be offered and for what is not legal where it stands.
func TestOffers(t *testing.T) {
	const head = "[Encoding]\nType=1024,Chip\nDevices=8710\n"
	stripe := "[Encoding]\nType=2,Magstripe\n[Application_2]\nADR_00000=a,b\n‸\n"
	inDescription := head + "[Fields]\nP=\nU=\n[Description]\nPKCS11Library=your.dll\n"
	inApplication := head + "[Fields]\nC=\nLOC=\nDAT=\nLAB=\nFREE=\n[Description]\nPKCS11Library=your.dll\n[Application_A]\n"
	template := head + "[Fields]\n‸\n[Description]\nPKCS11Library=your.dll\nApplicationList=A\n[Application_A]\nKeySize=3072\nCertTempl=logon\n"
	for _, c := range []struct {
		name, text, toml string
		has, not         []string
	}{
		{"fields of a template", template, strictProject, []string{"COMMON_NAME", "EMAIL"}, []string{"logon"}},
		{"the next address line", stripe, "", []string{"ADR_00001", "Track"}, []string{"ADR_00000", "KeySizes"}},
		{"the number of an address line", "[Encoding]\nType=2,Magstripe\n[Application_2]\nAD‸R_00000=a,b\n", "", []string{"ADR_00000"}, nil},
		{"one job", inApplication + "KeySize=3072\nCertTempl=x\n‸\n", "", []string{"KeyLabel", "Location"}, []string{"BlockCard", "WriteCertificate", "WriteCertKeyList", "DataObject"}},
		{"a job that is off", inApplication + "BlockCard=false\n‸\n", "", []string{"CertTempl", "WriteCertificate"}, nil},
		{"what a kind of key takes", inApplication + "KeySize=3072\nCertTempl=x\nKeyType=‸\n", "", []string{"RSA"}, []string{"EC"}},
		{"RetrieveAllTokens is alone", inDescription + "RetrieveAllTokens=true\n‸\n", "", []string{"AllTokensIccsnsField", "UseICCSNwithATR", "PKCS11LibraryLinux"}, []string{"PIN", "SetPIN", "ApplicationList", "ClearFields"}},
		{"nothing beside it", inDescription + "SetPIN=true\n‸\n", "", []string{"PIN"}, []string{"RetrieveAllTokens"}},
		{"a synonym of the project", inDescription + "LoginPIN=P\n‸\n", strictProject, []string{"SetPIN"}, []string{"PIN", "LoginPIN", "InitToken"}},
		{"a new PIN", inDescription + "SetPIN=true\nInitialPUK=U\nPIN=‸\n", "", []string{"!FROM_USER_DIALOG_2_FIELD", "!FROM_PROTECTED_AUTHENTICATION_PATH", "P"}, []string{"!FROM_USER_DIALOG_1_FIELD", "!FROM_USER_DIALOG_3_FIELD", "U_"}},
		{"an authority beside another", inDescription + "SetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n‸\n", "", []string{"PUK"}, []string{"InitialPUK"}},
		{"a letter beside others that are wrong", strings.Replace(good, "List=AB", "List=X,A,A‸", 1), "", []string{"B"}, nil},
		{"letters before the last", strings.Replace(good, "List=AB", "List=A‸", 1) + "BlockCard=true\n", "", []string{"B"}, nil},
		{"no letter behind the last", strings.Replace(strings.Replace(good, "List=AB", "List=B‸", 1), "Location=#Signature", "", 1) + "[Application_C]\nBlockCard=true\n", "", []string{"A", "C", "AC"}, nil},
		{"nothing runs behind a block", strings.Replace(good, "List=AB", "List=C‸", 1) + "[Application_C]\nBlockCard=true\n", "", []string{"B"}, []string{"A", "AB"}},
		{"letters of sections", inDescription + "ApplicationList=B, C,b\n[‸", "", []string{"[Application_B]", "[Application_C]", "[Application_A]"}, []string{"[Application_,]", "[Application_ ]", "[Application_b]"}},
		{"fields of a label", inApplication + "Location=LOC\nDataObject=DAT\nKeyLabel=LAB\nLabelExpressionDataObject=‸\n", "", []string{"!{LAB}", "!{FREE}"}, []string{"!{LOC}", "!{DAT}"}},
		{"a line does not speak for itself", inApplication + "WriteCertificate=true\nLocation=C‸\nCertificate=C\n", "", []string{"FREE"}, []string{"C"}},
		{"nor against itself", inApplication + "WriteCertificate=true\nLocation=C\nCertificate=‸\n[Application_B]\nLocation=LOC\n", "", []string{"FREE"}, []string{"C", "LOC"}},
		{"and takes its own type along", inApplication + "WriteCertificate=true\nCertificate=C‸\n", "", []string{"C", "FREE", "LOC"}, nil},
		{"attributes that the text has not", inApplication + "DataObject=DAT\nAttributesDataObject=CKA_PRI‸VATE=TRUE,CKA_OBJECT_ID=1.2\n", "", []string{"CKA_PRIVATE=", "CKA_COPYABLE="}, []string{"CKA_OBJECT_ID=", "CKA_APPLICATION="}},
		{"attributes before another", inApplication + "AttributesDataObject=CKA_PRIVATE=TRUE,‸CKA_OBJECT_ID=1.2\n", "", []string{"CKA_OBJECT_ID="}, []string{"CKA_COPYABLE=", "CKA_PRIVATE="}},
		{"nothing in quotation marks", inApplication + "AttributesDataObject=CKA_APPLICATION=\"a,‸b\"\n", "", nil, []string{"CKA_PRIVATE=", "TRUE", `"…"`}},
		{"nothing in a call", head + "[Fields]\nN=Format(F‸\n", "", nil, []string{"Format(…)"}},
		{"a term of a binding", head + "[Fields]\nN=\"a+b\"+F‸\n", "", []string{"Format(…)"}, nil},
		{"sizes of the policy", inApplication + "CertTempl=x\nKeySize=‸\n", strictProject, []string{"3072", "4096"}, []string{"2048"}},
		{"libraries of the policy", head + "[Description]\nPKCS11Library=‸\n", strictProject, nil, []string{"cvP11.dll"}},
		{"templates without a secret", head + "[Fields]\nPIN_FIELD=\n[Description]\nPIN=PIN_FIELD\nApplicationList=A\n[Application_A]\nCertTempl=‸\n", strictProject, []string{"authTemplate", "logon"}, []string{"leaky"}},
		{"a keyword for the value", inApplication + "Loc‸=LOC\nWriteCertificate=true\n", "", []string{"Location", "Certificate", "KeyLabel"}, []string{"KeySize", "KeyType", "WriteCertKeyList"}},
		{"no header above entries", inDescription + "‸\nPIN=P\n", "", []string{"SetPIN"}, []string{"[Application_A]", "PIN"}},
		{"the header of the entries below", head + "[Fields]\nA=\n‸\nPIN=A\n", "", []string{"[Description]"}, []string{"[Application_A]"}},
		{"a header of the same kind", head + "[Fields‸]\nA=\n", "", []string{"[Fields]"}, []string{"[Description]", "[Application_A]"}},
		{"a field over the column of a secret", head + "[Fields]\nP=Field1\nQ=Field1\nR=Field2\n[Description]\nPIN=P\n[Application_A]\nKeyLabel=‸\n", "", []string{"R"}, []string{"P", "Q"}},
		{"a secret over a column that is shown", head + "[Fields]\nP=Field1\nQ=Field1\nR=Field2\n[Description]\nPIN=‸\n[Application_A]\nKeyLabel=Q\n", "", []string{"R"}, []string{"P", "Q"}},
		{"a field that the run fills", inDescription + "RetrieveAllTokens=true\nAllTokensIccsnsField=‸\n[Application_A]\nKeyLabel=U\n", "", []string{"P"}, []string{"U"}},
		{"no field for two things", head + "[Fields]\n‸\n[Description]\nPIN=P\nApplicationList=AB\n[Application_A]\nWriteCertificate=true\nCertificate=X\n[Application_B]\nDataObject=Y\nKeyLabel=x\nLocation=Z\n" +
			"LabelExpressionDataObject=!{X} !{P} !{F} !{z}\n", "", []string{"Y", "F"}, []string{"X", "P", "Z", "z"}},
		{"nor over the column of a secret", head + "[Fields]\nS=Field1\nOL‸D=Field1\n[Description]\nPIN=S\n[Application_A]\nKeyLabel=L\nLocation=O\n", "", []string{"O"}, []string{"L"}},
		{"a section that stands twice", inApplication + "KeySize=3072\n[Application_A]\nCertTempl=x\n‸\n", "", []string{"KeySize"}, []string{"BlockCard", "CertTempl"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, items := offered(t, c.text, configOf(t, c.toml))
			got := labels(protocol.CompletionList{Items: items})
			for _, want := range c.has {
				if !slices.Contains(got, want) {
					t.Errorf("%q is missing in %q", want, got)
				}
			}
			for _, bad := range c.not {
				if slices.Contains(got, bad) {
					t.Errorf("%q is in %q", bad, got)
				}
			}
		})
	}
}

// TestAcceptedText wants an item to take the place of what stands at the cursor.
func TestAcceptedText(t *testing.T) {
	for _, c := range []struct{ line, label, want string }{
		{"[Fields]\nNUM=Form‸", "Format(…)", `NUM=Format(Field21,"000000")`},
		{"[Fields]\nNUM=For‸(Field21,\"000\")", "Format(…)", `NUM=Format(Field21,"000")`},
		{"[Fields]\nNUM=\"a\" + ‸ + Field2", "Format(…)", `NUM="a" + Format(Field21,"000000") + Field2`},
		{"[Fields]\nNUM=\"a\"+Fo‸rm+Field2", "Format(…)", `NUM="a"+Format(Field21,"000000")+Field2`},
		{"[Application_A]\nAttributesDataObject=CKA_PRIVATE=T‸RUE", "FALSE", "AttributesDataObject=CKA_PRIVATE=FALSE"},
		{"[Application_A]\nAttributesDataObject=CKA_PRI‸VATE=TRUE", "CKA_COPYABLE=", "AttributesDataObject=CKA_COPYABLE=TRUE"},
		{"[Application_A]\nAttributesDataObject=CKA_PRIVATE = ‸TRUE , CKA_COPYABLE=TRUE", "FALSE", "AttributesDataObject=CKA_PRIVATE = FALSE , CKA_COPYABLE=TRUE"},
		{"[Application_A]\nAttributesDataObject=CKA_APPLICATION=\"a,b\", CKA_O‸", "CKA_OBJECT_ID=", `AttributesDataObject=CKA_APPLICATION="a,b", CKA_OBJECT_ID=1.2.3`},
		{"[Application_A]\nAttributesDataObject=‸", "CKA_APPLICATION=", `AttributesDataObject=CKA_APPLICATION="text"`},
		{"[Application_A]\nAttributesDataObject=CKA_APPLICATION=‸,CKA_PRIVATE=TRUE", `"…"`, `AttributesDataObject=CKA_APPLICATION="text",CKA_PRIVATE=TRUE`},
		{"[Encoding]\nType=2,Magstripe\n[Application_A]\nADR_00000=x\nADR_00001=x\nAD‸", "ADR_00002", "ADR_00002="},
		{"[Application_A]\nKeyType=EC\nEC‸", "ECCurve", "ECCurve=P-384"},
		{"[Description]\nSignPIN=#1234567\nSign‸", "SignPin_Validation", "SignPin_Validation=reg_exp([0-9]{6,})"},
		{"[Description]\nSignPIN=#1234\nSign‸", "SignPin_Validation", "SignPin_Validation="},
		{"[Description]\nApplicationList=X\n[App‸", "[Application_X]", "[Application_X]¶KeySize=3072¶CertTempl=authTemplate¶"},
		{"[Encoding]\nType=2,Magstripe\n[App‸", "[Application_A]", "[Application_A]¶Track=1¶"},
		{"[Fields]\nU=\n[Description]\nSetPIN=true\nInitialP‸ U", "InitialPUK", "InitialPUK=U"},
		{"[Description]\nInitialL‸# of the old cards", "InitialLabel", ""},
		{"[Description]\nInitialL‸[Application_A]", "InitialLabel", ""},
		{"[Description]\n‸# of the old cards", "InitialLabel", ""},
		{"[Description]\nNonsense=1\n#‸ an old name", "inscribe:ignore signature-pin-missing", ""},
		{"[Description]\n#‸ an old name\nNonsense=1", "inscribe:ignore unknown-keyword", "#inscribe:ignore unknown-keyword an old name¶Nonsense=1"},
		{"[Encoding]\n[Des‸", "[Description]", "[Description]¶PKCS11Library=yourMiddleware.dll¶"},
	} {
		d, items := offered(t, c.line, configOf(t, strictProject))
		i := slices.IndexFunc(items, func(i protocol.CompletionItem) bool { return i.Label == c.label })
		if i < 0 {
			if c.want == "" {
				continue
			}
			t.Errorf("%q: no %s in %q", c.line, c.label, labels(protocol.CompletionList{Items: items}))
			continue
		}
		got := accepted(d, items[i])[0]
		before, _, _ := strings.Cut(c.line, mark)
		got = strings.ReplaceAll(got[strings.LastIndexByte(before, '\n')+1:], "\n", "¶")
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.line, got, c.want)
		}
	}
}

// stillToWrite are the codes that ask for what another line will bring, or say that it
// has not come yet.
var stillToWrite = []diag.Code{diag.MissingKeyword, diag.PINMissing, diag.SignaturePINMissing, diag.MissingApplication, diag.MissingSection}

// errorsOf counts the errors of a text by what they say. Those that have their fix on
// another line than that of the offset are left out.
func errorsOf(p *check.Program, offset int) map[string]int {
	out := map[string]int{}
	for _, d := range p.Diagnostics {
		switch {
		case d.Severity != diag.Error, slices.Contains(stillToWrite, d.Code), strings.HasSuffix(d.Message, " is empty"),
			d.Code == diag.UndefinedField && strings.HasPrefix(d.Message, "the template "):
		case offset >= 0 && len(d.Fixes) > 0 && p.File.Table().Line(d.Span.Start) != p.File.Table().Line(offset):
		default:
			out[fmt.Sprintf("%s: %s", d.Code, d.Message)]++
		}
	}
	return out
}

// halfWritten gives texts with a mark for a line of a description: as it is, with a
// half of it, and without it.
func halfWritten(l ast.Line, text string) []string {
	before, line, after := text[:l.Span.Start], text[l.Span.Start:l.Span.End], text[l.Span.End:]
	out := []string{before + mark + "\n" + line + after, before + mark + after, before + line + "\n" + mark + after}
	if l.Kind == ast.Header {
		return append(out[1:2:2], before+line[:len(line)-1]+mark+"]"+after)
	}
	if l.Kind != ast.Entry {
		return out
	}
	name, value := text[l.Name.Start:l.Name.End], text[l.Value.Start:l.Value.End]
	half := func(s string) (string, string) { i := len(s) / 2; return s[:i], s[i:] }
	n, ame := half(name)
	v, alue := half(value)
	return append(out, before+n+mark+after, before+n+mark+ame+"="+value+after, before+n+mark+"="+after,
		before+name+"="+mark+after, before+name+"="+v+mark+after, before+name+"="+v+mark+alue+after, before+name+"="+value+mark+after)
}

// several has what the examples have not: fixed PINs, right-hand sides of fields, jobs of
// each kind, and a section that stands twice.
const several = `[Encoding]
Type=1024,Chip
Devices=8710
[Fields]
COMMON_NAME=Field1
EMAIL="a+b"+Format(Field2,"00")
LIST=
TEXT=Field2
[Description]
PKCS11Library=yourMiddleware.dll
PIN=#987654
SignPIN=#1234
InitialSignPUK=LIST
SetPIN=true
ApplicationList=CBA
ClearFields=LIST, TEXT
[Application_A]
KeyType=EC
ECCurve=P-384
CertTempl=logon
KeyLabel=TEXT
[Application_B]
DataObject=EMAIL
LabelExpressionDataObject=for !{TEXT} and !{COMMON_NAME}
AttributesDataObject=CKA_APPLICATION="a,b", CKA_PRIVATE=TRUE
[Application_C]
WriteCertKeyList=true
CertKeyList=LIST
[Application_B]
KeySize=3072
`

// kinds has lines of each kind, whole, begun and indented.
const kinds = `# of the file
Enc# for a smart card
[Encoding]
Type=1024,Chip
  ; an old comment
Dev # more
Mess[Fields]
[Fields]
PIN_FIELD=
COMMON_NAME
^ENCRYPTED
Clear# what this is for
[Description] 
  # inscribe:ignore missing-keyword of the vendor
	PKCS11Library=your.dll
PIN PIN_FIELD
Set PIN=true
Initial PUK PIN_FIELD
Appli=r
[Appli
[Application_A] # the first
=r
[x
Sign^ENCRYPTED
[Application_A]
 ^ no encrypted line
KeySize
CertTempl = logon
#
# ins
#inscribe:ignore
Key
`

// everyColumn gives a text with a mark at every place.
func everyColumn(text string) (out []string) {
	for i := range text {
		if !strings.HasPrefix(text[i:], "\n") || !strings.HasSuffix(text[:i], "\r") {
			out = append(out, text[:i]+mark+text[i:])
		}
	}
	return append(out, text+mark)
}

// swallows says what an offer takes away beside the word at the cursor.
func swallows(d *document, item protocol.CompletionItem, offset int) string {
	span, at := d.mapper.span(item.TextEdit.Range), d.cursor(offset)
	line, text := at.line, d.file().Text
	first := line.Span.Start + len(text[line.Span.Start:line.Span.End]) - len(strings.TrimLeft(text[line.Span.Start:line.Span.End], " \t"))
	behind := strings.Trim(text[offset:max(offset, span.End)], " \t")
	switch {
	case span.Start < line.Span.Start || span.End > max(offset, line.Span.End) || offset < span.Start || offset > span.End:
		return "another line"
	case line.Kind == ast.Encrypted:
		return "an encrypted line"
	case (line.Kind == ast.Comment || line.Kind == ast.Header) && offset <= first:
		return line.Kind.String() + " behind the cursor"
	case line.Kind == ast.Comment && strings.ContainsAny(behind, " \t#;"),
		line.Kind == ast.Junk && strings.ContainsAny(behind, " \t=#;[]"),
		line.Kind == ast.Entry && offset <= line.Name.End && span.End > line.Name.End:
		return behind
	}
	return ""
}

// TestOffersLeaveTheRest wants an offer to take the place of the word at the cursor and of
// nothing else, wherever that stands.
func TestOffersLeaveTheRest(t *testing.T) {
	tried := 0
	for _, text := range []string{kinds, good, several, strings.ReplaceAll(kinds, "\n", "\r\n")} {
		for _, marked := range everyColumn(text) {
			offset := strings.Index(marked, mark)
			d, items := offered(t, marked, configOf(t, strictProject))
			for _, item := range items {
				tried++
				if lost := swallows(d, item, offset); lost != "" {
					line, _, _ := strings.Cut(marked[strings.LastIndexByte(marked[:offset], '\n')+1:], "\n")
					t.Errorf("%s at %q takes away: %s", item.Label, line, lost)
				}
			}
		}
	}
	if tried < 5000 {
		t.Errorf("only %d tried", tried)
	}
}

// TestNoOfferIsAnError accepts everything that is offered at many places of the
// examples and of halves of them, and at all places of two others: none of it adds an
// error, beside those that say that something is still to be written.
func TestNoOfferIsAnError(t *testing.T) {
	files, err := filepath.Glob("../testdata/examples/*.dsc")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	texts := map[string]string{"good": good, "wrong location": wrongLocation, "several": several, "kinds": kinds}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(f)] = string(raw)
	}
	tried := 0
	for _, toml := range []string{"", strictProject} {
		cfg := configOf(t, toml)
		for name, text := range texts {
			tree := parse(name, text)
			whole := errorsOf(check.Check(tree.file, cfg.settings()), -1)
			for _, l := range tree.lines {
				for _, marked := range halfWritten(l, text) {
					tried += noOfferIsAnError(t, name, marked, whole, cfg)
				}
			}
			if toml != "" && (name == "several" || name == "kinds") {
				for _, marked := range everyColumn(text) {
					tried += noOfferIsAnError(t, name, marked, whole, cfg)
				}
			}
		}
	}
	if t.Logf("%d tried", tried); tried < 10000 {
		t.Errorf("only %d tried", tried)
	}
}

// noOfferIsAnError accepts what is offered at the mark. What the whole description had,
// too, was there before.
func noOfferIsAnError(t *testing.T, name, marked string, whole map[string]int, cfg *configFile) (tried int) {
	t.Helper()
	d, items := offered(t, marked, cfg)
	seen := map[string]bool{}
	before := errorsOf(d.program(), -1)
	for e, n := range whole {
		before[e] = max(before[e], n)
	}
	for _, item := range items {
		if strings.HasPrefix(item.Detail, "a smart card") || strings.HasPrefix(item.Detail, "a magnetic") {
			continue // what a description is for is a person's choice
		}
		for _, after := range accepted(d, item) {
			if seen[after] {
				continue
			}
			seen[after] = true
			tried++
			for e, n := range errorsOf(check.Check(parse(name, after).file, cfg.settings()), strings.Index(marked, mark)) {
				if n > before[e] {
					i := strings.Index(marked, mark)
					line := marked[strings.LastIndexByte(marked[:i], '\n')+1:]
					line, _, _ = strings.Cut(line, "\n")
					t.Errorf("%s: %q at %q: %s", name, item.Label, line, e)
				}
			}
		}
	}
	return tried
}
