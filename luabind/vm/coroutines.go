package vm

import (
	"slices"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

var luaCoroutine = builtin(lua.OpenCoroutine, "create", "resume")

var coroutineFunctions = map[string]lua.LGFunction{
	"create":  coCreate,
	"resume":  coResume,
	"running": coRunning,
	"status":  coStatus,
	"wrap":    coWrap,
	"yield":   coYield,
}

// sizeCoroutine is what a fresh coroutine takes.
const sizeCoroutine = 14 << 10

// coBody is what every coroutine runs: it calls the script's function, so that this is never the
// outermost one. The machine loses the last frame of a coroutine when the outermost function ends in a
// tail call of yield, and cannot start one with a Go function.
var coBody = func() *lua.FunctionProto {
	chunk, err := parse.Parse(strings.NewReader("local pass, f\nreturn function(...) return pass(f(...)) end"), "[coroutine]")
	if err != nil {
		panic(err)
	}
	proto, err := lua.Compile(chunk, "[coroutine]")
	if err != nil {
		panic(err)
	}
	return proto.FunctionPrototypes[0]
}()

var coPass = &lua.LFunction{IsG: true, GFunction: func(L *lua.LState) int { return L.GetTop() }}

// coCreate makes a thread that counts on the state's budget, now and in any later callback.
func coCreate(L *lua.LState) int {
	f := L.CheckFunction(1)
	ChargeMemory(L, sizeCoroutine)
	body := FromLua(L).l.NewFunctionFromProto(coBody)
	for i, v := range []lua.LValue{coPass, f} {
		body.Upvalues[i] = &lua.Upvalue{}
		body.Upvalues[i].SetValue(v)
	}
	L.SetTop(0)
	L.Push(body)
	n := luaCoroutine["create"](L)
	L.Get(-1).(*lua.LState).SetContext(&FromLua(L).budget)
	return n
}

// coroutine is the one that runs; nil outside of all. Only one that was resumed and has not come back has a Parent, and
// the threads of protected calls further in have none.
func (s *State) coroutine() *lua.LState {
	for _, th := range slices.Backward(s.running) {
		if th.Parent != nil {
			return th
		}
	}
	return nil
}

// status is what Lua calls the state of a coroutine: normal is one that waits for another, or in which a task waits.
func (s *State) status(th *lua.LState) string {
	switch {
	case th.Dead:
		return "dead"
	case th.Parent == nil:
		return "suspended"
	case th == s.coroutine():
		return "running"
	}
	return "normal"
}

func coStatus(L *lua.LState) int {
	L.Push(lua.LString(FromLua(L).status(L.CheckThread(1))))
	return 1
}

// coResume resumes what is suspended. The machine would run anything else too, with two owners of one stack.
func coResume(L *lua.LState) int {
	s := FromLua(L)
	th := L.CheckThread(1)
	if is := s.status(th); is != "suspended" {
		L.Push(lua.LFalse)
		L.Push(lua.LString("cannot resume " + is + " coroutine"))
		return 2
	}
	s.enter(L, th)
	depth, nested, running := s.depth, s.frames, len(s.running)
	n := luaCoroutine["resume"](L)
	s.depth, s.frames, s.running = depth, nested, s.running[:running]
	s.leave(L)
	s.budget.sawStack(th)
	if n >= 2 && L.Get(-n) == lua.LFalse {
		// The machine takes a panic of a Go function for an error of the script.
		if message, ok := L.Get(1 - n).(lua.LString); ok && looksBroken(message) && !s.raisedIt(message) {
			s.poisoned = true
			L.RaiseError("%s", string(message))
		}
		s.keeps(L, L.Get(1-n))
	}
	return n
}

// looksBroken reports whether an error has the message of a panic of Go.
func looksBroken(v lua.LValue) bool {
	message, ok := v.(lua.LString)
	return ok && strings.HasPrefix(string(message), "runtime error: ")
}

// raises notes what a script raises itself, where it looks like a panic of Go.
func (s *State) raises(v lua.LValue) {
	if looksBroken(v) {
		s.raised = string(v.(lua.LString))
	}
}

// raisedIt reports whether this very text was raised by the script.
func (s *State) raisedIt(message lua.LString) bool {
	return unsafe.StringData(s.raised) == unsafe.StringData(string(message))
}

func coWrap(L *lua.LState) int {
	coCreate(L)
	w := &wrapped{L.Get(-1)}
	L.Push(NewFunction(w.resume, w))
	return 1
}

// wrapped is a coroutine behind a function.
type wrapped struct{ thread lua.LValue }

// Size is that of the place.
func (w *wrapped) Size() int { return sizeValue }

// Holds visits the coroutine.
func (w *wrapped) Holds(visit func(lua.LValue)) { visit(w.thread) }

func (w *wrapped) resume(L *lua.LState) int {
	L.Insert(w.thread, 1)
	n := coResume(L)
	if !lua.LVAsBool(L.Get(-n)) {
		L.Error(L.Get(1-n), 0)
	}
	return n - 1
}

// coYield refuses what the machine would do wrong without a word: a yield out of a function that Go called,
// be it pcall, a metamethod, an iterator or a comparison.
func coYield(L *lua.LState) int {
	if L.Parent == nil {
		s := FromLua(L)
		if L == s.l || s.depth == 0 {
			L.RaiseError("attempt to yield from outside a coroutine")
		}
		L.RaiseError("attempt to yield across metamethod/C-call boundary")
	}
	if !calledByLua(L) {
		L.RaiseError("attempt to yield across metamethod/C-call boundary")
	}
	return -1
}

func coRunning(L *lua.LState) int {
	if th := FromLua(L).coroutine(); th != nil {
		L.Push(th)
	} else {
		L.Push(lua.LNil)
	}
	return 1
}
