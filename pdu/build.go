package pdu

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Builder makes PDUs from values that are set in any order (SMPP 3.4 §3.2); what is not set is 0 or empty. It can be
// reused after Reset. It is made by [NewBuilder]: the zero value has no command, and panics until Reset gives it one. It must not be copied: Reset writes over what it had.
type Builder struct {
	_        noCopy
	cmd      *Command
	status   Status
	sequence uint32
	set      bool // a field was set
	masked   bool
	values   [maxFields]value
	tlvs     TLVs
	refusal
}

// noCopy makes go vet name who copies a value that has one.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

type value struct {
	n int64
	s string
}

// NewBuilder returns a builder for the command (SMPP 3.4 §3.2). It panics without one: [CommandByID] says whether there is one.
func NewBuilder(cmd *Command) *Builder {
	if cmd == nil {
		panic("pdu.NewBuilder: cmd is nil: the command is not defined (see Unknown)")
	}
	return &Builder{cmd: cmd}
}

// Reset makes the builder as new, for another PDU.
func (b *Builder) Reset(cmd *Command) {
	b.tlvs.clear()
	*b = Builder{cmd: cmd, tlvs: b.tlvs}
}

// SetStatus sets the command_status (SMPP 3.4 §5.1.3).
func (b *Builder) SetStatus(s Status) { b.status = s }

// SetSequence sets the sequence_number (SMPP 3.4 §5.1.4). It is not checked: a session gives requests numbers of its own, and
// responses those of their requests.
func (b *Builder) SetSequence(n uint32) { b.sequence = n }

// SetInt sets an integer field, of 1 octet (SMPP 3.4 §3.1): 0 to 255. Length and count fields follow from what they count and need not be set.
func (b *Builder) SetInt(f Field, n int64) {
	if v := b.value(f); v != nil {
		v.n = n
	}
}

// SetString sets a string field without its NUL, an octet string, or the octets of an array (see [Dest.AppendTo]), of as many
// octets as [Command.Spec] says (SMPP 3.4 §3.1).
func (b *Builder) SetString(f Field, s string) {
	if v := b.value(f); v != nil {
		v.s = s
	}
}

// MaskPassword says whether the password (SMPP 3.4 §5.2.2) is for the wire only. Nothing in this package hides it: whoever shows
// fields to others asks [PDU.PasswordMasked].
func (b *Builder) MaskPassword(masked bool) { b.masked = masked }

func (b *Builder) value(f Field) *value {
	if !b.cmd.Has(f) {
		b.fail(f.String(), "the command has no such field", false)
		return nil
	}
	b.set = true
	return &b.values[b.cmd.places[f].number-1]
}

// AddTLV adds an optional parameter behind those added before, of at most 65535 octets (SMPP 3.4 §3.2.4.1).
func (b *Builder) AddTLV(t Tag, octets string) {
	b.tlvs.Add(t, []byte(octets))
}

// AddTLVs adds optional parameters behind those added before (SMPP 3.4 §3.2.4.1).
func (b *Builder) AddTLVs(t TLVs) {
	b.tlvs.addAll(t)
}

// AddTLVInt adds an optional parameter that is an integer, in as many octets as its definition says: one, if
// it has none (SMPP 3.4 §5.3.2).
func (b *Builder) AddTLVInt(t Tag, n int64) {
	size := 1
	if s := tagOf(t); s != nil && s.Kind == KindInt {
		size = s.Max
	}
	b.checkInt(t.String(), n, size)
	b.tlvs.addInt(t, uint32(n), size)
}

// AddTLVString adds an optional parameter that is a C-octet string (SMPP 3.4 §3.1): its NUL is added.
func (b *Builder) AddTLVString(t Tag, s string) {
	if strings.IndexByte(s, 0) >= 0 {
		b.fail(t.String(), "has a NUL inside", false)
	}
	b.tlvs.addString(t, s)
}

func (b *Builder) fail(field, reason string, relaxable bool) {
	if reason != "" {
		b.add(FieldError{Command: b.cmd.Name, Field: field, Reason: reason, Relaxable: relaxable})
	}
}

func (b *Builder) checkInt(field string, n int64, octets int) {
	if limit := int64(1)<<(8*octets) - 1; n < 0 || n > limit {
		b.fail(field, fmt.Sprintf("%d, must be 0 to %d", n, limit), false)
	}
}

// Build returns the PDU. It reads back as it was set even when a value broke a limit: the first that
// did is in [PDU.Err]. An error response of which nothing was set has no body (SMPP 3.4 §4.4.2).
func (b *Builder) Build() *PDU {
	c := b.cmd
	size := HeaderLen + len(c.Fields) + len(b.tlvs.octets) // an integer is an octet, and so is a string's NUL
	for i := range c.Fields {
		size += len(b.values[i].s)
	}
	p := &PDU{starts: noStarts, cmd: c, id: c.ID, sequence: b.sequence, masked: b.masked}
	out := make([]byte, HeaderLen, size)
	if b.set || len(b.tlvs.octets) > 0 || b.status == ESME_ROK || !c.ID.IsResponse() {
		for i := range c.runs {
			*p.starts.of(i) = uint32(len(out))
			out = b.appendRun(out, &c.runs[i])
		}
		*p.starts.of(len(c.runs)) = uint32(len(out))
	}
	p.tlvs = int32(len(out))
	if esmClass := uint8(b.number(FieldESMClass)); esmClass&esmUDHI != 0 || len(b.tlvs.octets) > 0 {
		c.checkMessage(&b.refusal, esmClass, []byte(b.text(FieldShortMessage)), b.tlvs)
	}
	if b.status != ESME_ROK {
		c.checkHeader(&b.refusal, Header{Status: b.status}) // the number is the session's to give
	}
	c.checkMandatory(&b.refusal, b.status, b.tlvs)
	if len(b.tlvs.octets) > 0 || b.tlvs.err != nil {
		c.checkTLVs(&b.refusal, &b.tlvs, false)
		out = append(out, b.tlvs.octets...)
	}
	p.tlvEnd = int32(len(out))
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	binary.BigEndian.PutUint32(out[4:], uint32(c.ID))
	binary.BigEndian.PutUint32(out[8:], uint32(b.status))
	binary.BigEndian.PutUint32(out[12:], b.sequence)
	p.raw, p.err = out, b.err
	return p
}

