package plan

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"inscribe/check/profile"
	"inscribe/internal/golden"
)

func htmlOf(t testing.TB, p *Plan) string {
	t.Helper()
	var b strings.Builder
	if err := p.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestHTMLGoldens are the pages that somebody has looked at in a browser. The
// style sheet is left out of the files, since it is one.
func TestHTMLGoldens(t *testing.T) {
	for _, name := range []string{"06-signature-slot", "07-change-signature-puk", "09-initialise"} {
		page := htmlOf(t, softhsm(t, example(t, name)))
		if !strings.Contains(page, "<style>\n"+pageCSS+"</style>") {
			t.Fatalf("%s: the style sheet is not in the page as it is", name)
		}
		golden.Is(t, "../testdata/plan/"+name+".html", strings.Replace(page, pageCSS, "", 1))
	}
}

var tag = regexp.MustCompile(`<[^>]*>`)

// tags are the elements of a page with all their attributes. Measures of the
// picture that depend on the length of names are not: names are cut to fit.
func tags(page string) []string { return tag.FindAllString(page, -1) }

// TestHTMLKeepsNamesInTheirPlace compares the page with one of harmless names:
// the elements are the same.
func TestHTMLKeepsNamesInTheirPlace(t *testing.T) {
	shape := func(name string) []string {
		return slices.DeleteFunc(tags(htmlOf(t, named(name))), func(s string) bool { return s == "<code>" || s == "</code>" })
	}
	want := shape("X_1")
	if len(want) < 300 {
		t.Fatalf("there are %d elements", len(want))
	}
	for _, name := range hostile {
		if name == "" {
			continue // takes elements away
		}
		if diff := cmp.Diff(want, shape(name)); diff != "" {
			t.Errorf("%q (-harmless +hostile):\n%s", name, diff)
		}
	}
}

// TestHTMLNeedsNothingElse wants one page: nothing is loaded and nothing runs.
func TestHTMLNeedsNothingElse(t *testing.T) {
	never := []string{"http:", "https:", "<script", "<link", "<img", "<iframe", "url(", "@import", "src=", "zgotmplz"}
	for _, word := range never {
		if strings.Contains(strings.ToLower(pageCSS), word) {
			t.Errorf("the style sheet holds %q", word)
		}
	}
	handler := regexp.MustCompile(`\son[a-z]+=`)
	for name, p := range every(t) {
		if !strings.HasSuffix(name, "/softhsm") && !strings.HasSuffix(name, "/generic") {
			continue
		}
		page := strings.Replace(htmlOf(t, p), pageCSS, "", 1)
		elements := strings.ToLower(strings.Join(tags(page), ""))
		for _, word := range never {
			if strings.Contains(elements, word) {
				t.Errorf("%s: the page holds %q", name, word)
			}
		}
		if handler.MatchString(elements) {
			t.Errorf("%s: the page holds a handler", name)
		}
		if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'"`) {
			t.Errorf("%s: the page has no policy", name)
		}
		text := tag.ReplaceAllString(page, " ")
		for _, secret := range []string{" 123456 ", " 12345678 ", " 13579 "} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the page shows a secret", name)
			}
		}
	}
}

// TestPictureIsWellLaidOut holds for the picture of any plan: both sides have the
// same measures, nothing lies outside of what it belongs to or over something
// else, and each fork has its two ways.
func TestPictureIsWellLaidOut(t *testing.T) {
	plans := every(t)
	for _, name := range hostile {
		plans[name] = named(name)
	}
	inside := func(a, b box) bool {
		return a.X >= b.X && a.Y >= b.Y && a.X+a.W <= b.X+b.W && a.Y+a.H <= b.Y+b.H
	}
	apart := func(a, b box) bool { return a.Y+a.H <= b.Y || b.Y+b.H <= a.Y }
	for name, p := range plans {
		picture := p.picture()
		if len(picture.Slots) == 0 {
			continue
		}
		before, after := picture.draw(false), picture.draw(true)
		if before.Height != after.Height || len(before.Panels) != len(after.Panels) || len(before.Ways) != 0 || len(after.Ways) != 2*len(picture.Forks) {
			t.Errorf("%s: before is %d high with %d panels, after %d with %d and %d ways", name, before.Height, len(before.Panels), after.Height, len(after.Panels), len(after.Ways))
		}
		for _, d := range []*drawing{before, after} {
			whole := box{0, 0, d.Width, d.Height}
			for i, c := range d.Cards {
				if !inside(c.box, whole) || i > 0 && !apart(c.box, d.Cards[i-1].box) {
					t.Errorf("%s: card %v of %v", name, c.box, whole)
				}
			}
			for i, panel := range d.Panels {
				if i > 0 && !apart(panel.box, d.Panels[i-1].box) {
					t.Errorf("%s: panels %v and %v", name, d.Panels[i-1].box, panel.box)
				}
				if !panel.Fork && !slices.ContainsFunc(d.Cards, func(c drawnCard) bool { return inside(panel.box, c.box) }) {
					t.Errorf("%s: panel %v lies on no card", name, panel.box)
				}
				for j, thing := range panel.Things {
					if !inside(thing.box, panel.box) || j > 0 && !apart(thing.box, panel.Things[j-1].box) {
						t.Errorf("%s: %q at %v in %v", name, thing.Title, thing.box, panel.box)
					}
					right := thing.X + thing.W
					if end := thing.TextX + int(7.9*float64(columns(thing.Title))); thing.Tag != "" && end > thing.TagX || end > right {
						t.Errorf("%s: %q ends at %d, the tag is at %d, the edge at %d", name, thing.Title, end, thing.TagX, right)
					}
					if end := thing.TextX + int(6.7*float64(columns(thing.Detail))); thing.Letter != "" && end > thing.LetterX || end > right {
						t.Errorf("%s: %q ends at %d, the edge is %d", name, thing.Detail, end, right)
					}
				}
			}
		}
	}
}

