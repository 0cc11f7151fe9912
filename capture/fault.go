package capture

import (
	"errors"
	"strings"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Fault is a place where a PDU would start, and cannot: what stands there is no command_length. Behind it the next PDU is
// searched for.
type Fault struct {
	Time     time.Time // of the packet that completed those 4 octets
	From, To string
	SMPP     bool // false for the beginning of a connection without any PDU, which is of another protocol
	Err      *pdu.FrameError
}

// faultIn returns the fault at a place of the buffer, whose octets came at these times; nil if there is none.
func (w *way) faultIn(place int, stamps []stamp) *Fault {
	_, err := pdu.FrameLength(w.buf[place:], maxPDU)
	var e *pdu.FrameError
	if !errors.As(err, &e) {
		return nil
	}
	return &Fault{Time: latest(&stamps, place+4), From: w.from, To: w.to, SMPP: true, Err: e}
}

// beginnings tells the faults at the beginnings of a connection, which count only now that all of it is known: of SMPP each,
// where the beginning was recorded; of other protocols one, which says best what it is.
func (c *connection) beginnings(isSMPP bool) {
	var other *Fault
	for i := range c.ways {
		w := &c.ways[i]
		f := w.start
		if w.atStart { // and it has ended before there was a header
			f = w.faultIn(0, w.stamps)
		}
		switch {
		case f == nil:
		case !isSMPP:
			if other == nil || other.Err.Looks == "" {
				other = f
			}
		case w.syn && !strings.HasPrefix(f.Err.Looks, "the PROXY protocol"): // a load balancer's, before SMPP
			c.d.fault(*f)
		}
	}
	if other != nil {
		other.SMPP = false
		c.d.fault(*other)
	}
}
