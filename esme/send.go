package esme

import (
	"fmt"
	"slices"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Send accepts p for sending, or says why not. A request goes out when it is bound, when the window
// and the rate allow it, and never before one that was accepted earlier. A PDU that broke a limit when
// it was built is accepted too and gets its error as its send result, in order. With a waiter the
// callbacks are not told: the waiter is.
func (m *Machine) Send(now time.Time, p *pdu.PDU, w *Waiter) error {
	if m.phase >= closing || m.stopping() && !p.IsResponse() {
		return errStopped("the session is stopping")
	}
	t := m.at(now)
	o := newOutgoing(p, roleRequest)
	o.waiter = w
	if _, ok := p.CommandID().Response(); !ok {
		o.role = roleMessage
	}
	if p.IsResponse() {
		// An answer that is not tied to a request in hand: it goes out under its own number, at once.
		if err := m.noReply(); err != nil {
			return err
		}
		o.role = roleReply
		m.transmit(t, o)
		return nil
	}
	m.accepted++
	o.order = m.accepted
	if m.queue.len() == 0 && len(m.retries) == 0 && !m.heldUp(o) && m.mayTransmit(t, o) {
		m.transmit(t, o)
		return nil
	}
	if !m.QueueRoom() {
		return errQueueFull(m.queue.len(), m.queued)
	}
	m.queue.push(o)
	m.queued += o.pdu.Len()
	m.turnAway()
	return nil
}

// unqueue takes requests out of the queue that will not go out.
func (m *Machine) unqueue(is func(*outgoing) bool) {
	m.queue.drop(func(o *outgoing) bool {
		out := is(o)
		if out {
			m.queued -= o.pdu.Len()
		}
		return out
	})
}

// SendRaw puts octets into the output as they are.
func (m *Machine) SendRaw(now time.Time, octets []byte) error {
	if m.phase >= closing {
		return errStopped("the session has ended")
	}
	if err := m.outputFull(); err != nil {
		return err
	}
	m.out = append(m.out, octets...)
	return nil
}

// outputFull is the error for what would go out at once, and cannot: the peer does not read.
func (m *Machine) outputFull() error {
	if n := m.OutputLen(); n > m.cfg.Backlog || m.marks.len() > maxMarks {
		return &Error{Code: CodeQueueFull, Message: fmt.Sprintf("the peer does not read: %d octets wait to be written (limit backlog)", n),
			Retryable: true, Written: WrittenNever}
	}
	return nil
}

// Cancel takes the request of a waiter out of the queue if it has not gone out yet, and says how far it got:
// WrittenUnknown while it is on its way to the transport. One that is out is not sent again, whatever its answer:
// who gave up may have sent another one in its place.
func (m *Machine) Cancel(w *Waiter) Written {
	written := WrittenYes
	w.gaveUp = true
	m.unqueue(func(o *outgoing) bool {
		if o.waiter == w {
			written = WrittenNever
			return true
		}
		return false
	})
	m.retries = slices.DeleteFunc(m.retries, func(o *outgoing) bool {
		if o.waiter == w {
			m.window.release(o)
		}
		return o.waiter == w
	})
	m.turnAway()
	for i := range m.marks.len() {
		if m.marks.at(i).waiter == w {
			written = WrittenUnknown
		}
	}
	return written
}

// QueueRoom reports whether Send would accept a request now.
func (m *Machine) QueueRoom() bool {
	return m.cfg.Queue < 0 || m.queue.len() < m.cfg.Queue && !crowded(m.queued, m.cfg.Queue)
}

// InFlight is the number of requests that wait for a response; Queued those that wait to go out.
func (m *Machine) InFlight() int { return m.window.traffic }

// Queued is the number of requests that wait for the bind, the window or the rate.
func (m *Machine) Queued() int { return len(m.retries) + m.queue.len() }

// Rate is the requests a second to which the SMSC's congestion slows the bind down; 0 when it does not.
func (m *Machine) Rate() float64 { return m.throttle.limit }

// Counters returns the counts so far.
func (m *Machine) Counters() Counters { return m.counters }

// mayTransmit reports whether o may go out now.
func (m *Machine) mayTransmit(t time.Duration, o *outgoing) bool {
	if m.cfg.refusal(&o.pdu) != nil {
		return m.marks.len() < maxMarks // it will be refused in its turn
	}
	if m.phase > draining || m.finish.pending || len(m.out) > maxOut {
		return false
	}
	if !m.bound && m.cfg.auto(AutoBind) {
		return false
	}
	if o.role == roleRequest && m.cfg.Window >= 0 && (m.window.traffic >= m.cfg.Window || crowded(m.window.octets, m.cfg.Window)) {
		return false
	}
	if m.tokens == nil {
		return true
	}
	if t < m.throttle.hold {
		m.timers.token = m.throttle.hold
		return false
	}
	m.faster(t)
	if m.tokens == nil {
		return true
	}
	if wait := take(m.tokens, m.epoch.Add(t)); wait > 0 {
		m.timers.token = t + wait
		return false
	}
	return true
}

// transmit puts o into the output, or refuses it. A request is in the window before its first octet
// can leave.
func (m *Machine) transmit(t time.Duration, o *outgoing) {
	if err := m.cfg.refusal(&o.pdu); err != nil {
		o.err = errInvalid(err)
		o.end = m.handed + int64(len(m.out))
		m.marks.push(o)
		m.confirm(t, m.confirmed)
		return
	}
	if o.role != roleReply && o.tries == 0 {
		o.pdu.SetSequence(m.window.nextSequence())
	}
	if o.role == rolePing { // it must not wait behind traffic
		m.link = o.pdu.AppendTo(m.link)
		m.counters.Sent++
		o.due = never
		m.window.add(o)
		if m.cfg.ShowAutomatic { // else nobody is told of its fate, and it needs no mark
			o.end = notYet
			m.pings = append(m.pings, ping{o, len(m.link)})
		}
		return
	}
	m.out = o.pdu.AppendTo(m.out)
	o.end = m.handed + int64(len(m.out))
	m.marks.push(o)
	m.counters.Sent++
	if !o.role.automatic() {
		m.timers.message = t
	}
	switch o.role {
	case roleRequest:
		if m.timers.stalled == never {
			m.timers.stalled = due(t, m.cfg.StalledLimit)
		}
		m.window.add(o)
	case roleBind, roleUnbind:
		o.due = never // these have timers of their own
		m.window.add(o)
	}
}

// refuse ends an accepted PDU that was not written.
func (m *Machine) refuse(o *outgoing, err *Error) {
	m.counters.SendErrors++
	switch w := m.waiterOf(o); {
	case w != nil:
		m.emit(Event{Kind: EventAnswer, waiter: w, Err: err})
	case !o.role.automatic() || m.cfg.ShowAutomatic:
		m.emit(Event{Kind: EventSendResult, Original: &o.pdu, Err: err})
	}
}

// confirm reports the PDUs whose octets lie wholly before the stream position. The limit for the response to one
// begins here.
func (m *Machine) confirm(t time.Duration, position int64) {
	for m.marks.len() > 0 && m.marks.peek().end <= position {
		o := m.marks.pop()
		if o.err != nil {
			m.refuse(o, o.err)
			continue
		}
		if o.role == roleRequest {
			o.due = due(t, m.cfg.ResponseLimit)
		}
		if o.reported {
			continue
		}
		w := m.waiterOf(o)
		o.reported = true
		if w == nil && (!o.role.automatic() || m.cfg.ShowAutomatic) {
			m.emit(Event{Kind: EventSendResult, Original: &o.pdu})
		}
	}
}

// pump sends what waits and may go now, and moves a stop on. It follows every input.
func (m *Machine) pump(t time.Duration) {
	m.timers.token = never
	for len(m.retries) > 0 && m.mayTransmit(t, m.retries[0]) {
		o := m.retries[0]
		m.retries = slices.Delete(m.retries, 0, 1)
		m.transmit(t, o)
	}
	m.turnAway() // who was before gave up, perhaps
	for len(m.retries) == 0 && m.queue.len() > 0 && !m.heldUp(m.queue.peek()) && m.mayTransmit(t, m.queue.peek()) {
		o := m.queue.pop()
		m.queued -= o.pdu.Len()
		m.transmit(t, o)
		m.turnAway()
	}
	if m.phase == draining && m.queue.len() > 0 && !m.bound && !m.binding() && m.cfg.auto(AutoBind) {
		m.giveUpQueue()
	}
	if m.phase == draining && m.window.traffic == 0 && m.queue.len() == 0 && m.handled >= m.owed && len(m.deferred) == 0 && !m.binding() {
		m.drained(t)
	}
	m.tryFinalise()
}

// giveUpQueue refuses what waits for a bind that will not come: those whom somebody waits for at once, the others when all
// that went before has been reported.
func (m *Machine) giveUpQueue() {
	behind := m.marks.len() > 0
	m.unqueue(func(o *outgoing) bool {
		if m.waiterOf(o) == nil && behind {
			return false
		}
		m.refuse(o, errOvertaken(m.reason, WrittenNever))
		return true
	})
}

// binding reports whether the answer to the own bind is still awaited.
func (m *Machine) binding() bool {
	return !m.bound && m.window.head != nil && m.window.head.role == roleBind
}

// drained goes on with a stop when nothing is in flight any more, or the time for it is over.
func (m *Machine) drained(t time.Duration) {
	m.timers.drain = never
	m.failDeferred()
	if !m.bound || !m.cfg.auto(AutoUnbind) {
		m.close(t)
		return
	}
	m.phase = unbinding
	m.timers.unbind = due(t, m.cfg.UnbindLimit)
	m.transmit(t, &outgoing{pdu: *headerOnly(pdu.CmdUnbind, pdu.ESME_ROK), role: roleUnbind})
}

func (m *Machine) sendBind(t time.Duration) {
	c := &m.cfg
	cmd, _ := pdu.CommandByID(c.Mode.command())
	b := pdu.NewBuilder(cmd)
	b.SetString(pdu.FieldSystemID, c.SystemID)
	b.SetString(pdu.FieldPassword, c.Password)
	b.SetString(pdu.FieldSystemType, c.SystemType)
	b.SetInt(pdu.FieldInterfaceVersion, int64(c.InterfaceVersion))
	b.SetInt(pdu.FieldAddrTON, int64(c.AddrTON))
	b.SetInt(pdu.FieldAddrNPI, int64(c.AddrNPI))
	b.SetString(pdu.FieldAddressRange, c.AddressRange)
	p := b.Build()
	if err := c.refusal(p); err != nil {
		m.reason = Reason{Kind: KindBindFailed, Detail: err.Error()}
		m.close(t)
		return
	}
	m.transmit(t, &outgoing{pdu: *p, role: roleBind})
}

// headerOnly builds a PDU that has no mandatory fields, or an error response without a body.
func headerOnly(id pdu.CommandID, status pdu.Status) *pdu.PDU {
	cmd, _ := pdu.CommandByID(id)
	b := pdu.NewBuilder(cmd)
	b.SetStatus(status)
	return b.Build()
}
