package pdu

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/warthog618/sms/encoding/gsm7/charset"
)

// Language is a national language identifier of GSM 03.38 (3GPP 23.038 §6.2.1.2.4). The zero value is no
// language: the default alphabet and its extension.
type Language uint8

// The languages that have tables of their own.
const (
	Turkish Language = iota + 1
	Spanish
	Portuguese
	Bengali
	Gujarati
	Hindi
	Kannada
	Malayalam
	Oriya
	Punjabi
	Tamil
	Telugu
	Urdu
	numLanguages
)

var languageNames = [numLanguages]string{"default", "turkish", "spanish", "portuguese", "bengali", "gujarati", "hindi",
	"kannada", "malayalam", "oriya", "punjabi", "tamil", "telugu", "urdu"}

// String is the English name, in lower case (3GPP 23.038 §6.2.1.2.4).
func (l Language) String() string {
	if l < numLanguages {
		return languageNames[l]
	}
	return "reserved"
}

// LanguageByName finds a language by its name (3GPP 23.038 §6.2.1.2.4).
func LanguageByName(name string) (Language, bool) {
	for l, n := range languageNames {
		if n == name {
			return Language(l), true
		}
	}
	return 0, false
}

// LanguageNames are the names of the languages that have tables of their own (3GPP 23.038 §6.2.1.2.4).
func LanguageNames() []string { return append([]string(nil), languageNames[1:]...) }

// lockable reports whether the language has a locking shift table; Spanish has only a single shift.
func (l Language) lockable() bool { return l != Spanish && l < numLanguages }

const (
	gsmEscape = 0x1B
	gsmCR     = 0x0D
	gsmNone   = 0xFFFF
)

// gsmTables are one pair of tables, as arrays: the library's are maps, and encoding 160 characters with
// them takes 5 times as long and allocates (BenchmarkEncodeGSM in bench/pdu: 0.2 µs against 1 µs).
type gsmTables struct {
	runes  [128]rune     // of a septet
	ext    [128]rune     // of a septet after the escape; 0 = none
	low    [0x400]uint16 // the septet of a rune; gsmNone = none; above 0xFF: the escape and a septet
	high   map[rune]uint16
	octets [256]byte // of an octet of UTF-8 that is a character of one septet that; 0xFF of others
}

var (
	charsetMu  sync.Mutex
	gsmDefault = newGSMTables(0, 0)
	gsmCache   [numLanguages][numLanguages]atomic.Pointer[gsmTables]
)

// tablesOf returns the tables of two languages; reserved ones are read as the default (§6.2.1.2.4).
func tablesOf(locking, single Language) *gsmTables {
	if !locking.lockable() {
		locking = 0
	}
	if single >= numLanguages {
		single = 0
	}
	if locking == 0 && single == 0 {
		return gsmDefault
	}
	t := gsmCache[locking][single].Load()
	if t == nil {
		t = newGSMTables(locking, single)
		gsmCache[locking][single].Store(t)
	}
	return t
}

func newGSMTables(locking, single Language) *gsmTables {
	t := &gsmTables{}
	for i := range t.low {
		t.low[i] = gsmNone
	}
	base, ext := charsetOf(locking, single)
	for b := range 128 {
		if r, ok := base[byte(b)]; ok && b != gsmEscape {
			t.runes[b] = r
			t.put(r, uint16(b))
		} else {
			t.runes[b] = utf8.RuneError
		}
	}
	for b := range 128 {
		if r, ok := ext[byte(b)]; ok && r != utf8.RuneError && b != gsmEscape && b != gsmCR { // 0x0D is a control, never a character
			t.ext[b] = r
			t.put(r, gsmEscape<<8|uint16(b))
		}
	}
	for c := range t.octets {
		t.octets[c] = 0xFF
		if v := t.low[c]; c < utf8.RuneSelf && v < 0x80 {
			t.octets[c] = byte(v)
		}
	}
	return t
}

