package esme

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// entry is what a ledger knows of a PDU.
type entry struct {
	fact
	order     int // of acceptance
	taken     bool
	takenAt   int // the place in the order of what was taken
	dueAt     int // and in that of what left the queue
	window    int // when it did
	due       time.Duration
	free      bool
	broken    bool
	answered  bool
	tries     int  // how often it was refused for the peer's load, and was to be sent again
	again     bool // it waits for that
	over      bool // ... and the refusal is its end: the session ends
	pending   bool // it left the queue again, and was not taken yet
	resulted  bool
	refused   bool
	ended     bool
	cancelled bool
	left      bool // who waited for it is gone: it is the handler's
}

// ledger is the contract as a model: it keeps one line for each PDU, and knows no protocol.
type ledger struct {
	window        int           // the limits that the machine was given
	responseLimit time.Duration //
	queue         int
	retry         int
	stalledLimit  time.Duration
	unbindLimit   time.Duration
	replies       bool // every request of the peer is answered

	lines    map[string]*entry
	order    []*entry // as accepted
	sent     []*entry // as first taken
	takes    int
	dues     int
	lastDue  int // dueAt of the last request or message that was taken
	inFlight map[uint32]*entry
	resulted map[bool]int // replies, others: the order of the last one with a result
	reported int          // how many of sent have their result, or need none

	peer     map[string]*entry
	arrived  int
	seen     int // the order of the last one that was seen
	stopping bool
	stopAt   time.Duration
	drainFor time.Duration // the unbind_limit then
	stopped  bool
	held     bool

	bucket
	word    bool          // the peer said that it has too much, the next fact shows what that led to
	cut     int           // dues at the last such word
	stalled bool          // requests are out, and none is answered ...
	since   time.Duration // ... since then
}

// check returns what in the facts breaks the contract, with the rule's name first; nil if nothing does.
func check(cfg Config, facts []fact) error {
	l := ledger{window: cfg.Window, responseLimit: cfg.ResponseLimit, queue: cfg.Queue, retry: cfg.RetryThrottled, stalledLimit: cfg.StalledLimit,
		unbindLimit: cfg.UnbindLimit, replies: cfg.auto(AutoReply) && !cfg.NoAutoReply,
		lines: map[string]*entry{}, inFlight: map[uint32]*entry{}, resulted: map[bool]int{}, peer: map[string]*entry{}}
	for i, f := range facts {
		if err := l.enter(f); err != nil {
			return fmt.Errorf("fact %d, %s %s: %w", i, factNames[f.kind], f.name, err)
		}
	}
	return nil
}

func broken(rule, format string, args ...any) error {
	return fmt.Errorf("%s broken: "+format, append([]any{rule}, args...)...)
}

