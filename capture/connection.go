package capture

import (
	"encoding/binary"
	"net"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"
)

// endpoints are both ends of a connection, the lesser first.
type endpoints [2]struct{ host, port gopacket.Endpoint }

// endpointsOf returns the ends of a flow; back says that it goes from the second to the first.
func endpointsOf(hosts, ports gopacket.Flow) (e endpoints, back bool) {
	e[0].host, e[1].host = hosts.Endpoints()
	e[0].port, e[1].port = ports.Endpoints()
	if e[1].host.LessThan(e[0].host) || e[1].host == e[0].host && e[1].port.LessThan(e[0].port) {
		e[0], e[1], back = e[1], e[0], true
	}
	return e, back
}

// network is one of several that share the links of a capture, and may use the same addresses: a virtual one, by the number that
// its tunnel's headers carry. The zero value is the network of packets without such a tunnel.
type network struct {
	tunnel gopacket.LayerType
	number uint32
}

// netEndpoints are endpoints in a network.
type netEndpoints struct {
	in network
	endpoints
}

// networkOf is the network to keep a packet's connection under, whose endpoints are ends. The first one in which they are seen counts
// as the one without a tunnel: many captures have each packet twice, inside of the tunnel and outside.
func (d *dissector) networkOf(ends endpoints, in network) network {
	first, known := d.networks[ends]
	if !known || first == (network{}) {
		d.networks[ends] = in
		return network{}
	}
	if in == first {
		return network{}
	}
	return in
}

// connection is one TCP connection: two ways, each a stream of PDUs.
type connection struct {
	d        *dissector
	number   int
	ways     [2]way
	turned   bool // the first segment went from the second end to the first
	complete bool // for the reassembly
}

func newConnection(d *dissector, ends endpoints, number int) *connection {
	join := func(i int) string { return net.JoinHostPort(ends[i].host.String(), ends[i].port.String()) }
	c := &connection{d: d, number: number}
	c.ways[0], c.ways[1] = way{from: join(0), to: join(1)}, way{from: join(1), to: join(0)}
	return c
}

func way01(back bool) int {
	if back {
		return 1
	}
	return 0
}

// flow names one way of the connection for the reassembly.
func (c *connection) flow(back bool) gopacket.Flow {
	var ends [2][9]byte
	for i := range ends {
		binary.BigEndian.PutUint64(ends[i][:], uint64(c.number))
		ends[i][8] = byte(i)
	}
	from := way01(back)
	return gopacket.NewFlow(gopacket.EndpointInvalid, ends[from][:], ends[1-from][:])
}

// sequence is what is known of the sequence numbers of a way, to tell when another connection has the same endpoints.
type sequence struct {
	seen  bool
	syn   bool
	first uint32 // of the stream's first octet; without a SYN the lowest that was seen
	next  uint32 // behind the last octet
	ended bool   // by FIN or RST
	reset bool
}

// near is how far a segment may be from where it is expected: windows are hardly ever larger.
const near = 1 << 20

// note takes a segment's numbers.
func (s *sequence) note(tcp *layers.TCP) {
	end := tcp.Seq + uint32(len(tcp.Payload))
	if tcp.SYN {
		s.first, s.syn, end = tcp.Seq+1, true, end+1
	} else if !s.seen || !s.syn && int32(tcp.Seq-s.first) < 0 {
		s.first = tcp.Seq
	}
	if tcp.RST && (!s.seen || tcp.Seq == s.next) { // others are ignored (RFC 5961)
		s.reset, s.ended = true, true
	}
	if tcp.FIN {
		s.ended, end = true, end+1
	}
	if !s.seen || int32(end-s.next) > 0 {
		s.next = end
	}
	s.seen = true
}

// isOver reports whether a segment is of a new connection between the same endpoints.
func (c *connection) isOver(back bool, tcp *layers.TCP) bool {
	s, other := &c.ways[way01(back)].sequence, &c.ways[1-way01(back)].sequence
	over := s.reset || other.reset || s.ended && other.ended
	if tcp.SYN {
		if !s.seen {
			return over
		}
		ahead := int32(s.first - (tcp.Seq + 1))
		return ahead != 0 && (s.syn || ahead < 0 || ahead > near) // without its SYN it is known from the middle on
	}
	if len(tcp.Payload) == 0 || !over && !s.ended {
		return false
	}
	ahead := int32(tcp.Seq - s.next)
	return !s.seen || ahead < -near || ahead > near || s.ended && ahead >= 0
}

// Accept takes every segment. A capture may start in the middle of a connection: then what comes first is the start.
func (c *connection) Accept(tcp *layers.TCP, ci gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, next reassembly.Sequence,
	start *bool, _ reassembly.AssemblerContext) bool {
	const unknown = -1
	switch {
	case next == unknown:
		*start = true
	case next.Difference(reassembly.Sequence(tcp.Seq)) > 0:
		c.d.waiting.last = ci.Timestamp
	}
	return true
}

// ReassembledSG gets the octets of one direction, in order. Its name says who sent the first segment.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, start, _, skip := sg.Info()
	w := &c.ways[way01((dir == reassembly.TCPDirServerToClient) != c.turned)]
	if start {
		w.atStart = true
	}
	if skip > 0 { // they were not recorded
		w.lose(skip)
	}
	w.take(sg)
	if c.d.err == nil {
		c.d.err = w.cut(c.d.found, c.d.fault)
	}
}

// ReassemblyComplete lets the connection go.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool {
	c.complete = true
	return true
}
