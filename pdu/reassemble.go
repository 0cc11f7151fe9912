package pdu

import (
	"container/list"
	"hash/maphash"
	"time"
)

// Reassembler puts messages together from parts that come in any order, by their user data headers or SAR TLVs
// (3GPP 23.040 §9.2.3.24.1, SMPP 3.4 §5.3.2.22). What it holds is bounded in number, octets and time: a message
// that would go beyond is handed over as far as it has come, the oldest first. It looks at no clock. The zero value
// is ready; it is not for several goroutines at once.
//
// Parts belong together that have the source and destination address, the kind of mark, the reference and the
// number of parts in common. References come round, and some senders always write the same one:
//
//   - A part with another content than that of the same number starts a new message.
//   - A part of the last message that was whole, less than 5 minutes ago, is a repeat if it is the same octet for octet:
//     an SMSC that had no answer sends it again. It is kept: if a part follows that the message did not have, both
//     are of a new message that begins alike. When all parts have come again, the message came twice, and none is kept.
//   - While a new message waits, a repeat of the one before it fills a gap of the new one, but takes no place that is filled.
type Reassembler struct {
	MaxMessages int           // that are not whole yet, and as many that were whole lately; 0 = 1000
	MaxOctets   int           // of memory, nearly: parts and what it takes to keep them; 0 = 1 MiB
	MaxAge      time.Duration // since the first part that came; 0 = 30 minutes

	waiting map[assemblyKey]*list.Element
	byAge   list.List // of *assembly, the oldest in front
	whole   wholeMessages
	octets  int
	seed    maphash.Seed
}

// PartState is what became of a part (3GPP 23.040 §9.2.3.24.1).
type PartState string

// The states.
const (
	PartWhole     PartState = "whole"     // with it the message is whole, or it was whole by itself
	PartWaiting   PartState = "waiting"   // other parts are still to come
	PartDuplicate PartState = "duplicate" // it came before
)

// Added is what adding a part led to (3GPP 23.040 §9.2.3.24.1).
type Added struct {
	State   PartState
	Message *Assembled   // if State is PartWhole
	GaveUp  []*Assembled // messages that are handed over without all of their parts
}

// What a message and a part cost beside their octets, about.
const (
	assemblyCost = 400
	partCost     = 96
)

type assemblyKey struct {
	source, destination string
	kind                SegmentKind
	reference           uint16
	total               uint8
}

func (k assemblyKey) cost() int { return assemblyCost + len(k.source) + len(k.destination) }

// assembly is a message that is not whole yet.
type assembly struct {
	key   assemblyKey
	first time.Time
	parts []part // by number
	cost  int
}

type part struct {
	number     uint8
	isText     bool
	encoding   Encoding
	dataCoding uint8
	hash       uint64
	octets     []byte
	udh        UDH
}

func (x *part) cost() int { return partCost + len(x.octets) + len(x.udh) }

// Add takes a part that came at now (3GPP 23.040 §9.2.3.24.1); zero is what data_coding 0 means. It copies what it keeps. A PDU that is no
// part is a whole message at once. What became too old is handed over too.
func (r *Reassembler) Add(now time.Time, p *PDU, zero Alphabet) Added {
	gaveUp := r.Expire(now)
	s, ok := p.Segment()
	if !ok || s.Total == 1 {
		m := assemble([]part{newPart(p, s, zero)})
		m.SourceAddr, m.DestinationAddr, m.First, m.Segment = p.Str(FieldSourceAddr), p.Str(FieldDestinationAddr), now, s
		m.Segment.Total, m.Segment.Number = 1, 1
		return Added{PartWhole, m, gaveUp}
	}
	if r.waiting == nil {
		r.waiting, r.seed = map[assemblyKey]*list.Element{}, maphash.MakeSeed()
	}
	x := newPart(p, s, zero)
	x.hash = maphash.Bytes(r.seed, p.payload())
	key := assemblyKey{p.Str(FieldSourceAddr), p.Str(FieldDestinationAddr), s.Kind, s.Reference, s.Total}
	before := r.whole.of(key)
	repeat := before != nil && before.hashes[x.number-1] == x.hash
	e := r.waiting[key]
	if e != nil {
		a := e.Value.(*assembly)
		switch old := a.find(x.number); {
		case old == nil:
		case old.hash == x.hash || repeat:
			return Added{PartDuplicate, nil, gaveUp}
		default:
			gaveUp = r.giveUp(gaveUp, e, ReferenceReused)
			e = nil
		}
	}
	if e == nil {
		if repeat {
			r.octets += r.whole.repeat(before, now, x)
			return Added{PartDuplicate, nil, append(gaveUp, r.shrink()...)}
		}
		e = r.start(key, now, before)
	}
	a := e.Value.(*assembly)
	r.insert(a, x)
	if len(a.parts) < int(s.Total) {
		return Added{PartWaiting, nil, append(gaveUp, r.shrink()...)}
	}
	r.remove(e)
	r.octets += r.whole.remember(a, now)
	return Added{PartWhole, a.message(Complete), append(gaveUp, r.shrink()...)}
}

