package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// takes makes fn take what Lua 5.1 takes: a numeral where it wants a number (n), a number where it wants a string (s).
// kinds has a letter for each argument; * repeats the one before it for all that follow.
func takes(kinds string, fn lua.LGFunction) lua.LGFunction {
	all := strings.HasSuffix(kinds, "*")
	kinds = strings.TrimSuffix(kinds, "*")
	return func(L *lua.LState) int {
		top := L.GetTop()
		if !all {
			top = min(top, len(kinds))
		}
		for i := range top {
			switch kind := kinds[min(i, len(kinds)-1)]; v := L.Get(i + 1).(type) {
			case lua.LString:
				if kind == 'n' {
					if n, ok := readNumber(string(v)); ok {
						L.Replace(i+1, n)
					}
				}
			case lua.LNumber:
				if kind == 's' {
					L.Replace(i+1, lua.LString(numberString(v)))
				}
			}
		}
		return fn(L)
	}
}

// takesAll is takes for each of some functions.
func takesAll(kinds string, fns map[string]lua.LGFunction) map[string]lua.LGFunction {
	for name, fn := range fns {
		fns[name] = takes(kinds, fn)
	}
	return fns
}

// number is an argument that must be one, or a numeral.
func number(L *lua.LState, n int) float64 {
	if s, ok := L.Get(n).(lua.LString); ok {
		if v, ok := readNumber(string(s)); ok {
			return float64(v)
		}
	}
	if v, ok := L.Get(n).(lua.LNumber); ok {
		return float64(v)
	}
	L.TypeError(n, lua.LTNumber)
	return 0
}
