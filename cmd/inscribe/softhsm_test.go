//go:build cgo && linux

package main

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
)

// module is the software token that the tests run on.
const module = "/usr/lib/softhsm/libsofthsm2.so"

// testToken is a token of SoftHSM2. In tests no label is the beginning of
// another: pkcs11-tool takes a prefix for the label.
type testToken struct{ label, pin, so string }

// makeSoftHSM makes a SoftHSM2 of its own in a folder: softhsm2.conf and the
// tokens.
func makeSoftHSM(dir string, tokens ...testToken) error {
	store := filepath.Join(dir, "tokens")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return err
	}
	conf := filepath.Join(dir, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", store)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	for _, t := range tokens {
		if err := (reader{conf}).makeToken(t); err != nil {
			return err
		}
	}
	return nil
}

// reader looks at tokens with pkcs11-tool and openssl, which share no code with
// Inscribe.
type reader struct{ conf string }

func (r reader) command(name string, args ...string) *osexec.Cmd {
	c := osexec.Command(name, args...)
	c.Env = append(os.Environ(), "SOFTHSM2_CONF="+r.conf, "LC_ALL=C")
	return c
}

func (r reader) makeToken(t testToken) error {
	out, err := r.command("softhsm2-util", "--init-token", "--free", "--label", t.label, "--pin", t.pin, "--so-pin", t.so).CombinedOutput()
	if err != nil {
		return fmt.Errorf("softhsm2-util: %w\n%s", err, out)
	}
	return nil
}

// tool runs pkcs11-tool on a token under the user's login.
func (r reader) tool(token, pin string, args ...string) ([]byte, error) {
	args = append([]string{"--module", module, "--token-label", token, "--login", "--pin", pin}, args...)
	c := r.command("pkcs11-tool", args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return out, fmt.Errorf("pkcs11-tool %s: %w\n%s", strings.Join(args[6:], " "), err, stderr.Bytes())
	}
	return out, nil
}

// object is an object as pkcs11-tool lists it.
type object struct {
	kind   string // "private", "public", "cert", "data"
	key    string // "RSA 2048 bits", "EC EC_POINT 256 bits"
	label  string
	id     string
	usage  string
	access string
	point  string
}

// objects lists what is on a token.
func (r reader) objects(token, pin string) ([]object, error) {
	out, err := r.tool(token, pin, "--list-objects")
	if err != nil {
		return nil, err
	}
	return parseObjects(string(out)), nil
}

func parseObjects(out string) []object {
	kinds := map[string]string{"Private Key Object": "private", "Public Key Object": "public", "Certificate Object": "cert", "Data object": "data"}
	var objects []object
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n ")
		if strings.HasPrefix(line, "Data object ") {
			line = "Data object;" // what follows is a handle
		}
		if head, key, _ := strings.Cut(line, ";"); kinds[head] != "" {
			objects = append(objects, object{kind: kinds[head], key: strings.Join(strings.Fields(key), " ")})
			continue
		}
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || len(objects) == 0 {
			continue
		}
		o, value := &objects[len(objects)-1], strings.TrimSpace(value)
		switch name {
		case "label":
			o.label = value
		case "ID":
			o.id = value
		case "Usage":
			o.usage = value
		case "Access":
			o.access = value
		case "EC_POINT":
			o.point = value
		}
	}
	return objects
}

// opens reports whether a PIN opens a token for "user" or "so". Anything but a
// wrong PIN is an error.
func (r reader) opens(token, user, pin string) (bool, error) {
	args := []string{"--module", module, "--token-label", token, "--login", "--pin", pin, "--list-objects"}
	if user == "so" {
		args = []string{"--module", module, "--token-label", token, "--session-rw", "--login", "--login-type", "so", "--so-pin", pin, "--list-objects"}
	}
	out, err := r.command("pkcs11-tool", args...).CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte("CKR_PIN_INCORRECT")) {
		return false, fmt.Errorf("pkcs11-tool: %w\n%s", err, out)
	}
	return err == nil, nil
}

// pair demands that a token holds one key pair and one certificate under a
// label, that belong together and are as safe as they must be. key is what
// pkcs11-tool calls the public key: "RSA 2048 bits".
func (r reader) pair(token, pin, label, key string) error {
	all, err := r.objects(token, pin)
	if err != nil {
		return err
	}
	found := map[string]object{}
	for _, o := range all {
		if o.label != label {
			continue
		}
		if _, twice := found[o.kind]; twice {
			return fmt.Errorf("%s holds two %s objects with the label %q:\n%v", token, o.kind, label, all)
		}
		found[o.kind] = o
	}
	private, public, cert := found["private"], found["public"], found["cert"]
	if len(found) != 3 || private.kind == "" || public.kind == "" || cert.kind == "" {
		return fmt.Errorf("%s lacks a key or certificate with the label %q:\n%v", token, label, all)
	}
	return r.belong(token, pin, key, private, public, cert)
}

// belong demands that three objects are key pair and certificate of each other.
func (r reader) belong(token, pin, key string, private, public, cert object) error {
	const access = "sensitive, always sensitive, never extractable, local"
	switch {
	case private.access != access:
		return fmt.Errorf("the private key %q is %q, want %q", private.label, private.access, access)
	case private.id == "" || private.id != public.id || private.id != cert.id:
		return fmt.Errorf("the CKA_IDs differ: private key %q, public key %q, certificate %q", private.id, public.id, cert.id)
	case public.key != key:
		return fmt.Errorf("the key is %q, want %q", public.key, key)
	}
	der, err := r.tool(token, pin, "--read-object", "--type", "cert", "--id", cert.id)
	if err != nil {
		return err
	}
	spki, err := certified(der)
	if err != nil {
		return err
	}
	if public.point != "" {
		// pkcs11-tool shows the point of any curve, and exports only some.
		point, err := hex.DecodeString(public.point)
		if err != nil || len(point) < 34 || !bytes.HasSuffix(spki, point[len(point)-32:]) {
			return fmt.Errorf("the certificate is for another key: %x and %s", spki, public.point)
		}
		return nil
	}
	onToken, err := r.tool(token, pin, "--read-object", "--type", "pubkey", "--id", public.id)
	if err != nil {
		return err
	}
	if !bytes.Equal(onToken, spki) {
		return fmt.Errorf("the certificate is for another key: %x and %x", spki, onToken)
	}
	return nil
}

// certified is the public key of a certificate, as SubjectPublicKeyInfo. Go knows the usual
// kinds of keys and starts no process for them; openssl knows the rest.
func certified(der []byte) ([]byte, error) {
	if cert, err := x509.ParseCertificate(der); err == nil && cert.PublicKey != nil {
		return x509.MarshalPKIXPublicKey(cert.PublicKey)
	}
	pem, err := openssl(der, "x509", "-inform", "DER", "-noout", "-pubkey")
	if err != nil {
		return nil, err
	}
	return openssl(pem, "pkey", "-pubin", "-outform", "DER")
}

// openssl runs openssl on input.
func openssl(input []byte, args ...string) ([]byte, error) {
	c := osexec.Command("openssl", args...)
	c.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("openssl %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return out, nil
}
