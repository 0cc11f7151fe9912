package esme

import "time"

// Hold says whether the consumer has as much before it as it may of what became of its own PDUs. Then requests stay in the
// queue, so that no more responses come to be kept for it than are on their way. Those that somebody waits for go on: their
// responses are not the consumer's. One that would have to wait behind what is held is refused with queue_full instead: who
// waits may be a callback, which is what holds all up.
func (m *Machine) Hold(now time.Time, held bool) {
	if m.held == held {
		return
	}
	m.held = held
	m.pump(m.at(now))
}

// heldUp reports whether o stays in the queue although it might go otherwise.
func (m *Machine) heldUp(o *outgoing) bool { return m.held && m.waiterOf(o) == nil }

// noReply is the error for a reply for which there is no room.
func (m *Machine) noReply() error {
	if m.held {
		return errBehind
	}
	return m.outputFull()
}

// turnAway refuses the requests of those who wait behind what is held up.
func (m *Machine) turnAway() {
	if m.queue.len() == 0 || !m.heldUp(m.queue.peek()) {
		return
	}
	m.unqueue(func(o *outgoing) bool {
		waits := m.waiterOf(o) != nil
		if waits {
			m.refuse(o, errBehind)
		}
		return waits
	})
}

var errBehind = &Error{Code: CodeQueueFull, Message: "the handler is behind: what became of its PDUs holds more than twice limits.backlog, and nothing leaves the queue",
	Retryable: true, Written: WrittenNever}

// pduShare is how many octets a place in the queue and in the window stands for. PDUs that are larger, which only scripts
// make that want to see what happens, share the places of more.
const pduShare = 64 << 10

// crowded reports whether what has n places and is limited to them holds more octets than belong to them.
func crowded(octets, n int) bool { return n >= 0 && octets > n*pduShare }
