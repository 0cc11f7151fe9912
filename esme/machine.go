package esme

import (
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/esmehost/esmehost/pdu"
)

// Machine is the protocol of one session, from the connected transport to its end. Facts (Connected,
// Received, Written, ...) and commands (Send, Reply, Stop, ...) go in, each with the time; what is to
// be done comes out: TakeOutput, TakeEvents, Deadline, CloseWanted. It is not safe for concurrent use.
type Machine struct {
	identity *identity
	cfg      Config
	epoch    time.Time // all instants inside are offsets from here
	phase    phase
	bound    bool
	boundAt  time.Duration
	mode     Mode // of the accepted bind

	reason   Reason // why the session stops; set once
	finish   finish // what ends the session when the events before it are handled
	gone     bool   // the transport has ended
	deaf     bool   // nothing more is read
	writeErr error

	// sending
	out       []byte // octets to write next
	link      []byte // link checks, which go out before them
	pings     []ping // the own ones in there whose fate is told
	handed    int64  // stream position behind the octets that TakeOutput gave away
	confirmed int64  // stream position up to which the transport took them
	writing   bool   // TakeOutput's octets are not yet reported by Written
	marks     fifo[*outgoing]
	queue     fifo[*outgoing]
	queued    int         // octets in there
	retries   []*outgoing // refused for the SMSC's load; they go out before the queue
	accepted  uint64      // requests so far
	window    window
	throttle  throttle
	tokens    *rate.Limiter

	full     bool   // the consumer has no room for requests of the peer
	held     bool   // nor for what became of its own PDUs
	given    uint64 // events of the peer's requests so far, ...
	handled  uint64 // those that the consumer is through with, in their order, ...
	owed     uint64 // and up to which it was to be when a stop came
	timers   timers
	deferred deferrals
	events   []Event
	notes    int // pending EventNotes
	counters Counters
}

// ping is an enquire_link that waits in Machine.link, and where in there it ends. Its place in the stream is known
// when it is taken from there; until then it ends notYet.
type ping struct {
	o   *outgoing
	end int
}

const notYet = math.MaxInt64

type phase uint8

const (
	opening   phase = iota // connected, Init runs
	open                   // Init is done
	draining               // a stop waits for what is in flight
	unbinding              // own unbind is out
	closing                // the last octets go out, then the transport is closed
	closed
)

// finish is an end that the peer caused: it takes effect when all that came before it is handled.
type finish struct {
	pending bool
	reason  Reason
	unbind  bool // the peer's unbind wants an answer
	seq     uint32
}

// maxOut is how many octets may wait for the transport before requests stay in the queue; maxMarks how many PDUs
// may, of which those that will be refused have none.
const (
	maxOut   = 256 << 10
	maxMarks = 16 << 10
)

// NewMachine returns a machine for one session.
func NewMachine(cfg Config) *Machine {
	m := &Machine{cfg: cfg.withDefaults(), identity: new(identity)}
	m.setRate(0, false)
	return m
}

func (m *Machine) at(now time.Time) time.Duration { return now.Sub(m.epoch) }

// Connected says that the transport is up and Init is about to run.
func (m *Machine) Connected(now time.Time) {
	m.epoch = now
	m.timers.start(&m.cfg)
}

// Busy says whether the consumer has as much of what the peer sent before it as it may. Then requests of the peer
// are refused: it keeps them, and sends them again. Responses and link checks go on as ever.
func (m *Machine) Busy(full bool) { m.full = full }

// Started says that Init accepted the session: the bind goes out.
func (m *Machine) Started(now time.Time) {
	t := m.at(now)
	if m.phase == opening {
		m.phase = open
		if !m.finish.pending && m.cfg.auto(AutoBind) {
			m.sendBind(t)
		}
	}
	m.pump(t)
}

// Stop ends the session in order: nothing new is accepted; requests in flight and in the queue, and those of the peer that
// were handed over, get UnbindLimit; then unbind, then the transport is closed. What waits for a bind that is not out is
// refused, for none goes out any more. The first reason wins.
func (m *Machine) Stop(now time.Time, reason Reason) {
	if m.stopping() {
		return
	}
	t := m.at(now)
	m.reason = reason
	m.phase = draining
	m.owed = m.given
	m.settleRetries()
	m.timers.drain = due(t, m.cfg.UnbindLimit)
	m.pump(t)
}

// Abort ends the session without drain or unbind.
func (m *Machine) Abort(now time.Time, reason Reason) {
	if m.reason.Kind == "" {
		m.reason = reason
	}
	t := m.at(now)
	m.close(t)
	m.pump(t)
}

