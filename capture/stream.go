package capture

import (
	"encoding/binary"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/esmehost/esmehost/pdu"
)

// connection is one TCP connection: two ways, each a stream of PDUs.
type connection struct {
	d    *dissector
	ways [2]way
}

// way is one direction of a connection.
type way struct {
	from, to string
	buf      []byte // what is not yet a whole PDU
	synced   bool   // buf starts where a PDU starts
	pdus     int
	missing  int64
	passed   int64
}

// maxPDU is what a PDU may have at most, in octets: more than any SMSC sends, less than chance makes of text.
const maxPDU = 1 << 20

// Accept takes every segment. A capture may start in the middle of a connection: then what comes first is the start.
func (c *connection) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, next reassembly.Sequence,
	start *bool, _ reassembly.AssemblerContext) bool {
	const unknown = -1
	if next == unknown {
		*start = true
	}
	return true
}

// ReassembledSG gets the octets of one direction, in order.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, _, skip := sg.Info()
	w := &c.ways[0]
	if dir == reassembly.TCPDirServerToClient {
		w = &c.ways[1]
	}
	if skip > 0 { // they were not recorded
		w.missing += int64(skip)
		w.passed += int64(len(w.buf))
		w.buf, w.synced = w.buf[:0], false
	}
	n, _ := sg.Lengths()
	w.buf = append(w.buf, sg.Fetch(n)...)
	if c.d.err == nil {
		c.d.err = w.cut(func(octets []byte) error {
			return c.d.found(PDU{Time: c.d.now, From: w.from, To: w.to, Octets: octets})
		})
	}
}

// ReassemblyComplete lets the connection go.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }

// cut hands over the whole PDUs in the buffer.
func (w *way) cut(found func([]byte) error) error {
	used := 0
	defer func() { w.buf = append(w.buf[:0], w.buf[used:]...) }()
	for {
		rest := w.buf[used:]
		if !w.synced {
			n, ok := nextStart(rest)
			used += n
			w.passed += int64(n)
			if !ok {
				return nil
			}
			w.synced = true
			continue
		}
		n, err := pdu.FrameLength(rest, maxPDU)
		if err != nil {
			w.synced = false
			continue
		}
		if n == 0 || n > len(rest) {
			return nil
		}
		if err := found(rest[:n]); err != nil {
			return err
		}
		w.pdus++
		used += n
	}
}

// nextStart returns how many octets of b are before the next place where a PDU can start, and whether there is
// such a place. Where there is none it leaves the last 15, which may be the start of a header: so each octet is
// looked at once, however many there are.
func nextStart(b []byte) (skip int, ok bool) {
	for at := 0; at+pdu.HeaderLen <= len(b); at++ {
		if header(b[at:]) != 0 {
			return at, true
		}
	}
	return max(0, len(b)-pdu.HeaderLen+1), false
}

// header returns the length of the PDU that the header in b is of; 0 for octets that are none. Three
// numbers have to fit, so that octets at random are hardly ever taken for one.
func header(b []byte) int {
	n, err := pdu.FrameLength(b, maxPDU)
	if err != nil {
		return 0
	}
	id, status := pdu.CommandID(binary.BigEndian.Uint32(b[4:])), binary.BigEndian.Uint32(b[8:])
	const lastStatus = 0x4FF // of those that the protocol and vendors use (SMPP 5.0 §4.7.6)
	if _, known := pdu.CommandByID(id); !known || status > lastStatus || !id.IsResponse() && status != 0 {
		return 0
	}
	return n
}
