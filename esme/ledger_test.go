package esme

import (
	"fmt"
	"time"
)

// fact is one thing that was seen from outside of a machine: by who gave it commands, by its transport, by its
// peer, or by its consumer. A run is a list of facts; a ledger checks it. Each PDU of a run has a name of its own.
type fact struct {
	kind   factKind
	name   string
	class  class
	seq    uint32
	at     time.Duration
	code   string  // of an error; empty: none
	far    Written // of an error
	must   bool    // factPeer: the consumer is to see it. factEnd: no fault of the transport excuses an answer that is missing
	lost   []string
	queued int
}

type factKind uint8

const (
	factAccept  factKind = iota // name, class: Send or Reply accepted it
	factRefuse                  // name, code, queued: it did not
	factDue                     // name, at: it left the queue, the limit for its response begins
	factTaken                   // name, seq, at: the transport took all octets of it
	factBroken                  // name: it was in the write that broke, and not all of it was taken
	factAnswer                  // name: the peer's response to it has come
	factResult                  // name, code, far: its send result
	factResp                    // name: it ended by a response
	factTimeout                 // name, at, code: it ended by the limit
	factFail                    // name, code, far: somebody waited for it and got an error
	factCancel                  // name, far: who waited for it does not any more
	factPeer                    // name, must: the peer's request has come
	factSeen                    // name: the consumer is given it
	factOwed                    // name: the consumer is through with it, an answer is due
	factReplied                 // name: the transport took an answer to it
	factPause                   // at
	factResume                  // at
	factStop                    // lost
	factEnd                     // must: of the run
)

type class uint8

const (
	request class = iota // expects a response
	waited               // expects a response, for somebody who waits
	message              // has no response
	reply
)

// entry is what a ledger knows of a PDU.
type entry struct {
	fact
	order     int // of acceptance
	taken     bool
	takenAt   int // the place in the order of what was taken
	due       time.Duration
	broken    bool
	answered  bool
	resulted  bool
	refused   bool
	ended     bool
	cancelled bool
}

// ledger is the contract as a model: it keeps one line for each PDU, and knows no protocol.
type ledger struct {
	window        int           // the limits that the machine was given
	responseLimit time.Duration //
	queue         int

	lines    map[string]*entry
	order    []*entry // as accepted
	sent     []*entry // as taken
	inFlight map[uint32]*entry
	resulted map[bool]int // replies, others: the order of the last one with a result
	reported int          // how many of sent have their result, or need none

	peer     map[string]*entry
	arrived  int
	seen     int // the order of the last one that was seen
	pausedAt time.Duration
	paused   bool
	stopped  bool
}

// check returns what in the facts breaks the contract, with the rule's name first; nil if nothing does.
func check(cfg Config, facts []fact) error {
	l := ledger{window: cfg.Window, responseLimit: cfg.ResponseLimit, queue: cfg.Queue,
		lines: map[string]*entry{}, inFlight: map[uint32]*entry{}, resulted: map[bool]int{}, peer: map[string]*entry{}}
	for i, f := range facts {
		if err := l.enter(f); err != nil {
			return fmt.Errorf("fact %d, %s %s: %w", i, factNames[f.kind], f.name, err)
		}
	}
	return nil
}

var factNames = [...]string{"accept", "refuse", "due", "taken", "broken", "answer", "result", "resp", "timeout", "fail", "cancel",
	"peer", "seen", "owed", "replied", "pause", "resume", "stop", "end"}

func broken(rule, format string, args ...any) error {
	return fmt.Errorf("%s broken: "+format, append([]any{rule}, args...)...)
}

func (l *ledger) enter(f fact) error {
	e := l.lines[f.name]
	switch f.kind {
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
		if f.code == CodeQueueFull && f.queued < l.queue {
			return broken("O5", "queue_full with %d of %d waiting", f.queued, l.queue)
		}
		return nil
	case factPeer:
		l.arrived++
		l.peer[f.name] = &entry{fact: f, order: l.arrived}
		return nil
	case factSeen, factOwed, factReplied:
		return l.incoming(f)
	case factPause:
		l.paused, l.pausedAt = true, f.at
		return nil
	case factResume:
		if l.paused {
			for _, e := range l.order {
				if e.due > 0 && !e.ended {
					e.due += f.at - max(l.pausedAt, e.due-l.responseLimit)
				}
			}
		}
		l.paused = false
		return nil
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
		e.due = f.at + l.responseLimit
	case factTaken:
		return l.take(e, f)
	case factBroken:
		e.broken = true
	case factAnswer:
		e.answered = e.taken || e.broken
	case factResult:
		return l.result(e, f)
	case factCancel:
		if f.far == WrittenNever && e.taken || f.far == WrittenYes && !e.taken {
			return broken("O4", "who waited is told %q; taken: %t", f.far, e.taken)
		}
		e.cancelled = true
	default:
		return l.end(e, f)
	}
	return nil
}

func (l *ledger) take(e *entry, f fact) error {
	switch {
	case e.taken:
		return broken("O4", "it went out twice")
	case e.ended || e.refused:
		return broken("O4", "it went out after its end")
	}
	for _, other := range l.sent {
		if (other.class == reply) == (e.class == reply) && other.order > e.order {
			return broken("O2", "it went out after %s, which was accepted later", other.name)
		}
	}
	e.taken, e.takenAt, e.seq = true, len(l.sent), f.seq
	l.sent = append(l.sent, e)
	if e.class == request || e.class == waited {
		if f.seq == 0 || f.seq > maxSequence {
			return broken("O4", "sequence_number %d", f.seq)
		}
		if other := l.inFlight[f.seq]; other != nil {
			return broken("O4", "sequence_number %d is that of %s, which is in flight", f.seq, other.name)
		}
		l.inFlight[f.seq] = e
		if l.window > 0 && len(l.inFlight) > l.window {
			return broken("O5", "%d in flight, the window is %d", len(l.inFlight), l.window)
		}
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
	case l.resulted[e.class == reply] > e.order:
		return broken("O2", "a send result after that of a later one")
	case f.code == "" && !e.taken:
		return broken("O4", "said to be written, and was not")
	}
	l.resulted[e.class == reply] = e.order
	e.resulted = true
	if f.code != "" {
		e.refused = true
		return l.truth(e, f.far)
	}
	for ; l.reported < e.takenAt; l.reported++ { // all that went out before has its result
		if other := l.sent[l.reported]; other.class != waited && !other.resulted {
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
	case f.kind == factResp && !e.answered:
		return broken("O4", "a response, and the peer gave none")
	case f.kind == factTimeout && e.answered:
		return broken("O4", "a timeout, and the peer has answered")
	case f.kind == factTimeout && (l.paused || f.at < e.due):
		return broken("O4", "a timeout at %v, it was due at %v", f.at, e.due)
	case f.kind == factFail && e.class != waited:
		return broken("O4", "nobody waited")
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
	e.ended = true
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

func (l *ledger) stop(f fact) error {
	if l.stopped {
		return broken("O1", "a second stop")
	}
	l.stopped = true
	var want []string
	for _, e := range l.sent {
		if e.class == request && !e.ended && !e.refused {
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
