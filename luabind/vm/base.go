package vm

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// MaxString bounds a string that one operation makes, in octets.
const MaxString = maxString

// maxString bounds a string that one operation makes, in octets.
const maxString = 4 << 20

func tooLong(L *lua.LState) { L.RaiseError("the string would be longer than %d octets", maxString) }

// builtin takes a function of gopher-lua's own library by name, out of a state that nobody else sees.
func builtin(open lua.LGFunction, names ...string) map[string]lua.LGFunction {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	L.Push(L.NewFunction(open))
	L.Call(0, 1)
	found := map[string]lua.LGFunction{}
	t := L.CheckTable(-1)
	for _, name := range names {
		found[name] = t.RawGetString(name).(*lua.LFunction).GFunction
	}
	return found
}

var luaBase = builtin(lua.OpenBase, "rawequal", "rawget", "select", "type")

// baseFunctions are the globals that are functions: those of Lua 5.1 that cannot reach out of the state.
var baseFunctions = map[string]lua.LGFunction{
	"assert":       baseAssert,
	"error":        takes("-n", baseError),
	"next":         baseNext,
	"rawequal":     luaBase["rawequal"],
	"rawget":       luaBase["rawget"],
	"select":       takes("n", luaBase["select"]),
	"tonumber":     takes("-n", baseToNumber),
	"type":         luaBase["type"],
	"getmetatable": baseGetMetatable,
	"ipairs":       baseIPairs,
	"pairs":        basePairs,
	"pcall":        basePCall,
	"print":        basePrint,
	"rawset":       baseRawSet,
	"require":      baseRequire,
	"setmetatable": baseSetMetatable,
	"tostring":     baseToString,
	"unpack":       takes("-nn", baseUnpack),
	"xpcall":       baseXPCall,
}

func args(L *lua.LState, from int) []lua.LValue {
	var vs []lua.LValue
	for i := from; i <= L.GetTop(); i++ {
		vs = append(vs, L.Get(i))
	}
	return vs
}

func pushAll(L *lua.LState, vs []lua.LValue) int {
	for _, v := range vs {
		L.Push(v)
	}
	return len(vs)
}

func basePCall(L *lua.LState) int {
	fn := L.CheckAny(1)
	ret, ok := FromLua(L).pcall(L, fn, args(L, 2))
	L.Push(lua.LBool(ok))
	return 1 + pushAll(L, ret)
}

// baseError puts the place before a message: that of the caller (level 1), or of whoever called it (2).
func baseError(L *lua.LState) int {
	v := L.Get(1)
	if message, ok := v.(lua.LString); ok {
		if place := placeOf(L, L.OptInt(2, 1)); place != "" {
			ChargeMemory(L, len(message))
			v = lua.LString(place+" ") + message
		}
	}
	FromLua(L).raises(v)
	L.Error(v, 0)
	return 0
}

// placeOf is "file:line:" of the function at a level; empty for one of Go.
func placeOf(L *lua.LState, level int) string {
	if level < 1 || level > maxCalls {
		return ""
	}
	dbg, ok := L.GetStack(level)
	if !ok {
		return ""
	}
	if _, err := L.GetInfo("Sl", dbg, lua.LNil); err != nil || dbg.CurrentLine <= 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d:", dbg.Source, dbg.CurrentLine)
}

// baseAssert raises the message as it is: that of the API's errors keeps its code, and none gets a place.
func baseAssert(L *lua.LState) int {
	if lua.LVAsBool(L.CheckAny(1)) {
		return L.GetTop()
	}
	message := L.Get(2)
	if message == lua.LNil {
		message = lua.LString("assertion failed!")
	}
	FromLua(L).raises(message)
	L.Error(message, 0)
	return 0
}

func baseXPCall(L *lua.LState) int {
	fn, handler := L.CheckAny(1), L.CheckAny(2)
	s := FromLua(L)
	ret, ok := s.pcall(L, fn, nil)
	if !ok {
		ret, _ = s.pcall(L, handler, ret)
	}
	L.Push(lua.LBool(ok))
	return 1 + pushAll(L, ret)
}

func baseSetMetatable(L *lua.LState) int {
	t := L.CheckTable(1)
	if m, ok := t.Metatable.(*lua.LTable); ok && (isSealed(t) || m.RawGetString("__metatable") != lua.LNil) {
		L.RaiseError("cannot change a protected metatable")
	}
	switch m := L.CheckAny(2).(type) {
	case *lua.LTable:
		t.Metatable = m
	case *lua.LNilType:
		t.Metatable = lua.LNil
	default:
		L.ArgError(2, "nil or table expected")
	}
	L.Push(t)
	return 1
}

// baseGetMetatable tells of tables only: the metatables of strings and host objects are the host's.
func baseGetMetatable(L *lua.LState) int {
	v := lua.LValue(lua.LNil)
	if t, ok := L.CheckAny(1).(*lua.LTable); ok {
		if m, ok := t.Metatable.(*lua.LTable); ok {
			v = m
			if p := m.RawGetString("__metatable"); p != lua.LNil {
				v = p
			}
		}
	}
	L.Push(v)
	return 1
}

