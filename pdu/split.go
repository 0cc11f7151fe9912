package pdu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// TextOptions say how a text is to be sent (SMPP 3.4 §5.2.19). The zero value lets the alphabet be chosen (GSM 03.38 if the text
// fits it, else UCS-2) and marks the parts of a long text in 8-bit user data headers.
type TextOptions struct {
	Encoding   *Alphabet  // nil: chosen
	DataCoding *uint8     // nil: follows from the alphabet; else, where Encoding is nil, the alphabet follows from it
	Zero       Alphabet   // what data_coding 0 means to the SMSC
	Languages  []Language // whose tables may be used where that saves parts
	Flash      bool       // message class 0: shown at once, not stored
	By         SegmentKind
	Reference  uint16 // of the parts; 8-bit headers carry its lower octet
	Elements   UDH    // more information elements, for each part; nil: none. Not those that Languages and By make
}

// Message is a text ready to be sent: one or more parts (3GPP 23.040 §9.2.3.24.1), at most 255.
type Message struct {
	Encoding   Encoding
	DataCoding uint8
	By         SegmentKind
	Units      int  // septets of GSM 03.38, code units of UCS-2, else octets; of all parts
	Septets    bool // the units are septets
	PerPart    int  // units that a part holds
	Remaining  int  // units that are free in the last part
	Parts      []Part
}

// Part is one part of a message (3GPP 23.040 §9.2.3.24.1).
type Part struct {
	UDH     UDH     // the header, or nil
	Octets  []byte  // the text, at most 140 octets with the header on the air
	Segment Segment // which part it is; zero where there is one only
	text    string
	units   int
}

// ErrTooLong is the [*TooLongError] of any limit (3GPP 23.040 §9.2.3.24.1), for errors.Is.
var ErrTooLong = &TooLongError{}

// TooLongError says which limit a text exceeds (3GPP 23.040 §9.2.3.24.1).
type TooLongError struct {
	Have, Limit int
	What        string // what is counted
}

// Error names the limit and the remedy.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("the text has %d %s, must be at most %d: shorten it, or send it in several messages", e.Have, e.What, e.Limit)
}

// Is makes all of them ErrTooLong.
func (e *TooLongError) Is(target error) bool { return target == ErrTooLong }

const (
	maxParts   = 255    // the numbers of parts are octets
	maxPayload = 0xFFFF // octets of a TLV
)

// plan is a way to write a text.
type plan struct {
	e          Encoding
	count      Encoding // by which the units are counted: GSM where the SMSC turns the octets into it
	dataCoding uint8
}

// MeasureText is [SplitText] without the octets (3GPP 23.040 §9.2.3.24.1): its parts have none.
func MeasureText(s string, o TextOptions) (*Message, error) {
	best, err := o.choose(s)
	if err != nil {
		return nil, err
	}
	return o.cut(s, best)
}

// SplitText cuts a text into parts that fit a message each: 160 septets, 140 octets or 70 UCS-2 units for one
// alone, less a header's room for several (153, 134, 67; with 16-bit references 152, 133, 66;
// 3GPP 23.040 §9.2.3.24.1). No part ends within an escape, a surrogate pair or a character of several octets.
// Parts with SAR TLVs hold as many as with 8-bit headers, which the SMSC makes of them.
//
// Errors: a *[TextError] where a character has no place, [ErrTooLong] above 255 parts or 65535 octets of
// message_payload.
func SplitText(s string, o TextOptions) (*Message, error) {
	m, err := MeasureText(s, o)
	if err != nil {
		return nil, err
	}
	room := make([]byte, 0, len(s)+16) // one array for the octets of all parts
	for i := range m.Parts {
		p := &m.Parts[i]
		at := len(room)
		if m.Encoding.Alphabet == GSMPacked {
			room, err = m.Encoding.appendPacked(room, p.text, len(p.UDH))
		} else {
			room, err = m.Encoding.Append(room, p.text)
		}
		if err != nil {
			return nil, err
		}
		p.Octets = room[at:len(room):len(room)]
	}
	return m, nil
}

// EncodeTextAs writes a text of any length as one run of octets, and returns the data_coding that goes with it (SMPP 3.4 §5.2.19). Languages,
// headers and parts have no place in it.
func EncodeTextAs(s string, o TextOptions) (octets []byte, dataCoding uint8, err error) {
	o.Languages, o.Elements, o.By = nil, nil, UDH8
	p, err := o.choose(s)
	if err != nil {
		return nil, 0, err
	}
	octets, err = p.e.Append(make([]byte, 0, len(s)+16), s)
	return octets, p.dataCoding, err
}

