package pdu_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/pdu/pdutest"
)

// anyValue is a value of a field that may be right or wrong, near its limits more often than far from them.
func anyValue(t *rapid.T, f pdu.FieldSpec) string {
	digits := func(n int) string { return strings.Repeat("7", n) }
	near := []int{0, 0, 1, max(0, f.Size-2), f.Size - 1, f.Size, f.Size + 1, 255}
	switch f.Kind {
	case pdu.KindString:
		return digits(rapid.SampledFrom(near).Draw(t, f.Field.String()))
	case pdu.KindTime:
		return rapid.SampledFrom([]string{"", "", "260102150405104+", "000002000001000R", "260102150405", "2601021504", "261302150405104+",
			"26010215040510x+", "260102150405149-", digits(16), digits(20)}).Draw(t, f.Field.String())
	case pdu.KindOctets:
		return rapid.SampledFrom([]string{"", "", "a", "\x00", "\x02\x70\x00hello", "\x05\x00\x03\x07\x02\x01hello", "\x05\x00\x03\x07\x02\x03hello", "\x09ab",
			digits(254), digits(255)}).Draw(t, f.Field.String())
	case pdu.KindDests:
		n := rapid.SampledFrom([]int{0, 1, 2, 254, 255}).Draw(t, f.Field.String())
		return strings.Repeat(rapid.SampledFrom([]string{string(pdu.AppendDest(nil, 1, 1, digits(20))), string(pdu.AppendDest(nil, 9, 9, digits(21))),
			string(pdu.AppendDestList(nil, ""))}).Draw(t, "dest"), n)
	}
	n := rapid.SampledFrom([]int{0, 1, 2, 255}).Draw(t, f.Field.String())
	return strings.Repeat(string(pdu.AppendUnsuccess(nil, 1, 1, digits(rapid.SampledFrom([]int{0, 20, 21}).Draw(t, "address")), 1)), n)
}

// anyTLV is a TLV of any tag with a value that may be right or wrong.
func anyTLV(t *rapid.T) (pdu.Tag, string) {
	often := []pdu.Tag{pdu.TagMessagePayload, pdu.TagMessagePayload, pdu.TagSARMsgRefNum, pdu.TagSARTotalSegments, pdu.TagSARSegmentSeqnum,
		pdu.TagBroadcastEndTime, pdu.TagSourceNodeID, pdu.TagBroadcastAreaSuccess, 0x1401}
	tags := pdu.Tags()
	tag := rapid.OneOf(rapid.SampledFrom(often), rapid.Map(rapid.IntRange(0, len(tags)-1), func(i int) pdu.Tag { return tags[i].Tag })).Draw(t, "tag")
	s, _ := tag.Spec()
	size := rapid.SampledFrom([]int{s.Min, s.Min, min(s.Max, 30), max(s.Min-1, 0), min(s.Max, 1200) + 1}).Draw(t, "size")
	return tag, rapid.OneOf(
		rapid.Map(rapid.SliceOfN(rapid.Byte(), size, size), func(b []byte) string { return string(b) }),
		rapid.Just(strings.Repeat("7", max(size-1, 0))+"\x00"), rapid.Just(strings.Repeat("7", size)),
		rapid.Just(strings.Repeat("\x01", size)),
		rapid.SampledFrom([]string{"", "\x02", "\x00\x03", "260102150405104+\x00", "260102150405000R\x00", "260102150405104+", "26010215040510\x00",
			"\x05\x00\x03\x07\x02\x01hello", "\x03\x00\x09\x01"})).Draw(t, "value")
}

// anyPDU is a PDU of any command of which much is right, and something may be wrong. The wire can carry it.
func anyPDU(t *rapid.T) *pdu.PDU {
	cmd := rapid.SampledFrom(pdu.Commands()).Draw(t, "command")
	b := pdu.NewBuilder(cmd)
	seldom := rapid.SampledFrom([]bool{true, true, false, false, false}) // rapid's Bool would make all of them wrong
	if seldom.Draw(t, "status") {
		b.SetStatus(rapid.SampledFrom([]pdu.Status{pdu.ESME_RSYSERR, 0x4FF}).Draw(t, "command_status"))
	}
	b.SetSequence(1)
	for i, f := range cmd.Fields {
		counts := i+1 < len(cmd.Fields) && cmd.Fields[i+1].Kind >= pdu.KindOctets
		switch {
		case f.Kind == pdu.KindDests:
			b.SetString(f.Field, string(pdu.AppendDest(nil, 1, 1, "7")))
			if seldom.Draw(t, "odd") {
				b.SetString(f.Field, anyValue(t, f))
			}
		case counts || !seldom.Draw(t, "odd"):
		case f.Kind == pdu.KindInt:
			b.SetInt(f.Field, rapid.SampledFrom([]int64{0, 1, 3, 4, 5, 0x40, 0x80, 255}).Draw(t, f.Field.String()))
		default:
			b.SetString(f.Field, anyValue(t, f))
		}
	}
	for _, tag := range cmd.Mandatory {
		if s, _ := tag.Spec(); !seldom.Draw(t, "missing") {
			b.AddTLV(tag, strings.Repeat("\x01", s.Min))
		}
	}
	if seldom.Draw(t, "SAR") {
		b.AddTLVInt(pdu.TagSARMsgRefNum, 7)
		b.AddTLVInt(pdu.TagSARTotalSegments, rapid.Int64Range(0, 3).Draw(t, "total"))
		b.AddTLVInt(pdu.TagSARSegmentSeqnum, rapid.Int64Range(0, 3).Draw(t, "number"))
	}
	for range rapid.IntRange(0, 4).Draw(t, "TLVs") {
		b.AddTLV(anyTLV(t))
	}
	return b.Build()
}

