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
// follows. The text is the rest, whatever it says, since subscribers can write "stat:" too; only where it
// stands before both id and stat does it end with the next key.
func (r *Receipt) parse(s string) int {
	x := receiptScan{s: s}
	seen := 0
	key := -1
	for {
		key = x.next(key + 1)
		if key == keyNone {
			return x.looked
		}
		value := ""
		switch {
		case key != keyText:
			value = x.word()
		case seen&(1<<keyID|1<<keyStat) != 0:
			value = x.rest()
		default:
			value = x.untilKey()
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

func (x *receiptScan) rest() string {
	if x.at < len(x.s) && x.s[x.at] == ' ' {
		x.at++
	}
	v := x.s[x.at:]
	x.at = len(x.s)
	return v
}

// untilKey takes all up to the next key, without the spaces around it.
func (x *receiptScan) untilKey() string {
	x.skipSpace()
	start, end := x.at, x.at
	for x.at < len(x.s) && x.key() == keyNone {
		x.skipWord()
		end = x.at
	}
	for end > start && space(x.s[end-1]) {
		end--
	}
	return x.s[start:end]
}
