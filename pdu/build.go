package pdu

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// FieldError says which value of a PDU breaks which limit.
type FieldError struct {
	Command string
	Field   string
	Reason  string
}

// Error names the field with its command, and the limit.
func (e *FieldError) Error() string { return e.Command + "." + e.Field + ": " + e.Reason }

// Builder makes PDUs from values that are set in any order; what is not set is 0 or empty. It can be
// reused after Reset.
type Builder struct {
	cmd      *Command
	status   Status
	sequence uint32
	set      bool // a field was set
	values   [maxFields]value
	tlvs     []byte
	err      error
}

type value struct {
	n int64
	s string
}

// NewBuilder returns a builder for the command.
func NewBuilder(cmd *Command) *Builder { return &Builder{cmd: cmd} }

// Reset makes the builder as new, for another PDU.
func (b *Builder) Reset(cmd *Command) { *b = Builder{cmd: cmd, tlvs: b.tlvs[:0]} }

// SetStatus sets the command_status.
func (b *Builder) SetStatus(s Status) { b.status = s }

// SetSequence sets the sequence_number; a session gives requests numbers of its own.
func (b *Builder) SetSequence(n uint32) { b.sequence = n }

// SetInt sets an integer field. Length and count fields follow from what they count and need not be set.
func (b *Builder) SetInt(f Field, n int64) {
	if v := b.value(f); v != nil {
		v.n = n
	}
}

// SetString sets a string field, an octet string, or the octets of an array (see [AppendDest]), whose
// count SetInt gives.
func (b *Builder) SetString(f Field, s string) {
	if v := b.value(f); v != nil {
		v.s = s
	}
}

func (b *Builder) value(f Field) *value {
	if !b.cmd.Has(f) {
		b.fail(f.String(), "the command has no such field")
		return nil
	}
	b.set = true
	return &b.values[b.cmd.index[f]-1]
}

// AddTLV adds an optional parameter behind those added before.
func (b *Builder) AddTLV(t Tag, octets string) {
	if s := tagOf(t); s != nil && (len(octets) < s.Min || len(octets) > s.Max) {
		b.fail(t.String(), fmt.Sprintf("%d octets, must be %s", len(octets), between(s.Min, s.Max)))
	}
	if len(octets) > 0xFFFF {
		b.fail(t.String(), fmt.Sprintf("%d octets, must be at most 65535", len(octets)))
		octets = octets[:0xFFFF]
	}
	b.tlvs = binary.BigEndian.AppendUint16(b.tlvs, uint16(t))
	b.tlvs = binary.BigEndian.AppendUint16(b.tlvs, uint16(len(octets)))
	b.tlvs = append(b.tlvs, octets...)
}

// AddTLVInt adds an optional parameter that is an integer, in as many octets as its definition says.
func (b *Builder) AddTLVInt(t Tag, n int64) {
	size := 1
	if s := tagOf(t); s != nil && s.Kind == KindInt {
		size = s.Max
	}
	b.checkInt(t.String(), n, size)
	var octets [8]byte
	binary.BigEndian.PutUint64(octets[:], uint64(n))
	b.AddTLV(t, string(octets[8-size:]))
}

// AddTLVString adds an optional parameter that is a C-octet string: its NUL is added.
func (b *Builder) AddTLVString(t Tag, s string) {
	if strings.IndexByte(s, 0) >= 0 {
		b.fail(t.String(), "has a NUL inside")
	}
	b.AddTLV(t, s+"\x00")
}

