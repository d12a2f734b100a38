//go:build cgo

package pkcs11

// #include <stdlib.h>
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/miekg/pkcs11"

	"inscribe/exec"
	"inscribe/exec/host"
)

// Available reports whether this build can load PKCS#11 modules.
const Available = true

// module answers requests with the calls of the one loaded library.
type module struct {
	ctx      *pkcs11.Ctx
	sessions map[exec.SlotID]pkcs11.SessionHandle
}

func newHandler() func(*host.Request, exec.Credential, exec.Credential) *host.Response {
	m := &module{sessions: map[exec.SlotID]pkcs11.SessionHandle{}}
	return func(req *host.Request, pin, newPIN exec.Credential) *host.Response {
		resp := &host.Response{}
		if f := m.handle(req, resp, pin, newPIN); f != nil {
			return &host.Response{Failure: f}
		}
		return resp
	}
}

func (m *module) handle(req *host.Request, resp *host.Response, pin, newPIN exec.Credential) *host.Failure {
	if req.Method == host.MethodLoad {
		return m.load(req.Module)
	}
	if m.ctx == nil {
		return &host.Failure{CKR: exec.CKRCryptokiNotInitialized, Message: "no module is loaded"}
	}
	switch req.Method {
	case host.MethodInitialize:
		return m.initialize(req.InitArgs)
	case host.MethodFinalize:
		return failed("", m.ctx.Finalize())
	case host.MethodInfo:
		return m.info(resp)
	case host.MethodSlots:
		return m.slots(req, resp)
	case host.MethodReaders:
		ids, err := m.ctx.GetSlotList(false)
		for _, id := range ids {
			resp.Slots = append(resp.Slots, m.slotInfo(id))
		}
		return failed("", err)
	case host.MethodTokenInfo:
		info, err := m.ctx.GetTokenInfo(uint(req.Slot))
		if err == nil {
			resp.Token = tokenInfo(info)
		}
		return failed("", err)
	case host.MethodMechanisms:
		return m.mechanisms(req.Slot, resp)
	case host.MethodInitToken:
		return m.initToken(req.Slot, pin, req.Label)
	case host.MethodOpenSession:
		return m.openSession(req.Slot)
	}

	session, open := m.sessions[req.Slot]
	if !open {
		return &host.Failure{CKR: exec.CKRSessionHandleInvalid, Message: "no session is open"}
	}
	switch req.Method {
	case host.MethodCloseSession:
		// Whatever the module says: the session is of no use any more.
		delete(m.sessions, req.Slot)
		return failed("", m.ctx.CloseSession(session))
	case host.MethodLogin:
		return answered("", login(uint(session), req.User, pin))
	case host.MethodLogout:
		return failed("", m.ctx.Logout(session))
	case host.MethodInitPIN:
		return answered("", initPIN(uint(session), pin))
	case host.MethodSetPIN:
		return answered("", setPIN(uint(session), pin, newPIN))
	case host.MethodGenerateKeyPair:
		pub, priv, err := m.ctx.GenerateKeyPair(session, mechanism(req.Mechanism), template(req.Template), template(req.Private))
		resp.Objects = []exec.Object{exec.Object(pub), exec.Object(priv)}
		return failed("", err)
	case host.MethodSign:
		return m.sign(session, req, resp, pin)
	case host.MethodCreateObject:
		o, err := m.ctx.CreateObject(session, template(req.Template))
		resp.Objects = []exec.Object{exec.Object(o)}
		return failed("", err)
	case host.MethodDestroyObject:
		return failed("", m.ctx.DestroyObject(session, pkcs11.ObjectHandle(req.Object)))
	case host.MethodFindObjects:
		return m.find(session, req.Template, resp)
	case host.MethodAttributes:
		return m.attributes(session, req, resp)
	case host.MethodSetAttributes:
		return failed("", m.ctx.SetAttributeValue(session, pkcs11.ObjectHandle(req.Object), template(req.Template)))
	}
	return &host.Failure{Message: fmt.Sprintf("the module host does not know request %d", req.Method)}
}

func (m *module) load(path string) *host.Failure {
	if f := openLibrary(path); f != nil {
		return f
	}
	if m.ctx = pkcs11.New(path); m.ctx == nil {
		return &host.Failure{Message: path + " cannot be loaded a second time", Advice: adviseModule}
	}
	return oneList(m.ctx)
}

func (m *module) initialize(args string) *host.Failure {
	if args == "" {
		return failed("", m.ctx.Initialize())
	}
	// Modules may keep the pointer, so it is never freed.
	reserved := unsafe.Pointer(C.CString(args))
	return failed("", m.ctx.Initialize(pkcs11.InitializeWithReserved(reserved)))
}

