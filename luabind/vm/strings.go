package vm

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFunctions work on octets, with Lua 5.1's meaning. gopher-lua's own are Go's Unicode functions,
// Go's Sprintf, and a matcher that nothing stops.
var stringFunctions = map[string]lua.LGFunction{
	"byte":    takes("snn", strByte),
	"char":    takes("n*", strChar),
	"find":    takes("ssn", func(L *lua.LState) int { return strFind(L, true) }),
	"format":  takes("s", strFormat),
	"gmatch":  takes("ss", strGMatch),
	"gsub":    takes("sssn", strGSub),
	"len":     takes("s", func(L *lua.LState) int { L.Push(lua.LNumber(len(L.CheckString(1)))); return 1 }),
	"lower":   takes("s", func(L *lua.LState) int { return mapBytes(L, 'A', 'Z') }),
	"match":   takes("ssn", func(L *lua.LState) int { return strFind(L, false) }),
	"rep":     takes("sn", strRep),
	"reverse": takes("s", strReverse),
	"sub":     takes("snn", strSub),
	"upper":   takes("s", func(L *lua.LState) int { return mapBytes(L, 'a', 'z') }),
}

// mapBytes swaps the case of the octets from lo to hi, in the C locale.
func mapBytes(L *lua.LState, lo, hi byte) int {
	s := L.CheckString(1)
	ChargeMemory(L, len(s)+len(s)/4)
	var out strings.Builder
	out.Grow(len(s))
	var piece [1024]byte
	Chunks(L, s, func(part string) {
		for len(part) > 0 {
			n := copy(piece[:], part)
			for i, c := range piece[:n] {
				if c >= lo && c <= hi {
					piece[i] = c ^ 0x20
				}
			}
			out.Write(piece[:n])
			part = part[n:]
		}
	})
	L.Push(lua.LString(out.String()))
	return 1
}

// position turns an index of Lua, negative from the end, into one from 1.
func position(i, length int) int {
	if i < 0 {
		return max(0, length+i+1)
	}
	return i
}

func strByte(L *lua.LState) int {
	s := L.CheckString(1)
	from := position(L.OptInt(2, 1), len(s))
	to := position(L.OptInt(3, from), len(s))
	from, to = max(1, from), min(len(s), to)
	if to-from >= 8000 {
		L.RaiseError("string slice too long")
	}
	Charge(L, max(0, to-from)/8)
	for i := from; i <= to; i++ {
		L.Push(lua.LNumber(s[i-1]))
	}
	return max(0, to-from+1)
}

func strChar(L *lua.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		n := L.CheckInt(i + 1)
		if n < 0 || n > 255 {
			L.ArgError(i+1, "invalid value")
		}
		b[i] = byte(n)
	}
	L.Push(lua.LString(b))
	return 1
}

