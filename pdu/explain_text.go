package pdu

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteText writes a table: field, value, meaning and octets. Passwords are not shown.
func (e *Explanation) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	p := &e.PDU
	row := func(name string, value any, meaning string, octets []byte) {
		if strings.HasPrefix(name, "password") {
			value, octets = "***", nil
		}
		fmt.Fprintf(t, "%s\t%v\t%s\t% x\n", name, value, meaning, octets)
	}
	if len(e.raw) >= HeaderLen {
		row("command_length", binary.BigEndian.Uint32(e.raw), fmt.Sprintf("%d octets are there", len(e.raw)), e.raw[:4])
		row("command_id", fmt.Sprintf("0x%08X", uint32(p.id)), p.commandMeaning(), e.raw[4:8])
		row("command_status", fmt.Sprintf("0x%08X", uint32(p.CommandStatus())), p.CommandStatus().explained(), e.raw[8:12])
		row("sequence_number", p.sequence, "", e.raw[12:16])
	}
	if p.cmd != nil {
		for _, f := range p.cmd.Fields {
			if !p.Has(f.Field) {
				break
			}
			p.explainField(row, f, e.Zero)
		}
	}
	for tag, v := range p.TLVs() {
		value, meaning := explainTLV(tag, v)
		row(fmt.Sprintf("tlv 0x%04X %s", uint16(tag), nameOr(tag, "")), value, meaning, v)
	}
	e.explainRest(row)
	if err := t.Flush(); err != nil {
		return err
	}
	p.writeMessage(w, e.Zero)
	warnings := strings.Join(e.Warnings().Codes(), ", ")
	if warnings != "" && e.Error == "" {
		fmt.Fprintf(w, "warnings: %s\n", warnings)
	}
	if e.Error != "" {
		fmt.Fprintf(w, "malformed: %s\n", e.Error)
	}
	if warnings != "" && e.Error != "" {
		fmt.Fprintf(w, "           a bind takes it all the same, with the warnings: %s\n", warnings)
	}
	if e.hint != "" && e.hint != e.Error {
		fmt.Fprintf(w, "           %s\n", e.hint)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// explainRest shows what is neither field nor TLV: the body of a command that is not defined or whose command_length is wrong, and octets that
// are none or behind a fault.
func (e *Explanation) explainRest(row func(name string, value any, meaning string, octets []byte)) {
	p := &e.PDU
	name, rest := "(rest)", e.raw[min(len(e.raw), max(HeaderLen, int(p.tlvEnd))):]
	switch {
	case p.cmd == nil:
		name, rest = "(body)", e.raw[min(len(e.raw), HeaderLen):]
		if looksSecret(e.raw) {
			name = "password and the rest of the body"
		}
	case p.cmd.Has(FieldPassword) && !p.Has(FieldPassword):
		name = "password or later"
	}
	if len(rest) > 0 {
		text := ""
		if name[0] == '(' { // not of a password
			text = fmt.Sprintf("%.200q", latin1(rest))
		}
		row(name, countOctets(len(rest)), text, rest)
	}
}

// looksSecret reports whether octets that cannot be read may be of a command with a password all the same: of a wrong command_length or
// without one, or with the octets of its integers in the wrong order.
func looksSecret(b []byte) bool {
	for at := 0; at <= 4 && at+4 <= len(b); at += 4 {
		for _, id := range []uint32{binary.BigEndian.Uint32(b[at:]), binary.LittleEndian.Uint32(b[at:])} {
			if cmd := commandOf(CommandID(id)); cmd != nil && cmd.Has(FieldPassword) {
				return true
			}
		}
	}
	return false
}

func countOctets(n int) string {
	if n == 1 {
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", n)
}

// explained is the status by name and in words.
func (s Status) explained() string {
	switch {
	case statusOf(s) != nil:
		return s.String() + " " + s.Meaning()
	case s >= 0x400 && s <= 0x4FF: // SMPP 3.4 §5.1.3
		return "a vendor's own"
	}
	return "not defined"
}

func nameOr(t Tag, other string) string {
	if s := tagOf(t); s != nil {
		return s.Name
	}
	return other
}

func (p *PDU) commandMeaning() string {
	if cmd := commandOf(p.id); cmd != nil { // also where the body is not read, for a wrong command_length
		return cmd.Name
	}
	return "unknown"
}

func (p *PDU) explainField(row func(name string, value any, meaning string, octets []byte), f FieldSpec, zero Alphabet) {
	start, end, _ := p.span(f.Field)
	if (f.Kind == KindString || f.Kind == KindTime) && end < len(p.raw) {
		end++ // its NUL
	}
	octets := p.raw[start:end]
	name := f.Field.String()
	switch f.Kind {
	case KindInt:
		n := p.Int(f.Field)
		row(name, n, intMeaning(f.Field, n, zero), octets)
	case KindOctets:
		row(name, countOctets(len(octets)), "", octets)
	case KindDests, KindUnsuccess:
		list, _ := json.Marshal(elements(f.Kind, octets))
		var why []string
		for u := range p.UnsuccessSMEs() {
			why = append(why, u.Status.String())
		}
		row(name, string(list), strings.Join(why, ", "), octets)
	case KindTime:
		row(name, fmt.Sprintf("%q", p.Bytes(f.Field)), timeMeaning(p.Str(f.Field)), octets)
	default:
		row(name, fmt.Sprintf("%q", p.Bytes(f.Field)), "", octets)
	}
}

// intMeaning says in words what the value of an integer field means.
func intMeaning(f Field, n uint32, zero Alphabet) string {
	switch f {
	case FieldESMClass:
		parts := []string{messagingModeNames[n&3], messageTypeNames[n&0x3C]}
		for _, bit := range []uint32{0x40, 0x80} {
			if n&bit != 0 {
				parts = append(parts, gsmFeatureNames[bit])
			}
		}
		return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" || s == "default" }), ", ")
	case FieldDataCoding:
		if n == 0 && zero != GSM {
			return fmt.Sprintf("%s: read as %s", dataCodingNames[n], zero)
		}
		if m := dataCodingNames[n]; m != "" {
			return m
		}
		return codingMeaning(uint8(n), zero)
	case FieldRegisteredDelivery:
		parts := []string{receiptNames[n&3]}
		for _, x := range []struct {
			bit  uint32
			name string
		}{{RegisteredDeliverySMEDeliveryAck, "delivery acknowledgement"}, {RegisteredDeliverySMEManualAck, "manual acknowledgement"},
			{RegisteredDeliveryIntermediate, "intermediate notifications"}} {
			if n&x.bit != 0 {
				parts = append(parts, x.name)
			}
		}
		return strings.Join(parts, ", ")
	case FieldPriorityFlag:
		return priorityMeaning(n)
	case FieldMessageState:
		return messageStateNames[n]
	case FieldSourceAddrTON, FieldDestAddrTON, FieldAddrTON, FieldEsmeAddrTON:
		return tonNames[n]
	case FieldSourceAddrNPI, FieldDestAddrNPI, FieldAddrNPI, FieldEsmeAddrNPI:
		return npiNames[n]
	case FieldInterfaceVersion:
		return versionMeaning(n)
	}
	return ""
}

func versionMeaning(n uint32) string { return fmt.Sprintf("SMPP %d.%d", n>>4, n&15) }

// priorityMeaning says in words what priority_flag means, which the network decides (SMPP 5.0 §4.7.19).
func priorityMeaning(n uint32) string {
	words := [...]string{"GSM non-priority, ANSI-136 bulk, IS-95 normal", "GSM priority, ANSI-136 normal, IS-95 interactive",
		"GSM priority, ANSI-136 urgent, IS-95 urgent", "GSM priority, ANSI-136 very urgent, IS-95 emergency"}
	if int(n) < len(words) {
		return words[n]
	}
	if name := priorityFlagNames[n]; name != "" {
		return name
	}
	return "reserved"
}
