package exec

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"inscribe/check/profile"
	"inscribe/plan"
)

var dataAttributeTypes = map[string]AttributeType{
	"CKA_PRIVATE": CKAPrivate, "CKA_COPYABLE": CKACopyable, "CKA_MODIFIABLE": CKAModifiable, "CKA_DESTROYABLE": CKADestroyable,
	"CKA_APPLICATION": CKAApplication, "CKA_OBJECT_ID": CKAObjectID,
}

// dataAttributes makes the attributes of a data object: its content, label and
// what the description adds. An object identifier is DER (PKCS#11, data
// objects).
func (r *run) dataAttributes(op *plan.Op) ([]Attribute, error) {
	text, ok := r.Inputs.Text[op.Data.Field]
	content := []byte("symbolic data")
	if !ok && !r.Symbolic {
		return nil, noValue(op.Data)
	}
	if ok {
		var err error
		content, err = base64.StdEncoding.DecodeString(strings.Map(dropBlanks, text))
		if err != nil {
			return nil, &Error{Kind: Refused, Message: "the data of " + op.Data.Words() + " is no base64", Advice: "give the content as base64; base64 of nothing is an empty object"}
		}
	}
	if facts := r.Plan.Facts(); len(content) == 0 && facts.Is(profile.EmptyData) == profile.No {
		return nil, &Error{Kind: Refused, Message: "the data of " + op.Data.Words() + " is empty, and tokens of the profile " + facts.Name + " take no empty data object", Advice: "give it content"}
	}
	label, err := r.label(op)
	if err != nil {
		return nil, err
	}
	attributes := []Attribute{Text(CKALabel, label), Bytes(CKAValue, content)}
	for _, a := range op.Attributes {
		t, known := dataAttributeTypes[a.Name]
		if !known {
			return nil, &Error{Kind: Refused, Message: "a data object has no attribute " + a.Name}
		}
		value := Text(t, a.Value)
		switch t {
		case CKAApplication:
		case CKAObjectID:
			der, err := encodeOID(a.Value)
			if err != nil {
				return nil, &Error{Kind: Refused, Message: "CKA_OBJECT_ID", Cause: err}
			}
			value = Bytes(t, der)
		default:
			value = Bool(t, strings.EqualFold(a.Value, "TRUE"))
		}
		attributes = append(attributes, value)
	}
	return attributes, nil
}

// encodeOID gives the DER of an object identifier. It is written out here since
// encoding/asn1 brings arithmetic of any size along, which the browser would
// have to load.
func encodeOID(dotted string) ([]byte, error) {
	bad := fmt.Errorf("%q is no object identifier", dotted)
	var arcs []uint64
	for _, part := range strings.Split(dotted, ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, bad
		}
		arcs = append(arcs, n)
	}
	if len(arcs) < 2 || arcs[0] > 2 || arcs[0] < 2 && arcs[1] > 39 {
		return nil, bad
	}
	// The first two arcs are one number, and each number is written in groups of
	// seven bits, of which all but the last have the eighth set.
	arcs[1] += 40 * arcs[0]
	var content []byte
	for _, n := range arcs[1:] {
		group := []byte{byte(n & 0x7f)}
		for n >>= 7; n > 0; n >>= 7 {
			group = append(group, byte(n&0x7f|0x80))
		}
		slices.Reverse(group)
		content = append(content, group...)
	}
	if len(content) > 127 {
		return nil, fmt.Errorf("the object identifier %q is longer than 127 bytes", dotted)
	}
	return append([]byte{6, byte(len(content))}, content...), nil
}

func dropBlanks(c rune) rune {
	if c == '\n' || c == '\r' || c == ' ' || c == '\t' {
		return -1
	}
	return c
}

// dataThere reports whether the object is there already, equal in all of it.
func (r *run) dataThere(op *plan.Op, slot string) (bool, error) {
	attributes, err := r.dataAttributes(op)
	if err != nil {
		return false, err
	}
	there, err := r.dataObjects(slot, attributes)
	// Tokens make an object private that the description does not call public.
	public := slices.ContainsFunc(attributes, func(a Attribute) bool { return a.Type == CKAPrivate && !a.AsBool() })
	if err == nil && !public && r.takenFor(op, slot) {
		return true, nil
	}
	return len(there) > 0, err
}

// dataObjects are the data objects of a slot that have all attributes.
func (r *run) dataObjects(slot string, attributes []Attribute) (all []Object, err error) {
	for _, t := range r.shown(slot) {
		found, err := t.FindObjects(r.ctx, append([]Attribute{Ulong(CKAClass, CKOData)}, attributes...))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// putData writes a data object and reads it back. One that cannot be read back is removed
// again, since no later run could tell that it is this one's.
func (r *run) putData(op *plan.Op, slot string, record *Record) error {
	attributes, err := r.dataAttributes(op)
	if err != nil {
		return err
	}
	record.Label = string(attributes[0].Value)
	same, err := r.dataObjects(slot, attributes[:1])
	if err != nil {
		return err
	}
	if len(same) > 0 && !r.AllowExisting {
		return &Error{Kind: Refused, Message: "another data object with the label " + quote(record.Label) + " is on the token already",
			Advice: "remove it, change the label, or say --existing add"}
	}
	t := r.token(slot)
	object, err := t.CreateObject(r.ctx, append([]Attribute{Ulong(CKAClass, CKOData), Bool(CKAToken, true)}, attributes...))
	if err != nil {
		return err
	}
	read, err := t.Attributes(r.ctx, object, typesOf(attributes)...)
	if err == nil {
		err = compare("data object", attributes, read)
	}
	if err == nil || slices.Contains(same, object) {
		return err
	}
	// The handle is the module's word: what goes must have the label.
	named := []Attribute{Ulong(CKAClass, CKOData), attributes[0]}
	if read, unread := t.Attributes(r.ctx, object, typesOf(named)...); unread == nil && compare("", named, read) == nil {
		_ = t.DestroyObject(r.ctx, object)
	}
	return err
}
