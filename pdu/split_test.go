package pdu

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func ptr[T any](v T) *T { return &v }

// The numbers that operators' and aggregators' calculators give.
func TestPartCounts(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	r := func(s string, n int) string { return strings.Repeat(s, n) }
	for _, tt := range []struct {
		name     string
		text     string
		o        TextOptions
		alphabet Alphabet
		units    int
		perPart  int
		parts    int
		left     int
	}{
		{"empty", "", TextOptions{}, GSM, 0, 160, 1, 160},
		{"one", "a", TextOptions{}, GSM, 1, 160, 1, 159},
		{"160", a(160), TextOptions{}, GSM, 160, 160, 1, 0},
		{"161", a(161), TextOptions{}, GSM, 161, 153, 2, 145},
		{"306", a(306), TextOptions{}, GSM, 306, 153, 2, 0},
		{"307", a(307), TextOptions{}, GSM, 307, 153, 3, 152},
		{"459", a(459), TextOptions{}, GSM, 459, 153, 3, 0},
		{"460", a(460), TextOptions{}, GSM, 460, 153, 4, 152},
		{"1530", a(1530), TextOptions{}, GSM, 1530, 153, 10, 0},
		{"80 euro signs", r("€", 80), TextOptions{}, GSM, 160, 160, 1, 0},
		{"81 euro signs", r("€", 81), TextOptions{}, GSM, 162, 153, 2, 143},
		{"an escape that would be cut", a(152) + "€" + a(152), TextOptions{}, GSM, 306, 153, 3, 152},
		{"16-bit references", a(304), TextOptions{By: UDH16}, GSM, 304, 152, 2, 0},
		{"16-bit references, one more", a(305), TextOptions{By: UDH16}, GSM, 305, 152, 3, 151},
		{"SAR", a(306), TextOptions{By: SAR}, GSM, 306, 153, 2, 0},
		{"payload", a(1000), TextOptions{By: Payload}, GSM, 1000, 65535, 1, 64535},
		{"payload of UCS-2", r("ж", 20000), TextOptions{By: Payload}, UCS2, 20000, 32767, 1, 12767},
		{"a full payload of UCS-2", r("ж", 32767), TextOptions{By: Payload}, UCS2, 32767, 32767, 1, 0},
		{"payload with ports", a(1000), TextOptions{By: Payload, Elements: UDH(nil).AppendPorts(2948, 9200)}, GSM, 1000, 65528, 1, 64528},
		{"a full payload, packed", a(74897), TextOptions{By: Payload, Zero: GSMPacked}, GSMPacked, 74897, 74897, 1, 0},
		{"a payload of ASCII, and two septets", r("[", 40000), TextOptions{By: Payload, Zero: ASCII}, ASCII, 80000, 65535, 1, 25535},
		{"70 of UCS-2", r("ж", 70), TextOptions{}, UCS2, 70, 70, 1, 0},
		{"71 of UCS-2", r("ж", 71), TextOptions{}, UCS2, 71, 67, 2, 63},
		{"134 of UCS-2", r("ж", 134), TextOptions{}, UCS2, 134, 67, 2, 0},
		{"135 of UCS-2", r("ж", 135), TextOptions{}, UCS2, 135, 67, 3, 66},
		{"201 of UCS-2", r("ж", 201), TextOptions{}, UCS2, 201, 67, 3, 0},
		{"132 of UCS-2, 16-bit references", r("ж", 132), TextOptions{By: UDH16}, UCS2, 132, 66, 2, 0},
		{"35 emoji", r("😀", 35), TextOptions{}, UCS2, 70, 70, 1, 0},
		{"36 emoji", r("😀", 36), TextOptions{}, UCS2, 72, 67, 2, 61},
		{"a pair that would be cut", r("ж", 66) + "😀" + r("ж", 66), TextOptions{}, UCS2, 134, 67, 3, 66},
		{"140 of Latin-1", r("ç", 140), TextOptions{Encoding: ptr(Latin1)}, Latin1, 140, 140, 1, 0},
		{"141 of Latin-1", r("ç", 141), TextOptions{Encoding: ptr(Latin1)}, Latin1, 141, 134, 2, 127},
		{"268 octets", r("\xff", 268), TextOptions{Encoding: ptr(Binary)}, Binary, 268, 134, 2, 0},
		{"266 octets, 16-bit references", r("\xff", 266), TextOptions{Encoding: ptr(Binary), By: UDH16}, Binary, 266, 133, 2, 0},
		{"160 packed", a(160), TextOptions{Zero: GSMPacked}, GSMPacked, 160, 160, 1, 0},
		{"160 packed that end with a CR, which needs another", a(159) + "\r", TextOptions{Zero: GSMPacked}, GSMPacked, 160, 153, 2, 146},
		{"306 packed", a(306), TextOptions{Zero: GSMPacked}, GSMPacked, 306, 153, 2, 0},
		{"155 with Turkish's single shift", a(153) + "ş", TextOptions{Languages: []Language{Turkish}}, GSM, 155, 155, 1, 0},
		{"156 with Turkish's single shift", a(154) + "ş", TextOptions{Languages: []Language{Turkish}}, GSM, 155, 155, 1, 0}, // the main table is shorter
		{"298 with Turkish's tables", r("ş", 100) + a(198), TextOptions{Languages: []Language{Turkish}}, GSM, 298, 149, 2, 0},
		{"Turkish without its tables", "ş", TextOptions{}, UCS2, 1, 70, 1, 69},
		{"152 with both tables of Hindi", r("क", 150) + "०", TextOptions{Languages: []Language{Hindi}}, GSM, 152, 152, 1, 0},
		{"tables that do not help", "жş", TextOptions{Languages: []Language{Turkish, Spanish}}, UCS2, 2, 70, 1, 68},
		{"ports", a(152), TextOptions{Elements: UDH(nil).AppendPorts(2948, 9200)}, GSM, 152, 152, 1, 0},
		{"ports and parts", a(153), TextOptions{Elements: UDH(nil).AppendPorts(2948, 9200)}, GSM, 153, 146, 2, 139},
		{"an SMSC of Latin-1", "äö" + a(158), TextOptions{Zero: Latin1}, Latin1, 160, 160, 1, 0},
		{"an SMSC of Latin-1, and what GSM has not", "ç", TextOptions{Zero: Latin1}, UCS2, 1, 70, 1, 69},
		{"an SMSC of Latin-1, and what it has not", "Δ", TextOptions{Zero: Latin1}, UCS2, 1, 70, 1, 69},
		{"an SMSC of UCS-2", a(71), TextOptions{Zero: UCS2}, UCS2, 71, 67, 2, 63},
		{"an SMSC of Cyrillic", r("ж", 140), TextOptions{Zero: Cyrillic}, Cyrillic, 140, 140, 1, 0},
		{"an SMSC of ASCII, and two septets", r("[", 81), TextOptions{Zero: ASCII}, ASCII, 162, 153, 2, 143},
		{"Shift-JIS", r("日", 71), TextOptions{Encoding: ptr(ShiftJIS)}, ShiftJIS, 142, 134, 2, 126},
		{"ISO-2022-JP", r("日", 68), TextOptions{Encoding: ptr(ISO2022JP)}, ISO2022JP, 142, 134, 2, 120},
	} {
		m, err := MeasureText(tt.text, tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if m.Encoding.Alphabet != tt.alphabet || m.Units != tt.units || m.PerPart != tt.perPart || len(m.Parts) != tt.parts || m.Remaining != tt.left {
			t.Errorf("%s: %v, %d units, %d a part, %d parts, %d left; want %v, %d, %d, %d, %d", tt.name, m.Encoding, m.Units, m.PerPart, len(m.Parts), m.Remaining,
				tt.alphabet, tt.units, tt.perPart, tt.parts, tt.left)
		}
		checkParts(t, tt.name, tt.text, tt.o)
	}
}

// checkParts says what must be true of any message: each part fits, its header says what it is, and the parts give
// the text.
func checkParts(t interface{ Errorf(string, ...any) }, name, text string, o TextOptions) {
	m, err := SplitText(text, o)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	back := ""
	if o.Reference%2 == 1 { // the same whether it is given or set
		n := o
		n.Reference = 0
		if m, err = SplitText(text, n); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		m.SetReference(o.Reference)
	}
	for i := range m.Parts {
		b := NewBuilder(commandOf(CmdSubmitSM))
		b.SetInt(FieldESMClass, 3)
		m.Set(b, i)
		p := b.Build()
		if p.Err() != nil {
			t.Errorf("%s: part %d: %v", name, i, p.Err())
			return
		}
		air := len(p.UserData())
		if m.Encoding.Alphabet == GSM || m.DataCoding == 0 && o.Zero.becomesGSM() {
			air = (m.Parts[i].units*7 + 7) / 8
		}
		if air += len(p.UDH()); air > 140 && m.By != Payload {
			t.Errorf("%s: part %d has %d octets", name, i, air)
		}
		if p.Int(FieldESMClass)&3 != 3 || (p.Int(FieldESMClass)&0x40 != 0) != (len(m.Parts[i].UDH) > 0) || len(p.UDH()) != len(m.Parts[i].UDH) {
			t.Errorf("%s: part %d: esm_class %02x, header % x of % x", name, i, p.Int(FieldESMClass), p.UDH(), m.Parts[i].UDH)
		}
		s, parted := p.Segment()
		if parted != (len(m.Parts) > 1) || parted && (s != m.Parts[i].Segment || int(s.Total) != len(m.Parts) || int(s.Number) != i+1 || s.Kind != o.By || s.Reference != o.Reference) {
			t.Errorf("%s: part %d says that it is %+v", name, i, s)
		}
		if len(o.Elements) > 0 && !bytes.HasPrefix(p.UDH()[1:], o.Elements[1:]) {
			t.Errorf("%s: part %d has lost its elements: % x", name, i, p.UDH())
		}
		if m.Encoding.Alphabet == Binary {
			back += string(p.UserData())
			continue
		}
		part, err := p.TextAs(o.Zero)
		if err != nil {
			t.Errorf("%s: part %d: %v", name, i, err)
		}
		back += part
	}
	if m.Encoding.Alphabet == GSMPacked {
		back, text = oneCR(back), oneCR(text)
	}
	if back != text {
		t.Errorf("%s: %q came back as %q", name, text, back)
	}
}

func TestSplitProperties(t *testing.T) {
	chars := []rune("aZ 0€[^\n\rçşÄΔж日😀हÿ")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom(chars[:rapid.IntRange(5, len(chars)).Draw(t, "kinds")]), 0, 600, -1).Draw(t, "text")
		o := TextOptions{By: rapid.SampledFrom([]SegmentKind{UDH8, UDH16, SAR, Payload}).Draw(t, "by"), Reference: rapid.Uint16().Draw(t, "reference"),
			Zero: rapid.SampledFrom([]Alphabet{GSM, GSMPacked, Latin1, ASCII, UCS2}).Draw(t, "zero"), Flash: rapid.Bool().Draw(t, "flash")}
		if rapid.Bool().Draw(t, "languages") {
			o.Languages = []Language{Turkish, Spanish, Hindi}
		}
		if o.By != SAR && rapid.Bool().Draw(t, "ports") {
			o.Elements = UDH(nil).AppendPorts(rapid.Uint16().Draw(t, "destination"), rapid.Uint16().Draw(t, "source"))
		}
		if o.By != SAR && rapid.Bool().Draw(t, "element") { // any: one that is taken is as good as none for the text
			o.Elements = o.Elements.AppendElement(rapid.Uint8().Draw(t, "id"), rapid.SliceOfN(rapid.Uint8(), 0, 5).Draw(t, "data"))
			if _, err := MeasureText(text, o); err != nil {
				t.Skip(err)
			}
		}
		if o.By == UDH8 {
			o.Reference &= 0xFF
		}
		checkParts(t, "split", text, o)
	})
}

func TestSplitRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		text string
		o    TextOptions
		want string
	}{
		{"a character that is not there", "aж", TextOptions{Encoding: ptr(GSM)}, `'ж' (U+0436) at octet 1 is not in the alphabet gsm: leave the choice of it open, or take ucs2`},
		{"what is no text", "a\xff", TextOptions{}, "the text is not UTF-8 at octet 1: convert it, or send it as binary"},
		{"more than 255 parts", strings.Repeat("a", 256*153), TextOptions{}, "the text has 256 parts, must be at most 255: shorten it, or send it in several messages"},
		{"much more than 255 parts", strings.Repeat("a", 1000*153), TextOptions{}, "the text has 1000 parts, must be at most 255: shorten it, or send it in several messages"},
		{"more than a TLV holds", strings.Repeat("a", 65536), TextOptions{By: Payload}, "the text has 65536 octets, must be at most 65535: shorten it, or send it in several messages"},
		{"more than a TLV holds, of UCS-2", strings.Repeat("ж", 40000), TextOptions{By: Payload}, "the text has 80000 octets, must be at most 65535: shorten it, or send it in several messages"},
		{"more than a TLV holds, packed", strings.Repeat("a", 74898), TextOptions{By: Payload, Zero: GSMPacked}, "the text has 65536 octets, must be at most 65535: shorten it, or send it in several messages"},
		{"more than a TLV holds, with a header", strings.Repeat("a", 65529), TextOptions{By: Payload, Elements: UDH(nil).AppendPorts(2948, 9200)},
			"the text has 65536 octets, must be at most 65535: shorten it, or send it in several messages"},
		{"a flash message without a class", "a", TextOptions{Encoding: ptr(Latin1), Flash: true}, "a flash message cannot be in the alphabet latin1: it must be gsm, ucs2 or binary"},
		{"a data_coding without text", "a", TextOptions{DataCoding: ptr(uint8(0x0F))}, "data_coding 0x0F is no text that is known: give the encoding too"},
		{"elements that are none", "a", TextOptions{Elements: UDH{3, 1, 9}}, "the elements are no user data header: each has an identifier, its length, and so many octets"},
		{"a locking shift that the text is not written in", "price $5", TextOptions{Elements: UDH(nil).AppendElement(IELockingShift, []byte{byte(Urdu)})},
			"the elements have a national language (0x25): give it in the languages, that the text is written in its tables"},
		{"a single shift behind another element", "a", TextOptions{Elements: UDH(nil).AppendPorts(1, 2).AppendElement(IESingleShift, []byte{1}), Languages: []Language{Turkish}},
			"the elements have a national language (0x24): give it in the languages, that the text is written in its tables"},
		{"the mark of a part", "hi", TextOptions{Elements: UDH(nil).AppendElement(IEConcat8, []byte{9, 3, 1})},
			"the elements have the mark of a part (0x00): parts are cut and marked from the text, as udh8 or udh16 with a reference"},
		{"the mark of a part, of a long text", strings.Repeat("a", 200), TextOptions{Elements: UDH(nil).AppendElement(IEConcat16, []byte{0, 9, 3, 1})},
			"the elements have the mark of a part (0x08): parts are cut and marked from the text, as udh8 or udh16 with a reference"},
		{"the mark of a part, in a message_payload", "a", TextOptions{By: Payload, Elements: UDH(nil).AppendElement(IEConcat8, []byte{9, 3, 1})},
			"the elements have the mark of a part (0x00): parts are cut and marked from the text, as udh8 or udh16 with a reference"},
		{"SAR and a header", "a", TextOptions{Elements: UDH{2, 1, 0}, By: SAR}, "a user data header excludes SAR TLVs (SMPP 3.4 §5.2.12): take udh8 or udh16"},
		{"a header that leaves no room", strings.Repeat("a", 50), TextOptions{Elements: UDH(nil).AppendElement(0x70, make([]byte, 135))},
			"the text has 138 octets of header, must be at most 133: shorten it, or send it in several messages"},
	} {
		_, err := SplitText(tt.text, tt.o)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, err := MeasureText(tt.text, tt.o); err == nil || err.Error() != tt.want {
			t.Errorf("%s, measured: %v", tt.name, err)
		}
	}
	if _, err := SplitText(strings.Repeat("a", 256*153), TextOptions{}); !errors.Is(err, ErrTooLong) {
		t.Error("not ErrTooLong")
	}
}

