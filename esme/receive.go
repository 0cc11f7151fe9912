package esme

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// Received takes a PDU that the peer sent. The events that it leads to borrow it.
func (m *Machine) Received(now time.Time, p *pdu.PDU) {
	if m.phase == closed { // it was read just before: all is settled
		return
	}
	t := m.at(now)
	m.heard(t, p)
	switch {
	case p.IsResponse():
		m.response(t, p)
	case p.Command() == nil:
		m.unparsed(p, &pdu.DecodeError{Status: pdu.ESME_RINVCMDID,
			Reason: fmt.Sprintf("unknown command_id 0x%08X", uint32(p.CommandID()))})
	default:
		m.request(t, p)
	}
	m.pump(t)
}

// Unparsed takes a whole PDU whose body cannot be decoded; its header can.
func (m *Machine) Unparsed(now time.Time, p *pdu.PDU, err error) {
	if m.phase == closed {
		return
	}
	t := m.at(now)
	m.heard(t, p)
	if p.IsResponse() {
		// The request is answered all the same: its sender gets what could be read.
		m.counters.DecodeWarnings++
		m.response(t, p)
	} else {
		m.unparsed(p, err)
	}
	m.pump(t)
}

func (m *Machine) unparsed(p *pdu.PDU, err error) {
	m.counters.Unparsed++
	if m.full {
		m.note("%s %d cannot be read (%v), and is not handed over: the handler is behind (limit backlog)", p.CommandID(), p.SequenceNumber(), err)
		m.nack(p.SequenceNumber(), err)
		return
	}
	m.hand(Event{Kind: EventUnparsed, PDU: p, Err: err})
}

func (m *Machine) heard(t time.Duration, p *pdu.PDU) {
	m.counters.Received++
	if p.Warnings() != 0 {
		m.counters.DecodeWarnings++
	}
	m.timers.heard = t
	m.timers.pong = never // any PDU shows that the peer lives
	switch p.CommandID() {
	case pdu.CmdEnquireLink, pdu.CmdEnquireLinkResp:
	default:
		m.timers.message = t
	}
}

func (m *Machine) response(t time.Duration, p *pdu.PDU) {
	o := m.window.get(p.SequenceNumber())
	if o == nil || !m.canBeAnswered(o) {
		m.counters.Late++
		m.note("%s %d answers no request in flight: it is late, or was never asked for", p.CommandID(), p.SequenceNumber())
		return
	}
	want, _ := o.pdu.CommandID().Response()
	if id := p.CommandID(); id != want && id != pdu.CmdGenericNack {
		m.counters.Mismatched++
		m.note("%s %d is no answer to the %s of that number", id, p.SequenceNumber(), o.pdu.CommandID())
		return
	}
	m.confirm(t, o.end) // what the peer answers was written, even if the write is not reported yet (O2)
	m.window.remove(o)
	if o.role == roleRequest {
		m.timers.stalled = never
		if m.window.traffic > 0 {
			m.timers.stalled = due(t, m.cfg.StalledLimit)
		}
		if !isBind(o.pdu.CommandID()) {
			forLoad := m.congestion(t, o, p)
			if forLoad && m.again(o, p) {
				return
			}
			if !forLoad && p.CommandStatus() != pdu.ESME_ROK {
				m.counters.Rejected++
			}
		}
	}
	ok := p.CommandID() == want && p.CommandStatus() == pdu.ESME_ROK
	w := m.waiterOf(o)
	switch {
	case w != nil && w.gaveUp:
		m.counters.Late++
		m.note("%s %d is late: who waited for it gave up", p.CommandID(), p.SequenceNumber())
	case !o.role.automatic() || m.cfg.ShowAutomatic:
		m.counters.Responses++
		kind := EventResp
		if w != nil {
			kind = EventAnswer
		}
		e := Event{Kind: kind, PDU: p, Original: &o.pdu, waiter: w}
		if m.full && kind == EventResp {
			e.PDU, e.own = p.Clone(), true // so that it does not hold the whole read buffer that it lies in
		}
		m.emit(e)
	}
	switch {
	case o.role == roleUnbind:
		m.close(t)
	case isBind(o.pdu.CommandID()):
		m.bindAnswered(t, o, ok, p.CommandStatus())
	}
}

// canBeAnswered reports whether the peer may have the request. Numbers come round (SMPP 3.4 §3.2): a late answer can
// bear that of one which has not begun to leave, or was not whole when the write broke.
func (m *Machine) canBeAnswered(o *outgoing) bool {
	return o.start() < m.handed && (m.writeErr == nil || o.end <= m.confirmed)
}