// stopping reports whether nothing new is accepted any more.
func (m *Machine) stopping() bool { return m.phase >= draining || m.finish.pending }

// close lets the last octets out, then the transport is closed.
func (m *Machine) close(t time.Duration) {
	if m.phase < closing {
		m.failDeferred()
		m.phase = closing
		m.settleRetries()
		m.timers.drain, m.timers.unbind = never, never
		m.timers.close = due(t, m.cfg.UnbindLimit)
	}
}

// finishLater ends the session because of the peer, as soon as the consumer has handled the events
// that are before it (order O3), so that their answers still go out.
func (m *Machine) finishLater(f finish) {
	if m.finish.pending || m.phase >= closing {
		return
	}
	f.pending = true
	m.finish = f
	m.settleRetries()
	m.emit(Event{Kind: EventFinish})
}

// Finish is the consumer's word that it has come to EventFinish.
func (m *Machine) Finish(now time.Time) {
	if !m.finish.pending || m.phase >= closing {
		return
	}
	t := m.at(now)
	if m.reason.Kind == "" {
		m.reason = m.finish.reason
	}
	m.failDeferred() // the peer counts on no answer after that to its unbind
	if m.finish.unbind {
		m.answer(pdu.CmdUnbindResp, pdu.ESME_ROK, m.finish.seq)
	}
	m.close(t)
	m.pump(t)
}

// EndOfStream says that the peer closed its side (FIN) after whole PDUs.
func (m *Machine) EndOfStream(now time.Time) {
	m.gone = true
	m.finishLater(finish{reason: Reason{Kind: KindSocketClosed}})
	m.hangUp()
	m.pump(m.at(now))
}

// ParseError says that the stream cannot be cut into PDUs any more. The peer is told.
func (m *Machine) ParseError(now time.Time, err error) {
	if m.phase >= closing {
		return
	}
	m.counters.ParseErrors++
	if m.cfg.auto(AutoNack) {
		m.answer(pdu.CmdGenericNack, pdu.ESME_RINVCMDLEN, 0)
	}
	m.finishLater(finish{reason: Reason{Kind: KindParseError, Detail: err.Error()}})
	m.hangUp()
}

// hangUp tells who waits for a response that none can come any more, for nothing more is read. It must not wait for
// the end of the session: who waits may be a callback, and the session does not end before that returns. Those whose
// request is on its way are told as soon as it is known how far it got.
func (m *Machine) hangUp() {
	m.deaf = true
	for o := m.window.head; o != nil; {
		next := o.next
		if w := m.waiterOf(o); w != nil && (o.end <= m.confirmed || m.writeErr != nil) {
			m.window.remove(o)
			o.hungUp = true
			switch got := m.got(o); {
			case o.refusedOnly(got):
				m.refusedFor(o)
			default:
				if got == WrittenYes {
					m.counters.Lost++
				}
				m.emit(Event{Kind: EventAnswer, waiter: w, Err: errOvertaken(m.finish.reason, got)})
			}
		}
		o = next
	}
	m.unqueue(func(o *outgoing) bool {
		waits := m.waiterOf(o) != nil
		if waits {
			m.refuse(o, errOvertaken(m.finish.reason, WrittenNever))
		}
		return waits
	})
}

// Lost says that the transport is gone: nothing can be read or written any more.
func (m *Machine) Lost(now time.Time, reason Reason) {
	m.gone = true
	if m.reason.Kind == "" {
		m.reason = reason
		if m.finish.pending {
			m.reason = m.finish.reason
		}
	}
	m.deferred = nil // no answer can go out any more
	t := m.at(now)
	m.close(t)
	m.pump(t)
}

// Written says how many of the octets of the last TakeOutput the transport took, and the error that
// kept it from taking the rest.
func (m *Machine) Written(now time.Time, n int, err error) {
	m.writing = false
	m.confirmed += int64(n)
	t := m.at(now)
	m.confirm(t, m.confirmed)
	if err != nil && m.writeErr == nil {
		m.writeErr = err
	}
	if m.deaf && m.phase < closing {
		m.hangUp()
	}
	m.pump(t)
}

// tryFinalise settles what is left once nothing can change it: the transport has ended in both
// directions and the last write is reported.
func (m *Machine) tryFinalise() {
	if m.phase != closing || !m.gone || m.writing || (m.OutputLen() > 0 && m.writeErr == nil && !m.timers.aborted) {
		return
	}
	m.finalise()
}

