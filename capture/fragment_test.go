package capture

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/esmehost/esmehost/pdu"
)

// fragmentsOf cuts what is behind the IP header of a frame into pieces of so many octets, a multiple of 8, and makes a frame of each.
func fragmentsOf(t testing.TB, frame []byte, v6 bool, size int, id uint32) [][]byte {
	t.Helper()
	head := ethernetLen + 20
	if v6 {
		head = ethernetLen + 40
	}
	p := gopacket.NewPacket(frame, layers.LinkTypeEthernet, gopacket.Default)
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	var all [][]byte
	for at := head; at < len(frame); at += size {
		end, more := min(at+size, len(frame)), at+size < len(frame)
		headers := []gopacket.SerializableLayer{eth}
		if v6 {
			ip := *p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
			ip.NextHeader = layers.IPProtocolIPv6Fragment
			headers = append(headers, &ip, &layers.IPv6Fragment{NextHeader: layers.IPProtocolTCP, FragmentOffset: uint16((at - head) / 8), MoreFragments: more, Identification: id})
		} else {
			ip := *p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
			ip.Id, ip.FragOffset = uint16(id), uint16((at-head)/8)
			if more {
				ip.Flags = layers.IPv4MoreFragments
			}
			headers = append(headers, &ip)
		}
		buf := gopacket.NewSerializeBuffer()
		if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, append(headers, gopacket.Payload(frame[at:end]))...); err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(buf.Bytes()))
	}
	return all
}

// A packet that IP cut into fragments is put together, in whatever order they come; one of which a fragment is missing is counted, not passed over.
func TestFragments(t *testing.T) {
	p, q := octets(t, pdu.CmdSubmitSM, 1, strings.Repeat("long ", 40)), octets(t, pdu.CmdSubmitSM, 2, "more")
	for _, v6 := range []bool{false, true} {
		a, b := "10.0.0.1:40000", "10.0.0.2:3550"
		if v6 {
			a, b = "[fd00::1]:40000", "[fd00::2]:3550"
		}
		want := []string{fmt.Sprintf("%s > %s %x", a, b, p), fmt.Sprintf("%s > %s %x", a, b, q)}
		frame, next := segment{data: p}.packet(t, v6, false), segment{at: len(p), data: q}.packet(t, v6, false)
		all := fragmentsOf(t, frame, v6, 104, 7)
		if len(all) != 3 {
			t.Fatalf("%d fragments", len(all))
		}
		for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			got, sum, err := read(t, record(t, false, all[order[0]], all[order[1]], all[order[2]], next))
			if err != nil || !slices.Equal(got, want) || sum != (Summary{Packets: 4, Connections: 1, SMPP: 1, PDUs: 2}) {
				t.Errorf("IPv6 %v, %v: %q %+v %v", v6, order, got, sum, err)
			}
		}
		got, sum, err := read(t, record(t, false, all[0], all[2], next))
		if err != nil || !slices.Equal(got, want[1:]) || sum != (Summary{Packets: 3, Connections: 1, SMPP: 1, PDUs: 1, Fragments: 2}) {
			t.Errorf("IPv6 %v, one is missing: %q %+v %v", v6, got, sum, err)
		}
		got, sum, err = read(t, record(t, false, fragmentsOf(t, next, v6, 1000, 8)...)) // a fragment that is all
		if err != nil || len(got) != 1 || sum != (Summary{Packets: 1, Connections: 1, SMPP: 1, PDUs: 1}) {
			t.Errorf("IPv6 %v, one fragment: %q %+v %v", v6, got, sum, err)
		}
	}
}

// What is no fragment, since it is too short to be followed by another, is unreadable, and counted as nothing else.
func TestBrokenFragment(t *testing.T) {
	whole := octets(t, pdu.CmdEnquireLink, 1, "")
	f := fragmentsOf(t, segment{data: whole}.packet(t, false, false), false, 8, 7)[0]
	f = f[:len(f)-4]
	f[ethernetLen+3] -= 4 // the length of the packet
	got, sum, err := read(t, record(t, false, f, segment{data: whole}.packet(t, false, false)))
	if err != nil || len(got) != 1 || sum != (Summary{Packets: 2, Connections: 1, SMPP: 1, PDUs: 1, Unreadable: 1}) {
		t.Errorf("%q %+v %v", got, sum, err)
	}
}

