package bench

import (
	"fmt"
	osexec "os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// many is how many tokens BenchmarkIssueMany does at once.
const many = 8

// BenchmarkIssueMany holds one batch on several tokens against the same steps by
// pkcs11-tool and openssl, a script for each token: one script after the other, as
// they are run by hand, and all at once. Each token is initialised and gets a PIN, two
// keys on a curve, and their certificates. The keys take no time worth leaving out. The
// ratio is that of the overhead: the time over that of processes which make the calls
// that a token needs in any case, run as those that are measured.
func BenchmarkIssueMany(b *testing.B) {
	binary, floor := command(b, "..", "./cmd/inscribe"), command(b, ".", "./floor")
	needEngine(b)
	for name, atOnce := range map[string]bool{"in-turn": false, "at-once": true} {
		b.Run(name, func(b *testing.B) {
			var ours, peer, token, tokenInTurn times
			for b.Loop() {
				ours = append(ours, batched(withTokens(b), binary))
				peer = append(peer, scripts(withTokens(b), atOnce))
				token = append(token, bares(b, floor, true))
				if !atOnce {
					tokenInTurn = append(tokenInTurn, bares(b, floor, false))
				}
			}
			own, other := ours.ms(0.5)-token.ms(0.5), peer.ms(0.5)-token.ms(0.5)
			if !atOnce {
				other = peer.ms(0.5) - tokenInTurn.ms(0.5)
			}
			b.Logf("%d tokens, whole: %.0f ms, peer %.0f, %.1f times; what the tokens need at once %.0f", many, ours.ms(0.5), peer.ms(0.5), peer.ms(0.5)/ours.ms(0.5), token.ms(0.5))
			b.ReportMetric(own, "p50-ms")
			b.ReportMetric(other, "peer-p50-ms")
			b.ReportMetric(other/own, "ratio:pkcs11-tool+openssl")
		})
	}
}

// withTokens is a lab with tokens that were in use.
func withTokens(b *testing.B) *lab {
	l := newLab(b)
	for n := range many {
		l.run("softhsm2-util", "--init-token", "--free", "--label", fmt.Sprint("OLD-", n), "--pin", "0000", "--so-pin", "12345678")
	}
	return l
}

func batched(l *lab, binary string) time.Duration {
	l.write("card.dsc", strings.NewReplacer("KeySize=2048", "ECCurve=P-256", "#CARD", "NAME", "PUK_FIELD=\n", "PUK_FIELD=\nNAME=\n").Replace(issued))
	rows := "NAME\n"
	for n := range many {
		rows += fmt.Sprintf("CARD-%d\n", n)
	}
	l.write("rows.csv", rows)
	l.run(binary, "ca", "cert") // the peer's CA is made beforehand too
	return l.run(binary, "batch", "card.dsc", "--data", "rows.csv", "--module", softhsm, "--token", "pkcs11:token=OLD-*", "--yes",
		"--profile", "softhsm", "--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK")
}

// scripts do each token by itself, all at once or one after another.
func scripts(l *lab, atOnce bool) time.Duration {
	l.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
	var wait sync.WaitGroup
	begin := time.Now()
	for n := range many {
		if atOnce {
			wait.Go(func() { scriptOf(l, n) })
		} else {
			scriptOf(l, n)
		}
	}
	wait.Wait()
	return time.Since(begin)
}

func scriptOf(l *lab, n int) {
	label := fmt.Sprint("CARD-", n)
	run := func(name string, args ...string) {
		c := osexec.Command(name, args...)
		c.Dir, c.Env = l.dir, l.env
		out, err := c.CombinedOutput()
		if err != nil && c.ProcessState.ExitCode() < 0 {
			// openssl with the engine crashes now and then where several are at work.
			c = osexec.Command(name, args...)
			c.Dir, c.Env = l.dir, l.env
			out, err = c.CombinedOutput()
		}
		if err != nil {
			l.Errorf("%s %q: %v\n%s", name, args, err, out)
		}
	}
	tool := func(args ...string) { run("pkcs11-tool", append([]string{"--module", softhsm}, args...)...) }
	tool("--token-label", fmt.Sprint("OLD-", n), "--init-token", "--label", label, "--so-pin", "12345678")
	tool("--token-label", label, "--login", "--login-type", "so", "--so-pin", "12345678", "--init-pin", "--new-pin", "1234")
	for _, id := range []string{"01", "02"} {
		name := fmt.Sprint(n, "-", id)
		tool("--token-label", label, "--login", "--pin", "1234", "--keypairgen", "--key-type", "EC:prime256v1", "--id", id, "--label", "k"+id)
		run("openssl", "req", "-new", "-engine", "pkcs11", "-keyform", "engine", "-key", "pkcs11:token="+label+";id=%"+id+";type=private;pin-value=1234", "-subj", "/CN=x", "-out", name+".csr")
		run("openssl", "x509", "-req", "-in", name+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", fmt.Sprint(n, id), "-outform", "DER", "-out", name+".der")
		tool("--token-label", label, "--login", "--pin", "1234", "--write-object", name+".der", "--type", "cert", "--id", id, "--label", "k"+id)
	}
}

// bares makes the calls alone, on as many tokens, each with a SoftHSM2 of its own.
func bares(b *testing.B, floor string, atOnce bool) time.Duration {
	var labs []*lab
	for range many {
		l := newLab(b)
		l.run("softhsm2-util", "--init-token", "--free", "--label", "OLD", "--pin", "0000", "--so-pin", "12345678")
		labs = append(labs, l)
	}
	var wait sync.WaitGroup
	begin := time.Now()
	for _, l := range labs {
		one := func() {
			c := osexec.Command(floor, softhsm, "12345678", "1234", "ec")
			c.Env = l.env
			if out, err := c.CombinedOutput(); err != nil {
				l.Errorf("floor: %v\n%s", err, out)
			}
		}
		if atOnce {
			wait.Go(one)
		} else {
			one()
		}
	}
	wait.Wait()
	return time.Since(begin)
}