// seen renders the picture as lines: slot, thing, and what becomes of it.
func seen(p *picture) string {
	var b strings.Builder
	for _, list := range [][]*compartment{p.Slots, p.Forks} {
		for _, c := range list {
			for _, r := range c.Rows {
				before := r.Before.Title + " (" + r.Before.Detail + ")"
				if r.Before.Class == "ghost" {
					before = "nothing"
				}
				b.WriteString(strings.TrimSpace(c.Title+": "+before+" → "+r.After.Title+" ("+r.After.Detail+") "+r.After.Tag+" "+r.Letter) + "\n")
			}
		}
	}
	return b.String()
}

// TestPictureShowsWhatThePlanDoes reads the pictures of plans that do all kinds
// of things.
func TestPictureShowsWhatThePlanDoes(t *testing.T) {
	const rest = "Keys, certificates, data (as they are) → Keys, certificates, data (untouched)\n"
	for name, want := range map[string]string{
		"01-set-pin": "Default slot: PIN (as it is, or blocked) → PIN (from the new value asked for PIN) new\n" +
			"Default slot: PUK (SO PIN) (opened with field PUKField) → PUK (SO PIN) (unchanged)\nDefault slot: " + rest,
		"02-change-pin": "Default slot: PIN (opened with the present value asked for PIN) → PIN (from the new value asked for PIN) changed\nDefault slot: " + rest,
		"06-signature-slot": "Default slot: PIN (opened with field PIN) → PIN (unchanged)\nDefault slot: " + rest +
			"Default slot: nothing → RSA 2048 + certificate (myAuthCertTemplate) new A\n" +
			"Signature slot: PIN (opened with field SIGN_PIN) → PIN (unchanged)\nSignature slot: " + rest +
			"Signature slot: nothing → RSA 2048 + certificate (myAuthCertTemplate) new B\n" +
			"LOCATION_FIELD decides: nothing → RSA 2048 + certificate (mySigCertTemplate) new C\n",
		"07-change-signature-puk": "Signature slot: PIN (as it is, or blocked) → PIN (from field NEW_SIGN_PIN) new\n" +
			"Signature slot: PUK (SO PIN) (opened with field OLD_SIGN_PUK) → PUK (SO PIN) (from field NEW_SIGN_PUK) changed\nSignature slot: " + rest,
		"09-initialise": "Default slot: Label of the token (as it is) → \"My Token Label\" (label of the token) changed\n" +
			"Default slot: PIN (as it is, if there is one) → PIN (from field PIN_FIELD) new\n" +
			"Default slot: PUK (SO PIN) (none, or the same already) → PUK (SO PIN) (from field PUK_FIELD) set\n" +
			"Default slot: Keys, certificates, data (as they are, if there are any) → Keys, certificates, data (all that the token held) destroyed\n",
		"11-write-certificates": "Default slot: PIN (opened with field PIN_FIELD) → PIN (unchanged)\nDefault slot: " + rest +
			"Default slot: nothing → Certificate (from field CERT_FIELD) new A\n" +
			"Default slot: nothing → Keys + certificates (from field ENCR_CERT_KEY_LIST) new C\n",
		"12-data-object": "Default slot: PIN (opened with field PIN_FIELD) → PIN (unchanged)\nDefault slot: " + rest +
			"Default slot: nothing → Data object (Issued for {USER_NAME}) new A\n",
		"13-list-cards": "",
	} {
		if diff := cmp.Diff(want, seen(softhsm(t, example(t, name)).picture())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}

	blocked := named("X").picture()
	if got := seen(blocked); !strings.Contains(got, "X decides: nothing → PIN (only the PUK opens it again) blocked F") {
		t.Errorf("a PIN that is blocked in one of the slots:\n%s", got)
	}
	p := softhsm(t, "[Fields]\nPUK=\n[Description]\nPKCS11Library=x.dll\nInitToken=true\nInitialPUK=PUK\n")
	if got := seen(p.picture()); !strings.Contains(got, "PIN (as it is, if there is one) → PIN (none until a new one is set) destroyed") {
		t.Errorf("a token that is initialised and gets no PIN:\n%s", got)
	}
}

func TestPictureOfOneCardOrTwoTokens(t *testing.T) {
	for name, want := range map[string]struct {
		two  bool
		note string
	}{
		"softhsm": {true, "a second token stands for it"},
		"generic": {false, "does not tell whether"},
	} {
		p := lower(t, example(t, "06-signature-slot"), Options{Profile: profile.Lookup(name)}).picture()
		if p.Two != want.two || !strings.Contains(p.Note, want.note) {
			t.Errorf("%s: two tokens: %v, %q", name, p.Two, p.Note)
		}
		if cards := len(p.draw(true).Cards); cards != 1 && !want.two || cards != 2 && want.two {
			t.Errorf("%s: %d cards are drawn", name, cards)
		}
	}
}

// TestPINOfASlotThatIsNeededAnyway: a field decides for one application, and
// another one needs the same PIN whatever it decides.
func TestPINOfASlotThatIsNeededAnyway(t *testing.T) {
	p := lower(t, head+app("A", "L1")+app("B", "#Signature")+app("C", "L1")+app("D", "L1"), Options{})
	var page strings.Builder
	if err := p.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "opened with field SIGN_PIN if L1 says so") || !strings.Contains(page.String(), "opened with field SIGN_PIN") ||
		!strings.Contains(page.String(), "opened with field PIN if L1 says so") {
		t.Error("the picture tells the wrong condition")
	}
}
