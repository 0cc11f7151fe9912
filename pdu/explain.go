package pdu

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Explanation says what a PDU is, for people ([Explanation.WriteText]) and as JSON.
type Explanation struct {
	PDU   PDU
	Error string // what makes it malformed, in few words; empty if nothing does
	raw   []byte
}

// Explain decodes the PDU in b as strictly as the protocol's text: what [PDU.Decode] forgives with a
// warning is named, what it forgives at the price of octets that are not understood is an error.
func Explain(b []byte) *Explanation {
	e := &Explanation{raw: b}
	if len(b) < HeaderLen {
		e.Error = fmt.Sprintf("truncated at %d", len(b))
		return e
	}
	switch n := binary.BigEndian.Uint32(b); {
	case n < HeaderLen:
		e.Error = "command_length < 16"
	case n > 1<<24:
		e.Error = "command_length unreasonable"
	case int(n) > len(b):
		e.Error = fmt.Sprintf("truncated at %d", len(b))
	default:
		b = b[:n] // what follows is the next PDU
	}
	err := e.PDU.decode(b, true)
	var d *DecodeError
	switch {
	case e.Error != "":
	case err != nil:
		d = err.(*DecodeError)
		if e.Error = d.brief; e.Error == "" {
			e.Error = d.Reason
		}
	case e.PDU.warnings&TLVOverrun != 0:
		e.Error = "TLV overruns PDU"
	case e.PDU.warnings&MissingNUL != 0:
		last := e.PDU.cmd.Fields[e.PDU.fields-1].Field
		start, _, _, _ := e.PDU.span(last)
		e.Error = fmt.Sprintf("no NUL at %d", start)
	}
	return e
}

// object is a JSON object that keeps the order of its keys.
type object struct{ buf bytes.Buffer }

func (o *object) set(key string, v any) {
	if o.buf.Len() > 0 {
		o.buf.WriteByte(',')
	}
	k, _ := json.Marshal(key)
	j, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, numbers and lists of them are set
	}
	o.buf.Write(k)
	o.buf.WriteByte(':')
	o.buf.Write(j)
}

// MarshalJSON gives {...}.
func (o *object) MarshalJSON() ([]byte, error) {
	return append(append([]byte{'{'}, o.buf.Bytes()...), '}'), nil
}

// MarshalJSON gives the header, the mandatory fields by name (octet strings in hex as NAME_hex) and the TLVs,
// or for a malformed PDU the error and what can be said of its header.
func (e *Explanation) MarshalJSON() ([]byte, error) {
	o := &object{}
	p := &e.PDU
	if e.Error != "" {
		o.set("error", e.Error)
		if len(e.raw) >= 4 {
			n := binary.BigEndian.Uint32(e.raw)
			o.set("command_length", n)
			if n < HeaderLen || int64(n) > int64(len(e.raw)) {
				o.set("have", len(e.raw))
				return o.MarshalJSON()
			}
		}
		if len(e.raw) >= 8 {
			o.set("command_id", fmt.Sprintf("0x%08X", uint32(p.id)))
		}
		return o.MarshalJSON()
	}
	o.set("command_length", binary.BigEndian.Uint32(e.raw))
	o.set("command_id", fmt.Sprintf("0x%08X", uint32(p.id)))
	o.set("command_status", uint32(p.status))
	o.set("sequence_number", p.sequence)
	o.set("status_name", p.status.String())
	if p.cmd == nil {
		o.set("command", nil)
		return o.MarshalJSON()
	}
	o.set("command", p.cmd.Name)
	for _, f := range p.cmd.Fields[:p.fields] {
		name := f.Field.String()
		switch f.Kind {
		case KindInt:
			o.set(name, p.Int(f.Field))
		case KindOctets:
			o.set(name+"_hex", hex.EncodeToString(p.Bytes(f.Field)))
		case KindDests, KindUnsuccess:
			o.set(name, elements(f.Kind, p.Bytes(f.Field)))
		default:
			o.set(name, p.Str(f.Field))
		}
	}
	var tlvs []*object
	for t, v := range p.TLVs() {
		x := &object{}
		x.set("tag", fmt.Sprintf("0x%04X", uint16(t)))
		x.set("len", len(v))
		x.set("value_hex", hex.EncodeToString(v))
		if s := tagOf(t); s != nil {
			x.set("name", s.Name)
		}
		tlvs = append(tlvs, x)
	}
	if tlvs != nil {
		o.set("tlvs", tlvs)
	}
	return o.MarshalJSON()
}

// elements are the elements of an array, each an object of its fields. The octets are whole: Decode has
// gone over them.
func elements(kind Kind, b []byte) []*object {
	list := []*object{}
	str := func() string {
		n := bytes.IndexByte(b, 0)
		s := string(b[:n])
		b = b[n+1:]
		return s
	}
	octet := func() byte {
		c := b[0]
		b = b[1:]
		return c
	}
	for len(b) > 0 {
		o := &object{}
		if kind == KindDests {
			flag := octet()
			o.set("dest_flag", flag)
			if flag == 2 {
				o.set("dl_name", str())
				list = append(list, o)
				continue
			}
		}
		o.set("dest_addr_ton", octet())
		o.set("dest_addr_npi", octet())
		o.set("destination_addr", str())
		if kind == KindUnsuccess {
			o.set("error_status_code", binary.BigEndian.Uint32(b))
			b = b[4:]
		}
		list = append(list, o)
	}
	return list
}

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
		value := fmt.Sprintf("%d octets", len(v))
		meaning := ""
		if s := tagOf(tag); s == nil {
			meaning = "vendor or unknown"
		} else if len(v) >= s.Min && len(v) <= s.Max {
			switch s.Kind {
			case KindInt:
				value = fmt.Sprint(TLVInt(v))
				if tag == TagMessageState {
					meaning = messageStateNames[TLVInt(v)]
				}
			case KindString:
				value = fmt.Sprintf("%q", bytes.TrimRight(v, "\x00"))
			}
		}
		row(fmt.Sprintf("tlv 0x%04X %s", uint16(tag), nameOr(tag, "")), value, meaning, v)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if text, err := p.Text(); err == nil && text != "" {
		fmt.Fprintf(w, "text: %q\n", text)
	}
	if codes := p.Warnings().Codes(); len(codes) > 0 {
		fmt.Fprintf(w, "warnings: %s\n", strings.Join(codes, ", "))
	}
	if e.Error != "" {
		fmt.Fprintf(w, "malformed: %s\n", e.Error)
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
		switch {
		case n >= 0xC0 && n <= 0xDF:
			return "GSM message waiting indication"
		case n >= 0xF0:
			return "GSM message class"
		}
		return "reserved"
	case FieldRegisteredDelivery:
		return receiptNames[n&3]
	case FieldMessageState:
		return messageStateNames[n]
	case FieldSourceAddrTON, FieldDestAddrTON, FieldAddrTON:
		return tonNames[n]
	case FieldSourceAddrNPI, FieldDestAddrNPI, FieldAddrNPI:
		return npiNames[n]
	case FieldInterfaceVersion:
		return fmt.Sprintf("SMPP %d.%d", n>>4, n&15)
	}
	return ""
}