func (m *module) info(resp *host.Response) *host.Failure {
	i, err := m.ctx.GetInfo()
	resp.Module = exec.ModuleInfo{
		Manufacturer:   exec.CleanText(i.ManufacturerID),
		Description:    exec.CleanText(i.LibraryDescription),
		LibraryVersion: version(i.LibraryVersion),
		Cryptoki:       version(i.CryptokiVersion),
	}
	return failed("", err)
}

func (m *module) slots(req *host.Request, resp *host.Response) *host.Failure {
	var ids []uint
	for _, id := range req.Only {
		ids = append(ids, uint(id))
	}
	if ids == nil {
		var err error
		ids, err = m.ctx.GetSlotList(true)
		// A token that was put in between the two calls of the list.
		for tries := 0; tries < 3 && ckr(err) == exec.CKRBufferTooSmall; tries++ {
			ids, err = m.ctx.GetSlotList(true)
		}
		if err != nil {
			return failed("", err)
		}
	}
	for _, id := range ids {
		slot := m.slotInfo(id)
		if slices.Contains(req.Busy, slot.ID) {
			resp.Slots = append(resp.Slots, slot)
			continue
		}
		t, err := m.ctx.GetTokenInfo(id)
		switch c := ckr(err); c {
		case exec.CKRTokenNotPresent, exec.CKRSlotIDInvalid:
			continue
		case exec.CKROK:
			if err != nil {
				return failed("C_GetTokenInfo", err)
			}
			slot.Token = tokenInfo(t)
		case exec.CKRTokenNotRecognized:
			slot.Unrecognised = true
		default:
			slot.Unreadable = c
		}
		resp.Slots = append(resp.Slots, slot)
	}
	return nil
}

// slotInfo describes a slot; the words are left out where the module has none.
func (m *module) slotInfo(id uint) exec.Slot {
	slot := exec.Slot{ID: exec.SlotID(id)}
	if s, err := m.ctx.GetSlotInfo(id); err == nil {
		slot.Description = exec.CleanText(s.SlotDescription)
		slot.Manufacturer = exec.CleanText(s.ManufacturerID)
		slot.Removable = s.Flags&pkcs11.CKF_REMOVABLE_DEVICE != 0
	}
	return slot
}

func (m *module) mechanisms(id exec.SlotID, resp *host.Response) *host.Failure {
	list, err := m.ctx.GetMechanismList(uint(id))
	if err != nil {
		return failed("", err)
	}
	for _, mech := range list {
		one := exec.Mechanism{Type: exec.MechanismType(mech.Mechanism)}
		// Some modules list mechanisms that they then do not know.
		if i, err := m.ctx.GetMechanismInfo(uint(id), []*pkcs11.Mechanism{mech}); err == nil {
			one.Min, one.Max = uint64(i.MinKeySize), uint64(i.MaxKeySize)
		} else if c := ckr(err); c != exec.CKRMechanismInvalid {
			return failed("C_GetMechanismInfo", err)
		}
		resp.Mechanisms = append(resp.Mechanisms, one)
	}
	return nil
}

func (m *module) initToken(id exec.SlotID, so exec.Credential, label string) *host.Failure {
	var padded [32]byte
	if len(label) > len(padded) {
		return &host.Failure{CKR: exec.CKRArgumentsBad, Message: fmt.Sprintf("the label has %d bytes, a token takes %d", len(label), len(padded))}
	}
	for i := copy(padded[:], label); i < len(padded); i++ {
		padded[i] = ' '
	}
	return answered("", initToken(id, so, padded))
}

