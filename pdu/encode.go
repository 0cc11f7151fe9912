package pdu

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// FieldError says which value of a PDU breaks which limit: those of the mandatory fields are in [Command.Fields] (SMPP 3.4 §4),
// those of the TLVs in [Tag.Spec] (§5.3.2).
type FieldError struct {
	Command   string // such as "submit_sm"
	Field     string // of a mandatory field or a TLV the name, of an unknown TLV its tag
	Reason    string // what it is, and what it must be
	Relaxable bool   // the wire could carry it all the same: see [PDU.RelaxedErr]
}

// Code is "field_limit" or, for what can be relaxed, "field_strict".
func (e *FieldError) Code() string {
	if e.Relaxable {
		return "field_strict"
	}
	return "field_limit"
}

// Error names the field with its command, and the limit.
func (e *FieldError) Error() string { return e.Command + "." + e.Field + ": " + e.Reason }

// refusal is the first limit that was broken. One that cannot be relaxed comes before one that can.
type refusal struct{ err *FieldError }

func (r *refusal) add(e FieldError) {
	if r.err == nil || r.err.Relaxable && !e.Relaxable {
		r.err = &e
	}
}

// The limits of the specification, each checked in one place for all ways to build a PDU.

func checkString(s string, max int) (reason string, relaxable bool) {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return "has a NUL inside", false
	case len(s) > max:
		return fmt.Sprintf("%d octets, must be at most %d", len(s), max), true
	}
	return "", false
}

func checkTime(f Field, s string) (reason string, relaxable bool) {
	switch {
	case len(s) == 0:
		return "", false
	case strings.IndexByte(s, 0) >= 0:
		return "has a NUL inside", false
	case len(s) == localTimeLen && f == FieldFinalDate: // as an SMSC may report it (SMPP 3.4 §7.1.1)
	case len(s) != timeLen:
		return fmt.Sprintf("%d characters, must be 0 or 16 (YYMMDDhhmmsstnnp)", len(s)), true
	}
	if fault := timeFault(s); fault != "" {
		return fault + ", must be YYMMDDhhmmsstnnp", true
	}
	return "", false
}

func checkOctets(n, max int) (reason string, relaxable bool) {
	if n > max {
		return fmt.Sprintf("%d octets, must be at most %d; longer text goes into message_payload", n, max), n <= 0xFF
	}
	return "", false
}

func (s *TagSpec) check(value []byte) (reason string, relaxable bool) {
	switch w := s.faults(value); {
	case w == 0:
		return "", false
	case s.Kind == KindString && indexNUL(value) < len(value)-1:
		return "has a NUL inside", false
	case w&TLVLength != 0 && s.twoLengths:
		return fmt.Sprintf("%d octets, must be %d or %d", len(value), s.Min, s.Max), true
	case w&TLVLength != 0:
		return fmt.Sprintf("%d octets, must be %s", len(value), between(s.Min, s.Max)), true
	case w&TLVNul != 0:
		return "does not end with a NUL", true
	case w&TimeLength != 0:
		return fmt.Sprintf("%d characters, must be 16 (YYMMDDhhmmsstnnp)", indexNUL(value)), true
	case w&TimeFormat != 0:
		return absoluteFault(TLVString(value)) + ", must be YYMMDDhhmmsstnnp", true
	case s.form == formCallback:
		return callbackFault(value), true
	case s.form == formDigits:
		return fmt.Sprintf("%.20q, must be %d digits", value, s.Max), true
	}
	reason = fmt.Sprintf("%d, must be %d to %d", TLVInt(value), s.Lo, s.Hi)
	if s.or != 0 {
		reason += fmt.Sprintf(", or %d", s.or)
	}
	return reason, true
}

// checkTLVs refuses TLVs that break a limit, or could not be added.
func (c *Command) checkTLVs(r *refusal, t *TLVs, relaxed bool) {
	if t.err != nil {
		r.add(FieldError{c.Name, t.err.Field, t.err.Reason, t.err.Relaxable})
	}
	var needs, gives uint8
	for tag, v := range t.All() {
		s := tagOf(tag)
		if s == nil {
			continue
		}
		if reason, relaxable := s.check(v); reason != "" && !(relaxable && relaxed) {
			r.add(FieldError{c.Name, s.Name, reason, relaxable})
		}
		needs, gives = needs|s.needs, gives|s.gives
	}
	if alone := needs &^ gives; alone != 0 && !relaxed {
		c.checkCompanions(r, t, alone)
	}
}

