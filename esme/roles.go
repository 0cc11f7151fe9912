package esme

import "time"

// Two goroutines serve a session. One reads. When a read has brought something for the handler, and nobody runs
// callbacks, it runs them itself: nobody has to be woken for it, which costs more than a callback does. The other
// stands by. It runs the callbacks for what comes otherwise, and takes over the reading as soon as a callback keeps the
// reader from it: a handler that is busy holds up no response.
type roles struct {
	reader  int // which of the two, 0 or 1, reads
	in      reading
	owned   bool      // one of them runs callbacks
	slots   []item    // of what the owner has handled
	inline  bool      // it is the reader who runs them ...
	since   time.Time // ... since then
	handOff bool      // the one that stands by is to read
}

// reading is a stream half read: it goes from one reader to the other.
type reading struct {
	chunk *chunk
	have  int // octets of an incomplete PDU at the start of its buffer
}

// serve is what each of the two does.
func (s *Session) serve(me int) {
	for {
		s.mu.Lock()
		reads := s.roles.reader == me
		s.mu.Unlock()
		if reads && !s.read(me) || !reads && !s.waitToServe(me) {
			return
		}
	}
}

// waitToServe is for the one that stands by. It returns true when it is to read, false when the session has ended.
func (s *Session) waitToServe(me int) bool {
	for {
		select {
		case <-s.standBy:
		case <-s.done:
			return false
		}
		s.mu.Lock()
		r := &s.roles
		takeOver := r.handOff && r.inline
		r.handOff = false
		if takeOver {
			r.inline, r.reader = false, me
			s.mu.Unlock()
			return true
		}
		own := !r.owned && len(s.inbox.items) > 0
		r.owned = r.owned || own
		s.mu.Unlock()
		if own && s.runCallbacks() {
			return false
		}
	}
}

// runInline makes the reader the owner, if there is something to do and nobody does it. It is called with the lock held.
func (s *Session) runInline() bool {
	r := &s.roles
	if r.owned || len(s.inbox.items) == 0 {
		return false
	}
	r.owned, r.inline, r.since = true, true, time.Now()
	s.flushSoon()
	return true
}

// freeReading lets the other one read, if a callback keeps the reader from it. It is called with the lock held.
func (s *Session) freeReading() {
	if s.roles.inline && !s.roles.handOff {
		s.roles.handOff = true
		wake(s.standBy)
	}
}

// letOn is for who is about to wait for the peer, and may be a callback: it must not hold up what it waits for.
func (s *Session) letOn() {
	s.mu.Lock()
	s.freeReading()
	b := s.dueNow()
	s.mu.Unlock()
	s.transmit(b)
}
