package myeid

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"math/big"

	"inscribe/internal/vcard"
)

// environment is what MANAGE SECURITY ENVIRONMENT chose for the next operation.
type environment struct {
	set       bool
	algorithm byte
	key       uint16
}

// The algorithms of an environment.
const (
	algorithmRaw   = 0x00
	algorithmPKCS1 = 0x02
	algorithmSHA1  = 0x12
	algorithmEC    = 0x04
)

var curves = map[int]elliptic.Curve{256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}

// keyFile is the chosen file, if it is a key.
func (c *Card) keyFile() *file {
	if f := c.state.Files[c.current]; f != nil && f.isKey() {
		return f
	}
	return nil
}

// generate makes a key in the chosen file. Its size says how long it is.
func (c *Card) generate(cmd vcard.Command) int {
	f := c.keyFile()
	switch {
	case f == nil:
		return swNoFile
	case !c.allowed(f.Access[1] & 0x0F):
		return swSecurity
	}
	var key any
	var err error
	if f.Kind == kindRSA {
		if f.Size < 1024 || f.Size > 4096 || f.Size%256 != 0 || !bytes.HasSuffix(cmd.Data, []byte{1, 0, 1}) {
			return swData
		}
		key, err = c.RSA(f.Size)
	} else {
		curve := curves[f.Size]
		if curve == nil {
			return swData
		}
		key, err = ecdsa.GenerateKey(curve, rand.Reader)
	}
	if err != nil {
		return swConditions
	}
	return c.keep(f, key)
}

func (c *Card) keep(f *file, key any) int {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return swData
	}
	f.Data = der
	c.changed()
	return swOK
}

// The parts in which a key comes from outside.
const (
	partModulus  = 0x80
	partExponent = 0x81
	partP        = 0x83
	partQ        = 0x84
	partPoint    = 0x86 // of an EC key
	partD        = 0x87 // of an EC key; of an RSA key the coefficient
	partModulus1 = 0x88
	partModulus2 = 0x89
)

// loadKey takes a part of a key into the chosen file. The last one makes it a
// key: the exponent of RSA, the point of EC.
func (c *Card) loadKey(part byte, data []byte) int {
	f := c.keyFile()
	switch {
	case f == nil:
		return swNoFile
	case !c.allowed(f.Access[0] & 0x0F):
		return swSecurity
	}
	c.parts[part] = bytes.Clone(data)
	number := func(part byte) *big.Int { return new(big.Int).SetBytes(c.parts[part]) }
	switch {
	case f.Kind == kindRSA && part == partExponent:
		defer clear(c.parts)
		key, err := rsaFromPrimes(number(partP), number(partQ), number(partExponent))
		if err != nil || key.N.BitLen() != f.Size {
			return swData
		}
		given := c.parts[partModulus]
		if len(given) == 0 {
			given = append(bytes.Clone(c.parts[partModulus1]), c.parts[partModulus2]...)
		}
		if new(big.Int).SetBytes(given).Cmp(key.N) != 0 {
			return swData
		}
		return c.keep(f, key)
	case f.Kind == kindEC && part == partPoint:
		defer clear(c.parts)
		curve := curves[f.Size]
		if curve == nil {
			return swData
		}
		key, err := ecdsa.ParseRawPrivateKey(curve, number(partD).FillBytes(make([]byte, (f.Size+7)/8)))
		if err != nil {
			return swData
		}
		if point, err := key.PublicKey.Bytes(); err != nil || !bytes.HasSuffix(data, point) {
			return swData
		}
		return c.keep(f, key)
	}
	return swOK
}

func rsaFromPrimes(p, q, e *big.Int) (*rsa.PrivateKey, error) {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{Primes: []*big.Int{p, q}}
	key.N, key.E = new(big.Int).Mul(p, q), int(e.Int64())
	if key.D = new(big.Int).ModInverse(e, phi); key.D == nil {
		return nil, rsa.ErrVerification
	}
	if err := key.Validate(); err != nil {
		return nil, err
	}
	key.Precompute()
	return key, nil
}

// publicKey reads a part of the public key of the chosen file.
func (c *Card) publicKey(part byte) ([]byte, int) {
	f := c.keyFile()
	if f == nil {
		return nil, swNoFile
	}
	switch key := f.key().(type) {
	case *rsa.PrivateKey:
		switch part {
		case 0x01:
			return key.N.FillBytes(make([]byte, f.Size/8)), swOK
		case 0x02:
			return big.NewInt(int64(key.E)).Bytes(), swOK
		}
	case *ecdsa.PrivateKey:
		if part == 0x86 {
			point, err := key.PublicKey.Bytes()
			if err != nil {
				return nil, swData
			}
			head := []byte{0x86, byte(len(point))}
			if len(point) > 0x7F {
				head = []byte{0x86, 0x81, byte(len(point))}
			}
			return append(head, point...), swOK
		}
	}
	return nil, swNoReference
}

