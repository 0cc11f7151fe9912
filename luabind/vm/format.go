package vm

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// conversion is one of C's printf, without its letter.
type conversion struct {
	left, plus, space, alternate, zero bool
	width                              int
	precision                          int // -1: none is given
}

// strFormat is C's printf, in octets.
func strFormat(L *lua.LState) int {
	format := L.CheckString(1)
	var b strings.Builder
	arg := 1
	Charge(L, len(format)/8)
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		start := i
		for i < len(format) && strings.IndexByte("-+ #0", format[i]) >= 0 {
			i++
		}
		flags := i
		for i < len(format) && (format[i] >= '0' && format[i] <= '9' || format[i] == '.') {
			i++
		}
		if i == len(format) {
			L.RaiseError("invalid option '%%%s' to 'format'", named(format[start:]))
		}
		width, precision, dot := strings.Cut(format[flags:i], ".")
		if flags-start > 5 || len(width) > 2 || len(precision) > 2 {
			L.RaiseError("invalid format (width or precision too long)")
		}
		has := func(flag string) bool { return strings.Contains(format[start:flags], flag) }
		c := conversion{left: has("-"), plus: has("+"), space: has(" "), alternate: has("#"), zero: has("0"), precision: -1}
		c.width, _ = strconv.Atoi(width)
		if dot {
			c.precision, _ = strconv.Atoi(precision)
		}
		arg++
		Charge(L, 4)
		b.WriteString(c.one(L, format[i], arg))
		if b.Len() > maxString {
			tooLong(L)
		}
	}
	ChargeMemory(L, b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

// one formats an argument.
func (c *conversion) one(L *lua.LState, verb byte, arg int) string {
	switch verb {
	case 'c':
		return c.padded("", string([]byte{byte(int64(number(L, arg)))}))
	case 'd', 'i':
		n := int64(number(L, arg))
		if n < 0 {
			return c.whole("-", strconv.FormatUint(-uint64(n), 10))
		}
		return c.whole(c.sign(), strconv.FormatUint(uint64(n), 10))
	case 'u':
		return c.whole("", strconv.FormatUint(uint64(int64(number(L, arg))), 10))
	case 'o', 'x', 'X':
		return c.unsigned(verb, uint64(int64(number(L, arg))))
	case 'e', 'E', 'f', 'g', 'G':
		return c.float(verb, number(L, arg))
	case 'q':
		if n, ok := L.Get(arg).(lua.LNumber); ok {
			return quoted(L, numberString(n))
		}
		return quoted(L, L.CheckString(arg))
	case 's':
		if L.GetTop() < arg {
			L.ArgError(arg, "string expected, got no value")
		}
		s := toString(L, L.Get(arg))
		ChargeMemory(L, len(s))
		if c.precision >= 0 {
			s = s[:min(len(s), c.precision)]
		}
		return c.padded("", s)
	}
	L.RaiseError("invalid option '%%%c' to 'format'", verb)
	return ""
}

// sign stands before a number that is not negative.
func (c *conversion) sign() string {
	switch {
	case c.plus:
		return "+"
	case c.space:
		return " "
	}
	return ""
}

// padded fills the width with spaces.
func (c *conversion) padded(prefix, s string) string {
	fill := strings.Repeat(" ", max(0, c.width-len(prefix)-len(s)))
	if c.left {
		return prefix + s + fill
	}
	return fill + prefix + s
}

// digits fills the width with zeros where that is asked for: between the sign and the digits.
func (c *conversion) digits(prefix, digits string) string {
	if c.zero && !c.left {
		digits = strings.Repeat("0", max(0, c.width-len(prefix)-len(digits))) + digits
	}
	return c.padded(prefix, digits)
}

// whole is a whole number: the precision is the least number of digits, and takes the place of the flag 0.
func (c *conversion) whole(prefix, digits string) string {
	switch {
	case c.precision < 0:
		return c.digits(prefix, digits)
	case c.precision == 0 && digits == "0":
		digits = ""
	}
	return c.padded(prefix, strings.Repeat("0", max(0, c.precision-len(digits)))+digits)
}

func (c *conversion) unsigned(verb byte, n uint64) string {
	if verb == 'o' {
		digits := strconv.FormatUint(n, 8)
		if c.alternate && n != 0 && c.precision <= len(digits) {
			digits = "0" + digits
		}
		if c.alternate && n == 0 && c.precision == 0 {
			return c.padded("", "0")
		}
		return c.whole("", digits)
	}
	prefix, digits := "", strconv.FormatUint(n, 16)
	if c.alternate && n != 0 {
		prefix = "0x"
	}
	if verb == 'X' {
		prefix, digits = strings.ToUpper(prefix), strings.ToUpper(digits)
	}
	return c.whole(prefix, digits)
}

// float is a number with a fraction; Go's digits are C's.
func (c *conversion) float(verb byte, f float64) string {
	sign := c.sign()
	if math.Signbit(f) {
		sign = "-"
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		name := strings.TrimPrefix(numberString(lua.LNumber(f)), "-")
		if verb < 'a' {
			name = strings.ToUpper(name)
		}
		return c.padded(sign, name)
	}
	flag, precision := "", c.precision
	if c.alternate {
		flag = "#"
	}
	if precision < 0 {
		precision = 6
	}
	return c.digits(sign, fmt.Sprintf("%"+flag+"."+strconv.Itoa(precision)+string(verb), math.Abs(f)))
}

// quoted is a string as Lua reads it back.
func quoted(L *lua.LState, s string) string {
	var b strings.Builder
	ChargeMemory(L, 4*len(s))
	b.WriteByte('"')
	Chunks(L, s, func(part string) {
		for i := range len(part) {
			switch c := part[i]; c {
			case '"', '\\', '\n':
				b.WriteByte('\\')
				b.WriteByte(c)
			case '\r':
				b.WriteString(`\r`)
			case 0:
				b.WriteString(`\000`)
			default:
				b.WriteByte(c)
			}
		}
	})
	b.WriteByte('"')
	return b.String()
}
