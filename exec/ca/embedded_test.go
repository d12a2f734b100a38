package ca_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	osexec "os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"inscribe/exec"
	"inscribe/exec/ca"
	"inscribe/exec/pki/pkitest"
)

func TestOpenMakesACA(t *testing.T) {
	e, dir := open(t)
	c := parseX509(t, e.Certificate())
	if !strings.HasPrefix(e.Name(), "Inscribe embedded CA ") || len(e.Name()) != len("Inscribe embedded CA ")+8 {
		t.Errorf("name %q", e.Name())
	}
	if years := c.NotAfter.Sub(time.Now()).Hours() / 24 / 365; years < 9.9 || years > 10 {
		t.Errorf("the CA lives %f years", years)
	}
	if err := e.Check(t.Context()); err != nil {
		t.Error(err)
	}
	text := pkitest.OpenSSL(t, e.CertificatePEM(), "x509", "-noout", "-text")
	for _, want := range []string{
		"X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
		"X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
		"X509v3 Subject Key Identifier",
		"NIST CURVE: P-256",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("openssl does not show %q:\n%s", want, text)
		}
	}
	root := filepath.Join(dir, "root.pem")
	write(t, root, e.CertificatePEM())
	pkitest.OpenSSL(t, nil, "verify", "-x509_strict", "-check_ss_sig", "-CAfile", root, root)

	again, err := ca.Open(dir)
	if err != nil || !bytes.Equal(again.Certificate(), e.Certificate()) {
		t.Errorf("opened again, it is another CA: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "authority": 0o700, "issued": 0o700, "authority/key.pem": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v", path, info.Mode(), err)
		}
	}
}

func noLeftovers(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenAtOnce(t *testing.T) {
	for range 20 {
		dir := filepath.Join(t.TempDir(), "ca")
		var wait sync.WaitGroup
		certs := make([][]byte, 8)
		start := make(chan struct{})
		for i := range certs {
			wait.Go(func() {
				<-start
				e, err := ca.Open(dir)
				if err != nil {
					t.Error(err)
					return
				}
				certs[i] = e.Certificate()
			})
		}
		close(start)
		wait.Wait()
		for _, c := range certs {
			if !bytes.Equal(c, certs[0]) {
				t.Fatal("two CAs in one folder")
			}
		}
		noLeftovers(t, dir)
	}
}

const helperDir = "INSCRIBE_TEST_OPEN_CA"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		e, err := ca.Open(dir)
		if err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		_, _ = os.Stdout.Write(e.CertificatePEM())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOpenInManyProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	var wait sync.WaitGroup
	outs := make([]string, 8)
	for i := range outs {
		wait.Go(func() {
			cmd := osexec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), helperDir+"="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			outs[i] = string(out)
		})
	}
	wait.Wait()
	e, err := ca.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range outs {
		if out != string(e.CertificatePEM()) {
			t.Error("a process had another CA")
		}
	}
	noLeftovers(t, dir)
}

func TestDamagedFiles(t *testing.T) {
	_, other := open(t)
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	otherKey, otherCert := read(filepath.Join(other, "authority/key.pem")), read(filepath.Join(other, "authority/cert.pem"))
	rsaKey, err := x509.MarshalPKCS8PrivateKey(pkitest.NewKey(t, "rsa").Private)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func(key, cert string)
		want string
	}{
		{"no key", func(key, _ string) { _ = os.Remove(key) }, "is missing"},
		{"no certificate", func(_, cert string) { _ = os.Remove(cert) }, "is missing"},
		{"empty key", func(key, _ string) { write(t, key, nil) }, "key.pem of the embedded CA is damaged"},
		{"empty certificate", func(_, cert string) { write(t, cert, nil) }, "cert.pem of the embedded CA is damaged"},
		{"cut key", func(key, _ string) { write(t, key, otherKey[:60]) }, "is damaged"},
		{"garbage in the key", func(key, _ string) {
			write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
		}, "the key of the embedded CA in"},
		{"garbage in the certificate", func(_, cert string) {
			write(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}))
		}, "the certificate of the embedded CA in"},
		{"RSA key", func(key, _ string) { write(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rsaKey})) }, "no key on an elliptic curve"},
		{"another key", func(key, _ string) { write(t, key, otherKey) }, "does not belong to the certificate"},
		{"another certificate", func(_, cert string) { write(t, cert, otherCert) }, "does not belong to the certificate"},
		{"swapped", func(key, cert string) { k, c := read(key), read(cert); write(t, key, c); write(t, cert, k) }, "is damaged"},
		{"two blocks", func(_, cert string) { write(t, cert, append(read(cert), otherCert...)) }, "is damaged"},
		{"a file as folder", func(key, _ string) { dir := filepath.Dir(key); _ = os.RemoveAll(dir); write(t, dir, nil) }, "cannot be read"},
	} {
		_, dir := open(t)
		c.do(filepath.Join(dir, "authority", "key.pem"), filepath.Join(dir, "authority", "cert.pem"))
		_, err := ca.Open(dir)
		if err == nil {
			t.Errorf("%s: opened", c.name)
			continue
		}
		wantError(t, err, exec.Local, c.want, dir)
		if strings.Contains(err.Error(), "MIG") {
			t.Errorf("%s: the error quotes the key: %v", c.name, err)
		}
	}
}

func TestNotACA(t *testing.T) {
	e, dir := open(t)
	k := pkitest.NewKey(t, "p256")
	leaf, err := e.Enroll(t.Context(), template(), request(k), pkcs10(t, template(), k))
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "authority", "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	write(t, filepath.Join(dir, "authority", "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}))
	_, err = ca.Open(dir)
	wantError(t, err, exec.Local, "is not that of a CA")
}

func TestOpenWhereNoFolderCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	_, err := ca.Open(filepath.Join(file, "ca"))
	wantError(t, err, exec.Local, file)
}

func TestCheckNoticesALostFolder(t *testing.T) {
	e, dir := open(t)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	wantError(t, e.Check(t.Context()), exec.Local, e.Name())
	k := pkitest.NewKey(t, "p256")
	_, err := e.Issue(template(), map[string]string{"NAME": "x", "MAIL": "a@b.c", "token.serial": "1"}, pkcs10(t, template(), k))
	wantError(t, err, exec.Local, e.Name(), "template Sign")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Check(ctx); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}
