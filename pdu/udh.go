package pdu

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// The information elements that have a meaning here (3GPP 23.040 §9.2.3.24).
const (
	IEConcat8      = 0x00 // concatenated message, 8-bit reference (§9.2.3.24.1)
	IEPorts8       = 0x04 // application ports of 8 bits: destination, source (§9.2.3.24.3)
	IEPorts16      = 0x05 // application ports of 16 bits (§9.2.3.24.4)
	IEConcat16     = 0x08 // concatenated message, 16-bit reference (§9.2.3.24.8)
	IESingleShift  = 0x24 // national language of the extension table (§9.2.3.24.15)
	IELockingShift = 0x25 // national language of the main table (§9.2.3.24.16)
)

const (
	esmUDHI         = 0x40 // esm_class: the message starts with a user data header
	messageOctets   = 140  // of one message on the air, header and all (3GPP 23.040 §9.2.3.16)
	elementOverhead = 2
)

// UDH is a user data header with its length octet, as it stands before the text of a message when esm_class
// has the UDHI bit (SMPP 3.4 §5.2.12, 3GPP 23.040 §9.2.3.24). One that a PDU returned borrows from it.
type UDH []byte

// Elements returns the information elements (3GPP 23.040 §9.2.3.24) in their order: the identifier and the data, borrowed. One that
// runs past the end of the header ends it.
func (u UDH) Elements() iter.Seq2[uint8, []byte] {
	return func(yield func(uint8, []byte) bool) {
		if len(u) == 0 {
			return
		}
		for at := 1; at+elementOverhead <= len(u); {
			n := int(u[at+1])
			end := at + elementOverhead + n
			if end > len(u) || !yield(u[at], u[at+elementOverhead:end:end]) {
				return
			}
			at = end
		}
	}
}

// Valid reports whether the elements fill the header exactly (3GPP 23.040 §9.2.3.24).
func (u UDH) Valid() bool {
	at := 1
	for _, data := range u.Elements() {
		at += elementOverhead + len(data)
	}
	return len(u) > 0 && at == len(u)
}

// AppendElement returns a copy of a header, which may be nil, with an information element more (3GPP 23.040 §9.2.3.24). One that
// would be longer than a message, 140 octets, is returned as it was.
func (u UDH) AppendElement(id uint8, data []byte) UDH {
	if len(u)+1+elementOverhead+len(data) > messageOctets {
		return u
	}
	u = slices.Clip(u) // never into the array of another header: its length octet would change
	if len(u) == 0 {
		u = append(u, 0)
	}
	u = append(append(u, id, uint8(len(data))), data...)
	u[0] = uint8(len(u) - 1)
	return u
}

// checkGiven refuses the elements that a text is written by, in a header that is given with it: the receiver would read it by other
// tables than those it was written with, or take it for a part of another message.
func (u UDH) checkGiven() error {
	for id := range u.Elements() {
		switch id {
		case IESingleShift, IELockingShift:
			return fmt.Errorf("the elements have a national language (0x%02X): give it in the languages, that the text is written in its tables", id)
		case IEConcat8, IEConcat16:
			return fmt.Errorf("the elements have the mark of a part (0x%02X): parts are cut and marked from the text, as udh8 or udh16 with a reference", id)
		}
	}
	return nil
}

// Ports reads the application port element, of 8 or 16 bits (3GPP 23.040 §9.2.3.24.3, §9.2.3.24.4): the last one counts.
func (u UDH) Ports() (destination, source uint16, ok bool) {
	for id, d := range u.Elements() {
		switch {
		case id == IEPorts8 && len(d) == 2:
			destination, source, ok = uint16(d[0]), uint16(d[1]), true
		case id == IEPorts16 && len(d) == 4:
			destination, source, ok = binary.BigEndian.Uint16(d), binary.BigEndian.Uint16(d[2:]), true
		}
	}
	return destination, source, ok
}

// Languages reads the national language elements (3GPP 23.040 §9.2.3.24.15, §9.2.3.24.16); 0 where there is none.
func (u UDH) Languages() (locking, single Language) {
	for id, d := range u.Elements() {
		switch {
		case len(d) != 1:
		case id == IELockingShift:
			locking = Language(d[0])
		case id == IESingleShift:
			single = Language(d[0])
		}
	}
	return locking, single
}

// AppendPorts returns a copy of a header with an application port element (3GPP 23.040 §9.2.3.24.3), the short one
// where both ports are 240 to 255.
func (u UDH) AppendPorts(destination, source uint16) UDH {
	if destination <= 0xFF && source <= 0xFF && destination >= 240 && source >= 240 { // below 240 is reserved (§9.2.3.24.3)
		return u.AppendElement(IEPorts8, []byte{uint8(destination), uint8(source)})
	}
	d := binary.BigEndian.AppendUint16(nil, destination)
	return u.AppendElement(IEPorts16, binary.BigEndian.AppendUint16(d, source))
}

// payload returns the message: short_message, or where that is empty the TLV message_payload.
func (p *PDU) payload() []byte {
	if b := p.Bytes(FieldShortMessage); len(b) > 0 {
		return b
	}
	v, _ := p.TLV(TagMessagePayload)
	return v
}

// UDH returns the user data header with its length octet (SMPP 3.4 §5.2.12, 3GPP 23.040 §9.2.3.24), borrowed; nil if there is none, or if it says that it
// is longer than the message.
func (p *PDU) UDH() UDH {
	if p.Int(FieldESMClass)&esmUDHI == 0 {
		return nil
	}
	return headerOf(p.payload())
}

// headerOf is the user data header that a message starts with, borrowed; nil where it says that it is longer than the message.
func headerOf(b []byte) UDH {
	if len(b) == 0 || int(b[0]) >= len(b) {
		return nil
	}
	return UDH(b[: 1+int(b[0]) : 1+int(b[0])])
}

// UserData returns the message without its user data header, borrowed: short_message (SMPP 3.4 §5.2.22), or where that is
// empty the TLV message_payload (§5.3.2.32).
func (p *PDU) UserData() []byte { return p.payload()[len(p.UDH()):] }
