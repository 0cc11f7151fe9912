package vm

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Values for the hot path: a Go value that becomes a Lua one costs an allocation for the interface, and a
// string one more for its octets.

var (
	smallNumbers [1024]lua.LValue
	octetStrings [256]lua.LValue // of one octet
	emptyString  lua.LValue      = lua.LString("")
)

func init() {
	for i := range smallNumbers {
		smallNumbers[i] = lua.LNumber(i)
	}
	for i := range octetStrings {
		octetStrings[i] = lua.LString([]byte{byte(i)})
	}
}

// Number makes a number. Small ones are not allocated.
func Number(n uint32) lua.LValue {
	if n < uint32(len(smallNumbers)) {
		return smallNumbers[n]
	}
	return lua.LNumber(n)
}

// Strings with their octets behind them.
type (
	string16 struct {
		s      lua.LString
		octets [16]byte
	}
	string48 struct {
		s      lua.LString
		octets [48]byte
	}
	string80 struct {
		s      lua.LString
		octets [80]byte
	}
	string160 struct {
		s      lua.LString
		octets [160]byte
	}
)

// String makes a string of octets, which are copied. It takes one allocation, or none.
func String(b []byte) lua.LValue {
	switch n := len(b); {
	case n == 0:
		return emptyString
	case n == 1:
		return octetStrings[b[0]]
	case n <= 16:
		v := &string16{}
		copy(v.octets[:], b)
		v.s = lua.LString(unsafe.String(&v.octets[0], n))
		return boxed(&v.s)
	case n <= 48:
		v := &string48{}
		copy(v.octets[:], b)
		v.s = lua.LString(unsafe.String(&v.octets[0], n))
		return boxed(&v.s)
	case n > 80 && n <= 160: // the usual lengths of a text
		v := &string160{}
		copy(v.octets[:], b)
		v.s = lua.LString(unsafe.String(&v.octets[0], n))
		return boxed(&v.s)
	case n <= 80:
		v := &string80{}
		copy(v.octets[:], b)
		v.s = lua.LString(unsafe.String(&v.octets[0], n))
		return boxed(&v.s)
	}
	return lua.LString(b)
}

// boxed is lua.LValue(*s) without a copy: an interface is a type and a pointer. s must not change any more.
func boxed(s *lua.LString) lua.LValue {
	v := emptyString
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1] = unsafe.Pointer(s)
	return v
}