func between(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

func (b *Builder) fail(field, reason string) {
	if b.err == nil {
		b.err = &FieldError{Command: b.cmd.Name, Field: field, Reason: reason}
	}
}

func (b *Builder) checkInt(field string, n int64, octets int) {
	if limit := int64(1)<<(8*octets) - 1; n < 0 || n > limit {
		b.fail(field, fmt.Sprintf("%d, must be 0 to %d", n, limit))
	}
}

// Build returns the PDU. It reads back as it was set even when a value broke a limit: the first that
// did is in [PDU.Err]. An error response of which no field was set has no body (SMPP 3.4 §4.4.2).
func (b *Builder) Build() *PDU {
	size := HeaderLen + len(b.tlvs) + 8*len(b.cmd.Fields)
	for i := range b.cmd.Fields {
		size += len(b.values[i].s)
	}
	p := &PDU{cmd: b.cmd, id: b.cmd.ID, status: b.status, sequence: b.sequence}
	out := make([]byte, HeaderLen, size)
	if !(b.status != ESME_ROK && b.cmd.ID.IsResponse() && !b.set) {
		for i := range b.cmd.Fields {
			p.offsets[i] = uint16(len(out))
			out = b.appendField(out, i)
		}
		p.fields = uint8(len(b.cmd.Fields))
	}
	p.tlvs = int32(len(out))
	if p.tlvs > 0xFFFF {
		b.fail(b.cmd.Fields[len(b.cmd.Fields)-1].Field.String(), "the mandatory fields are longer than 65535 octets")
	}
	out = append(out, b.tlvs...)
	p.tlvEnd = int32(len(out))
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	binary.BigEndian.PutUint32(out[4:], uint32(b.cmd.ID))
	binary.BigEndian.PutUint32(out[8:], uint32(b.status))
	binary.BigEndian.PutUint32(out[12:], b.sequence)
	p.raw, p.err = out, b.err
	return p
}

func (b *Builder) appendField(out []byte, i int) []byte {
	spec, v := &b.cmd.Fields[i], &b.values[i]
	name := spec.Field.String()
	switch spec.Kind {
	case KindInt:
		n := v.n
		if i+1 < len(b.cmd.Fields) && b.cmd.Fields[i+1].Kind == KindOctets {
			n = int64(len(b.values[i+1].s)) // a length field
			if n > 0xFF {
				n = 0xFF // the octets' own limit reports it
			}
		}
		b.checkInt(name, n, spec.Size)
		for shift := 8 * (spec.Size - 1); shift >= 0; shift -= 8 {
			out = append(out, byte(n>>shift))
		}
	case KindString, KindTime:
		switch {
		case len(v.s)+1 > spec.Size:
			b.fail(name, fmt.Sprintf("%d octets, must be at most %d", len(v.s), spec.Size-1))
		case strings.IndexByte(v.s, 0) >= 0:
			b.fail(name, "has a NUL inside")
		case spec.Kind == KindTime && len(v.s) != 0 && len(v.s) != spec.Size-1:
			b.fail(name, fmt.Sprintf("%d characters, must be 0 or 16 (YYMMDDhhmmsstnnp)", len(v.s)))
		}
		out = append(append(out, v.s...), 0)
	case KindOctets:
		if len(v.s) > spec.Size {
			b.fail(name, fmt.Sprintf("%d octets, must be at most %d; longer text goes into message_payload", len(v.s), spec.Size))
		}
		out = append(out, v.s...)
	case KindDests, KindUnsuccess:
		out = append(out, v.s...)
	}
	return out
}

// AppendDest appends an element of dest_address (SMPP 3.4 §4.5.1.1): an SME address.
func AppendDest(dst []byte, ton, npi uint8, address string) []byte {
	return append(append(append(dst, 1, ton, npi), address...), 0)
}

// AppendDestList appends an element of dest_address: the name of a distribution list.
func AppendDestList(dst []byte, name string) []byte {
	return append(append(append(dst, 2), name...), 0)
}

// AppendUnsuccess appends an element of unsuccess_sme (§4.5.2.1).
func AppendUnsuccess(dst []byte, ton, npi uint8, address string, status Status) []byte {
	dst = append(append(append(dst, ton, npi), address...), 0)
	return binary.BigEndian.AppendUint32(dst, uint32(status))
}