// key is the private key of a file, nil if it holds none.
func (f *file) key() any {
	key, _ := x509.ParsePKCS8PrivateKey(f.Data)
	return key
}

// setEnvironment chooses a key and an algorithm.
func (c *Card) setEnvironment(cmd vcard.Command) int {
	if cmd.P1 != 0x41 || cmd.P2 != 0xB6 && cmd.P2 != 0xB8 && cmd.P2 != 0xA4 {
		return swParameters
	}
	body, ok := elements(cmd.Data)
	if !ok || len(body[0x81]) != 2 {
		return swData
	}
	c.half = nil
	c.env = environment{set: true, algorithm: first(body[0x80]), key: binary.BigEndian.Uint16(body[0x81])}
	if f := c.state.Files[c.env.key]; f == nil || !f.isKey() {
		c.env = environment{}
		return swNotFound
	}
	return swOK
}

// use gives the key of the environment, if it may be used now, and forgets the
// PIN that is good for one use.
func (c *Card) use() (any, int) {
	f := c.state.Files[c.env.key]
	switch {
	case !c.env.set || f == nil || len(f.Data) == 0:
		return nil, swConditions
	case !c.allowed(f.Access[0] >> 4):
		return nil, swSecurity
	}
	if once := f.Proprietary[0] >> 4; once != 0 {
		delete(c.verified, once)
	}
	return f.key(), swOK
}

// perform signs or deciphers.
func (c *Card) perform(cmd vcard.Command) ([]byte, int) {
	switch {
	case cmd.P1 == 0x9E && cmd.P2 == 0x9A:
		return c.sign(cmd.Data)
	case cmd.P1 == 0x80 && cmd.P2 == 0x86:
		return c.decipher(cmd.Data)
	}
	return nil, swParameters
}

func (c *Card) sign(data []byte) ([]byte, int) {
	key, sw := c.use()
	if sw != swOK {
		return nil, sw
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		var out []byte
		var err error
		switch c.env.algorithm {
		case algorithmPKCS1:
			out, err = rsa.SignPKCS1v15(rand.Reader, key, 0, data)
		case algorithmSHA1:
			out, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, data)
		case algorithmRaw:
			return raw(key, data)
		default:
			return nil, swData
		}
		if err != nil {
			return nil, swData
		}
		return out, swOK
	case *ecdsa.PrivateKey:
		if c.env.algorithm != algorithmEC {
			return nil, swData
		}
		// The padding in front is no part of the digest, of which a curve takes
		// the leftmost bits.
		out, err := ecdsa.SignASN1(rand.Reader, key, bytes.TrimLeft(data, "\x00"))
		if err != nil {
			return nil, swData
		}
		return out, swOK
	}
	return nil, swConditions
}

// raw is RSA without any padding.
func raw(key *rsa.PrivateKey, data []byte) ([]byte, int) {
	m := new(big.Int).SetBytes(data)
	if m.Cmp(key.N) >= 0 {
		return nil, swData
	}
	return new(big.Int).Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size())), swOK
}

// decipher takes a cryptogram behind a byte that says which part of it this is:
// 0 all of it, 81 and 82 its halves.
func (c *Card) decipher(data []byte) ([]byte, int) {
	if len(data) < 2 {
		return nil, swLength
	}
	part, data := data[0], data[1:]
	switch part {
	case 0x00:
	case 0x81:
		c.half = bytes.Clone(data)
		return nil, swOK
	case 0x82:
		if c.half == nil {
			return nil, swConditions
		}
		data, c.half = append(c.half, data...), nil
	default:
		return nil, swData
	}
	key, sw := c.use()
	if sw != swOK {
		return nil, sw
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, swConditions
	}
	if c.env.algorithm == algorithmPKCS1 {
		out, err := rsa.DecryptPKCS1v15(rand.Reader, k, data)
		if err != nil {
			return nil, swData
		}
		return out, swOK
	}
	return raw(k, data)
}

// agree is ECDH: GENERAL AUTHENTICATE with the other point in 7C 85.
func (c *Card) agree(cmd vcard.Command) ([]byte, int) {
	key, sw := c.use()
	if sw != swOK {
		return nil, sw
	}
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, swConditions
	}
	own, err := k.ECDH()
	if err != nil {
		return nil, swData
	}
	length := 1 + 2*((k.Curve.Params().BitSize+7)/8)
	if len(cmd.Data) < length {
		return nil, swLength
	}
	other, err := own.Curve().NewPublicKey(cmd.Data[len(cmd.Data)-length:])
	if err != nil {
		return nil, swData
	}
	secret, err := own.ECDH(other)
	if err != nil {
		return nil, swData
	}
	return secret, swOK
}
