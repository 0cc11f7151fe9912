package luabind

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// jsonReader reads JSON (RFC 8259) into Lua values. It goes through the text octet by octet, so that limits stop it within
// a long string too, which a decoder that gives whole tokens does not allow.
type jsonReader struct {
	c    *call
	src  string
	at   int
	next int  // where the clock is looked at again
	drop bool // null is nil
}

// longNumber is the longest number that is read; a whole one may have any length.
const longNumber = 1000

func (r *jsonReader) read() (lua.LValue, error) {
	if at := r.notUTF8(); at >= 0 {
		return nil, r.wrongAt(at, "the text is no UTF-8")
	}
	v, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if c := r.peek(); c != 0 || r.at < len(r.src) {
		return nil, r.wrong("something follows the value")
	}
	return v, nil
}

// notUTF8 is where the text is no UTF-8; -1: nowhere.
func (r *jsonReader) notUTF8() int {
	for at := 0; at < len(r.src); {
		n := min(len(r.src)-at, textPart)
		for n > 1 && at+n < len(r.src) && !utf8.RuneStart(r.src[at+n]) {
			n--
		}
		if part := r.src[at : at+n]; !utf8.ValidString(part) {
			for i, c := range part {
				if _, size := utf8.DecodeRuneInString(part[i:]); c == utf8.RuneError && size == 1 {
					return at + i
				}
			}
		}
		at += n
		vm.LookAtClock(r.c.L)
	}
	return -1
}

// pause lets limits stop the script now and then.
func (r *jsonReader) pause() {
	if r.at >= r.next {
		r.next = r.at + textPart
		vm.LookAtClock(r.c.L)
	}
}

// peek is the next octet behind white space; 0 at the end.
func (r *jsonReader) peek() byte {
	for ; r.at < len(r.src); r.at++ {
		switch c := r.src[r.at]; c {
		case ' ', '\t', '\n', '\r':
			r.pause()
		default:
			return c
		}
	}
	return 0
}

// wrong says what is wrong where reading has come to.
func (r *jsonReader) wrong(what string) error { return r.wrongAt(r.at, what) }

func (r *jsonReader) wrongAt(at int, what string) error {
	before := r.src[:at]
	line := strings.Count(before, "\n") + 1
	column := at - strings.LastIndexByte(before, '\n')
	return codeError("invalid_json", "line %d, column %d: %s", line, column, what)
}

// expected says what stands in the place of something else.
func (r *jsonReader) expected(what string) error {
	if r.at >= len(r.src) {
		return r.wrong("the text ends too early")
	}
	c, _ := utf8.DecodeRuneInString(r.src[r.at:])
	return r.wrong(fmt.Sprintf("%s is expected, not %q", what, c))
}

func (r *jsonReader) value(depth int) (lua.LValue, error) {
	r.c.charge(2)
	switch c := r.peek(); {
	case c == '{' || c == '[':
		if depth >= maxJSONDepth {
			return nil, codeError("too_deep", "the value is nested deeper than %d", maxJSONDepth)
		}
		vm.ChargeMemory(r.c.L, 600) // a table costs more than others
		if r.at++; c == '[' {
			return r.array(depth)
		}
		return r.object(depth)
	case c == '"':
		s, err := r.text()
		return lua.LString(s), err
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	}
	for word, v := range jsonWords {
		if strings.HasPrefix(r.src[r.at:], word) {
			r.at += len(word)
			if v == lua.LValue(jsonNull) && r.drop {
				return lua.LNil, nil
			}
			return v, nil
		}
	}
	return nil, r.expected("a value")
}

var jsonWords = map[string]lua.LValue{"null": jsonNull, "true": lua.LTrue, "false": lua.LFalse}

func (r *jsonReader) array(depth int) (lua.LValue, error) {
	t := r.c.L.NewTable()
	t.Metatable = arrayMeta
	if r.peek() == ']' {
		r.at++
		return t, nil
	}
	for {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v != lua.LNil {
			t.Append(v)
		}
		if more, err := r.more(']'); !more {
			return t, err
		}
	}
}

func (r *jsonReader) object(depth int) (lua.LValue, error) {
	t := r.c.L.NewTable()
	if r.peek() == '}' {
		r.at++
		return t, nil
	}
	for {
		if r.peek() != '"' {
			return nil, r.expected("a key in quotes")
		}
		key, err := r.text()
		if err != nil {
			return nil, err
		}
		if r.peek() != ':' {
			return nil, r.expected("':'")
		}
		r.at++
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		t.RawSetString(key, v)
		if more, err := r.more('}'); !more {
			return t, err
		}
	}
}

