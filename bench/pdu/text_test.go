package pdu

import (
	"strings"
	"testing"

	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"
	"github.com/linxGnu/gosmpp/data"
	"github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/gsm7"

	"github.com/esmehost/esmehost/pdu"
)

var letters = "Grüße aus Köln: the 160 characters of one message, with a few from beyond ASCII (ä ö ü £ § Δ), [brackets] and 1€. " + strings.Repeat("abcdefghij", 5)

// One message of letters; all of them have a place in GSM 03.38.
func BenchmarkEncodeGSM(b *testing.B) {
	text := string([]rune(letters)[:157]) // 157 characters are 160 septets here
	if m, err := pdu.MeasureText(text, pdu.TextOptions{}); err != nil || m.Units != 160 {
		b.Fatalf("%+v, %v", m, err)
	}
	for _, text := range []struct{ name, text string }{{"mixed", text}, {"ascii", strings.Repeat("abcdefghij", 16)}} {
		b.Run(text.name, func(b *testing.B) {
			s := text.text
			out := make([]byte, 0, 256)
			beside(b, 0,
				work{"esmehost", func() { out, _ = pdu.Encoding{}.Append(out[:0], s) }},
				work{"gosmpp", func() { data.GSM7BIT.Encode(s) }},
				work{"go-smpp", func() { pdutext.GSM7(s).Encode() }},
				work{"warthog618", func() { gsm7.Encode([]byte(s)) }},
			)
		})
	}
}

// A text of ten parts, cut and with its headers.
func BenchmarkSplit(b *testing.B) {
	s := strings.Repeat("abcdefghij", 153)
	beside(b, 0,
		work{"esmehost", func() {
			if m, err := pdu.SplitText(s, pdu.TextOptions{}); err != nil || len(m.Parts) != 10 {
				b.Fatal(err)
			}
		}},
		work{"warthog618", func() {
			if parts, err := sms.Encode([]byte(s)); err != nil || len(parts) != 10 {
				b.Fatal(err)
			}
		}},
	)
}

// A deliver_sm with a receipt: decoded, and the receipt parsed. No peer parses receipts.
func BenchmarkReceipt(b *testing.B) {
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	m := pdu.NewBuilder(cmd)
	m.SetString(pdu.FieldSourceAddr, "491700000001")
	m.SetString(pdu.FieldDestinationAddr, "12345")
	m.SetInt(pdu.FieldESMClass, 4)
	m.SetString(pdu.FieldShortMessage, "id:0123456789 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:hello world, twenty o")
	m.AddTLVString(pdu.TagReceiptedMessageID, "0123456789")
	m.AddTLVInt(pdu.TagMessageState, 2)
	octets := m.Build().AppendTo(nil)
	var p pdu.PDU
	beside(b, len(octets), work{"esmehost", func() {
		if err := p.Decode(octets); err != nil {
			b.Fatal(err)
		}
		if r, ok := p.Receipt(); !ok || r.ID != "0123456789" || r.Stat != "DELIVRD" {
			b.Fatal("no receipt")
		}
	}})
}
