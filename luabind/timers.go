package luabind

import (
	"sync"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// repeating is a timer that sends its session's handler a message again and again. It belongs to the
// session: a reload does not touch it, the end of the session ends it.
//
// A script may keep one that is over for ever, in a map past the session: nothing hangs on it then.
type repeating struct {
	next func(after time.Time) time.Time // zero: never again

	mu      sync.Mutex
	h       *Handler // nil: it is over
	message vm.Data
	ticks   *delayedMessage // its place among what is to be done later
	due     time.Time
	waiting bool // a message is in the mailbox: the owner has not come to it
	missed  int
	octets  int64 // that the message takes of what may wait
}

// repeat makes a timer that starts now: by start, which arm calls.
func (h *Handler) repeat(now time.Time, next func(after time.Time) time.Time, message vm.Data) (*repeating, error) {
	r := &repeating{h: h, next: next, message: message}
	r.due = next(now)
	if r.due.IsZero() {
		return nil, codeError(CodeInvalid, "the timer would never be due")
	}
	return r, nil
}

// start starts the timer, whose message has its room. It is called with the handler's lock held.
func (r *repeating) start(octets int64) {
	h := r.h
	r.octets = octets
	r.ticks = &delayedMessage{tick: r}
	h.putOff(r.due.Sub(h.bind.now()), r.ticks)
	if h.repeating == nil {
		h.repeating = map[*repeating]struct{}{}
	}
	h.repeating[r] = struct{}{}
}

// admit takes the room of a message that is to come later. It is an error with the code when the session may have no
// timer beside those that it has and more that wait to be started. It is called with the lock held.
func (h *Handler) admit(more int, code string, message vm.Data) (octets int64, err error) {
	if h.over {
		return 0, codeError(esme.CodeStopped, "the session has ended")
	}
	if n := h.bind.opts.Limits.Timers; h.later.messages+len(h.repeating)+more >= n {
		return 0, codeError(code, "%d timers and messages of send_after are on their way already (limits.timers)", n)
	}
	return h.room(message)
}

// arm calls start, with the handler's lock held, if the session may have one more timer and the message its room:
// at once, or, in code_change, when the new code takes over.
func (g *generation) arm(code string, message vm.Data, start func(octets int64)) error {
	h := g.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	octets, err := h.admit(len(g.staged.starts), code, message)
	if err != nil {
		return err
	}
	if g.changes {
		g.staged.starts = append(g.staged.starts, func() { start(octets) })
		g.staged.octets += octets
	} else {
		start(octets)
	}
	return nil
}

// staged is what code_change did to timers. It is done when the new code has taken over for good, or never. The handler's lock
// guards it.
type staged struct {
	starts  []func()
	octets  int64 // of their messages
	cancels map[*repeating]struct{}
}

// cancel notes that the timer is to be cancelled, and reports whether it will have run until then.
func (s *staged) cancel(r *repeating) bool {
	if _, twice := s.cancels[r]; twice {
		return false
	}
	if s.cancels == nil {
		s.cancels = map[*repeating]struct{}{}
	}
	s.cancels[r] = struct{}{}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.h != nil
}

// stages reports whether code_change did something to timers that is not done yet.
func (g *generation) stages() bool {
	h := g.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(g.staged.starts)+len(g.staged.cancels) > 0
}

// unstage takes what is staged, to do it or to forget it.
func (g *generation) unstage() staged {
	s := g.staged
	g.staged = staged{}
	return s
}

// forget undoes what code_change did to timers.
func (g *generation) forget() {
	h := g.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting.Add(-g.unstage().octets)
}

func (g *generation) commit() {
	h := g.handler
	h.mu.Lock()
	s := g.unstage()
	for _, start := range s.starts {
		start()
	}
	h.mu.Unlock()
	for r := range s.cancels {
		r.cancel()
	}
}

// tick is called when the timer is due. A bind that is too busy misses some: one message at most waits.
func (r *repeating) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.h
	if h == nil {
		return
	}
	now := h.bind.now()
	if r.waiting {
		r.missed++
	} else if h.do(r.deliver) == nil {
		r.waiting = true
	} else {
		return // the session has ended, and ends it
	}
	for r.due = r.next(r.due); !r.due.IsZero() && !r.due.After(now); r.due = r.next(now) { // what is over is not made up for
	}
	if r.due.IsZero() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.putOff(r.due.Sub(now), r.ticks)
}

// deliver runs on the owner.
func (r *repeating) deliver() {
	r.mu.Lock()
	h, message, last := r.h, r.message, r.due.IsZero()
	r.waiting = false
	r.mu.Unlock()
	if h == nil {
		return
	}
	if last {
		r.cancel()
	}
	h.HandleInfo(message)
}

// cancel stops the timer; no message comes after that. It reports whether the timer ran.
func (r *repeating) cancel() bool {
	r.mu.Lock()
	h := r.h
	r.h, r.message = nil, nil
	r.mu.Unlock()
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.repeating[r]; there {
		delete(h.repeating, r)
		h.later.takeBack(r.ticks)
		h.waiting.Add(-r.octets)
	}
	return true
}
