package pdu_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// A text of two parts is cut, sent, and put together from parts in the wrong order.
func ExampleSplitText() {
	m, err := pdu.SplitText(strings.Repeat("grüße ", 30), pdu.TextOptions{Reference: 42})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Encoding.Alphabet, m.Units, "septets,", len(m.Parts), "parts,", m.Remaining, "free in the last one")
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	var together pdu.Reassembler
	for _, i := range []int{1, 0} {
		b := pdu.NewBuilder(cmd)
		b.SetString(pdu.FieldSourceAddr, "491700000001")
		b.SetString(pdu.FieldDestinationAddr, "12345")
		m.Set(b, i)
		part := b.Build()
		added := together.Add(time.Now(), part, pdu.GSM)
		fmt.Printf("% x %s\n", []byte(part.UDH()), added.State)
		if added.Message != nil {
			fmt.Println(len(added.Message.Text), "octets from", added.Message.SourceAddr)
		}
	}
	// Output:
	// gsm 180 septets, 2 parts, 126 free in the last one
	// 05 00 03 2a 02 02 waiting
	// 05 00 03 2a 02 01 whole
	// 240 octets from 491700000001
}

func ExampleMeasureText() {
	for _, text := range []string{"hello", "1 €", "привет"} {
		m, err := pdu.MeasureText(text, pdu.TextOptions{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Encoding.Alphabet, m.Units, m.Remaining)
	}
	_, err := pdu.MeasureText("привет", pdu.TextOptions{Encoding: new(pdu.Alphabet)}) // GSM 03.38 and no other
	fmt.Println(err)
	// Output:
	// gsm 5 155
	// gsm 4 156
	// ucs2 6 64
	// 'п' (U+043F) at octet 0 is not in the alphabet gsm: leave the choice of it open, or take ucs2
}

func ExamplePDU_Receipt() {
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	b := pdu.NewBuilder(cmd)
	b.SetInt(pdu.FieldESMClass, 4)
	b.SetString(pdu.FieldShortMessage, "id:2587 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:DELIVRD err:000 text:hello")
	b.AddTLVString(pdu.TagReceiptedMessageID, "0A1B")
	r, ok := b.Build().Receipt()
	state, _ := r.State()
	done, _ := r.DoneTime(time.UTC)
	fmt.Println(ok, r.ID, r.TextID, state, r.Final(), done.Format(time.RFC3339))
	fmt.Println(pdu.SameID(r.ID, r.TextID))
	// Output:
	// true 0A1B 2587 DELIVERED true 2026-01-02T15:05:00Z
	// true
}

func ExampleReceipt_Set() {
	cmd, _ := pdu.CommandByID(pdu.CmdDeliverSM)
	b := pdu.NewBuilder(cmd)
	at := time.Date(2026, 1, 2, 15, 4, 0, 0, time.UTC)
	r := pdu.Receipt{ID: "7", Sub: "001", Dlvrd: "000", SubmitDate: pdu.ReceiptDate(at), DoneDate: pdu.ReceiptDate(at.Add(time.Hour)), Stat: "EXPIRED", Err: "001"}
	r.Set(b)
	fmt.Println(b.Build().Str(pdu.FieldShortMessage))
	// Output: id:7 sub:001 dlvrd:000 submit date:2601021504 done date:2601021604 stat:EXPIRED err:001 text:
}

func ExampleParseTime() {
	t, err := pdu.ParseTime("020610233429004+", time.UTC)
	fmt.Println(t.Absolute.UTC().Format(time.DateTime), err)
	in, _ := pdu.After(36 * time.Hour)
	fmt.Println(in)
	// Output:
	// 2002-06-10 22:34:29 <nil>
	// 000001120000000R
}
