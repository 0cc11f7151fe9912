package host

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// meter counts the callbacks of a group of binds and how long they took. Where no canary is watched there is
// none, and a callback costs nothing more.
type meter struct {
	events atomic.Uint64
	times  [64 * perOctave]atomic.Uint64 // by slot
}

// perOctave is how many slots there are between a duration and its double: a quarter of it is how exact the
// meter is.
const perOctave = 4

func slot(d time.Duration) int {
	n := uint64(max(d, perOctave))
	e := bits.Len64(n) - 1
	return e*perOctave + int(n>>(e-2))&(perOctave-1)
}

// slotEnd is the duration at which the slot ends.
func slotEnd(i int) time.Duration {
	e, part := i/perOctave, i%perOctave
	return time.Duration(1)<<e + time.Duration(part+1)<<(e-2)
}

func (m *meter) add(began time.Time) {
	if m != nil {
		m.events.Add(1)
		m.times[slot(time.Since(began))].Add(1)
	}
}

// below returns the duration that so much of the callbacks stayed below; 0 when there were none.
func (m *meter) below(share float64) time.Duration {
	total := uint64(0)
	for i := range m.times {
		total += m.times[i].Load()
	}
	left := uint64(share * float64(total))
	for i := range m.times {
		n := m.times[i].Load()
		if n > left {
			return slotEnd(i)
		}
		left -= n
	}
	return 0
}

// metered measures the callbacks of a session for the meter that its bind has at the moment.
type metered struct {
	esme.Handler
	meter *atomic.Pointer[meter]
}

func (h metered) begin() (*meter, time.Time) {
	if m := h.meter.Load(); m != nil {
		return m, time.Now()
	}
	return nil, time.Time{}
}

// HandlePDU is measured, as are those below.
func (h metered) HandlePDU(in *esme.Inbound) error {
	m, began := h.begin()
	err := h.Handler.HandlePDU(in)
	m.add(began)
	return err
}

// HandleResp is measured.
func (h metered) HandleResp(resp, original *pdu.PDU) {
	m, began := h.begin()
	h.Handler.HandleResp(resp, original)
	m.add(began)
}

// HandleRespTimeout is measured.
func (h metered) HandleRespTimeout(original *pdu.PDU) {
	m, began := h.begin()
	h.Handler.HandleRespTimeout(original)
	m.add(began)
}

// HandleSendPDUResult is measured.
func (h metered) HandleSendPDUResult(p *pdu.PDU, err error) {
	m, began := h.begin()
	h.Handler.HandleSendPDUResult(p, err)
	m.add(began)
}

// HandleCall is measured.
func (h metered) HandleCall(request any, from *esme.From) {
	m, began := h.begin()
	h.Handler.HandleCall(request, from)
	m.add(began)
}

// HandleCast is measured.
func (h metered) HandleCast(request any) {
	m, began := h.begin()
	h.Handler.HandleCast(request)
	m.add(began)
}

// HandleInfo is measured.
func (h metered) HandleInfo(message any) {
	m, began := h.begin()
	h.Handler.HandleInfo(message)
	m.add(began)
}