// checkCompanions refuses the first TLV that needs another one (SMPP 5.0 §4.8.4.56, §4.8.4.25), of those that have one of the bits.
func (c *Command) checkCompanions(r *refusal, t *TLVs, alone uint8) {
	for tag := range t.All() {
		s := tagOf(tag)
		if s == nil || s.needs&alone == 0 {
			continue
		}
		for i := range tags {
			if tags[i].gives&s.needs != 0 {
				r.add(FieldError{c.Name, s.Name, "must be accompanied by " + tags[i].Name, true})
			}
		}
		return
	}
}

// checkMandatory refuses a PDU without a TLV that SMPP 5.0 §4.4.1 and §4.6 make mandatory; an error response needs none.
func (c *Command) checkMandatory(r *refusal, s Status, t TLVs) {
	if i := c.missing(s, t); i >= 0 {
		r.add(FieldError{c.Name, c.Mandatory[i].String(), "is mandatory", true})
	}
}

// missing is which of the mandatory TLVs is not there; -1 if none is.
func (c *Command) missing(s Status, t TLVs) int {
	if s != ESME_ROK {
		return -1
	}
	for i, tag := range c.Mandatory {
		if _, ok := t.Get(tag); !ok {
			return i
		}
	}
	return -1
}

// checkMessage refuses a message in two places (SMPP 3.4 §5.3.2.32), and where esm_class says what the message is a user data
// header that is announced but is none (§5.2.12) and marks of a part that make no sense (§5.3.2.22).
func (c *Command) checkMessage(r *refusal, esmClass uint8, message []byte, t TLVs) {
	if len(message) == 0 {
		message, _ = t.Get(TagMessagePayload)
	} else if payload, _ := t.Get(TagMessagePayload); len(payload) > 0 {
		r.add(FieldError{c.Name, TagMessagePayload.String(), fmt.Sprintf("%d octets beside a short_message of %d, must be one of the two", len(payload), len(message)), true})
	}
	if n := t.count(TagMessagePayload); n > 1 {
		r.add(FieldError{c.Name, TagMessagePayload.String(), fmt.Sprintf("is there %d times, must be once", n), true})
	}
	if !c.Has(FieldESMClass) {
		return
	}
	if esmClass&esmUDHI != 0 && !headerOf(message).Valid() {
		r.add(FieldError{c.Name, FieldESMClass.String(), fmt.Sprintf("0x%02X has the UDHI bit, but the message does not start with a user data header", esmClass), true})
	}
	var u UDH
	if esmClass&esmUDHI != 0 {
		u = headerOf(message)
	}
	if field, reason := checkMarks(u, t).refusal(u, t); reason != "" {
		r.add(FieldError{c.Name, field, reason, true})
	}
}

func checkInt(n, most uint8) (reason string) {
	if n > most {
		return fmt.Sprintf("%d, must be at most %d: others are reserved", n, most)
	}
	return ""
}

const reasonNoDests = "0 elements, must be at least 1"

