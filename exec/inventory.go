package exec

import (
	"context"
	"encoding/hex"
	"math/big"

	"inscribe/check/profile"
)

// Item is one object of a token as it can be seen in a session: public objects
// always, private ones under the user's login.
type Item struct {
	Class   string `json:"class"` // "private key", "public key", "certificate", "data object"
	Label   string `json:"label"`
	ID      string `json:"id,omitempty"` // CKA_ID, hexadecimal
	Private bool   `json:"private"`
	// Key is "RSA 2048" or a curve, of keys; Public is all of a public key, and what a
	// private one tells of its public part.
	Key    string    `json:"key,omitempty"`
	Public PublicKey `json:"publicKey,omitzero"`
	// Allows are what a key may do: "sign", "decrypt", "derive".
	Allows []string `json:"allows,omitempty"`
	// These are told of private keys: how they are guarded, whether they were made
	// on the token, and whether each use wants the PIN.
	Sensitive          bool                `json:"sensitive,omitempty"`
	AlwaysSensitive    bool                `json:"alwaysSensitive,omitempty"`
	Extractable        bool                `json:"extractable,omitempty"`
	NeverExtractable   bool                `json:"neverExtractable,omitempty"`
	Local              bool                `json:"local,omitempty"`
	AlwaysAuthenticate bool                `json:"alwaysAuthenticate,omitempty"`
	Certificate        *CertificateDisplay `json:"certificate,omitempty"`
	DER                []byte              `json:"der,omitempty"` // of a certificate
	// Damage says why a certificate cannot be decoded.
	Damage string    `json:"damage,omitempty"`
	Bytes  int       `json:"bytes,omitempty"` // of a certificate or data object
	Data   *DataItem `json:"data,omitempty"`

	object Object
	id     []byte
	cert   *Certificate
	// claimed is the application that a verification took it for.
	claimed string
}

// Copied reports whether a private key tells that it can be read, or could be. Where the
// profile says that a token does not tell that, what stands in its place is no news.
func (i *Item) Copied(facts *profile.Profile) bool {
	if facts.Is(profile.HonestKeys) == profile.No {
		return i.Extractable
	}
	return !(i.Sensitive && i.NeverExtractable)
}

// DataItem is what a data object tells of itself. Its content is not in it: one
// that is public has its SHA-256, one that is private its length alone.
type DataItem struct {
	SHA256      string `json:"sha256,omitempty"`
	Application string `json:"application,omitempty"`
	ObjectID    string `json:"objectId,omitempty"` // DER, hexadecimal
	// What the token does not tell is nil.
	Copyable    *bool `json:"copyable,omitempty"`
	Modifiable  *bool `json:"modifiable,omitempty"`
	Destroyable *bool `json:"destroyable,omitempty"`
}

// Inventory reads the keys, certificates and data objects that the open session
// of a token shows. parse decodes certificates. Nothing is written.
func Inventory(ctx context.Context, t Token, parse func([]byte) (Certificate, error)) ([]*Item, error) {
	items := []*Item{}
	for _, class := range []uint64{CKOPrivateKey, CKOPublicKey, CKOCertificate, CKOData} {
		objects, err := t.FindObjects(ctx, []Attribute{Ulong(CKAClass, class), Bool(CKAToken, true)})
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			item, err := readItem(ctx, t, class, o, parse)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
	}
	return items, nil
}

func readItem(ctx context.Context, t Token, class uint64, o Object, parse func([]byte) (Certificate, error)) (*Item, error) {
	item := &Item{Class: className(class), object: o}
	types := []AttributeType{CKALabel, CKAPrivate}
	if class != CKOData {
		types = append(types, CKAID)
	}
	a, err := t.Attributes(ctx, o, types...)
	if err != nil {
		return nil, err
	}
	item.Label, item.Private = ValidUTF8(string(a[0].Value)), a[1].AsBool()
	if class != CKOData {
		item.id, item.ID = a[2].Value, hex.EncodeToString(a[2].Value)
	}
	switch class {
	case CKOPublicKey:
		if item.Public, err = readPublicKey(ctx, t, o); err != nil {
			return nil, err
		}
		item.Key = item.Public.Words()
	case CKOPrivateKey:
		return item, item.readPrivate(ctx, t)
	default:
		a, err := t.Attributes(ctx, o, CKAValue)
		if err != nil {
			return nil, err
		}
		item.Bytes = len(a[0].Value)
		if class == CKOData {
			return item, item.readData(ctx, t, a[0].Value)
		}
		item.DER = a[0].Value
		cert, err := parse(a[0].Value)
		if err != nil {
			item.Damage = err.Error()
			break
		}
		item.cert, item.Certificate = &cert, &cert.Display
	}
	return item, nil
}

