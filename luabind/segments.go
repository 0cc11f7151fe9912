package luabind

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// segments are the parts of messages of a bind that are not whole yet. They belong to the bind: a reload and
// a new session find them as they were.
type segments struct {
	mu    sync.Mutex
	parts pdu.Reassembler
	timer *time.Timer // when the oldest is to be given up; nil while nothing waits

	reference uint16 // of the last message that was sent in parts
	numbered  bool
}

// nextReference numbers the messages that are sent in parts. The first is anywhere, so that those of a host that
// was started again do not meet those that phones still wait for.
func (s *segments) nextReference() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.numbered {
		s.reference, s.numbered = uint16(rand.Uint32()), true
	}
	s.reference++
	return s.reference
}

// reassemble adds a part. Messages that are given up for it go to handle_info.
func (b *Bind) reassemble(p *pdu.PDU, zero pdu.Alphabet) pdu.Added {
	now := b.now()
	b.segments.mu.Lock()
	added := b.segments.parts.Add(now, p, zero)
	b.armSegments(now)
	b.segments.mu.Unlock()
	b.giveUp(added.GaveUp)
	return added
}

// armSegments sets the one timer if something waits and it is not set; the caller has the lock.
func (b *Bind) armSegments(now time.Time) {
	s := b.segments
	if at, waits := s.parts.Next(); waits && s.timer == nil {
		s.timer = time.AfterFunc(at.Sub(now), b.expireSegments)
	}
}

// expireSegments gives up what is too old. Without a session there is nobody to tell: it is kept for the next one.
func (b *Bind) expireSegments() {
	_, _, err := target{b}.live()
	s := b.segments
	s.mu.Lock()
	s.timer = nil
	var gaveUp []*pdu.Assembled
	if err == nil {
		now := b.now()
		gaveUp = s.parts.Expire(now)
		b.armSegments(now)
	}
	s.mu.Unlock()
	b.giveUp(gaveUp)
}

// bound is called when a session is bound: what became too old meanwhile is handed to it.
func (b *Bind) bound() {
	b.segments.mu.Lock()
	defer b.segments.mu.Unlock()
	b.armSegments(b.now())
}

// giveUp hands over what has come of messages whose other parts have not: it is in the log, and the script is told.
func (b *Bind) giveUp(messages []*pdu.Assembled) {
	for _, m := range messages {
		attrs := []any{"source_addr", m.SourceAddr, "destination_addr", m.DestinationAddr, "reference", m.Segment.Reference,
			"parts", int(m.Segment.Total) - len(m.Missing), "total", m.Segment.Total, "reason", string(m.Why)}
		b.hostFlood.log(b.log, slog.LevelWarn, 1, "a message is given up: parts of it have not come", attrs...)
		err := b.Target().Info(&vm.Table{Hash: map[vm.Data]vm.Data{"event": "incomplete_message", "message": assembledData(m)}})
		if err != nil {
			b.hostFlood.log(b.log, slog.LevelError, 1, "the script cannot be told of a message that is given up", append(attrs, "error", err.Error())...)
		}
	}
}

const assembledDoc = "text (UTF-8; nil if it is no text), octets (the parts as they came, without headers), source_addr, destination_addr, data_coding, " +
	"total and parts (how many there are), complete, destination_port, source_port, reference; and of one that is given up missing (numbers) and reason " +
	"(timeout, limit, reference_reused)."

// assembledData is a message as scripts see it.
func assembledData(m *pdu.Assembled) *vm.Table {
	h := map[vm.Data]vm.Data{"source_addr": m.SourceAddr, "destination_addr": m.DestinationAddr, "data_coding": float64(m.DataCoding),
		"octets": string(m.Octets), "total": float64(m.Segment.Total), "parts": float64(int(m.Segment.Total) - len(m.Missing)),
		"complete": m.Why == pdu.Complete}
	if m.IsText {
		h["text"] = m.Text
	}
	if m.Segment.Total > 1 {
		h["reference"] = float64(m.Segment.Reference)
	}
	if d, s, ok := m.Ports(); ok {
		h["destination_port"], h["source_port"] = float64(d), float64(s)
	}
	if m.Why != pdu.Complete {
		var missing []vm.Data
		for _, n := range m.Missing {
			missing = append(missing, float64(n))
		}
		h["missing"], h["reason"] = &vm.Table{Array: missing}, string(m.Why)
	}
	return &vm.Table{Hash: h}
}
