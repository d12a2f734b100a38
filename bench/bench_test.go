package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/ini.v1"

	"inscribe/ast/diag"
	"inscribe/check"
	"inscribe/check/profile"
	"inscribe/exec"
	"inscribe/exec/prove"
	"inscribe/grammar"
	"inscribe/plan"
)

// noRepeat makes an INI file of at least size bytes. No line but the blank ones
// stands twice, so that no cache of a reader helps it. The same seed gives the
// same file.
func noRepeat(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	word := func(n int) string {
		w := make([]byte, n)
		for i := range w {
			w[i] = byte('a' + r.IntN(26))
		}
		return string(w)
	}
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "[Application_%s%d]\n# %s %s %s %d\n", word(4), n, word(7), word(4), word(9), n)
		for i := range 10 {
			key := fmt.Sprintf("%s%d%s", strings.ToUpper(word(3+r.IntN(6))), i, word(6))
			switch i % 5 {
			case 0:
				fmt.Fprintf(&b, "%s=%d\n", key, r.IntN(1e6))
			case 1:
				fmt.Fprintf(&b, "%s=#%s %s\n", key, word(8), word(5))
			case 2:
				fmt.Fprintf(&b, "%s=%s_FIELD\n", key, strings.ToUpper(word(6)))
			case 3:
				fmt.Fprintf(&b, "%s=C:/%s/%s/%s.dll\n", key, word(6), word(9), word(7))
			default:
				fmt.Fprintf(&b, "%s=%s\n", key, word(12+r.IntN(30)))
			}
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

// description makes a sound description of about the number of lines.
func description(lines int) []byte {
	const head, each = 15, 6
	// An application is one character whatever its case: beyond the Latin ones
	// any letter will do.
	letters := []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
	apps := (lines - head) / each
	for i := 0; len(letters) < apps; i++ {
		letters = append(letters, rune(0x4e00+i))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[Encoding]\nType=1024,Chip\nDevices=8710\n\n[Fields]\nPIN=\nSIGN_PIN=\nWHERE=\n\n[Description]\nPKCS11Library=yourMiddleware.dll\nApplicationList=%s\nPIN=PIN\nSignPIN=SIGN_PIN\nClearFields=PIN,SIGN_PIN\n", string(letters[:apps]))
	for i := range apps {
		where := []string{"#Signature", "WHERE"}[i%2]
		fmt.Fprintf(&b, "\n# Key number %d\n[Application_%c]\nKeySize=2048\nCertTempl=template%d\nLocation=%s\n", i, letters[i], i, where)
	}
	for n := strings.Count(b.String(), "\n"); n < lines; n++ {
		fmt.Fprintf(&b, "# line %d\n", n)
	}
	return []byte(b.String())
}

// times are the durations of single runs.
type times []time.Duration

func (t *times) run(f func()) {
	begin := time.Now()
	f()
	*t = append(*t, time.Since(begin))
}

func (t times) at(quantile float64) time.Duration {
	s := slices.Sorted(slices.Values(t))
	return s[min(int(quantile*float64(len(s))), len(s)-1)]
}

func (t times) ms(quantile float64) float64 { return float64(t.at(quantile)) / 1e6 }

// BenchmarkParse1MB reads the same file with both, turn by turn. The peer keeps
// comments and no positions.
func BenchmarkParse1MB(b *testing.B) {
	raw := noRepeat(1 << 20)
	var own, peer times
	for b.Loop() {
		peer.run(func() {
			if _, err := ini.Load(raw); err != nil {
				b.Fatal(err)
			}
		})
		own.run(func() { grammar.Parse("x.dsc", raw) })
	}
	b.ReportMetric(float64(peer.at(0.5))/float64(own.at(0.5)), "ratio:ini.v1")
	b.ReportMetric(own.ms(0.5), "p50-ms")
	b.ReportMetric(own.ms(0.99), "p99-ms")
	b.ReportMetric(peer.ms(0.5), "peer-p50-ms")
}

// BenchmarkGrammarOnly is for profiles: the parser and nothing else.
func BenchmarkGrammarOnly(b *testing.B) {
	raw := noRepeat(1 << 20)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		grammar.Parse("x.dsc", raw)
	}
}

// benchmarkKeystroke is what an editor waits for: from the text to diagnostics.
func benchmarkKeystroke(b *testing.B, lines int) {
	raw := description(lines)
	if p := check.Check(grammar.Parse("x.dsc", raw), nil); p.Errors() {
		b.Fatal(p.Diagnostics)
	}
	var own times
	for b.Loop() {
		own.run(func() { check.Check(grammar.Parse("x.dsc", raw), nil) })
	}
	b.ReportMetric(own.ms(0.5), "p50-ms")
	b.ReportMetric(own.ms(0.99), "p99-ms")
}

func BenchmarkCheck200Lines(b *testing.B)  { benchmarkKeystroke(b, 200) }
func BenchmarkCheck5000Lines(b *testing.B) { benchmarkKeystroke(b, 5000) }

// BenchmarkPlan200Lines includes the proof.
func BenchmarkPlan200Lines(b *testing.B) {
	p := check.Check(grammar.Parse("x.dsc", description(200)), nil)
	facts := profile.Lookup("softhsm")
	var own times
	for b.Loop() {
		own.run(func() {
			pl, err := plan.Lower(p, plan.Options{Profile: facts})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := prove.Prove(context.Background(), pl, exec.Inputs{}); err != nil {
				b.Fatal(err)
			}
		})
	}
	b.ReportMetric(own.ms(0.5), "p50-ms")
	b.ReportMetric(own.ms(0.99), "p99-ms")
}

// TestInputs keeps the benchmarks honest: the inputs are what they claim.
func TestInputs(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range strings.Split(string(noRepeat(1<<20)), "\n") {
		if line != "" && seen[line] {
			t.Fatalf("the line %q stands twice", line)
		}
		seen[line] = true
	}
	for _, n := range []int{200, 5000} {
		raw := description(n)
		if got := strings.Count(string(raw), "\n"); got != n {
			t.Errorf("%d lines instead of %d", got, n)
		}
		for _, d := range check.Check(grammar.Parse("x.dsc", raw), nil).Diagnostics {
			if d.Severity <= diag.Error {
				t.Errorf("%s", d.Message)
			}
		}
	}
	f, err := ini.Load(noRepeat(1 << 20))
	if err != nil {
		t.Fatal(err)
	}
	own := grammar.Parse("x.dsc", noRepeat(1<<20))
	if got, want := len(own.Sections), len(f.Sections())-1; got != want { // the peer counts its DEFAULT
		t.Errorf("Inscribe sees %d sections, the peer %d", got, want)
	}
}
