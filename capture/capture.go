// Package capture finds the PDUs in what tcpdump or Wireshark recorded: pcap and pcapng, of Ethernet, the loopback, Linux' "any",
// PPP, Wi-Fi and bare IP, IPv4 and IPv6, any ports.
//
//	packets ──► TCP put together, each direction by itself ──► where PDUs start ──► PDUs, in the order they came
//
// A capture is what somebody happened to record. It may start in the middle of a session, miss packets, have
// some twice or in another order, and hold traffic that is no SMPP: what cannot be used is counted in the
// [Summary], never passed over in silence.
package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// PDU is one that was found, with its direction as address:port.
type PDU struct {
	Time     time.Time // of the packet that completed it: of those that have its octets, the last to come
	From, To string
	Octets   []byte // borrowed until the function that gets it returns
}

// Summary counts what a capture holds, besides the PDUs.
type Summary struct {
	Packets     int   // all
	Connections int   // of TCP
	SMPP        int   // of those, with at least one PDU
	PDUs        int   // handed over
	NotTCP      int   // packets of other protocols
	Unreadable  int   // packets that are cut off or make no sense; what there is of them is used
	Fragments   int   // packets that are fragments of others, of which the rest was not recorded
	OtherLink   int   // packets of a kind of link that is not known here
	Link        int   // which one that is, by its LINKTYPE number; the first one if there are several
	Missing     int64 // octets of SMPP connections that were not recorded
	Passed      int64 // octets of SMPP connections that are no whole PDU
}

// Recognises reports whether a file that starts like this is a capture. Four octets are enough.
func Recognises(start []byte) bool {
	if len(start) < 4 {
		return false
	}
	switch string(start[:4]) {
	case "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a":
		return true
	}
	return false
}

// ErrFormat is the error of what is no capture.
var ErrFormat = errors.New("this is neither pcap nor pcapng")

// source is what reads packets: of both formats.
type source interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

func open(r io.Reader) (source, func(gopacket.CaptureInfo) layers.LinkType, error) {
	in := bufio.NewReader(r)
	start, err := in.Peek(4)
	if err != nil || !Recognises(start) {
		return nil, nil, ErrFormat
	}
	if start[0] == 0x0A {
		// Captures of several interfaces may mix links: each packet says which is its own.
		ng, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, nil, fmt.Errorf("pcapng: %w", err)
		}
		return ng, func(ci gopacket.CaptureInfo) layers.LinkType { return ci.AncillaryData[0].(layers.LinkType) }, nil
	}
	p, err := pcapgo.NewReader(in)
	if err != nil {
		return nil, nil, fmt.Errorf("pcap: %w", err)
	}
	return p, func(gopacket.CaptureInfo) layers.LinkType { return p.LinkType() }, nil
}

// Read hands over the PDUs of a capture until there are no more, or found returns an error, which it returns. It tells fault what
// stands in the place of PDUs. A capture that is cut off is read as far as it goes, and the error says so.
func Read(r io.Reader, found func(PDU) error, fault func(Fault)) (Summary, error) {
	src, link, err := open(r)
	if err != nil {
		return Summary{}, err
	}
	d := &dissector{found: found, fault: fault, current: map[netEndpoints]*connection{}, networks: map[endpoints]network{}}
	pool := reassembly.NewStreamPool(d)
	assembler := reassembly.NewAssembler(pool)
	// What waits for a packet that never comes is bounded: about 1 MiB a connection, 256 MiB in all, and in time.
	assembler.MaxBufferedPagesPerConnection = 512
	assembler.MaxBufferedPagesTotal = 128 << 10
	for d.err == nil {
		octets, ci, err := src.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			assembler.FlushAll()
			return d.total(), fmt.Errorf("after %d packets: %w", d.sum.Packets, err)
		}
		d.sum.Packets++
		decoder, ok := decoderOf(link(ci))
		if !ok {
			if d.sum.OtherLink == 0 {
				d.sum.Link = int(link(ci))
			}
			d.sum.OtherLink++
			continue
		}
		d.packet(assembler, gopacket.NewPacket(octets, decoder, gopacket.DecodeOptions{NoCopy: true}), ci)
	}
	if d.err == nil {
		assembler.FlushAll()
	}
	sum := d.total() // which may find more
	return sum, d.err
}

// dissector makes connections of packets and collects what they find.
type dissector struct {
	found       func(PDU) error
	fault       func(Fault)
	err         error // of found
	sum         Summary
	connections []*connection
	current     map[netEndpoints]*connection // the last one between two endpoints
	networks    map[endpoints]network        // the first one in which two endpoints were
	fragments   defragmenter
	assembled   *connection // whose segment the reassembly has now
	waiting     waiting
}

