package vm

import lua "github.com/yuin/gopher-lua"

// MaxString bounds a string that one operation makes, in octets.
const MaxString = maxString

// Charge takes instructions for work that an API function does in Go, and stops the script when there are
// none left. A rule of thumb: one for 32 octets that are looked at, one for a value that is made.
func (s *State) Charge(L *lua.LState, instructions int) { s.charge(L, instructions) }

// Invoke calls a Lua function on behalf of an API function and returns all its results. Errors go on to the
// script; the depth to which Go and Lua call each other is bounded.
func (s *State) Invoke(L *lua.LState, fn lua.LValue, args ...lua.LValue) []lua.LValue {
	ret, ok := s.pcall(L, fn, args)
	if !ok {
		L.Error(ret[0], 0)
	}
	return ret
}