func (l *ledger) enter(f fact) error {
	e := l.lines[f.name]
	if l.word && f.kind != factRate && l.rate == 0 {
		return broken("throttle", "the peer has too much, and nothing slows down")
	}
	l.word = false
	switch f.kind {
	case factRate:
		l.set(f)
		return nil
	case factHold:
		l.held = f.on
		return nil
	case factTune:
		l.tune(f)
		return nil
	case factStopping:
		l.stopping, l.stopAt, l.drainFor = true, f.at, l.unbindLimit
		for _, e := range l.order {
			e.over = e.again && slices.Contains(f.lost, e.name)
		}
		if f.code == "timers: stalled" && (!l.stalled || f.at < l.since+l.stalledLimit) {
			return broken("stalled_limit", "stopped at %v; requests without an answer: %t, since %v", f.at, l.stalled, l.since)
		}
		return nil
	case factAccept:
		if e != nil {
			return broken("test", "a name twice")
		}
		if l.stopped {
			return broken("O1", "accepted after the stop")
		}
		e = &entry{fact: f, order: len(l.order) + 1}
		l.lines[f.name], l.order = e, append(l.order, e)
		return nil
	case factRefuse:
		if f.code == CodeQueueFull && f.class == reply && !l.held {
			return broken("O5", "a reply is refused, and nothing holds it up")
		}
		if f.code == CodeQueueFull && f.class != reply && f.queued < l.queue {
			return broken("O5", "queue_full with %d of %d waiting", f.queued, l.queue)
		}
		return nil
	case factPeer:
		l.arrived++
		l.peer[f.name] = &entry{fact: f, order: l.arrived}
		return nil
	case factUnbind:
		return l.unbind(f)
	case factSeen, factOwed, factReplied:
		return l.incoming(f)
	case factStop:
		return l.stop(f)
	case factEnd:
		return l.close(f)
	}
	if e == nil {
		return broken("O4", "nobody was told that it is accepted")
	}
	if l.stopped && f.kind != factCancel {
		return broken("O1", "after the stop")
	}
	switch f.kind {
	case factDue:
		return l.leave(e, f)
	case factTaken:
		return l.take(e, f)
	case factBroken:
		e.broken = true
	case factAnswer:
		l.answer(e, f)
	case factResult:
		return l.result(e, f)
	case factCancel:
		if f.far == WrittenNever && e.taken || f.far == WrittenYes && !e.taken {
			return broken("O4", "who waited is told %q; taken: %t", f.far, e.taken)
		}
		e.cancelled, e.ended, e.again = true, e.again, false // what waits to be sent again is dropped
	case factLeft:
		e.class, e.left = request, true
	default:
		return l.end(e, f)
	}
	return nil
}

// leave takes what leaves the queue, for the first time or once more.
func (l *ledger) leave(e *entry, f fact) error {
	if l.held && e.class != waited && !e.again {
		return broken("O5", "it leaves the queue, and the handler has too much before it already")
	}
	if e.free = f.free; e.free {
		return nil
	}
	if e.taken && !e.again || e.over {
		return broken("O4", "it leaves the queue twice")
	}
	for _, other := range l.order {
		if other.again && !other.over && other.order < e.order {
			return broken("O2", "it goes out before %s, which is older and to be sent again", other.name)
		}
	}
	if !l.bucket.take(f.at) {
		return broken("tps", "more goes out than %.2f a second", l.rate)
	}
	if l.stalled && l.stalledLimit > 0 && f.at > l.since+l.stalledLimit {
		return broken("stalled_limit", "it goes out at %v; no answer since %v", f.at, l.since)
	}
	if !l.stalled && e.class != message {
		l.stalled, l.since = true, f.at
	}
	l.dues++
	e.dueAt, e.window = l.dues, l.window
	e.pending, e.again, e.answered = true, false, false
	return nil
}

// answer takes the peer's answer to a request.
func (l *ledger) answer(e *entry, f fact) {
	e.answered = e.taken && !e.pending || e.broken
	l.word = f.load && e.dueAt > l.cut
	if l.word {
		l.cut = l.dues
	}
	if f.load && f.must && e.tries < l.retry && !e.ended && !e.cancelled {
		e.tries++
		e.again = true
		delete(l.inFlight, e.seq)
	}
	if e.cancelled { // nobody hears of it
		e.ended = true
		delete(l.inFlight, e.seq)
	}
	l.stalled, l.since = l.flying(e), f.at
}

// tune takes limits that hold from now on.
func (l *ledger) tune(f fact) {
	if f.cfg.StalledLimit != l.stalledLimit {
		l.stalled, l.since = l.flying(nil), f.at
	}
	l.window, l.queue, l.retry = f.cfg.Window, f.cfg.Queue, f.cfg.RetryThrottled
	l.responseLimit, l.stalledLimit, l.unbindLimit = f.cfg.ResponseLimit, f.cfg.StalledLimit, f.cfg.UnbindLimit
	for _, e := range l.inFlight {
		e.due = min(e.due, f.at+l.responseLimit)
	}
}

// flying reports whether requests but this one are out.
func (l *ledger) flying(but *entry) bool {
	return slices.ContainsFunc(l.order, func(e *entry) bool { return e != but && e.flies() })
}

