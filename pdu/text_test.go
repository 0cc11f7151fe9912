package pdu

import (
	"encoding/hex"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for _, tt := range []struct {
		text   string
		coding uint8
		hex    string
	}{
		{"@£$¥", 0, "00010203"},
		{"12345[6", 0, "31323334351b3c36"},
		{"^{}\\[~]|€", 0, "1b141b281b291b2f1b3c1b3d1b3e1b401b65"},
		{"a\r\nb", 0, "610d0a62"},
		{"۱۲۳", 8, "06f106f206f3"},
		{"a😀", 8, "0061d83dde00"},
		{"tab\t", 8, "00740061006200" + "09"},
		{"", 0, ""},
	} {
		coding, octets := EncodeText(tt.text)
		if coding != tt.coding || hex.EncodeToString(octets) != tt.hex {
			t.Errorf("%q: data_coding %d, %x", tt.text, coding, octets)
		}
		if back, err := DecodeText(coding, octets); err != nil || back != tt.text {
			t.Errorf("%q came back as %q, %v", tt.text, back, err)
		}
	}
	if _, err := DecodeText(4, []byte("x")); err == nil {
		t.Error("binary is text")
	}
}

// What no sender should write is read all the same, and shown where it is nothing.
func TestTextThatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name     string
		encoding Encoding
		hex      string
		want     string
	}{
		{"an escape to an empty place shows the main table's character", Encoding{}, "1b01", "£"},
		{"two escapes are a space", Encoding{}, "1b1b41", " A"},
		{"an escape at the end is a space", Encoding{}, "411b", "A "},
		{"an octet above 127", Encoding{}, "41ff", "A\uFFFD"},
		{"an escape, then an octet above 127", Encoding{}, "1bff", "\uFFFD"},
		{"a language that is reserved", Encoding{Locking: 99, Single: 99}, "1b65", "€"},
		{"Hindi's first signs", Encoding{Locking: Hindi}, "000102", "\u0901\u0902\u0903"},
		{"Kannada's 0x24", Encoding{Locking: Kannada}, "243d", "\u0CA1\u0CAA"},
		{"Portuguese's 0x1F", Encoding{Single: Portuguese}, "1b1f", "Ê"},
		{"Telugu's euro sign", Encoding{Single: Telugu}, "1b65", "€"},
		{"Spanish has no main table", Encoding{Locking: Spanish}, "09", "Ç"},
		{"an octet too few", Encoding{Alphabet: UCS2}, "004100", "A\uFFFD"},
		{"half a pair", Encoding{Alphabet: UCS2}, "d83d0041", "\uFFFDA"},
		{"half a pair at the end", Encoding{Alphabet: UCS2}, "0041d83d", "A\uFFFD"},
		{"the other half", Encoding{Alphabet: UCS2}, "de00d83d", "\uFFFD\uFFFD"},
		{"ASCII above 127", Encoding{Alphabet: ASCII}, "41e4", "A\uFFFD"},
		{"Hebrew's empty places", Encoding{Alphabet: Hebrew}, "a1e0", "\uFFFDא"},
		{"half a character of Shift-JIS", Encoding{Alphabet: ShiftJIS}, "4182", "A\uFFFD"},
		{"one packed octet", Encoding{Alphabet: GSMPacked}, "31", "1"},
		{"padding before the end of an octet", Encoding{Alphabet: GSMPacked}, "31d98c56b3dd1a", "1234567"},
	} {
		b, err := hex.DecodeString(tt.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.encoding.Decode(b); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What has no place leaves what was there before, in each alphabet; and what is given out is not written to by others.
func TestAppendOfWhatHasNoPlace(t *testing.T) {
	for a := GSM; a.check() == nil; a++ {
		got, err := Encoding{Alphabet: a}.Append([]byte("keep"), "ab\xff")
		if a == Binary {
			continue
		}
		if err == nil || string(got) != "keep" {
			t.Errorf("%s: %q, %v", a, got, err)
		}
	}
}

// Each table is the one of another transcription of 3GPP 23.038 annex A, Android's, which is given here by
// its CRC-32: of 128 characters in UTF-8, a space where there is none.
func TestTablesOfLanguages(t *testing.T) {
	sums := map[Language][2]uint32{
		0: {0xB46C986D, 0xEA8F0E01}, Turkish: {0x940074D3, 0x36225018}, Spanish: {0xB46C986D, 0x07F02297}, Portuguese: {0x62B2AFDE, 0x416A4CC1},
		Bengali: {0x946680D7, 0x6C8190CE}, Gujarati: {0x28C52496, 0xE0370BA5}, Hindi: {0xF4910F2C, 0x6C4966FB}, Kannada: {0x6C0D308C, 0x535E72CA},
		Malayalam: {0x0101FE30, 0xD31C8815}, Oriya: {0xAB8BCC86, 0x93522F60}, Punjabi: {0xF561489C, 0xE71CAC0B}, Tamil: {0x7667FBFC, 0x3F167E5C},
		Telugu: {0xED7AF88B, 0xADFB58DC}, Urdu: {0x5D1D386C, 0x37E2CFAF},
	}
	for l := range numLanguages {
		tables := tablesOf(l, l)
		var main, extension []byte
		seen := map[rune]int{}
		for b := range 128 {
			r, x := tables.runes[b], tables.ext[b]
			if before, ok := seen[r]; ok && r != utf8.RuneError {
				t.Errorf("%s: %q is at 0x%02X and 0x%02X of the main table", l, r, before, b)
			}
			seen[r] = b
			if r == utf8.RuneError {
				r = ' '
			}
			if x == 0 {
				x = ' '
			}
			main, extension = utf8.AppendRune(main, r), utf8.AppendRune(extension, x)
		}
		if got := [2]uint32{crc32.ChecksumIEEE(main), crc32.ChecksumIEEE(extension)}; got != sums[l] {
			t.Errorf("%s: 0x%08X, want 0x%08X; the tables are %q and %q", l, got, sums[l], main, extension)
		}
	}
}

func TestVectorsOfText(t *testing.T) {
	encodings := map[string]Encoding{"gsm7_packed": {Alphabet: GSMPacked}, "gsm7_unpacked": {}, "ucs2": {Alphabet: UCS2},
		"gsm7_single_shift_es": {Single: Spanish}, "gsm7_single_shift_tr": {Single: Turkish}, "latin1": {Alphabet: Latin1}, "ascii": {Alphabet: ASCII}}
	for _, v := range vectors(t, "encoding") {
		e, ok := encodings[v.Encoding]
		if !ok {
			t.Errorf("an encoding that is not known: %s", v.Encoding)
			continue
		}
		octets := v.octets(t)
		if got, err := e.Append(nil, v.Text); err != nil || hex.EncodeToString(got) != v.Hex {
			t.Errorf("%s %q: %x, %v; want %s", v.Encoding, v.Text, got, err, v.Hex)
		}
		if got := e.Decode(octets); got != v.Text {
			t.Errorf("%s %s: %q, want %q", v.Encoding, v.Hex, got, v.Text)
		}
		for i := range octets { // cut at every octet: nothing panics, and what comes is UTF-8
			if s := e.Decode(octets[:i]); !utf8.ValidString(s) {
				t.Errorf("%s cut at %d: %q", v.Hex, i, s)
			}
		}
	}
}

func TestAlphabetOf(t *testing.T) {
	const none = numAlphabets
	for _, tt := range []struct {
		from, to uint8
		want     Alphabet
	}{
		{0x00, 0x00, Latin1}, {0x01, 0x01, ASCII}, {0x02, 0x02, Binary}, {0x03, 0x03, Latin1}, {0x04, 0x04, Binary}, {0x05, 0x05, ShiftJIS},
		{0x06, 0x06, Cyrillic}, {0x07, 0x07, Hebrew}, {0x08, 0x08, UCS2}, {0x09, 0x09, none}, {0x0A, 0x0A, ISO2022JP}, {0x0B, 0x0C, none},
		{0x0D, 0x0D, EUCJP}, {0x0E, 0x0E, EUCKR}, {0x0F, 0x0F, none}, {0x10, 0x13, GSM}, {0x14, 0x17, Binary}, {0x18, 0x1B, UCS2}, {0x1C, 0x1F, none},
		{0x20, 0x3F, none}, {0x40, 0x43, GSM}, {0x58, 0x5B, UCS2}, {0x80, 0xBF, none}, {0xC0, 0xDF, GSM}, {0xE0, 0xEF, UCS2},
		{0xF0, 0xF3, GSM}, {0xF4, 0xF7, Binary}, {0xF8, 0xFB, GSM}, {0xFC, 0xFF, Binary},
	} {
		for c := int(tt.from); c <= int(tt.to); c++ {
			got, ok := AlphabetOf(uint8(c), Latin1)
			if !ok {
				got = none
			}
			if got != tt.want {
				t.Errorf("0x%02X: %v, want %v", c, got, tt.want)
			}
		}
	}
	if a, _ := AlphabetOf(0xF0, GSMPacked); a != GSMPacked {
		t.Errorf("0xF0 of an SMSC that packs: %v", a)
	}
}

// Each alphabet, with the characters that it is for.
func TestAlphabets(t *testing.T) {
	for _, tt := range []struct {
		e    Encoding
		text string
		hex  string // empty: only there and back
	}{
		{Encoding{Alphabet: ASCII}, "a~`", "617e60"},
		{Encoding{Alphabet: Latin1}, "ÿçé", "ffe7e9"},
		{Encoding{Alphabet: Cyrillic}, "Привет", "bfe0d8d2d5e2"},
		{Encoding{Alphabet: Hebrew}, "שלום", "f9ece5ed"},
		{Encoding{Alphabet: ShiftJIS}, "日本", "93fa967b"},
		{Encoding{Alphabet: ISO2022JP}, "日本", "1b2442467c4b5c1b2842"},
		{Encoding{Alphabet: EUCJP}, "日本", "c6fccbdc"},
		{Encoding{Alphabet: EUCKR}, "한국", "c7d1b1b9"},
		{Encoding{Single: Turkish}, "ışğ", "1b691b731b67"},
		{Encoding{Locking: Turkish}, "ışğ", ""},
		{Encoding{Single: Portuguese}, "ãõÂ", ""},
		{Encoding{Locking: Hindi, Single: Hindi}, "हिन्दी", ""},
		{Encoding{Locking: Urdu, Single: Urdu}, "اردو", ""},
	} {
		got, err := tt.e.Append(nil, tt.text)
		if err != nil || tt.hex != "" && hex.EncodeToString(got) != tt.hex {
			t.Errorf("%v %q: %x, %v", tt.e, tt.text, got, err)
		}
		if back := tt.e.Decode(got); back != tt.text {
			t.Errorf("%v %q came back as %q", tt.e, tt.text, back)
		}
	}
	for a := range numAlphabets {
		if a == UCS2 || a == Binary {
			continue
		}
		_, err := Encoding{Alphabet: a}.Append(nil, "ab😀")
		var te *TextError
		if !errors.As(err, &te) || te.Offset != 2 || te.Rune != '😀' || te.Code() != "not_in_alphabet" {
			t.Errorf("%v: %v", a, err)
		}
		if _, err := (Encoding{Alphabet: a}).Append(nil, "ab\xff"); !errors.As(err, &te) || te.Offset != 2 || te.Code() != "invalid_text" {
			t.Errorf("%v: %v", a, err)
		}
	}
}

// All national tables: each place that has a character gives it back, and no two places of a table are the same one
// without the shorter form being taken.
func TestNationalTables(t *testing.T) {
	for l := range numLanguages {
		for _, e := range []Encoding{{Single: l}, {Locking: l}, {Locking: l, Single: l}} {
			n := 0
			for b := range 256 {
				octets := []byte{byte(b)}
				if b >= 128 {
					octets = []byte{gsmEscape, byte(b - 128)}
				}
				s := e.Decode(octets)
				if s == "\uFFFD" || b%128 == gsmEscape {
					continue
				}
				n++
				back, err := e.Append(nil, s)
				if err != nil || len(back) > len(octets) || e.Decode(back) != s {
					t.Errorf("%v %x: %q is %x, %v", e, octets, s, back, err)
				}
			}
			if n < 200 {
				t.Errorf("%v: only %d places", e, n)
			}
		}
	}
}

// anyText draws text that the encoding holds.
func anyText(e Encoding) *rapid.Generator[string] {
	var all []rune
	for r := rune(1); r < 0x30000; r++ {
		if r == utf8.RuneError || !utf8.ValidRune(r) {
			continue
		}
		if b, err := e.Append(nil, string(r)); err == nil && e.Decode(b) == string(r) {
			all = append(all, r)
		}
	}
	return rapid.StringOf(rapid.SampledFrom(all))
}

// oneCR is a text with one CR for several, which mean the same (3GPP 23.038 §6.1.1): two at the end may read as one where text is packed.
func oneCR(s string) string {
	for strings.Contains(s, "\r\r") {
		s = strings.ReplaceAll(s, "\r\r", "\r")
	}
	return s
}

func TestTextComesBack(t *testing.T) {
	for _, e := range []Encoding{{}, {Alphabet: GSMPacked}, {Alphabet: ASCII}, {Alphabet: Latin1}, {Alphabet: Cyrillic}, {Alphabet: Hebrew}, {Alphabet: UCS2},
		{Alphabet: ShiftJIS}, {Alphabet: ISO2022JP}, {Alphabet: EUCJP}, {Alphabet: EUCKR}, {Locking: Turkish, Single: Spanish}, {Locking: Tamil, Single: Telugu}} {
		t.Run(e.Alphabet.String()+e.Locking.String(), func(t *testing.T) {
			text := anyText(e)
			rapid.Check(t, func(t *rapid.T) {
				s := text.Draw(t, "text")
				b, err := e.Append(nil, s)
				if err != nil {
					t.Fatalf("%q: %v", s, err)
				}
				back := e.Decode(b)
				if e.Alphabet == GSMPacked {
					back, s = oneCR(back), oneCR(s)
				}
				if back != s {
					t.Fatalf("%q is %x, came back as %q", s, b, back)
				}
			})
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("grüße €", []byte{0x1B, 0x65, 0xFF}, uint8(0), uint8(1))
	f.Add("\xff\u0000😀", []byte{0xD8, 0x3D, 0x00}, uint8(8), uint8(0))
	f.Add("日本語", []byte{0x1B, 0x24, 0x42, 0x30}, uint8(10), uint8(13))
	f.Fuzz(func(t *testing.T, s string, octets []byte, coding, language uint8) {
		a, ok := AlphabetOf(coding, Alphabet(language)%numAlphabets)
		if !ok {
			return
		}
		e := Encoding{a, Language(language), Language(language >> 4)}
		text := e.Decode(octets)
		if a != Binary && !utf8.ValidString(text) {
			t.Fatalf("%v %x is %q", e, octets, text)
		}
		if b, err := e.Append(nil, s); err == nil && a <= UCS2 {
			if back := e.Decode(b); back != s && !(a == GSMPacked && oneCR(back) == oneCR(s)) {
				t.Fatalf("%v: %q is %x, came back as %q", e, s, b, back)
			}
		}
		if b, err := e.Append(nil, text); err == nil && a <= UCS2 && a != GSMPacked { // what was read can be written, and is the same text
			if again := e.Decode(b); again != text {
				t.Fatalf("%v: %q became %q", e, text, again)
			}
		}
	})
}

func TestNoAlphabet(t *testing.T) {
	const want = "77 is no alphabet: take one of the constants"
	bad := Alphabet(77)
	if _, err := (Encoding{Alphabet: bad}).Append(nil, "a"); err == nil || err.Error() != want {
		t.Error(err)
	}
	if _, err := submitSM().TextAs(bad); err == nil || err.Error() != want {
		t.Error(err)
	}
	if got := (Encoding{Alphabet: bad}).Decode([]byte("ab")); got != "\uFFFD\uFFFD" {
		t.Errorf("%q", got)
	}
	for _, o := range []TextOptions{{Encoding: &bad}, {Zero: bad}} {
		if _, err := SplitText("a", o); err == nil || err.Error() != want {
			t.Error(err)
		}
	}
	if _, err := SplitText("a", TextOptions{By: SegmentKind(9)}); err == nil || err.Error() != "9 is no way to mark parts: take UDH8, UDH16, SAR or Payload" {
		t.Error(err)
	}
}