func strRep(L *lua.LState) int {
	s, n := L.CheckString(1), L.CheckInt(2)
	if n <= 0 || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > maxString/len(s) {
		tooLong(L)
	}
	ChargeMemory(L, n*len(s))
	L.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func strReverse(L *lua.LState) int {
	s := L.CheckString(1)
	ChargeMemory(L, len(s))
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	L.Push(lua.LString(b))
	return 1
}

func strSub(L *lua.LState) int {
	s := L.CheckString(1)
	from, to := position(L.CheckInt(2), len(s)), position(L.OptInt(3, -1), len(s))
	from, to = max(1, from), min(len(s), to)
	if from > to {
		L.Push(lua.LString(""))
	} else {
		L.Push(Cut(L, s[from-1:to], len(s)))
	}
	return 1
}

// Cut makes a value of a part of a string of n octets. A small part of a large one is copied: otherwise it
// would hold all of it.
func Cut(L *lua.LState, part string, n int) lua.LValue {
	if n <= 64 || len(part) > n/2 {
		return lua.LString(part)
	}
	if len(part) > 64 {
		ChargeMemory(L, len(part))
	}
	return lua.LString(strings.Clone(part))
}

func newMatcher(L *lua.LState, src, pat string) *matcher {
	return &matcher{L: L, s: FromLua(L), src: src, pat: pat}
}

func strFind(L *lua.LState, find bool) int {
	src, pat := L.CheckString(1), L.CheckString(2)
	init := max(1, position(L.OptInt(3, 1), len(src))) - 1
	if init > len(src) {
		if find {
			init = len(src) // Lua 5.1 starts at the end
		} else {
			L.Push(lua.LNil)
			return 1
		}
	}
	if find && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(pat, "^$*+?.([%-")) {
		FromLua(L).charge(L, len(src)/16)
		i := strings.Index(src[init:], pat)
		if i < 0 {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(lua.LNumber(init + i + 1))
		L.Push(lua.LNumber(init + i + len(pat)))
		return 2
	}
	m := newMatcher(L, src, pat)
	s, e, ok := m.find(init)
	switch {
	case !ok:
		L.Push(lua.LNil)
		return 1
	case find:
		L.Push(lua.LNumber(s + 1))
		L.Push(lua.LNumber(e))
		return 2 + m.captures(s, e, false)
	}
	return m.captures(s, e, true)
}

// gmatch is an iterator of string.gmatch.
type gmatch struct {
	src, pat string
	at       int
}

// Size is that of the iterator.
func (g *gmatch) Size() int { return 64 }

// Holds visits the text that it goes through, and the pattern.
func (g *gmatch) Holds(visit func(lua.LValue)) {
	visit(lua.LString(g.src))
	visit(lua.LString(g.pat))
}

func strGMatch(L *lua.LState) int {
	g := &gmatch{src: L.CheckString(1), pat: L.CheckString(2)}
	L.Push(NewFunction(g.next, g))
	return 1
}

func (g *gmatch) next(L *lua.LState) int {
	m := newMatcher(L, g.src, g.pat)
	for ; g.at <= len(g.src); g.at++ {
		m.level = 0
		if e := m.match(g.at, 0); e >= 0 {
			s := g.at
			if g.at = e; e == s {
				g.at++
			}
			return m.captures(s, e, true)
		}
	}
	L.Push(lua.LNil)
	return 1
}

func strGSub(L *lua.LState) int {
	src, pat := L.CheckString(1), L.CheckString(2)
	repl := L.CheckAny(3)
	switch repl.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		L.ArgError(3, "string/function/table expected")
	}
	most := L.OptInt(4, math.MaxInt)
	m := newMatcher(L, src, strings.TrimPrefix(pat, "^"))
	anchored := len(m.pat) < len(pat)
	out := new(Text)
	if _, plain := repl.(lua.LString); !plain {
		Keep(L, out)
	}
	n, at := 0, 0
	for n < most {
		m.level = 0
		e := m.match(at, 0)
		if e >= 0 {
			n++
			r := m.replacement(repl, at, e)
			Charge(L, len(r)/32)
			out.WriteString(r)
		}
		switch {
		case e > at:
			at = e
		case at < len(src):
			out.WriteByte(src[at])
			at++
		default:
			at = len(src) + 1
		}
		if out.Len() > maxString {
			tooLong(L)
		}
		if at > len(src) || anchored {
			break
		}
	}
	if at < len(src) {
		out.WriteString(src[at:])
	}
	ChargeMemory(L, out.Len())
	L.Push(lua.LString(out.String()))
	L.Push(lua.LNumber(n))
	return 2
}

// replacement is what takes the place of the match from s to e.
func (m *matcher) replacement(repl lua.LValue, s, e int) string {
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		v = m.L.GetTable(r, m.capture(0, s, e))
	case *lua.LFunction:
		var captures []lua.LValue
		for i := range max(1, m.level) {
			captures = append(captures, m.capture(i, s, e))
		}
		v = m.s.call(m.L, r, captures...)
	default:
		return m.expand(lua.LVAsString(r), s, e)
	}
	if !lua.LVAsBool(v) {
		return m.src[s:e]
	}
	if !lua.LVCanConvToString(v) {
		m.fail(fmt.Sprintf("invalid replacement value (a %s)", v.Type()))
	}
	return toString(m.L, v)
}

// expand replaces %0 to %9 and %% in a replacement string.
func (m *matcher) expand(r string, s, e int) string {
	if strings.IndexByte(r, '%') < 0 {
		return r
	}
	var b strings.Builder
	for i := 0; i < len(r); i++ {
		m.s.charge(m.L, 1)
		if r[i] != '%' || i+1 == len(r) {
			b.WriteByte(r[i])
			continue
		}
		i++
		switch c := r[i]; {
		case c == '0':
			b.WriteString(m.src[s:e])
		case c >= '1' && c <= '9':
			b.WriteString(toString(m.L, m.capture(int(c-'1'), s, e)))
		default:
			b.WriteByte(c)
		}
		if b.Len() > maxString {
			m.fail(fmt.Sprintf("the string would be longer than %d octets", maxString))
		}
	}
	return b.String()
}
