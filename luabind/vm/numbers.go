package vm

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxNumeral is the longest text that is read as a number.
const maxNumeral = 400

// baseToNumber reads numbers as C's strtod does, and whole ones with a base.
func baseToNumber(L *lua.LState) int {
	v := L.CheckAny(1)
	var n lua.LNumber
	ok := false
	if s, isString := v.(lua.LString); isString {
		Charge(L, len(s)/16)
	}
	if base := L.OptInt(2, 10); base == 10 {
		switch v := v.(type) {
		case lua.LNumber:
			n, ok = v, true
		case lua.LString:
			n, ok = readNumber(string(v))
		}
	} else {
		if base < 2 || base > 36 {
			L.ArgError(2, "base out of range")
		}
		n, ok = readWhole(strings.ToLower(L.CheckString(1)), base)
	}
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(n)
	return 1
}

func trimmed(s string) string { return strings.Trim(s, " \t\n\v\f\r") }

func readNumber(s string) (lua.LNumber, bool) {
	s = trimmed(s)
	if s == "" || len(s) > maxNumeral || strings.ContainsRune(s, '_') {
		return 0, false
	}
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return 0, false
	}
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		n, ok := readWhole(strings.ToLower(s), 16)
		return n, ok
	}
	if c := digits; c == "" || (c[0] < '0' || c[0] > '9') && c[0] != '.' {
		return 0, false // inf and nan are no numerals
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return lua.LNumber(f), true
}

// readWhole reads digits of the base, in lower case.
func readWhole(s string, base int) (lua.LNumber, bool) {
	s = trimmed(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 {
		s = strings.TrimPrefix(s, "0x")
	}
	if s == "" || len(s) > maxNumeral {
		return 0, false
	}
	n := 0.0
	for _, c := range []byte(s) {
		d := 99
		switch {
		case c >= '0' && c <= '9':
			d = int(c - '0')
		case c >= 'a' && c <= 'z':
			d = int(c-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		n = n*float64(base) + float64(d)
	}
	if negative {
		n = -n
	}
	return lua.LNumber(n), true
}

// numberString is Lua's "%.14g".
func numberString(n lua.LNumber) string {
	f := float64(n)
	switch {
	case f == 0 && math.Signbit(f):
		return "-0"
	case f == math.Trunc(f) && math.Abs(f) < 1e14:
		return strconv.FormatInt(int64(f), 10)
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		if math.Signbit(f) {
			return "-nan"
		}
		return "nan"
	}
	return generalFormat(f, 14)
}

// generalFormat is C's %.*g. Go's has no trailing zeros to remove, and other bounds for the exponent.
func generalFormat(f float64, precision int) string {
	precision = max(precision, 1)
	s := strconv.FormatFloat(f, 'e', precision-1, 64)
	at := strings.IndexByte(s, 'e')
	exponent, _ := strconv.Atoi(s[at+1:])
	if exponent >= -4 && exponent < precision {
		s = strconv.FormatFloat(f, 'f', precision-1-exponent, 64)
		return trimZeros(s)
	}
	return trimZeros(s[:at]) + s[at:]
}

func trimZeros(s string) string {
	if strings.IndexByte(s, '.') < 0 {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
