package pdu

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
)

// HeaderLen is the length of a PDU's header in octets (SMPP 3.4 §3.2.1).
const HeaderLen = 16

// PDU is one SMPP PDU (SMPP 3.4 §3.2): its octets, and where its fields lie in them. The zero value is ready for [PDU.Decode].
// Reading one is safe for several goroutines at once; decoding and SetSequence are not.
type PDU struct {
	raw      []byte
	cmd      *Command
	id       CommandID
	sequence uint32

	starts   starts
	masked   bool // the password is a secret: see PasswordMasked
	borrowed bool // raw is whoever's was decoded
	warnings Warnings
	tlvs     int32       // where the TLVs start
	tlvEnd   int32       // and end: behind the last whole one
	err      *FieldError // what keeps a built PDU from being sent
}

// starts are where the runs of mandatory fields start, and behind them where the last one ends: one octet later, if it ends with a string
// that lacks its NUL. The first element is nowhere, and so are those of runs that are not there: behind the end of any PDU.
type starts [numStarts]uint32

const nowhere = 1<<31 - 1<<9 // an int everywhere, and the offsets of a place can be added

// noStarts are those of a PDU without mandatory fields.
var noStarts = func() (s starts) {
	for i := range s {
		s[i] = nowhere
	}
	return s
}()

// of is the place of a run.
func (s *starts) of(run int) *uint32 { return &s[uint(run+1)%numStarts] }

// CommandID returns the command_id (SMPP 3.4 §5.1.2).
func (p *PDU) CommandID() CommandID { return p.id }

// Command describes the command (SMPP 3.4 §5.1.2.1); nil for one that is not defined.
func (p *PDU) Command() *Command { return p.cmd }

// CommandStatus returns the command_status, 0 in requests (SMPP 3.4 §5.1.3).
func (p *PDU) CommandStatus() Status {
	if len(p.raw) < HeaderLen {
		return 0
	}
	return Status(binary.BigEndian.Uint32(p.raw[8:]))
}

// SequenceNumber returns the sequence_number: 1 to 0x7FFFFFFF by the specification (SMPP 3.4 §5.1.4), any in what peers send.
func (p *PDU) SequenceNumber() uint32 { return p.sequence }

// SetSequence changes the sequence number of this view (SMPP 3.4 §5.1.4). The octets are shared with others and stay;
// AppendTo writes the new number.
func (p *PDU) SetSequence(n uint32) { p.sequence = n }

// IsResponse reports whether the PDU answers another one: bit 31 of its command_id (SMPP 3.4 §5.1.2.1).
func (p *PDU) IsResponse() bool { return p.id.IsResponse() }

// Len is the length of the whole PDU in octets, header and all (command_length, SMPP 3.4 §5.1.1).
func (p *PDU) Len() int { return len(p.raw) }

// Raw returns all octets, borrowed. The sequence number in them is the one they came with.
func (p *PDU) Raw() []byte { return p.raw }

// Borrowed reports whether the octets are those that were given to Decode, and so may change: Clone makes a PDU that
// owns them. A copy of a PDU value is borrowed from the same.
func (p *PDU) Borrowed() bool { return p.borrowed }

// Err returns a limit that the values of a built PDU broke, a [*FieldError]. Such a PDU can be read, not
// sent.
func (p *PDU) Err() error {
	if p.err == nil {
		return nil
	}
	return p.err
}

// RelaxedErr is Err for a peer that is known to take what the specification forbids: C-octet strings
// and TLVs as long as you like, a short_message of 255 octets (which SMPP 5.0 §4.7.26 allows everyone), times
// that are none, TLVs without their NUL, of values beyond their range or left out, no dest_address, a status in a
// request. What the wire cannot carry is still refused: a NUL inside a string, a message of 256 octets, an integer
// that is too large.
func (p *PDU) RelaxedErr() error {
	if p.err == nil || p.err.Relaxable {
		return nil
	}
	return p.err
}

// Warnings returns what Decode forgave; none for a PDU that was built.
func (p *PDU) Warnings() Warnings { return p.warnings }

// PasswordMasked reports whether the PDU was built with [Builder.MaskPassword] (SMPP 3.4 §5.2.2). Copies keep it.
func (p *PDU) PasswordMasked() bool { return p.masked }

// AppendTo appends the octets to dst, with the current sequence number (SMPP 3.4 §3.2): none for the zero PDU.
func (p *PDU) AppendTo(dst []byte) []byte {
	n := len(dst)
	dst = append(dst, p.raw...)
	if len(p.raw) >= HeaderLen {
		binary.BigEndian.PutUint32(dst[n+12:], p.sequence)
	}
	return dst
}

