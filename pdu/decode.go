package pdu

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Warnings are the things that Decode forgave, as a set: what real peers do against the text of the specification, and what
// can be understood all the same.
type Warnings uint32

// The pardons. The code of each is in [Warnings.Codes].
const (
	TrailingOctets Warnings = 1 << iota // 1 to 3 stray octets at the end (SMPP 3.4 §3.2)
	TLVOverrun                          // the last TLV says it is longer than the PDU (§3.2.4.1)
	OverlongString                      // a C-octet string beyond its limit (§3.1)
	MissingNUL                          // the last string of a response ends with the PDU (§3.1)
	EmptyBody                           // a response without its mandatory fields (§4.4.2)
	TLVLength                           // a defined TLV with a length that it may not have (§5.3.2)
	TruncatedBody                       // an error response whose mandatory fields end early (§4.4.2)
	TimeLength                          // a time that is neither empty nor of 16 (final_date: or, as SMSCs report it, 12) characters (§7.1.1)
	TLVNul                              // a TLV that is a C-octet string, but does not end with its one NUL (§3.1)
	BodyLeftOut                         // an error response that has TLVs where its mandatory fields would be (§4.4.2)
	TimeFormat                          // a time of the right length that is no time (§7.1.1)
	UDHLength                           // a user data header that is longer than the message, or that its elements do not fill (§5.2.12)
	ValueRange                          // a value that is reserved or too large: see [FieldSpec.Most] and [TagSpec.Lo]; 0 or 255 destinations; a request with a status or a sequence_number above 0x7FFFFFFF (§5.2)
	TLVMissing                          // without a TLV that is mandatory, or must be there beside another: see [Command.Mandatory] (5.0 §4.4.1), source_network_id (§4.8.4.56) and dest_network_id (§4.8.4.25)
	MessageLength                       // a short_message of 255 octets (§5.2.21)
	MessageTwice                        // both a short_message and a message_payload, or two of the latter (§5.3.2.32)
	SegmentMarks                        // marks of a part that make no sense: a part 3 of 2, two kinds of marks. Those that make sense count, the header's first; without such the message is whole (§5.3.2.22)

	numWarnings = iota
)

var warningCodes = [numWarnings]string{"trailing_octets", "tlv_overrun", "overlong_string", "missing_nul", "empty_body", "tlv_length",
	"truncated_body", "time_length", "tlv_nul", "body_left_out", "time_format", "udh_length", "value_range", "tlv_missing", "message_length", "message_twice", "segment_marks"}

// Codes returns a stable word for each, such as "trailing_octets", in the order of the constants.
func (w Warnings) Codes() []string {
	var codes []string
	for i, c := range warningCodes {
		if w&(1<<i) != 0 {
			codes = append(codes, c)
		}
	}
	return codes
}

// DecodeError is what makes the body of a PDU unreadable. Its header can be read all the same, and a request is to be answered
// with Status (SMPP 3.4 §5.1.3).
type DecodeError struct {
	Status Status // to answer with
	Offset int    // in the PDU, in octets
	Field  string // such as "submit_sm.source_addr"; empty where it is no field
	Reason string
	brief  string // Reason as few words, where it is longer
}

// Code is a stable word: "decode_" and the status to answer with.
func (e *DecodeError) Code() string { return "decode_" + e.Status.String() }

