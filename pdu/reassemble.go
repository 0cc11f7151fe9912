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
// number of parts in common. References come round: a part with another content than that of the same number starts
// a new message.
type Reassembler struct {
	MaxMessages int           // that are not whole yet; 0 = 1000
	MaxOctets   int           // of memory, nearly: parts and what it takes to keep them; 0 = 1 MiB
	MaxAge      time.Duration // since the first part that came; 0 = 30 minutes

	byKey  map[assemblyKey]*list.Element
	byAge  list.List // of *assembly, the oldest in front
	octets int
	seed   maphash.Seed
}

// Assembled is a message that was put together, or as much of it as has come.
type Assembled struct {
	SourceAddr, DestinationAddr string

	Text       string // in UTF-8; of the parts that there are, in their order
	IsText     bool   // else data_coding says that it is none: see Octets
	Octets     []byte // the parts as they came, without their headers
	DataCoding uint8  // of the first part
	UDH        UDH    // of the first part, with its concatenation element; or nil

	Segment Segment // how it was marked; Total is 1 for a message that was whole
	Missing []uint8 // the numbers of parts that have not come
	Why     GaveUp  // why it is handed over without them
	First   time.Time
}

// GaveUp is why a message is handed over although parts of it have not come.
type GaveUp string

// The reasons.
const (
	Complete        GaveUp = ""                 // it is not: all parts are there
	TooOld          GaveUp = "timeout"          // MaxAge
	TooMany         GaveUp = "limit"            // MaxMessages or MaxOctets
	ReferenceReused GaveUp = "reference_reused" // a new message has the same reference
)

// PartState is what became of a part.
type PartState string

// The states.
const (
	PartWhole     PartState = "whole"     // with it the message is whole, or it was whole by itself
	PartWaiting   PartState = "waiting"   // other parts are still to come
	PartDuplicate PartState = "duplicate" // it came before
)

// Added is what adding a part led to.
type Added struct {
	State   PartState
	Message *Assembled   // if State is PartWhole
	GaveUp  []*Assembled // messages that are handed over without all of their parts
}

// repeatWindow is how long the parts of a whole message are remembered: an SMSC that had no answer to a
// deliver_sm sends it again.
const repeatWindow = 5 * time.Minute

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

type assembly struct {
	key   assemblyKey
	first time.Time
	done  time.Time // when it was whole; zero before
	parts []part    // by number; when it is whole only their hashes
	cost  int
}

type part struct {
	number     uint8
	header     uint8 // octets of its user data header, where the text is packed behind it
	isText     bool
	encoding   Encoding
	dataCoding uint8
	hash       uint64
	octets     []byte
	udh        UDH
}

// Add takes a part that came at now; zero is what data_coding 0 means. It copies what it keeps. A PDU that is no
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
	if r.byKey == nil {
		r.byKey, r.seed = map[assemblyKey]*list.Element{}, maphash.MakeSeed()
	}
	x := newPart(p, s, zero)
	x.hash = maphash.Bytes(r.seed, p.payload())
	key := assemblyKey{p.Str(FieldSourceAddr), p.Str(FieldDestinationAddr), s.Kind, s.Reference, s.Total}
	e := r.byKey[key]
	if e != nil {
		a := e.Value.(*assembly)
		old := a.find(x.number)
		switch {
		case !a.done.IsZero() && now.Sub(a.done) >= repeatWindow:
			r.remove(e)
			e = nil
		case old != nil && old.hash == x.hash:
			return Added{PartDuplicate, nil, gaveUp}
		case old != nil:
			if a.done.IsZero() {
				gaveUp = append(gaveUp, a.message(ReferenceReused))
			}
			r.remove(e)
			e = nil
		}
	}
	if e == nil {
		e = r.byAge.PushBack(&assembly{key: key, first: now})
		r.byKey[key] = e
		r.add(e.Value.(*assembly), assemblyCost+len(key.source)+len(key.destination))
	}
	a := e.Value.(*assembly)
	a.insert(x)
	r.add(a, partCost+len(x.octets)+len(x.udh))
	if len(a.parts) == int(s.Total) {
		m := a.message(Complete)
		a.done = now
		for i := range a.parts {
			r.add(a, -len(a.parts[i].octets)-len(a.parts[i].udh))
			a.parts[i].octets, a.parts[i].udh = nil, nil
		}
		return Added{PartWhole, m, append(gaveUp, r.shrink()...)}
	}
	return Added{PartWaiting, nil, append(gaveUp, r.shrink()...)}
}

