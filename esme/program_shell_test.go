package esme

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// handle lets the consumer come to the next event.
func (p *program) handle(how byte) {
	if len(p.inbox) == 0 {
		return
	}
	e := p.inbox[0]
	p.inbox = p.inbox[1:]
	switch e.Kind {
	case EventPDU:
		switch how {
		case 1:
			p.replyWith(e.In, false)
		case 2:
			if p.m.Defer(p.now, e.In, 2*time.Second) == nil {
				p.held = append(p.held, e.In)
				if e.In.command == pdu.CmdDeliverSM && p.m.cfg.auto(AutoReply) { // later, or ESME_RX_T_APPN
					p.add(fact{kind: factOwed, name: peerName(e.In.sequence)})
				}
			}
		case 3:
			p.replyWith(e.In, true)
		}
		var failed error
		if how == 4 {
			failed = errors.New("boom")
		}
		owed := e.In.command == pdu.CmdDeliverSM && !e.In.answered && !e.In.deferred && p.m.phase < closing &&
			(failed != nil || e.In.invalid || !p.m.cfg.NoAutoReply) && p.m.cfg.auto(AutoReply)
		if owed {
			p.add(fact{kind: factOwed, name: peerName(e.In.sequence)})
		}
		p.m.Handled(p.now, e.In, failed)
	case EventUnparsed:
		p.m.Nack(p.now, e.PDU.SequenceNumber(), e.Err)
	case EventFinish:
		p.m.Finish(p.now)
	}
	p.collect()
}

func (p *program) replyTo(which byte) {
	if len(p.held) > 0 {
		i := int(which) % len(p.held)
		in := p.held[i]
		p.held = append(p.held[:i:i], p.held[i+1:]...)
		p.replyWith(in, false)
	}
}

func (p *program) replyWith(in *Inbound, invalid bool) {
	id, ok := in.command.Response()
	if !ok || id != pdu.CmdDeliverSMResp {
		return
	}
	name := p.name("re")
	out := buildPDU(id, 0, pdu.FieldMessageID, name)
	if invalid {
		out = buildPDU(id, 0, pdu.FieldMessageID, name+strings.Repeat(".", 80))
	}
	p.accept(fact{name: name, class: reply}, func() error { return p.m.Reply(p.now, in, out) })
}

// take lets the transport have what is to be written. With broke it takes less than that, and breaks.
func (p *program) take(broke int) {
	if p.writing || p.torn {
		return
	}
	b := p.m.TakeOutput(nil)
	if b == nil {
		return
	}
	p.writing, p.pending, p.fails = true, len(b), false
	if p.dead {
		broke = 1
	}
	if broke > 0 {
		p.pending, p.fails, p.torn = min(broke-1, len(b)-1), true, true
	}
	p.taken = append(p.taken, b[:p.pending]...)
	rest := b[p.pending:]
	for len(p.taken) > 0 {
		n, err := pdu.FrameLength(p.taken, defaultMaxPDUSize)
		if err != nil {
			p.wrong = fmt.Errorf("what goes out is no PDU: %w", err)
			return
		}
		if n == 0 || n > len(p.taken) {
			break
		}
		p.gone(p.taken[:n], factTaken)
		p.taken = p.taken[n:]
	}
	if p.fails && len(p.taken) > 0 { // it broke in the one of which some octets were taken; those behind it never left
		rest = append(p.taken[:len(p.taken):len(p.taken)], rest...)
		if n, _ := pdu.FrameLength(rest, defaultMaxPDUSize); n > 0 && n <= len(rest) {
			p.gone(rest[:n], factBroken)
		}
	}
}

// gone notes a PDU that the transport took, or tore.
func (p *program) gone(octets []byte, kind factKind) {
	out := new(pdu.PDU)
	if err := out.Decode(octets); err != nil {
		p.wrong = fmt.Errorf("what goes out cannot be decoded: %w", err)
		return
	}
	out = out.Clone()
	if name := nameOf(out); name != "" {
		p.add(fact{kind: kind, name: name, seq: out.SequenceNumber(), at: p.since()})
	}
	if kind != factTaken {
		return
	}
	if out.CommandID() == pdu.CmdUnbind {
		p.add(fact{kind: factUnbind, at: p.since()})
	}
	if _, ok := out.CommandID().Response(); ok {
		p.received = append(p.received, &outPDU{nameOf(out), out})
		return
	}
	if out.IsResponse() && out.SequenceNumber() > 1000 { // not the nack of lost framing
		p.add(fact{kind: factReplied, name: peerName(out.SequenceNumber())})
	}
}

func (p *program) report() {
	if !p.writing {
		return
	}
	p.writing = false
	var err error
	if p.fails {
		err = errors.New("broken pipe")
	}
	p.m.Written(p.now, p.pending, err)
	p.collect()
}

