package pdu

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// hostile is what makes a reader work: a body of so many octets, of which each asks for something.
var hostile = []struct {
	name string
	body func(octets int) []byte
}{
	{"TLVs without a value", func(n int) []byte { return dataSM(0, 0, strings.Repeat("\x14\x00\x00\x00", n/4)) }},
	{"the same TLV", func(n int) []byte { return dataSM(0, 0, strings.Repeat("\x03\x81\x00\x04\x01\x01\x01\x35", n/8)) }},
	{"escapes", func(n int) []byte { return dataSM(0, 0, payload(strings.Repeat("\x1b", n))) }},
	{"surrogates", func(n int) []byte { return dataSM(0, 8, payload(strings.Repeat("\xd8\x3d", n/2))) }},
	{"a receipt of keys", func(n int) []byte { return dataSM(4, 0, payload(strings.Repeat("submit date:id:", n/15))) }},
	{"a receipt of dates", func(n int) []byte { return dataSM(4, 0, payload(strings.Repeat("done date:260102 ", n/17))) }},
	{"a receipt without spaces", func(n int) []byte { return dataSM(4, 0, payload(strings.Repeat("sub:1stat:", n/10))) }},
	{"a text that looks like a receipt", func(n int) []byte { return dataSM(4, 0, payload("text:"+strings.Repeat("err:id:", n/7))) }},
	{"a header of elements", func(n int) []byte { return dataSM(0x40, 0, payload("\xfe"+strings.Repeat("\x00\x00", n/2))) }},
}

// dataSM is a data_sm with its TLVs.
func dataSM(esmClass, dataCoding byte, tlvs string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(pdu.HeaderLen+10+len(tlvs)))
	b = binary.BigEndian.AppendUint32(b, uint32(pdu.CmdDataSM))
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, esmClass, 0, dataCoding)
	return append(b, tlvs...)
}

func payload(message string) string {
	return string(binary.BigEndian.AppendUint16([]byte{0x04, 0x24}, uint16(len(message)))) + message
}

// Each is read to the last octet, once with 1,000 octets and once with 60,000: "times" says how many times as long an octet takes in the larger one.
func BenchmarkHostile(b *testing.B) {
	const small, large = 1000, 60_000
	for _, h := range hostile {
		b.Run(h.name, func(b *testing.B) {
			few, many := h.body(small), h.body(large)
			start := cpuTime(b)
			for b.Loop() {
				readAll(b, many)
			}
			took := float64(cpuTime(b)-start) / float64(len(many))
			start = cpuTime(b)
			for range b.N * large / small {
				readAll(b, few)
			}
			before := float64(cpuTime(b)-start) / float64(len(few)) / (large / small)
			b.ReportMetric(took/float64(b.N), "cpu-ns/octet")
			b.ReportMetric(took/before, "times")
		})
	}
}

func readAll(b *testing.B, octets []byte) {
	var p pdu.PDU
	if err := p.Decode(octets); err != nil {
		b.Fatal(err)
	}
	for _, v := range p.TLVs() {
		sink += len(v)
	}
	for _, v := range p.UDH().Elements() {
		sink += len(v)
	}
	r, _ := p.Receipt()
	text, _ := p.Text()
	sink += len(r.Text) + len(text)
}

// Parts of 100 messages that are never whole, the last part first and each from another message than the one before: "times" says how many times as
// long one takes as with the parts in order.
func BenchmarkHostileParts(b *testing.B) {
	const messages, parts = 100, 250
	add := func(part func(n int) (reference, number int)) func() {
		r := pdu.Reassembler{MaxMessages: messages}
		var p pdu.PDU
		n, now := 0, time.Now()
		return func() {
			reference, number := part(n)
			octets := dataSM(0x40, 0, payload(string([]byte{6, 8, 4, byte(reference >> 8), byte(reference), parts + 1, byte(number), 'x'})))
			if err := p.Decode(octets); err != nil {
				b.Fatal(err)
			}
			sink += len(r.Add(now, &p, pdu.GSM).GaveUp)
			n++
		}
	}
	hostile := add(func(n int) (int, int) {
		group, n := n/(messages*parts), n%(messages*parts)
		return group*messages + n%messages, parts - n/messages
	})
	inOrder := add(func(n int) (int, int) { return n / parts, 1 + n%parts })
	start := cpuTime(b)
	for b.Loop() {
		hostile()
	}
	took := float64(cpuTime(b) - start)
	start = cpuTime(b)
	for range b.N {
		inOrder()
	}
	b.ReportMetric(took/float64(b.N), "cpu-ns/part")
	b.ReportMetric(took/float64(cpuTime(b)-start), "times")
}
