package esme

import (
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

	next, prev *outgoing // window, in send order
	inWindow   bool
}

func (o *outgoing) start() int64 { return o.end - int64(o.pdu.Len()) }

// window holds the requests that wait for a response. It is the single truth of what is unsettled.
type window struct {
	bySeq      map[uint32]*outgoing
	head, tail *outgoing // in send order
	traffic    int       // without the link's own requests
	last       uint32    // the sequence number given last
}

func newWindow() window { return window{bySeq: map[uint32]*outgoing{}} }

// nextSequence gives the next number that is not in flight, from 1 to maxSequence.
func (w *window) nextSequence() uint32 {
	for {
		w.last++
		if w.last > maxSequence {
			w.last = 1
		}
		if w.bySeq[w.last] == nil {
			return w.last
		}
	}
}

func (w *window) add(o *outgoing) {
	o.inWindow = true
	w.bySeq[o.pdu.SequenceNumber()] = o
	if !o.role.automatic() {
		w.traffic++
	}
	o.prev = w.tail
	if w.tail != nil {
		w.tail.next = o
	} else {
		w.head = o
	}
	w.tail = o
}

func (w *window) get(seq uint32) *outgoing { return w.bySeq[seq] }

func (w *window) remove(o *outgoing) {
	if !o.inWindow {
		return
	}
	o.inWindow = false
	delete(w.bySeq, o.pdu.SequenceNumber())
	if !o.role.automatic() {
		w.traffic--
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

// fifo is a queue over a slice that is reused.
type fifo[T any] struct {
	items []T
	first int
}

func (q *fifo[T]) len() int   { return len(q.items) - q.first }
func (q *fifo[T]) peek() T    { return q.items[q.first] }
func (q *fifo[T]) at(i int) T { return q.items[q.first+i] }
func (q *fifo[T]) push(v T)   { q.items = append(q.items, v) }

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