// more reads a comma, or the end.
func (r *jsonReader) more(end byte) (bool, error) {
	switch r.peek() {
	case ',':
		r.at++
		return true, nil
	case end:
		r.at++
		return false, nil
	}
	return false, r.expected(fmt.Sprintf("',' or '%c'", end))
}

// text reads a string. A short one of a long text is copied: it would hold all of it.
func (r *jsonReader) text() (string, error) {
	r.at++
	start := r.at
	var b []byte // what was read before start, where there are escapes
	for r.at < len(r.src) {
		switch c := r.src[r.at]; {
		case c == '"':
			part := r.src[start:r.at]
			r.at++
			if b == nil {
				return lua.LVAsString(vm.Cut(r.c.L, part, len(r.src))), nil
			}
			b = append(b, part...)
			vm.ChargeMemory(r.c.L, len(b))
			return string(b), nil
		case c == '\\':
			b = append(b, r.src[start:r.at]...)
			e, err := r.escape()
			if err != nil {
				return "", err
			}
			b = append(b, e...)
			start = r.at
			r.pause()
		case c < ' ':
			return "", r.wrong(fmt.Sprintf("a string has the octet 0x%02X, which must be written as an escape", c))
		default:
			r.at++
			r.pause()
		}
	}
	return "", r.expected("'\"'")
}

var jsonEscapes = map[byte]string{'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t"}

// escape reads what begins with a backslash.
func (r *jsonReader) escape() (string, error) {
	rest := r.src[r.at+1:]
	if rest == "" {
		r.at = len(r.src)
		return "", r.expected("an escape")
	}
	if s, ok := jsonEscapes[rest[0]]; ok {
		r.at += 2
		return s, nil
	}
	c, ok := unit(rest)
	if !ok {
		return "", r.wrong("a string has an escape that is none: \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four digits are")
	}
	r.at += 6
	if utf16.IsSurrogate(c) {
		if strings.HasPrefix(r.src[r.at:], `\`) {
			if low, ok := unit(r.src[r.at+1:]); ok {
				if pair := utf16.DecodeRune(c, low); pair != utf8.RuneError {
					r.at += 6
					return string(pair), nil
				}
			}
		}
		c = utf8.RuneError // half a character means nothing
	}
	return string(c), nil
}

// unit reads u and four digits.
func unit(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' || s[1] == '+' || s[1] == '-' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(n), err == nil
}

// number reads a number, or the digits of a whole one that no number of Lua can hold.
func (r *jsonReader) number() (lua.LValue, error) {
	start := r.at
	if r.src[r.at] == '-' {
		r.at++
	}
	if strings.HasPrefix(r.src[r.at:], "0") {
		r.at++
	} else if !r.digits() {
		return nil, r.expected("a digit")
	}
	whole := true
	if strings.HasPrefix(r.src[r.at:], ".") {
		whole = false
		if r.at++; !r.digits() {
			return nil, r.expected("a digit")
		}
	}
	if r.at < len(r.src) && r.src[r.at]|0x20 == 'e' {
		whole = false
		if r.at++; r.at < len(r.src) && (r.src[r.at] == '+' || r.src[r.at] == '-') {
			r.at++
		}
		if !r.digits() {
			return nil, r.expected("a digit")
		}
	}
	s := r.src[start:r.at]
	if len(s) > longNumber {
		if !whole {
			return nil, r.wrongAt(start, fmt.Sprintf("the number has %d characters, at most %d are read", len(s), longNumber))
		}
		return vm.Cut(r.c.L, s, len(r.src)), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if n, wrong := strconv.ParseInt(s, 10, 64); whole && (wrong != nil || n > 1<<53 || n < -1<<53) || err != nil {
		return vm.Cut(r.c.L, s, len(r.src)), nil
	}
	return lua.LNumber(f), nil
}

// digits reads at least one.
func (r *jsonReader) digits() bool {
	start := r.at
	for r.at < len(r.src) && '0' <= r.src[r.at] && r.src[r.at] <= '9' {
		r.at++
		r.pause()
	}
	return r.at > start
}
