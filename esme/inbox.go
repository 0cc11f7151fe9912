package esme

import "fmt"

// item is one thing for the owner: an event, a message, or a chunk that may be reused when all before
// it is handled.
type item struct {
	event   Event
	message func()
	always  bool // the message is the session's own business
	free    *chunk
}

// inbox is what waits for the owner, in order, and how much it is. It has no bound of its own: each of those who
// fill it is kept from it by its own count.
type inbox struct {
	items    []item
	messages int // calls, casts and messages: at most Mailbox, then the caller is refused
	reports  int // what became of own PDUs; beyond Mailbox, Queue and Window Send is refused
	octets   int // of these; beyond Backlog Send is refused, and beyond twice that the machine holds the queue
	unread   int // octets of memory of what the peer sent; beyond Backlog the machine refuses its requests
	notes    int // for the log: at most maxNotes
	omitted  int // notes beyond
	borrows  int // events so far that lie in a chunk
}

const (
	maxNotes = 16
	// keepItems is how many slots stay when a burst is over.
	keepItems = 256
	// perPDU is what a PDU that waits costs besides its octets: itself, its events, its Inbound.
	perPDU = 256
)

// add takes an event of the machine.
func (x *inbox) add(e *Event) {
	if e.isReport() {
		x.reports++
		x.octets += e.octets()
	}
	switch e.Kind {
	case EventResp:
		if !e.own {
			x.borrows++
		}
	case EventPDU, EventUnparsed:
		x.borrows++
	case EventNote:
		if x.notes++; x.notes > maxNotes {
			x.omitted++
			return
		}
	}
	x.items = append(x.items, item{event: *e})
}

// take gives all of it to the owner, and gets the slots of what it has handled. What was taken counts until done.
func (x *inbox) take(handled []item) []item {
	if cap(handled) > keepItems {
		handled = nil
	}
	batch := x.items
	x.items = handled[:0]
	if x.omitted > 0 {
		batch = append(batch, item{event: Event{Kind: EventNote, Note: fmt.Sprintf("%d more like these", x.omitted)}})
	}
	x.notes, x.omitted = 0, 0
	return batch
}

// isReport reports whether the event says what became of an own PDU.
func (e *Event) isReport() bool {
	return e.Kind == EventSendResult || e.Kind == EventResp || e.Kind == EventRespTimeout
}

// octets is what a report holds. A response that is borrowed is counted with the buffer that it lies in.
func (e *Event) octets() int {
	n := e.Original.Len()
	if e.own {
		n += e.PDU.Len()
	}
	return n
}

// tally is what the owner has handled of a batch and not yet taken off the inbox's counts.
type tally struct{ messages, reports, octets int }

func (n *tally) count(it *item) {
	switch {
	case it.message != nil:
		n.messages++
	case it.event.isReport():
		n.reports++
		n.octets += it.event.octets()
	}
}

// done takes what was handled off.
func (x *inbox) done(n *tally) {
	x.messages -= n.messages
	x.reports -= n.reports
	x.octets -= n.octets
	*n = tally{}
}

// behind reports whether so many reports wait that nothing new is accepted from who is told by more of them.
func (x *inbox) behind(c *Config) bool {
	return x.octets > c.Backlog || c.Mailbox >= 0 && c.Queue >= 0 && c.Window >= 0 && x.reports > c.Mailbox+c.Queue+c.Window
}

// far reports whether what was accepted before that has come to so much that it is not to go out either.
func (x *inbox) far(c *Config) bool { return x.octets > 2*c.Backlog }
