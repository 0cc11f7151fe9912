package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
)

// TLVs are optional parameters (SMPP 3.4 §5.3, 5.0 §4.8), in order, repeated and unknown ones too. The zero
// value has none. There is a method to read and one to add each that is defined, in the type of its
// values; [TLVs.Get], [TLVs.Values] and [TLVs.Add] take any tag and octets.
//
// TLVs of [PDU.Options] borrow the PDU's octets; [TLVs.Clone] keeps them. A copy is a value of its own: what is
// added to one is not in the other.
type TLVs struct {
	octets []byte
	room   *tlvRoom    // of the array that octets lie in; nil for one that is somebody else's
	err    *FieldError // the first value that has no place in a TLV
}

// tlvRoom is how far an array has been written. Copies of TLVs share the array: the first that adds to it has the room
// behind the octets they have in common, any other takes an array of its own.
type tlvRoom struct{ used atomic.Int64 }

// firstRoom is enough for most PDUs, in one allocation.
type firstRoom struct {
	tlvRoom
	array [56]byte
}

// tlvScratch is enough for the octets of each composite value but the longest.
const tlvScratch = 128

// All returns the TLVs in order (SMPP 3.4 §5.3). The values are borrowed.
func (t TLVs) All() iter.Seq2[Tag, []byte] {
	return func(yield func(Tag, []byte) bool) {
		for b := t.octets; len(b) >= 4; {
			end := 4 + int(binary.BigEndian.Uint16(b[2:]))
			if !yield(Tag(binary.BigEndian.Uint16(b)), b[4:end:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// Get returns the value of the first TLV with the tag, borrowed (SMPP 3.4 §5.3).
func (t TLVs) Get(tag Tag) (value []byte, ok bool) {
	for b := t.octets; len(b) >= 4; {
		end := 4 + int(binary.BigEndian.Uint16(b[2:]))
		if Tag(binary.BigEndian.Uint16(b)) == tag {
			return b[4:end:end], true
		}
		b = b[end:]
	}
	return nil, false
}

// Values returns the values of all TLVs with the tag in order, borrowed (SMPP 3.4 §5.3): some may be repeated, such as
// callback_num.
func (t TLVs) Values(tag Tag) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for other, v := range t.All() {
			if other == tag && !yield(v) {
				return
			}
		}
	}
}

func (t TLVs) count(tag Tag) (n int) {
	for x := range t.All() {
		if x == tag {
			n++
		}
	}
	return n
}

// Len is the length of all TLVs together, in octets (SMPP 3.4 §5.3).
func (t TLVs) Len() int { return len(t.octets) }

// none reports whether nothing was added, not even what has no place in a TLV.
func (t *TLVs) none() bool { return len(t.octets) == 0 && t.err == nil }

// Octets returns the TLVs as they stand on the wire, borrowed (SMPP 3.4 §5.3).
func (t TLVs) Octets() []byte { return t.octets[:len(t.octets):len(t.octets)] }

// Clone returns TLVs that own their octets.
func (t TLVs) Clone() TLVs { return TLVs{octets: bytes.Clone(t.octets), err: t.err} }

// Equal reports whether both have the same octets.
func (t TLVs) Equal(other TLVs) bool { return bytes.Equal(t.octets, other.octets) }

// ParseTLVs reads octets that are TLVs and nothing else (SMPP 3.4 §3.2.4.1), borrowed; else it is a [*DecodeError] that says where.
func ParseTLVs(b []byte) (TLVs, error) {
	for at := 0; at < len(b); {
		if at+4 > len(b) {
			return TLVs{}, &DecodeError{Status: ESME_RINVTLVSTREAM, Offset: at, Reason: fmt.Sprintf("%d octets are no TLV", len(b)-at)}
		}
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if at+4+n > len(b) {
			tag := Tag(binary.BigEndian.Uint16(b[at:]))
			return TLVs{}, &DecodeError{Status: ESME_RINVTLVSTREAM, Offset: at, Field: tag.String(),
				Reason: fmt.Sprintf("its length is %d, but %d octets are left", n, len(b)-at-4)}
		}
		at += 4 + n
	}
	return TLVs{octets: b}, nil
}

// Add adds a TLV behind those there are, of at most 65535 octets (SMPP 3.4 §5.3). Limits are checked when the PDU is encoded.
func (t *TLVs) Add(tag Tag, value []byte) {
	if t.fits(tag, len(value)) {
		copy(t.grow(tag, len(value)), value)
	}
}

// grow adds a TLV of n octets and returns where its value goes.
func (t *TLVs) grow(tag Tag, n int) (value []byte) {
	b := t.extend(4 + n)
	binary.BigEndian.PutUint16(b, uint16(tag))
	binary.BigEndian.PutUint16(b[2:], uint16(n))
	return b[4:]
}

// extend makes the octets n longer, never into what another copy has or may come to have, and returns those n.
func (t *TLVs) extend(n int) []byte {
	at := len(t.octets)
	end := at + n
	if t.room == nil || end > cap(t.octets) || !t.room.used.CompareAndSwap(int64(at), int64(end)) {
		if own := (*firstRoom)(nil); end <= len(own.array) {
			own = new(firstRoom)
			t.octets, t.room = append(own.array[:0], t.octets...), &own.tlvRoom
		} else {
			t.octets, t.room = slices.Grow(slices.Clip(t.octets), n), new(tlvRoom)
		}
		t.room.used.Store(int64(end))
	}
	t.octets = t.octets[:end]
	return t.octets[at:]
}

// clear takes all out and keeps the array, of which nobody else may have a copy.
func (t *TLVs) clear() {
	t.octets, t.err = t.octets[:0], nil
	if t.room != nil {
		t.room.used.Store(0)
	}
}

// addAll adds those of another.
func (t *TLVs) addAll(other TLVs) {
	copy(t.extend(len(other.octets)), other.octets)
	if t.err == nil {
		t.err = other.err
	}
}

// fits reports whether the length field can say n.
func (t *TLVs) fits(tag Tag, n int) bool {
	if n <= 0xFFFF {
		return true
	}
	t.refuse(tag, fmt.Sprintf("%d octets, must be at most 65535", n))
	return false
}

// refuse keeps the first reason why a value cannot be sent; "" is none.
func (t *TLVs) refuse(tag Tag, reason string) {
	if reason != "" && t.err == nil {
		t.err = &FieldError{Field: tag.String(), Reason: reason}
	}
}

// fewBits returns why n is not the value of a part that has so many bits.
func fewBits(part string, n, bits uint8) string {
	if most := uint8(1)<<bits - 1; n > most {
		return fmt.Sprintf("%s is %d, must be 0 to %d", part, n, most)
	}
	return ""
}

func (t *TLVs) addInt(tag Tag, n uint32, octets int) {
	value := t.grow(tag, octets)
	for i := range value {
		value[i] = byte(n >> (8 * (octets - 1 - i)))
	}
}

func (t *TLVs) addString(tag Tag, s string) {
	if t.fits(tag, len(s)+1) {
		value := t.grow(tag, len(s)+1)
		value[copy(value, s)] = 0
	}
}

// TLVInt reads the value of an integer TLV, of up to 4 octets, big-endian (SMPP 3.4 §3.1).
func TLVInt(v []byte) uint32 {
	var n uint32
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n
}

// TLVString reads the value of a TLV that is a C-octet string (SMPP 3.4 §3.1). Many peers leave out its NUL, some write two.
func TLVString(v []byte) string { return string(trimNUL(v)) }

func trimNUL(v []byte) []byte { return v[:indexNUL(v)] }
