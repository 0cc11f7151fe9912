package esme

import (
	"container/heap"
	"math"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// never is the due time of what is off.
const never = time.Duration(math.MaxInt64)

// due is the instant a limit ends; never for a limit that is off, or so long that no clock tells its end.
func due(t, limit time.Duration) time.Duration {
	if limit < 0 || limit > never-t {
		return never
	}
	return t + limit
}

// lingerLimit bounds how long a closed session waits for the peer's FIN, so that its last octets are
// not destroyed by a reset.
const lingerLimit = time.Second

// timers are the instants at which something is due, besides those of the window and the deferred answers.
type timers struct {
	opening time.Duration // Init is not done by then
	init    time.Duration // not bound by then
	heard   time.Duration // when the peer's last PDU came
	message time.Duration // when the last message PDU passed, either way
	pong    time.Duration // a PDU is due after a ping
	drain   time.Duration
	unbind  time.Duration
	close   time.Duration
	token   time.Duration // the rate allows the next request
	stalled time.Duration // a request is answered by then

	aborted bool // close is over: the transport is closed by force
}

func (x *timers) start(c *Config) {
	*x = timers{opening: due(0, c.Timeout), init: due(0, c.SessionInitLimit), pong: never, drain: never, unbind: never, close: never, token: never, stalled: never}
}

// Deadline is when Expire is to be called next. It reports false when nothing is due ever.
func (m *Machine) Deadline() (time.Time, bool) {
	x := &m.timers
	d := min(x.drain, x.unbind, x.close)
	if m.phase < unbinding {
		d = min(d, x.token)
		if len(m.deferred) > 0 {
			d = min(d, m.deferred[0].due)
		}
	}
	if m.phase == opening {
		d = min(d, x.opening)
	}
	if m.phase < closing {
		d = min(d, x.init, x.pong, x.stalled)
		if m.window.head != nil {
			d = min(d, m.responseDue())
		}
		if m.pinging() {
			d = min(d, due(x.heard, m.cfg.EnquireLinkLimit))
		}
		if m.idling() {
			d = min(d, due(x.message, m.cfg.InactivityLimit))
		}
	}
	if d == never || m.phase == closed {
		return time.Time{}, false
	}
	return m.epoch.Add(d), true
}

// responseDue is when the oldest request times out. Link PDUs have no limit of their own, and what is
// not yet written cannot be answered.
func (m *Machine) responseDue() time.Duration {
	for o := m.window.head; o != nil && o.end <= m.confirmed; o = o.next {
		if o.due != never {
			return o.due
		}
	}
	return never
}

// pinging reports whether silence of the peer leads to a ping.
func (m *Machine) pinging() bool {
	return m.bound && m.phase <= draining && !m.finish.pending && m.timers.pong == never && m.cfg.auto(AutoPing)
}

// idling reports whether inactivity leads to a stop. An end that waits for the handler is one already.
func (m *Machine) idling() bool { return m.bound && m.phase == open && !m.finish.pending }

// Expire does what is due.
func (m *Machine) Expire(now time.Time) {
	if m.phase == closed {
		return
	}
	t := m.at(now)
	x := &m.timers
	if t >= x.close {
		x.aborted = true
		x.close = never
		m.pump(t)
		return
	}
	for len(m.deferred) > 0 && m.deferred[0].due <= t {
		in := m.deferred[0]
		m.note("no answer to %s %d within its limit (defer)", in.command, in.sequence)
		m.failOne(in)
	}
	if m.phase == opening && t >= x.opening {
		if m.reason.Kind == "" {
			m.reason = Reason{Kind: KindTimers, Detail: "session_init"}
		}
		m.close(t)
	}
	if m.phase < closing {
		m.expireLink(t)
	}
	switch {
	case m.phase == draining && t >= x.drain:
		m.drained(t)
	case m.phase == unbinding && t >= x.unbind:
		m.close(t)
	}
	m.pump(t)
}

func (m *Machine) expireLink(t time.Duration) {
	x := &m.timers
	for o := m.window.head; o != nil && o.end <= m.confirmed && (o.due <= t || o.due == never); {
		next := o.next
		if o.due <= t {
			m.timeout(t, o)
		}
		o = next
	}
	end := func(detail string) {
		if m.reason.Kind == "" {
			m.reason = Reason{Kind: KindTimers, Detail: detail}
		}
	}
	switch {
	case t >= x.init:
		x.init = never
		end("session_init")
		m.close(t)
	case t >= x.pong:
		x.pong = never
		end("enquire_link")
		m.close(t)
	case t >= x.stalled:
		x.stalled = never
		end("stalled")
		m.close(t)
	case m.idling() && t >= due(x.message, m.cfg.InactivityLimit):
		m.Stop(m.epoch.Add(t), Reason{Kind: KindTimers, Detail: "inactivity"})
	case m.pinging() && t >= due(x.heard, m.cfg.EnquireLinkLimit):
		m.ping(t)
	}
}

func (m *Machine) timeout(t time.Duration, o *outgoing) {
	m.counters.Timeouts++
	m.window.remove(o)
	if w := m.waiterOf(o); w != nil {
		m.emit(Event{Kind: EventAnswer, waiter: w, Err: &Error{Code: CodeTimeout,
			Message: "no response within response_limit", Written: WrittenYes}})
		return
	}
	m.emit(Event{Kind: EventRespTimeout, Original: &o.pdu})
}

func (m *Machine) ping(t time.Duration) {
	for o := m.window.head; o != nil; o = o.next {
		if o.role == rolePing { // an older one that other PDUs made superfluous
			m.window.remove(o)
			break
		}
	}
	m.timers.pong = due(t, m.cfg.EnquireLinkRespLimit)
	if m.timers.pong == never {
		m.timers.heard = t // ping again after the next silence
	}
	m.transmit(t, &outgoing{pdu: *headerOnly(pdu.CmdEnquireLink, pdu.ESME_ROK), role: rolePing})
}

// failDeferred answers what was deferred and cannot be answered any more, so that the peer keeps it.
func (m *Machine) failDeferred() {
	for len(m.deferred) > 0 {
		m.failOne(m.deferred[0])
	}
}

func (m *Machine) failOne(in *Inbound) {
	m.deferred.remove(in)
	in.deferred = false
	m.fail(in)
}

// HalfClosed says that the own side of the transport is closed: the peer gets a moment to close its own.
func (m *Machine) HalfClosed(now time.Time) {
	m.timers.close = min(m.timers.close, m.at(now)+lingerLimit)
}

// deferrals are the requests with a promised answer, the first due on top.
type deferrals []*Inbound

func (d deferrals) Len() int           { return len(d) }
func (d deferrals) Less(i, j int) bool { return d[i].due < d[j].due }
func (d deferrals) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].heapPos, d[j].heapPos = i, j
}

// Push and Pop serve container/heap; use add and remove.
func (d *deferrals) Push(x any) {
	in := x.(*Inbound)
	in.heapPos = len(*d)
	*d = append(*d, in)
}

// Pop takes the last one off.
func (d *deferrals) Pop() any {
	old := *d
	in := old[len(old)-1]
	old[len(old)-1] = nil
	*d = old[:len(old)-1]
	in.heapPos = -1
	return in
}

func (d *deferrals) add(in *Inbound, at time.Duration) {
	in.due = at
	heap.Push(d, in)
}

func (d *deferrals) remove(in *Inbound) {
	if in.heapPos >= 0 {
		heap.Remove(d, in.heapPos)
	}
}