func baseRawSet(L *lua.LState) int {
	t := checkOpen(L, 1)
	key := L.CheckAny(2)
	if n, ok := key.(lua.LNumber); key == lua.LNil || ok && math.IsNaN(float64(n)) {
		L.ArgError(2, "the key is nil or NaN")
	}
	if n, ok := key.(lua.LNumber); ok {
		extend(L, t, n)
	}
	L.RawSet(t, key, L.CheckAny(3))
	L.Push(t)
	return 1
}

// checkOpen is CheckTable for functions that write: the host's tables are refused.
func checkOpen(L *lua.LState, n int) *lua.LTable {
	t := L.CheckTable(n)
	if isSealed(t) {
		L.ArgError(n, "a module of the host cannot be changed")
	}
	return t
}

// extend charges for a list that grows, and makes room.
func extend(L *lua.LState, t *lua.LTable, key lua.LNumber) {
	s := FromLua(L)
	if key > listGrows {
		s.budget.extend(inside(t), key)
	}
	s.charge(L, 1)
}

func baseToString(L *lua.LState) int {
	L.Push(lua.LString(toString(L, L.CheckAny(1))))
	return 1
}

func toString(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return numberString(v)
	case *lua.LTable, *lua.LUserData:
		if fn := L.GetMetaField(v, "__tostring"); fn != lua.LNil {
			text := FromLua(L).call(L, fn, v)
			if text.Type() != lua.LTString && text.Type() != lua.LTNumber {
				L.RaiseError("'tostring' must return a string to 'print'")
			}
			return toString(L, text)
		}
	}
	return v.String()
}

func baseUnpack(L *lua.LState) int {
	t := L.CheckTable(1)
	from, to := L.OptInt(2, 1), 0
	if L.Get(3) == lua.LNil {
		to = length(L, t)
	} else {
		to = L.CheckInt(3)
	}
	if from > to {
		return 0
	}
	if n := to - from; n < 0 || n >= 8000 {
		L.RaiseError("too many results to unpack")
	}
	Charge(L, (to-from)/8)
	for i := from; i <= to; i++ {
		L.Push(rawGetInt(t, i))
	}
	return to - from + 1
}

func basePrint(L *lua.LState) int {
	b, n := new(Text), L.GetTop()
	Keep(L, b)
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		text := toString(L, L.Get(i))
		if b.Len()+len(text) > maxString {
			tooLong(L)
		}
		ChargeMemory(L, len(text))
		b.WriteString(text)
	}
	s := FromLua(L)
	s.lib.print(s, b.String())
	return 0
}

// baseRequire gives a module of the host, or runs a file of the program once.
func baseRequire(L *lua.LState) int {
	name := L.CheckString(1)
	s := FromLua(L)
	if m := s.lib.modules[name]; m != nil {
		L.Push(m.proxy)
		return 1
	}
	file := moduleFile(name)
	if v, ok := s.loaded[file]; ok {
		if v == nil {
			L.RaiseError("require: %s requires itself", named(name))
		}
		L.Push(v)
		return 1
	}
	proto := s.prog.protos[file]
	if proto == nil {
		L.RaiseError("require: '%s' is not known: only names in quotes can be found when the script is loaded", named(name))
	}
	s.loaded[file] = nil
	v := s.call(L, s.l.NewFunctionFromProto(proto), lua.LString(name))
	if v == lua.LNil { // a file that is half-written, most likely: 5.1's true would come into all binds
		L.RaiseError("require: %s returned nothing; a module ends with the return of what it gives", file)
	}
	s.loaded[file] = v
	L.Push(v)
	return 1
}

// concat is what `..` becomes: (concat)(a, b, c) is a .. (b .. c).
func concat(L *lua.LState) int {
	n := L.GetTop()
	size := 0
	plain := true
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += 24
		default:
			plain = false
		}
	}
	if !plain {
		return concatSlow(L)
	}
	if size > maxString {
		tooLong(L)
	}
	if size > 64 {
		ChargeMemory(L, size)
	}
	if n == 2 {
		if a, ok := L.Get(1).(lua.LString); ok {
			if b, ok := L.Get(2).(lua.LString); ok {
				L.Push(a + b)
				return 1
			}
		}
	}
	var b strings.Builder
	b.Grow(size)
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(numberString(v))
		}
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// concatSlow goes from the right, pair by pair, for the sake of __concat.
func concatSlow(L *lua.LState) int {
	s := FromLua(L)
	text := func(v lua.LValue) (string, bool) {
		switch v := v.(type) {
		case lua.LString:
			return string(v), true
		case lua.LNumber:
			return numberString(v), true
		}
		return "", false
	}
	acc := L.Get(L.GetTop())
	for i := L.GetTop() - 1; i >= 1; i-- {
		left := L.Get(i)
		a, okA := text(left)
		b, okB := text(acc)
		if okA && okB {
			if len(a)+len(b) > maxString {
				tooLong(L)
			}
			ChargeMemory(L, len(a)+len(b))
			acc = lua.LString(a + b)
			continue
		}
		fn := L.GetMetaField(left, "__concat")
		if fn == lua.LNil {
			fn = L.GetMetaField(acc, "__concat")
		}
		if fn == lua.LNil {
			bad := left
			if okA {
				bad = acc
			}
			L.RaiseError("attempt to concatenate a %s value", bad.Type())
		}
		acc = s.call(L, fn, left, acc)
	}
	L.Push(acc)
	return 1
}
