package pdu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// packedModel packs septets bit by bit, as 3GPP 23.038 §6.1.2.1 and 23.040 §9.2.3.24 draw it: behind the header the text starts
// where a septet does that is counted from the header's first bit.
func packedModel(header int, septets []byte) []byte {
	var bits []byte
	for len(bits) < 8*header || len(bits)%7 != 0 {
		bits = append(bits, 0)
	}
	for _, s := range septets {
		for i := range 7 {
			bits = append(bits, s>>i&1)
		}
	}
	if len(bits)%8 == 1 { // seven spare bits would be an @
		bits = append(bits, 1, 0, 1, 1, 0, 0, 0)
	}
	for len(bits)%8 != 0 {
		bits = append(bits, 0)
	}
	var out []byte
	for i := 8 * header; i < len(bits); i += 8 {
		b := byte(0)
		for k := range 8 {
			b |= bits[i+k] << k
		}
		out = append(out, b)
	}
	return out
}

// Packed text behind headers of any length: on the air it is bit for bit what 3GPP draws, and it reads back.
func TestPackedBehindHeaders(t *testing.T) {
	packed := GSMPacked
	for extra := range 15 {
		for _, text := range []string{"h", "hello", "hello w", "hello wo", "hello world, and so on"} {
			element := UDH(nil).AppendElement(0x70, make([]byte, extra))
			m, err := SplitText(text, TextOptions{Zero: GSMPacked, Encoding: &packed, Elements: element})
			if err != nil {
				t.Fatal(err)
			}
			part := m.Parts[0]
			septets, _ := gsmDefault.append(nil, text)
			if want := packedModel(len(element), septets); !slices.Equal(part.Octets, want) {
				t.Errorf("%q behind %d octets: % x, want % x", text, len(element), part.Octets, want)
			}
			b := NewBuilder(commandOf(CmdDeliverSM))
			m.Set(b, 0)
			if got, err := b.Build().TextAs(GSMPacked); err != nil || got != text {
				t.Errorf("%q behind %d octets reads as %q, %v", text, len(element), got, err)
			}
		}
	}
}

// Packed text of any length, behind headers of any length, reads back as it was, whatever it ends with: also an @, which is seven zero bits, and a CR,
// which is what fills those (3GPP 23.038 §6.1.2.3.1). Only two CRs that end an octet's bit before its end are as a CR and its double.
func TestPackedEnds(t *testing.T) {
	var e = Encoding{Alphabet: GSMPacked}
	for header := range 8 {
		for n := range 40 {
			for _, end := range []string{"", "\r", "\r\r", "\r\r\r", "@", "@@", "\r@", "@\r", "€", "€\r", "a\r\r"} {
				text := strings.Repeat("x", n) + end
				octets, err := e.appendPacked(nil, text, header)
				if err != nil {
					t.Fatal(err)
				}
				septets, _ := gsmDefault.append(nil, text)
				want := text
				if (fillBits(header)+7*len(septets))%8 == 7 && strings.HasSuffix(text, "\r\r") {
					want = text[:len(text)-1]
				}
				if got := string(e.appendText(nil, octets, header)); got != want {
					t.Errorf("%q behind %d octets is % x, and reads as %q, want %q", text, header, octets, got, want)
				}
			}
		}
	}
}

