package main

import (
	"testing"

	"github.com/esmehost/esmehost/capture"
)

// What of a capture could not be used is said, all of it.
func TestLeftOut(t *testing.T) {
	s := capture.Summary{Packets: 9, Connections: 3, SMPP: 1, PDUs: 4, NotTCP: 2, Unreadable: 1, Fragments: 2, OtherLink: 1, Link: 147, Missing: 10, Passed: 1}
	want := "9 packets, 2 TCP connections without SMPP (1 like HTTP, 1 like TLS), 2 packets not of TCP, 1 packet unreadable, " +
		"2 fragments of packets that were not recorded whole, 1 packet of the link type 147, which is not known here (record with tcpdump -i any), " +
		"10 octets not recorded, 1 octet of no whole PDU"
	if got := leftOut(s, map[string]int{"like TLS": 1, "like HTTP": 1}); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := leftOut(capture.Summary{Packets: 1, Connections: 1, SMPP: 1, PDUs: 1}, nil); got != "1 packet" {
		t.Error(got)
	}
}

// What people paste is read as they mean it, or refused: never as other octets.
func TestOctetsOf(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{"00000010", "\x00\x00\x00\x10", ""},
		{`b'\x00\x00\x00\x10'`, "\x00\x00\x00\x10", ""},
		{`b"\x00\x10" b'\x0b'`, "\x00\x10\x0b", ""},
		{`[b'\x00', B'\x10']`, "", "invalid byte: U+005B '['"},
		{`"a","b","c"`, "\x0a\x0b\x0c", ""},
		{`'b','0b'`, "\x0b\x0b", ""},
		{`'0a' b '0c'`, "\x0a\x0b\x0c", ""},
		{`0b"`, "\x0b", ""},
		{`\x00000010800000150000000000000007`, "\x00\x00\x00\x10\x80\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x07", ""},
		{`b'\x00\x00\x00\x10ab'`, "", `'\x10ab' is \x, two digits and characters that stand for themselves: give all octets as hex`},
		{`b'\x00\x10ready\x00'`, "", `'\x10ready' is \x, two digits and characters that stand for themselves: give all octets as hex`},
		{`\x0\x1`, "\x00\x01", ""},
		{"", "", "it has no digits"},
		{" -:- ", "", "it has no digits"},
		{"0x", "", "it has no digits"},
	} {
		got, err := octetsOf(tt.text)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if string(got) != tt.want || said != tt.err {
			t.Errorf("%s: % x, %q; want % x, %q", tt.text, got, said, tt.want, tt.err)
		}
	}
}