// pass lets time pass, through each deadline on the way.
func (p *program) pass(d time.Duration) {
	end := p.now.Add(d)
	for range 1000 {
		at, ok := p.m.Deadline()
		if !ok || at.After(end) {
			p.now = end
			return
		}
		if at.After(p.now) {
			p.now = at
		}
		p.m.Expire(p.now)
		p.collect()
	}
	p.wrong = fmt.Errorf("O5 broken: the same deadline a thousand times: phase %d, bound %t, timers %+v, now %v, %d deferred, finish %+v", p.m.phase, p.m.bound, p.m.timers, p.since(), len(p.m.deferred), p.m.finish)
}

func (p *program) stopIt(how byte) {
	switch how {
	case 1, 2, 3:
		p.m.Stop(p.now, Reason{Kind: KindCustom, Detail: fmt.Sprint(how)})
	case 4:
		p.m.Abort(p.now, Reason{Kind: KindScriptError})
	case 5:
		p.cut = true
		p.m.EndOfStream(p.now)
	case 6:
		p.cut = true
		p.m.ParseError(p.now, errors.New("no SMPP"))
	case 7:
		p.cut, p.dead = true, true
		p.m.Lost(p.now, Reason{Kind: KindSocketError, Detail: "reset"})
	}
	p.collect()
}

// collect does what the shell does after each input: it takes the events. The consumer's ends of a PDU are facts at
// once; what needs the consumer waits in the inbox.
func (p *program) collect() {
	events := p.m.TakeEvents(nil)
	if !p.stopping && p.m.stopping() {
		p.stopping = true
		reason := p.m.reason
		if reason.Kind == "" {
			reason = p.m.finish.reason
		}
		f := fact{kind: factStopping, code: reason.String(), at: p.since()}
		for _, e := range events { // what goes out in its stead does so before this is told
			switch {
			case e.Kind == EventAnswer && e.own:
				f.lost = append(f.lost, p.waiters[e.waiter])
			case e.Kind == EventResp && e.own:
				f.lost = append(f.lost, nameOf(e.Original))
			}
		}
		p.add(f)
	}
	p.tellRate()
	for _, e := range events { // what ends without going out
		switch {
		case e.Kind == EventAnswer:
			p.unqueue(p.waiters[e.waiter])
		case e.Kind == EventResp, e.Kind == EventSendResult && e.Err != nil:
			p.unqueue(nameOf(e.Original))
		}
	}
	for ; len(p.queue) > p.m.Queued(); p.queue = p.queue[1:] {
		p.add(fact{kind: factDue, name: p.queue[0], at: p.since(), free: p.invalid[p.queue[0]]})
	}
	for _, e := range events {
		f := fact{at: p.since()}
		var err *Error
		if errors.As(e.Err, &err) {
			f.code, f.far = err.Code, err.Written
		}
		if e.Original != nil {
			f.name = nameOf(e.Original)
			if f.name == "" { // the machine's own
				continue
			}
		}
		switch e.Kind {
		case EventSendResult:
			f.kind = factResult
		case EventResp:
			f.kind = factResp
		case EventRespTimeout:
			f.kind = factTimeout
		case EventAnswer:
			f.name = p.waiters[e.waiter]
			p.waiting = slices.DeleteFunc(p.waiting, func(w *Waiter) bool { return w == e.waiter })
			switch f.code {
			case "":
				f.kind = factResp
			case CodeTimeout:
				f.kind = factTimeout
			default:
				f.kind = factFail
			}
		case EventPDU:
			f.kind, f.name = factSeen, peerName(e.In.sequence)
			p.inbox = append(p.inbox, e)
		case EventUnparsed:
			f.kind, f.name = factSeen, peerName(e.PDU.SequenceNumber())
			p.inbox = append(p.inbox, e)
		case EventFinish:
			p.inbox = append(p.inbox, e)
			continue
		case EventStop:
			f.kind = factStop
			for _, lost := range e.Stop.Lost {
				if name := nameOf(lost); name != "" {
					f.lost = append(f.lost, name)
				}
			}
		default:
			continue
		}
		p.add(f)
	}
	if p.m.queue.len() > p.most.Queue || len(p.m.retries) > p.most.Window {
		p.wrong = fmt.Errorf("O5 broken: %d wait, and %d to go out again; the queue is %d, the window %d", p.m.queue.len(), len(p.m.retries), p.most.Queue, p.most.Window)
	}
}

// behind says whether the consumer has too much before it: of the peer's requests, or of what became of its own.
func (p *program) behind(how byte, too bool) {
	if how < 4 {
		p.m.Busy(too)
		return
	}
	p.add(fact{kind: factHold, on: too})
	p.m.Hold(p.now, too)
	p.collect()
}

