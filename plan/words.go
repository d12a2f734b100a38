package plan

import (
	"fmt"
	"strings"
)

// Words says in one line what the op does.
func (o *Op) Words() string {
	switch o.Kind {
	case OpenSlot:
		if !o.ICCSN.IsZero() {
			return "choose the token with the serial number " + o.ICCSN.Words()
		}
		return "choose the token"
	case Login:
		return o.loginWords()
	case Logout:
		if o.Application != "" {
			return "log out, so that the key shows which PIN opens it"
		}
		return "log out"
	case InitToken:
		words := "initialise the token"
		if o.Hook {
			words += " by the station's command"
		}
		if !o.Label.IsZero() {
			words += fmt.Sprintf(" as %q", o.Label.Words())
		}
		words += ", SO PIN from " + o.Credential.Words()
		for _, p := range o.PINs {
			words += fmt.Sprintf(", %s of the %s slot", p.words(), p.Slot)
		}
		if o.Hook {
			return words + "; destroys all objects and PINs"
		}
		return words + " (the present one, if it is initialised); destroys all objects and the PIN"
	case InitPIN:
		return "set the first PIN from " + o.New.Words()
	case Unblock:
		words := "unblock: set the PIN from " + o.New.Words()
		if o.Old != nil {
			words += " under the card's PUK from " + o.Old.Words()
		}
		return words
	case SetPIN:
		return "change the PIN from " + o.Old.Words() + " to " + o.New.Words()
	case SetPUK:
		return "change the PUK from " + o.Old.Words() + " to " + o.New.Words()
	case GenKey:
		return fmt.Sprintf("generate %s, label %q", o.Key.Words(), o.Label.Words())
	case ReqCert:
		words := fmt.Sprintf("request a certificate (PKCS#10) for template %s", o.Template)
		if len(o.Contents) > 0 {
			words += ": " + strings.Join(o.Contents, "; ")
		}
		return words
	case PutCert:
		if o.Certificate != nil {
			words := "write the certificate from " + o.Certificate.Words()
			if !o.Label.IsZero() {
				words += fmt.Sprintf(", label %q", o.Label.Words())
			}
			return words
		}
		return "write the certificate beside its key"
	case PutList:
		words := "write the certificates and private keys from " + o.List.Words()
		if o.Any {
			words += ", as many as fit, the first one at least"
		}
		return words
	case PutData:
		return fmt.Sprintf("write a data object from %s, label %q", o.Data.Words(), o.Label.Words())
	case Delete:
		what := map[string]string{"-key": "keys", "-certificate": "certificates", "-data": "data objects"}
		var older []string
		for _, c := range o.Changes {
			older = append(older, what[c])
		}
		words := "delete older " + strings.Join(older, " and ")
		if o.Label.IsZero() {
			return words + " of the same label"
		}
		return words + fmt.Sprintf(", label %q", o.Label.Words())
	case Block:
		return fmt.Sprintf("block the PIN with %d wrong values; only the PUK opens it again", o.Attempts)
	case ListTokens:
		return "read the serial numbers of all tokens into field " + o.Returns
	case ClearFields:
		return "forget " + strings.Join(o.Clears, ", ")
	case CloseSlot:
		return "close, which logs out"
	}
	return string(o.Kind)
}

// Loses says what an op that destroys takes away.
func (o *Op) Loses() string {
	if o.Kind == Delete {
		where := "the " + o.Slot + " slot"
		if field := o.SlotField(); field != "" {
			where = "the slot that " + field + " decides"
		}
		return "what is under the label of application " + o.Application + " in " + where
	}
	if o.Kind == Block {
		return "the use of the " + o.Slot + " slot, until its PUK is shown"
	}
	return "all keys, certificates, data and the PIN on the token of the " + o.Slot + " slot"
}

func (p *InitialPIN) words() string {
	words := "PIN from " + p.PIN.Words()
	if p.PUK != nil {
		words += " and PUK from " + p.PUK.Words()
	}
	return words
}

func (o *Op) loginWords() string {
	words := "log in as " + strings.Replace(o.As, "so", "SO", 1) + " with "
	if len(o.Cases) > 0 {
		var parts []string
		for _, c := range o.Cases {
			parts = append(parts, fmt.Sprintf("%s (%s slot)", c.Credential.Words(), c.Slot))
		}
		words += strings.Join(parts, " or ")
	} else {
		words += o.Credential.Words()
	}
	if o.Proves {
		words += ", which proves it"
	}
	return words
}

// Words names the kind of key pair.
func (k *Key) Words() string {
	if k.Type == "RSA" {
		return fmt.Sprintf("an RSA key pair of %d bits", k.Bits)
	}
	return "a key pair on " + k.Curve
}

// whenWords says when the op runs, "" for always.
func (o *Op) whenWords() string {
	var parts []string
	for _, c := range o.When {
		parts = append(parts, fmt.Sprintf("%s decides for the %s slot", c.Field, c.Is))
	}
	if o.IfNeeded {
		state := map[Kind]string{OpenSlot: "it is not open yet", Login: "nobody is logged in yet", Logout: "somebody is logged in", CloseSlot: "it is open"}[o.Kind]
		parts = append(parts, state)
	}
	if parts == nil {
		return ""
	}
	return "if " + strings.Join(parts, " and ")
}

// Summary counts what the plan does, as its closing line.
func (p *Plan) Summary() string {
	var keys, certificates, pins, destroyed int
	for i := range p.Ops {
		o := &p.Ops[i]
		switch o.Kind {
		case GenKey:
			keys++
		case PutCert:
			certificates++
		case InitPIN, Unblock, SetPIN, SetPUK:
			pins++
		}
		if o.Destroys() {
			destroyed++
		}
	}
	return fmt.Sprintf("Plan: %s, %s, %s changed; %d destroyed; %s",
		plural(keys, "key"), plural(certificates, "certificate"), plural(pins, "PIN"), destroyed, plural(len(p.Ops), "op"))
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
