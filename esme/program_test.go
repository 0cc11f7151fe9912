package esme

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// program runs a machine through what octets make up: sends, replies, defers, PDUs of the peer in pieces, writes that
// break, time, stops, closes and a consumer that is behind. It stands where the shell stands, and writes down the facts.
type program struct {
	code []byte
	m    *Machine
	cfg  Config
	now  time.Time

	facts   []fact
	queue   []string // what is accepted and waits to go out, that which is to be sent again in front
	names   int
	waiters map[*Waiter]string
	waiting []*Waiter
	inbox   []Event    // what the consumer has before it
	held    []*Inbound // handed over, neither answered nor given up

	taken   []byte // octets that the transport took and no whole PDU yet
	pending int    // what the last write will report ...
	fails   bool   // ... and whether with an error
	writing bool
	dead    bool // the transport is gone: the next write fails
	torn    bool // a write broke
	cut     bool // the stream from the peer has ended
	half    bool

	peerSeq  uint32
	stream   []byte    // from the peer, not yet arrived
	received []*outPDU // by the peer: requests that it has not answered
	wrong    error     // a rule that shows only while the machine runs

	invalid  map[string]bool // what cannot be built, and so needs no room
	rate     float64         // the last that the ledger was told
	stopping bool            // the ledger was told
}

// outPDU is a request of the machine that the peer has.
type outPDU struct {
	name string
	pdu  *pdu.PDU
}

// runProgram runs code to its end and the session to its own, and returns the configuration and the facts.
func runProgram(code []byte) (Config, []fact, error) {
	p := &program{code: code, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), waiters: map[*Waiter]string{}, invalid: map[string]bool{}, peerSeq: 1000}
	p.cfg = p.config()
	p.m = NewMachine(p.cfg)
	p.cfg = p.cfg.withDefaults()
	p.m.Connected(p.now)
	p.tellRate()
	begin := p.next()
	if begin&1 == 0 {
		p.m.Started(p.now)
	}
	if begin&2 == 0 { // most programs are about a session that is bound
		p.take(0)
		p.report()
		p.answer(0, pdu.ESME_ROK, 0)
	}
	p.collect()
	for len(p.code) > 0 && !p.m.Done() && p.wrong == nil {
		p.step(p.next())
		p.collect()
	}
	if begin&1 != 0 {
		p.m.Started(p.now)
		p.collect()
	}
	p.windUp()
	p.add(fact{kind: factEnd, must: !p.torn && !p.dead && !p.m.timers.aborted})
	return p.cfg, p.facts, p.wrong
}

func (p *program) next() byte {
	if len(p.code) == 0 {
		return 0
	}
	b := p.code[0]
	p.code = p.code[1:]
	return b
}

func (p *program) config() Config {
	a, b, c := p.next(), p.next(), p.next()
	cfg := Config{
		Window: 1 + int(a&7), Queue: 1 + int(a>>3&7), EnquireLinkLimit: 3 * time.Second, EnquireLinkRespLimit: 2 * time.Second,
		ResponseLimit: time.Duration(1+b&7) * time.Second, SessionInitLimit: 10 * time.Second, UnbindLimit: time.Duration(1+b>>3&3) * time.Second,
	}
	if a&0x40 != 0 {
		cfg.Mode = Manual
	}
	if a&0x80 != 0 {
		cfg.TPS = 3
	}
	if b&0x20 != 0 {
		cfg.InactivityLimit = 5 * time.Second
	}
	if b&0x40 != 0 {
		cfg.EnquireLinkLimit, cfg.UnbindLimit = Infinity, Infinity
	}
	cfg.RetryThrottled = int(c >> 3 & 3)
	if c>>5 == 1 {
		cfg.StalledLimit = 2500 * time.Millisecond
	}
	if c == 0xFF {
		cfg.Automatic = AutoNone
	}
	if c&7 == 7 {
		cfg.NoAutoReply = true
	}
	return cfg
}