// tune changes the limits.
func (p *program) tune() {
	cfg := p.config()
	full := cfg.withDefaults()
	p.cfg.tune(&full)
	p.most.Window, p.most.Queue = max(p.most.Window, full.Window), max(p.most.Queue, full.Queue)
	if p.most.UnbindLimit = max(p.most.UnbindLimit, full.UnbindLimit); full.UnbindLimit < 0 {
		p.endless = true
	}
	p.add(fact{kind: factTune, cfg: p.cfg, at: p.since()})
	p.m.Tune(p.now, cfg)
	p.collect()
}

func (p *program) unqueue(name string) {
	p.queue = slices.DeleteFunc(p.queue, func(q string) bool { return q == name })
}

// tellRate writes down how many requests a second may go out, if that has changed.
func (p *program) tellRate() {
	rate := p.cfg.TPS
	if p.m.Rate() > 0 {
		rate = p.m.Rate()
	}
	if rate != p.rate {
		p.rate = rate
		p.add(fact{kind: factRate, rate: rate, at: p.since()})
	}
}

// flushAndSettle lets the transport take everything. What may go then must have gone.
func (p *program) flushAndSettle() {
	for range 1000 {
		if p.writing || p.torn || p.m.OutputLen() == 0 {
			break
		}
		p.take(0)
		p.report()
	}
	m := p.m
	free := m.phase == open && !m.held && !p.dead && !m.finish.pending && (m.bound || !m.cfg.auto(AutoBind)) && m.tokens == nil && !p.writing && !p.torn
	if free && m.Queued() > 0 && m.InFlight() < p.cfg.Window {
		p.wrong = fmt.Errorf("O4 broken: %d wait, and %d of %d are in flight", m.Queued(), m.InFlight(), p.cfg.Window)
	}
}

// hangUp does what the shell does when the machine wants the transport closed.
func (p *program) hangUp() {
	half, force := p.m.CloseWanted()
	switch {
	case force:
		p.cut, p.dead = true, true
		if !p.m.Done() && !p.writing {
			p.m.Kill(p.now)
		}
	case half && !p.half:
		p.half = true
		p.m.HalfClosed(p.now)
	}
	p.collect()
}

// idle reports whether the session stops in order, and there is nobody whom it could wait for: all is written and
// handled, nothing is deferred, the peer has answered all that it has, and no rate keeps back what may go out.
func (p *program) idle() bool {
	m := p.m
	return m.phase == draining && !p.writing && !p.torn && !p.dead && m.OutputLen() == 0 && len(p.inbox) == 0 && len(m.deferred) == 0 &&
		len(p.received) == 0 && len(p.stream) == 0 && (m.tokens == nil || m.Queued() == 0)
}

// windUp brings the session to its end: the consumer catches up, the peer closes, and time passes.
func (p *program) windUp() {
	if p.writing {
		p.report()
	}
	p.m.Busy(false)
	p.behind(4, false)
	begun := p.since()
	for range 200 {
		for len(p.inbox) > 0 {
			p.handle(0)
		}
		if p.m.Done() {
			break
		}
		p.m.Stop(p.now, Reason{Kind: KindShutdown})
		p.collect()
		p.flushAndSettle()
		if p.idle() {
			p.wrong = fmt.Errorf("O1 broken: it stops, waits for nothing, and does not end: %d in the queue, bound %t", p.m.Queued(), p.m.bound)
			return
		}
		p.hangUp()
		if p.torn && !p.cut { // after a write that broke, the reader learns the end of the transport
			p.cut = true
			p.m.Lost(p.now, Reason{Kind: KindSocketError, Detail: "broken pipe"})
			p.collect()
		}
		if p.half && !p.cut {
			p.cut = true
			p.m.EndOfStream(p.now)
			p.collect()
		}
		if at, ok := p.m.Deadline(); ok {
			p.pass(max(0, at.Sub(p.now)))
		} else if !p.cut && !p.half {
			p.cut = true // nothing is due: only the peer can end it
			p.m.EndOfStream(p.now)
			p.collect()
		}
	}
	if !p.m.Done() && p.wrong == nil {
		p.wrong = fmt.Errorf("O1 broken: the session does not end: phase %d, %d octets to write, cut %t, torn %t, writing %t, reason %v", p.m.phase, p.m.OutputLen(), p.cut, p.torn, p.writing, p.m.reason)
	}
	if took, most := p.since()-begun, 3*p.most.UnbindLimit+lingerLimit; took > most && !p.endless { // drain, unbind, close
		p.wrong = fmt.Errorf("O1 broken: to end took the session %v, and may take %v", took, most)
	}
	for len(p.inbox) > 0 { // the stop comes after all that
		p.inbox = p.inbox[1:]
	}
}
