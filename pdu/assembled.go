package pdu

import "time"

// Assembled is a message that was put together, or as much of it as has come (3GPP 23.040 §9.2.3.24.1).
type Assembled struct {
	SourceAddr, DestinationAddr string

	Text       string // in UTF-8; of the parts that there are, in their order
	IsText     bool   // else data_coding says that it is none: see Octets
	Octets     []byte // the parts as they came, without their headers
	DataCoding uint8  // of the first part
	UDH        UDH    // of the first part that has come, with its concatenation element; or nil
	Headers    []UDH  // of each part that has come, in their order; nil for one that has none

	Segment Segment // how it was marked; Total is 1 for a message that was whole
	Missing []uint8 // the numbers of parts that have not come
	Why     GaveUp  // why it is handed over without them
	First   time.Time
}

// GaveUp is why a message is handed over although parts of it have not come (3GPP 23.040 §9.2.3.24.1).
type GaveUp string

// The reasons.
const (
	Complete        GaveUp = ""                 // it is not: all parts are there
	TooOld          GaveUp = "timeout"          // MaxAge
	TooMany         GaveUp = "limit"            // MaxMessages or MaxOctets
	ReferenceReused GaveUp = "reference_reused" // a new message has the same reference
)

func newPart(p *PDU, s Segment, zero Alphabet) part {
	u := p.UDH()
	e, err := p.Encoding(zero)
	x := part{number: s.Number, isText: err == nil, encoding: e, dataCoding: uint8(p.Int(FieldDataCoding))}
	x.octets = append(make([]byte, 0, len(p.payload())-len(u)), p.payload()[len(u):]...)
	if len(u) > 0 {
		x.udh = append(UDH(nil), u...)
	}
	return x
}

// Ports returns the application ports, of the first part that has them (3GPP 23.040 §9.2.3.24.3).
func (m *Assembled) Ports() (destination, source uint16, ok bool) {
	for _, u := range m.Headers {
		if destination, source, ok = u.Ports(); ok {
			return destination, source, true
		}
	}
	return 0, 0, false
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
		m.Headers = append(m.Headers, x.udh)
		m.IsText = m.IsText && x.isText
	}
	if !m.IsText {
		return m
	}
	var text, run []byte
	for i, x := range parts {
		e := x.encoding
		if e.Alphabet == GSMPacked {
			run = unpackSeptets(run, x.octets, fillBits(len(x.udh)))
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