// choose finds the encoding: what was asked for, or of those that may be chosen the one with the fewest parts.
func (o *TextOptions) choose(s string) (plan, error) {
	if o.By > Payload {
		return plan{}, fmt.Errorf("%d is no way to mark parts: take UDH8, UDH16, SAR or Payload", uint8(o.By))
	}
	if err := o.Zero.check(); err != nil {
		return plan{}, err
	}
	if o.Encoding != nil {
		if err := o.Encoding.check(); err != nil {
			return plan{}, err
		}
	}
	if !utf8.ValidString(s) && !o.binary() {
		for i, r := range s {
			if r == utf8.RuneError && !hasReplacement(s[i:]) {
				return plan{}, &TextError{Offset: i, Rune: -1}
			}
		}
	}
	if o.Encoding != nil || o.DataCoding != nil {
		return o.given(s)
	}
	zero := plan{e: Encoding{Alphabet: o.Zero}}
	zero.dataCoding, _ = o.coding(GSM)
	switch {
	case o.Zero == GSMPacked:
	case o.Zero == GSM || o.Flash:
		zero.e.Alphabet = GSM
	default:
		if _, err := zero.e.Append(nil, s); err != nil {
			return o.ucs2(), nil
		}
		if !o.Zero.becomesGSM() {
			zero.count = zero.e
			return zero, nil
		}
	}
	if _, ok := gsmDefault.septets(s); ok {
		return zero, nil
	}
	best, parts := o.ucs2(), 0
	if m, err := o.cut(s, best); err == nil {
		parts = len(m.Parts)
	}
	if zero.e.Alphabet != GSM && zero.e.Alphabet != GSMPacked {
		return best, nil
	}
	for _, e := range o.national(zero.e.Alphabet) {
		p := plan{e: e, count: e, dataCoding: zero.dataCoding}
		if m, err := o.cut(s, p); err == nil && (parts == 0 || len(m.Parts) < parts) {
			best, parts = p, len(m.Parts)
		}
	}
	return best, nil
}

// national are the ways to write GSM 03.38 with the tables of the languages. They need a header.
func (o *TextOptions) national(a Alphabet) []Encoding {
	var all []Encoding
	if o.By == SAR {
		return nil
	}
	for _, l := range o.Languages {
		all = append(all, Encoding{a, 0, l})
		if l.lockable() {
			all = append(all, Encoding{a, l, 0}, Encoding{a, l, l})
		}
	}
	return all
}

// becomesGSM reports whether the SMSC turns text in its default alphabet into GSM 03.38: then a text must fit both,
// and is as long as it is there.
func (a Alphabet) becomesGSM() bool { return a == ASCII || a == Latin1 }

func (o *TextOptions) ucs2() plan {
	c, _ := UCS2.dataCoding(o.Flash)
	e := Encoding{Alphabet: UCS2}
	return plan{e: e, count: e, dataCoding: c}
}

// binary reports whether octets are to be sent rather than text.
func (o *TextOptions) binary() bool {
	if o.Encoding != nil {
		return *o.Encoding == Binary
	}
	if o.DataCoding == nil {
		return false
	}
	a, ok := AlphabetOf(*o.DataCoding, o.Zero)
	return ok && a == Binary
}

// coding is the data_coding of an alphabet under the options.
func (o *TextOptions) coding(a Alphabet) (uint8, error) {
	if o.DataCoding != nil {
		return *o.DataCoding, nil
	}
	c, ok := a.dataCoding(o.Flash)
	if !ok {
		return 0, fmt.Errorf("a flash message cannot be in the alphabet %s: it must be gsm, ucs2 or binary", a)
	}
	return c, nil
}

// given is the encoding that was asked for.
func (o *TextOptions) given(s string) (plan, error) {
	var p plan
	var err error
	if o.Encoding != nil {
		a := *o.Encoding
		if p.dataCoding, err = o.coding(a); err != nil {
			return p, err
		}
		if a == GSM && p.dataCoding == 0 {
			a = o.Zero // gsm is the name of the default alphabet, in whatever way the SMSC wants it
		}
		p.e.Alphabet = a
	} else {
		a, ok := AlphabetOf(*o.DataCoding, o.Zero)
		if !ok {
			return p, fmt.Errorf("data_coding 0x%02X is no text that is known: give the encoding too", *o.DataCoding)
		}
		p.e.Alphabet, p.dataCoding = a, *o.DataCoding
	}
	p.count = p.e
	if p.dataCoding == 0 && p.e.Alphabet == o.Zero && o.Zero.becomesGSM() {
		if _, ok := gsmDefault.septets(s); ok {
			p.count = Encoding{} // as the SMSC sends it
		}
	}
	if _, err := p.count.measure(s); err == nil || p.e.Alphabet > GSMPacked {
		return p, nil
	}
	for _, e := range o.national(p.e.Alphabet) {
		if _, err := e.measure(s); err == nil {
			return plan{e: e, count: e, dataCoding: p.dataCoding}, nil
		}
	}
	return p, nil
}

