// Package pdutest makes PDUs for tests: of this module's packages, and of programs that use them.
package pdutest

import (
	"fmt"
	"math/rand/v2"

	"github.com/esmehost/esmehost/pdu"
)

// Random returns a PDU of the command that keeps to the letter of the protocol: each mandatory field has
// any value that it may have, and a few TLVs follow, vendor and repeated ones among them. Requests have
// command_status 0, and of the responses one in four is an error without a body. A message is of at most
// 254 octets, the value of a TLV of at most 1,024. The same r gives the same PDU.
func Random(r *rand.Rand, cmd *pdu.Command) *pdu.PDU {
	b := pdu.NewBuilder(cmd)
	b.SetSequence(1 + r.Uint32N(0x7FFFFFFF))
	if cmd.ID.IsResponse() && r.IntN(4) == 0 {
		all := pdu.Statuses()
		if s := all[r.IntN(len(all))]; s != pdu.ESME_ROK {
			b.SetStatus(s)
			return b.Build()
		}
	}
	payload := !cmd.Has(pdu.FieldShortMessage) || r.IntN(4) == 0 // the message is in short_message or in message_payload
	for i, f := range cmd.Fields {
		if f.Kind != pdu.KindOctets || !payload {
			field(r, b, cmd, i, f)
		}
	}
	for _, t := range cmd.Mandatory {
		s, _ := t.Spec()
		defined(r, b, s)
	}
	for range r.IntN(4) {
		tlv(r, b, &payload)
	}
	return b.Build()
}

func field(r *rand.Rand, b *pdu.Builder, cmd *pdu.Command, i int, f pdu.FieldSpec) {
	switch f.Kind {
	case pdu.KindInt:
		if f.Field == pdu.FieldESMClass {
			b.SetInt(f.Field, r.Int64N(256)&^0x40) // octets at random are no user data header
			return
		}
		if i+1 == len(cmd.Fields) || cmd.Fields[i+1].Kind < pdu.KindOctets { // else it counts what follows it
			b.SetInt(f.Field, r.Int64N(int64(f.Most)+1))
		}
	case pdu.KindString:
		b.SetString(f.Field, text(r, r.IntN(f.Size)))
	case pdu.KindTime:
		if r.IntN(2) == 0 {
			b.SetString(f.Field, Time(r))
		}
	case pdu.KindOctets:
		b.SetString(f.Field, Octets(r, r.IntN(f.Size+1)))
	case pdu.KindDests, pdu.KindUnsuccess:
		n := 1 + r.IntN(8)
		var list []byte
		for range n {
			switch {
			case f.Kind == pdu.KindUnsuccess:
				list = pdu.AppendUnsuccess(list, uint8(r.IntN(7)), uint8(r.IntN(19)), text(r, r.IntN(21)), pdu.Status(r.IntN(256)))
			case r.IntN(3) == 0:
				list = pdu.AppendDestList(list, text(r, r.IntN(21)))
			default:
				list = pdu.AppendDest(list, uint8(r.IntN(7)), uint8(r.IntN(19)), text(r, r.IntN(21)))
			}
		}
		b.SetInt(cmd.Fields[i-1].Field, int64(n))
		b.SetString(f.Field, string(list))
	}
}

// tlv adds a TLV: a message_payload only where there may be one, and then no other.
func tlv(r *rand.Rand, b *pdu.Builder, payload *bool) {
	all := pdu.Tags()
	if r.IntN(8) == 0 { // a vendor's own, twice now and then
		t := pdu.Tag(0x1400 + r.IntN(0x2C00))
		for range 1 + r.IntN(2) {
			b.AddTLV(t, Octets(r, r.IntN(40)))
		}
		return
	}
	switch s := all[r.IntN(len(all))]; s.Tag {
	case pdu.TagSARMsgRefNum, pdu.TagSARTotalSegments, pdu.TagSARSegmentSeqnum: // only together (SMPP 3.4 §5.3.2.22)
		total := 1 + r.Int64N(255)
		b.AddTLVInt(pdu.TagSARMsgRefNum, r.Int64N(1<<16))
		b.AddTLVInt(pdu.TagSARTotalSegments, total)
		b.AddTLVInt(pdu.TagSARSegmentSeqnum, 1+r.Int64N(total))
	case pdu.TagMessagePayload:
		if *payload {
			defined(r, b, s)
			*payload = false
		}
	default:
		defined(r, b, s)
	}
}

// companions are the TLVs that must be there beside others (SMPP 5.0 §4.8.4.56, §4.8.4.25).
var companions = map[pdu.Tag]pdu.Tag{pdu.TagSourceNetworkID: pdu.TagSourceNodeID, pdu.TagDestNetworkID: pdu.TagDestNodeID}

func defined(r *rand.Rand, b *pdu.Builder, s pdu.TagSpec) {
	if s.Hi != 0 {
		b.AddTLVInt(s.Tag, int64(s.Lo+r.Uint32N(s.Hi-s.Lo+1)))
		return
	}
	size := s.Min + r.IntN(min(s.Max, 1024)-s.Min+1)
	if s.Tag == pdu.TagMSValidity {
		size = 1 + 3*r.IntN(2) // the behaviour alone, or with a period (SMPP 5.0 §4.8.4)
	}
	switch {
	case s.Tag == pdu.TagBroadcastEndTime:
		b.AddTLVString(s.Tag, absolute(r))
		return
	case s.Tag == pdu.TagSourceNodeID || s.Tag == pdu.TagDestNodeID:
		b.AddTLV(s.Tag, fmt.Sprintf("%06d", r.IntN(1e6)))
		return
	case s.Kind == pdu.KindString:
		b.AddTLVString(s.Tag, text(r, size-1))
		if node, ok := companions[s.Tag]; ok {
			b.AddTLV(node, fmt.Sprintf("%06d", r.IntN(1e6)))
		}
		return
	case s.Tag == pdu.TagCallbackNum:
		mode, digits := "\x00", Octets(r, size-3)
		if r.IntN(2) == 0 {
			mode, digits = "\x01", text(r, size-3)
		}
		b.AddTLV(s.Tag, mode+Octets(r, 2)+digits)
		return
	}
	b.AddTLV(s.Tag, Octets(r, size))
}

// Octets returns n octets of any value.
func Octets(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// Time returns an absolute or a relative time in the protocol's format (SMPP 3.4 §7.1.1).
func Time(r *rand.Rand) string {
	s := absolute(r)
	if r.IntN(2) == 0 {
		return s[:12] + "000R"
	}
	return s
}

func absolute(r *rand.Rand) string {
	return fmt.Sprintf("%02d%02d%02d%02d%02d%02d%d%02d%c", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60),
		r.IntN(10), r.IntN(49), "+-"[r.IntN(2)])
}

// text returns n printable characters of ASCII.
func text(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(' ' + r.IntN(0x7F-' '))
	}
	return string(b)
}
