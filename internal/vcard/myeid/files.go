package myeid

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"inscribe/internal/vcard"
)

// The two folders that every card has.
const (
	mf  = 0x3F00
	app = 0x5015
)

// aid names the PKCS#15 application.
var aid = []byte("\xA0\x00\x00\x00cPKCS-15")

// What a file is, as the file descriptor byte says it.
const (
	kindData   = 0x01
	kindRSA    = 0x11
	kindEC     = 0x22
	kindFolder = 0x38
)

// room is the memory of the card, and of that what a file costs beside its bytes.
const (
	room     = 64 * 1024
	overhead = 16
)

// file is a file, a folder, or a key.
type file struct {
	Kind   byte   `json:"kind"`
	Parent uint16 `json:"parent"`
	// Size is in bytes, of a key in bits.
	Size int `json:"size"`
	// Access holds half a byte an operation. Data: read, update, delete. Key: use,
	// update, delete, generate. Folder: make a folder, make a file, delete.
	Access [3]byte `json:"access"`
	// Proprietary is, of a key, the PIN that each use forgets (upper half byte).
	Proprietary [2]byte `json:"proprietary"`
	Name        []byte  `json:"name,omitempty"`
	// Data is what a file holds, of a key the key in PKCS#8.
	Data []byte `json:"data,omitempty"`
}

func (f *file) isKey() bool { return f.Kind != kindData && f.Kind != kindFolder }

// changed counts changes, so that programs can tell whether what they know is
// still so.
func (c *Card) changed() { c.state.Changes++ }

func (c *Card) selectFile(cmd vcard.Command) ([]byte, int) {
	id, ok := uint16(0), false
	switch cmd.P1 {
	case 0x00:
		id, ok = c.byID(cmd.Data)
	case 0x03:
		id, ok = c.state.Files[c.folder].Parent, true
	case 0x04:
		for i, f := range c.state.Files {
			if len(f.Name) > 0 && bytes.HasPrefix(f.Name, cmd.Data) {
				id, ok = i, true
			}
		}
	case 0x08:
		id, ok = c.byPath(mf, cmd.Data)
	case 0x09:
		id, ok = c.byPath(c.folder, cmd.Data)
	default:
		return nil, swParameters
	}
	if !ok {
		return nil, swNotFound
	}
	f := c.state.Files[id]
	c.current, c.folder = id, f.Parent
	if f.Kind == kindFolder {
		c.folder = id
	}
	if cmd.P2&0x0C == 0x0C {
		return nil, swOK
	}
	return c.describe(id, f), swOK
}

// byID looks in the chosen folder, at the folder itself and at the one above.
func (c *Card) byID(data []byte) (uint16, bool) {
	if len(data) == 0 {
		return mf, true
	}
	if len(data) != 2 {
		return 0, false
	}
	id := binary.BigEndian.Uint16(data)
	f := c.state.Files[id]
	parent := c.state.Files[c.folder].Parent
	return id, f != nil && (id == mf || id == c.folder || id == parent || f.Parent == c.folder || f.Kind == kindFolder && f.Parent == parent)
}

func (c *Card) byPath(from uint16, path []byte) (uint16, bool) {
	if len(path) == 0 || len(path)%2 != 0 {
		return 0, false
	}
	at := from
	for i := 0; i < len(path); i += 2 {
		id := binary.BigEndian.Uint16(path[i:])
		f := c.state.Files[id]
		if f == nil || f.Parent != at && id != at {
			return 0, false
		}
		at = id
	}
	return at, true
}

// describe is the file control information.
func (c *Card) describe(id uint16, f *file) []byte {
	tag, size := byte(0x80), f.Size
	if f.isKey() {
		tag = 0x81
	}
	status := byte(0x01)
	if c.state.Active {
		status = 0x07
	}
	body := []byte{tag, 2, byte(size >> 8), byte(size), 0x82, 1, f.Kind, 0x83, 2, byte(id >> 8), byte(id)}
	if len(f.Name) > 0 {
		body = append(append(body, 0x84, byte(len(f.Name))), f.Name...)
	}
	body = append(body, 0x85, 2, f.Proprietary[0], f.Proprietary[1], 0x86, 3, f.Access[0], f.Access[1], f.Access[2], 0x8A, 1, status)
	return append([]byte{0x6F, byte(len(body))}, body...)
}

// list gives the identifiers of what is in the chosen folder.
func (c *Card) list() []byte {
	var out []byte
	for _, id := range slices.Sorted(maps.Keys(c.state.Files)) {
		if c.state.Files[id].Parent == c.folder && id != c.folder {
			out = binary.BigEndian.AppendUint16(out, id)
		}
	}
	return out
}

