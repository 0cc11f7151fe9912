package pdu

import "strings"

// receiptKeys are the fields of the text form, as appendix B writes them. Two have a space inside.
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

// parse reads the text form: keys at the beginning of a word, in any case and order, each with the word that
// follows. The first of each counts. SMSCs write it in ways of their own: commas between the fields or nothing at all,
// "submit_date:" or "stat : ". The text may say anything, since subscribers can write "stat:" too: it goes
// on to the end, or to a field that has not been there and whose value is one that the field can have: see endsText.
func (r *Receipt) parse(s string) int {
	x := receiptScan{s: s}
	key := keyID
	for {
		key = r.plain(&x, key)
		key = x.next(key)
		if key == keyNone {
			return x.looked
		}
		first := x.seen&(1<<key) == 0
		x.seen |= 1 << key
		var value string
		if key == keyText {
			value = x.untilField()
		} else {
			value = x.value(key)
		}
		if first {
			*r.field(key) = value
		}
		key++
	}
}

// plain takes the fields that stand as in appendix B, from the key that is likely on: in its order and case, each with a word that needs no
// thought. Most SMSCs write all of them so. It returns the key that would come next.
func (r *Receipt) plain(x *receiptScan, likely int) int {
	s, at := x.s, x.at
	for ; likely < keyText; likely++ {
		k := &plainKeys[likely]
		if len(s)-at < 16 || word(s[at:])&k.mask != k.head || k.tail != "" && s[at+8:at+8+len(k.tail)] != k.tail {
			break
		}
		start := at + k.octets
		end := wordFrom(s, start)
		if !endsPlainly(s, start, end) {
			break
		}
		at = end + 1
		if x.seen&(1<<likely) == 0 {
			x.seen |= 1 << likely
			*r.field(likely) = s[start:end]
		}
	}
	x.looked += at - x.at
	x.at = at
	return likely
}

// plainKeys are receiptKeys in words of eight octets.
var plainKeys = func() (keys [keyText]struct {
	octets     int
	head, mask uint64 // of the first eight octets, or as many as there are
	tail       string // those behind them
}) {
	for i := range keys {
		k := receiptKeys[i]
		n := min(len(k), 8)
		keys[i].octets, keys[i].tail = len(k), k[n:]
		keys[i].mask = 1<<(8*n) - 1 // of eight octets all, since 1<<64 is 0
		keys[i].head = word(k+"        ") & keys[i].mask
	}
	return keys
}()

// wordFrom is where the word at i ends.
func wordFrom(s string, i int) (end int) {
	for i < len(s) && receiptOctets[s[i]] == 0 {
		i++
	}
	return i
}

// endsPlainly reports whether behind the word s[start:end] are a space and another word, which is no time: the value is that word.
func endsPlainly(s string, start, end int) bool {
	return end > start && end+1 < len(s) && s[end] == ' ' && s[end+1] > '9' && receiptOctets[s[end+1]] == 0 && !endsDateWord(s[end-1])
}

// next goes behind the next key and returns it. The one that is likely is tried first.
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
		if key, n := x.key(); key != keyNone {
			x.at += n
			return key
		}
		x.skip()
	}
	return keyNone
}

// key returns the key that starts here, which is at the beginning of a word, and its length with the colon.
func (x *receiptScan) key() (key, n int) {
	if x.at >= len(x.s) {
		return keyNone, 0
	}
	x.looked++
	switch x.s[x.at] | 0x20 {
	case 'i':
		return x.is(keyID)
	case 's':
		for _, k := range [...]int{keySub, keyStat, keySubmitDate} {
			if key, n := x.is(k); n > 0 {
				return key, n
			}
		}
	case 'd':
		if key, n := x.is(keyDlvrd); n > 0 {
			return key, n
		}
		return x.is(keyDoneDate)
	case 'e':
		return x.is(keyErr)
	case 't':
		return x.is(keyText)
	}
	return keyNone, 0
}

// mostSpaces is how many an SMSC may put into a key, before its colon or behind that.
const mostSpaces = 3

func (x *receiptScan) is(key int) (_, n int) {
	s, k := x.s[x.at:], receiptKeys[key]
	if x.looked++; len(s) < len("id:") || s[1]|0x20 != k[1] { // nearly always
		return keyNone, 0
	}
	x.looked += len(k)
	word, rest, two := strings.Cut(k[:len(k)-1], " ")
	if n = len(word); len(s) <= n || !asciiFold(s[:n], word) {
		return keyNone, 0
	}
	if two {
		for skipped := 0; n < len(s) && skipped < mostSpaces && (s[n] == ' ' || s[n] == '_' || s[n] == '-'); skipped++ {
			n++
		}
		if len(s)-n <= len(rest) || !asciiFold(s[n:n+len(rest)], rest) {
			return keyNone, 0
		}
		n += len(rest)
	}
	for skipped := 0; n < len(s) && skipped < mostSpaces && s[n] == ' '; skipped++ {
		n++
	}
	if n >= len(s) || s[n] != ':' {
		return keyNone, 0
	}
	return key, n + 1
}

