package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
)

// TLVs are optional parameters (SMPP 3.4 §5.3, 5.0 §4.8), in order, repeated and unknown ones too. The zero
// value has none. There is a method to read and one to add each that is defined, in the type of its
// values; [TLVs.Get], [TLVs.Values] and [TLVs.Add] take any tag and octets.
//
// TLVs of [PDU.Options] borrow the PDU's octets; [TLVs.Clone] keeps them.
type TLVs struct {
	octets []byte
	err    *FieldError // the first value that has no place in a TLV
}

// tlvScratch is enough for the octets of each composite value but the longest.
const tlvScratch = 128

// All returns the TLVs in order. The values are borrowed.
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

// Get returns the value of the first TLV with the tag, borrowed.
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

// Values returns the values of all TLVs with the tag in order, borrowed: some may be repeated, such as
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

// Len is the length of all TLVs together, in octets.
func (t TLVs) Len() int { return len(t.octets) }

// Octets returns the TLVs as they stand on the wire, borrowed.
func (t TLVs) Octets() []byte { return t.octets }

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

// Add adds a TLV behind those there are, of at most 65535 octets. Limits are checked when the PDU is encoded.
func (t *TLVs) Add(tag Tag, value []byte) {
	if t.fits(tag, len(value)) {
		t.octets = append(appendTLVHeader(t.octets, tag, len(value)), value...)
	}
}

func appendTLVHeader(dst []byte, tag Tag, n int) []byte {
	return append(dst, byte(tag>>8), byte(tag), byte(n>>8), byte(n))
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
	t.octets = appendTLVHeader(t.octets, tag, octets)
	for shift := 8 * (octets - 1); shift >= 0; shift -= 8 {
		t.octets = append(t.octets, byte(n>>shift))
	}
}

func (t *TLVs) addString(tag Tag, s string) {
	if t.fits(tag, len(s)+1) {
		t.octets = append(append(appendTLVHeader(t.octets, tag, len(s)+1), s...), 0)
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

// TLVString reads the value of a TLV that is a C-octet string. Many peers leave out its NUL, some write two.
func TLVString(v []byte) string { return string(trimNUL(v)) }

func trimNUL(v []byte) []byte { return v[:indexNUL(v)] }

// indexNUL is where the first NUL stands; the length if there is none.
func indexNUL(v []byte) int {
	if i := bytes.IndexByte(v, 0); i >= 0 {
		return i
	}
	return len(v)
}
