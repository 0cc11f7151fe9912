package pdu

import (
	"bytes"
	"strings"
	"testing"
)

func TestExplainedMessages(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  func(b *Builder)
		want []string
	}{
		{"a part with ports", func(b *Builder) {
			b.SetInt(FieldESMClass, 0x40)
			b.SetString(FieldShortMessage, "\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x2a\x02\x01hello")
		}, []string{"header: 0x05 ports: to 2948, from 9200  0b 84 23 f0\n", "header: 0x00 part 1 of 2, reference 42  2a 02 01\n", "text: \"hello\"\n"}},
		{"a language", func(b *Builder) {
			b.SetInt(FieldESMClass, 0x40)
			b.SetString(FieldShortMessage, "\x03\x24\x01\x01\x1bi")
		},
			[]string{"header: 0x24 national extension table: turkish  01\n", "text: \"ı\"\n"}},
		{"a header that is too long", func(b *Builder) { b.SetInt(FieldESMClass, 0x40); b.SetString(FieldShortMessage, "\x20ab") },
			[]string{"header: it says that it has 32 octets, the message has 2: read as text\n"}},
		{"an element that is too long", func(b *Builder) { b.SetInt(FieldESMClass, 0x40); b.SetString(FieldShortMessage, "\x03\x00\x09\x01a") },
			[]string{"header: an element runs past its end\n", "text: \"a\"\n"}},
		{"SAR", func(b *Builder) {
			b.AddTLVInt(TagSARMsgRefNum, 7)
			b.AddTLVInt(TagSARTotalSegments, 3)
			b.AddTLVInt(TagSARSegmentSeqnum, 2)
		}, []string{"segment: part 2 of 3, reference 7\n"}},
		{"TLVs", func(b *Builder) {
			b.AddTLV(TagNetworkErrorCode, "\x08\x00\x07")
			b.AddTLV(TagMSValidity, "\x04\x09\x00\x05")
			b.AddTLV(TagMSValidity, "\x01")
			b.AddTLV(TagCallbackNumPresInd, "\x07")
			b.AddTLV(TagMSMsgWaitFacilities, "\x82")
			b.AddTLV(TagSCInterfaceVersion, "\x50")
			b.AddTLV(TagBroadcastErrorStatus, "\x00\x00\x00\x0b")
		}, []string{"type=8 (mc_specific(5.0)) code=7", "behaviour=4 (relative_period(5.0)) units=minutes count=5", "behaviour=1 (power_down)",
			"presentation=1 (restricted) screening=3 (network provided)", "active=true type=2 (e-mail)", "SMPP 5.0", "ESME_RINVDSTADR"}},
		{"congestion", func(b *Builder) {
			for _, n := range []int64{0, 29, 30, 79, 80, 99, 100, 101} {
				b.AddTLVInt(TagCongestionState, n)
			}
		}, []string{"  idle ", " low load ", " medium load ", " high load ", " optimum load ", " nearly congested ", " congested: ", " reserved "}},
		{"a priority", func(b *Builder) { b.SetInt(FieldPriorityFlag, 2) }, []string{"ANSI-136 urgent"}},
		{"the priority of 5.0", func(b *Builder) { b.SetInt(FieldPriorityFlag, 4) }, []string{"CBS background only"}},
		{"a priority that is none", func(b *Builder) { b.SetInt(FieldPriorityFlag, 9) }, []string{"reserved"}},
		{"a receipt", func(b *Builder) {
			b.SetInt(FieldESMClass, 4)
			b.SetString(FieldShortMessage, "id:2587 submit date:2601021504 done date:0000000000 stat:DELIVRD err:000 text:")
			b.AddTLVString(TagReceiptedMessageID, "A1B")
			b.AddTLV(TagNetworkErrorCode, "\x03\x00\x07")
		}, []string{`receipt: id "A1B", id in the text "2587", stat "DELIVRD" (DELIVERED, final), err "000", network error "7 of network type 3", ` +
			`submitted "2601021504" (2026-01-02 15:04:00), done "0000000000" (no date)` + "\n"}},
		{"a receipt of a program in C", func(b *Builder) {
			b.SetInt(FieldESMClass, 4)
			b.SetString(FieldShortMessage, "id:7 stat:DELIVRD err:000 text:a\x40\x00\x00")
		}, []string{"text: \"id:7 stat:DELIVRD err:000 text:a¡\"\n"}},
		{"a message of a program in C", func(b *Builder) { b.SetString(FieldShortMessage, "a\x00") }, []string{"text: \"a@\"\n"}},
		{"an empty receipt", func(b *Builder) { b.SetInt(FieldESMClass, 4); b.SetString(FieldShortMessage, "\xff") }, []string{"receipt: nothing that can be read\n"}},
		{"times", func(b *Builder) {
			b.SetString(FieldValidityPeriod, "000002000001000R")
			b.SetString(FieldScheduleDeliveryTime, "260102150405104+")
		}, []string{" in 2d 1s ", "2026-01-02 15:04:05.1 +01:00"}},
		{"no time", func(b *Builder) { b.SetString(FieldValidityPeriod, "0000020000010xxR") }, []string{"no SMPP time"}},
		{"data_coding 0xF1", func(b *Builder) { b.SetInt(FieldDataCoding, 0xF1) }, []string{"GSM message class, gsm, class 1"}},
		{"data_coding 0x18", func(b *Builder) { b.SetInt(FieldDataCoding, 0x18) }, []string{"GSM, ucs2, class 0"}},
		{"data_coding 0xC8", func(b *Builder) { b.SetInt(FieldDataCoding, 0xC8) }, []string{"GSM message waiting indication, gsm, voicemail waiting"}},
		{"data_coding 0xE2", func(b *Builder) { b.SetInt(FieldDataCoding, 0xE2) }, []string{"GSM message waiting indication, ucs2, e-mail none waiting"}},
		{"data_coding 0x90", func(b *Builder) { b.SetInt(FieldDataCoding, 0x90) }, []string{"reserved"}},
	} {
		b := NewBuilder(commandOf(CmdDeliverSM))
		tt.set(b)
		var out bytes.Buffer
		if err := Explain(b.Build().AppendTo(nil)).WriteText(&out); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", tt.name, want, out.String())
			}
		}
	}
}

// JSON has each PDU on a line of its own, for any program's notion of a line, and null for what has no name.
func TestExplainedJSON(t *testing.T) {
	b := NewBuilder(commandOf(CmdDeliverSM))
	b.SetString(FieldSourceAddr, "a\x85b\x9b1m\x7f<\xe9\xa0")
	b.SetStatus(0x401)
	j, err := Explain(b.Build().AppendTo(nil)).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"source_addr":"a\u0085b\u009b1m\u007f<é\u00a0"`, `"status_name":null,"command":"deliver_sm"`} {
		if !strings.Contains(strings.ReplaceAll(string(j), "\u00a0", `\u00a0`), want) {
			t.Errorf("no %s in\n%q", want, j)
		}
	}
	for _, r := range string(j) {
		if r < ' ' || 0x7F <= r && r <= 0x9F {
			t.Errorf("%q in %s", r, j)
		}
	}
}
