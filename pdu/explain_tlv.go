package pdu

import (
	"encoding/hex"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// ExplainedTLV is a TLV that stands alone, for people ([ExplainedTLV.WriteText]) and as JSON.
type ExplainedTLV struct {
	Tag   Tag
	Value []byte
}

// ExplainTLVs explains octets that are TLVs, and begin with one that is defined or a vendor's (0x1400 to 0x3FFF, SMPP 3.4
// §5.3.1); false for others, such as a PDU.
func ExplainTLVs(b []byte) ([]ExplainedTLV, bool) {
	t, err := ParseTLVs(b)
	if err != nil || len(b) == 0 {
		return nil, false
	}
	const vendors, reserved = 0x1400, 0x4000
	if first := Tag(b[0])<<8 | Tag(b[1]); tagOf(first) == nil && (first < vendors || first >= reserved) {
		return nil, false
	}
	var list []ExplainedTLV
	for tag, v := range t.All() {
		list = append(list, ExplainedTLV{tag, v})
	}
	return list, true
}

// MarshalJSON gives tag, name and length, the value (an integer, a string, or octets in hex) with its meaning, and
// the parts of a composite one by their names.
func (e ExplainedTLV) MarshalJSON() ([]byte, error) {
	o := &object{}
	o.set("tag", fmt.Sprintf("0x%04X", uint16(e.Tag)))
	s := tagOf(e.Tag)
	if s != nil {
		o.set("name", s.Name)
	}
	o.set("len", len(e.Value))
	right := s != nil && len(e.Value) >= s.Min && len(e.Value) <= s.Accept
	switch {
	case len(e.Value) == 0:
	case right && s.Kind == KindInt:
		n := TLVInt(e.Value)
		o.set("value", n)
		if m := s.Meaning(n); m != "" {
			o.set("meaning", m)
		}
	case right && s.Kind == KindString:
		o.set("value", latin1(trimNUL(e.Value)))
	default:
		o.set("value_hex", hex.EncodeToString(e.Value))
	}
	for _, part := range tlvParts(e.Tag, e.Value) {
		o.set(part.name, part.value)
	}
	return o.MarshalJSON()
}

// WriteText writes a line: tag, name, value, meaning and octets.
func (e ExplainedTLV) WriteText(w io.Writer) error {
	value, meaning := explainTLV(e.Tag, e.Value)
	_, err := fmt.Fprintf(w, "tlv 0x%04X %s  %s  %s  % x\n", uint16(e.Tag), nameOr(e.Tag, "unknown"), value, meaning, e.Value)
	return err
}

// explainTLV is a TLV's value and meaning, for people.
func explainTLV(tag Tag, v []byte) (value, meaning string) {
	value = countOctets(len(v))
	s := tagOf(tag)
	switch {
	case s == nil:
		return value, "vendor or unknown"
	case len(v) < s.Min || len(v) > s.Accept:
		return value, "must be " + between(s.Min, s.Max)
	case tag == TagSCInterfaceVersion:
		return fmt.Sprint(v[0]), versionMeaning(uint32(v[0]))
	case tag == TagCongestionState:
		return fmt.Sprint(v[0]), congestionMeaning(v[0])
	case tag == TagBroadcastErrorStatus:
		return fmt.Sprintf("0x%08X", TLVInt(v)), Status(TLVInt(v)).explained()
	case s.Kind == KindInt && len(v) > 0:
		n := TLVInt(v)
		value, meaning = fmt.Sprint(n), s.Meaning(n)
		if meaning != "" {
			return value, meaning
		}
	case s.Kind == KindString:
		return fmt.Sprintf("%q", trimNUL(v)), ""
	}
	var parts []string
	for i, p := range tlvParts(tag, v) {
		part := fmt.Sprintf("%s=%v", p.name, p.value)
		if n, ok := p.value.(uint64); ok {
			name := partNames[tag][p.name][n]
			if i == 0 && s.Kind == KindOctets && name == "" {
				name = s.Meaning(uint32(n))
			}
			if name != "" {
				part += fmt.Sprintf(" (%s)", name)
			}
		}
		parts = append(parts, part)
	}
	return value, strings.Join(parts, " ")
}

// partNames are what the values of parts of less than an octet mean.
var partNames = map[Tag]map[string]map[uint64]string{
	TagCallbackNumPresInd: { // 3.4 §5.3.2.37
		"presentation": {0: "allowed", 1: "restricted", 2: "number not available"},
		"screening":    {0: "user provided, not screened", 1: "user provided, verified and passed", 2: "user provided, verified and failed", 3: "network provided"}},
	TagMSMsgWaitFacilities: {"type": {0: "voicemail", 1: "fax", 2: "e-mail", 3: "other"}}, // 3.4 §5.3.2.13
}

// congestionMeaning says in words what congestion_state means (SMPP 5.0 §4.8.4.18).
func congestionMeaning(n uint8) string {
	switch {
	case n == 0:
		return "idle"
	case n < 30:
		return "low load"
	case n < 50:
		return "medium load"
	case n < 80:
		return "high load"
	case n < 90:
		return "optimum load"
	case n < 100:
		return "nearly congested"
	case n == 100:
		return "congested: no more is taken for now"
	}
	return "reserved"
}

type tlvPart struct {
	name  string
	value any
}

// tlvParts are the parts of a composite value by name, taken from the fields of its Go type.
func tlvParts(tag Tag, b []byte) []tlvPart {
	composite, ok := parseComposite(tag, b)
	if !ok || len(b) == 0 { // one that may be empty has no parts then
		return nil
	}
	var parts []tlvPart
	v := reflect.ValueOf(composite)
	for i := range v.NumField() {
		name, f := snake(v.Type().Field(i).Name), v.Field(i)
		switch {
		case name == "unit" || name == "units" && len(b) > 1:
			parts = append(parts, tlvPart{name, nameOf(timeUnits, uint32(f.Uint()))})
		case name == "units" || name == "count" && len(b) == 1:
			// ms_validity without a period
		case f.Kind() == reflect.Slice:
			parts = append(parts, tlvPart{name + "_hex", hex.EncodeToString(f.Bytes())})
		case f.CanUint():
			parts = append(parts, tlvPart{name, f.Uint()})
		case f.Kind() == reflect.String:
			parts = append(parts, tlvPart{name, latin1([]byte(f.String()))})
		default:
			parts = append(parts, tlvPart{name, f.Interface()})
		}
	}
	return parts
}

// snake is the name of a Go field as the specification writes names.
func snake(goName string) string {
	var b strings.Builder
	for i, r := range goName {
		if i > 0 && r >= 'A' && r <= 'Z' && goName[i-1] >= 'a' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