// Parts of packed text are joined septet by septet, whatever the lengths of their headers, and an escape that was cut in two is whole again.
func TestReassemblePacked(t *testing.T) {
	for _, by := range []SegmentKind{UDH8, UDH16} {
		text := strings.Repeat("hello world ", 20) + "[€]" + strings.Repeat("and more ", 30)
		var r Reassembler
		var got *Assembled
		for _, p := range parts(t, "1", text, TextOptions{Zero: GSMPacked, By: by}) {
			if a := r.Add(time.Unix(0, 0), p, GSMPacked); a.Message != nil {
				got = a.Message
			}
		}
		if got == nil || got.Text != text {
			t.Errorf("%s: %+v", by, got)
		}
	}
	// The escape is the last septet of the first part: 0x1B behind a header of 6 octets, and 'e' (0x65, the euro sign) in the second.
	var r Reassembler
	var got *Assembled
	for i, s := range [][]byte{{'a', gsmEscape}, {0x65, 'b'}} {
		b := NewBuilder(commandOf(CmdDeliverSM))
		b.SetInt(FieldESMClass, esmUDHI)
		b.SetString(FieldShortMessage, fmt.Sprintf("\x05\x00\x03\x07\x02%c", i+1)+string(packedModel(6, s)))
		if a := r.Add(time.Unix(0, 0), b.Build(), GSMPacked); a.Message != nil {
			got = a.Message
		}
	}
	if got == nil || got.Text != "a€b" {
		t.Errorf("%+v", got)
	}
}

// The short element is for ports that both are in its range, 240 to 255 (3GPP 23.040 §9.2.3.24.3).
func TestAppendPorts(t *testing.T) {
	for _, tt := range []struct {
		destination, source uint16
		want                string
	}{
		{240, 255, "04 04 02 f0 ff"}, {255, 240, "04 04 02 ff f0"},
		{239, 240, "06 05 04 00 ef 00 f0"}, {240, 239, "06 05 04 00 f0 00 ef"}, {0, 0, "06 05 04 00 00 00 00"},
		{256, 240, "06 05 04 01 00 00 f0"}, {240, 256, "06 05 04 00 f0 01 00"}, {65535, 9200, "06 05 04 ff ff 23 f0"},
	} {
		u := UDH(nil).AppendPorts(tt.destination, tt.source)
		if got := fmt.Sprintf("% x", []byte(u)); got != tt.want {
			t.Errorf("%d, %d: %s, want %s", tt.destination, tt.source, got, tt.want)
		}
		if d, s, ok := u.Ports(); !ok || d != tt.destination || s != tt.source {
			t.Errorf("%d, %d read back as %d, %d, %v", tt.destination, tt.source, d, s, ok)
		}
	}
}

// What ends one part and begins another is one character only where no part is missing between the two.
func TestNoCharacterOverAGap(t *testing.T) {
	for _, zero := range []Alphabet{GSM, GSMPacked} {
		var r Reassembler
		for _, x := range []struct {
			number  byte
			septets []byte
		}{{1, []byte{'a', gsmEscape}}, {3, []byte{0x65, 'b'}}} {
			text := x.septets
			if zero == GSMPacked {
				text = packedModel(6, x.septets)
			}
			b := NewBuilder(commandOf(CmdDeliverSM))
			b.SetInt(FieldESMClass, esmUDHI)
			b.SetString(FieldShortMessage, string([]byte{5, 0, 3, 7, 3, x.number})+string(text))
			r.Add(time.Unix(0, 0), b.Build(), zero)
		}
		m := r.Expire(time.Unix(1e6, 0))
		if len(m) != 1 || m[0].Text != "a eb" || !slices.Equal(m[0].Missing, []uint8{2}) {
			t.Errorf("%s: %+v", zero, m)
		}
	}
}

// A message of which one part is no text is none, whichever part that is.
func TestTextAndBinaryParts(t *testing.T) {
	for _, codings := range [][2]int64{{4, 0}, {0, 4}, {4, 4}} {
		var r Reassembler
		var got *Assembled
		for i, coding := range codings {
			b := NewBuilder(commandOf(CmdDeliverSM))
			b.SetInt(FieldESMClass, esmUDHI)
			b.SetInt(FieldDataCoding, coding)
			b.SetString(FieldShortMessage, string([]byte{5, 0, 3, 7, 2, byte(i + 1)})+"ab")
			got = r.Add(time.Unix(0, 0), b.Build(), GSM).Message
		}
		if got == nil || got.IsText || got.Text != "" || string(got.Octets) != "abab" {
			t.Errorf("%v: %+v", codings, got)
		}
	}
}