func (p *program) name(kind string) string {
	p.names++
	return fmt.Sprintf("%s%d", kind, p.names)
}

func (p *program) add(f fact) { p.facts = append(p.facts, f) }

func (p *program) since() time.Duration { return p.m.at(p.now) }

// step runs one instruction. The low bits say which, the high bits how.
func (p *program) step(op byte) {
	how := op >> 5
	switch op & 31 {
	case 0, 1:
		p.send(request, how == 7)
	case 2:
		p.send(waited, how == 7)
	case 3:
		p.send(message, false)
	case 4:
		p.cancel(how)
	case 5, 6:
		p.answer(how, pdu.ESME_ROK, 0)
	case 7:
		p.answer(how, pdu.ESME_RSUBMITFAIL, 0)
	case 8:
		p.answer(how, pdu.ESME_RINVCMDID, pdu.CmdGenericNack)
	case 9:
		p.answer(how, pdu.ESME_ROK, pdu.CmdQuerySMResp)
	case 10:
		p.fromPeer(headerWith(pdu.CmdSubmitSMResp, uint32(how)*0x10000000))
	case 11, 12:
		p.request(pdu.CmdDeliverSM)
	case 13:
		p.request(pdu.CmdEnquireLink)
	case 14:
		p.request(0x00010209) // unknown
	case 15:
		switch {
		case how <= 5: // the SMSC has too much
			p.answer(how, pdu.ESME_RTHROTTLED, 0)
		case p.next() < 0x40:
			p.request(pdu.CmdUnbind)
		}
	case 16:
		p.arrive(int(how)*7 + 1)
	case 17, 18:
		p.arrive(len(p.stream))
	case 19, 20:
		p.handle(how)
	case 21:
		p.replyTo(how)
	case 22:
		p.take(0)
		p.report()
	case 23:
		p.take(0)
	case 24:
		p.report()
	case 25:
		switch {
		case how <= 2:
			p.answer(how, pdu.ESME_RMSGQFUL, 0)
		case how <= 5:
			p.answerCongested(how, p.next())
		case p.next() < 0x40:
			p.take(1 + int(p.next()))
		}
	case 26:
		p.pass(time.Duration(how+1) * 400 * time.Millisecond)
	case 27:
		if p.next() < 0x30 { // else few programs would come far
			p.stopIt(how)
		}
	case 28:
		p.m.Busy(true)
	case 29:
		p.m.Busy(false)
	case 30:
		p.hangUp()
	case 31:
		p.flushAndSettle()
	}
}

func buildPDU(id pdu.CommandID, seq uint32, f pdu.Field, value string) *pdu.PDU {
	cmd, _ := pdu.CommandByID(id)
	b := pdu.NewBuilder(cmd)
	b.SetSequence(seq)
	if value != "" {
		b.SetString(f, value)
	}
	return b.Build()
}

func headerWith(id pdu.CommandID, seq uint32) []byte {
	p := headerOnly(id, pdu.ESME_ROK)
	p.SetSequence(seq)
	return p.AppendTo(nil)
}

func (p *program) send(c class, invalid bool) {
	name := p.name("out")
	out := buildPDU(pdu.CmdSubmitSM, 0, pdu.FieldDestinationAddr, name)
	switch {
	case invalid:
		out = buildPDU(pdu.CmdSubmitSM, 0, pdu.FieldDestinationAddr, name+strings.Repeat(".", 30))
	case c == message:
		out = buildPDU(pdu.CmdAlertNotification, 0, pdu.FieldSourceAddr, name)
	}
	var w *Waiter
	if c == waited {
		if invalid {
			return // the session checks before it lets anybody wait
		}
		w = newWaiter()
		p.waiters[w] = name
	}
	p.invalid[name] = invalid
	queued := p.m.queue.len()
	p.accept(fact{name: name, class: c, queued: queued}, func() error {
		err := p.m.Send(p.now, out, w)
		if err == nil {
			p.queue = append(p.queue, name)
			if w != nil {
				p.waiting = append(p.waiting, w)
			}
		}
		return err
	})
}

