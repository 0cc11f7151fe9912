package capture

import (
	"encoding/binary"
	"sort"
	"time"

	"github.com/gopacket/gopacket/reassembly"

	"github.com/esmehost/esmehost/pdu"
)

// way is one direction of a connection.
type way struct {
	sequence
	from, to string
	buf      []byte // what is not yet a whole PDU
	stamps   []stamp
	atStart  bool   // buf is the beginning of the stream
	begun    bool   // it is decided whether what was recorded begins with a PDU
	probed   int    // until then, octets of buf that may be PDUs of commands that are not defined
	start    *Fault // where what was recorded begins
	synced   bool   // buf starts where a PDU starts
	pdus     int
	missing  int64
	passed   int64
}

// stamp says when the octets of a way's buffer came, from the stamp before to end.
type stamp struct {
	end int
	at  time.Time
}

// maxPDU is what a PDU may have at most, in octets: more than any SMSC sends, less than chance makes of text.
const maxPDU = 1 << 20

// take appends octets that came.
func (w *way) take(sg reassembly.ScatterGather) {
	n, _ := sg.Lengths()
	base := len(w.buf)
	w.buf = append(w.buf, sg.Fetch(n)...)
	for from := 0; from < n; {
		packet := sg.CaptureInfo(from)
		from += sort.Search(n-from, func(i int) bool { return sg.CaptureInfo(from+i).InterfaceIndex != packet.InterfaceIndex })
		w.stamps = append(w.stamps, stamp{base + from, packet.Timestamp})
	}
}

// lose notes that octets behind the buffer were not recorded.
func (w *way) lose(n int) {
	w.missing += int64(n)
	w.passed += int64(len(w.buf))
	w.buf, w.stamps, w.synced, w.atStart, w.begun = w.buf[:0], w.stamps[:0], false, false, true
}

// cut hands over the whole PDUs in the buffer, and the faults between them.
func (w *way) cut(found func(PDU) error, fault func(Fault)) error {
	used, stamps := 0, w.stamps
	defer func() {
		if used > 0 { // what is left is of one PDU
			w.buf = append(w.buf[:0], w.buf[used:]...)
		}
		w.stamps = w.stamps[:0]
		if n := len(w.buf); n > 0 {
			w.stamps = append(w.stamps, stamp{n, latest(&stamps, used+n)})
		}
	}()
	for {
		rest := w.buf[used:]
		if !w.begun {
			if w.synced, w.begun = w.beginsWithPDU(); !w.begun {
				return nil
			}
			w.atStart = false
		}
		if !w.synced {
			if w.pdus == 0 && w.passed+w.missing == 0 {
				w.start = w.faultIn(used, stamps)
			}
			n, ok := nextStart(rest)
			latest(&stamps, used+n)
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
			fault(*w.faultIn(used, stamps))
			w.synced = false
			continue
		}
		if n == 0 || n > len(rest) {
			return nil
		}
		if err := found(PDU{Time: latest(&stamps, used+n), From: w.from, To: w.to, Octets: rest[:n]}); err != nil {
			return err
		}
		w.pdus++
		used += n
	}
}

// latest is when the last of the octets up to end came; they are taken off the stamps.
func latest(stamps *[]stamp, end int) (at time.Time) {
	for _, s := range *stamps {
		if s.at.After(at) {
			at = s.at
		}
		if s.end <= end {
			*stamps = (*stamps)[1:]
		}
		if s.end >= end {
			break
		}
	}
	return at
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

// beginsWithPDU reports whether the beginning of what was recorded is a PDU's. One of a command that is not defined, of a later version or a peer's
// own, is one if a PDU of another command stands behind it; that may not be decided yet.
func (w *way) beginsWithPDU() (is, decided bool) {
	const most = 1 << 16 // octets that may wait for what is behind them
	for w.probed <= min(most, len(w.buf)-pdu.HeaderLen) {
		b := w.buf[w.probed:]
		if w.atStart && w.probed == 0 && firstHeader(b) || header(b) != 0 {
			return true, true
		}
		n := undefinedHeader(b)
		if n == 0 {
			return false, true
		}
		w.probed += n
	}
	return false, w.probed > most
}

// undefined hands over the PDUs of commands that are not defined which are all that has come, in a connection that is known to be SMPP.
func (w *way) undefined(found func(PDU) error) error {
	stamps, used := w.stamps, 0
	for !w.begun && len(w.buf)-used >= pdu.HeaderLen {
		n := undefinedHeader(w.buf[used:])
		if n == 0 || used+n > len(w.buf) {
			break
		}
		if err := found(PDU{Time: latest(&stamps, used+n), From: w.from, To: w.to, Octets: w.buf[used : used+n]}); err != nil {
			return err
		}
		used += n
		w.pdus++
	}
	if used > 0 {
		w.buf, w.stamps, w.atStart, w.begun = w.buf[used:], nil, false, true
	}
	return nil
}

// firstHeader reports whether the octets at the very beginning of a stream are a PDU's: of any status, and vendors'
// commands too (SMPP 3.4 §5.1.2.1).
func firstHeader(b []byte) bool {
	if _, err := pdu.FrameLength(b, maxPDU); err != nil {
		return false
	}
	const response, vendors = 0x80000000, 0x000102
	id := binary.BigEndian.Uint32(b[4:])
	_, known := pdu.CommandByID(pdu.CommandID(id))
	return known || id&^response>>8 == vendors
}

// header returns the length of the PDU that the header in b is of; 0 for octets that are none. Three
// numbers have to fit, so that octets at random are hardly ever taken for one.
func header(b []byte) int {
	n, id := plausible(b)
	if _, known := pdu.CommandByID(id); !known {
		return 0
	}
	return n
}

// undefinedHeader is header for a command that is not defined, but of a number that one may have (SMPP 3.4 §5.1.2.1).
func undefinedHeader(b []byte) int {
	const response, last, vendors = 0x80000000, 0xFFFF, 0x000102
	n, id := plausible(b)
	if number := id &^ response; number > last && number>>8 != vendors {
		return 0
	}
	return n
}

// plausible returns the length and the command of a header, of which the length and the status can be a PDU's; 0 where they cannot.
func plausible(b []byte) (length int, id pdu.CommandID) {
	n, err := pdu.FrameLength(b, maxPDU)
	if err != nil {
		return 0, 0
	}
	const lastStatus = 0x4FF // of those that the protocol and vendors use (SMPP 5.0 §4.7.6)
	id, status := pdu.CommandID(binary.BigEndian.Uint32(b[4:])), binary.BigEndian.Uint32(b[8:])
	if status > lastStatus || !id.IsResponse() && status != 0 {
		return 0, 0
	}
	return n, id
}