// flies reports whether the request is out, and has not ended.
func (e *entry) flies() bool {
	return e.dueAt > 0 && e.class != message && !e.again && !e.ended && !e.refused
}

func (l *ledger) take(e *entry, f fact) error {
	switch {
	case e.taken && !e.pending:
		return broken("O4", "it went out twice")
	case e.ended || e.refused:
		return broken("O4", "it went out after its end")
	case e.class != reply && e.dueAt < l.lastDue:
		return broken("O2", "it went out after what left the queue later")
	case e.taken:
		if e.seq != f.seq {
			return broken("O4", "its sequence_number was %d, and is %d", e.seq, f.seq)
		}
		l.lastDue = e.dueAt
		return l.fly(e, f.at)
	}
	for _, other := range l.order {
		if other.again && other.seq == f.seq {
			return broken("O4", "sequence_number %d is that of %s, which is to be sent again", f.seq, other.name)
		}
	}
	for _, other := range l.sent {
		if (other.class == reply) == (e.class == reply) && other.order > e.order {
			return broken("O2", "it went out after %s, which was accepted later", other.name)
		}
	}
	e.seq = f.seq
	l.sent = append(l.sent, e)
	if e.class != reply {
		l.lastDue = e.dueAt
	}
	return l.fly(e, f.at)
}

// fly puts a request that was taken among those in flight.
func (l *ledger) fly(e *entry, at time.Duration) error {
	e.due = at + l.responseLimit
	e.taken, e.pending = true, false
	l.takes++
	e.takenAt = l.takes
	if e.class != request && e.class != waited {
		return nil
	}
	if e.seq == 0 || e.seq > maxSequence {
		return broken("O4", "sequence_number %d", e.seq)
	}
	if other := l.inFlight[e.seq]; other != nil {
		return broken("O4", "sequence_number %d is that of %s, which is in flight", e.seq, other.name)
	}
	l.inFlight[e.seq] = e
	if e.window > 0 && len(l.inFlight) > e.window {
		return broken("O5", "%d in flight, the window is %d", len(l.inFlight), e.window)
	}
	return nil
}

func (l *ledger) result(e *entry, f fact) error {
	switch {
	case e.class == waited:
		return broken("O4", "a send result for who waits")
	case e.resulted:
		return broken("O4", "a second send result")
	case e.ended:
		return broken("O2", "a send result after the end")
	case l.resulted[e.class == reply] > e.order && !e.left:
		return broken("O2", "a send result after that of a later one")
	case f.code == "" && !e.taken:
		return broken("O4", "said to be written, and was not")
	}
	e.resulted = true
	if e.left { // it may come late
		e.refused = f.code != ""
		if e.refused {
			return l.truth(e, f.far)
		}
		return nil
	}
	l.resulted[e.class == reply] = e.order
	if f.code != "" {
		e.refused = true
		return l.truth(e, f.far)
	}
	for ; l.reported < len(l.sent) && l.sent[l.reported] != e; l.reported++ { // all that went out before has its result
		if other := l.sent[l.reported]; other.class != waited && !other.left && !other.resulted {
			return broken("O2", "a send result before that of %s, which went out before", other.name)
		}
	}
	return nil
}

// truth checks what an error says about how far the PDU got.
func (l *ledger) truth(e *entry, far Written) error {
	ok := false
	switch far {
	case WrittenYes:
		ok = e.taken
	case WrittenNever:
		ok = !e.taken && !e.broken
	case WrittenUnknown:
		ok = e.broken && !e.taken
	}
	if !ok {
		return broken("O4", "its error says %q; taken: %t, in the write that broke: %t", far, e.taken, e.broken)
	}
	return nil
}

