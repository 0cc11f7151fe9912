package luabind

import (
	"container/heap"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// later are the messages of esme.send_after that a session has on its way. All share one timer: ten thousand that are
// due at once are no ten thousand goroutines, behind which other binds would wait.
type later struct {
	waiting delayed
	handed  int // that are due, and not handled yet
	numbers uint64
	timer   *time.Timer // for the first
}

// delayedMessage is not due yet.
type delayedMessage struct {
	due     time.Time
	number  uint64 // of two that are due at once, the one that was sent first comes first
	message vm.Data
	octets  int64
}

// delayed is a heap: the next message is the first.
type delayed []*delayedMessage

// Len completes heap.Interface.
func (d delayed) Len() int      { return len(d) }
func (d delayed) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

// Less tells which is due first.
func (d delayed) Less(i, j int) bool {
	if d[i].due.Equal(d[j].due) {
		return d[i].number < d[j].number
	}
	return d[i].due.Before(d[j].due)
}

// Push and Pop are for package heap.
func (d *delayed) Push(x any) { *d = append(*d, x.(*delayedMessage)) }

// Pop takes the last one.
func (d *delayed) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return x
}

// count is how many are on their way. One that is due is until it has been handled: else a bind that is busy would
// gather them without end.
func (l *later) count() int { return len(l.waiting) + l.handed }

// sendAfter sends the handler a message later. The generation that then runs gets it.
func (h *Handler) sendAfter(delay time.Duration, message vm.Data) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.timersFull(0, esme.CodeQueueFull); err != nil {
		return err
	}
	octets, err := h.room(message)
	if err != nil {
		return err
	}
	h.delay(delay, message, octets)
	return nil
}

// delay is sendAfter with the lock held, of a message that has its room.
func (h *Handler) delay(delay time.Duration, message vm.Data, octets int64) {
	l := &h.later
	l.numbers++
	m := &delayedMessage{time.Now().Add(delay), l.numbers, message, octets}
	heap.Push(&l.waiting, m)
	switch {
	case l.waiting[0] != m:
	case l.timer == nil:
		l.timer = time.AfterFunc(delay, h.messagesDue)
	default:
		l.timer.Reset(delay)
	}
}

// messagesDue hands over what is due.
func (h *Handler) messagesDue() {
	var due []*delayedMessage
	h.mu.Lock()
	l, now := &h.later, time.Now()
	for len(l.waiting) > 0 && !l.waiting[0].due.After(now) {
		due = append(due, heap.Pop(&l.waiting).(*delayedMessage))
		l.handed++
	}
	if len(l.waiting) > 0 && !h.over {
		l.timer.Reset(l.waiting[0].due.Sub(now))
	}
	h.mu.Unlock()
	for _, m := range due {
		h.s.Do(func() { // refused when the session has ended: nobody is left to be told
			h.mu.Lock()
			l.handed--
			h.mu.Unlock()
			h.waiting.Add(-m.octets)
			h.HandleInfo(m.message)
		})
	}
}

// drop forgets all, at the end of the session, with the lock held.
func (l *later) drop() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.waiting = nil
}
