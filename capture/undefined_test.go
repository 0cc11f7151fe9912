package capture

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/pdu"
)

// undefined is a PDU of a command that is not defined, of so many octets.
func undefined(id uint32, length int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(length))
	b = binary.BigEndian.AppendUint32(b, id)
	return append(b, make([]byte, length-len(b))...)
}

// A capture may begin with a PDU of a command that is not defined: it is one of SMPP's if what follows is, or what comes back.
func TestUndefinedCommandFirst(t *testing.T) {
	link, nack := octets(t, pdu.CmdEnquireLink, 1, ""), octets(t, pdu.CmdGenericNack, 1, "")
	odd, later, vendors := undefined(0x99, 20), undefined(0x80000124, 16), undefined(0x00010234, 30)
	cat := slices.Concat[[]byte]
	syn := segment{syn: true}
	for _, tt := range []struct {
		name     string
		segments []segment
		want     [][]byte
		sum      Summary
	}{
		{"before one that is", []segment{syn, {data: cat(odd, link)}}, [][]byte{odd, link}, Summary{SMPP: 1}},
		{"without the beginning of the connection", []segment{{data: cat(odd, link)}}, [][]byte{odd, link}, Summary{SMPP: 1}},
		{"octet by octet", octetByOctet(cat(odd, later, link)), [][]byte{odd, later, link}, Summary{SMPP: 1}},
		{"three of them", []segment{syn, {data: odd}, {at: 20, data: cat(later, vendors)}, {at: 66, data: link}}, [][]byte{odd, later, vendors, link}, Summary{SMPP: 1}},
		{"alone, and refused", []segment{syn, {data: odd}, {back: true, data: nack}}, [][]byte{nack, odd}, Summary{SMPP: 1}},
		{"alone, from the middle on, and refused", []segment{{data: odd}, {back: true, data: nack}}, [][]byte{nack, odd}, Summary{SMPP: 1}},
		{"before a gap", []segment{{data: odd}, {at: 60, data: cat(link, link)}}, [][]byte{link, link}, Summary{SMPP: 1, Missing: 40, Passed: 20}},
		{"what is too short to be one", []segment{{data: odd[:12]}, {back: true, data: nack}}, [][]byte{nack}, Summary{SMPP: 1, Passed: 12}},
		{"two alone, the second cut off", []segment{syn, {data: cat(odd, later[:9])}, {back: true, data: nack}}, [][]byte{nack, odd}, Summary{SMPP: 1, Passed: 9}},
		{"alone in both directions", []segment{syn, {data: odd}, {back: true, data: later}}, nil, Summary{}},
		{"before something else", []segment{syn, {data: cat(odd, []byte(strings.Repeat("x", 40)), link)}}, [][]byte{link}, Summary{SMPP: 1, Passed: 60}},
		{"with a status that no request has", []segment{syn, {data: cat(odd[:8], []byte{0, 0, 0, 0x20}, odd[12:], link)}}, [][]byte{link}, Summary{SMPP: 1, Passed: 20}},
		{"with a number that no command has", []segment{syn, {data: cat(undefined(0x00020001, 16), link)}}, [][]byte{link}, Summary{SMPP: 1, Passed: 16}},
		{"too long to wait for", []segment{syn, {data: cat(undefined(0x99, 40_000), undefined(0x99, 40_000), link)}}, [][]byte{link}, Summary{SMPP: 1, Passed: 80_000}},
	} {
		var cut []segment
		for _, s := range tt.segments {
			for ; len(s.data) > 30_000; s.at, s.data = s.at+30_000, s.data[30_000:] {
				cut = append(cut, segment{at: s.at, data: s.data[:30_000]})
			}
			cut = append(cut, s)
		}
		var want []string
		for _, p := range tt.want {
			way := "10.0.0.1:40000 > 10.0.0.2:3550"
			if string(p) == string(nack) {
				way = "10.0.0.2:3550 > 10.0.0.1:40000"
			}
			want = append(want, fmt.Sprintf("%s %x", way, p))
		}
		tt.sum.Packets, tt.sum.Connections, tt.sum.PDUs = len(cut), 1, len(want)
		got, sum, err := read(t, record(t, false, packets(t, cut...)...))
		if err != nil || !slices.Equal(got, want) || sum != tt.sum {
			t.Errorf("%s: %+v, want %+v; %v\ngot  %q\nwant %q", tt.name, sum, tt.sum, err, got, want)
		}
	}
}