// Clone returns a PDU that owns its octets.
func (p *PDU) Clone() *PDU {
	c := *p
	c.raw, c.borrowed = append(make([]byte, 0, len(p.raw)), p.raw...), false
	return &c
}

// CopyTo makes dst a copy that owns its octets: they go to the beginning of buf if there is room, which dst
// then keeps.
func (p *PDU) CopyTo(dst *PDU, buf []byte) {
	*dst = *p
	dst.raw, dst.borrowed = append(buf[:0], p.raw...), false
}

// span is where the value of a field starts and ends; false if the PDU has none of it.
func (p *PDU) span(f Field) (start, end int, ok bool) {
	if p.cmd == nil || f >= numFields {
		return 0, 0, false
	}
	at := &p.cmd.places[f]
	end = int(p.starts[at.end%numStarts] + uint32(at.past))
	return int(p.starts[at.start%numStarts] + uint32(at.skip)), end, end <= len(p.raw)
}

// Has reports whether the PDU has the mandatory field: error responses often have none (SMPP 3.4 §4.4.2).
func (p *PDU) Has(f Field) bool {
	_, _, ok := p.span(f)
	return ok
}

// Value returns the octets of a mandatory field, borrowed, and how they are to be read (SMPP 3.4 §3.1): an integer's are
// big-endian, a string's are without its NUL. It reports false if the PDU has none of it.
func (p *PDU) Value(f Field) (octets []byte, kind Kind, ok bool) {
	start, end, ok := p.span(f)
	if !ok {
		return nil, 0, false
	}
	return p.raw[start:end:end], p.cmd.places[f].kind, true
}

// Int returns an integer field (SMPP 3.4 §3.1); 0 if there is none.
func (p *PDU) Int(f Field) uint32 {
	if p.cmd == nil || f >= numFields {
		return 0
	}
	at := &p.cmd.places[f]
	if i := int(p.starts[at.integer%numStarts] + uint32(at.skip)); i < len(p.raw) {
		return uint32(p.raw[i])
	}
	return 0
}

// Bytes returns a string field without its NUL, an octet string, or the octets of an array, borrowed (SMPP 3.4 §3.1);
// nil if there is none.
func (p *PDU) Bytes(f Field) []byte {
	if start, end, ok := p.span(f); ok {
		return p.raw[start:end:end]
	}
	return nil
}

// Str returns Bytes as a string (SMPP 3.4 §3.1).
func (p *PDU) Str(f Field) string { return string(p.Bytes(f)) }

// Options returns the optional parameters (SMPP 3.4 §5.3, 5.0 §4.8), borrowed, with a typed method for each.
func (p *PDU) Options() TLVs {
	if p.tlvs >= p.tlvEnd {
		return TLVs{}
	}
	return TLVs{octets: p.raw[p.tlvs:p.tlvEnd:p.tlvEnd]}
}

// TLVs returns the optional parameters in wire order, repeated ones too (SMPP 3.4 §5.3). The values are borrowed.
func (p *PDU) TLVs() iter.Seq2[Tag, []byte] { return p.Options().All() }

// TLV returns the value of the first TLV with the tag, borrowed (SMPP 3.4 §5.3).
func (p *PDU) TLV(t Tag) (value []byte, ok bool) { return p.Options().Get(t) }

// String describes the PDU in one line: command, number, status if it is an error, and the fields that
// are not empty. Passwords are not shown, and of the message only its length.
func (p *PDU) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", p.id, p.sequence)
	if p.CommandStatus() != ESME_ROK || p.IsResponse() {
		b.WriteString(" " + p.CommandStatus().String())
	}
	if p.cmd == nil {
		fmt.Fprintf(&b, " (%d octets)", len(p.raw))
		return b.String()
	}
	for _, spec := range p.cmd.Fields {
		f := spec.Field
		switch {
		case !p.Has(f) || f == FieldSMLength:
		case spec.Kind == KindInt:
			if n := p.Int(f); n != 0 {
				fmt.Fprintf(&b, " %s=%d", f, n)
			}
		case f == FieldPassword:
			b.WriteString(" password=***")
		case spec.Kind == KindString || spec.Kind == KindTime:
			if s := p.Bytes(f); len(s) > 0 {
				fmt.Fprintf(&b, " %s=%q", f, s)
			}
		default:
			if n := len(p.Bytes(f)); n > 0 {
				fmt.Fprintf(&b, " %s=(%d octets)", f, n)
			}
		}
	}
	for t, v := range p.TLVs() {
		if spec, ok := t.Spec(); ok && spec.Kind == KindInt {
			fmt.Fprintf(&b, " %s=%d", t, TLVInt(v))
			continue
		}
		fmt.Fprintf(&b, " %s=(%d octets)", t, len(v))
	}
	return b.String()
}