func (i *Item) readPrivate(ctx context.Context, t Token) error {
	a, err := t.Attributes(ctx, i.object, CKAKeyType, CKASign, CKADecrypt, CKADerive,
		CKASensitive, CKAAlwaysSensitive, CKAExtractable, CKANeverExtractable, CKALocal, CKAAlwaysAuthenticate)
	if err != nil {
		return err
	}
	for n, use := range []string{"sign", "decrypt", "derive"} {
		if a[1+n].AsBool() {
			i.Allows = append(i.Allows, use)
		}
	}
	for n, to := range []*bool{&i.Sensitive, &i.AlwaysSensitive, &i.Extractable, &i.NeverExtractable, &i.Local, &i.AlwaysAuthenticate} {
		*to = a[4+n].AsBool()
	}
	// What a private key tells of its public part is no secret (PKCS#11, private key
	// objects).
	if i.Public, err = readKey(ctx, t, i.object, a[0].AsUlong()); err != nil {
		return err
	}
	i.Key = i.Public.Words()
	return nil
}

func (i *Item) readData(ctx context.Context, t Token, content []byte) error {
	a, err := t.Attributes(ctx, i.object, CKAApplication, CKAObjectID, CKACopyable, CKAModifiable, CKADestroyable)
	if err != nil {
		return err
	}
	i.Data = &DataItem{Application: string(a[0].Value), ObjectID: hex.EncodeToString(a[1].Value)}
	for n, to := range []**bool{&i.Data.Copyable, &i.Data.Modifiable, &i.Data.Destroyable} {
		if told := a[2+n]; told.Value != nil {
			*to = new(told.AsBool())
		}
	}
	if !i.Private {
		i.Data.SHA256 = fingerprintOf(content)
	}
	return nil
}

// Words names the kind of a key: "RSA 2048", "P-256".
func (k PublicKey) Words() string {
	if k.Type == CKKRSA {
		if len(k.Modulus) == 0 {
			return "RSA"
		}
		return "RSA " + big.NewInt(int64(new(big.Int).SetBytes(k.Modulus).BitLen())).String()
	}
	if name, ok := curveByParams(k.Params); ok {
		return name
	}
	return "elliptic curve"
}

// Visit is what a login needs that only looks.
type Visit struct {
	// Profile is what is known of the token, Ledger opens the count of tries and
	// keeps runs off the token meanwhile.
	Profile *profile.Profile
	Ledger  func() (Ledger, error)
	// Hold is Ledger where there is one already; see [History].
	Hold func() (Ledger, error)
	// Slot is the slot that the token is for descriptions: "default" or
	// "signature".
	Slot          string
	SpendFinalTry bool
}

// Show has a value shown to the token, as "user" or "so", and counts it as a run does.
func (v Visit) Show(l Ledger, who string, c Credential, call func() error) error {
	return counted{l, v.Profile, v.SpendFinalTry}.show(v.Slot, who, c, call)
}

// Enter opens the session of a token and logs in as user, so that its private
// objects show, after the look at flags and count that a run takes before a login.
func (v Visit) Enter(ctx context.Context, t Token, c Credential) error {
	ledger := &ledgerOnly{look: v.Hold, open: v.Ledger}
	if err := ledger.hold(); err != nil {
		return err
	}
	err := v.enter(ctx, t, c, ledger)
	if closed := ledger.Close(); err == nil {
		err = closed
	}
	return err
}

func (v Visit) enter(ctx context.Context, t Token, c Credential, ledger Ledger) error {
	info, err := t.Info(ctx)
	if err != nil {
		return err
	}
	if err := tryAllowed(info, "user", v.SpendFinalTry); err != nil {
		return err
	}
	n := c.Secret.Len()
	switch {
	case c.PINPad:
	case n == 0, n < info.MinPIN, info.MaxPIN > 0 && n > info.MaxPIN:
		return &Error{Kind: Refused, Message: c.Name + " has a length that no PIN of this token has, so it is not tried", Advice: "check the value"}
	}
	if err := t.OpenSession(ctx); err != nil {
		return err
	}
	return v.Show(ledger, "user", c, func() error { return t.Login(ctx, NormalUser, c) })
}