// put gives a rune its septet; a shorter form and the first of two equal ones stay.
func (t *gsmTables) put(r rune, v uint16) {
	if t.of(r) != gsmNone || r == utf8.RuneError {
		return
	}
	if int(r) < len(t.low) {
		t.low[r] = v
		return
	}
	if t.high == nil {
		t.high = map[rune]uint16{}
	}
	t.high[r] = v
}

func (t *gsmTables) of(r rune) uint16 {
	if uint32(r) < uint32(len(t.low)) {
		return t.low[r]
	}
	if v, ok := t.high[r]; ok {
		return v
	}
	return gsmNone
}

// append appends the septets of s, an octet each. bad is the offset of the first character that has no
// place; -1 if all have.
func (t *gsmTables) append(dst []byte, s string) (out []byte, bad int) {
	n, i := len(dst), 0
	room := slices.Grow(dst, len(s))
	room = room[:cap(room)] // from n on at least as much as of s is left
	for i < len(s) {
		for len(s)-i >= 8 {
			w := eight(&t.octets, s[i:])
			binary.LittleEndian.PutUint64(room[n:], w)
			if w &= 0x8080808080808080; w != 0 {
				good := bits.TrailingZeros64(w) / 8 // others come behind those
				n, i = n+good, i+good
				break
			}
			n, i = n+8, i+8 // known before w is: the next eight need not wait for these
		}
		if i == len(s) {
			break
		}
		if v := t.octets[s[i]]; v < 0x80 {
			room[n] = v
			n, i = n+1, i+1
			continue
		}
		v, size := t.at(s, i)
		if v == gsmNone {
			return room[:n], i
		}
		if i += size; v <= 0xFF {
			room[n] = byte(v)
			n++
			continue
		}
		room = append(room[:n], gsmEscape, byte(v)) // of one octet two, maybe
		n += 2
		room = slices.Grow(room, len(s)-i)
		room = room[:cap(room)]
	}
	return room[:n], -1
}

// eight are what a table of octets says of eight of them, the first one lowest.
func eight(table *[256]byte, s string) uint64 {
	return uint64(table[s[7]])<<56 | uint64(table[s[6]])<<48 | uint64(table[s[5]])<<40 | uint64(table[s[4]])<<32 |
		uint64(table[s[3]])<<24 | uint64(table[s[2]])<<16 | uint64(table[s[1]])<<8 | uint64(table[s[0]])
}

// septets counts what append would append.
func (t *gsmTables) septets(s string) (n int, ok bool) {
	for i := 0; i < len(s); {
		if c := s[i]; t.octets[c] != 0xFF {
			n, i = n+1, i+1
			continue
		}
		v, size := t.at(s, i)
		if v == gsmNone {
			return 0, false
		}
		n += 1 + int(v>>8&1)
		i += size
	}
	return n, true
}

// at is the septet of the character at i, and how many octets that has.
func (t *gsmTables) at(s string, i int) (v uint16, size int) {
	if c := s[i]; 0xC2 <= c && c <= 0xCF && i+1 < len(s) && s[i+1]&0xC0 == 0x80 { // U+0080 to U+03FF, as most are: two octets of UTF-8
		return t.low[uint(c&0x0F)<<6|uint(s[i+1]&0x3F)], 2
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	return t.of(r), size
}

// prefix is how many octets of s, which has a place in the tables, go into so many septets, and how many those are.
func (t *gsmTables) prefix(s string, room int) (n, septets int) {
	for n < len(s) && septets < room {
		if c := s[n]; t.octets[c] != 0xFF {
			n, septets = n+1, septets+1
			continue
		}
		v, size := t.at(s, n)
		more := septets + 1 + int(v>>8&1)
		if more > room {
			break
		}
		n, septets = n+size, more
	}
	return n, septets
}

// appendText appends the text of septets, an octet each, as UTF-8. An escape to a place that is empty shows
// the character of the main table, two escapes or one at the end a space (§6.2.1.1); an octet above 127
// is none of it: U+FFFD.
func (t *gsmTables) appendText(dst, septets []byte) []byte {
	for i := 0; i < len(septets); i++ {
		b := septets[i]
		if b >= 128 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
			continue
		}
		if b != gsmEscape {
			dst = utf8.AppendRune(dst, t.runes[b])
			continue
		}
		i++
		switch {
		case i >= len(septets) || septets[i] == gsmEscape:
			dst = append(dst, ' ')
		case septets[i] >= 128:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case t.ext[septets[i]] != 0:
			dst = utf8.AppendRune(dst, t.ext[septets[i]])
		default:
			dst = utf8.AppendRune(dst, t.runes[septets[i]])
		}
	}
	return dst
}

