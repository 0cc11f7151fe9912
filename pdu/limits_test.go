package pdu

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the specification gives no meaning is not sent, and flagged where a peer sends it.
func TestLimits(t *testing.T) {
	tlv := func(tag Tag, v string) func(*SubmitSM) { return func(m *SubmitSM) { m.TLVs.Add(tag, []byte(v)) } }
	both := func(sets ...func(*SubmitSM)) func(*SubmitSM) {
		return func(m *SubmitSM) {
			for _, set := range sets {
				set(m)
			}
		}
	}
	validity := func(s string) func(*SubmitSM) { return func(m *SubmitSM) { m.ValidityPeriod = s } }
	source, dest := tlv(TagSourceNetworkID, "310010\x00"), tlv(TagDestNetworkID, "310010\x00")
	sourceNode, destNode := tlv(TagSourceNodeID, "000001"), tlv(TagDestNodeID, "000001")
	for _, tt := range []struct {
		name    string
		set     func(*SubmitSM)
		warning Warnings // 0: none, and it is sent
		refused string
	}{
		{"congestion", tlv(TagCongestionState, "\x64"), 0, ""},
		{"more than congested", tlv(TagCongestionState, "\x65"), ValueRange, "submit_sm.congestion_state: 101, must be 0 to 100"},
		{"a time from now", validity("000099999999000R"), 0, ""},
		{"a time from now with tenths", validity("000001000000100R"), TimeFormat, "submit_sm.validity_period: t and nn of a time from now are not 000, must be YYMMDDhhmmsstnnp"},
		{"a time from now with an offset", validity("000001000000048R"), TimeFormat, "submit_sm.validity_period: t and nn of a time from now are not 000, must be YYMMDDhhmmsstnnp"},
		{"TBCD", tlv(TagCallbackNum, "\x00\x01\x01\xf1"), 0, ""},
		{"ASCII", tlv(TagCallbackNum, "\x01\x01\x01+44 1~"), 0, ""},
		{"a digit mode that is none", tlv(TagCallbackNum, "\x02\x01\x01\xf1"), ValueRange, "submit_sm.callback_num: digit mode 2, must be 0 (TBCD) or 1 (ASCII)"},
		{"what is no ASCII", tlv(TagCallbackNum, "\x01\x01\x01\u00e9"), ValueRange, `submit_sm.callback_num: digits "é", must be printable ASCII in digit mode 1`},
		{"a NUL", tlv(TagCallbackNum, "\x01\x01\x011\x00"), ValueRange, `submit_sm.callback_num: digits "1\x00", must be printable ASCII in digit mode 1`},
		{"a network without its node", source, TLVMissing, "submit_sm.source_network_id: must be accompanied by source_node_id"},
		{"a network and the other's node", both(destNode, source), TLVMissing, "submit_sm.source_network_id: must be accompanied by source_node_id"},
		{"two networks and one node", both(sourceNode, source, dest), TLVMissing, "submit_sm.dest_network_id: must be accompanied by dest_node_id"},
		{"networks and their nodes", both(source, destNode, dest, sourceNode), 0, ""},
		{"nodes alone", both(sourceNode, destNode), 0, ""},
	} {
		m := &SubmitSM{}
		tt.set(m)
		said := ""
		if _, err := m.AppendTo(nil); err != nil {
			said = err.Error()
		}
		b := NewBuilder(commandOf(CmdSubmitSM))
		b.SetString(FieldValidityPeriod, m.ValidityPeriod)
		b.AddTLVs(m.TLVs)
		built := ""
		if err := b.Build().Err(); err != nil {
			built = err.Error()
		}
		octets, err := m.AppendRelaxed(nil)
		if err != nil {
			t.Errorf("%s, relaxed: %v", tt.name, err)
			continue
		}
		var p PDU
		if err := p.Decode(octets); err != nil || p.Warnings() != tt.warning || said != tt.refused || built != tt.refused {
			t.Errorf("%s: %q, built %q, want %q; %v, %v", tt.name, said, built, tt.refused, p.Warnings().Codes(), err)
		}
	}
	if v, err := ParseTime("000001000000148R", nil); err != nil || v.String() != "000001000000000R" {
		t.Errorf("a time from now is not read: %v, %v", v, err)
	}
}

// What has a limit names it where a programmer sets it: at the method that adds a TLV, and at the field of a command's struct.
func TestLimitsAreSaid(t *testing.T) {
	source := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	methods, structs := source("tlv_methods_gen.go"), source("structs_gen.go")
	for _, s := range Tags() {
		adds := regexp.MustCompile(`(?m)^// Add\w+ adds an? ` + s.Name + ` .*`).FindString(methods)
		if adds == "" {
			t.Errorf("nothing adds %s", s.Name)
		}
		if limit := fmt.Sprintf(", %d to %d", s.Lo, s.Hi); s.Hi != 0 && !strings.Contains(adds, limit) {
			t.Errorf("%q does not say %q", adds, limit)
		}
		if s.Tag == TagQOSTimeToLive && !strings.Contains(adds, "seconds") {
			t.Errorf("%q does not say its unit", adds)
		}
	}
	for _, f := range []Field{FieldPriorityFlag, FieldReplaceIfPresentFlag} {
		spec, _ := commandOf(CmdSubmitSM).Spec(f)
		name := strings.ReplaceAll(f.String(), "_", "")
		fields := regexp.MustCompile(`(?mi)^\t`+name+` +uint8 .*`).FindAllString(structs, -1)
		for _, field := range fields {
			if !strings.Contains(field, fmt.Sprintf("// 0 to %d;", spec.Most)) {
				t.Errorf("%q does not say that it is at most %d", field, spec.Most)
			}
		}
		if len(fields) == 0 {
			t.Errorf("no struct has %s", f)
		}
	}
}