// value takes what stands behind a key: a word, unless that is a key itself; then the value is empty. Only an id may
// be like a key that has no such value.
func (x *receiptScan) value(key int) string {
	behind := x.at
	end := wordFrom(x.s, behind)
	x.looked += end - behind + 1
	if endsPlainly(x.s, behind, end) {
		x.at = end + 1
		return x.s[behind:end]
	}
	x.skipSpace()
	if k, n := x.key(); k != keyNone && (key != keyID || x.at > behind || k != keyID && k != keyErr && k != keyText && x.begins(k, x.at+n)) {
		return ""
	}
	start := x.at
	end = x.endOfWord(key)
	if x.at == end && (key == keySubmitDate || key == keyDoneDate) {
		end = x.timeOfDay(key, x.s[start:end])
	}
	x.skipSpace()
	return x.s[start:end]
}

// untilField takes all up to the next field that has not been seen, less the spaces before that; without one the
// rest as it is. A space behind the colon is none of it.
func (x *receiptScan) untilField() string {
	if x.at < len(x.s) && x.s[x.at] == ' ' {
		x.at++
	}
	start := x.at
	if strings.IndexByte(x.s[start:], ':') < 0 { // nearly always: no field is to come
		x.looked += len(x.s) - start
		x.at = len(x.s)
		return x.s[start:]
	}
	x.skipSpace()
	for end := start; x.at < len(x.s); {
		if key, n := x.key(); key != keyNone && x.seen&(1<<key) == 0 && wellFormed(key, x.peek(key, n)) && x.endsText() {
			return x.s[start:end]
		}
		end = x.skip()
	}
	return x.s[start:]
}

// endsText reports whether the field that starts here, of which the key and the value are good, is one of the receipt rather than words of
// the text. Behind an id and a stat, as appendix B has it, a text may say anything: only fields up to the very end are more than that, and
// behind an err too, the last one before the text, only two or more of them, or the one that is missing.
func (x *receiptScan) endsText() bool {
	const most, all = 1<<keyID | 1<<keyStat, 1<<keyNone - 1
	if x.seen&most != most {
		return true
	}
	here, seen := x.at, x.seen
	defer func() { x.at, x.seen = here, seen }()
	fields := 0
	for ; x.at < len(x.s); fields++ {
		key, n := x.key()
		if key == keyNone || x.seen&(1<<key) != 0 || !wellFormed(key, x.peek(key, n)) {
			return false
		}
		x.seen |= 1 << key
		x.at += n
		x.value(key)
		if x.at < len(x.s) && separates(x.s[x.at]) {
			x.at++
			x.skipSpace()
		}
	}
	return seen&(1<<keyErr) == 0 || x.seen == all || fields > 1
}

// peek is the value behind a key of n octets that starts here, or as much of it as is enough to judge it.
func (x *receiptScan) peek(key, n int) (value string) {
	here := x.at
	defer func() { x.at = here }()
	x.at += n
	for skipped := 0; x.at < len(x.s) && skipped < mostSpaces && space(x.s[x.at]); skipped++ {
		x.at++
	}
	if other, _ := x.key(); other != keyNone {
		return ""
	}
	const enough = 20
	s := x.s[x.at:min(len(x.s), x.at+enough)]
	i := 0
	for i < len(s) && receiptOctets[s[i]]&(isSpace|isSeparator) == 0 {
		i++
	}
	x.looked += i
	if key == keySubmitDate || key == keyDoneDate {
		start := x.at
		x.at += i
		return x.s[start:x.timeOfDay(key, s[:i])]
	}
	return s[:i]
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
		day, clock := splitTime(v)
		n := len(day) + len(clock)
		return (n == 10 || n == 12 || n == 14) && digits(day, false) && (clock == "" || digits(clock, false))
	case keyStat:
		_, known := (&Receipt{Stat: v}).State()
		return known || len(v) <= long && v != "" && all(capital)
	case keyErr:
		return len(v) <= long && v != "" && all(func(c byte) bool { return digit(c) || capital(c) || c == '-' })
	}
	return v != ""
}
