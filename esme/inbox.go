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

// tally is what the owner has handled of a batch and not yet taken off the inbox's counts.
type tally struct{ messages, reports int }

func (n *tally) count(it *item) {
	switch {
	case it.message != nil:
		n.messages++
	case it.event.isReport():
		n.reports++
	}
}

// done takes what was handled off.
func (x *inbox) done(n *tally) {
	x.messages -= n.messages
	x.reports -= n.reports
	*n = tally{}
}

// behind reports whether so many reports wait that nothing new may be sent.
func (x *inbox) behind(c *Config) bool {
	return c.Mailbox >= 0 && c.Queue >= 0 && c.Window >= 0 && x.reports > c.Mailbox+c.Queue+c.Window
}