// got says how far o, which the machine has put out, got.
func (m *Machine) got(o *outgoing) Written {
	switch {
	case o.end <= m.confirmed:
		return WrittenYes
	case o.start() < m.confirmed:
		return WrittenUnknown // the write broke in it
	}
	return WrittenNever
}

// Kill settles what is left without waiting for output: the transport has been closed by force.
func (m *Machine) Kill(now time.Time) {
	m.timers.aborted = true
	m.Lost(now, Reason{Kind: KindSocketError, Detail: "closed"})
}

// errOvertaken is the error of what was accepted and that the end of the session overtook.
func errOvertaken(r Reason, w Written) *Error {
	return &Error{Code: CodeStopped, Message: r.String(), Written: w, Retryable: w == WrittenNever}
}

// refusedOnly reports whether o went out before and was refused for load, and its next sending got no further: that
// refusal is its end.
func (o *outgoing) refusedOnly(got Written) bool { return o.reported && got == WrittenNever }

func (m *Machine) finalise() {
	m.phase = closed
	m.out, m.link = nil, nil
	for m.marks.len() > 0 {
		o := m.marks.pop()
		if o.err != nil {
			m.refuse(o, o.err)
			continue
		}
		w := m.got(o)
		switch {
		case o.hungUp:
			continue
		case o.refusedOnly(w):
			m.window.remove(o)
			m.refusedFor(o)
			continue
		case o.reported:
			continue // lost
		}
		m.window.remove(o)
		m.refuse(o, errOvertaken(m.reason, w))
	}
	for _, p := range m.pings {
		m.window.remove(p.o)
		m.refuse(p.o, errOvertaken(m.reason, WrittenNever))
	}
	m.pings = nil
	for m.queue.len() > 0 {
		m.refuse(m.queue.pop(), errOvertaken(m.reason, WrittenNever))
	}
	var lost []*pdu.PDU
	for o := m.window.head; o != nil; o = o.next {
		if o.role != roleRequest {
			continue
		}
		m.counters.Lost++
		if w := m.waiterOf(o); w != nil {
			m.emit(Event{Kind: EventAnswer, waiter: w, Err: errOvertaken(m.reason, WrittenYes)})
		} else {
			lost = append(lost, &o.pdu)
		}
	}
	m.emit(Event{Kind: EventStop, Stop: &Stop{Reason: m.reason, Lost: lost}})
}

// TakeOutput hands over the octets to write; spare becomes the next buffer. Each non-empty take is
// answered by one Written.
func (m *Machine) TakeOutput(spare []byte) []byte {
	if m.writing || m.OutputLen() == 0 || m.writeErr != nil {
		return nil
	}
	b := m.out
	if len(m.link) > 0 {
		for i := range m.marks.len() { // all of them are still to go
			m.marks.at(i).end += int64(len(m.link))
		}
		for _, p := range slices.Backward(m.pings) {
			p.o.end = m.handed + int64(p.end)
			m.marks.unpop(p.o)
		}
		b = append(m.link, b...)
		m.link, m.pings = nil, nil
	}
	m.out = spare[:0]
	m.handed += int64(len(b))
	m.writing = true
	return b
}

// OutputLen is the number of octets that wait to be written.
func (m *Machine) OutputLen() int { return len(m.link) + len(m.out) }

// TakeEvents appends the events since the last call to dst.
func (m *Machine) TakeEvents(dst []Event) []Event {
	dst = append(dst, m.events...)
	clear(m.events)
	m.events = m.events[:0]
	m.notes = 0
	return dst
}

// CloseWanted reports that the transport is to be closed: half (the peer's end is still awaited) or,
// with force, at once.
func (m *Machine) CloseWanted() (half, force bool) {
	if m.phase == closed || m.timers.aborted {
		return false, true
	}
	if m.phase != closing || m.writing || (m.OutputLen() > 0 && m.writeErr == nil) {
		return false, false
	}
	return true, m.gone || m.writeErr != nil
}

// Done reports that all is settled and EventStop has been emitted.
func (m *Machine) Done() bool { return m.phase == closed }

func (m *Machine) emit(e Event) { m.events = append(m.events, e) }

// hand gives the consumer a request of the peer. It says by Handled, or by Nack, that it is through with it.
func (m *Machine) hand(e Event) {
	m.given++
	m.emit(e)
}

// note reports something that no callback is for. They are bounded: a peer that floods costs counters only.
func (m *Machine) note(format string, args ...any) {
	if m.notes++; m.notes <= 16 {
		m.emit(Event{Kind: EventNote, Note: fmt.Sprintf(format, args...)})
	}
}
