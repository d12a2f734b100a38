// Command floor makes, in one process and with nothing around them, the PKCS#11
// calls without which a token with two keys and their certificates cannot be had,
// and prints how many milliseconds they took without the generation of the keys:
// what the token itself needs. Nothing is read back, logged or checked.
//
//	floor MODULE SO-PIN PIN [ec]
//
// The keys are an RSA key and one on a curve, with ec two on a curve.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/miekg/pkcs11"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], len(os.Args) > 4); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(module, so, pin string, ec bool) error {
	begin := time.Now()
	p := pkcs11.New(module)
	if p == nil {
		return fmt.Errorf("%s cannot be loaded", module)
	}
	if err := p.Initialize(); err != nil {
		return err
	}
	slots, err := p.GetSlotList(true)
	if err != nil {
		return err
	}
	slot := slots[0]
	if err := p.InitToken(slot, so, "CARD"); err != nil {
		return err
	}
	s, err := p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return err
	}
	if err := p.Login(s, pkcs11.CKU_SO, so); err != nil {
		return err
	}
	if err := p.InitPIN(s, pin); err != nil {
		return err
	}
	if err := p.Logout(s); err != nil {
		return err
	}
	if err := p.Login(s, pkcs11.CKU_USER, pin); err != nil {
		return err
	}
	var generating time.Duration
	type kind struct {
		id             string
		generate, sign uint
		public         []*pkcs11.Attribute
		toSign         []byte
	}
	kinds := []kind{
		{"rsa", pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, pkcs11.CKM_SHA256_RSA_PKCS, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, 2048), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1})}, make([]byte, 300)},
		{"ec", pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKM_ECDSA, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7})}, make([]byte, 32)},
	}
	if ec {
		kinds[0] = kinds[1]
		kinds[0].id = "ec2"
	}
	for _, k := range kinds {
		both := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.id), pkcs11.NewAttribute(pkcs11.CKA_ID, k.id)}
		before := time.Now()
		_, key, err := p.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(k.generate, nil)},
			append(k.public, append(both, pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true))...),
			append(both, pkcs11.NewAttribute(pkcs11.CKA_SIGN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
				pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)))
		generating += time.Since(before)
		if err != nil {
			return err
		}
		if err := p.SignInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(k.sign, nil)}, key); err != nil {
			return err
		}
		if _, err := p.Sign(s, k.toSign); err != nil {
			return err
		}
		if _, err := p.CreateObject(s, append(both, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
			pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
			pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, make([]byte, 40)), pkcs11.NewAttribute(pkcs11.CKA_ISSUER, make([]byte, 40)),
			pkcs11.NewAttribute(pkcs11.CKA_SERIAL_NUMBER, make([]byte, 18)), pkcs11.NewAttribute(pkcs11.CKA_VALUE, make([]byte, 600)))); err != nil {
			return err
		}
	}
	if err := p.CloseSession(s); err != nil {
		return err
	}
	if err := p.Finalize(); err != nil {
		return err
	}
	fmt.Printf("%.3f\n", (time.Since(begin)-generating).Seconds()*1000)
	return nil
}
