package pdu

import "strings"

// receiptKeys are the fields of the text form. Two have a space inside.
var receiptKeys = [...]string{"id:", "sub:", "dlvrd:", "submit date:", "done date:", "stat:", "err:", "text:"}

const (
	keyID = iota
	keySub
	keyDlvrd
	keySubmitDate
	keyDoneDate
	keyStat
	keyErr
	keyText
	keyNone
)

// field is where the value of a key goes.
func (r *Receipt) field(key int) *string {
	switch key {
	case keyID:
		return &r.ID
	case keySub:
		return &r.Sub
	case keyDlvrd:
		return &r.Dlvrd
	case keySubmitDate:
		return &r.SubmitDate
	case keyDoneDate:
		return &r.DoneDate
	case keyStat:
		return &r.Stat
	case keyErr:
		return &r.Err
	}
	return &r.Text
}

// receiptScan goes over the text once.
type receiptScan struct {
	s      string
	at     int
	looked int // octets that were looked at, for the test that this is linear
}

// parse reads the text form: keys at the beginning of a word, in any case and order, each with the word that
// follows. The first of each counts. The text may say anything, since subscribers can write "stat:" too: it goes
// on to the end, or to a field that has not been there and whose value is one that the field can have.
func (r *Receipt) parse(s string) int {
	x := receiptScan{s: s}
	seen := 0
	key := -1
	for {
		key = x.next(key + 1)
		if key == keyNone {
			return x.looked
		}
		var value string
		if key == keyText {
			value = x.untilField(seen | 1<<keyText)
		} else {
			value = x.word()
		}
		if seen&(1<<key) == 0 { // the first one counts
			*r.field(key) = value
			seen |= 1 << key
		}
	}
}

// next goes behind the next key and returns it. The one that is likely is tried first: most SMSCs keep to the order of
// appendix B.
func (x *receiptScan) next(likely int) int {
	if likely < len(receiptKeys) {
		k := receiptKeys[likely]
		x.looked += len(k)
		if strings.HasPrefix(x.s[x.at:], k) {
			x.at += len(k)
			return likely
		}
	}
	for x.at < len(x.s) {
		if key := x.key(); key != keyNone {
			x.at += len(receiptKeys[key])
			return key
		}
		x.skipWord()
	}
	return keyNone
}

// key returns the key that starts here, which is at the beginning of a word.
func (x *receiptScan) key() int {
	if x.at >= len(x.s) {
		return keyNone
	}
	x.looked++
	switch x.s[x.at] | 0x20 {
	case 'i':
		return x.is(keyID)
	case 's':
		for _, k := range [...]int{keySub, keyStat, keySubmitDate} {
			if x.is(k) == k {
				return k
			}
		}
	case 'd':
		if x.is(keyDlvrd) == keyDlvrd {
			return keyDlvrd
		}
		return x.is(keyDoneDate)
	case 'e':
		return x.is(keyErr)
	case 't':
		return x.is(keyText)
	}
	return keyNone
}

func (x *receiptScan) is(key int) int {
	k := receiptKeys[key]
	x.looked += len(k)
	if len(x.s)-x.at < len(k) || !asciiFold(x.s[x.at:x.at+len(k)], k) {
		return keyNone
	}
	return key
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

func space(c byte) bool { return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r') }

func (x *receiptScan) skipSpace() {
	s, i := x.s, x.at
	for i < len(s) && space(s[i]) {
		i++
	}
	x.looked += i - x.at + 1
	x.at = i
}

// skipWord goes to the beginning of the next word.
func (x *receiptScan) skipWord() {
	x.skipLetters()
	x.skipSpace()
}

func (x *receiptScan) skipLetters() {
	s, i := x.s, x.at
	for i < len(s) && !space(s[i]) {
		i++
	}
	x.looked += i - x.at + 1
	x.at = i
}

// word takes the next word, unless that is a key: then the value is empty.
func (x *receiptScan) word() string {
	x.skipSpace()
	if x.key() != keyNone {
		return ""
	}
	start := x.at
	x.skipLetters()
	v := x.s[start:x.at]
	x.skipSpace()
	return v
}

// untilField takes all up to the next field that has not been seen, less the spaces before that; without one the
// rest as it is. A space behind the colon is none of it.
func (x *receiptScan) untilField(seen int) string {
	if x.at < len(x.s) && x.s[x.at] == ' ' {
		x.at++
	}
	start := x.at
	x.skipSpace()
	for end := start; x.at < len(x.s); {
		if key := x.key(); key != keyNone && seen&(1<<key) == 0 {
			here := x.at
			x.at += len(receiptKeys[key])
			if wellFormed(key, x.word()) {
				x.at = here
				return x.s[start:end]
			}
			x.at = here
		}
		x.skipLetters()
		end = x.at
		x.skipSpace()
	}
	return x.s[start:]
}

// wellFormed reports whether a word can be the value of a field.
func wellFormed(key int, v string) bool {
	all := func(in func(c byte) bool) bool {
		for i := range len(v) {
			if !in(v[i]) {
				return false
			}
		}
		return true
	}
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	capital := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	const long = 10 // octets, of what has three to seven
	switch key {
	case keySub, keyDlvrd:
		return len(v) <= long && v != "" && all(digit)
	case keySubmitDate, keyDoneDate:
		return (len(v) == 10 || len(v) == 12 || len(v) == 14) && all(digit)
	case keyStat:
		_, known := (&Receipt{Stat: v}).State()
		return known || len(v) <= long && v != "" && all(capital)
	case keyErr:
		return len(v) <= long && v != "" && all(func(c byte) bool { return digit(c) || capital(c) || c == '-' })
	}
	return v != ""
}
