package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Warnings are the things that Decode forgave, as a set.
type Warnings uint16

// The pardons.
const (
	TrailingOctets Warnings = 1 << iota // 1 to 3 stray octets at the end
	TLVOverrun                          // the last TLV says it is longer than the PDU
	OverlongString                      // a C-octet string beyond its limit
	MissingNUL                          // the last string of a response ends with the PDU
	EmptyBody                           // a response without its mandatory fields
	TLVLength                           // a defined TLV with a length that it may not have
	TruncatedBody                       // an error response whose mandatory fields end early
)

var warningCodes = [...]string{"trailing_octets", "tlv_overrun", "overlong_string", "missing_nul", "empty_body", "tlv_length", "truncated_body"}

// Codes returns a stable word for each.
func (w Warnings) Codes() []string {
	var codes []string
	for i, c := range warningCodes {
		if w&(1<<i) != 0 {
			codes = append(codes, c)
		}
	}
	return codes
}

// DecodeError is what makes the body of a PDU unreadable. Its header can be read all the same.
type DecodeError struct {
	Status Status // to answer with
	Offset int    // in the PDU, in octets
	Field  string
	Reason string
}

// Error names the field and the reason.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Decode reads the PDU in b, which is one whole PDU (see [FrameLength]). p borrows b. What the protocol's
// real users do wrong is forgiven and flagged; a body that cannot be read is a [*DecodeError], and
// then the header getters still work. An undefined command_id is no error: Command is nil. It does
// not allocate.
func (p *PDU) Decode(b []byte) error {
	*p = PDU{raw: b}
	if len(b) < HeaderLen {
		return &DecodeError{Status: ESME_RINVCMDLEN, Offset: len(b), Reason: fmt.Sprintf("truncated at %d", len(b))}
	}
	p.id = CommandID(binary.BigEndian.Uint32(b[4:]))
	p.status = Status(binary.BigEndian.Uint32(b[8:]))
	p.sequence = binary.BigEndian.Uint32(b[12:])
	p.tlvs, p.tlvEnd = int32(len(b)), int32(len(b))
	p.cmd = commandOf(p.id)
	if p.cmd == nil {
		return nil
	}
	at := HeaderLen
	if at == len(b) && len(p.cmd.Fields) > 0 && p.IsResponse() {
		p.warnings = EmptyBody // SMPP 3.4 §4.4.2: the body may be left out of an error response; many leave it out always
		return nil
	}
	for i := range p.cmd.Fields {
		end, err := p.field(i, at)
		if err != nil {
			return p.giveUp(err, at)
		}
		at = end
	}
	p.tlvs = int32(at)
	p.scanTLVs(at)
	return nil
}

// giveUp ends the decoding of a body. An error response keeps the fields that were good.
func (p *PDU) giveUp(err *DecodeError, at int) error {
	p.tlvs, p.tlvEnd = int32(at), int32(at)
	if p.IsResponse() && p.status != ESME_ROK {
		p.warnings |= TruncatedBody
		return nil
	}
	p.fields = 0
	return err
}

// field takes the i-th mandatory field, which starts at at, and returns where it ends.
func (p *PDU) field(i, at int) (end int, err *DecodeError) {
	spec := &p.cmd.Fields[i]
	b := p.raw
	if at > 0xFFFF {
		return 0, p.bad(spec, at, ESME_RINVMSGLEN, "the mandatory fields are longer than 65535 octets")
	}
	switch spec.Kind {
	case KindInt:
		end = at + spec.Size
		if end > len(b) {
			return 0, p.bad(spec, len(b), ESME_RINVCMDLEN, fmt.Sprintf("truncated at %d", len(b)))
		}
	case KindString, KindTime:
		n := bytes.IndexByte(b[at:], 0)
		if n < 0 {
			if !p.IsResponse() || i != len(p.cmd.Fields)-1 || at == len(b) {
				return 0, p.bad(spec, at, ESME_RINVCMDLEN, fmt.Sprintf("no NUL at %d", at))
			}
			p.warnings |= MissingNUL
			n = len(b) - at - 1
		}
		end = at + n + 1
		if n+1 > spec.Size {
			p.warnings |= OverlongString
		}
	case KindOctets:
		n := int(b[at-1]) // its length is the octet before it
		end = at + n
		if end > len(b) {
			return 0, p.bad(spec, at, ESME_RINVMSGLEN, fmt.Sprintf("%s is %d, but %d octets are left", FieldSMLength, n, len(b)-at))
		}
	case KindDests, KindUnsuccess:
		end = at
		for range int(b[at-1]) {
			if end = p.element(spec.Kind, end); end < 0 {
				return 0, p.bad(spec, at, ESME_RINVNUMDESTS, fmt.Sprintf("no %d elements at %d", b[at-1], at))
			}
		}
	}
	p.offsets[i] = uint16(at)
	p.fields = uint8(i + 1)
	return end, nil
}

func (p *PDU) bad(spec *FieldSpec, offset int, status Status, reason string) *DecodeError {
	return &DecodeError{Status: status, Offset: offset, Field: p.cmd.Name + "." + spec.Field.String(), Reason: reason}
}

// element returns where the array element that starts at at ends, or -1.
func (p *PDU) element(kind Kind, at int) int {
	b := p.raw
	if kind == KindDests { // SMPP 3.4 §4.5.1.1
		if at >= len(b) {
			return -1
		}
		flag := b[at]
		if at++; flag != 2 {
			at += 2
		}
	} else { // §4.5.2.1
		at += 2
	}
	if at > len(b) {
		return -1
	}
	n := bytes.IndexByte(b[at:], 0)
	if n < 0 {
		return -1
	}
	if n+1 > 21 {
		p.warnings |= OverlongString
	}
	at += n + 1
	if kind == KindUnsuccess {
		at += 4
	}
	if at > len(b) {
		return -1
	}
	return at
}

// scanTLVs finds where the whole TLVs end and flags what is wrong with them.
func (p *PDU) scanTLVs(at int) {
	b := p.raw
	for at+4 <= len(b) {
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if at+4+n > len(b) {
			p.warnings |= TLVOverrun
			p.tlvEnd = int32(at)
			return
		}
		if s := tagOf(Tag(binary.BigEndian.Uint16(b[at:]))); s != nil && (n < s.Min || n > s.Max) {
			p.warnings |= TLVLength
		}
		at += 4 + n
	}
	if at < len(b) {
		p.warnings |= TrailingOctets
	}
	p.tlvEnd = int32(at)
}