// start begins a message. The parts that were taken for repeats of the one before it are its own.
func (r *Reassembler) start(key assemblyKey, now time.Time, before *wholeMessage) *list.Element {
	a := &assembly{key: key, first: now}
	e := r.byAge.PushBack(a)
	r.waiting[key] = e
	r.add(a, key.cost())
	if before == nil || len(before.repeats) == 0 {
		return e
	}
	a.first = before.repeated
	for p := e.Prev(); p != nil && p.Value.(*assembly).first.After(a.first); p = e.Prev() {
		r.byAge.MoveBefore(e, p)
	}
	repeats, cost := before.takeRepeats()
	r.octets -= cost
	for _, x := range repeats {
		r.insert(a, x)
	}
	return e
}

// Expire hands over the messages that at now are older than MaxAge (3GPP 23.040 §9.2.3.24.1).
func (r *Reassembler) Expire(now time.Time) []*Assembled {
	r.octets -= r.whole.expire(now)
	var gaveUp []*Assembled
	for e := r.byAge.Front(); e != nil && !now.Before(e.Value.(*assembly).first.Add(r.age())); e = r.byAge.Front() {
		gaveUp = r.giveUp(gaveUp, e, TooOld)
	}
	return gaveUp
}

// Next is when Expire has something to do, if only to forget (3GPP 23.040 §9.2.3.24.1); false while nothing is held.
func (r *Reassembler) Next() (time.Time, bool) {
	at, ok := r.whole.next()
	if e := r.byAge.Front(); e != nil {
		if old := e.Value.(*assembly).first.Add(r.age()); !ok || old.Before(at) {
			return old, true
		}
	}
	return at, ok
}

// Held is how many messages wait for parts, and what these and those that were whole lately cost in octets (3GPP 23.040 §9.2.3.24.1).
func (r *Reassembler) Held() (messages, octets int) { return r.byAge.Len(), r.octets }

func (r *Reassembler) age() time.Duration {
	if r.MaxAge <= 0 {
		return 30 * time.Minute
	}
	return r.MaxAge
}

// shrink gives up the oldest until the bounds hold. What was whole is forgotten before a message is given up.
func (r *Reassembler) shrink() []*Assembled {
	messages, octets := r.MaxMessages, r.MaxOctets
	if messages <= 0 {
		messages = 1000
	}
	if octets <= 0 {
		octets = 1 << 20
	}
	for r.whole.len() > messages || r.whole.len() > 0 && r.octets > octets {
		r.octets -= r.whole.forget()
	}
	var gaveUp []*Assembled
	for r.byAge.Len() > 0 && (r.byAge.Len() > messages || r.octets > octets) {
		gaveUp = r.giveUp(gaveUp, r.byAge.Front(), TooMany)
	}
	return gaveUp
}

func (r *Reassembler) giveUp(to []*Assembled, e *list.Element, why GaveUp) []*Assembled {
	r.remove(e)
	return append(to, e.Value.(*assembly).message(why))
}

func (r *Reassembler) remove(e *list.Element) {
	a := e.Value.(*assembly)
	r.octets -= a.cost
	r.byAge.Remove(e)
	delete(r.waiting, a.key)
}

func (r *Reassembler) add(a *assembly, octets int) {
	a.cost += octets
	r.octets += octets
}

func (a *assembly) find(number uint8) *part {
	for i := range a.parts {
		if a.parts[i].number == number {
			return &a.parts[i]
		}
	}
	return nil
}

// insert keeps the parts in their order. One whose number is there already takes its place.
func (r *Reassembler) insert(a *assembly, x part) {
	r.add(a, x.cost())
	if old := a.find(x.number); old != nil {
		r.add(a, -old.cost())
		*old = x
		return
	}
	i := len(a.parts)
	for i > 0 && a.parts[i-1].number > x.number {
		i--
	}
	a.parts = append(a.parts, part{})
	copy(a.parts[i+1:], a.parts[i:])
	a.parts[i] = x
}
