package capture

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/esmehost/esmehost/pdu"
)

// tunnels are the ways in which an IP packet, or a frame, is within another.
var tunnels = []struct {
	name   string
	header []gopacket.SerializableLayer
	frame  bool // what is within is a frame
}{
	{"GRE", []gopacket.SerializableLayer{&layers.IPv4{Protocol: layers.IPProtocolGRE}, &layers.GRE{Protocol: layers.EthernetTypeIPv4}}, false},
	{"IP in IP", []gopacket.SerializableLayer{&layers.IPv4{Protocol: layers.IPProtocolIPv4}}, false},
	{"IPv4 in IPv6", []gopacket.SerializableLayer{&layers.IPv6{NextHeader: layers.IPProtocolIPv4, SrcIP: net.ParseIP("fd00::8"), DstIP: net.ParseIP("fd00::9")}}, false},
	{"VXLAN", []gopacket.SerializableLayer{&layers.IPv4{Protocol: layers.IPProtocolUDP}, &layers.UDP{SrcPort: 5000, DstPort: 4789}, &layers.VXLAN{ValidIDFlag: true, VNI: 1}}, true},
}

const ethernetLen = 14

// through puts a frame's packet into a tunnel.
func through(t testing.TB, header []gopacket.SerializableLayer, whole bool, frame []byte) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
	switch ip := header[0].(type) {
	case *layers.IPv4:
		ip.Version, ip.TTL, ip.Id, ip.SrcIP, ip.DstIP = 4, 64, 5, net.IPv4(1, 1, 1, 1).To4(), net.IPv4(2, 2, 2, 2).To4()
	case *layers.IPv6:
		ip.Version, ip.HopLimit, eth.EthernetType = 6, 64, layers.EthernetTypeIPv6
	}
	if !whole {
		frame = frame[ethernetLen:]
	}
	buf := gopacket.NewSerializeBuffer()
	all := append([]gopacket.SerializableLayer{eth}, header...)
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(all, gopacket.Payload(frame))...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

// Two connections in one tunnel are two, with their own addresses, also where only the addresses tell them apart.
func TestTunnels(t *testing.T) {
	one, two := octets(t, pdu.CmdEnquireLink, 1, ""), octets(t, pdu.CmdEnquireLink, 2, "")
	other := func(p []byte) []byte { // the connection of another ESME: 10.0.0.1 is 10.0.0.7
		for _, at := range []int{12, 16} {
			if p[ethernetLen+at+3] == 1 {
				p[ethernetLen+at+3] = 7
			}
		}
		return p
	}
	var want []string
	for _, host := range []string{"10.0.0.1", "10.0.0.7"} {
		for _, p := range [][]byte{one, two} {
			want = append(want, fmt.Sprintf("%s:40000 > 10.0.0.2:3550 %x", host, p), fmt.Sprintf("10.0.0.2:3550 > %s:40000 %x", host, p))
		}
	}
	slices.Sort(want)
	for _, tunnel := range tunnels {
		var all [][]byte
		for _, s := range []segment{{data: one}, {back: true, data: one}, {at: 16, data: two}, {back: true, at: 16, data: two}} {
			p := s.packet(t, false, false)
			for _, p := range [][]byte{p, other(bytes.Clone(p))} {
				all = append(all, through(t, tunnel.header, tunnel.frame, p))
			}
		}
		got, sum, err := read(t, record(t, false, all...))
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) || sum != (Summary{Packets: 8, Connections: 2, SMPP: 2, PDUs: 8}) {
			t.Errorf("%s: %+v %v\ngot  %q\nwant %q", tunnel.name, sum, err, got, want)
		}
	}
}

// A packet in a tunnel may be in fragments, and be one.
func TestTunnelFragments(t *testing.T) {
	p := octets(t, pdu.CmdSubmitSM, 1, "in a tunnel, and in fragments")
	want := []string{fmt.Sprintf("10.0.0.1:40000 > 10.0.0.2:3550 %x", p)}
	frame := segment{data: p}.packet(t, false, false)
	gre := tunnels[0]
	for _, inner := range []bool{false, true} {
		var all [][]byte
		if inner {
			for _, f := range fragments(frame) {
				all = append(all, through(t, gre.header, false, f))
			}
		} else {
			all = fragments(through(t, gre.header, false, frame))
		}
		got, sum, err := read(t, record(t, false, all...))
		if err != nil || !slices.Equal(got, want) || sum != (Summary{Packets: 2, Connections: 1, SMPP: 1, PDUs: 1}) {
			t.Errorf("the inner one %v: %q %+v %v", inner, got, sum, err)
		}
	}
}

// fragments cuts a frame's packet in two behind 48 octets.
func fragments(frame []byte) [][]byte {
	const head, cut = ethernetLen + 20, 48
	length := func(p []byte) []byte {
		n := len(p) - ethernetLen
		p[ethernetLen+2], p[ethernetLen+3] = byte(n>>8), byte(n)
		return p
	}
	first := bytes.Clone(frame[:head+cut])
	second := slices.Concat(frame[:head], frame[head+cut:])
	first[ethernetLen+6], first[ethernetLen+7] = 0x20, 0 // more to come
	second[ethernetLen+6], second[ethernetLen+7] = 0, cut/8
	return [][]byte{length(first), length(second)}
}
