package pdu

import (
	"encoding/binary"
	"fmt"
)

// Segment says which part of which message a PDU is (3GPP 23.040 §9.2.3.24.1, SMPP 3.4 §5.3.2.22).
type Segment struct {
	Kind      SegmentKind
	Reference uint16 // the same in all parts
	Total     uint8  // how many parts the message has, 1 to 255
	Number    uint8  // of this part, from 1
}

// SegmentKind is how the parts of a message are marked (3GPP 23.040 §9.2.3.24.1, SMPP 3.4 §5.3.2.22).
type SegmentKind uint8

// The marks.
const (
	UDH8    SegmentKind = iota // header element 0x00: a reference of 8 bits
	UDH16                      // header element 0x08: a reference of 16 bits
	SAR                        // the TLVs sar_msg_ref_num, sar_total_segments and sar_segment_seqnum (SMPP 3.4 §5.3.2.22)
	Payload                    // not in parts: the TLV message_payload has the whole (§5.3.2.32)
)

var segmentNames = [...]string{"udh8", "udh16", "sar", "payload"}

// String is the name that scripts write (3GPP 23.040 §9.2.3.24.1).
func (k SegmentKind) String() string {
	if int(k) < len(segmentNames) {
		return segmentNames[k]
	}
	return "unknown"
}

// SegmentKindByName finds a kind by its name (3GPP 23.040 §9.2.3.24.1).
func SegmentKindByName(name string) (SegmentKind, bool) {
	for k, n := range segmentNames {
		if n == name {
			return SegmentKind(k), true
		}
	}
	return 0, false
}

func (s Segment) valid() bool { return s.Total > 0 && s.Number > 0 && s.Number <= s.Total }

// concat reads an information element that marks a part; false for another one. One of impossible numbers or of another length is
// not valid.
func concat(id uint8, d []byte) (Segment, bool) {
	switch id {
	case IEConcat8:
		if len(d) == 3 {
			return Segment{UDH8, uint16(d[0]), d[1], d[2]}, true
		}
	case IEConcat16:
		if len(d) == 4 {
			return Segment{UDH16, binary.BigEndian.Uint16(d), d[2], d[3]}, true
		}
	default:
		return Segment{}, false
	}
	return Segment{}, true
}

// Segment reads the concatenation element: the last one counts. An element of impossible numbers is as none
// (3GPP 23.040 §9.2.3.24.1).
func (u UDH) Segment() (s Segment, ok bool) {
	for id, d := range u.Elements() {
		if x, is := concat(id, d); is && x.valid() {
			s, ok = x, true
		}
	}
	return s, ok
}

func (u UDH) appendSegment(s Segment) UDH {
	if s.Kind == UDH16 {
		return u.AppendElement(IEConcat16, []byte{uint8(s.Reference >> 8), uint8(s.Reference), s.Total, s.Number})
	}
	return u.AppendElement(IEConcat8, []byte{uint8(s.Reference), s.Total, s.Number})
}

// Segment says which part of a message the PDU is, by its user data header (3GPP 23.040 §9.2.3.24.1) or its SAR TLVs (SMPP 3.4
// §5.3.2.22 to §5.3.2.24); false if it is whole, or if its marks make no sense: see [SegmentMarks].
func (p *PDU) Segment() (Segment, bool) {
	if s, ok := p.UDH().Segment(); ok {
		return s, true
	}
	s, _ := p.Options().sar()
	return s, s.valid()
}

// sar reads the three SAR TLVs, which count only together (SMPP 3.4 §5.3.2.22); any says that there is one of them.
func (t TLVs) sar() (s Segment, any bool) {
	ref, a := t.Get(TagSARMsgRefNum)
	total, b := t.Get(TagSARTotalSegments)
	number, c := t.Get(TagSARSegmentSeqnum)
	if len(ref) == 2 && len(total) == 1 && len(number) == 1 {
		s = Segment{SAR, binary.BigEndian.Uint16(ref), total[0], number[0]}
	}
	return s, a || b || c
}

// marksFault is what is wrong with the marks that say which part a message is.
type marksFault uint8

const (
	marksFine    marksFault = iota
	marksElement            // a concatenation element of impossible numbers, or of another length
	marksTwice              // both in the user data header and in SAR TLVs (SMPP 3.4 §5.2.12)
	marksNumber             // SAR TLVs with a part 3 of 2
)

// checkMarks finds what is wrong with the marks of a message. SAR TLVs that are not all there are to be ignored (§5.3.2.22).
func checkMarks(u UDH, t TLVs) marksFault {
	header := false
	for id, d := range u.Elements() {
		s, is := concat(id, d)
		if is && !s.valid() {
			return marksElement
		}
		header = header || is
	}
	s, any := t.sar()
	switch {
	case header && any:
		return marksTwice
	case s.Number > s.Total && s.Total > 0:
		return marksNumber
	}
	return marksFine
}

// refusal is the field of marks that are not sent, and why; no reason for others.
func (f marksFault) refusal(u UDH, t TLVs) (field, reason string) {
	switch f {
	case marksElement:
		for id, d := range u.Elements() {
			if s, is := concat(id, d); is && !s.valid() {
				return FieldESMClass.String(), fmt.Sprintf("the user data header's element 0x%02X is % x, must be a reference, the number of parts, and that of this part, from 1", id, d)
			}
		}
	case marksTwice:
		return TagSARMsgRefNum.String(), "the user data header says already which part the message is"
	case marksNumber:
		s, _ := t.sar()
		return TagSARSegmentSeqnum.String(), fmt.Sprintf("%d, must be at most sar_total_segments (%d)", s.Number, s.Total)
	}
	return "", ""
}
