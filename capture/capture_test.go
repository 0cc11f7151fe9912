package capture

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/pdu/pdutest"
)

// segment is a piece of one direction of a connection.
type segment struct {
	back bool   // from the SMSC
	at   int    // in the direction's stream
	data []byte // nil with syn
	syn  bool
	rst  bool
	fin  bool
	isn  uint32 // of another connection between the same ports

	local bool // both ends are one host's
}

// packet makes the frame of a segment. v6 is IPv6, vlan with a tag.
func (s segment) packet(t testing.TB, v6, vlan bool) []byte {
	t.Helper()
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 3550, Seq: s.isn + uint32(0xFFFFFF00+s.at), ACK: !s.syn, SYN: s.syn, RST: s.rst, FIN: s.fin, Window: 1000}
	if s.syn {
		tcp.Seq--
	}
	if s.back {
		tcp.SrcPort, tcp.DstPort = tcp.DstPort, tcp.SrcPort
	}
	eth := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
	all := []gopacket.SerializableLayer{eth}
	next := layers.EthernetTypeIPv4
	if v6 {
		next = layers.EthernetTypeIPv6
	}
	eth.EthernetType = next
	if vlan {
		eth.EthernetType = layers.EthernetTypeDot1Q
		all = append(all, &layers.Dot1Q{VLANIdentifier: 7, Type: next})
	}
	if v6 {
		a, b := net.ParseIP("fd00::1"), net.ParseIP("fd00::2")
		if s.back {
			a, b = b, a
		}
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: a, DstIP: b}
		tcp.SetNetworkLayerForChecksum(ip)
		all = append(all, ip)
	} else {
		a, b := net.IPv4(10, 0, 0, 1).To4(), net.IPv4(10, 0, 0, 2).To4()
		if s.local {
			b = a
		}
		if s.back {
			a, b = b, a
		}
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: a, DstIP: b}
		tcp.SetNetworkLayerForChecksum(ip)
		all = append(all, ip)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(all, tcp, gopacket.Payload(s.data))...)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

// record writes packets as a capture, one a second.
func record(t testing.TB, ng bool, packets ...[]byte) []byte {
	t.Helper()
	return recordEach(t, ng, time.Second, packets...)
}

// begin is when the captures do.
var begin = time.Unix(1_700_000_000, 0)

func recordEach(t testing.TB, ng bool, each time.Duration, packets ...[]byte) []byte {
	t.Helper()
	return recordLink(t, ng, layers.LinkTypeEthernet, each, packets...)
}

func recordLink(t testing.TB, ng bool, link layers.LinkType, each time.Duration, packets ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var write func(ci gopacket.CaptureInfo, data []byte) error
	var end func() error
	if ng {
		w, err := pcapgo.NewNgWriter(&out, link)
		if err != nil {
			t.Fatal(err)
		}
		write, end = w.WritePacket, w.Flush
	} else {
		w := pcapgo.NewWriter(&out)
		if err := w.WriteFileHeader(1<<16, link); err != nil {
			t.Fatal(err)
		}
		write, end = w.WritePacket, func() error { return nil }
	}
	for i, p := range packets {
		if err := write(gopacket.CaptureInfo{Timestamp: begin.Add(time.Duration(i) * each), CaptureLength: len(p), Length: len(p)}, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read lists what is found as "FROM > TO HEX".
func read(t testing.TB, capture []byte) ([]string, Summary, error) {
	t.Helper()
	var found []string
	s, err := Read(bytes.NewReader(capture), func(p PDU) error {
		found = append(found, fmt.Sprintf("%s > %s %x", p.From, p.To, p.Octets))
		return nil
	}, func(Fault) {})
	return found, s, err
}

// session is both directions of a made-up session, and the list that read is to give of each direction.
func session(seed uint64) (there, back []byte, want []string) {
	r := rand.New(rand.NewPCG(seed, 0))
	all := pdu.Commands()
	for range 40 {
		p := pdutest.Random(r, all[r.IntN(len(all))])
		octets := p.AppendTo(nil)
		if p.IsResponse() {
			back = append(back, octets...)
			want = append(want, fmt.Sprintf("10.0.0.2:3550 > 10.0.0.1:40000 %x", octets))
		} else {
			there = append(there, octets...)
			want = append(want, fmt.Sprintf("10.0.0.1:40000 > 10.0.0.2:3550 %x", octets))
		}
	}
	return there, back, want
}

// pieces cuts a direction's stream at random.
func pieces(r *rand.Rand, back bool, stream []byte) []segment {
	var all []segment
	for at := 0; at < len(stream); {
		n := min(1+r.IntN(90), len(stream)-at)
		all = append(all, segment{back: back, at: at, data: stream[at : at+n]})
		at += n
	}
	return all
}

// However a session is cut into segments, repeated and mixed up, its PDUs come out, each once and in order.
func TestAnySegmentation(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		there, back, want := session(seed)
		segments := append(pieces(r, false, there), pieces(r, true, back)...)
		for range r.IntN(20) { // sent again
			segments = append(segments, segments[r.IntN(len(segments))])
		}
		r.Shuffle(len(segments), func(i, j int) { segments[i], segments[j] = segments[j], segments[i] })
		packets := [][]byte{segment{syn: true}.packet(t, false, false), segment{syn: true, back: true}.packet(t, false, false)}
		for _, s := range segments {
			packets = append(packets, s.packet(t, false, false))
		}
		got, sum, err := read(t, recordEach(t, seed%2 == 0, time.Millisecond, packets...))
		if err != nil {
			t.Fatal(err)
		}
		for _, back := range []string{"10.0.0.1:40000 >", "10.0.0.2:3550 >"} { // the order of the two directions is nobody's
			of := func(all []string) []string {
				return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, back) })
			}
			if d := cmp.Diff(of(want), of(got)); d != "" {
				t.Fatalf("seed %d %s\n%s", seed, back, d)
			}
		}
		if sum.SMPP != 1 || sum.PDUs != len(want) || sum.Passed != 0 || sum.Missing != 0 {
			t.Fatalf("seed %d: %+v", seed, sum)
		}
	}
}