// chosen is the chosen file, if it is one with bytes.
func (c *Card) chosen() *file {
	if f := c.state.Files[c.current]; f != nil && f.Kind == kindData {
		return f
	}
	return nil
}

func (c *Card) readBinary(cmd vcard.Command) ([]byte, int) {
	f := c.chosen()
	at := int(cmd.P1)<<8 | int(cmd.P2)
	switch {
	case f == nil:
		return nil, swNoFile
	case !c.allowed(f.Access[0] >> 4):
		return nil, swSecurity
	case at >= len(f.Data):
		return nil, swOffset
	case cmd.Le == 0:
		return nil, swLength
	}
	return bytes.Clone(f.Data[at:min(at+cmd.Le, len(f.Data))]), swOK
}

func (c *Card) updateBinary(cmd vcard.Command) int {
	f := c.chosen()
	at := int(cmd.P1)<<8 | int(cmd.P2)
	switch {
	case f == nil:
		return swNoFile
	case !c.allowed(f.Access[0] & 0x0F):
		return swSecurity
	case at+len(cmd.Data) > len(f.Data):
		return swOffset
	}
	copy(f.Data[at:], cmd.Data)
	c.changed()
	return swOK
}

// createFile reads the template 62 of a new file.
func (c *Card) createFile(cmd vcard.Command) int {
	body, ok := templateOf(cmd.Data)
	if !ok {
		return swData
	}
	f := &file{Parent: c.folder, Kind: first(body[0x82]), Name: body[0x84]}
	copy(f.Access[:], body[0x86])
	copy(f.Proprietary[:], body[0x85])
	fid := body[0x83]
	if len(fid) != 2 {
		return swData
	}
	id := binary.BigEndian.Uint16(fid)
	need := c.state.Files[c.folder].Access[0]
	switch f.Kind {
	case kindFolder:
		need >>= 4
	case kindData, kindRSA, kindEC:
		need &= 0x0F
	default:
		return swUnsupported
	}
	for _, tag := range []byte{0x80, 0x81} {
		if n := body[tag]; len(n) == 2 {
			f.Size = int(binary.BigEndian.Uint16(n))
		}
	}
	bytesNeeded := f.Size
	if f.isKey() {
		bytesNeeded /= 8
		f.guard(c.guards)
	}
	switch {
	case c.state.Files[id] != nil:
		return swExists
	case !c.allowed(need):
		return swSecurity
	case c.used()+bytesNeeded+overhead > room:
		return swNoRoom
	}
	if f.Kind == kindData {
		f.Data = make([]byte, f.Size)
	}
	c.state.Files[id] = f
	c.current = id
	if f.Kind == kindFolder {
		c.folder = id
	}
	c.changed()
	return swOK
}

// guard exchanges PINs in the access conditions of a key.
func (f *file) guard(by map[byte]byte) {
	other := func(pin byte) byte {
		if o, wrong := by[pin]; wrong {
			return o
		}
		return pin
	}
	for i, b := range f.Access {
		f.Access[i] = other(b>>4)<<4 | other(b&0x0F)
	}
	f.Proprietary[0] = other(f.Proprietary[0]>>4)<<4 | f.Proprietary[0]&0x0F
}

// used is how much memory is taken.
func (c *Card) used() int {
	n := 0
	for _, f := range c.state.Files {
		n += overhead
		if f.isKey() {
			n += f.Size / 8
		} else {
			n += f.Size
		}
	}
	return n
}

// deleteFile deletes the chosen file, a folder with all that is in it.
func (c *Card) deleteFile() int {
	f := c.state.Files[c.current]
	switch {
	case f == nil || c.current == mf:
		return swNoFile
	case !c.allowed(f.Access[1] >> 4):
		return swSecurity
	}
	c.remove(c.current)
	c.current, c.folder = f.Parent, f.Parent
	c.changed()
	return swOK
}

func (c *Card) remove(id uint16) {
	for i, f := range c.state.Files {
		if f.Parent == id && i != id {
			c.remove(i)
		}
	}
	delete(c.state.Files, id)
}

// templateOf cuts a template 62 of elements with one byte of tag and of length.
func templateOf(data []byte) (map[byte][]byte, bool) {
	if len(data) < 2 || data[0] != 0x62 || int(data[1]) != len(data)-2 {
		return nil, false
	}
	return elements(data[2:])
}

func elements(data []byte) (map[byte][]byte, bool) {
	out := map[byte][]byte{}
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(data[1]) {
			return nil, false
		}
		out[data[0]] = bytes.Clone(data[2 : 2+int(data[1])])
		data = data[2+int(data[1]):]
	}
	return out, true
}

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}