func TestDataCodingOfParts(t *testing.T) {
	for _, tt := range []struct {
		text string
		o    TextOptions
		want uint8
	}{
		{"a", TextOptions{}, 0}, {"ж", TextOptions{}, 8}, {"a", TextOptions{Flash: true}, 0xF0}, {"ж", TextOptions{Flash: true}, 0x18},
		{"a", TextOptions{Encoding: ptr(Binary)}, 4}, {"a", TextOptions{Encoding: ptr(Binary), Flash: true}, 0xF4}, {"a", TextOptions{Encoding: ptr(ASCII)}, 1},
		{"a", TextOptions{Encoding: ptr(Latin1)}, 3}, {"日", TextOptions{Encoding: ptr(ShiftJIS)}, 5}, {"日", TextOptions{Encoding: ptr(EUCJP)}, 0x0D},
		{"a", TextOptions{Encoding: ptr(UCS2)}, 8}, {"a", TextOptions{DataCoding: ptr(uint8(0xF1))}, 0xF1}, {"a", TextOptions{DataCoding: ptr(uint8(0x19))}, 0x19},
		{"a", TextOptions{Zero: Latin1}, 0}, {"a", TextOptions{Zero: Latin1, Encoding: ptr(Latin1)}, 3}, {"a", TextOptions{Zero: Latin1, Encoding: ptr(GSM)}, 0},
	} {
		if m, err := SplitText(tt.text, tt.o); err != nil || m.DataCoding != tt.want {
			t.Errorf("%q %+v: %+v, %v", tt.text, tt.o, m, err)
		}
	}
	if m, _ := SplitText("ä", TextOptions{Zero: Latin1, Encoding: ptr(GSM)}); string(m.Parts[0].Octets) != "\xe4" {
		t.Errorf("the default alphabet of a Latin-1 SMSC: % x", m.Parts[0].Octets)
	}
	if m, _ := SplitText("ä", TextOptions{Zero: Latin1, Flash: true}); string(m.Parts[0].Octets) != "\x7b" {
		t.Errorf("a flash message says that it is GSM: % x", m.Parts[0].Octets)
	}
}

