package vm

import lua "github.com/yuin/gopher-lua"

var luaCoroutine = builtin(lua.OpenCoroutine, "create", "resume", "status")

var coroutineFunctions = map[string]lua.LGFunction{
	"create":  coCreate,
	"resume":  coResume,
	"running": coRunning,
	"status":  luaCoroutine["status"],
	"wrap":    coWrap,
	"yield":   coYield,
}

// coCreate makes a thread that counts on the state's budget, now and in any later callback.
func coCreate(L *lua.LState) int {
	n := luaCoroutine["create"](L)
	L.Get(-1).(*lua.LState).SetContext(&FromLua(L).budget)
	return n
}

func coResume(L *lua.LState) int {
	s := FromLua(L)
	s.enter(L)
	depth := s.depth
	defer func() { s.depth = depth - 1 }()
	return luaCoroutine["resume"](L)
}

func coWrap(L *lua.LState) int {
	coCreate(L)
	th := L.Get(-1)
	L.Push(L.NewClosure(func(L *lua.LState) int {
		L.Insert(L.Get(lua.UpvalueIndex(1)), 1)
		top := L.GetTop()
		n := coResume(L)
		if !lua.LVAsBool(L.Get(top + 1)) {
			L.Error(L.Get(top+2), 0)
		}
		return n - 1
	}, th))
	return 1
}

// coYield refuses what the machine would do wrong without a word: a yield out of a function that Go called.
func coYield(L *lua.LState) int {
	if L.Parent == nil {
		s := FromLua(L)
		if L == s.l || s.depth == 0 {
			L.RaiseError("attempt to yield from outside a coroutine")
		}
		L.RaiseError("attempt to yield across metamethod/C-call boundary")
	}
	return -1
}

func coRunning(L *lua.LState) int {
	if L.Parent == nil {
		L.Push(lua.LNil)
	} else {
		L.Push(L)
	}
	return 1
}
