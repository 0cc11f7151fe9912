package pdu

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
)

// Explanation says what a PDU is, for people ([Explanation.WriteText]) and as JSON.
type Explanation struct {
	PDU     PDU
	Error   string   // what makes it malformed, in few words; empty if nothing does
	Zero    Alphabet // what data_coding 0 means to the peer: GSM 03.38 unless it is set (SMPP 3.4 §5.2.19)
	raw     []byte
	hint    string   // more words
	pardons Warnings // with which Decode takes what is malformed here
}

// Explain decodes the PDU at the start of b as strictly as the protocol's text: what [PDU.Decode] forgives with
// a warning is named, what it forgives at the price of octets that are not understood is an error.
func Explain(b []byte) *Explanation {
	e := &Explanation{raw: b}
	n := uint32(0)
	if len(b) >= 4 {
		n = binary.BigEndian.Uint32(b)
	}
	switch {
	case len(b) < HeaderLen:
		e.Error = fmt.Sprintf("truncated at %d", len(b))
	case n < HeaderLen:
		e.Error = "command_length < 16"
	case n > unreasonable:
		e.Error = "command_length unreasonable"
	case int(n) > len(b):
		e.Error = fmt.Sprintf("truncated at %d", len(b))
	}
	if len(b) >= 4 && (n < HeaderLen || n > unreasonable) {
		if looks := looksLike(b); looks != "" {
			e.hint = "this looks like " + looks
		}
	}
	if len(b) < HeaderLen {
		return e
	}
	if e.Error == "" {
		b = b[:n] // what follows is the next PDU
		e.raw = b
	}
	err := e.PDU.decode(b, true)
	switch {
	case e.Error != "":
	case err != nil:
		d := err.(*DecodeError)
		if e.Error = d.brief; e.Error == "" {
			e.Error = d.Reason
		}
		e.hint = d.Error()
	case e.PDU.warnings&TLVOverrun != 0:
		e.Error = "TLV overruns PDU"
	case e.PDU.warnings&MissingNUL != 0:
		fields := e.PDU.cmd.Fields
		start, _, _ := e.PDU.span(fields[len(fields)-1].Field)
		e.Error = fmt.Sprintf("no NUL at %d", start)
	}
	if e.Error != "" && int64(n) == int64(len(b)) {
		var lenient PDU
		if lenient.Decode(b) == nil {
			e.pardons = lenient.warnings
		}
	}
	return e
}

// Warnings are those that a bind has for the PDU: it takes with some of them what is malformed here.
func (e *Explanation) Warnings() Warnings {
	if e.Error != "" {
		return e.pardons
	}
	return e.PDU.warnings
}

// unreasonable is a command_length that no PDU has.
const unreasonable = 1 << 24

// Octets are those that were explained, borrowed: of the PDU, where its command_length can be.
func (e *Explanation) Octets() []byte { return e.raw }

// ExplainAll explains the PDUs of a stream that b is, one after the other. Behind a malformed one it goes on
// if a whole PDU follows. Fewer than 4 octets behind the last PDU are left out.
func ExplainAll(b []byte) iter.Seq[*Explanation] {
	return func(yield func(*Explanation) bool) {
		for {
			e := Explain(b)
			if !yield(e) {
				return
			}
			n, err := FrameLength(b, unreasonable)
			if err != nil || n == 0 || n+4 > len(b) {
				return
			}
			b = b[n:]
			if next, err := FrameLength(b, len(b)); e.Error != "" && (err != nil || next == 0) {
				return
			}
		}
	}
}

// object is a JSON object that keeps the order of its keys.
type object struct{ buf bytes.Buffer }

func (o *object) set(key string, v any) {
	if o.buf.Len() > 0 {
		o.buf.WriteByte(',')
	}
	o.write(key)
	o.buf.WriteByte(':')
	o.write(v)
}

// write appends v as it is: a "<" too.
func (o *object) write(v any) {
	from := o.buf.Len()
	j := json.NewEncoder(&o.buf)
	j.SetEscapeHTML(false)
	if err := j.Encode(v); err != nil {
		panic(err) // only strings, numbers and lists of them are set
	}
	o.buf.Truncate(o.buf.Len() - 1) // the encoder ends a line
	for i, b := from, o.buf.Bytes(); i < len(b); i++ {
		if c := b[i]; c == 0x7F || c == 0xC2 && i+1 < len(b) && b[i+1] < 0xA0 {
			o.escapeControls(i)
			break
		}
	}
}

// escapeControls writes the controls from place on, U+007F to U+009F, which JSON may have as they are, as their numbers: one of them is the end of a
// line to many programs, and one the start of a terminal's command.
func (o *object) escapeControls(from int) {
	rest := string(o.buf.Bytes()[from:])
	o.buf.Truncate(from)
	for _, r := range rest {
		if 0x7F <= r && r <= 0x9F {
			fmt.Fprintf(&o.buf, `\u%04x`, r)
		} else {
			o.buf.WriteRune(r)
		}
	}
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
	o.set("command_status", uint32(p.CommandStatus()))
	o.set("sequence_number", p.sequence)
	if s := statusOf(p.CommandStatus()); s != nil {
		o.set("status_name", s.name)
	} else {
		o.set("status_name", nil)
	}
	if p.cmd == nil {
		o.set("command", nil)
		return o.MarshalJSON()
	}
	o.set("command", p.cmd.Name)
	for _, f := range p.cmd.Fields {
		if !p.Has(f.Field) {
			break
		}
		name := f.Field.String()
		switch f.Kind {
		case KindInt:
			o.set(name, p.Int(f.Field))
		case KindOctets:
			o.set(name+"_hex", hex.EncodeToString(p.Bytes(f.Field)))
		case KindDests, KindUnsuccess:
			o.set(name, elements(f.Kind, p.Bytes(f.Field)))
		default:
			o.set(name, latin1(p.Bytes(f.Field)))
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

// latin1 is a string as JSON can hold it whatever its octets are: C-octet strings are to be ASCII, and what is
// not is taken for Latin-1.
func latin1(b []byte) string {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

// elements are the elements of an array, each an object of its fields. The octets are whole: Decode has
// gone over them.
func elements(kind Kind, b []byte) []*object {
	list := []*object{}
	str := func() string {
		n := bytes.IndexByte(b, 0)
		s := latin1(b[:n])
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