// measure counts the units of a text.
func (e Encoding) measure(s string) (int, error) {
	switch e.Alphabet {
	case GSM, GSMPacked:
		if n, ok := tablesOf(e.Locking, e.Single).septets(s); ok {
			return n, nil
		}
	case Binary:
		return len(s), nil
	}
	octets, err := e.Append(make([]byte, 0, 2*len(s)), s)
	if e.Alphabet == UCS2 {
		return len(octets) / 2, err
	}
	return len(octets), err
}

// prefix is how many octets of s go into so many units, and how many units they take. s has a place in the encoding.
func (e Encoding) prefix(s string, room int) (n, units int) {
	switch e.Alphabet {
	case GSM, GSMPacked:
		return tablesOf(e.Locking, e.Single).prefix(s, room)
	case UCS2:
		for i, r := range s {
			u := 1
			if r > 0xFFFF {
				u = 2
			}
			if units+u > room {
				return i, units
			}
			units += u
		}
		return len(s), units
	case Binary:
		n = min(len(s), room)
		return n, n
	}
	// The length of the others is known when they are written; each character takes an octet or more, so
	// that a part is sought in at most so many characters.
	ends := make([]int, 0, room)
	for i, r := range s {
		if len(ends) == room {
			break
		}
		ends = append(ends, i+utf8.RuneLen(r))
	}
	k := sort.Search(len(ends), func(k int) bool {
		octets, err := e.Append(nil, s[:ends[k]])
		return err != nil || len(octets) > room
	})
	if k == 0 {
		return len(s), room // cannot be: no character is longer than a part
	}
	n = ends[k-1]
	octets, _ := e.Append(nil, s[:n])
	return n, len(octets)
}

// doubled reports whether a packed text that fills its part needs an octet more, for the CR behind its CR.
func (e Encoding) doubled(s string, units, room int) bool {
	return e.Alphabet == GSMPacked && units == room && strings.HasSuffix(s, "\r")
}

// room is how many units fit behind a header of so many octets.
func (e Encoding) room(header int) int {
	free := max(0, messageOctets-header)
	switch e.Alphabet {
	case GSM, GSMPacked:
		return free * 8 / 7
	case UCS2:
		return free / 2
	}
	return free
}

// cut finds the parts and their headers.
func (o *TextOptions) cut(s string, p plan) (*Message, error) {
	header := o.Elements
	switch {
	case len(header) == 0:
		header = nil
	case !header.Valid():
		return nil, errors.New("the elements are no user data header: each has an identifier, its length, and so many octets")
	case o.By == SAR:
		return nil, errors.New("a user data header excludes SAR TLVs (SMPP 3.4 §5.2.12): take udh8 or udh16")
	}
	if err := header.checkGiven(); err != nil {
		return nil, err
	}
	if p.e.Locking != 0 {
		header = header.AppendElement(IELockingShift, []byte{byte(p.e.Locking)})
	}
	if p.e.Single != 0 {
		header = header.AppendElement(IESingleShift, []byte{byte(p.e.Single)})
	}
	m := &Message{Encoding: p.e, DataCoding: p.dataCoding, By: o.By, Septets: p.count.Alphabet <= GSMPacked}
	whole, err := p.count.measure(s)
	if err != nil {
		return nil, err
	}
	m.Units, m.PerPart = whole, p.count.room(len(header))
	one := whole <= m.PerPart && !p.e.doubled(s, whole, m.PerPart)
	if one || o.By == Payload {
		m.Parts = []Part{{UDH: header, text: s, units: whole}}
		m.Remaining = m.PerPart - whole
		if one {
			m.By = UDH8 // nothing is needed
			return m, nil
		}
		return m, m.fillPayload(p)
	}
	full := header
	if o.By == SAR {
		m.PerPart = p.count.room(len(header.appendSegment(Segment{Kind: UDH8})))
	} else {
		full = header.appendSegment(Segment{Kind: o.By})
		m.PerPart = p.count.room(len(full))
		if len(full) == len(header) {
			m.PerPart = 0
		}
	}
	if m.PerPart < 2 {
		limit := messageOctets - 2 - len(UDH{0}.appendSegment(Segment{Kind: o.By})) + 1 // two units and the mark of the part
		if p.count.Alphabet == UCS2 {
			limit -= 2
		}
		return nil, &TooLongError{len(header), limit, "octets of header"}
	}
	if err := o.parts(m, s, p, header); err != nil {
		return nil, err
	}
	m.Remaining = m.PerPart - m.Parts[len(m.Parts)-1].units
	return m, nil
}