// moment is a packet's place in time, as the reassembly wants to know it. Its interface index is the number of the packet.
type moment gopacket.CaptureInfo

// GetCaptureInfo returns it.
func (m moment) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(m) }

// packet takes the segment in a packet. In a tunnel (GRE, IP in IP, VXLAN) there are several IP headers: the connection is that of the one next to
// TCP.
func (d *dissector) packet(a *reassembly.Assembler, p gopacket.Packet, ci gopacket.CaptureInfo) {
	var hosts gopacket.Flow
	var in network
	var v6 *layers.IPv6
	var tcp *layers.TCP
	for todo := p.Layers(); len(todo) > 0 && tcp == nil; todo = todo[1:] {
		var err error
		whole := p
		switch l := todo[0].(type) {
		case *layers.IPv4:
			hosts = l.NetworkFlow()
			if l.Flags&layers.IPv4MoreFragments != 0 || l.FragOffset != 0 {
				whole, err = d.fragments.addV4(l, ci.Timestamp)
			}
		case *layers.IPv6:
			v6, hosts = l, l.NetworkFlow()
		case *layers.IPv6Fragment:
			whole = d.fragments.addV6(v6, l)
		case *layers.VXLAN:
			in = network{layers.LayerTypeVXLAN, l.VNI}
		case *layers.Geneve:
			in = network{layers.LayerTypeGeneve, l.VNI}
		case *layers.TCP:
			tcp = l
		}
		switch {
		case err != nil:
			d.sum.Unreadable++
			return
		case whole == nil:
			return // the rest is still to come
		case whole != p:
			p = whole
			todo = append([]gopacket.Layer{nil}, p.Layers()...) // go on with these
		}
	}
	switch {
	case tcp != nil && hosts != gopacket.Flow{}:
		if p.Metadata().Truncated {
			d.sum.Unreadable++
		}
		d.segment(a, in, hosts, tcp, ci)
	case p.TransportLayer() == nil && p.ErrorLayer() != nil:
		d.sum.Unreadable++
	default:
		d.sum.NotTCP++
	}
}

// segment gives a segment to the connection that it is of. The reassembly knows connections by their numbers, not by
// their endpoints, which may have had others before.
func (d *dissector) segment(a *reassembly.Assembler, in network, hosts gopacket.Flow, tcp *layers.TCP, ci gopacket.CaptureInfo) {
	ends, back := endpointsOf(hosts, tcp.TransportFlow())
	between := netEndpoints{d.networkOf(ends, in), ends}
	c := d.current[between]
	if c == nil || c.isOver(back, tcp) {
		c = newConnection(d, ends, len(d.connections))
		d.current[between] = c
		d.connections = append(d.connections, c)
	}
	c.ways[way01(back)].note(tcp)
	d.waiting.flush(a, ci.Timestamp)
	if c.complete {
		return // it comes again
	}
	d.assembled = c
	a.AssembleWithContext(c.flow(back), tcp, moment{Timestamp: ci.Timestamp, InterfaceIndex: d.sum.Packets})
}

// waiting is what waits for packets that may never come: after patience it goes on without them.
type waiting struct {
	last    time.Time // when a segment came ahead of others
	flushed time.Time // up to when none waits
}

// patience is how long a segment may be late: a sender that has no answer sends again after less, again and again.
const patience = 10 * time.Second

func (w *waiting) flush(a *reassembly.Assembler, now time.Time) {
	const tick = time.Second // each look goes over all connections
	if until := now.Add(-patience); w.last.After(w.flushed) && until.Sub(w.flushed) >= tick {
		a.FlushWithOptions(reassembly.FlushOptions{T: until})
		w.flushed = until
	}
}

// total adds up what the connections counted, and tells the faults that are known only when all of a connection is.
func (d *dissector) total() Summary {
	s := d.sum
	s.Fragments = d.fragments.missing()
	s.Connections = len(d.connections)
	for _, c := range d.connections {
		isSMPP := c.ways[0].pdus+c.ways[1].pdus > 0
		for i := range c.ways {
			if isSMPP && d.err == nil {
				d.err = c.ways[i].undefined(d.found)
			}
		}
		if d.err == nil {
			c.beginnings(isSMPP)
		}
		if !isSMPP {
			continue
		}
		s.SMPP++
		for i := range c.ways {
			w := &c.ways[i]
			s.PDUs += w.pdus
			s.Missing += w.missing
			s.Passed += w.passed + int64(len(w.buf))
		}
	}
	return s
}

// New is called by the reassembly for the first segment of a connection.
func (d *dissector) New(ends, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	d.assembled.turned = ends == d.assembled.flow(true)
	return d.assembled
}
