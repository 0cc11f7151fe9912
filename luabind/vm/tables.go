package vm

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

var tableFunctions = map[string]lua.LGFunction{
	"concat": takes("-snn", tableConcat),
	"getn":   func(L *lua.LState) int { L.Push(lua.LNumber(length(L, L.CheckTable(1)))); return 1 },
	"insert": takes("-n", tableInsert),
	"maxn":   tableMaxN,
	"remove": takes("-n", tableRemove),
	"sort":   tableSort,
}

func tableConcat(L *lua.LState) int {
	t, sep := L.CheckTable(1), L.OptString(2, "")
	from, to := L.OptInt(3, 1), L.OptInt(4, length(L, t))
	s := FromLua(L)
	var b strings.Builder
	for i := from; i <= to; i++ {
		s.charge(L, 1+len(sep)/32)
		switch v := rawGetInt(t, i).(type) {
		case lua.LString:
			s.charge(L, len(v)/32)
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(numberString(v))
		default:
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if i < to {
			b.WriteString(sep)
		}
		if b.Len() > maxString {
			tooLong(L)
		}
	}
	ChargeMemory(L, b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

func tableInsert(L *lua.LState) int {
	t := checkOpen(L, 1)
	n := length(L, t)
	at, v := n+1, L.Get(2)
	switch L.GetTop() {
	case 2:
	case 3:
		at, v = L.CheckInt(2), L.Get(3)
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	switch {
	case at > n:
		extend(L, t, lua.LNumber(at))
		if at >= lua.MaxArrayIndex {
			L.RaiseError("a list cannot have more than %d elements", lua.MaxArrayIndex-1)
		}
		t.RawSetInt(at, v)
	default:
		Charge(L, (n-at)/8)
		t.Insert(at, v)
	}
	return 0
}

// tableMaxN looks at all keys: the machine's looks only at those of the list.
func tableMaxN(L *lua.LState) int {
	t := inside(L.CheckTable(1))
	Charge(L, (len(t.array)+len(t.dict))/8)
	most := lua.LNumber(0)
	for i := len(t.array); i > 0 && most == 0; i-- {
		if t.array[i-1] != lua.LNil {
			most = lua.LNumber(i)
		}
	}
	for k := range t.dict {
		if n, ok := k.(lua.LNumber); ok {
			most = max(most, n)
		}
	}
	L.Push(most)
	return 1
}

func tableRemove(L *lua.LState) int {
	t := checkOpen(L, 1)
	n := length(L, t)
	at := L.OptInt(2, n)
	if n == 0 || at < 1 || at > n {
		L.Push(lua.LNil)
		return 1
	}
	Charge(L, (n-at)/8)
	L.Push(t.Remove(at))
	return 1
}

func tableSort(L *lua.LState) int {
	t := checkOpen(L, 1)
	s := FromLua(L)
	less := func(a, b lua.LValue) bool {
		s.charge(L, 1)
		if x, ok := a.(lua.LString); ok {
			if y, ok := b.(lua.LString); ok { // the machine compares octet by octet
				if len(x) > longText {
					s.charge(L, common(string(x), string(y))/32)
				}
				return x < y
			}
		}
		return L.LessThan(a, b)
	}
	if L.GetTop() > 1 && L.Get(2) != lua.LNil {
		fn := L.CheckFunction(2)
		less = func(a, b lua.LValue) bool { return lua.LVAsBool(s.call(L, fn, a, b)) }
	}
	n := length(L, t)
	s.charge(L, n)
	ChargeMemory(L, n*sizeValue)
	items := make(sorting, n)
	Keep(L, items)
	for i := range items {
		items[i] = t.RawGetInt(i + 1)
	}
	// An order function that contradicts itself gives some order, and no more calls than a good one.
	slices.SortFunc(items, func(a, b lua.LValue) int {
		switch {
		case less(a, b):
			return -1
		case less(b, a):
			return 1
		}
		return 0
	})
	for i, v := range items {
		t.RawSetInt(i+1, v)
	}
	return 0
}

var mathValues = map[string]lua.LValue{"pi": lua.LNumber(math.Pi), "huge": lua.LNumber(math.Inf(1))}

func mathFunctions() map[string]lua.LGFunction {
	fns := takesAll("n*", builtin(lua.OpenMath, "abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor",
		"fmod", "frexp", "ldexp", "log", "log10", "max", "min", "modf", "pow", "rad", "sin", "sinh", "sqrt", "tan", "tanh"))
	fns["random"] = takes("n*", mathRandom)
	return fns
}

// mathRandom needs no seed, and none can be set: the generator is shared by all binds.
func mathRandom(L *lua.LState) int {
	lo, hi := 1.0, 0.0
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(rand.Float64()))
		return 1
	case 1:
		hi = math.Floor(float64(L.CheckNumber(1)))
	default:
		lo, hi = math.Floor(float64(L.CheckNumber(1))), math.Floor(float64(L.CheckNumber(2)))
	}
	if !(lo <= hi && hi-lo < 1<<53) {
		L.ArgError(L.GetTop(), "interval is empty or too large")
	}
	L.Push(lua.LNumber(lo + float64(rand.Int64N(int64(hi-lo)+1))))
	return 1
}