func octets(t testing.TB, id pdu.CommandID, sequence uint32, message string) []byte {
	t.Helper()
	cmd, _ := pdu.CommandByID(id)
	b := pdu.NewBuilder(cmd)
	b.SetSequence(sequence)
	if cmd.Has(pdu.FieldShortMessage) {
		b.SetString(pdu.FieldShortMessage, message)
	}
	return b.Build().AppendTo(nil)
}

func TestWhatCapturesAreLike(t *testing.T) {
	one, two, three := octets(t, pdu.CmdSubmitSM, 1, "one"), octets(t, pdu.CmdSubmitSM, 2, "two"), octets(t, pdu.CmdSubmitSM, 3, "three")
	stream := slices.Concat(one, two, three)
	first, second := len(one), len(one)+len(two)
	syn := segment{syn: true}
	at := func(from, to int) segment { return segment{at: from, data: stream[from:to]} }
	text := []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n" + strings.Repeat("x", 3000))
	for _, tt := range []struct {
		name     string
		segments []segment
		v6, vlan bool
		want     [][]byte
		sum      Summary
	}{
		{name: "IPv6", segments: []segment{syn, at(0, second)}, v6: true, want: [][]byte{one, two}, sum: Summary{SMPP: 1}},
		{name: "a VLAN", segments: []segment{syn, at(0, second)}, vlan: true, want: [][]byte{one, two}, sum: Summary{SMPP: 1}},
		{name: "it starts in the middle of a session", segments: []segment{at(first, second), at(second, len(stream))}, want: [][]byte{two, three}, sum: Summary{SMPP: 1}},
		{name: "it starts in the middle of a PDU", segments: []segment{at(first-5, second), at(second, len(stream))}, want: [][]byte{two, three}, sum: Summary{SMPP: 1, Passed: 5}},
		{name: "it starts in the middle of a header", segments: []segment{at(8, first), at(first, second)}, want: [][]byte{two}, sum: Summary{SMPP: 1, Passed: int64(first - 8)}},
		{name: "a packet is missing", segments: []segment{syn, at(0, first), at(second, len(stream))}, want: [][]byte{one, three}, sum: Summary{SMPP: 1, Missing: int64(len(two))}},
		{name: "half a PDU is missing", segments: []segment{syn, at(0, first+10), at(second-10, len(stream))}, want: [][]byte{one, three},
			sum: Summary{SMPP: 1, Passed: 20, Missing: int64(len(two) - 20)}},
		{name: "it ends in the middle of a PDU", segments: []segment{syn, at(0, second-3)}, want: [][]byte{one}, sum: Summary{SMPP: 1, Passed: int64(len(two) - 3)}},
		{name: "no SMPP", segments: []segment{syn, {data: text}}, sum: Summary{}},
		{name: "what is unknown amid what is known", segments: []segment{syn, {data: slices.Concat(one, []byte{0, 0, 0, 16, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 1}, two)}},
			want: [][]byte{one, {0, 0, 0, 16, 0, 0, 9, 9, 0, 0, 0, 0, 0, 0, 0, 1}, two}, sum: Summary{SMPP: 1}},
		{name: "garbage amid what is known", segments: []segment{syn, {data: slices.Concat(one, text, two)}}, want: [][]byte{one, two}, sum: Summary{SMPP: 1, Passed: int64(len(text))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var packets [][]byte
			for _, s := range tt.segments {
				packets = append(packets, s.packet(t, tt.v6, tt.vlan))
			}
			var got [][]byte
			sum, err := Read(bytes.NewReader(record(t, false, packets...)), func(p PDU) error {
				got = append(got, bytes.Clone(p.Octets))
				return nil
			}, func(Fault) {})
			if err != nil {
				t.Fatal(err)
			}
			tt.sum.Packets, tt.sum.Connections, tt.sum.PDUs = len(packets), 1, len(tt.want)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.sum, sum); d != "" {
				t.Error(d)
			}
		})
	}
}

