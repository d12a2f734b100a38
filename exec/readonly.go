package exec

import "context"

// readOnly is a module whose tokens refuse every call that writes or signs. What
// only looks is given one, so that no slip in it can touch a token.
type readOnly struct{ Module }

// Token gives the token in a slot, for reading.
func (m readOnly) Token(id SlotID) Token { return readOnlyToken{m.Module.Token(id)} }

type readOnlyToken struct{ Token }

func noWrite(call string) error {
	return &Error{Kind: Refused, Call: call, Message: "this command only reads, and the call writes"}
}

func (readOnlyToken) InitToken(context.Context, Credential, string) error {
	return noWrite("C_InitToken")
}

func (readOnlyToken) InitPIN(context.Context, Credential) error { return noWrite("C_InitPIN") }

func (readOnlyToken) SetPIN(context.Context, Credential, Credential) error {
	return noWrite("C_SetPIN")
}

func (readOnlyToken) GenerateKeyPair(context.Context, MechanismType, []Attribute, []Attribute) (Object, Object, error) {
	return 0, 0, noWrite("C_GenerateKeyPair")
}

func (readOnlyToken) Sign(context.Context, MechanismType, Object, []byte, *Credential) ([]byte, error) {
	return nil, noWrite("C_Sign")
}

func (readOnlyToken) CreateObject(context.Context, []Attribute) (Object, error) {
	return 0, noWrite("C_CreateObject")
}

func (readOnlyToken) DestroyObject(context.Context, Object) error { return noWrite("C_DestroyObject") }

func (readOnlyToken) SetAttributes(context.Context, Object, []Attribute) error {
	return noWrite("C_SetAttributeValue")
}