// fillBits are the spare bits behind a user data header of n octets: the text starts on a septet
// (3GPP 23.040 §9.2.3.24).
func fillBits(n int) int { return (7 - n*8%7) % 7 }

// packSeptets appends septets packed behind fill spare bits. Seven spare bits at the end would read as an '@':
// they become a CR, and a CR that ends on an octet gets another (3GPP 23.038 §6.1.2.3.1).
func packSeptets(dst, septets []byte, fill int) []byte {
	acc, bits := uint32(0), fill
	put := func(b byte) {
		acc |= uint32(b&0x7F) << bits
		for bits += 7; bits >= 8; bits -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	for _, b := range septets {
		put(b)
	}
	switch {
	case len(septets) == 0:
	case bits == 1, bits == 0 && septets[len(septets)-1] == gsmCR:
		put(gsmCR)
	}
	if bits > 0 && len(septets) > 0 {
		dst = append(dst, byte(acc))
	}
	return dst
}

// unpackSeptets appends the septets, an octet each. A CR that fills the last octet is padding. So is one that has an octet of its own behind
// a CR, as packSeptets writes it: two that were meant read as one there, which 3GPP 23.038 §6.1.1 says is the same.
func unpackSeptets(dst, packed []byte, fill int) []byte {
	n := (len(packed)*8 - fill) / 7
	acc, bits := uint32(0), -fill
	before := len(dst)
	for _, b := range packed {
		if bits < 0 {
			acc = uint32(b) >> -bits
			bits += 8
		} else {
			acc |= uint32(b) << bits
			bits += 8
		}
		for bits >= 7 && len(dst)-before < n {
			dst = append(dst, byte(acc&0x7F))
			acc >>= 7
			bits -= 7
		}
	}
	if last := len(dst) - 1; n > 0 && dst[last] == gsmCR {
		switch spare := (len(packed)*8 - fill) % 7; {
		case spare == 0, spare == 1 && n > 1 && dst[last-1] == gsmCR && packed[len(packed)-1] == gsmCR:
			dst = dst[:last]
		}
	}
	return dst
}

// The places in which the library's tables (v0.3.0) are not the specification's (3GPP 23.038 annex A). The text of
// A.3.7 itself has U+0CAA at Kannada's 0x24, a misprint: that letter is at 0x3D too, and U+0CA1 would have no place.
var (
	rightMain      = map[Language]charset.Decoder{Hindi: {0x00: 0x0901, 0x01: 0x0902, 0x02: 0x0903}} // A.3.6; it has Bengali's signs
	rightExtension = map[Language]charset.Decoder{Portuguese: {0x1F: 'Ê'}}                           // A.2.3; it has nothing there
)

// corrected is a table with the places that are wrong in it put right.
func corrected(table, right charset.Decoder) charset.Decoder {
	if right == nil {
		return table
	}
	table = maps.Clone(table)
	maps.Copy(table, right)
	return table
}

// charsetOf returns the tables of two languages: one without a table of its own has the default.
func charsetOf(locking, single Language) (base, ext charset.Decoder) {
	charsetMu.Lock() // the library fills its tables on first use, without a lock of its own
	defer charsetMu.Unlock()
	base, ext = charset.DefaultDecoder(), charset.DefaultExtDecoder()
	if locking != 0 {
		base = corrected(charset.NewDecoder(int(locking)), rightMain[locking])
	}
	if single != 0 {
		ext = corrected(charset.NewExtDecoder(int(single)), rightExtension[single])
	}
	return base, ext
}
