package pdu

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		text   string
		coding uint8
		hex    string
	}{
		{"@£$¥", 0, "00010203"},
		{"12345[6", 0, "31323334351b3c36"},
		{"^{}\\[~]|€", 0, "1b141b281b291b2f1b3c1b3d1b3e1b401b65"},
		{"۱۲۳", 8, "06f106f206f3"},
		{"a😀", 8, "0061d83dde00"},
		{"", 0, ""},
	} {
		coding, octets := EncodeText(tt.text)
		if coding != tt.coding || hex.EncodeToString(octets) != tt.hex {
			t.Errorf("%q: data_coding %d, %x", tt.text, coding, octets)
		}
		if back, err := DecodeText(coding, octets); err != nil || back != tt.text {
			t.Errorf("%q came back as %q, %v", tt.text, back, err)
		}
	}
	if s, _ := DecodeText(0, []byte{0x1B, 0x01, 0xFF}); s != " £\uFFFD" {
		t.Errorf("undefined octets: %q", s)
	}
	if _, err := DecodeText(4, []byte("x")); err == nil {
		t.Error("binary is text")
	}
	if c, o := EncodeText(strings.Repeat("[", 81)); FitsOnePart(c, o) {
		t.Error("162 septets fit")
	}
	if c, o := EncodeText(strings.Repeat("ж", 70)); !FitsOnePart(c, o) {
		t.Error("70 UCS-2 characters do not fit")
	}
}

func receiptPDU(text string, tlvs func(*Builder)) *PDU {
	b := NewBuilder(commandOf(CmdDeliverSM))
	b.SetInt(FieldESMClass, 4)
	b.SetString(FieldShortMessage, text)
	if tlvs != nil {
		tlvs(b)
	}
	return b.Build()
}

func TestReceipt(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		tlvs       func(*Builder)
		want       Receipt
	}{
		{"as in appendix B", "id:0123456789 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:hi id:7", nil,
			Receipt{"0123456789", "001", "001", "2601021504", "2601021505", "DELIVRD", "000", "hi id:7"}},
		{"another order, fields missing, a NUL", "stat:UNDELIV err:ABC id:a-b Text:x\x00", nil, Receipt{ID: "a-b", Stat: "UNDELIV", Err: "ABC", Text: "x"}},
		{"TLVs win", "id:1 stat:ENROUTE", func(b *Builder) { b.AddTLVString(TagReceiptedMessageID, "0A"); b.AddTLVInt(TagMessageState, 2) },
			Receipt{ID: "0A", Stat: "DELIVRD"}},
		{"binary", "\xff\x00\x80id", nil, Receipt{}},
		{"in message_payload", "", func(b *Builder) { b.AddTLV(TagMessagePayload, "id:9 stat:DELIVRD") }, Receipt{ID: "9", Stat: "DELIVRD"}},
	} {
		if got, ok := receiptPDU(tt.text, tt.tlvs).Receipt(); !ok || got != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, got, ok)
		}
	}
	b := NewBuilder(commandOf(CmdDeliverSM))
	b.SetString(FieldShortMessage, "id:1 stat:DELIVRD")
	if _, ok := b.Build().Receipt(); ok {
		t.Error("an ordinary message is a receipt")
	}
	r := Receipt{"1", "001", "001", "2601021504", "2601021505", "DELIVRD", "000", "x"}
	if got, _ := receiptPDU(r.String(), nil).Receipt(); got != r {
		t.Errorf("came back as %+v", got)
	}
}
