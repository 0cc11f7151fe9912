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
	ended  atomic.Uint64                 // sessions that nobody stopped
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

// handler is what the host does about a session besides the script: it measures the callbacks for the meter that
// the bind has at the moment, and takes over what the configuration changes.
type handler struct {
	esme.Handler
	bind *Bind
}

func (h handler) begin() (*meter, time.Time) {
	if m := h.bind.meter.Load(); m != nil {
		return m, time.Now()
	}
	return nil, time.Time{}
}

// Init looks whether the configuration has changed since the session was made: from here on who changes it finds it.
func (h handler) Init(s *esme.Session) error {
	s.Tune(h.bind.live.Load().esme)
	return h.Handler.Init(s)
}

// HandlePDU is measured, as are those below.
func (h handler) HandlePDU(in *esme.Inbound) error {
	m, began := h.begin()
	err := h.Handler.HandlePDU(in)
	m.add(began)
	return err
}

// HandleResp is measured.
func (h handler) HandleResp(resp, original *pdu.PDU) {
	m, began := h.begin()
	h.Handler.HandleResp(resp, original)
	m.add(began)
}

// HandleRespTimeout is measured.
func (h handler) HandleRespTimeout(original *pdu.PDU) {
	m, began := h.begin()
	h.Handler.HandleRespTimeout(original)
	m.add(began)
}

// HandleSendPDUResult is measured.
func (h handler) HandleSendPDUResult(p *pdu.PDU, err error) {
	m, began := h.begin()
	h.Handler.HandleSendPDUResult(p, err)
	m.add(began)
}

// HandleCall is measured.
func (h handler) HandleCall(request any, from *esme.From) {
	m, began := h.begin()
	h.Handler.HandleCall(request, from)
	m.add(began)
}

// HandleCast is measured.
func (h handler) HandleCast(request any) {
	m, began := h.begin()
	h.Handler.HandleCast(request)
	m.add(began)
}

// HandleInfo is measured.
func (h handler) HandleInfo(message any) {
	m, began := h.begin()
	h.Handler.HandleInfo(message)
	m.add(began)
}

// HandleStop is counted, unless an operator, the configuration or the host stopped the session; so is HandleRefused.
func (h handler) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	h.ended(reason)
	return h.Handler.HandleStop(reason, lost)
}

// HandleRefused is counted.
func (h handler) HandleRefused(reason esme.Reason, lost []*pdu.PDU) {
	h.ended(reason)
	h.Handler.HandleRefused(reason, lost)
}

func (h handler) ended(reason esme.Reason) {
	if m := h.bind.meter.Load(); m != nil && reason.Kind != esme.KindShutdown {
		m.ended.Add(1)
	}
}
