package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

func tlvs(ts []tlv) string {
	var b bytes.Buffer
	p := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }
	p("// The tags of the optional parameters (SMPP 3.4 §5.3.2, 5.0 §4.8.1): how the value of each is encoded, and where it is defined.\nconst (\n")
	for _, t := range ts {
		p("Tag%s Tag = %s // %s: %s (%s)\n", goName(t.Name), t.Tag, t.Name, t.shape(), where(tlvParagraphs, t.Name))
	}
	p(")\n\nvar tags = [...]TagSpec{\n")
	for _, t := range ts {
		kind := map[string]string{"integer": "KindInt", "bitmask": "KindInt", "c_octet_string": "KindString"}[t.Type]
		if kind == "" {
			kind = "KindOctets"
		}
		p("{Tag: Tag%s, Name: %q, Kind: %s, Min: %d, Max: %d, Accept: %d", goName(t.Name), t.Name, kind, t.Min, t.Max, t.accept())
		if t.Name == "ms_validity" { // 1 octet, or 4 with a relative period (SMPP 5.0 §4.8.4.41)
			p(", twoLengths: true")
		}
		switch {
		case t.Type == "octet_string_decimal":
			p(", form: formDigits")
		case strings.Contains(t.Note, "absolute time"):
			p(", form: formAbsolute")
		case t.Name == "callback_num": // a digit mode, and digits of that
			p(", form: formCallback")
		}
		if lo, hi, or := t.limits(); hi != "" {
			p(", Lo: %s, Hi: %s", lo, hi)
			if or != "" {
				p(", or: %s", or)
			}
		}
		if bit := companions[t.Name]; bit != 0 {
			p(", gives: %d", bit)
		} else if m := companion.FindStringSubmatch(t.Note); m != nil {
			p(", needs: %d", companions[m[1]])
		}
		if e := t.enum(ts); e != "" {
			p(", names: %s", namesVar(e))
		} else if kind == "KindOctets" && len(t.Values) > 0 { // of the first octet
			p(", names: map[uint32]string{")
			for _, v := range sorted(t.Values) {
				p("%d: %q, ", v.n, v.s)
			}
			p("}")
		}
		p("},\n")
	}
	p("}\n\n// tagOf finds the description of a tag; nil if it is not defined.\nfunc tagOf(t Tag) *TagSpec {\nswitch t {\n")
	for i, t := range ts {
		p("case Tag%s:\nreturn &tags[%d]\n", goName(t.Name), i)
	}
	p("}\nreturn nil\n}\n")
	return b.String()
}

// shape says how the value is encoded.
func (t tlv) shape() string {
	switch t.Type {
	case "integer":
		return "integer, " + t.octets()
	case "bitmask":
		return "bits, " + t.octets()
	case "c_octet_string":
		return "C-octet string, " + t.octets() + " with its NUL"
	case "octet_string_decimal":
		return "decimal digits, " + t.octets()
	}
	return t.octets()
}

// octets is the length of the value.
func (t tlv) octets() string {
	switch {
	case t.Min != t.Max:
		return fmt.Sprintf("%d to %d octets", t.Min, t.Max)
	case t.Max == 1:
		return "1 octet"
	}
	return fmt.Sprintf("%d octets", t.Max)
}

// valueRange reads a note that says which values there are, valueSteps one that names them from the lowest to the highest.
var (
	valueRange = regexp.MustCompile(`^(\d+)\.\.(\d+)(?:, (\d+) not available)?$`)
	valueSteps = regexp.MustCompile(`^(\d+) \w+,.*,(\d+) \w+;`)
)

// limits are the values that an integer may have; or is one more. They are empty where there are no limits.
func (t tlv) limits() (lo, hi, or string) {
	if t.Type != "integer" {
		return "", "", ""
	}
	if m := valueRange.FindStringSubmatch(t.Note); m != nil {
		return m[1], m[2], m[3]
	}
	if m := valueSteps.FindStringSubmatch(t.Note); m != nil {
		return m[1], m[2], ""
	}
	return "", "", ""
}

// companion reads a note that names the TLV that must be there too; companions are those, a bit each.
var (
	companion  = regexp.MustCompile(`^must be accompanied by (\w+)$`)
	companions = map[string]int{"source_node_id": 1, "dest_node_id": 2}
)

// accept is the longest value that is read without a warning.
func (t tlv) accept() int {
	if strings.Contains(t.Note, "accept 1 or 2") {
		return 2
	}
	return t.Max
}

// enum is the Go type of the TLV's values; empty if they have no names.
func (t tlv) enum(all []tlv) string {
	switch {
	case t.Name == "message_state":
		return "MessageState"
	case t.Type != "integer":
		return ""
	case len(t.Values) > 0:
		return goName(strings.TrimPrefix(t.Name, "dest_"))
	}
	if other, ok := strings.CutPrefix(t.Note, "values as "); ok {
		for _, o := range all {
			if o.Name == other {
				return o.enum(all)
			}
		}
	}
	return ""
}

