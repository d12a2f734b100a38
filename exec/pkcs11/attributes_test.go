package pkcs11

import (
	"bytes"
	"encoding/binary"
	"testing"

	"inscribe/exec"
)

func TestUlongWidth(t *testing.T) {
	a := exec.Ulong(exec.CKAKeyType, 0x01020304)
	four := binary.NativeEndian.AppendUint32(nil, 0x01020304)
	eight := binary.NativeEndian.AppendUint64(nil, 0x01020304)
	if got := toNative(a, 4); !bytes.Equal(got, four) {
		t.Errorf("4 bytes: %x", got)
	}
	if got := toNative(a, 8); !bytes.Equal(got, eight) {
		t.Errorf("8 bytes: %x", got)
	}
	for _, native := range [][]byte{four, eight} {
		if got := fromNative(exec.CKAKeyType, native); !bytes.Equal(got, a.Value) {
			t.Errorf("from %x: %x", native, got)
		}
	}
}

func TestOtherAttributesPassAsTheyAre(t *testing.T) {
	eight := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, typ := range []exec.AttributeType{exec.CKAID, exec.CKAValue, exec.CKALabel} {
		if got := toNative(exec.Bytes(typ, eight), 4); !bytes.Equal(got, eight) {
			t.Errorf("%#x to the module: %x", typ, got)
		}
		if got := fromNative(typ, eight); !bytes.Equal(got, eight) {
			t.Errorf("%#x from the module: %x", typ, got)
		}
	}
	if got := fromNative(exec.CKAClass, nil); got != nil {
		t.Errorf("no value: %x", got)
	}
}