// accept calls fn, after which facts may come at once, and writes down whether it accepted.
func (p *program) accept(f fact, fn func() error) {
	f.kind = factAccept
	at := len(p.facts)
	p.add(f)
	if err := fn(); err != nil {
		var e *Error
		errors.As(err, &e)
		p.facts[at].kind, p.facts[at].code = factRefuse, e.Code
	}
	p.collect()
}

func (p *program) cancel(which byte) {
	switch {
	case which > 5: // the numbers come round: soon, or now
		p.m.window.last = uint32(which-6) * (maxSequence - 1)
		return
	case len(p.waiting) == 0:
		return
	}
	i := int(which) % len(p.waiting)
	w := p.waiting[i]
	p.waiting = slices.Delete(p.waiting, i, i+1)
	name := p.waiters[w]
	far := p.m.Cancel(w)
	p.unqueue(name)
	p.add(fact{kind: factCancel, name: name, far: far})
}

// answer lets the peer answer one of the requests that it has, with the command given, or that which belongs to it.
func (p *program) answer(which byte, status pdu.Status, id pdu.CommandID) {
	if len(p.received) == 0 {
		return
	}
	i := int(which) % len(p.received)
	req := p.received[i]
	resp, _ := req.pdu.CommandID().Response()
	if id == 0 {
		id = resp
	}
	if id == resp || id == pdu.CmdGenericNack {
		p.received = append(p.received[:i:i], p.received[i+1:]...)
	}
	r := headerOnly(id, status)
	r.SetSequence(req.pdu.SequenceNumber())
	p.fromPeer(r.AppendTo(nil))
}

// answerCongested lets the peer take a request, and say how congested it is: SMPP 5.0 §4.8.4.18.
func (p *program) answerCongested(which, congestion byte) {
	at := len(p.stream)
	p.answer(which, pdu.ESME_ROK, 0)
	if len(p.stream) > at {
		tag := pdu.TagCongestionState
		p.stream = append(p.stream, 0, byte(tag>>8), byte(tag), 0, 1, congestion%100) // behind an empty message_id
		p.stream[at+3] += 6
	}
}

func (p *program) request(id pdu.CommandID) {
	p.peerSeq++
	if id == 0x00010209 {
		p.fromPeer([]byte{0, 0, 0, 16, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, byte(p.peerSeq >> 8), byte(p.peerSeq)})
		return
	}
	p.fromPeer(buildPDU(id, p.peerSeq, pdu.FieldSourceAddr, "").AppendTo(nil))
}

func (p *program) fromPeer(octets []byte) { p.stream = append(p.stream, octets...) }

// arrive lets n octets more come from the peer; the whole PDUs among them go into the machine, as the reader does it.
func (p *program) arrive(n int) {
	if p.cut {
		return
	}
	n = min(n, len(p.stream))
	got := p.stream[:n:n]
	for {
		k, _ := pdu.FrameLength(got, defaultMaxPDUSize)
		if k == 0 || k > len(got) {
			break
		}
		p.deliver(got[:k:k])
		got, p.stream = got[k:], p.stream[k:]
	}
}

