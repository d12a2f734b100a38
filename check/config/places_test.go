//go:build !js

package config

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFaultsOfTemplates wants a place, a cause and a way out for each fault that
// would show only when a certificate is asked for.
func TestFaultsOfTemplates(t *testing.T) {
	const head = "# templates\n[certificate.logon]\n"
	rest := map[string]string{"subject": `subject = "CN={NAME}"`, "key-usage": `key-usage = ["digitalSignature"]`}
	for name, c := range map[string]struct{ key, line, want string }{
		"brace":               {"subject", `subject = "garbage{"`, "3:1: [certificate.logon]: the subject has a part without TYPE="},
		"open brace":          {"subject", `subject = "CN={NAME"`, "3:1: [certificate.logon]: a { in the pattern has no }"},
		"no subject":          {"subject", "", "2:2: [certificate.logon]: the subject is empty; give the template a subject such as"},
		"unknown attribute":   {"subject", `subject = "CM={NAME}"`, "did you mean CN?"},
		"no field":            {"subject", `subject = "CN={A B}"`, "{A B} in the pattern does not name a field; write {NAME}"},
		"misspelt fact":       {"subject", `subject = "CN={token.seral}"`, "{token.seral} is no field; did you mean token.serial?"},
		"country":             {"subject", `subject = "CN={NAME},C=Germany"`, "C of the subject has 7 characters, at most 2"},
		"empty attribute":     {"subject", `subject = "CN={NAME},O="`, "O of the subject is empty"},
		"key usage":           {"key-usage", `key-usage = ["nonRepudiation", "digitalSignatur"]`, `4:32: [certificate.logon]: "digitalSignatur" is no key usage; did you mean digitalSignature? (known are`},
		"no key usage":        {"key-usage", "", "2:2: [certificate.logon]: the template names no key usage; name the key usages"},
		"key usage of a CA":   {"key-usage", `key-usage = ["keyCertSign"]`, "is for a CA and not for a card"},
		"decipherOnly alone":  {"key-usage", `key-usage = ["decipherOnly"]`, "4:1: [certificate.logon]: encipherOnly and decipherOnly mean nothing"},
		"purpose":             {"x", `extended-key-usage = ["clientAut"]`, `5:23: [certificate.logon]: "clientAut" is no extended key usage; did you mean clientAuth?`},
		"purpose in numbers":  {"x", `extended-key-usage = ["1.3.6.1.x"]`, "is no extended key usage; known are"},
		"validity":            {"x", "validity-days = -3", "5:1: [certificate.logon]: validity-days is negative; leave it out"},
		"policy":              {"x", `policies = ["1.3.6.1.4.1.99999.1", "1.3.6.1..1"]`, `5:36: [certificate.logon]: policy "1.3.6.1..1" is no object identifier; write it as`},
		"second arc":          {"x", `policies = ["1.40.1"]`, "is no object identifier"},
		"e-mail":              {"x", `email = "{NAME} at example.org"`, `5:1: [certificate.logon]: the pattern "{NAME} at example.org" does not give a valid e-mail address`},
		"constant e-mail":     {"x", `email = "nobody"`, "does not give a valid e-mail address"},
		"DNS":                 {"x", `dns = "{NAME}@example.org"`, "does not give a valid DNS name"},
		"UPN":                 {"x", `upn = "{NAME}@{REALM}@x"`, "does not give a valid UPN"},
		"brace in a SAN":      {"x", `upn = "x}@y"`, "a } in the pattern has no {"},
		"misspelt fact in it": {"x", `dns = "{token.lable}.example.org"`, "did you mean token.label?"},
		"validity as text":    {"x", `validity-days = "730"`, `5:17: certificate.logon.validity-days is a text; it takes a whole number without quotes`},
		"usage as text":       {"key-usage", `key-usage = "digitalSignature"`, `4:13: certificate.logon.key-usage is a text; it takes a list of texts, as ["…"]`},
		"number in a list":    {"key-usage", `key-usage = [1]`, `4:14: certificate.logon.key-usage.0 is a number; it takes a text in quotes`},
		"unknown key":         {"x", `validty-days = 3`, "5:1: unknown key certificate.logon.validty-days; did you mean validity-days?"},
		"far key":             {"x", `colour = 3`, "unknown key certificate.logon.colour; there are ca, subject, email"},
	} {
		lines := []string{rest["subject"], rest["key-usage"]}
		switch c.key {
		case "subject":
			lines[0] = c.line
		case "key-usage":
			lines[1] = c.line
		default:
			lines = append(lines, c.line)
		}
		_, err := Parse("inscribe.toml", []byte(head+strings.Join(lines, "\n")+"\n"))
		if err == nil || !strings.Contains(err.Error(), "inscribe.toml:") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
	}
}

// TestPatternsThatMayBeRight has templates of which some value of their fields gives
// a certificate.
func TestPatternsThatMayBeRight(t *testing.T) {
	for _, lines := range []string{
		`subject = "CN={COMMON_NAME} {x.y},C={COUNTRY},O=Ex\\, ample \\{x\\}"`,
		`subject = "CN={a-b}+UID={ä},2.5.4.5={template}"` + "\n" + `email = "{MAIL}"` + "\ndns = \"{template}.example.org\"\nupn = \"{USER}@{token.label}\"",
		`subject = "CN=x"` + "\n" + `email = "{A}{B}"` + "\n" + `policies = ["2.25.329800735698586629295641978511506172918", "1.3"]` + "\n" + `extended-key-usage = ["OID.1.3.6.1.5.5.7.3.2", "smartcardLogon"]`,
		`subject = "CN=x"` + "\nvalidity-days = 0\nemail = \"\"",
	} {
		if _, err := Parse("inscribe.toml", []byte("[certificate.t]\nkey-usage = [\"keyAgreement\", \"encipherOnly\"]\n"+lines+"\n")); err != nil {
			t.Errorf("%s: %v", lines, err)
		}
	}
}