func TestUDH(t *testing.T) {
	u := UDH{0x0B, 0x05, 0x04, 0x0B, 0x84, 0x23, 0xF0, 0x00, 0x03, 0x2A, 0x02, 0x01}
	if s, ok := u.Segment(); !ok || s != (Segment{UDH8, 42, 2, 1}) || !u.Valid() {
		t.Errorf("%+v %v", s, ok)
	}
	if d, s, ok := u.Ports(); !ok || d != 2948 || s != 9200 {
		t.Error(d, s, ok)
	}
	for _, wrong := range []UDH{nil, {}, {0}, {5, 0, 3, 1, 2}, {5, 0, 9, 1, 2, 1}, {5, 0, 3, 1, 0, 1}, {5, 0, 3, 1, 2, 0}, {5, 0, 3, 1, 2, 3}, {4, 0, 2, 1, 2}, {1, 0}} {
		if s, ok := wrong.Segment(); ok {
			t.Errorf("% x: %+v", []byte(wrong), s)
		}
	}
	if s, ok := (UDH{11, 0, 3, 1, 2, 1, 8, 4, 1, 2, 3, 3}).Segment(); !ok || s != (Segment{UDH16, 0x102, 3, 3}) {
		t.Errorf("the last one counts: %+v", s)
	}
	shared := append(make(UDH, 0, 32), 2, 0x70, 0)
	shared.AppendElement(1, nil)
	if shared[0] != 2 {
		t.Error("appending has changed the header it was given")
	}
}

