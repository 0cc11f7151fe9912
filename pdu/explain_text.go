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
		row("command_status", fmt.Sprintf("0x%08X", uint32(p.status)), strings.TrimSpace(p.status.String()+" "+p.status.Meaning()), e.raw[8:12])
		row("sequence_number", p.sequence, "", e.raw[12:16])
	}
	if p.cmd != nil {
		for _, f := range p.cmd.Fields[:p.fields] {
			p.explainField(row, f)
		}
	}
	for tag, v := range p.TLVs() {
		value, meaning := explainTLV(tag, v)
		row(fmt.Sprintf("tlv 0x%04X %s", uint16(tag), nameOr(tag, "")), value, meaning, v)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	p.writeMessage(w)
	if codes := p.Warnings().Codes(); len(codes) > 0 {
		fmt.Fprintf(w, "warnings: %s\n", strings.Join(codes, ", "))
	}
	if e.Error != "" {
		fmt.Fprintf(w, "malformed: %s\n", e.Error)
	}
	if e.hint != "" && e.hint != e.Error {
		fmt.Fprintf(w, "           %s\n", e.hint)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func nameOr(t Tag, other string) string {
	if s := tagOf(t); s != nil {
		return s.Name
	}
	return other
}

func (p *PDU) commandMeaning() string {
	if p.cmd == nil {
		return "unknown"
	}
	return p.cmd.Name
}

func (p *PDU) explainField(row func(name string, value any, meaning string, octets []byte), f FieldSpec) {
	start, end, _, _ := p.span(f.Field)
	octets := p.raw[start:end]
	name := f.Field.String()
	switch f.Kind {
	case KindInt:
		n := p.Int(f.Field)
		row(name, n, intMeaning(f.Field, n), octets)
	case KindOctets:
		row(name, fmt.Sprintf("%d octets", len(octets)), "", octets)
	case KindDests, KindUnsuccess:
		list, _ := json.Marshal(elements(f.Kind, octets))
		row(name, string(list), "", octets)
	case KindTime:
		row(name, fmt.Sprintf("%q", p.Bytes(f.Field)), timeMeaning(p.Str(f.Field)), octets)
	default:
		row(name, fmt.Sprintf("%q", p.Bytes(f.Field)), "", octets)
	}
}

// intMeaning says in words what the value of an integer field means.
func intMeaning(f Field, n uint32) string {
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
		if m := dataCodingNames[n]; m != "" {
			return m
		}
		return codingMeaning(uint8(n))
	case FieldRegisteredDelivery:
		return receiptNames[n&3]
	case FieldMessageState:
		return messageStateNames[n]
	case FieldSourceAddrTON, FieldDestAddrTON, FieldAddrTON, FieldEsmeAddrTON:
		return tonNames[n]
	case FieldSourceAddrNPI, FieldDestAddrNPI, FieldAddrNPI, FieldEsmeAddrNPI:
		return npiNames[n]
	case FieldInterfaceVersion:
		return fmt.Sprintf("SMPP %d.%d", n>>4, n&15)
	}
	return ""
}