func isBind(id pdu.CommandID) bool {
	return id == pdu.CmdBindTransceiver || id == pdu.CmdBindTransmitter || id == pdu.CmdBindReceiver
}

func (m *Machine) bindAnswered(t time.Duration, o *outgoing, ok bool, status pdu.Status) {
	if m.phase >= closing { // it comes too late: the session has ended without it
		m.counters.Late++
		m.note("the answer to the bind (%s) is late: the session ends already", status)
		return
	}
	if !ok {
		if m.reason.Kind == "" {
			m.reason = Reason{Kind: KindBindFailed, Detail: status.String()}
		}
		m.close(t)
		return
	}
	m.bound, m.boundAt = true, t
	m.mode = map[pdu.CommandID]Mode{pdu.CmdBindTransmitter: Transmitter, pdu.CmdBindReceiver: Receiver}[o.pdu.CommandID()]
	m.timers.init = never
	if o.role == roleBind {
		m.emit(Event{Kind: EventBound})
	}
}

// request takes a request of the peer.
func (m *Machine) request(t time.Duration, p *pdu.PDU) {
	in := &Inbound{PDU: p, session: m.identity, sequence: p.SequenceNumber(), command: p.CommandID(), heapPos: -1}
	switch id := p.CommandID(); {
	case id == pdu.CmdEnquireLink && m.cfg.auto(AutoEnquireLink):
		m.answer(pdu.CmdEnquireLinkResp, pdu.ESME_ROK, in.sequence)
		m.show(in)
	case id == pdu.CmdOutbind && m.cfg.auto(AutoBind): // the bind that it asks for is out
		m.show(in)
	case id == pdu.CmdUnbind && m.cfg.auto(AutoUnbind):
		m.show(in)
		if m.phase >= unbinding {
			// Both sides unbind at once: the answer must not wait, the end is under way already.
			m.answer(pdu.CmdUnbindResp, pdu.ESME_ROK, in.sequence)
			return
		}
		m.finishLater(finish{reason: Reason{Kind: KindUnbound}, unbind: true, seq: in.sequence})
	default:
		m.work(in)
	}
}

// work takes a request that is the handler's.
func (m *Machine) work(in *Inbound) {
	if _, ok := in.command.Response(); ok {
		m.counters.Requests++
	}
	switch {
	case m.stopping() && m.fail(in): // no new work while stopping: the peer keeps it
	case m.full:
		m.refuseWork(in)
	default:
		m.hand(Event{Kind: EventPDU, In: in})
	}
}

func (m *Machine) show(in *Inbound) {
	if m.cfg.ShowAutomatic && !m.full {
		in.answered = true
		m.hand(Event{Kind: EventPDU, In: in})
	}
}

// Handled says that the consumer is done with a request: once for each. What it left unanswered, without deferring
// it, is answered now: ESME_ROK, or ESME_RX_T_APPN after an error so that the SMSC keeps the message.
func (m *Machine) Handled(now time.Time, in *Inbound, err error) {
	m.settle(in, err)
	m.through(now)
}

// through counts what the consumer has handled. A stop waits for it.
func (m *Machine) through(now time.Time) {
	if m.handled++; m.phase == draining {
		m.pump(m.at(now))
	}
}

func (m *Machine) settle(in *Inbound, err error) {
	switch {
	case in.answered || in.deferred:
	case err != nil || in.invalid:
		m.fail(in)
	case in.command == pdu.CmdDeliverSM || in.command == pdu.CmdDataSM:
		if m.cfg.auto(AutoReply) && !m.cfg.NoAutoReply {
			resp, _ := in.command.Response()
			m.answered(in)
			m.answer(resp, pdu.ESME_ROK, in.sequence)
		}
	}
}

// refuseWork turns a request down for which the consumer has no room, whatever is automatic otherwise: the peer
// keeps what is answered ESME_RX_T_APPN. To wait instead would hold up the responses behind it.
func (m *Machine) refuseWork(in *Inbound) {
	m.counters.Refused++
	if resp, ok := in.command.Response(); ok {
		m.note("%s %d is refused: the handler is behind (limit backlog)", in.command, in.sequence)
		m.answered(in)
		m.answer(resp, pdu.ESME_RX_T_APPN, in.sequence)
		return
	}
	m.note("%s %d is dropped: the handler is behind (limit backlog)", in.command, in.sequence)
}