// Expire hands over the messages that at now are older than MaxAge.
func (r *Reassembler) Expire(now time.Time) []*Assembled {
	var gaveUp []*Assembled
	for e := r.byAge.Front(); e != nil && !now.Before(e.Value.(*assembly).first.Add(r.age())); e = r.byAge.Front() {
		gaveUp = r.giveUp(gaveUp, e, TooOld)
	}
	return gaveUp
}

// Next is when Expire has something to do; false while nothing waits.
func (r *Reassembler) Next() (time.Time, bool) {
	e := r.byAge.Front()
	if e == nil {
		return time.Time{}, false
	}
	return e.Value.(*assembly).first.Add(r.age()), true
}

// Held is how many messages are remembered, whole or not, and what they cost in octets.
func (r *Reassembler) Held() (messages, octets int) { return r.byAge.Len(), r.octets }

func (r *Reassembler) age() time.Duration {
	if r.MaxAge <= 0 {
		return 30 * time.Minute
	}
	return r.MaxAge
}

// shrink gives up the oldest until the bounds hold.
func (r *Reassembler) shrink() []*Assembled {
	messages, octets := r.MaxMessages, r.MaxOctets
	if messages <= 0 {
		messages = 1000
	}
	if octets <= 0 {
		octets = 1 << 20
	}
	var gaveUp []*Assembled
	for r.byAge.Len() > 0 && (r.byAge.Len() > messages || r.octets > octets) {
		gaveUp = r.giveUp(gaveUp, r.byAge.Front(), TooMany)
	}
	return gaveUp
}

func (r *Reassembler) giveUp(to []*Assembled, e *list.Element, why GaveUp) []*Assembled {
	if a := e.Value.(*assembly); a.done.IsZero() {
		to = append(to, a.message(why))
	}
	r.remove(e)
	return to
}

func (r *Reassembler) remove(e *list.Element) {
	a := e.Value.(*assembly)
	r.octets -= a.cost
	r.byAge.Remove(e)
	delete(r.byKey, a.key)
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

// insert keeps the parts in their order.
func (a *assembly) insert(x part) {
	i := len(a.parts)
	for i > 0 && a.parts[i-1].number > x.number {
		i--
	}
	a.parts = append(a.parts, part{})
	copy(a.parts[i+1:], a.parts[i:])
	a.parts[i] = x
}

func newPart(p *PDU, s Segment, zero Alphabet) part {
	u := p.UDH()
	e, err := p.Encoding(zero)
	x := part{number: s.Number, isText: err == nil, encoding: e, dataCoding: uint8(p.Int(FieldDataCoding)), header: uint8(min(len(u), 255))}
	x.octets = append(make([]byte, 0, len(p.payload())-len(u)), p.payload()[len(u):]...)
	if s.Number <= 1 && len(u) > 0 {
		x.udh = append(UDH(nil), u...)
	}
	return x
}

// message is what has come of a.
func (a *assembly) message(why GaveUp) *Assembled {
	m := assemble(a.parts)
	m.SourceAddr, m.DestinationAddr, m.First, m.Why = a.key.source, a.key.destination, a.first, why
	m.Segment = Segment{a.key.kind, a.key.reference, a.key.total, 0}
	next := 1
	for _, x := range a.parts {
		for ; next < int(x.number); next++ {
			m.Missing = append(m.Missing, uint8(next))
		}
		next++
	}
	for ; next <= int(a.key.total); next++ {
		m.Missing = append(m.Missing, uint8(next))
	}
	return m
}

// assemble joins parts that are in their order. Runs of parts in one encoding are decoded together, because senders
// cut escapes and surrogate pairs in two.
func assemble(parts []part) *Assembled {
	m := &Assembled{DataCoding: parts[0].dataCoding, UDH: parts[0].udh, IsText: true}
	for _, x := range parts {
		m.Octets = append(m.Octets, x.octets...)
		m.IsText = m.IsText && x.isText
	}
	if !m.IsText {
		return m
	}
	var text, run []byte
	for i, x := range parts {
		e := x.encoding
		if e.Alphabet == GSMPacked {
			run = unpackSeptets(run, x.octets, fillBits(int(x.header)))
			e.Alphabet = GSM
		} else {
			run = append(run, x.octets...)
		}
		if i+1 < len(parts) && parts[i+1].encoding == x.encoding && parts[i+1].number == x.number+1 {
			continue
		}
		text = e.AppendText(text, run)
		run = run[:0]
	}
	m.Text = string(text)
	return m
}