// agree fails where the two directions do not: encoding refuses what decoding would have to forgive, and nothing else.
// Only that an error response has no body is said, and right (SMPP 3.4 §4.4.2).
func agree(t interface{ Fatalf(string, ...any) }, p *pdu.PDU) {
	octets := p.AppendTo(nil)
	var q pdu.PDU
	if err := q.Decode(octets); err != nil {
		t.Fatalf("%x: %v", octets, err)
	}
	forgiven := q.Warnings() &^ pdu.EmptyBody
	m := q.Typed()
	strict, typed := m.AppendTo(nil)
	for how, err := range map[string]error{"built": p.Err(), "of its struct": typed} {
		if (err == nil) != (forgiven == 0) {
			t.Fatalf("%x %s: %v, but decoded the warnings are %v", octets, how, err, forgiven.Codes())
		}
		var refused *pdu.FieldError
		if err != nil && (!errors.As(err, &refused) || refused.Command != q.Command().Name || refused.Field == "" || refused.Reason == "" || !refused.Relaxable) {
			t.Fatalf("%x %s: %v names no field and limit", octets, how, err)
		}
	}
	if typed != nil {
		return
	}
	if !bytes.Equal(strict, octets) {
		t.Fatalf("encoded again it is\n%x, was\n%x", strict, octets)
	}
	var r pdu.PDU
	if err := r.Decode(strict); err != nil {
		t.Fatalf("%x: %v", strict, err)
	}
	if d := gocmp.Diff(m, r.Typed()); d != "" {
		t.Fatalf("%x: %s", strict, d)
	}
}

func TestStrictIsWithoutWarnings(t *testing.T) {
	right, wrong := 0, 0
	seen := pdu.Warnings(0)
	for range 20 {
		rapid.Check(t, func(t *rapid.T) {
			p := anyPDU(t)
			if p.RelaxedErr() != nil {
				return // the wire cannot carry it
			}
			agree(t, p)
			if p.Err() == nil {
				right++
			} else {
				wrong++
			}
			var q pdu.PDU
			_ = q.Decode(p.AppendTo(nil))
			seen |= q.Warnings()
		})
	}
	const all = pdu.OverlongString | pdu.TLVLength | pdu.TimeLength | pdu.TLVNul | pdu.TimeFormat | pdu.UDHLength | pdu.ValueRange |
		pdu.TLVMissing | pdu.MessageLength | pdu.MessageTwice | pdu.SegmentMarks // the others are of octets that nobody can encode
	if right < 100 || wrong < 100 || seen&all != all {
		t.Errorf("only %d without fault, %d refused, and no %v among them: this test proves little", right, wrong, (all &^ seen).Codes())
	}
}

// Each command in turn, and each TLV in it, once and twice, with a value of the lengths at its limits and beside them.
func TestStrictIsWithoutWarningsForEachTLV(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, cmd := range pdu.Commands() {
		for _, s := range pdu.Tags() {
			long := min(s.Max, 1200)
			for i, value := range []string{strings.Repeat("7", s.Min), strings.Repeat("\x01", s.Min), pdutest.Octets(r, long), strings.Repeat("7", long-1) + "\x00",
				strings.Repeat("7", long) + "\x00", strings.Repeat("\x01", max(s.Min-1, 0))} {
				b := pdu.NewBuilder(cmd)
				if cmd.Has(pdu.FieldDestAddress) {
					b.SetString(pdu.FieldDestAddress, string(pdu.AppendDest(nil, 1, 1, "7")))
				}
				for _, tag := range cmd.Mandatory {
					m, _ := tag.Spec()
					b.AddTLV(tag, strings.Repeat("\x01", m.Min))
				}
				for range 1 + i%2 {
					b.AddTLV(s.Tag, value)
				}
				if p := b.Build(); p.RelaxedErr() == nil {
					agree(t, p)
				}
			}
		}
	}
}

