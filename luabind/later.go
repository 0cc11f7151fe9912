package luabind

import (
	"container/heap"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// later is what a session has to do later: messages of esme.send_after, and ticks of timers. All share one timer of
// the runtime: ten thousand that are due at once are no ten thousand goroutines, behind which other binds would wait.
type later struct {
	waiting  delayed
	messages int // on their way: that wait, or are due and not handled yet
	numbers  uint64
	timer    *time.Timer // for the first
}

// delayedMessage is not due yet.
type delayedMessage struct {
	due     time.Time
	number  uint64 // of two that are due at once, the one that was sent first comes first
	message vm.Data
	octets  int64
	tick    *repeating // instead of a message
	at      int        // in the heap; -1: no longer
}

// delayed is a heap: the next message is the first.
type delayed []*delayedMessage

// Len completes heap.Interface.
func (d delayed) Len() int { return len(d) }
func (d delayed) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].at, d[j].at = i, j
}

// Less tells which is due first.
func (d delayed) Less(i, j int) bool {
	if d[i].due.Equal(d[j].due) {
		return d[i].number < d[j].number
	}
	return d[i].due.Before(d[j].due)
}

// Push and Pop are for package heap.
func (d *delayed) Push(x any) {
	m := x.(*delayedMessage)
	m.at = len(*d)
	*d = append(*d, m)
}

// Pop takes the last one.
func (d *delayed) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	x.at = -1
	(*d)[last] = nil
	*d = (*d)[:last]
	return x
}

// sendAfter sends the handler a message later. The generation that then runs gets it.
func (h *Handler) sendAfter(delay time.Duration, message vm.Data) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	octets, err := h.admit(0, esme.CodeQueueFull, message)
	if err == nil {
		h.delay(delay, message, octets)
	}
	return err
}

// delay is sendAfter with the lock held, of a message that has its room. It counts until it has been handled: else a
// bind that is busy would gather them without end.
func (h *Handler) delay(delay time.Duration, message vm.Data, octets int64) {
	h.later.messages++
	h.putOff(delay, &delayedMessage{message: message, octets: octets})
}

// putOff puts something off, with the lock held.
func (h *Handler) putOff(delay time.Duration, m *delayedMessage) {
	l := &h.later
	if h.over {
		return
	}
	l.numbers++
	m.due, m.number = time.Now().Add(delay), l.numbers
	heap.Push(&l.waiting, m)
	switch {
	case l.waiting[0] != m:
	case l.timer == nil:
		l.timer = time.AfterFunc(delay, h.due)
	default:
		l.timer.Reset(delay)
	}
}

// due does what is due.
func (h *Handler) due() {
	var due []*delayedMessage
	h.mu.Lock()
	l, now := &h.later, time.Now()
	for len(l.waiting) > 0 && !l.waiting[0].due.After(now) {
		due = append(due, heap.Pop(&l.waiting).(*delayedMessage))
	}
	if len(l.waiting) > 0 && !h.over {
		l.timer.Reset(l.waiting[0].due.Sub(now))
	}
	h.mu.Unlock()
	for _, m := range due {
		if m.tick != nil {
			m.tick.tick()
			continue
		}
		h.s.Do(func() { // refused when the session has ended: nobody is left to be told
			h.mu.Lock()
			l.messages--
			h.mu.Unlock()
			h.waiting.Add(-m.octets)
			h.HandleInfo(m.message)
		})
	}
}

// takeBack drops what was put off, if it is not due yet, with the lock held.
func (l *later) takeBack(m *delayedMessage) {
	if m.at >= 0 && m.at < len(l.waiting) && l.waiting[m.at] == m {
		heap.Remove(&l.waiting, m.at)
	}
}

// drop forgets all, at the end of the session, with the lock held.
func (l *later) drop() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.waiting = nil
}