// number is the value of an integer field, text that of another one; 0 and empty if there is none.
func (b *Builder) number(f Field) int64 {
	if i := b.cmd.places[f].number; i != 0 {
		return b.values[i-1].n
	}
	return 0
}

func (b *Builder) text(f Field) string {
	if i := b.cmd.places[f].number; i != 0 {
		return b.values[i-1].s
	}
	return ""
}

// appendRun appends the fields of a run: one by one if they are not what nearly all are.
func (b *Builder) appendRun(out []byte, r *run) []byte {
	start := len(out)
	if out, ok := b.appendPlainRun(out, r); ok {
		return out
	}
	out = out[:start]
	for i := range r.fields() {
		out = b.appendField(out, int(r.first)+i)
	}
	return out
}

// appendPlainRun is appendRun for integers, and a string or octets without a fault; false if there is anything else.
func (b *Builder) appendPlainRun(out []byte, r *run) ([]byte, bool) {
	values := b.values[r.first:]
	for i := range values[:r.ints] {
		n := values[i].n
		if uint64(n) > 0xFF {
			return out, false
		}
		out = append(out, byte(n))
	}
	if r.ints > 0 && values[r.limited].n > int64(r.most) {
		return out, false
	}
	if r.kind == KindInt {
		return out, true
	}
	s := values[r.ints].s
	switch r.kind {
	case KindString, KindTime:
		if s != "" && (r.kind == KindTime || len(s) >= int(r.size) || hasNUL(s)) {
			return out, false
		}
		return append(append(out, s...), 0), true
	case KindOctets:
		length := &out[len(out)-1]
		if len(s) > int(r.size) || *length != 0 && int(*length) != len(s) {
			return out, false
		}
		*length = byte(len(s))
		return append(out, s...), true
	}
	return out, false
}

func (b *Builder) appendField(out []byte, i int) []byte {
	spec, v := &b.cmd.Fields[i], &b.values[i]
	name := spec.Field.String()
	switch spec.Kind {
	case KindInt:
		n := v.n
		if i+1 < len(b.cmd.Fields) {
			n = b.counted(n, &b.cmd.Fields[i+1], b.values[i+1].s)
		}
		b.checkInt(name, n, spec.Size)
		if n >= 0 && n <= 0xFF {
			b.fail(name, checkInt(uint8(n), spec.Most), true)
		}
		for shift := 8 * (spec.Size - 1); shift >= 0; shift -= 8 {
			out = append(out, byte(n>>shift))
		}
		return out
	case KindString:
		reason, relaxable := checkString(v.s, spec.Size-1)
		b.fail(name, reason, relaxable)
		return append(append(out, v.s...), 0)
	case KindTime:
		reason, relaxable := checkTime(spec.Field, v.s)
		b.fail(name, reason, relaxable)
		return append(append(out, v.s...), 0)
	case KindOctets:
		reason, relaxable := checkOctets(len(v.s), spec.Size)
		b.fail(name, reason, relaxable)
	}
	return append(out, v.s...)
}

// counted is the value of the field before next: where that is an octet string or an array, its length.
func (b *Builder) counted(n int64, next *FieldSpec, s string) int64 {
	switch next.Kind {
	case KindOctets:
		if n != 0 && n != int64(len(s)) {
			b.fail(FieldSMLength.String(), fmt.Sprintf("%d, but %s has %d octets; it need not be set", n, next.Field, len(s)), false)
		}
		return int64(min(len(s), 0xFF)) // the octets' own limit reports what is more
	case KindDests, KindUnsuccess:
		count, reason, relaxable := checkElements(next, s)
		if n != 0 && n != int64(count) && reason == "" {
			reason = fmt.Sprintf("has %d elements, not %d", count, n)
		}
		b.fail(next.Field.String(), reason, relaxable)
		return int64(min(count, 0xFF))
	}
	return n
}

// checkElements counts the elements of an array.
func checkElements(spec *FieldSpec, s string) (count int, reason string, relaxable bool) {
	octets := []byte(s)
	for at := 0; at < len(octets); count++ {
		end, long, err := element(octets, spec.Kind, at)
		if err != nil {
			return count, fmt.Sprintf("[%d] %s", count, err.Reason), false
		}
		if long && reason == "" {
			reason, relaxable = fmt.Sprintf("[%d] an address of more than %d octets", count, elementAddr), true
		}
		at = end
	}
	if count == 0 && spec.Kind == KindDests {
		return count, reasonNoDests, true
	}
	if count > spec.Size {
		return count, fmt.Sprintf("%d elements, must be at most %d", count, spec.Size), count <= 0xFF
	}
	return count, reason, relaxable
}
