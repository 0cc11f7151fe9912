package pdu

import "strings"

// receiptScan goes over the text once.
type receiptScan struct {
	s      string
	at     int
	seen   int // the keys that were there, a bit each
	looked int // octets that were looked at, for the test that this is linear
}

// asciiFold compares octets regardless of the case of ASCII letters. strings.EqualFold knows all of Unicode:
// a Kelvin sign is no k here.
func asciiFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		c, d := a[i], b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if 'A' <= d && d <= 'Z' {
			d |= 0x20
		}
		if c != d {
			return false
		}
	}
	return true
}

// receiptOctets says what an octet can be beside a part of a value.
var receiptOctets = [256]uint8{' ': isSpace, '\t': isSpace, '\n': isSpace, '\r': isSpace, ',': isSeparator, ';': isSeparator, '|': isSeparator, ':': isColon}

const (
	isSpace     = 1 << iota
	isSeparator // that some SMSCs write between two fields
	isColon
)

func space(c byte) bool     { return receiptOctets[c] == isSpace }
func separates(c byte) bool { return receiptOctets[c] == isSeparator }

func letterOrDigit(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func (x *receiptScan) skipSpace() {
	s, i := x.s, x.at
	for i < len(s) && space(s[i]) {
		i++
	}
	x.looked += i - x.at + 1
	x.at = i
}

// skip goes to the next place where a field may begin, and returns where the part ends that it skipped.
func (x *receiptScan) skip() (end int) {
	s, i := x.s, x.at
	for i < len(s) && receiptOctets[s[i]]&(isSpace|isSeparator) == 0 {
		i++
	}
	x.looked += i - x.at + 1
	x.at, end = i, i
	if i < len(s) && separates(s[i]) {
		x.at++
	}
	x.skipSpace()
	return end
}

// endOfWord goes behind the word that starts here, and returns where its value ends: at a space; at a separator with a field
// or nothing behind it; or where a field begins that was not there before, since some put nothing between.
func (x *receiptScan) endOfWord(key int) (end int) {
	s, start, i := x.s, x.at, x.at
	for ; i < len(s); i++ {
		what := receiptOctets[s[i]]
		if what == 0 {
			continue
		}
		if what == isSpace {
			break
		}
		if what == isSeparator {
			next := i + 1
			for next < len(s) && separates(s[next]) {
				next++
			}
			if next == len(s) || space(s[next]) || x.fieldAt(next) {
				x.looked += next - start
				x.at = next
				return i
			}
			x.looked += next - i
			i = next - 1
		} else if at := x.gluedKey(key, start, i); at > start {
			x.looked += i - start
			x.at = at
			return at
		}
	}
	x.looked += i - start + 1
	x.at = i
	if i < len(s) && i > start && endsDateWord(s[i-1]) { // the space in "submit date" and "done date"
		for _, k := range [...]int{keySubmitDate, keyDoneDate} {
			if at := i - strings.IndexByte(receiptKeys[k], ' '); at > start {
				x.at = at
				if _, n := x.is(k); n > 0 && x.begins(k, at+n) {
					return at
				}
				x.at = i
			}
		}
	}
	return i
}

// endsDateWord reports whether an octet ends the first word of "submit date" or "done date".
func endsDateWord(c byte) bool { return c|0x20 == 't' || c|0x20 == 'e' }

// gluedKey looks whether the colon at i ends a key that stands right behind the value from start on, and returns where it begins; 0
// where there is none.
func (x *receiptScan) gluedKey(key, start, i int) int {
	for k := range receiptKeys {
		at := i - len(receiptKeys[k]) + 1
		x.looked++
		if at > start && letterOrDigit(x.s[at-1]) && asciiFold(x.s[at:i+1], receiptKeys[k]) && !(k == keyText && key == keyID) && x.begins(k, i+1) {
			return at
		}
	}
	return 0
}

// begins reports whether a field that was not there before can have a value that begins at i.
func (x *receiptScan) begins(key, i int) bool {
	if x.seen&(1<<key) != 0 || key == keyID {
		return false
	}
	if key == keySubmitDate || key == keyDoneDate {
		key = keySub // digits too
	}
	for skipped := 0; i < len(x.s) && skipped < mostSpaces && x.s[i] == ' '; skipped++ {
		i++
	}
	x.looked++
	if i >= len(x.s) {
		return key == keyText // only the text may be empty
	}
	return wellFormed(key, x.s[i:i+1])
}

// fieldAt reports whether a field begins at i, or a vendor's: letters and a colon.
func (x *receiptScan) fieldAt(i int) bool {
	here := x.at
	x.at = i
	key, _ := x.key()
	x.at = here
	if key != keyNone {
		return true
	}
	const longest = 16
	for n := 0; n < longest && i+n < len(x.s); n++ {
		x.looked++
		if c := x.s[i+n]; c == ':' {
			return n > 0
		} else if !letterOrDigit(c) && c != '_' {
			return false
		}
	}
	return false
}

// timeOfDay goes behind what follows a date if it is a time, as in 2026-01-02 15:04:05 and 260102 1505, and returns where it ends.
func (x *receiptScan) timeOfDay(key int, date string) (end int) {
	s, before := x.s, x.at
	at := before
	for at < len(s) && at-before < mostSpaces && (s[at] == ' ' || s[at] == '\t') {
		at++
	}
	x.looked += at - before
	if at == before || at+2 >= len(s) || !digits(s[at:at+2], false) {
		return before
	}
	x.at = at
	end = x.endOfWord(key)
	// Digits alone are the time of a date that has none yet.
	clock := s[at:end]
	if len(clock) > 2 && clock[2] == ':' ||
		(len(clock) == 4 || len(clock) == 6) && digits(clock, false) && (len(date) == 6 || len(date) == 8) && digits(date, false) {
		return end
	}
	x.at = before
	return before
}