// Error names the field and the reason.
func (e *DecodeError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Decode reads the PDU in b, which is one whole PDU (SMPP 3.4 §3.2, see [FrameLength]); p borrows b. What the protocol's
// real users do wrong is forgiven and flagged; a body that cannot be read is a [*DecodeError], and
// then the header getters still work, and of a response those of the fields before the fault. An
// undefined command_id is no error: Command is nil. It does not allocate.
func (p *PDU) Decode(b []byte) error { return p.decode(b, false) }

// decode is Decode. A strict one does not forgive a response whose body makes no sense, and keeps the fields before a fault.
func (p *PDU) decode(b []byte, strict bool) error {
	if len(b) < HeaderLen || binary.BigEndian.Uint32(b) != uint32(len(b)) {
		return p.wrongLength(b)
	}
	id := CommandID(binary.BigEndian.Uint32(b[4:]))
	cmd := commandOf(id)
	*p = PDU{raw: b, cmd: cmd} // with more fields the compiler would make it elsewhere and copy it
	status := Status(binary.BigEndian.Uint32(b[8:]))
	sequence := binary.BigEndian.Uint32(b[12:])
	p.id, p.sequence, p.borrowed = id, sequence, true
	p.tlvs, p.tlvEnd = int32(len(b)), int32(len(b))
	p.starts = noStarts
	if cmd == nil {
		return nil
	}
	if id.IsResponse() {
		if len(b) == HeaderLen && len(cmd.runs) > 0 {
			p.warnings = EmptyBody // SMPP 3.4 §4.4.2: the body may be left out of an error response; many leave it out always
			return nil
		}
	} else if status != ESME_ROK || sequence > maxSequence {
		p.warnings = ValueRange
	}
	at := HeaderLen
	runs := cmd.runs
	for i := range runs {
		r := &runs[i]
		*p.starts.of(i) = uint32(at)
		// Nearly all are integers, and a string or octets without a fault.
		if end := at + int(r.ints); end < len(b) && b[at+int(r.limited)] <= r.most {
			if r.plain > 0 {
				if b[end] == 0 {
					at = end + 1
					continue
				}
				n := indexNUL(b[end:])
				if end+n < len(b) && (n < int(r.plain) || r.kind == KindTime && n == timeLen && timeFault(string(b[end:end+n])) == "") {
					at = end + n + 1
					continue
				}
			} else if r.kind == KindOctets {
				if n := int(b[end-1]); end+n <= len(b) && n <= int(r.size) {
					at = end + n
					continue
				}
			}
		}
		end, err := p.run(r, at)
		if err != nil {
			return p.giveUp(err, end, strict)
		}
		at = end
	}
	if end := p.starts.of(len(runs)); p.warnings&MissingNUL == 0 {
		*end = uint32(at)
	} else {
		*end = uint32(at) + 1
	}
	p.tlvs = int32(at)
	if at < len(b) || len(cmd.Mandatory) > 0 || p.Int(FieldESMClass)&esmUDHI != 0 {
		p.options(at, strict)
	}
	return nil
}

// wrongLength is what Decode makes of octets that are not one PDU.
func (p *PDU) wrongLength(b []byte) error {
	*p = PDU{raw: b, borrowed: true}
	if len(b) < HeaderLen {
		return &DecodeError{Status: ESME_RINVCMDLEN, Offset: len(b), Reason: fmt.Sprintf("truncated at %d", len(b))}
	}
	p.id = CommandID(binary.BigEndian.Uint32(b[4:]))
	p.sequence = binary.BigEndian.Uint32(b[12:])
	p.tlvs, p.tlvEnd = int32(len(b)), int32(len(b))
	return &DecodeError{Status: ESME_RINVCMDLEN, Reason: fmt.Sprintf("command_length is %d, but there are %d octets", binary.BigEndian.Uint32(b), len(b))}
}

// options looks at the TLVs, which start at at, and at what they and the mandatory fields say together.
func (p *PDU) options(at int, strict bool) {
	sar := false
	if at < len(p.raw) {
		sar = p.scanTLVs(at)
		if p.warnings&(TLVOverrun|TrailingOctets) != 0 && !strict {
			p.bodyLeftOut()
		}
	}
	if len(p.cmd.Mandatory) > 0 && p.cmd.missing(p.CommandStatus(), p.Options()) >= 0 {
		p.warnings |= TLVMissing
	}
	if header := p.Int(FieldESMClass)&esmUDHI != 0; header || sar && p.cmd.Has(FieldESMClass) {
		if header && !p.UDH().Valid() {
			p.warnings |= UDHLength
		}
		if checkMarks(p.UDH(), p.Options()) != marksFine {
			p.warnings |= SegmentMarks
		}
	}
}

// bodyLeftOut looks whether an error response that makes no sense otherwise has TLVs right behind its
// header: SMPP 3.4 §4.4.2 lets the body be left out, and some peers take that for the mandatory fields alone.
func (p *PDU) bodyLeftOut() {
	if !p.IsResponse() || p.CommandStatus() == ESME_ROK || len(p.cmd.Fields) == 0 {
		return
	}
	t, err := ParseTLVs(p.raw[HeaderLen:])
	if err != nil {
		return
	}
	for tag, v := range t.All() {
		if s := tagOf(tag); s == nil || !s.takes(len(v), s.Accept) {
			return
		}
	}
	p.starts, p.warnings = noStarts, BodyLeftOut
	p.tlvs, p.tlvEnd = HeaderLen, int32(len(p.raw))
}

// giveUp ends the decoding of a body. A response keeps the fields that were good: its request is answered,
// whatever else it says.
func (p *PDU) giveUp(err *DecodeError, at int, strict bool) error {
	p.tlvs, p.tlvEnd = int32(at), int32(at)
	if p.IsResponse() && p.CommandStatus() != ESME_ROK && !strict {
		p.warnings |= TruncatedBody
		p.bodyLeftOut()
		return nil
	}
	if !p.IsResponse() && !strict { // who looks at one strictly wants to see it
		p.starts = noStarts
	}
	return err
}

// run takes the fields of a run one by one, and returns where it ends; of one with a fault the place of that.
func (p *PDU) run(r *run, at int) (int, *DecodeError) {
	for i := range r.fields() {
		end, err := p.field(int(r.first)+i, at)
		if err != nil {
			return at, err
		}
		at = end
	}
	return at, nil
}

// field takes the i-th mandatory field, which starts at at, and returns where it ends.
func (p *PDU) field(i, at int) (end int, err *DecodeError) {
	spec := &p.cmd.Fields[i]
	b := p.raw
	switch spec.Kind {
	case KindInt:
		end = at + 1
		if end > len(b) {
			return 0, p.bad(spec, at, ESME_RINVCMDLEN, fmt.Sprintf("truncated at %d", at))
		}
		if b[at] > spec.Most {
			p.warnings |= ValueRange
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
		switch {
		case n+1 > spec.Size:
			p.warnings |= OverlongString
		case spec.Kind != KindTime || n == 0:
		case n != timeLen && (n != localTimeLen || spec.Field != FieldFinalDate):
			p.warnings |= TimeLength
		case timeFault(string(b[at:at+n])) != "":
			p.warnings |= TimeFormat
		}
	case KindOctets:
		n := int(b[at-1]) // its length is the octet before it
		end = at + n
		if end > len(b) {
			err := p.bad(spec, at, ESME_RINVMSGLEN, fmt.Sprintf("%s is %d, but %d octets are left", FieldSMLength, n, len(b)-at))
			err.brief = fmt.Sprintf("truncated at %d", at)
			return 0, err
		}
		if n > spec.Size {
			p.warnings |= MessageLength
		}
	case KindDests, KindUnsuccess:
		end = at
		if n := int(b[at-1]); n > spec.Size || n == 0 && spec.Kind == KindDests {
			p.warnings |= ValueRange
		}
		for i := range int(b[at-1]) {
			next, long, err := element(b, spec.Kind, end)
			if err != nil {
				err.Field, err.brief = p.cmd.Name+"."+spec.Field.String(), err.Reason
				err.Reason = fmt.Sprintf("element %d of %d: %s", i+1, b[at-1], err.Reason)
				return 0, err
			}
			if long {
				p.warnings |= OverlongString
			}
			end = next
		}
	}
	return end, nil
}

func (p *PDU) bad(spec *FieldSpec, offset int, status Status, reason string) *DecodeError {
	return &DecodeError{Status: status, Offset: offset, Field: p.cmd.Name + "." + spec.Field.String(), Reason: reason}
}

// scanTLVs finds where the whole TLVs end and flags what is wrong with them; sar says that there are marks of a part among them.
func (p *PDU) scanTLVs(at int) (sar bool) {
	b, payload := p.raw, false // a message_payload was there
	var needs, gives uint8     // see TagSpec
	for at+4 <= len(b) {
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if at+4+n > len(b) {
			p.warnings |= TLVOverrun
			p.tlvEnd = int32(at)
			return sar
		}
		if s := tagOf(Tag(binary.BigEndian.Uint16(b[at:]))); s != nil {
			p.warnings |= s.faults(b[at+4 : at+4+n])
			needs, gives = needs|s.needs, gives|s.gives
			if s.Tag == TagMessagePayload {
				if payload || n > 0 && len(p.Bytes(FieldShortMessage)) > 0 {
					p.warnings |= MessageTwice
				}
				payload = true
			}
			sar = sar || s.Tag == TagSARMsgRefNum || s.Tag == TagSARTotalSegments || s.Tag == TagSARSegmentSeqnum
		}
		at += 4 + n
	}
	if at < len(b) {
		p.warnings |= TrailingOctets
	}
	if needs&^gives != 0 {
		p.warnings |= TLVMissing
	}
	p.tlvEnd = int32(at)
	return sar
}