// TestPlaces has faults of the other tables, and keys in unusual forms.
func TestPlaces(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"code":             {"[severity]\nweak-key = \"off\"\nunused-feld = \"off\"\n", `inscribe.toml:3:1: [severity]: there is no code "unused-feld"; did you mean unused-field?`},
		"dotted":           {"severity.weak-key = \"loud\"\n", `inscribe.toml:1:1: [severity]: weak-key is "loud"`},
		"keyword":          {"[[keyword]]\nname = \"A\"\nsection = \"Application\"\nkind = \"text\"\n[[keyword]]\nname = \"B\"\nsection = \"Application\"\n", "inscribe.toml:5:3: [[keyword]] number 2"},
		"middleware":       {"[middleware.\"x.dll\"]\nprofile = \"softhms\"\n", `inscribe.toml:2:1: [middleware."x.dll"]: there is no profile "softhms"; did you mean softhsm?`},
		"profile":          {"[profile.mine]\ninherits = \"nobody\"\n", "inscribe.toml:1:2: [profile.mine]: "},
		"inline table":     {"certificate = { x = { subject = \"CN=a\", key-usage = [\"digitalSignature\", \"foo\"] } }\n", "inscribe.toml:1:74: [certificate.x]: \"foo\" is no key usage"},
		"any case":         {"[certificate.x]\nSubject = \"x{\"\nkey-usage = [\"digitalSignature\"]\n", "inscribe.toml:2:1: "},
		"quoted":           {"[certificate.\"a.b\"]\n\"subject\" = \"x{\"\nkey-usage = [\"digitalSignature\"]\n", "inscribe.toml:2:1: "},
		"unknown table":    {"[polcy]\nrsa-min = 1\n", "inscribe.toml:1:2: unknown key polcy; did you mean policy?"},
		"unknown in list":  {"[[keyword]]\nnmae = \"x\"\n", "inscribe.toml:2:1: unknown key keyword.nmae; did you mean name?"},
		"unknown fact key": {"[profile.x.fact.pin-min]\nsorce = \"x\"\n", "did you mean source?"},
		"wrong table":      {"policy = 3\n", "inscribe.toml:1:10: policy is a number; it takes a table of keys"},
		"wrong list":       {"[policy]\ncurves = true\n", "inscribe.toml:2:10: policy.curves is true or false; it takes a list of texts"},
		"table for text":   {"[certificate.x.subject]\na = 1\n", "certificate.x.subject"},
	} {
		_, err := Parse("inscribe.toml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v does not hold %q", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "struct") || strings.Contains(err.Error(), "config.") || strings.Contains(err.Error(), "reflect")) {
			t.Errorf("%s: %v speaks of Go", name, err)
		}
	}
}

// TestTablesAroundSlips finds tables behind what is no TOML, and none in the texts and
// comments there.
func TestTablesAroundSlips(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"value":      {"[certificate.a]\nsubject = CN\n[certificate.b]\n[middleware.\"x.dll\"]\nprofile =\n# [certificate.c]\n[certificate.d]\n", "a1 b3 d7 x.dll4"},
		"header":     {"[severity\nx = 1\ncertificate.no = {}\n[certificate.b]\n", "b4"},
		"root":       {"x = \ncertificate.a.subject = \"CN=x\"\n[certificate.b]\n", "a2 b3"},
		"inline":     {"[certificate]\na = { subject = \"x }\nb = { subject = \"CN=x\" }\n", "b3"},
		"list":       {"[policy]\ncurves = [\n\"P-256\",\nx\n]\n[certificate.b]\n", "b6"},
		"text":       {"[certificate.a]\nsubject = \"\"\"\nbad \\q\n[certificate.no]\n\"\"\"\n[certificate.b]\n", "a1 b6"},
		"plain text": {"x =\n[certificate.a]\nsubject = '''\n[certificate.no]\n'''\n[certificate.b]\n", "a2 b6"},
		"no end":     {"[certificate.a]\nsubject = \"\"\"\nx\n[certificate.b]\n", "a1 b4"},
		"twice":      {"x =\n[certificate.a]\ny =\n[certificate.a]\n", "a2"},
		"last line":  {"[certificate.a]\nsubject = \"CN=x\n[certificate.b]\nca", "a1 b3"},
		"CRLF":       {"x =\r\n[certificate.a]\r\ny = 'z\r\n[certificate.b]\r\n", "a2 b4"},
	} {
		var got []string
		for table, at := range Tables([]byte(c.text)) {
			got = append(got, table.Name+strconv.Itoa(strings.Count(c.text[:at], "\n")+1))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}

// FuzzParse wants an answer for any file.
func FuzzParse(f *testing.F) {
	f.Add("[certificate.x]\nsubject = \"CN={A}\"\nkey-usage = [\"digitalSignature\"]\n")
	f.Add("a = [1, 'x', {b = 2, \"c\\u0041\" = \"d\\n\"}, 1979-05-27]\n[[keyword]]\nname=\"\"\"\nx\"\"\"\n")
	f.Add("severity = { \"weak-key\" = 1 }\r\n[policy]\ncurves = 1.5\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse("inscribe.toml", []byte(text)); err != nil && !strings.Contains(err.Error(), "inscribe.toml:") {
			t.Errorf("%v has no place", err)
		}
		for table, at := range Tables([]byte(text)) {
			if at < 0 || at >= len(text) {
				t.Errorf("%v is at %d of %d", table, at, len(text))
			}
		}
	})
}