func FuzzUDH(f *testing.F) {
	f.Add([]byte{5, 0, 3, 1, 2, 1, 'a'}, uint8(0x40), uint8(0))
	f.Add([]byte{11, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 0, 3, 0x2A, 2, 1}, uint8(0xC0), uint8(8))
	f.Add([]byte{3, 0x24, 1, 1, 0x1B, 0x69}, uint8(0x40), uint8(0xF0))
	f.Add([]byte{255}, uint8(0x40), uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, class, coding uint8) {
		d := NewBuilder(commandOf(CmdDeliverSM))
		d.SetInt(FieldESMClass, int64(class))
		d.SetInt(FieldDataCoding, int64(coding))
		d.AddTLV(TagMessagePayload, string(b))
		p := d.Build()
		u := p.UDH()
		if got := append(append([]byte{}, u...), p.UserData()...); !bytes.Equal(got, b) {
			t.Fatalf("% x became % x", b, got)
		}
		var again UDH
		for id, data := range u.Elements() {
			again = again.AppendElement(id, data)
		}
		if u.Valid() && len(u) > 1 && len(u) <= 140 && !bytes.Equal(u, again) {
			t.Fatalf("% x came back as % x", []byte(u), []byte(again))
		}
		if s, ok := p.Segment(); ok && (s.Number == 0 || s.Number > s.Total) {
			t.Fatalf("%+v", s)
		}
		for _, zero := range []Alphabet{GSM, GSMPacked, Latin1} {
			if s, err := p.TextAs(zero); err == nil && !utf8.ValidString(s) {
				t.Fatalf("%q", s)
			}
		}
	})
}

// The limit that a header's error names is the one that holds.
func TestHeaderLimit(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", 200), strings.Repeat("ж", 100)} {
		for _, by := range []SegmentKind{UDH8, UDH16} {
			_, err := SplitText(text, TextOptions{By: by, Elements: UDH(nil).AppendElement(0x70, make([]byte, 137))})
			var long *TooLongError
			if !errors.As(err, &long) {
				t.Fatal(err)
			}
			for n, ok := range map[int]bool{long.Limit: true, long.Limit + 1: false} {
				_, err := MeasureText(text, TextOptions{By: by, Elements: UDH(nil).AppendElement(0x70, make([]byte, n-3))})
				if got := !errors.As(err, &long) || long.What != "octets of header"; got != ok {
					t.Errorf("%v: a header of %d octets, of at most %d: %v", by, n, long.Limit, err)
				}
			}
		}
	}
}