// fillPayload says how much more a message_payload holds, whose limit is of octets whatever the units are.
func (m *Message) fillPayload(p plan) error {
	x := &m.Parts[0]
	written, err := p.e.measure(x.text)
	if err != nil {
		return err
	}
	free, octets := maxPayload-len(x.UDH), written
	m.PerPart = free
	switch p.e.Alphabet {
	case UCS2:
		m.PerPart, octets = free/2, written*2
	case GSMPacked:
		fill := fillBits(len(x.UDH))
		m.PerPart, octets = (free*8-fill)/7, (fill+written*7+7)/8
		if (fill+written*7)%8 == 0 && strings.HasSuffix(x.text, "\r") { // see packSeptets
			octets++
		}
	}
	if octets > free {
		return &TooLongError{len(x.UDH) + octets, maxPayload, "octets"}
	}
	m.Remaining = m.PerPart - written // not what the SMSC makes of it: that is as long as it likes
	return nil
}

// parts fills m.Parts: as much as goes into each.
func (o *TextOptions) parts(m *Message, s string, p plan, header UDH) error {
	ref := o.Reference
	if o.By == UDH8 {
		ref &= 0xFF
	}
	for len(s) > 0 {
		n, units := p.count.prefix(s, m.PerPart)
		if p.e.doubled(s[:n], units, m.PerPart) {
			n, units = n-1, units-1
		}
		m.Parts = append(m.Parts, Part{text: s[:n], units: units})
		s = s[n:]
		if len(m.Parts) > maxParts {
			rest, _ := p.count.measure(s)
			return &TooLongError{len(m.Parts) + (rest+m.PerPart-1)/m.PerPart, maxParts, "parts"}
		}
	}
	for i := range m.Parts {
		x := &m.Parts[i]
		x.Segment = Segment{Kind: o.By, Reference: ref, Total: uint8(len(m.Parts)), Number: uint8(i + 1)}
		if x.UDH = header; o.By != SAR {
			x.UDH = header.appendSegment(x.Segment)
		}
	}
	return nil
}

// SetReference changes the reference of all parts (3GPP 23.040 §9.2.3.24.1); 8-bit headers carry its lower octet.
func (m *Message) SetReference(ref uint16) {
	if m.By == UDH8 {
		ref &= 0xFF
	}
	for i := range m.Parts {
		p := &m.Parts[i]
		if p.Segment.Total == 0 {
			continue
		}
		p.Segment.Reference = ref
		if n := len(p.UDH); m.By == UDH8 { // the concatenation element is the last one
			p.UDH[n-3] = uint8(ref)
		} else if m.By == UDH16 {
			binary.BigEndian.PutUint16(p.UDH[n-4:], ref)
		}
	}
}

// Set puts part i, from 0, into a submit_sm, deliver_sm or data_sm that is being built (SMPP 3.4 §5.2.12, §5.3.2.22): data_coding, the UDHI bit of
// esm_class beside the bits that are set, short_message or message_payload, and the SAR TLVs. It panics without such a part.
func (m *Message) Set(b *Builder, i int) {
	p := &m.Parts[i]
	b.SetInt(FieldDataCoding, int64(m.DataCoding))
	if v := b.value(FieldESMClass); v != nil && len(p.UDH) > 0 {
		v.n |= esmUDHI
	}
	octets := string(p.UDH) + string(p.Octets)
	if m.By == SAR && p.Segment.Total > 0 {
		b.AddTLV(TagSARMsgRefNum, string(binary.BigEndian.AppendUint16(nil, p.Segment.Reference)))
		b.AddTLV(TagSARTotalSegments, string([]byte{p.Segment.Total}))
		b.AddTLV(TagSARSegmentSeqnum, string([]byte{p.Segment.Number}))
	}
	if m.By == Payload || !b.cmd.Has(FieldShortMessage) {
		b.AddTLV(TagMessagePayload, octets)
		return
	}
	b.SetString(FieldShortMessage, octets)
}