// A TLV whose characters have a form is refused with it, and read with a warning all the same.
func TestFormsOfTLVs(t *testing.T) {
	for _, tt := range []struct {
		tag           pdu.Tag
		value         string
		want, warning string
	}{
		{pdu.TagBroadcastEndTime, "260102150405104+\x00", "", ""},
		{pdu.TagBroadcastEndTime, "260102150405104-\x00", "", ""},
		{pdu.TagBroadcastEndTime, "260102150405000R\x00", "broadcast_end_time: the last character must be + or -, must be YYMMDDhhmmsstnnp", "time_format"},
		{pdu.TagBroadcastEndTime, "261302150405104+\x00", "broadcast_end_time: no such date, must be YYMMDDhhmmsstnnp", "time_format"},
		{pdu.TagBroadcastEndTime, "26010215040510x+\x00", "broadcast_end_time: the first 15 characters must be digits, must be YYMMDDhhmmsstnnp", "time_format"},
		{pdu.TagBroadcastEndTime, "260102150405149+\x00", "broadcast_end_time: nn must be 00 to 48, must be YYMMDDhhmmsstnnp", "time_format"},
		{pdu.TagBroadcastEndTime, "260102150405104\x00", "broadcast_end_time: 15 characters, must be 16 (YYMMDDhhmmsstnnp)", "time_length"},
		{pdu.TagBroadcastEndTime, "260102150405104+", "broadcast_end_time: does not end with a NUL", "tlv_nul"},
		{pdu.TagBroadcastEndTime, "2601", "broadcast_end_time: 4 octets, must be 16 to 17", "tlv_length"},
		{pdu.TagBroadcastEndTime, "260102150405104+0", "broadcast_end_time: does not end with a NUL", "time_length,tlv_nul"},
		{pdu.TagReceiptedMessageID, "a\x00b\x00", "receipted_message_id: has a NUL inside", "tlv_nul"},
		{pdu.TagReceiptedMessageID, "a\x00\x00", "receipted_message_id: has a NUL inside", "tlv_nul"},
		{pdu.TagReceiptedMessageID, "\x00", "", ""},
		{pdu.TagReceiptedMessageID, strings.Repeat("a", 30) + "\x00" + strings.Repeat("a", 40), "receipted_message_id: has a NUL inside", "tlv_length"},
		{pdu.TagSourceNodeID, "012345", "", ""},
		{pdu.TagSourceNodeID, "01234a", `source_node_id: "01234a", must be 6 digits`, "value_range"},
		{pdu.TagDestNodeID, "12345\x00", `dest_node_id: "12345\x00", must be 6 digits`, "value_range"},
		{pdu.TagDestNodeID, "12345", "dest_node_id: 5 octets, must be 6", "tlv_length"},
	} {
		b := pdu.NewBuilder(commandOf(t, pdu.CmdDeliverSM))
		b.AddTLV(tt.tag, tt.value)
		p := b.Build()
		if got := p.Err(); fmt.Sprint(got) != cmp.Or(tt.want, "<nil>") && fmt.Sprint(got) != "deliver_sm."+tt.want {
			t.Errorf("%s %q: %v, want %s", tt.tag, tt.value, got, tt.want)
		}
		var q pdu.PDU
		err := q.Decode(p.AppendTo(nil))
		v, ok := q.TLV(tt.tag)
		if got := strings.Join(q.Warnings().Codes(), ","); err != nil || got != tt.warning || !ok || string(v) != tt.value {
			t.Errorf("%s %q: %v %q %q", tt.tag, tt.value, err, got, v)
		}
	}
}

// A callback_num_atag may have no octets at all.
func TestEmptyCallbackNumAtag(t *testing.T) {
	var tlvs pdu.TLVs
	tlvs.Add(pdu.TagCallbackNumAtag, nil)
	if v, ok := tlvs.CallbackNumAtag(); !ok || v.DataCoding != 0 || v.Text != nil {
		t.Errorf("%+v %v", v, ok)
	}
	j, err := pdu.ExplainedTLV{Tag: pdu.TagCallbackNumAtag}.MarshalJSON()
	if want := `{"tag":"0x0303","name":"callback_num_atag","len":0}`; err != nil || string(j) != want {
		t.Errorf("%s %v, want %s", j, err, want)
	}
}

// The documentation says of each warning what it means.
func TestWarningsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "\n## What is forgiven\n")
	for _, code := range (^pdu.Warnings(0)).Codes() {
		if !strings.Contains(table, "`"+code+"`") {
			t.Errorf("docs/messages.md does not say what %s is", code)
		}
	}
}
