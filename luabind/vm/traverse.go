package vm

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// traversal goes through a table as pairs does. It keeps the list of keys that the table had when it began:
// a compaction of the table, while a task waits in the middle of a loop, changes nothing for it.
type traversal struct {
	t    *tableInside
	at   int // in the list, then in keys
	keys []lua.LValue
	last lua.LValue // the key given last
	list bool       // still in the list
}

func basePairs(L *lua.LState) int {
	t := L.CheckTable(1)
	tr := &traversal{t: inside(t), last: lua.LNil, list: true}
	tr.keys = tr.t.keys
	L.Push(NewFunction(tr.next, tr))
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

// Size is that of a list of keys which the table does not share any more.
func (tr *traversal) Size() int {
	if tr.shares() {
		return 0
	}
	return sizeKey * cap(tr.keys)
}

func (tr *traversal) shares() bool { return unsafe.SliceData(tr.keys) == unsafe.SliceData(tr.t.keys) }

// Holds visits the table, and the keys that it may have forgotten.
func (tr *traversal) Holds(visit func(lua.LValue)) {
	visit((*lua.LTable)(unsafe.Pointer(tr.t)))
	if !tr.shares() {
		for _, k := range tr.keys {
			visit(k)
		}
	}
}

func (tr *traversal) next(L *lua.LState) int {
	if L.Get(2) != tr.last { // somebody calls the iterator by hand
		return baseNext(L)
	}
	k, v := tr.step(L)
	tr.last = k
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

func (tr *traversal) step(L *lua.LState) (k, v lua.LValue) {
	from := tr.at
	if tr.list {
		for ; tr.at < len(tr.t.array); tr.at++ {
			if v := tr.t.array[tr.at]; v != lua.LNil {
				tr.at++
				skipped(L, tr.at-from)
				return lua.LNumber(tr.at), v
			}
		}
		skipped(L, tr.at-from)
		tr.list, tr.at, from = false, 0, 0
	}
	for ; tr.at < len(tr.keys); tr.at++ {
		if v := tr.t.get(tr.keys[tr.at]); v != lua.LNil {
			tr.at++
			skipped(L, tr.at-from)
			return tr.keys[tr.at-1], v
		}
	}
	skipped(L, tr.at-from)
	return lua.LNil, nil
}

// skipped charges for what was passed over.
func skipped(L *lua.LState, n int) {
	if n > 16 {
		Charge(L, n/8)
	}
}

// get is the value of a key that is not in the list.
func (t *tableInside) get(k lua.LValue) lua.LValue {
	var v lua.LValue
	if s, ok := k.(lua.LString); ok {
		v = t.strdict[string(s)]
	} else {
		v = t.dict[k]
	}
	if v == nil {
		return lua.LNil
	}
	return v
}

// baseNext is next: stateless, so it must find its place by the key. One that was deleted and then
// forgotten cannot be found: that is an error, as in Lua, and not a traversal that starts again.
func baseNext(L *lua.LState) int {
	t := inside(L.CheckTable(1))
	tr := &traversal{t: t, keys: t.keys}
	switch k := L.Get(2).(type) {
	case *lua.LNilType:
		tr.list = true
	default:
		if n, ok := k.(lua.LNumber); ok && n >= 1 && n <= lua.LNumber(cap(t.array)) && n == lua.LNumber(int(n)) {
			tr.list, tr.at = true, min(int(n), len(t.array)) // the end may have been cut off
			break
		}
		i, ok := t.k2i[k]
		if !ok {
			L.RaiseError("invalid key to 'next'")
		}
		tr.at = i + 1
	}
	k, v := tr.step(L)
	L.Push(k)
	if k == lua.LNil {
		return 1
	}
	L.Push(v)
	return 2
}

func baseIPairs(L *lua.LState) int {
	t := L.CheckTable(1)
	L.Push(ipairsNext)
	L.Push(t)
	L.Push(lua.LNumber(0))
	return 3
}

// ipairsNext belongs to no state: it has no upvalues and no environment.
var ipairsNext = &lua.LFunction{IsG: true, GFunction: func(L *lua.LState) int {
	i := L.CheckInt(2) + 1
	v := rawGetInt(L.CheckTable(1), i)
	if v == lua.LNil {
		return 0
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}}

// rawGetInt is RawGetInt for keys beyond the list too.
func rawGetInt(t *lua.LTable, i int) lua.LValue {
	if i >= 1 && i < lua.MaxArrayIndex {
		return t.RawGetInt(i)
	}
	return t.RawGetH(lua.LNumber(i))
}

// length is #t. The machine searches the end of a list that has holes at its end.
func length(L *lua.LState, t *lua.LTable) int {
	skipped(L, inside(t).trim())
	return t.Len()
}
