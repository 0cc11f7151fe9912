package esme

import (
	"slices"
	"time"

	"github.com/esmehost/esmehost/pdu"
)

// maxSequence is the highest sequence number that a sender may use (SMPP 3.4 §3.2); 1 follows it.
const maxSequence = 0x7FFFFFFF

type role uint8

const (
	roleRequest role = iota // accepted from Send, expects a response
	roleMessage             // accepted from Send, has no response
	roleReply               // accepted from Reply
	roleBind                // the machine's own requests ...
	rolePing
	roleUnbind
)

func (r role) automatic() bool { return r >= roleBind }

// outgoing is a PDU on its way out and, if it is a request, until it is settled.
type outgoing struct {
	pdu    pdu.PDU // with the sequence number it goes out under; its octets are shared with the sender's
	role   role
	waiter *Waiter
	due    time.Duration // of the response
	end    int64         // stream position behind its last octet
	err    *Error        // it is refused, when those before it are reported

	order    uint64   // in which it was accepted
	tries    int      // how often it was put back after a refusal for the SMSC's load
	refusal  *pdu.PDU // the last of these
	reported bool     // its send result is out
	hungUp   bool     // who waited for its response has been told that none comes

	next, prev *outgoing // window, in send order
	inWindow   bool
}

// newOutgoing is p on its way out. What came from a peer is copied: it is somebody else's as soon as a callback returns.
func newOutgoing(p *pdu.PDU, r role) *outgoing {
	if p.Borrowed() {
		p = p.Clone()
	}
	return &outgoing{pdu: *p, role: r}
}

// waiterOf is who waits for o; nil: o is the handler's, whose it becomes when who waited is gone.
func (m *Machine) waiterOf(o *outgoing) *Waiter {
	if w := o.waiter; w != nil && w.gone != nil && w.gone() {
		o.waiter = nil
		if o.reported {
			m.emit(Event{Kind: EventSendResult, Original: &o.pdu})
		}
	}
	return o.waiter
}

func (o *outgoing) start() int64 { return o.end - int64(o.pdu.Len()) }

// window holds the requests that wait for a response. It is the single truth of what is unsettled.
type window struct {
	numbers
	head, tail *outgoing // in send order
	traffic    int       // without the link's own requests
	octets     int       // of these
	last       uint32    // the sequence number given last
}

// nextSequence gives the next number that is not in flight, from 1 to maxSequence.
func (w *window) nextSequence() uint32 {
	for {
		w.last++
		if w.last > maxSequence {
			w.last = 1
		}
		if w.find(w.last) == nil {
			return w.last
		}
	}
}

func (w *window) add(o *outgoing) {
	o.inWindow = true
	w.put(o)
	if !o.role.automatic() {
		w.traffic++
		w.octets += o.pdu.Len()
	}
	o.prev = w.tail
	if w.tail != nil {
		w.tail.next = o
	} else {
		w.head = o
	}
	w.tail = o
}

// get finds the request in flight with the number.
func (w *window) get(seq uint32) *outgoing {
	if o := w.find(seq); o != nil && o.inWindow {
		return o
	}
	return nil
}

func (w *window) remove(o *outgoing) {
	if !o.inWindow {
		return
	}
	o.inWindow = false
	w.drop(o.pdu.SequenceNumber())
	if !o.role.automatic() {
		w.traffic--
		w.octets -= o.pdu.Len()
	}
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		w.head = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	} else {
		w.tail = o.prev
	}
	o.next, o.prev = nil, nil
}

// reserve keeps the number of a request that is not in flight, for when it goes out again; release gives
// it back.
func (w *window) reserve(o *outgoing) { w.put(o) }
func (w *window) release(o *outgoing) { w.drop(o.pdu.SequenceNumber()) }

// numbers finds requests by sequence number: open addressing with linear probing. Numbers are given in a row, and in a
// row of slots to drop one would mean to look at all behind it; multiplied by the golden ratio (Knuth, TAOCP 6.4) they
// lie evenly apart, whatever the window.
type numbers struct {
	slots []slot // a power of two, at most half full
	used  int
}

// slot has the number beside the request, which would be another place in memory to look at.
type slot struct {
	seq uint32
	o   *outgoing
}

// home is where the number is, if it had to give way to no other.
func (n *numbers) home(seq uint32) uint32 {
	return uint32(uint64(seq*0x9E3779B1) * uint64(len(n.slots)) >> 32)
}

// at is the slot of the number, or the free one where it would be.
func (n *numbers) at(seq uint32) uint32 {
	mask := uint32(len(n.slots) - 1)
	i := n.home(seq)
	for n.slots[i].o != nil && n.slots[i].seq != seq {
		i = (i + 1) & mask
	}
	return i
}

func (n *numbers) find(seq uint32) *outgoing {
	if n.used == 0 {
		return nil
	}
	return n.slots[n.at(seq)].o
}

// put enters o, whose number is free or is its own.
func (n *numbers) put(o *outgoing) {
	if 2*(n.used+1) > len(n.slots) {
		old := n.slots
		n.slots, n.used = make([]slot, max(16, 2*len(old))), 0
		for _, s := range old {
			if s.o != nil {
				n.put(s.o)
			}
		}
	}
	seq := o.pdu.SequenceNumber()
	s := &n.slots[n.at(seq)]
	if s.o == nil {
		n.used++
	}
	*s = slot{seq, o}
}

// drop takes the number out and closes the gap, so that no probe stops short.
func (n *numbers) drop(seq uint32) {
	if n.used == 0 {
		return
	}
	mask := uint32(len(n.slots) - 1)
	gap := n.at(seq)
	if n.slots[gap].o == nil {
		return
	}
	for i := (gap + 1) & mask; n.slots[i].o != nil; i = (i + 1) & mask {
		home := n.home(n.slots[i].seq)
		if (i-home)&mask >= (i-gap)&mask { // its home is at the gap or before it
			n.slots[gap] = n.slots[i]
			gap = i
		}
	}
	n.slots[gap] = slot{}
	n.used--
}

// fifo is a queue over a slice that is reused.
type fifo[T any] struct {
	items []T
	first int
}

func (q *fifo[T]) len() int   { return len(q.items) - q.first }
func (q *fifo[T]) peek() T    { return q.items[q.first] }
func (q *fifo[T]) at(i int) T { return q.items[q.first+i] }
func (q *fifo[T]) push(v T)   { q.items = append(q.items, v) }

// unpop puts v in front of all others.
func (q *fifo[T]) unpop(v T) {
	if q.first == 0 {
		q.items = slices.Insert(q.items, 0, v)
		return
	}
	q.first--
	q.items[q.first] = v
}

func (q *fifo[T]) pop() T {
	var zero T
	v := q.items[q.first]
	q.items[q.first] = zero
	q.first++
	switch {
	case q.first == len(q.items):
		q.items, q.first = q.items[:0], 0
	case q.first > 1024 && q.first > len(q.items)/2:
		q.items = append(q.items[:0], q.items[q.first:]...)
		q.first = 0
	}
	return v
}

// drop takes out the items for which it says yes, keeping the order of the others.
func (q *fifo[T]) drop(is func(T) bool) {
	var zero T
	kept := q.items[:q.first]
	for _, v := range q.items[q.first:] {
		if !is(v) {
			kept = append(kept, v)
		}
	}
	for i := len(kept); i < len(q.items); i++ {
		q.items[i] = zero
	}
	q.items = kept
}