func between(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

// encoder appends one PDU; the commands' structs say in which order. Its methods hold the hot path in
// themselves and leave what is refused to others.
type encoder struct {
	start   int
	cmd     *Command
	relaxed bool
	refusal
}

func (e *encoder) header(out []byte, h Header) []byte {
	if (h.Sequence > maxSequence || h.Status != ESME_ROK) && !e.relaxed {
		e.cmd.checkHeader(&e.refusal, h)
	}
	out = binary.BigEndian.AppendUint64(out, uint64(e.cmd.ID)) // the length is written at last
	return binary.BigEndian.AppendUint64(out, uint64(h.Status)<<32|uint64(h.Sequence))
}

// maxSequence is the highest sequence_number (SMPP 3.4 §5.1.4). A response has the number of its request, whatever that is.
const maxSequence = 0x7FFFFFFF

// checkHeader refuses what only a response may have in its header (SMPP 3.4 §3.2).
func (c *Command) checkHeader(r *refusal, h Header) {
	if c.ID.IsResponse() {
		return
	}
	if h.Status != ESME_ROK {
		r.add(FieldError{c.Name, "command_status", fmt.Sprintf("%s, must be 0 in a request", h.Status), true})
	}
	if h.Sequence > maxSequence {
		r.add(FieldError{c.Name, "sequence_number", fmt.Sprintf("%d, must be at most %d", h.Sequence, maxSequence), true})
	}
}

func (e *encoder) headerOnly(out []byte, h Header) ([]byte, error) {
	out = e.header(out, h)
	out[e.start+3] = HeaderLen
	return out, nil
}

func (e *encoder) refuse(f Field, reason string, relaxable bool) {
	if !relaxable || !e.relaxed {
		e.add(FieldError{Command: e.cmd.Name, Field: f.String(), Reason: reason, Relaxable: relaxable})
	}
}

func (e *encoder) str(out []byte, f Field, s string, max int) []byte {
	if s != "" { // few are
		out = e.text(out, f, s, max)
	}
	return append(out, 0)
}

func (e *encoder) text(out []byte, f Field, s string, max int) []byte {
	if len(s) > max || hasNUL(s) {
		reason, relaxable := checkString(s, max)
		e.refuse(f, reason, relaxable)
	}
	return append(out, s...)
}

func (e *encoder) time(out []byte, f Field, s string) []byte {
	if s != "" {
		out = e.moment(out, f, s)
	}
	return append(out, 0)
}

func (e *encoder) moment(out []byte, f Field, s string) []byte {
	if reason, relaxable := checkTime(f, s); reason != "" {
		e.refuse(f, reason, relaxable)
	}
	return append(out, s...)
}

// most refuses the values of an integer that are reserved.
func (e *encoder) most(f Field, n, most uint8) {
	if n > most {
		e.reserved(f, n, most)
	}
}

func (e *encoder) reserved(f Field, n, most uint8) { e.refuse(f, checkInt(n, most), true) }

func (e *encoder) octets(out []byte, f Field, v []byte, max int) []byte {
	if len(v) > max {
		e.tooLong(f, len(v), max)
	}
	return append(append(out, byte(len(v))), v...)
}

func (e *encoder) tooLong(f Field, n, max int) {
	if e.relaxed {
		max = 0xFF // its length is an octet
	}
	if reason, relaxable := checkOctets(n, max); reason != "" {
		e.refuse(f, reason, relaxable)
	}
}

func (e *encoder) dests(out []byte, list []Dest) []byte {
	out = append(out, byte(len(list)))
	e.count(FieldDestAddress, len(list), maxDests)
	if len(list) == 0 {
		e.refuse(FieldDestAddress, reasonNoDests, true)
	}
	for i := range list {
		if reason, relaxable := list[i].check(); reason != "" {
			e.refuse(FieldDestAddress, fmt.Sprintf("[%d] %s", i, reason), relaxable)
		}
		out = list[i].AppendTo(out)
	}
	return out
}

func (e *encoder) unsuccess(out []byte, list []Unsuccess) []byte {
	out = append(out, byte(len(list)))
	e.count(FieldUnsuccessSME, len(list), 0xFF)
	for i := range list {
		if reason, relaxable := checkString(list[i].Address, elementAddr); reason != "" {
			e.refuse(FieldUnsuccessSME, fmt.Sprintf("[%d] %s", i, reason), relaxable)
		}
		out = list[i].AppendTo(out)
	}
	return out
}

func (e *encoder) count(f Field, n, max int) {
	if n > max {
		e.refuse(f, fmt.Sprintf("%d elements, must be at most %d", n, max), n <= 0xFF)
	}
}

// finish appends the TLVs, and writes the length. Most PDUs have nothing that says anything together with other fields.
func (e *encoder) finish(out []byte, esmClass uint8, message []byte, t *TLVs) ([]byte, error) {
	if esmClass&esmUDHI != 0 || len(t.octets) > 0 || t.err != nil || len(e.cmd.Mandatory) > 0 || e.err != nil {
		if out = e.options(out, esmClass, message, t); e.err != nil {
			return out[:e.start], e.err
		}
	}
	binary.BigEndian.PutUint32(out[e.start:], uint32(len(out)-e.start))
	return out, nil
}

// options appends the TLVs, and checks them and what the fields of a message say together.
func (e *encoder) options(out []byte, esmClass uint8, message []byte, t *TLVs) []byte {
	if !e.relaxed && (esmClass&esmUDHI != 0 || len(t.octets) > 0) {
		e.cmd.checkMessage(&e.refusal, esmClass, message, *t)
	}
	e.cmd.checkTLVs(&e.refusal, t, e.relaxed)
	if !e.relaxed {
		e.cmd.checkMandatory(&e.refusal, Status(binary.BigEndian.Uint32(out[e.start+8:])), *t)
	}
	return append(out, t.octets...)
}
