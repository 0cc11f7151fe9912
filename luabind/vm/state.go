package vm

import (
	"context"
	"fmt"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// maxDepth bounds how often Lua and Go may call each other in turn (pcall, sort, gsub, resume): each
// level is Go stack, and a Go stack that overflows cannot be recovered from. Lua 5.1 has 200.
const maxDepth = 200

// maxCalls bounds how deep Lua functions may call each other. The frames are made as they are needed.
const maxCalls = 2000

// maxFrames bounds the frames of all threads that wait for each other: a metamethod that calls the next one
// is Go stack too.
const maxFrames = 4 * maxCalls

// Hooks are what a state asks of those whose scripts it runs. None need be set.
type Hooks struct {
	// TaskFailed is told of tasks that end with an error, on the task's goroutine, without the lock.
	TaskFailed func(task string, err *Error)
	// MemoryHigh is told once when the state holds more than 80 % of limits.memory.
	MemoryHigh func(used, limit int64)
	// Surveyed is told what the state holds when it was measured between two runs, and found small enough.
	Surveyed func(size int64)
	// Roots visits the values of the state that Go holds.
	Roots func(visit func(lua.LValue))
	// Closed is the cause with which Close ends the contexts of tasks that wait.
	Closed error
}

// State is one bind's Lua. One goroutine at a time may work in it: the one that holds its lock. All
// methods but Lock, Close, Tasks and those that say so are to be called with the lock held.
type State struct {
	lib    *Library
	prog   *Program
	limits Limits
	user   any
	hooks  Hooks
	l      *lua.LState
	budget budget
	survey survey

	room    room
	watched *watched

	mu       sync.Mutex
	task     *task // whose turn it is; nil: a callback's
	tasks    map[*task]struct{}
	ctx      context.Context // ends with Close
	cancel   context.CancelCauseFunc
	settling bool          // no task waits any more
	owed     int           // tasks that have, or surely get, an answer that they have not heard
	settled  chan struct{} // closed when there are none, if somebody waits for that
	poisoned bool
	cause    *Error // why
	retired  bool   // to be closed when its last task ends

	loaded  map[string]lua.LValue
	main    lua.LValue    // what the main file returned
	threads []*lua.LState // for protected calls, used again
	running []*lua.LState // the threads that wait for each other, and the one that they wait for
	depth   int           // levels of Go stack
	frames  int           // of the threads that wait
	place   *Error        // where a limit tripped first
	raised  string        // by the script, with the message of a panic of Go
	results []lua.LValue
	used    int64 // instructions, of all runs that have ended
}

// NewState returns a state that has run nothing yet. user is what API functions get by User.
func NewState(lib *Library, prog *Program, limits Limits, user any, hooks Hooks) *State {
	s := &State{lib: lib, prog: prog, limits: limits.WithDefaults(), user: user, hooks: hooks, main: lua.LNil,
		tasks: map[*task]struct{}{}, loaded: map[string]lua.LValue{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.l = lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: maxCalls, MinimizeStackMemory: true,
		RegistrySize: 128, RegistryGrowStep: 256, RegistryMaxSize: 65536})
	s.l.G.MainThread, s.l.G.CurrentThread = s.l, s.l
	s.l.G.Global, s.l.Env = lib.globals, lib.globals // no program assigns a global: the linter sees to it
	s.l.SetMetatable(lua.LString(""), lib.strings)
	s.budget.state, s.budget.costly = s, costly
	s.l.SetContext(&s.budget)
	s.watch()
	return s
}

// FromLua returns the state in which an API function runs.
func FromLua(L *lua.LState) *State { return L.Context().(*budget).state }

// User returns what NewState was given.
func (s *State) User() any { return s.user }

// Program returns the program that the state runs.
func (s *State) Program() *Program { return s.prog }

// L is the main thread, to make values with.
func (s *State) L() *lua.LState { return s.l }

// Lock takes the state for the owner's callbacks.
func (s *State) Lock() { s.mu.Lock() }

// Unlock gives the state up.
func (s *State) Unlock() { s.mu.Unlock() }

// InTask reports whether a task has its turn: it may wait, a callback may not.
func (s *State) InTask() bool { return s.task != nil }

// Task is the name of the task that has its turn; empty for a callback.
func (s *State) Task() string {
	if s.task == nil {
		return ""
	}
	return s.task.name
}

// Broken returns what keeps the state from being used again, if anything does: the machine broke in the
// middle of something, or it holds too much.
func (s *State) Broken() *Error {
	if !s.poisoned {
		return nil
	}
	return s.cause
}

// Close ends the state's tasks: those that wait, at once; one that runs, or has got its answer, at its next wait or limit.
// It may be called without the lock.
func (s *State) Close() { s.cancel(s.hooks.Closed) }

// Limits returns what bounds the state, with the defaults filled in.
func (s *State) Limits() Limits { return s.limits }

// Used is how many instructions the state's scripts have taken, in all runs that have ended.
func (s *State) Used() int64 { return s.used }

// Load runs the main file and returns what it returns: the table of callbacks.
func (s *State) Load() (*lua.LTable, *Error) {
	ret, err := s.turn(nil, s.limits.load(), s.l, s.l.NewFunctionFromProto(s.prog.protos[s.prog.Main]), 1, nil)
	if err != nil {
		return nil, err
	}
	t, ok := ret[0].(*lua.LTable)
	if !ok {
		return nil, &Error{Kind: Nonsense, File: s.prog.Main, Line: 1,
			Message: fmt.Sprintf("the script returns %s, not its table of callbacks: end it with 'return M'", ret[0].Type())}
	}
	s.main = t
	return t, nil
}

// LoadWithin is Load that the end of ctx cuts short, with an error of the kind [Closed].
func (s *State) LoadWithin(ctx context.Context) (*lua.LTable, *Error) {
	s.budget.ends = ctx
	defer func() { s.budget.ends = nil }()
	return s.Load()
}

// Call calls fn with args under the limits of a callback and returns nret values, which are good until
// the next call. args is not kept. Call, Init, Load and the tasks are the ways into Lua.
func (s *State) Call(fn lua.LValue, nret int, args ...lua.LValue) ([]lua.LValue, *Error) {
	return s.turn(nil, s.limits.callback(), s.l, fn, nret, args)
}

// Init is Call under the limits of init.
func (s *State) Init(fn lua.LValue, nret int, args ...lua.LValue) ([]lua.LValue, *Error) {
	return s.turn(nil, s.limits.init(), s.l, fn, nret, args)
}

// turn runs fn on the thread L, and looks after it whether the state has become too large.
func (s *State) turn(t *task, a allowance, L *lua.LState, fn lua.LValue, nret int, args []lua.LValue) (ret []lua.LValue, err *Error) {
	if s.poisoned {
		return nil, &Error{Kind: Panic, Message: "the state is broken by an earlier failure: " + s.cause.Message}
	}
	s.makeRoom(0)
	s.begin(t, a)
	s.depth, s.frames = 0, 0
	if t == nil {
		s.l.G.CurrentThread = s.l
		s.running = s.running[:0]
	}
	s.runs()
	ret, err = s.run(L, fn, nret, args)
	s.used += s.budget.used()
	s.ran()
	s.stands()
	switch {
	case err != nil && err.Kind == Closed: // a task of a state that is not used again
	case err != nil && err.Kind == Memory: // what it held in variables is free by now
		s.survey.next = s.survey.since
		s.poisoned = s.poisoned || s.Memory() > s.limits.Memory/10*8
	case s.settle():
		s.poisoned = true
		if ret = nil; err == nil || err.Kind != Panic {
			err = s.memoryError()
		}
	}
	if s.poisoned && s.cause == nil {
		s.cause = err
	}
	return ret, err
}

// begin gives the turn to t (nil: a callback) with a fresh budget.
func (s *State) begin(t *task, a allowance) {
	s.task = t
	s.place = nil
	s.budget.start(a)
}

// run calls fn on the thread L.
func (s *State) run(L *lua.LState, fn lua.LValue, nret int, args []lua.LValue) ([]lua.LValue, *Error) {
	s.budget.runsOn(L)
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	err := s.protect(L, len(args), nret)
	if k := s.budget.tripped; k == Closed || k != "" && (err == nil || err.Kind != Panic) { // also when the script swallowed it
		trip := s.budget.error()
		if s.place != nil {
			trip.File, trip.Line, trip.Traceback = s.place.File, s.place.Line, s.place.Traceback
		}
		trip.named(s.outermost, fn)
		L.SetTop(0)
		return nil, trip
	}
	if err != nil {
		err.named(s.outermost, fn)
		return nil, err
	}
	if nret == lua.MultRet {
		nret = L.GetTop()
	}
	s.results = s.results[:0]
	for i := -nret; i < 0; i++ {
		s.results = append(s.results, L.Get(i))
	}
	L.SetTop(0)
	return s.results, nil
}

// protect is PCall that survives the panics that PCall does not.
func (s *State) protect(L *lua.LState, nargs, nret int) (err *Error) {
	defer func() {
		if r := recover(); r != nil {
			s.poisoned = true
			err = &Error{Kind: Panic, Message: fmt.Sprint("the Lua machine failed: ", r)}
		}
	}()
	if e := L.PCall(nargs, nret, nil); e != nil {
		err = fromLua(e)
		if s.budget.tripped != "" && (s.place == nil || s.place.Line == 0) {
			s.place = err
		}
	}
	switch {
	case err != nil && err.Kind == Panic:
		s.poisoned = true
	case s.poisoned && err != nil: // it happened in a protected call further in
		err.Kind = Panic
	case s.poisoned:
		err = &Error{Kind: Panic, Message: "the Lua machine failed in a protected call"}
	}
	return err
}

// thread returns a thread of the state that runs under its budget.
func (s *State) thread() *lua.LState {
	if n := len(s.threads); n > 0 {
		th := s.threads[n-1]
		s.threads = s.threads[:n-1]
		return th
	}
	s.l.RemoveContext() // a thread made under a context gets a child of it, which would not count
	th, _ := s.l.NewThread()
	s.l.SetContext(&s.budget)
	th.SetContext(&s.budget)
	return th
}

func (s *State) putThread(th *lua.LState) {
	th.SetTop(0)
	if array, _ := registers(th); len(s.threads) < 16 && len(array) <= 1024 {
		s.threads = append(s.threads, th)
	}
}

// enter counts a level of Go stack, in which th runs and L waits; leave gives it back.
func (s *State) enter(L, th *lua.LState) {
	n := frames(L)
	if s.depth >= maxDepth || s.frames+n > maxFrames {
		L.RaiseError("C stack overflow: calls are nested too deep")
	}
	s.budget.sawStack(L)
	s.depth++
	s.frames += n
	s.running = append(s.running, th)
	s.budget.runsOn(th)
}

func (s *State) leave(L *lua.LState) {
	s.depth--
	s.frames -= frames(L)
	s.running = s.running[:len(s.running)-1]
	s.budget.runsOn(L)
}

// pcall calls fn on a thread of its own: an error then closes no variables of the caller's, which
// closures may share. It returns the values, which are good until the next call, or the error value and
// false.
func (s *State) pcall(L *lua.LState, fn lua.LValue, args []lua.LValue) ([]lua.LValue, bool) {
	th := s.thread()
	s.enter(L, th)
	depth, nested, running, current := s.depth, s.frames, len(s.running), L.G.CurrentThread
	th.Push(fn)
	for _, a := range args {
		th.Push(a)
	}
	err := s.protect(th, len(args), lua.MultRet)
	s.depth, s.frames, s.running, L.G.CurrentThread = depth, nested, s.running[:running], current
	s.leave(L)
	if err != nil {
		if s.poisoned {
			L.RaiseError("%s", err.Message) // nothing is to be trusted any more
		}
		err.named(s.inner, fn)
		if s.budget.tripped != "" && err.Line == 0 {
			err.calling(L)
		}
		// th is not used again: where the machine itself gave up, variables in its registers may be shared.
		s.charge(L, 50+len(err.Traceback)/16)
		return []lua.LValue{s.keeps(L, caught(fn, err))}, false
	}
	ret := make([]lua.LValue, th.GetTop())
	for i := range ret {
		ret[i] = th.Get(i + 1)
	}
	s.putThread(th)
	return ret, true
}

// caught is the error value that pcall(fn) gives. The machine puts an empty place before the messages of a Go
// function that no Lua function called.
func caught(fn lua.LValue, err *Error) lua.LValue {
	if err.Value == nil {
		return lua.LString(err.Error())
	}
	if f, ok := fn.(*lua.LFunction); ok && f.IsG {
		if message, ok := err.Value.(lua.LString); ok {
			return lua.LString(strings.TrimPrefix(string(message), " "))
		}
	}
	return err.Value
}

// keeps charges for an error value that a script has caught: the messages of the machine are as long as the names in them.
func (s *State) keeps(L *lua.LState, v lua.LValue) lua.LValue {
	if message, ok := v.(lua.LString); ok {
		s.budget.remember(len(message))
		s.charge(L, len(message)/32)
	}
	return v
}

// Invoke calls fn on behalf of a Go function that L runs, and returns its first result; errors go on to the
// script.
func Invoke(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	return FromLua(L).call(L, fn, args...)
}

// call calls fn on behalf of a Go function of the library; errors go on to the script.
func (s *State) call(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	ret, ok := s.pcall(L, fn, args)
	if !ok {
		L.Error(ret[0], 0)
	}
	if len(ret) == 0 {
		return lua.LNil
	}
	return ret[0]
}