// end takes one of the ends of a request: response, timeout, or an error for who waits.
func (l *ledger) end(e *entry, f fact) error {
	switch {
	case e.class == reply || e.class == message:
		return broken("O4", "an end, and it is no request")
	case e.ended:
		return broken("O4", "a second end")
	case e.refused:
		return broken("O4", "an end after its send error")
	case e.class == request && !e.resulted:
		return broken("O2", "an end before the send result")
	case f.kind == factResp && e.again && !l.stopping:
		return broken("retry_throttled", "told of a refusal after which it was to be sent again")
	case f.kind == factResp && !e.answered && !(e.tries > 0 && e.pending && l.stopping && !e.broken):
		return broken("O4", "a response, and the peer gave none")
	case f.kind == factTimeout && e.answered:
		return broken("O4", "a timeout, and the peer has answered")
	case f.kind == factTimeout && f.at < e.due:
		return broken("O4", "a timeout at %v, it was due at %v", f.at, e.due)
	case f.kind == factFail && e.class != waited:
		return broken("O4", "nobody waited")
	case f.kind == factFail && f.code == CodeQueueFull && !l.held:
		return broken("O5", "who waits is turned away, and nothing is held up")
	case f.kind == factTimeout:
		for _, other := range l.inFlight {
			if other.takenAt < e.takenAt {
				return broken("O2", "a timeout before that of %s, which is older", other.name)
			}
		}
	case f.kind == factFail:
		if err := l.truth(e, f.far); err != nil {
			return err
		}
	}
	e.ended, e.again = true, false
	if l.inFlight[e.seq] == e {
		delete(l.inFlight, e.seq)
	}
	return nil
}

// incoming follows a request of the peer.
func (l *ledger) incoming(f fact) error {
	p := l.peer[f.name]
	switch {
	case p == nil:
		return broken("O3", "the peer sent no such request")
	case f.kind == factOwed:
		p.taken = true
	case f.kind == factReplied:
		if p.answered {
			return broken("O4", "a second answer to it")
		}
		p.answered = true
	case l.stopped:
		return broken("O1", "handled after the stop")
	case p.order <= l.seen:
		return broken("O3", "handled twice, or after a later one")
	default:
		l.seen, p.ended = p.order, true
	}
	return nil
}

// unbind is how an own stop goes on when nothing is in hand any more, or the time for it is over.
func (l *ledger) unbind(f fact) error {
	if !l.replies || l.drainFor >= 0 && f.at >= l.stopAt+l.drainFor {
		return nil
	}
	for name, p := range l.peer {
		if p.must && !p.answered {
			return broken("drain", "the unbind goes out before the answer to %s", name)
		}
	}
	return nil
}

func (l *ledger) stop(f fact) error {
	if l.stopped {
		return broken("O1", "a second stop")
	}
	l.stopped = true
	var want []string
	sent := slices.Clone(l.sent)
	slices.SortStableFunc(sent, func(a, b *entry) int { return cmp.Compare(a.dueAt, b.dueAt) })
	for _, e := range sent {
		if e.class == request && !e.ended && !e.refused && !e.again && (!e.pending || e.broken) {
			if !e.resulted {
				return broken("O2", "%s is lost before its send result", e.name)
			}
			want = append(want, e.name)
			e.ended = true
		}
	}
	if fmt.Sprint(f.lost) != fmt.Sprint(want) {
		return broken("O4", "lost are said to be %v, unsettled are %v", f.lost, want)
	}
	for _, p := range l.peer {
		if p.must && !p.ended {
			return broken("O3", "%s came before the stop and was not handled", p.name)
		}
	}
	return nil
}

// close is the end of the books: nothing may be open.
func (l *ledger) close(f fact) error {
	if !l.stopped {
		return broken("O1", "no stop")
	}
	for _, e := range l.order {
		ok := e.refused
		switch e.class {
		case request:
			ok = ok || e.resulted && e.ended
		case waited:
			ok = e.ended || e.cancelled
		default:
			ok = ok || e.resulted
		}
		if !ok {
			return broken("O4", "%s has no end (send result: %t)", e.name, e.resulted)
		}
	}
	for _, p := range l.peer {
		if f.must && p.taken && !p.answered {
			return broken("O4", "%s got no answer", p.name)
		}
	}
	return nil
}
