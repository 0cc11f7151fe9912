package esme

import "time"

// do gives the machine an input and passes on what comes out.
func (s *Session) do(input func(now time.Time)) {
	s.mu.Lock()
	input(time.Now())
	s.passOn()
}

// passOn passes on what the machine has put out, and gives the lock back.
func (s *Session) passOn() {
	s.collect()
	b := s.due()
	s.mu.Unlock()
	s.transmit(b)
}

// flush lets out what the callbacks of a batch sent together.
func (s *Session) flush(handled *tally) {
	s.mu.Lock()
	s.batching = false
	s.inbox.done(handled)
	s.passOn()
}

// collect passes on what the machine has put out: events to the owner, the deadline to the timer, the close to the
// connection; for the octets see due. It is called with the lock held.
func (s *Session) collect() {
	s.takeEvents()
	if far := s.inbox.far(&s.cfg); far != s.m.held {
		s.m.Hold(time.Now(), far)
		s.takeEvents()
	}
	if s.room != nil && s.m.QueueRoom() && !s.inbox.behind(&s.cfg) {
		notify(&s.room)
	}
	if s.replyRoom != nil && s.m.noReply() == nil && !s.inbox.behind(&s.cfg) {
		notify(&s.replyRoom)
	}
	if s.boundNow != nil && s.m.bound {
		select {
		case <-s.boundNow:
		default:
			close(s.boundNow)
		}
	}
	s.arm()
	s.closeIfWanted()
}

// takeEvents gives the machine's events to the owner, and to who waits.
func (s *Session) takeEvents() {
	if len(s.m.events) == 0 {
		return
	}
	for i := range s.m.events {
		e := &s.m.events[i]
		if e.Kind == EventAnswer {
			a := answer{err: e.Err}
			if e.PDU != nil {
				a.pdu = e.PDU.Clone()
			}
			e.waiter.answer <- a
			continue
		}
		s.inbox.add(e)
	}
	clear(s.m.events)
	if s.m.events = s.m.events[:0]; cap(s.m.events) > keepItems {
		s.m.events = nil
	}
	s.m.notes = 0
	s.wakeOwner()
}

// flushAt is how much a batch gathers before it goes out, flushAfter how long. Each look whether it takes that long wakes a
// goroutine, which at one request at a time costs a tenth of all: when as many as calmLooks in a row found that callbacks keep
// nobody waiting, the next are rarer.
const (
	flushAt    = 16 << 10
	flushAfter = time.Millisecond
	calmLooks  = 100
	rarely     = 8 * time.Millisecond
)

// flushSoon makes sure that callbacks do not keep for long what a batch has gathered, nor the reader from reading: one
// may take long, and links are checked and others send meanwhile.
func (s *Session) flushSoon() {
	if !s.lateFlush {
		s.lateFlush = true
		after := flushAfter
		if s.calm >= calmLooks {
			after = rarely
		}
		s.late.Reset(after)
	}
}

func (s *Session) flushLate() {
	s.mu.Lock()
	s.lateFlush = false
	kept := s.batching && s.m.OutputLen() > 0
	if s.roles.inline {
		if time.Since(s.roles.since) >= flushAfter {
			s.freeReading()
			kept = true
		} else {
			s.lateFlush = true
			s.late.Reset(flushAfter)
		}
	}
	if s.calm++; kept {
		s.calm = 0
	}
	b := s.dueNow()
	s.mu.Unlock()
	s.transmit(b)
}

// arm makes sure that the timer fires no later than the machine's deadline. One that is armed for
// earlier is left: when it fires, it finds the next.
func (s *Session) arm() {
	at, ok := s.m.Deadline()
	if !ok || (!s.timerAt.IsZero() && !at.Before(s.timerAt)) {
		return
	}
	s.timerAt = at
	s.timer.Reset(time.Until(at))
}

func (s *Session) expire() {
	s.do(func(now time.Time) {
		s.timerAt = time.Time{}
		if at, ok := s.m.Deadline(); ok && !now.Before(at) {
			s.m.Expire(now)
		}
	})
}

// wakeOwner has somebody run the callbacks, if nobody does. It is called with the lock held.
func (s *Session) wakeOwner() {
	if !s.roles.owned && !s.consuming {
		wake(s.standBy)
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