// fail answers a request ESME_RX_T_APPN. It reports false for one that has no answer.
func (m *Machine) fail(in *Inbound) bool {
	resp, ok := in.command.Response()
	if !ok || !m.cfg.auto(AutoReply) {
		return false
	}
	m.answered(in)
	m.counters.Refused++
	if m.stopping() {
		m.counters.TurnedAway++
	}
	m.answer(resp, pdu.ESME_RX_T_APPN, in.sequence)
	return true
}

func (m *Machine) answered(in *Inbound) {
	in.answered = true
	m.counters.Answered++
}

// Nack says that the consumer is done with a PDU that could not be decoded, once for each, and answers it with the status
// that its error names.
func (m *Machine) Nack(now time.Time, sequence uint32, err error) {
	m.nack(sequence, err)
	m.through(now)
}

func (m *Machine) nack(sequence uint32, err error) {
	if !m.cfg.auto(AutoNack) {
		return
	}
	status := pdu.ESME_RUNKNOWNERR
	var de *pdu.DecodeError
	if errors.As(err, &de) {
		status = de.Status
	}
	m.answer(pdu.CmdGenericNack, status, sequence)
}

// answer writes an automatic answer, whose fields are all 0 or empty. Nobody is told of its fate, so it needs
// no mark. Those to link checks do not wait behind traffic.
func (m *Machine) answer(id pdu.CommandID, status pdu.Status, sequence uint32) {
	if m.phase >= closing || m.writeErr != nil {
		return
	}
	out := &m.out
	if id == pdu.CmdEnquireLinkResp {
		out = &m.link
	}
	start := len(*out)
	b := append(*out, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(id))
	b = binary.BigEndian.AppendUint32(b, uint32(status))
	b = binary.BigEndian.AppendUint32(b, sequence)
	if cmd, ok := pdu.CommandByID(id); ok && status == pdu.ESME_ROK { // an error response has no body (SMPP 3.4 §4.4.2)
		for i := range cmd.Fields {
			switch f := &cmd.Fields[i]; f.Kind {
			case pdu.KindInt:
				b = append(b, make([]byte, f.Size)...)
			case pdu.KindString, pdu.KindTime:
				b = append(b, 0)
			}
		}
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	*out = b
	m.counters.Sent++
	m.counters.AutoReplies++
}

// Reply answers a request of the peer, once. Replies wait for nothing; the error is queue_full when the peer does
// not read and Backlog octets wait for it already, and under [Machine.Hold].
func (m *Machine) Reply(now time.Time, in *Inbound, p *pdu.PDU) error {
	if in.session != m.identity {
		return in.elsewhere()
	}
	if in.answered {
		return &Error{Code: CodeAnswered, Message: fmt.Sprintf("%s %d is answered already", in.command, in.sequence), Written: WrittenNever}
	}
	if m.phase >= closing {
		return errStopped("the session has ended")
	}
	if want, ok := in.command.Response(); !ok || p.CommandID() != want && p.CommandID() != pdu.CmdGenericNack {
		return errInvalid(fmt.Errorf("%s is no answer to %s", p.CommandID(), in.command))
	}
	if err := m.noReply(); err != nil {
		in.invalid = true // ESME_RX_T_APPN it is then, if the handler has no more to say
		return err
	}
	o := newOutgoing(p, roleReply)
	o.pdu.SetSequence(in.sequence)
	if m.cfg.refusal(p) != nil {
		in.invalid = true
	} else {
		m.answered(in)
		m.deferred.remove(in)
	}
	t := m.at(now)
	m.transmit(t, o)
	m.pump(t)
	return nil
}

// Defer promises the answer to a request within the limit (0 = 10 s). None by then: ESME_RX_T_APPN.
func (m *Machine) Defer(now time.Time, in *Inbound, limit time.Duration) error {
	if in.session != m.identity {
		return in.elsewhere()
	}
	if in.answered {
		return &Error{Code: CodeAnswered, Message: fmt.Sprintf("%s %d is answered already", in.command, in.sequence), Written: WrittenNever}
	}
	if m.phase >= closing {
		return errStopped("the session has ended")
	}
	if m.cfg.Mailbox >= 0 && len(m.deferred) >= m.cfg.Mailbox && !in.deferred {
		return &Error{Code: CodeQueueFull, Message: fmt.Sprintf("%d answers are deferred already (limits.mailbox)", len(m.deferred)),
			Retryable: true, Written: WrittenNever}
	}
	if limit == 0 {
		limit = defaultDeferLimit
	}
	in.deferred = true
	m.deferred.remove(in)
	m.deferred.add(in, due(m.at(now), limit))
	return nil
}
