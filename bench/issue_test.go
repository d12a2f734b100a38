package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const softhsm = "/usr/lib/softhsm/libsofthsm2.so"

// issued is one token initialised, with a PIN, an RSA and an EC key and their
// certificates.
const issued = `[Encoding]
Type=1024,Chip
[Fields]
PIN_FIELD=
PUK_FIELD=
[Description]
PKCS11Library=x.dll
ApplicationList=AB
InitToken=true
InitialPUK=PUK_FIELD
InitialLabel=#CARD
SetPIN=true
PIN=PIN_FIELD
[Application_A]
KeySize=2048
CertTempl=rsa
[Application_B]
ECCurve=P-256
CertTempl=ec
`

// lab is a folder with a SoftHSM2 of its own.
type lab struct {
	testing.TB
	dir string
	env []string
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{TB: t, dir: t.TempDir()}
	l.write("softhsm2.conf", fmt.Sprintf("directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", l.dir))
	l.write("card.dsc", issued)
	l.env = append(os.Environ(), "SOFTHSM2_CONF="+l.dir+"/softhsm2.conf", "PIN=1234", "PUK=12345678", "PKCS11_MODULE_PATH="+softhsm, "XDG_STATE_HOME="+l.dir+"/state")
	if err := os.Mkdir(l.dir+"/tokens", 0o700); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) write(name, text string) {
	l.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
		l.Fatal(err)
	}
}

// run runs a command and gives the time that it took.
func (l *lab) run(name string, args ...string) time.Duration {
	l.Helper()
	c := osexec.Command(name, args...)
	c.Dir, c.Env = l.dir, l.env
	begin := time.Now()
	out, err := c.CombinedOutput()
	took := time.Since(begin)
	if err != nil {
		l.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return took
}

// command builds a command of the module in dir.
func command(b *testing.B, dir, pkg string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), filepath.Base(pkg))
	build := osexec.Command("go", "build", "-mod=mod", "-trimpath", "-ldflags", "-s -w", "-o", binary, pkg)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// BenchmarkIssue holds one run of apply, with init, PIN, two keys, two requests, two
// certificates and their read-back, against the same steps by pkcs11-tool and
// openssl, a process a step, as a script does them. Generating the keys is the
// token's own work and is left out of both. What is compared is the overhead: the
// time over that of the calls which the token needs in any case, as floor makes them.
func BenchmarkIssue(b *testing.B) {
	binary, floor := command(b, "..", "./cmd/inscribe"), command(b, ".", "./floor")
	if _, err := os.Stat(softhsm); err != nil {
		b.Fatal(err)
	}
	needEngine(b)
	var ours, peer, token times
	for b.Loop() {
		ours = append(ours, applied(newLab(b), binary))
		peer = append(peer, scripted(newLab(b)))
		token = append(token, bare(newLab(b), floor))
	}
	over := func(t times) float64 { return t.ms(0.5) - token.ms(0.5) }
	b.Logf("whole: %.1f ms, peer %.1f, what the token needs %.1f", ours.ms(0.5), peer.ms(0.5), token.ms(0.5))
	b.ReportMetric(over(ours), "p50-ms")
	b.ReportMetric(over(peer), "peer-p50-ms")
	b.ReportMetric(over(peer)/over(ours), "ratio:pkcs11-tool+openssl")
}

// needEngine fails where the peer's openssl cannot sign with a key on a token.
func needEngine(b *testing.B) {
	b.Helper()
	if m, _ := filepath.Glob("/usr/lib/*/engines-3/pkcs11.so"); m == nil {
		b.Fatal("the peer needs openssl's PKCS#11 engine (Debian: libengine-pkcs11-openssl)")
	}
}

// bare makes the calls alone.
func bare(l *lab, floor string) time.Duration {
	c := osexec.Command(floor, softhsm, "12345678", "1234")
	c.Env = l.env
	out, err := c.Output()
	if err != nil {
		l.Fatal(err)
	}
	ms, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		l.Fatal(err)
	}
	return time.Duration(ms * float64(time.Millisecond))
}

func applied(l *lab, binary string) time.Duration {
	l.run(binary, "ca", "cert") // the peer's CA is made beforehand too
	took := l.run(binary, "apply", "card.dsc", "--module", softhsm, "--token", "fresh", "--yes",
		"--profile", "softhsm", "--field", "PIN_FIELD=env:PIN", "--field", "PUK_FIELD=env:PUK", "--events", "events.jsonl")
	return took - l.generating()
}

// generating is how long the keys took, as the events tell: with what is read back of
// them, as the peer's step has it too.
func (l *lab) generating() time.Duration {
	l.Helper()
	var took time.Duration
	raw, err := os.ReadFile(l.dir + "/events.jsonl")
	if err != nil {
		l.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var e struct {
			Op, State string
			MS        int64
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			l.Fatal(err)
		}
		if e.Op == "genkey" && e.State == "done" {
			took += time.Duration(e.MS) * time.Millisecond
		}
	}
	return took
}

func scripted(l *lab) time.Duration {
	l.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
	tool := func(args ...string) time.Duration {
		return l.run("pkcs11-tool", append([]string{"--module", softhsm}, args...)...)
	}
	took := tool("--slot-index", "0", "--init-token", "--label", "CARD", "--so-pin", "12345678")
	took += tool("--token-label", "CARD", "--login", "--login-type", "so", "--so-pin", "12345678", "--init-pin", "--new-pin", "1234")
	for id, key := range map[string]string{"01": "rsa:2048", "02": "EC:prime256v1"} {
		tool("--token-label", "CARD", "--login", "--pin", "1234", "--keypairgen", "--key-type", key, "--id", id, "--label", "k"+id)
		took += l.run("openssl", "req", "-new", "-engine", "pkcs11", "-keyform", "engine", "-key", "pkcs11:token=CARD;id=%"+id+";type=private;pin-value=1234", "-subj", "/CN=x", "-out", id+".csr")
		took += l.run("openssl", "x509", "-req", "-in", id+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", id, "-outform", "DER", "-out", id+".der")
		took += tool("--token-label", "CARD", "--login", "--pin", "1234", "--write-object", id+".der", "--type", "cert", "--id", id, "--label", "k"+id)
	}
	return took
}
