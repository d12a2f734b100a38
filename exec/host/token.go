package host

import (
	"context"

	"inscribe/exec"
)

// token is one slot of a module.
type token struct {
	m  *Module
	id exec.SlotID
}

func (t token) do(ctx context.Context, req *Request, pins ...exec.Credential) (*Response, error) {
	req.Slot = t.id
	return t.m.call(ctx, req, pins...)
}

func (t token) Info(ctx context.Context) (exec.TokenInfo, error) {
	resp, err := t.do(ctx, &Request{Method: MethodTokenInfo})
	return resp.Token, err
}

func (t token) Mechanisms(ctx context.Context) ([]exec.Mechanism, error) {
	resp, err := t.do(ctx, &Request{Method: MethodMechanisms})
	return resp.Mechanisms, err
}

func (t token) InitToken(ctx context.Context, so exec.Credential, label string) error {
	_, err := t.do(ctx, &Request{Method: MethodInitToken, Label: label}, so)
	return err
}

func (t token) OpenSession(ctx context.Context) error {
	_, err := t.do(ctx, &Request{Method: MethodOpenSession})
	return err
}

func (t token) CloseSession(ctx context.Context) error {
	_, err := t.do(ctx, &Request{Method: MethodCloseSession})
	return err
}

func (t token) Login(ctx context.Context, user exec.User, c exec.Credential) error {
	_, err := t.do(ctx, &Request{Method: MethodLogin, User: user}, c)
	return err
}

func (t token) Logout(ctx context.Context) error {
	_, err := t.do(ctx, &Request{Method: MethodLogout})
	return err
}

func (t token) InitPIN(ctx context.Context, new exec.Credential) error {
	_, err := t.do(ctx, &Request{Method: MethodInitPIN}, new)
	return err
}

func (t token) SetPIN(ctx context.Context, old, new exec.Credential) error {
	_, err := t.do(ctx, &Request{Method: MethodSetPIN}, old, new)
	return err
}

func (t token) GenerateKeyPair(ctx context.Context, mechanism exec.MechanismType, public, private []exec.Attribute) (pub, priv exec.Object, err error) {
	resp, err := t.do(ctx, &Request{Method: MethodGenerateKeyPair, Mechanism: mechanism, Template: public, Private: private})
	if err != nil {
		return 0, 0, err
	}
	if len(resp.Objects) != 2 {
		return 0, 0, incomplete(MethodGenerateKeyPair)
	}
	return resp.Objects[0], resp.Objects[1], nil
}

func (t token) Sign(ctx context.Context, mechanism exec.MechanismType, key exec.Object, data []byte, context *exec.Credential) ([]byte, error) {
	var pins []exec.Credential
	if context != nil {
		pins = []exec.Credential{*context}
	}
	resp, err := t.do(ctx, &Request{Method: MethodSign, Mechanism: mechanism, Object: key, Data: data}, pins...)
	return resp.Data, err
}

func (t token) CreateObject(ctx context.Context, attributes []exec.Attribute) (exec.Object, error) {
	resp, err := t.do(ctx, &Request{Method: MethodCreateObject, Template: attributes})
	if err != nil {
		return 0, err
	}
	if len(resp.Objects) != 1 {
		return 0, incomplete(MethodCreateObject)
	}
	return resp.Objects[0], nil
}

func (t token) DestroyObject(ctx context.Context, o exec.Object) error {
	_, err := t.do(ctx, &Request{Method: MethodDestroyObject, Object: o})
	return err
}

func (t token) FindObjects(ctx context.Context, attributes []exec.Attribute) ([]exec.Object, error) {
	resp, err := t.do(ctx, &Request{Method: MethodFindObjects, Template: attributes})
	return resp.Objects, err
}

func (t token) Attributes(ctx context.Context, o exec.Object, types ...exec.AttributeType) ([]exec.Attribute, error) {
	if len(types) == 0 {
		return nil, nil
	}
	resp, err := t.do(ctx, &Request{Method: MethodAttributes, Object: o, Types: types})
	if err != nil {
		return nil, err
	}
	if len(resp.Values) != len(types) {
		return nil, incomplete(MethodAttributes)
	}
	out := make([]exec.Attribute, len(types))
	for i, v := range resp.Values {
		out[i] = exec.Attribute{Type: v.Type, Value: v.Bytes}
		if v.Known && v.Bytes == nil {
			out[i].Value = []byte{}
		}
	}
	return out, nil
}

func (t token) SetAttributes(ctx context.Context, o exec.Object, attributes []exec.Attribute) error {
	_, err := t.do(ctx, &Request{Method: MethodSetAttributes, Object: o, Template: attributes})
	return err
}

func incomplete(m Method) error {
	return &exec.Error{Kind: exec.Device, Call: m.String(), Message: "the module host's answer is incomplete"}
}