// Each kind of link that people record SMPP on, in both formats, and IPv6 where it can carry that.
func TestLinks(t *testing.T) {
	p := octets(t, pdu.CmdSubmitSM, 1, "x")
	const ethernet = 14
	four, six := segment{data: p}.packet(t, false, false)[ethernet:], segment{data: p}.packet(t, true, false)[ethernet:]
	for _, tt := range []struct {
		name   string
		link   layers.LinkType
		header string // before the packet
		packet []byte
	}{
		{"BSD loopback", 0, "\x02\x00\x00\x00", four}, {"BSD loopback, big-endian", 0, "\x00\x00\x00\x02", four},
		{"BSD loopback of FreeBSD", 0, "\x1c\x00\x00\x00", six}, {"BSD loopback of macOS", 0, "\x1e\x00\x00\x00", six},
		{"Ethernet", 1, strings.Repeat("\x00", 12) + "\x08\x00", four}, {"Ethernet", 1, strings.Repeat("\x00", 12) + "\x86\xdd", six},
		{"two VLANs", 1, strings.Repeat("\x00", 12) + "\x88\xa8\x00\x01\x81\x00\x00\x02\x08\x00", four},
		{"PPP", 9, "\x00\x21", four}, {"PPP with its header", 50, "\xff\x03\x00\x21", four}, {"PPP", 9, "\x00\x57", six},
		{"raw", 12, "", four}, {"raw", 12, "", six}, {"raw of OpenBSD", 14, "", four}, {"raw", 101, "", four}, {"raw", 101, "", six},
		{"OpenBSD loopback", 108, "\x00\x00\x00\x02", four}, {"OpenBSD loopback", 108, "\x00\x00\x00\x18", six},
		{"Linux any", 113, "\x00\x00\x00\x01\x00\x06" + strings.Repeat("\x00", 8) + "\x08\x00", four},
		{"Linux any", 113, "\x00\x00\x03\x04\x00\x06" + strings.Repeat("\x00", 8) + "\x86\xdd", six},
		{"raw IPv4", 228, "", four}, {"raw IPv6", 229, "", six},
		{"Linux any, newer", 276, "\x08\x00\x00\x00\x00\x00\x00\x01\x00\x01\x00\x06" + strings.Repeat("\x00", 8), four},
		{"Linux any, newer", 276, "\x86\xdd\x00\x00\x00\x00\x00\x01\x03\x04\x00\x06" + strings.Repeat("\x00", 8), six},
	} {
		for _, ng := range []bool{false, true} {
			got, sum, err := read(t, recordLink(t, ng, tt.link, time.Second, []byte(tt.header+string(tt.packet))))
			if want := fmt.Sprintf("%x", p); err != nil || len(got) != 1 || !strings.HasSuffix(got[0], want) || sum != (Summary{Packets: 1, Connections: 1, SMPP: 1, PDUs: 1}) {
				t.Errorf("%s (%d, pcapng %v): %q %+v %v", tt.name, int(tt.link), ng, got, sum, err)
			}
		}
	}
	for _, link := range []layers.LinkType{147, 195, 300, 65535} {
		for _, ng := range []bool{false, true} {
			got, sum, err := read(t, recordLink(t, ng, link, time.Second, four, four))
			if err != nil || len(got) != 0 || sum != (Summary{Packets: 2, OtherLink: 2, Link: int(link)}) {
				t.Errorf("link %d, pcapng %v: %q %+v %v", int(link), ng, got, sum, err)
			}
		}
	}
}