func (m *module) openSession(id exec.SlotID) *host.Failure {
	if _, open := m.sessions[id]; open {
		return &host.Failure{CKR: exec.CKRSessionExists, Message: "this program has a session open"}
	}
	session, err := m.ctx.OpenSession(uint(id), pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err == nil {
		m.sessions[id] = session
	}
	return failed("", err)
}

func (m *module) sign(session pkcs11.SessionHandle, req *host.Request, resp *host.Response, pin exec.Credential) *host.Failure {
	if err := m.ctx.SignInit(session, mechanism(req.Mechanism), pkcs11.ObjectHandle(req.Object)); err != nil {
		return failed("C_SignInit", err)
	}
	if pin.PINPad || pin.Secret.IsSet() {
		if rv := login(uint(session), exec.ContextSpecific, pin); rv != exec.CKROK {
			return answered("C_Login", rv)
		}
	}
	var rv exec.CKR
	resp.Data, rv = sign(uint(session), req.Data)
	return answered("", rv)
}

// mostObjects is more than any token holds: a module that finds more does not come to an
// end.
const mostObjects = 1 << 16

func (m *module) find(session pkcs11.SessionHandle, attributes []exec.Attribute, resp *host.Response) *host.Failure {
	if err := m.ctx.FindObjectsInit(session, template(attributes)); err != nil {
		return failed("C_FindObjectsInit", err)
	}
	var err error
	for {
		var some []pkcs11.ObjectHandle
		if some, _, err = m.ctx.FindObjects(session, 256); err != nil || len(some) == 0 {
			break
		}
		for _, o := range some {
			resp.Objects = append(resp.Objects, exec.Object(o))
		}
		if len(resp.Objects) > mostObjects {
			break
		}
	}
	final := m.ctx.FindObjectsFinal(session)
	if len(resp.Objects) > mostObjects {
		resp.Objects = nil
		return &host.Failure{Call: "C_FindObjects", Message: fmt.Sprintf("the module goes on finding objects after %d, more than any token holds", mostObjects),
			Advice: "take the card out and put it in again; if it happens again, call the vendor of the middleware"}
	}
	if err != nil {
		return failed("", err)
	}
	return failed("C_FindObjectsFinal", final)
}

func (m *module) attributes(session pkcs11.SessionHandle, req *host.Request, resp *host.Response) *host.Failure {
	values, err := m.read(session, req.Object, req.Types...)
	if !kept(err) {
		resp.Values = values
		return failed("", err)
	}
	// One bad attribute fails them all in the binding; which, only one by one
	// can tell.
	for _, t := range req.Types {
		one, err := m.read(session, req.Object, t)
		if kept(err) {
			one = []host.Value{{Type: t}}
		} else if err != nil {
			return failed("", err)
		}
		resp.Values = append(resp.Values, one...)
	}
	return nil
}

func (m *module) read(session pkcs11.SessionHandle, o exec.Object, types ...exec.AttributeType) ([]host.Value, error) {
	var ask []*pkcs11.Attribute
	for _, t := range types {
		ask = append(ask, pkcs11.NewAttribute(uint(t), nil))
	}
	if len(ask) == 0 {
		return nil, nil
	}
	got, err := m.ctx.GetAttributeValue(session, pkcs11.ObjectHandle(o), ask)
	if err != nil {
		return nil, err
	}
	var values []host.Value
	for _, a := range got {
		t := exec.AttributeType(a.Type)
		values = append(values, host.Value{Type: t, Known: a.Value != nil, Bytes: fromNative(t, a.Value)})
	}
	return values, nil
}

// kept reports whether the token has no value to show for an attribute, which
// C_GetAttributeValue says by two codes that are no true errors.
func kept(err error) bool {
	c := ckr(err)
	return c == exec.CKRAttributeSensitive || c == exec.CKRAttributeTypeInvalid
}

func template(attributes []exec.Attribute) []*pkcs11.Attribute {
	var out []*pkcs11.Attribute
	for _, a := range attributes {
		out = append(out, &pkcs11.Attribute{Type: uint(a.Type), Value: toNative(a, ulongSize)})
	}
	return out
}

func mechanism(t exec.MechanismType) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(uint(t), nil)}
}

func tokenInfo(t pkcs11.TokenInfo) exec.TokenInfo {
	return exec.TokenInfo{
		Label:        exec.CleanText(t.Label),
		Manufacturer: exec.CleanText(t.ManufacturerID),
		Model:        exec.CleanText(t.Model),
		Serial:       exec.CleanText(t.SerialNumber),
		Flags:        exec.TokenFlags(t.Flags),
		MinPIN:       pinLength(t.MinPinLen),
		MaxPIN:       pinLength(t.MaxPinLen),
		FreePublic:   memory(t.FreePublicMemory, t.TotalPublicMemory),
		FreePrivate:  memory(t.FreePrivateMemory, t.TotalPrivateMemory),
		HardwareVer:  version(t.HardwareVersion),
		FirmwareVer:  version(t.FirmwareVersion),
		OpenSessions: amount(t.SessionCount),
	}
}

func amount(v uint) int64 {
	if v == unavailable {
		return exec.Unavailable
	}
	return int64(v)
}

// pinLength gives a length that a PIN may have. What no PIN that is sent can have is a
// token's way to say nothing, and would only cost memory.
func pinLength(v uint) int {
	if v > host.MaxSecret {
		return int(exec.Unavailable)
	}
	return int(v)
}

// memory gives free bytes. A token whose whole memory would not hold one object
// does not count it: NSS says that it has one byte.
func memory(free, total uint) int64 {
	if total != unavailable && total < 64 {
		return exec.Unavailable
	}
	return amount(free)
}

func version(v pkcs11.Version) string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

func ckr(err error) exec.CKR {
	var e pkcs11.Error
	if errors.As(err, &e) {
		return exec.CKR(e)
	}
	return exec.CKROK
}

// failed makes a failure of an error of the binding, which has only codes. An
// empty call is the request's principal one.
func failed(call string, err error) *host.Failure {
	if err == nil {
		return nil
	}
	if c := ckr(err); c != exec.CKROK {
		return answered(call, c)
	}
	return &host.Failure{Call: call, Message: err.Error()}
}

func answered(call string, c exec.CKR) *host.Failure {
	if c == exec.CKROK {
		return nil
	}
	return &host.Failure{Call: call, CKR: c}
}
