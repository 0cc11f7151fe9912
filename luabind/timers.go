package luabind

import (
	"sync"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// repeating is a timer that sends its session's handler a message again and again. It belongs to the
// session: a reload does not touch it, the end of the session ends it.
type repeating struct {
	h       *Handler
	next    func(after time.Time) time.Time // zero: never again
	message vm.Data

	mu      sync.Mutex
	timer   *time.Timer
	due     time.Time
	waiting bool // a message is in the mailbox: the owner has not come to it
	over    bool
	missed  int
}

// repeat starts a timer; now is its start.
func (h *Handler) repeat(now time.Time, next func(after time.Time) time.Time, message vm.Data) (*repeating, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return nil, codeError(esme.CodeStopped, "the session has ended")
	}
	if n := h.bind.opts.Limits.Timers; len(h.timers)+len(h.repeating) >= n {
		return nil, codeError("limit", "%d timers and messages of send_after are on their way already (limits.timers)", n)
	}
	r := &repeating{h: h, next: next, message: message}
	r.due = next(now)
	if r.due.IsZero() {
		return nil, codeError(CodeInvalid, "the timer would never be due")
	}
	r.timer = time.AfterFunc(r.due.Sub(now), r.tick)
	if h.repeating == nil {
		h.repeating = map[*repeating]struct{}{}
	}
	h.repeating[r] = struct{}{}
	return r, nil
}

// tick is called when the timer is due. A bind that is too busy misses some: one message at most waits.
func (r *repeating) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	now := r.h.bind.now()
	if r.waiting {
		r.missed++
	} else if r.h.do(r.deliver) == nil {
		r.waiting = true
	} else {
		r.over = true // the session has ended
		return
	}
	for r.due = r.next(r.due); !r.due.IsZero() && !r.due.After(now); r.due = r.next(now) { // what is over is not made up for
	}
	if r.due.IsZero() {
		r.over = true
		return
	}
	r.timer.Reset(r.due.Sub(now))
}

// deliver runs on the owner.
func (r *repeating) deliver() {
	r.mu.Lock()
	over := r.over
	r.waiting = false
	r.mu.Unlock()
	if !over {
		r.h.HandleInfo(r.message)
	}
}

// cancel stops the timer; no message comes after that. It reports whether the timer ran.
func (r *repeating) cancel() bool {
	r.mu.Lock()
	ran := !r.over
	r.over = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	r.h.mu.Lock()
	delete(r.h.repeating, r)
	r.h.mu.Unlock()
	return ran
}
