package pdu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// parts are the deliver_sm that carry a text from one address to another.
func parts(t testing.TB, from, text string, o TextOptions) []*PDU {
	t.Helper()
	m, err := SplitText(text, o)
	if err != nil {
		t.Fatal(err)
	}
	var all []*PDU
	for i := range m.Parts {
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetString(FieldSourceAddr, from)
		b.SetString(FieldDestinationAddr, "12345")
		m.Set(b, i)
		all = append(all, b.Build())
	}
	return all
}

func long(c string, n int) string { return strings.Repeat(c, n) }

// story adds parts, each a minute after the one before, and tells what comes of it.
func story(r *Reassembler, ps ...*PDU) (told []string) {
	for i, p := range ps {
		a := r.Add(noon.Add(time.Duration(i)*time.Minute), p, GSM)
		for _, m := range a.GaveUp {
			told = append(told, fmt.Sprintf("%s: %d octets, missing %v", m.Why, len(m.Text), m.Missing))
		}
		if a.Message != nil {
			told = append(told, fmt.Sprintf("%s: %d octets", a.State, len(a.Message.Text)))
		} else {
			told = append(told, string(a.State))
		}
	}
	return told
}

func TestReassemble(t *testing.T) {
	a := parts(t, "1", long("a", 400), TextOptions{Reference: 7})
	b := parts(t, "1", long("b", 400), TextOptions{Reference: 7})
	other := parts(t, "2", long("c", 400), TextOptions{Reference: 7})
	wide := parts(t, "1", long("d", 400), TextOptions{Reference: 7, By: UDH16})
	sar := parts(t, "1", long("e", 400), TextOptions{Reference: 7, By: SAR})
	payload := parts(t, "1", long("f", 400), TextOptions{By: Payload})
	short := parts(t, "1", "hi", TextOptions{})
	end := parts(t, "1", long("a", 306)+long("g", 94), TextOptions{Reference: 7})   // begins as a does
	begin := parts(t, "1", long("h", 306)+long("a", 94), TextOptions{Reference: 7}) // ends as a does
	for _, tt := range []struct {
		name string
		in   []*PDU
		want []string
	}{
		{"in order", a, []string{"waiting", "waiting", "whole: 400 octets"}},
		{"the last one first", []*PDU{a[2], a[0], a[1]}, []string{"waiting", "waiting", "whole: 400 octets"}},
		{"a part twice", []*PDU{a[0], a[0], a[1], a[1], a[2]}, []string{"waiting", "duplicate", "waiting", "duplicate", "whole: 400 octets"}},
		{"a part once more when all is there", []*PDU{a[0], a[1], a[2], a[1]}, []string{"waiting", "waiting", "whole: 400 octets", "duplicate"}},
		{"the reference again, when all is there", []*PDU{a[0], a[1], a[2], b[0], b[1], b[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "waiting", "waiting", "whole: 400 octets"}},
		{"the reference again, when a part is missing", []*PDU{a[0], a[2], b[0], b[1], b[2]},
			[]string{"waiting", "waiting", "reference_reused: 247 octets, missing [2]", "waiting", "waiting", "whole: 400 octets"}},
		{"a template: the beginning again, and another end", []*PDU{a[0], a[1], a[2], end[0], end[1], end[2], end[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "duplicate", "duplicate", "whole: 400 octets", "duplicate"}},
		{"a template: another end, and the beginning again", []*PDU{a[0], a[1], a[2], end[2], end[0], end[1]},
			[]string{"waiting", "waiting", "whole: 400 octets", "waiting", "waiting", "whole: 400 octets"}},
		{"a template: another beginning, and the end again", []*PDU{a[0], a[1], a[2], begin[0], begin[1], begin[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "waiting", "waiting", "whole: 400 octets"}},
		{"all of it again, and then a template", []*PDU{a[0], a[1], a[2], a[2], a[1], a[0], end[0], end[1], end[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "duplicate", "duplicate", "duplicate", "duplicate", "duplicate", "whole: 400 octets"}},
		{"a part again, and then the reference", []*PDU{a[0], a[1], a[2], a[0], a[0], b[0], b[1], b[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "duplicate", "duplicate", "waiting", "waiting", "whole: 400 octets"}},
		{"a part again while the next message waits", []*PDU{a[0], a[1], a[2], b[0], a[0], b[1], a[1], b[2], a[2]},
			[]string{"waiting", "waiting", "whole: 400 octets", "waiting", "duplicate", "waiting", "duplicate", "whole: 400 octets",
				"waiting"}}, // by then it is the one before the last
		{"two senders with one reference", []*PDU{a[0], other[0], a[1], other[1], other[2], a[2]},
			[]string{"waiting", "waiting", "waiting", "waiting", "whole: 400 octets", "whole: 400 octets"}},
		{"three kinds of marks with one reference", []*PDU{a[0], wide[0], sar[0], sar[1], wide[1], a[1], a[2], sar[2], wide[2]},
			[]string{"waiting", "waiting", "waiting", "waiting", "waiting", "waiting", "whole: 400 octets", "whole: 400 octets", "whole: 400 octets"}},
		{"whole by itself", []*PDU{short[0], payload[0], short[0]}, []string{"whole: 2 octets", "whole: 400 octets", "whole: 2 octets"}},
	} {
		if got := story(&Reassembler{}, tt.in...); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestReassembleGivesUp(t *testing.T) {
	a := parts(t, "1", long("a", 400), TextOptions{Reference: 7})
	var r Reassembler
	r.Add(noon, a[0], GSM)
	r.Add(noon.Add(29*time.Minute), a[2], GSM)
	if at, ok := r.Next(); !ok || !at.Equal(noon.Add(30*time.Minute)) {
		t.Errorf("the next deadline is %v, %v", at, ok)
	}
	if m := r.Expire(noon.Add(30*time.Minute - 1)); m != nil {
		t.Errorf("given up too early: %+v", m)
	}
	m := r.Expire(noon.Add(30 * time.Minute))
	if len(m) != 1 || m[0].Text != long("a", 153+94) || !slices.Equal(m[0].Missing, []uint8{2}) || m[0].Why != TooOld || m[0].SourceAddr != "1" ||
		m[0].Segment.Total != 3 || !m[0].First.Equal(noon) {
		t.Fatalf("%+v", m)
	}
	if n, octets := r.Held(); n != 0 || octets != 0 {
		t.Errorf("%d messages of %d octets are left", n, octets)
	}
	if _, ok := r.Next(); ok {
		t.Error("there is a deadline")
	}
	// and what is whole is forgotten in silence
	for _, p := range a {
		r.Add(noon, p, GSM)
	}
	if m := r.Expire(noon.Add(time.Hour)); m != nil {
		t.Errorf("%+v", m)
	}
	// after a while the same parts are a new message
	for i, p := range append(a, a...) {
		if got := r.Add(noon.Add(time.Duration(i)*repeatWindow), p, GSM); got.State == PartDuplicate {
			t.Errorf("part %d is a duplicate", i)
		}
	}
}

// The parts of a new message that begins as the last one keep it remembered, and its age counts from them.
func TestReassembleRepeatsInTime(t *testing.T) {
	a := parts(t, "1", long("a", 400), TextOptions{Reference: 7})
	end := parts(t, "1", long("a", 306)+long("g", 94), TextOptions{Reference: 7})
	other := parts(t, "2", long("b", 400), TextOptions{Reference: 7})
	r := Reassembler{MaxAge: 10 * time.Minute}
	for _, p := range a {
		r.Add(noon, p, GSM)
	}
	if at, ok := r.Next(); !ok || !at.Equal(noon.Add(repeatWindow)) {
		t.Errorf("the next deadline is %v, %v", at, ok)
	}
	began := noon.Add(repeatWindow - time.Second)
	r.Add(began, end[0], GSM)
	r.Add(began.Add(time.Minute), other[0], GSM)
	if got := r.Add(began.Add(2*time.Minute), end[2], GSM); got.State != PartWaiting {
		t.Fatalf("%+v", got)
	}
	if n, _ := r.Held(); n != 2 {
		t.Errorf("%d messages wait", n)
	}
	if at, ok := r.Next(); !ok || !at.Equal(began.Add(repeatWindow)) {
		t.Errorf("the next deadline is %v, %v", at, ok)
	}
	m := r.Expire(began.Add(10 * time.Minute))
	if len(m) != 1 || !m[0].First.Equal(began) || m[0].Text != long("a", 153)+long("g", 94) || !slices.Equal(m[0].Missing, []uint8{2}) {
		t.Fatalf("%+v", m)
	}
	if m := r.Expire(began.Add(11 * time.Minute)); len(m) != 1 || m[0].SourceAddr != "2" {
		t.Fatalf("%+v", m)
	}
	if n, octets := r.Held(); n != 0 || octets != 0 {
		t.Errorf("%d messages of %d octets are left", n, octets)
	}
}

// The headers of all parts are there, and the ports whichever part is.
func TestReassembleHeaders(t *testing.T) {
	ps := parts(t, "1", long("a", 400), TextOptions{Reference: 7, Elements: UDH(nil).AppendPorts(2948, 9200)})
	var r Reassembler
	r.Add(noon, ps[2], GSM)
	r.Add(noon, ps[1], GSM)
	m := r.Expire(noon.Add(time.Hour))
	if len(m) != 1 || !slices.Equal(m[0].UDH, ps[1].UDH()) || len(m[0].Headers) != 2 || !slices.Equal(m[0].Headers[1], ps[2].UDH()) {
		t.Fatalf("%+v", m)
	}
	if to, from, ok := m[0].Ports(); !ok || to != 2948 || from != 9200 {
		t.Error(to, from, ok)
	}
	deliver := func(udh string) *PDU {
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetInt(FieldESMClass, esmUDHI)
		b.SetString(FieldShortMessage, udh+"x")
		return b.Build()
	}
	r.Add(noon, deliver("\x08\x00\x03\x01\x02\x01\x70\x01\x09"), GSM)
	got := r.Add(noon, deliver("\x0b\x00\x03\x01\x02\x02\x05\x04\x0b\x84\x23\xf0"), GSM).Message
	if to, _, ok := got.Ports(); !ok || to != 2948 || len(got.Headers) != 2 {
		t.Errorf("%+v", got)
	}
}

// Messages that were whole push none out that waits: they have a bound of their own, and go first.
func TestReassembleWholeOnesGoFirst(t *testing.T) {
	r := Reassembler{MaxMessages: 10}
	for i := range 10 {
		r.Add(noon, parts(t, fmt.Sprint("waits", i), long("a", 200), TextOptions{})[0], GSM)
	}
	for i := range 25 {
		for _, p := range parts(t, fmt.Sprint(i), long("a", 200), TextOptions{})[:2] {
			for _, m := range r.Add(noon, p, GSM).GaveUp {
				if m.SourceAddr != "waits0" { // while the second part of i was on its way there were eleven
					t.Fatalf("message %d: given up: %+v", i, m)
				}
			}
		}
		if n := r.whole.len(); n > 10 {
			t.Fatalf("%d whole ones are remembered", n)
		}
	}
	if n, _ := r.Held(); n != 9 {
		t.Errorf("%d wait", n)
	}
	r = Reassembler{MaxOctets: 5000}
	r.Add(noon, parts(t, "waits", long("a", 200), TextOptions{})[0], GSM)
	for i := range 100 {
		for _, p := range parts(t, fmt.Sprint(i), long("a", 200), TextOptions{}) {
			if a := r.Add(noon, p, GSM); len(a.GaveUp) > 0 {
				t.Fatalf("message %d: given up: %+v", i, a.GaveUp[0])
			}
		}
	}
	if n, octets := r.Held(); n != 1 || octets > 5000 || r.whole.len() < 3 {
		t.Errorf("%d wait, %d were whole, %d octets", n, r.whole.len(), octets)
	}
}

func TestReassembleBounds(t *testing.T) {
	r := Reassembler{MaxMessages: 10}
	for i := range 25 {
		p := parts(t, fmt.Sprint(i), long("a", 200), TextOptions{})
		a := r.Add(noon, p[0], GSM)
		if (len(a.GaveUp) == 1) != (i >= 10) || i >= 10 && (a.GaveUp[0].SourceAddr != fmt.Sprint(i-10) || a.GaveUp[0].Why != TooMany) {
			t.Fatalf("message %d: %+v", i, a)
		}
	}
	r = Reassembler{MaxOctets: 5000}
	gaveUp := 0
	for i := range 40 {
		gaveUp += len(r.Add(noon, parts(t, fmt.Sprint(i), long("a", 200), TextOptions{})[0], GSM).GaveUp)
		if n, octets := r.Held(); octets > 5000 || n+gaveUp != i+1 {
			t.Fatalf("%d messages of %d octets, %d given up", n, octets, gaveUp)
		}
	}
	huge := NewBuilder(commandOf(CmdDeliverSM)) // a part that is too large by itself
	huge.SetInt(FieldESMClass, esmUDHI)
	huge.AddTLV(TagMessagePayload, "\x05\x00\x03\x01\x02\x01"+long("x", 60000))
	a := r.Add(noon, huge.Build(), GSM)
	if m := a.GaveUp[len(a.GaveUp)-1]; len(m.Text) != 60000 || m.Why != TooMany {
		t.Errorf("%d octets, %s", len(m.Text), m.Why)
	}
}

// Senders cut escapes and surrogate pairs, and mix encodings.
func TestReassembleWhatIsCutBadly(t *testing.T) {
	deliver := func(coding int64, udh, octets string) *PDU {
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetInt(FieldESMClass, esmUDHI)
		b.SetInt(FieldDataCoding, coding)
		b.SetString(FieldShortMessage, udh+octets)
		return b.Build()
	}
	u := func(n string) string { return "\x05\x00\x03\x01\x02" + n }
	for _, tt := range []struct {
		name        string
		first, then *PDU
		want        string
		octets      string
	}{
		{"an escape", deliver(0, u("\x01"), "a\x1b"), deliver(0, u("\x02"), "ea"), "a€a", ""},
		{"a pair", deliver(8, u("\x01"), "\x00a\xd8\x3d"), deliver(8, u("\x02"), "\xde\x00"), "a😀", ""},
		{"two encodings", deliver(0, u("\x01"), "a\x1b"), deliver(8, u("\x02"), "\x04\x36"), "a ж", ""},
		{"two languages", deliver(0, "\x08\x24\x01\x01\x00\x03\x01\x02\x01", "\x1b\x69"), deliver(0, u("\x02"), "\x1b\x65"), "ı€", ""},
		{"no text", deliver(4, u("\x01"), "\xff"), deliver(4, u("\x02"), "\x00"), "", "\xff\x00"},
		{"no text in a part", deliver(0, u("\x01"), "a"), deliver(0xF5, u("\x02"), "\x00"), "", "a\x00"},
	} {
		for _, order := range [][]*PDU{{tt.first, tt.then}, {tt.then, tt.first}} {
			var r Reassembler
			r.Add(noon, order[0], GSM)
			m := r.Add(noon, order[1], GSM).Message
			if m == nil || m.Text != tt.want || m.IsText != (tt.octets == "") || tt.octets != "" && string(m.Octets) != tt.octets {
				t.Errorf("%s: %+v", tt.name, m)
			}
		}
	}
}

// reassembled checks that the parts of several messages in any order, some of them twice, give the messages back,
// each once.
func reassembled(t interface {
	Fatalf(string, ...any)
}, texts map[string]string, in []*PDU, zero Alphabet) {
	var r Reassembler
	got := map[string]string{}
	for i, p := range in {
		a := r.Add(noon.Add(time.Duration(i)*time.Millisecond), p.Clone(), zero)
		if len(a.GaveUp) > 0 {
			t.Fatalf("given up: %+v", a.GaveUp[0])
		}
		if m := a.Message; m != nil {
			if _, twice := got[m.SourceAddr]; twice {
				t.Fatalf("%s came twice", m.SourceAddr)
			}
			got[m.SourceAddr] = m.Text
		}
	}
	for from, text := range texts {
		if zero == GSMPacked {
			text, got[from] = oneCR(text), oneCR(got[from])
		}
		if got[from] != text {
			t.Fatalf("%q came back as %q", text, got[from])
		}
	}
}

func TestReassembleProperties(t *testing.T) {
	chars := []rune("aZ 0€[^\n\rçşÄΔж日😀हÿ")
	rapid.Check(t, func(rt *rapid.T) {
		zero := rapid.SampledFrom([]Alphabet{GSM, GSMPacked, Latin1}).Draw(rt, "zero")
		texts := map[string]string{}
		var in []*PDU
		for i := range rapid.IntRange(1, 4).Draw(rt, "messages") {
			from := fmt.Sprint(i)
			texts[from] = rapid.StringOfN(rapid.SampledFrom(chars[:rapid.IntRange(5, len(chars)).Draw(rt, "kinds")]), 161, 500, -1).Draw(rt, "text")
			in = append(in, parts(t, from, texts[from], TextOptions{Zero: zero, Languages: []Language{Turkish},
				By: rapid.SampledFrom([]SegmentKind{UDH8, UDH16, SAR}).Draw(rt, "by"), Reference: rapid.Uint16().Draw(rt, "reference")})...)
		}
		in = rapid.Permutation(in).Draw(rt, "order")
		var doubled []*PDU
		for _, p := range in {
			doubled = append(doubled, p)
			if s, ok := p.Segment(); ok && s.Total > 1 && rapid.Bool().Draw(rt, "twice") {
				doubled = append(doubled, p)
			}
		}
		reassembled(rt, texts, doubled, zero)
	})
}

func FuzzReassemble(f *testing.F) {
	f.Add("grüße an alle, und zwar €uro", uint8(0), uint16(7), []byte{2, 0, 1, 1})
	f.Add(long("ж😀", 100), uint8(1), uint16(300), []byte{3, 0, 2, 200})
	f.Add(long("日", 300), uint8(2), uint16(0), []byte{1})
	f.Fuzz(func(t *testing.T, text string, by uint8, reference uint16, order []byte) {
		m, err := SplitText(text, TextOptions{By: SegmentKind(by % 4), Reference: reference})
		if err != nil || len(order) > 1000 {
			return
		}
		ps := parts(t, "1", text, TextOptions{By: SegmentKind(by % 4), Reference: reference})
		if len(ps) != len(m.Parts) {
			t.Fatal("cut in two ways")
		}
		var in []*PDU
		if len(ps) > 1 {
			for _, i := range order { // some of them, some twice
				in = append(in, ps[int(i)%len(ps)])
			}
		}
		seen := map[*PDU]bool{}
		for _, p := range in {
			seen[p] = true
		}
		for _, p := range ps { // and those that were left
			if !seen[p] {
				in = append(in, p)
			}
		}
		reassembled(t, map[string]string{"1": text}, in, GSM)
	})
}

// Whatever comes, the bounds hold and each message is handed over.
func FuzzReassembleHostile(f *testing.F) {
	f.Add([]byte{5, 0, 3, 1, 2, 1, 0, 3, 1, 2, 2, 9})
	f.Add([]byte{0, 0, 255, 255, 255, 0, 0, 255, 254, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := Reassembler{MaxMessages: 5, MaxOctets: 4000, MaxAge: time.Minute}
		added, whole, gone := 0, 0, 0
		now := noon
		for len(b) >= 6 && added < 500 {
			d := NewBuilder(commandOf(CmdDeliverSM))
			d.SetInt(FieldESMClass, esmUDHI)
			d.SetInt(FieldDataCoding, int64(b[5]))
			d.SetString(FieldSourceAddr, string('0'+b[0]%3))
			d.SetString(FieldShortMessage, string([]byte{5, 0, 3, b[1] % 4, b[2], b[3]})+long("x", int(b[4])%100))
			now = now.Add(time.Duration(b[0]) * time.Second / 8)
			b = b[6:]
			added++
			a := r.Add(now, d.Build(), Alphabet(b0(b))%numAlphabets)
			if a.Message != nil {
				whole++
			}
			gone += len(a.GaveUp)
			if n, octets := r.Held(); n > 5 || octets > 4000 || octets < 0 {
				t.Fatalf("%d messages of %d octets", n, octets)
			}
		}
		r.Expire(now.Add(time.Hour))
		if n, octets := r.Held(); n != 0 || octets != 0 || len(r.waiting)+len(r.whole.byKey) != 0 {
			t.Fatalf("%d messages of %d octets are left", n, octets)
		}
		if whole+gone > added {
			t.Fatalf("%d parts became %d messages", added, whole+gone)
		}
	})
}

func b0(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// A message whose marks make no sense is handed over as whole: never lost, and never joined to another.
func TestReassembleImpossibleMarks(t *testing.T) {
	for _, header := range []string{"\x05\x00\x03\x07\x02\x03", "\x05\x00\x03\x07\x02\x00", "\x05\x00\x03\x07\x00\x01", "\x06\x08\x04\x00\x07\x02\x03", "\x04\x00\x02\x07\x02"} {
		var r Reassembler
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetInt(FieldESMClass, esmUDHI)
		b.SetString(FieldShortMessage, header+"hello")
		p := b.Build()
		if s, ok := p.Segment(); ok {
			t.Errorf("% x is part %+v", header, s)
		}
		got := r.Add(time.Unix(0, 0), p, GSM)
		if got.State != PartWhole || got.Message.Text != "hello" || len(got.Message.Missing) > 0 {
			t.Errorf("% x: %s %+v", header, got.State, got.Message)
		}
		if n, octets := r.Held(); n != 0 || octets != 0 {
			t.Errorf("% x: %d messages of %d octets are held", header, n, octets)
		}
	}
}