// Of a capture that misses many fragments a bounded number waits for them. All are counted.
func TestManyLostFragments(t *testing.T) {
	frame := segment{data: octets(t, pdu.CmdSubmitSM, 1, strings.Repeat("long ", 40))}.packet(t, true, false)
	var d defragmenter
	const packets = 2*mostHeld + 100
	for id := range uint32(packets) {
		p := gopacket.NewPacket(fragmentsOf(t, frame, true, 104, id)[1], layers.LinkTypeEthernet, gopacket.Default)
		if d.addV6(p.Layer(layers.LayerTypeIPv6).(*layers.IPv6), p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)) != nil {
			t.Fatal("it is whole")
		}
	}
	if len(d.held) > mostHeld || d.missing() != packets {
		t.Errorf("%d wait, %d are missing, want %d", len(d.held), d.missing(), packets)
	}
}

// Virtual networks may have the same addresses: their connections are not mixed up. A packet that was recorded both inside and outside of its
// tunnel is of one connection.
func TestVirtualNetworks(t *testing.T) {
	one, two := octets(t, pdu.CmdSubmitSM, 1, "one"), octets(t, pdu.CmdSubmitSM, 2, "two, which is longer")
	tunnel := map[string]func(number uint32) []gopacket.SerializableLayer{
		"VXLAN": func(n uint32) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{&layers.IPv4{Protocol: layers.IPProtocolUDP}, &layers.UDP{SrcPort: 5000, DstPort: 4789}, &layers.VXLAN{ValidIDFlag: true, VNI: n}}
		},
		"Geneve": func(n uint32) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{&layers.IPv4{Protocol: layers.IPProtocolUDP}, &layers.UDP{SrcPort: 5000, DstPort: 6081},
				&layers.Geneve{Protocol: layers.EthernetTypeTransparentEthernetBridging, VNI: n}}
		},
	}
	type packet struct {
		network uint32 // 0: outside of a tunnel
		segment segment
	}
	line := func(p []byte) string { return fmt.Sprintf("10.0.0.1:40000 > 10.0.0.2:3550 %x", p) }
	for _, tt := range []struct {
		name        string
		packets     []packet
		want        []string
		connections int
	}{
		{"two networks", []packet{{7, segment{data: one}}, {9, segment{data: two}}, {7, segment{at: len(one), data: two}}, {9, segment{at: len(two), data: one}}},
			[]string{line(one), line(two), line(two), line(one)}, 2},
		{"one network, and outside", []packet{{7, segment{data: one}}, {0, segment{data: one}}, {0, segment{at: len(one), data: two}}, {7, segment{at: len(one), data: two}}},
			[]string{line(one), line(two)}, 1},
		{"outside first", []packet{{0, segment{data: one}}, {7, segment{data: one}}, {7, segment{at: len(one), data: two}}}, []string{line(one), line(two)}, 1},
		{"outside, and two networks", []packet{{0, segment{data: one}}, {7, segment{data: one}}, {9, segment{data: two}}, {0, segment{at: len(one), data: two}}},
			[]string{line(one), line(two), line(two)}, 2},
	} {
		for kind, header := range tunnel {
			var all [][]byte
			for _, p := range tt.packets {
				frame := p.segment.packet(t, false, false)
				if p.network != 0 {
					frame = through(t, header(p.network), true, frame)
				}
				all = append(all, frame)
			}
			got, sum, err := read(t, record(t, false, all...))
			if err != nil || !slices.Equal(got, tt.want) || sum.Connections != tt.connections || sum.Passed+sum.Missing != 0 {
				t.Errorf("%s of %s: %+v %v\ngot  %q\nwant %q", tt.name, kind, sum, err, got, tt.want)
			}
		}
	}
}

// What comes of IPv6 is told apart from IPv4 in the fragments too.
func TestFragmentsOfBoth(t *testing.T) {
	p := octets(t, pdu.CmdSubmitSM, 1, strings.Repeat("long ", 40))
	four, six := fragmentsOf(t, segment{data: p}.packet(t, false, false), false, 104, 7), fragmentsOf(t, segment{data: p}.packet(t, true, false), true, 104, 7)
	got, sum, err := read(t, record(t, false, four[0], six[2], four[2], six[0], six[1], four[1]))
	want := []string{fmt.Sprintf("[fd00::1]:40000 > [fd00::2]:3550 %x", p), fmt.Sprintf("10.0.0.1:40000 > 10.0.0.2:3550 %x", p)}
	if err != nil || !slices.Equal(got, want) || sum.Fragments != 0 {
		t.Errorf("%q %+v %v", got, sum, err)
	}
}