func (p *program) deliver(octets []byte) {
	in := new(pdu.PDU)
	err := in.Decode(octets)
	refused, retried := "", p.m.counters.Retried
	if p.fails && in.IsResponse() {
		p.report() // before that a late answer could be taken for one to what broke: numbers do not come round so soon elsewhere
	}
	switch {
	case in.IsResponse():
		if o := p.m.window.get(in.SequenceNumber()); o != nil && p.m.canBeAnswered(o) && p.known(&o.pdu) {
			want, _ := o.pdu.CommandID().Response()
			if in.CommandID() == want || in.CommandID() == pdu.CmdGenericNack {
				load := in.CommandStatus() == pdu.ESME_RTHROTTLED || in.CommandStatus() == pdu.ESME_RMSGQFUL
				refused = nameOf(&o.pdu)
				p.add(fact{kind: factAnswer, name: refused, load: load, must: p.m.phase == open && !p.m.stopping(), at: p.since()})
			}
		}
	default:
		work := !p.m.stopping() && in.CommandID() == pdu.CmdDeliverSM
		p.add(fact{kind: factPeer, name: peerName(in.SequenceNumber()), must: work && !p.m.full})
		if work && p.m.full { // it is refused, which is an answer too
			p.add(fact{kind: factOwed, name: peerName(in.SequenceNumber())})
		}
	}
	if err != nil {
		p.m.Unparsed(p.now, in, err)
	} else {
		p.m.Received(p.now, in)
	}
	if p.m.counters.Retried > retried {
		p.queue = append(p.queue, refused) // in front of all that was accepted later
		slices.SortFunc(p.queue, func(a, b string) int { return cmp.Compare(accepted(a), accepted(b)) })
	}
	p.collect()
}

// accepted is the place of a name in the order of acceptance.
func accepted(name string) int {
	n, _ := strconv.Atoi(name[len("out"):])
	return n
}

func peerName(seq uint32) string { return fmt.Sprintf("in%d", seq) }

// known reports whether a PDU is one that the program sent, and not the machine by itself.
func (p *program) known(out *pdu.PDU) bool { return nameOf(out) != "" }

func nameOf(out *pdu.PDU) string {
	switch out.CommandID() {
	case pdu.CmdSubmitSM:
		return strings.TrimRight(out.Str(pdu.FieldDestinationAddr), ".")
	case pdu.CmdAlertNotification:
		return out.Str(pdu.FieldSourceAddr)
	case pdu.CmdDeliverSMResp:
		return strings.TrimRight(out.Str(pdu.FieldMessageID), ".")
	}
	return ""
}

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
			}
		case 3:
			p.replyWith(e.In, true)
		}
		var failed error
		if how == 4 {
			failed = errors.New("boom")
		}
		owed := e.In.command == pdu.CmdDeliverSM && !e.In.answered && !e.In.deferred && p.m.phase < closing &&
			(failed != nil || e.In.invalid || p.m.cfg.auto(AutoReply)) && p.m.cfg.auto(AutoReply)
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
	// Of the write that broke, name those whose octets were not all taken.
	for rest = append(p.taken[:len(p.taken):len(p.taken)], rest...); p.fails && len(rest) > 0; {
		n, _ := pdu.FrameLength(rest, defaultMaxPDUSize)
		if n == 0 || n > len(rest) {
			break
		}
		p.gone(rest[:n], factBroken)
		rest = rest[n:]
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
		p.add(fact{kind: factStopping, code: reason.String(), at: p.since()})
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
			if p.m.cfg.Mode == Manual && f.name == "" {
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
			switch f.kind = factResp; f.code {
			case CodeTimeout:
				f.kind = factTimeout
			case CodeStopped:
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
	if p.m.queue.len() > p.cfg.Queue || len(p.m.retries) > p.cfg.Window {
		p.wrong = fmt.Errorf("O5 broken: %d wait, and %d to go out again; the queue is %d, the window %d", p.m.queue.len(), len(p.m.retries), p.cfg.Queue, p.cfg.Window)
	}
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
	free := m.phase == open && !p.dead && !m.finish.pending && (m.bound || !m.cfg.auto(AutoBind)) && m.tokens == nil && !p.writing && !p.torn
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

// windUp brings the session to its end: the consumer catches up, the peer closes, and time passes.
func (p *program) windUp() {
	if p.writing {
		p.report()
	}
	p.m.Busy(false)
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
	for len(p.inbox) > 0 { // the stop comes after all that
		p.inbox = p.inbox[1:]
	}
}
