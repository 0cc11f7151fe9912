package vm

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What Go keeps for a script is not seen when a state is walked: what a function of Go has closed over, what a host
// object holds, and what stands on the stack of a function of Go while it calls Lua, which may be that of a task that
// waits. So all of it is made here, with its size: nothing else in this module makes a function or a host object that
// a script can hold (TestWhatGoKeepsHasASize).

// Sized is a host value that tells how many octets it holds.
type Sized interface{ Size() int }

// Holder is a Sized that holds values of Lua too. They are not part of its size.
type Holder interface {
	Holds(visit func(lua.LValue))
}

// NewUserData makes a host object.
func NewUserData(value Sized, meta *lua.LTable) *lua.LUserData {
	return &lua.LUserData{Value: value, Metatable: meta}
}

// function is a function with what it keeps.
type function struct {
	fn       lua.LFunction
	upvalues [1]*lua.Upvalue
	upvalue  lua.Upvalue
	kept     lua.LUserData
}

// NewFunction makes a function of Go that a script may hold. kept is what do works with.
func NewFunction(do lua.LGFunction, kept Sized) *lua.LFunction {
	f := &function{fn: lua.LFunction{IsG: true, GFunction: do}, kept: lua.LUserData{Value: kept, Metatable: lua.LNil}}
	f.upvalue.SetValue(&f.kept)
	f.upvalues[0] = &f.upvalue
	f.fn.Upvalues = f.upvalues[:]
	return &f.fn
}

// Keep puts what a function of Go works with where the walk finds it, on the function's own stack in L: for one that
// calls Lua meanwhile, or waits. It goes when the function returns. The optional arguments must have been read by then:
// there is one value more.
func Keep(L *lua.LState, kept Sized) {
	L.Push(&lua.LUserData{Value: kept, Metatable: lua.LNil})
}

// Text is a text that grows while Lua is called: see Keep.
type Text struct{ strings.Builder }

// Size is what it takes.
func (t *Text) Size() int { return t.Cap() }

// sorting is a list that is being sorted.
type sorting []lua.LValue

// Size is that of the list.
func (s sorting) Size() int { return sizeValue * cap(s) }

// Holds visits its values: the script may have taken them out of the table.
func (s sorting) Holds(visit func(lua.LValue)) {
	for _, v := range s {
		visit(v)
	}
}
