package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"strconv"
	"strings"
)

func enums(raw map[string]json.RawMessage, s spec) string {
	var b bytes.Buffer
	p := func(f string, a ...any) { fmt.Fprintf(&b, f, a...) }
	table := func(name, doc string, values map[string]string) {
		p("// %s %s\nvar %s = map[uint32]string{\n", name, doc, name)
		for _, r := range sorted(values) {
			p("%#02x: %q,\n", r.n, r.s)
		}
		p("}\n\n")
	}
	simple := func(key string) map[string]string {
		m := map[string]string{}
		if err := json.Unmarshal(raw[key], &m); err != nil {
			log.Fatalf("%s: %v", key, err)
		}
		return m
	}
	nested := func(key, sub string) map[string]string {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw[key], &m); err != nil {
			log.Fatal(err)
		}
		v := map[string]string{}
		if err := json.Unmarshal(m[sub], &v); err != nil {
			log.Fatal(err)
		}
		return v
	}
	one := func(key, sub string) string {
		var m map[string]any
		if err := json.Unmarshal(raw[key], &m); err != nil {
			log.Fatal(err)
		}
		return m[sub].(string)
	}
	typed := func(name, doc, lead string, values map[string]string) {
		p("// %s %s\ntype %s uint8\n\n// The values of %s.\nconst (\n", name, doc, name, name)
		for _, r := range sorted(values) {
			p("%s%s %s = %d\n", lead, valueName(r.s), name, r.n)
		}
		p(")\n\n// String is the value's name, or its number%s.\nfunc (v %s) String() string { return nameOf(%s, uint32(v)) }\n\n", doc[strings.LastIndex(doc, " ("):len(doc)-1], name, namesVar(name))
		table(namesVar(name), "are the names of "+name+".", values)
	}
	bits := func(doc, lead string, values map[string]string) {
		p("// %s\nconst (\n", doc)
		for _, r := range sorted(values) {
			p("%s%s = 0x%02X\n", lead, valueName(r.s), r.n)
		}
		p(")\n\n")
	}
	typed("TON", "is a type of number (SMPP 3.4 §5.2.5, 5.0 §4.7.1).", "TON", simple("ton"))
	typed("NPI", "is a numbering plan (SMPP 3.4 §5.2.6, 5.0 §4.7.2).", "NPI", simple("npi"))
	bits("The messaging modes, esm_class & 0x03 (SMPP 3.4 §5.2.12, 5.0 §4.7.12). A deliver_sm has none.", "ESMClassMode", nested("esm_class", "messaging_mode"))
	bits("The message types, esm_class & 0x3C (SMPP 3.4 §5.2.12, 5.0 §4.7.12).", "ESMClassType", nested("esm_class", "message_type"))
	bits("The GSM features, esm_class & 0xC0 (SMPP 3.4 §5.2.12, 5.0 §4.7.12).", "ESMClass", nested("esm_class", "gsm_features"))
	bits("The receipts that are asked for, registered_delivery & 0x03 (SMPP 3.4 §5.2.17, 5.0 §4.7.21).", "RegisteredDelivery", nested("registered_delivery", "receipt"))
	bits("The acknowledgements of the recipient that are asked for, registered_delivery & 0x0C (SMPP 3.4 §5.2.17, 5.0 §4.7.21).", "RegisteredDeliverySME", nested("registered_delivery", "sme_ack"))
	p("// RegisteredDeliveryIntermediate asks for notifications on the way (SMPP 5.0 §4.7.21: bit 4).\nconst RegisteredDeliveryIntermediate = %s\n\n", one("registered_delivery", "intermediate"))
	p("// The versions of SMPP as interface_version says them (SMPP 3.4 §5.2.4, 5.0 §4.7.13).\nconst (\n")
	for _, r := range sorted(simple("interface_version")) {
		p("InterfaceVersion%s = 0x%02X // SMPP %s\n", strings.ReplaceAll(r.s, ".", ""), r.n, r.s)
	}
	p(")\n\n")
	done := []string{"MessageState"}
	for _, t := range s.TLVs {
		e := t.enum(s.TLVs)
		if e == "" || slices.Contains(done, e) {
			continue
		}
		done = append(done, e)
		typed(e, fmt.Sprintf("is a value of the TLV %s (%s).", t.Name, where(tlvParagraphs, t.Name)), e, t.Values)
	}
	table("dataCodingNames", "are the values of data_coding.", simple("data_coding"))
	table("messagingModeNames", "are the values of esm_class & 0x03.", nested("esm_class", "messaging_mode"))
	table("messageTypeNames", "are the values of esm_class & 0x3C.", nested("esm_class", "message_type"))
	table("gsmFeatureNames", "are the bits of esm_class & 0xC0.", nested("esm_class", "gsm_features"))
	table("priorityFlagNames", "are the values of priority_flag.", s.Priority)
	table("receiptNames", "are the values of registered_delivery & 0x03.", nested("registered_delivery", "receipt"))
	states := map[string]string{}
	for k, v := range s.States {
		states[k] = v.Name
	}
	typed("MessageState", "is the value of the field and TLV message_state (SMPP 3.4 §5.2.28, 5.0 §4.7.15).", "MessageState", states)
	return b.String()
}

type value struct {
	n uint64
	s string
}

// sorted are the values that are one number each, by number. A range is said in words by the code that uses
// the table.
func sorted(values map[string]string) []value {
	var rows []value
	for k, v := range values {
		if n, err := strconv.ParseUint(k, 0, 32); err == nil {
			rows = append(rows, value{n, v})
		}
	}
	slices.SortFunc(rows, func(a, b value) int { return int(a.n) - int(b.n) })
	return rows
}

func namesVar(enum string) string {
	i := 1
	for i < len(enum) && enum[i] >= 'A' && enum[i] <= 'Z' && (i+1 == len(enum) || enum[i+1] >= 'A' && enum[i+1] <= 'Z') {
		i++
	}
	return strings.ToLower(enum[:i]) + enum[i:] + "Names"
}

// valueName is the Go name of a value: its first word, what stands in brackets left out.
func valueName(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(s), " ")
	var b strings.Builder
	for part := range strings.SplitSeq(s, "_") {
		switch part {
		case "gsm", "isdn", "ip", "wap", "udhi", "sms", "csd", "ussd", "cdpd", "tdma", "cdma", "pdc", "phs", "amps", "wdp", "wcmp", "mc", "sme", "ms",
			"pssd", "pssr", "ussr", "ussn":
			b.WriteString(strings.ToUpper(part))
		default:
			b.WriteString(goName(part))
		}
	}
	return b.String()
}
