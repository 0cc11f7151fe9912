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