// composites are the TLVs of which a hand-written type says what their octets mean.
var composites = map[string]string{
	"ms_msg_wait_facilities": "MSMsgWaitFacilities", "callback_num_pres_ind": "CallbackNumPresInd",
	"source_subaddress": "Subaddress", "dest_subaddress": "Subaddress", "callback_num": "CallbackNum",
	"callback_num_atag": "CallbackNumAtag", "network_error_code": "NetworkErrorCode", "broadcast_content_type": "BroadcastContentType",
	"broadcast_frequency_interval": "BroadcastFrequencyInterval", "broadcast_area_identifier": "BroadcastAreaIdentifier",
	"billing_identification": "BillingIdentification", "ms_validity": "MSValidity", "its_session_info": "ITSSessionInfo",
	"broadcast_error_status": "Status",
}

// fewBits are the composites with parts of less than an octet, whose values may be too large.
var fewBits = map[string]bool{"MSMsgWaitFacilities": true, "CallbackNumPresInd": true, "ITSSessionInfo": true}

func tlvMethods(ts []tlv) string {
	var b bytes.Buffer
	p := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }
	uint := map[int]string{1: "uint8", 2: "uint16", 4: "uint32"}
	for _, t := range ts {
		name := goName(t.Name)
		paragraph := where(tlvParagraphs, t.Name)
		note := ""
		if t.Note != "" {
			note = ": " + t.Note
		}
		get := func(result, lead, value string) {
			p("// %s returns the first %s (%s, %s)%s. It is false where there is none, or one of a wrong length.\n", name, t.Name, t.Tag, paragraph, note)
			p("func (t TLVs) %s() (v %s, ok bool) {\nb, ok := t.Get(Tag%s)\n%sreturn %s\n}\n\n", name, result, name, lead, value)
		}
		add := func(param, body string) {
			values := ""
			if lo, hi, or := t.limits(); hi != "" {
				values = fmt.Sprintf(", %s to %s", lo, hi)
				if or != "" {
					values += " or " + or
				}
			} else if t.Note == "seconds" {
				values = ", in seconds"
			}
			p("// Add%s adds a %s (%s): %s on the wire%s.\n", name, t.Name, paragraph, t.octets(), values)
			p("func (t *TLVs) Add%s(v %s) { %s }\n\n", name, param, body)
		}
		fits := fmt.Sprintf("ok = ok && len(b) >= %d && len(b) <= %d\n", t.Min, t.accept())
		typ, enum := composites[t.Name], t.enum(ts)
		switch {
		case typ == "Status":
			get(typ, fits, "Status(TLVInt(b)), ok")
			add(typ, fmt.Sprintf("t.addInt(Tag%s, uint32(v), %d)", name, t.Max))
		case typ != "":
			get(typ, "if !ok {\nreturn v, false\n}\n", fmt.Sprintf("Parse%s(b)", typ))
			check := ""
			if fewBits[typ] {
				check = fmt.Sprintf("t.refuse(Tag%s, v.check())\n", name)
			}
			add(typ, fmt.Sprintf("var b [tlvScratch]byte\n%st.Add(Tag%s, v.AppendTo(b[:0]))", check, name))
		case t.Type == "integer" || t.Type == "bitmask":
			read, write := uint[t.accept()], uint[t.Max]
			if enum != "" {
				read, write = enum, enum
			}
			get(read, fits, fmt.Sprintf("%s(TLVInt(b)), ok", read))
			add(write, fmt.Sprintf("t.addInt(Tag%s, uint32(v), %d)", name, t.Max))
		case t.Type == "c_octet_string":
			get("string", fits, "TLVString(b), ok")
			add("string", fmt.Sprintf("t.addString(Tag%s, v)", name))
		case t.Type == "octet_string_decimal":
			get("string", fits, "string(b), ok")
			add("string", fmt.Sprintf("t.Add(Tag%s, []byte(v))", name))
		default:
			get("[]byte", fits, "b, ok")
			add("[]byte", fmt.Sprintf("t.Add(Tag%s, v)", name))
		}
	}
	p("// parseComposite reads a value that has parts, as the struct of its type.\nfunc parseComposite(tag Tag, b []byte) (any, bool) {\nswitch tag {\n")
	for _, t := range ts {
		if typ := composites[t.Name]; typ != "" && typ != "Status" {
			p("case Tag%s:\nv, ok := Parse%s(b)\nreturn v, ok\n", goName(t.Name), typ)
		}
	}
	p("}\nreturn nil, false\n}\n")
	return b.String()
}