func TestOtherPackets(t *testing.T) {
	udp := gopacket.NewSerializeBuffer()
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4(10, 0, 0, 1).To4(), DstIP: net.IPv4(10, 0, 0, 2).To4()}
	u := &layers.UDP{SrcPort: 53, DstPort: 53}
	u.SetNetworkLayerForChecksum(ip)
	eth := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
	if err := gopacket.SerializeLayers(udp, gopacket.SerializeOptions{FixLengths: true}, eth, ip, u, gopacket.Payload("x")); err != nil {
		t.Fatal(err)
	}
	whole := segment{data: octets(t, pdu.CmdSubmitSM, 1, "x")}.packet(t, false, false)
	got, sum, err := read(t, record(t, true, udp.Bytes(), whole[:20], whole))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if want := (Summary{Packets: 3, Connections: 1, SMPP: 1, PDUs: 1, NotTCP: 1, Unreadable: 1}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
}

func TestErrors(t *testing.T) {
	whole := record(t, false, segment{data: octets(t, pdu.CmdEnquireLink, 1, "")}.packet(t, false, false), segment{data: nil}.packet(t, false, false))
	for name, tt := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":        {nil, "this is neither pcap nor pcapng"},
		"text":         {[]byte("hello world"), "this is neither pcap nor pcapng"},
		"header short": {whole[:10], "pcap: unexpected EOF"},
		"cut off":      {whole[:len(whole)-4], "after 1 packets: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(t, tt.in); err == nil || err.Error() != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	stop := errors.New("enough")
	if _, err := Read(bytes.NewReader(whole), func(PDU) error { return stop }, func(Fault) {}); !errors.Is(err, stop) {
		t.Error(err)
	}
}

var update = flag.Bool("update", false, "write the samples in testdata anew")

// The samples that the tests of the binary read are what they are said to be.
func TestSamples(t *testing.T) {
	bind, resp := octets(t, pdu.CmdBindTransceiver, 1, ""), octets(t, pdu.CmdBindTransceiverResp, 1, "")
	submit, link := octets(t, pdu.CmdSubmitSM, 2, "hello"), octets(t, pdu.CmdEnquireLink, 3, "")
	out := slices.Concat(bind, submit, link)
	for name, segments := range map[string][]segment{
		"session": {{syn: true}, {syn: true, back: true}, {data: out[:len(bind)]}, {back: true, data: resp},
			{at: len(bind) + 7, data: out[len(bind)+7:]}, {at: len(bind), data: out[len(bind) : len(bind)+7]}},
		"framing": {{syn: true}, {data: slices.Concat(link, []byte("\xff\xff\xff\xff"+strings.Repeat("junk", 10)), link)}},
		"others": {{syn: true, isn: 1 << 28}, {isn: 1 << 28, data: []byte("GET / HTTP/1.1\r\n\r\n")}, {syn: true, isn: 2 << 28}, {isn: 2 << 28, data: []byte("\x16\x03\x01\x00\x50" + strings.Repeat("q", 60))},
			{syn: true, isn: 3 << 28}, {isn: 3 << 28, data: []byte(strings.Repeat("\xff", 40))}},
	} {
		sample, name := record(t, false, packets(t, segments...)...), "testdata/"+name+".pcap"
		if *update {
			if err := os.WriteFile(name, sample, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, sample) {
			t.Fatalf("%s is another one (%v): go test ./capture -run Samples -update", name, err)
		}
	}
}

// What is no capture, or one that somebody made up, never panics.
func FuzzRead(f *testing.F) {
	if b, err := os.ReadFile("testdata/framing.pcap"); err == nil {
		f.Add(b)
	}
	f.Add(record(f, false, segment{data: octets(f, pdu.CmdSubmitSM, 1, "x")}.packet(f, false, false)))
	f.Add(record(f, true, segment{data: octets(f, pdu.CmdSubmitSM, 1, "x")}.packet(f, true, true)))
	f.Fuzz(func(_ *testing.T, b []byte) {
		Read(bytes.NewReader(b), func(PDU) error { return nil }, func(Fault) {})
	})
}
