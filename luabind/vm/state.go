package vm

import (
	"context"
	"fmt"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Limits bound what a script may use. Zero means the default.
type Limits struct {
	Instructions int64         // of a callback, or of a task between two waits; 1,000,000
	Time         time.Duration // likewise; 50 ms
	LoadTime     time.Duration // of loading a script; 500 ms
	Tasks        int           // at once; 100
}

func (l Limits) withDefaults() Limits {
	if l.Instructions <= 0 {
		l.Instructions = 1_000_000
	}
	if l.Time <= 0 {
		l.Time = 50 * time.Millisecond
	}
	if l.LoadTime <= 0 {
		l.LoadTime = 500 * time.Millisecond
	}
	if l.Tasks <= 0 {
		l.Tasks = 100
	}
	return l
}

// maxDepth bounds how often Lua and Go may call each other in turn (pcall, sort, gsub, resume): each
// level is Go stack, and a Go stack that overflows cannot be recovered from. Lua 5.1 has 200.
const maxDepth = 200

// maxCalls bounds how deep Lua functions may call each other. The frames are made as they are needed.
const maxCalls = 2000

// State is one bind's Lua. One goroutine at a time may work in it: the one that holds its lock. All
// methods but Lock, Close, Tasks and those that say so are to be called with the lock held.
type State struct {
	lib    *Library
	prog   *Program
	limits Limits
	user   any
	l      *lua.LState
	budget budget

	mu       sync.Mutex
	task     *task // whose turn it is; nil: a callback's
	tasks    map[*task]struct{}
	failed   func(task string, err *Error)
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	poisoned bool

	loaded  map[string]lua.LValue
	threads []*lua.LState // for protected calls, used again
	depth   int
	results []lua.LValue
}

// NewState returns a state that has run nothing yet. user is what API functions get by User; failed is
// told of tasks that end with an error, on the task's goroutine, without the lock.
func NewState(lib *Library, prog *Program, limits Limits, user any, failed func(task string, err *Error)) *State {
	s := &State{lib: lib, prog: prog, limits: limits.withDefaults(), user: user, failed: failed,
		tasks: map[*task]struct{}{}, loaded: map[string]lua.LValue{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.l = lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: maxCalls, MinimizeStackMemory: true,
		RegistrySize: 256, RegistryGrowStep: 256, RegistryMaxSize: 65536})
	s.l.G.MainThread, s.l.G.CurrentThread = s.l, s.l
	s.l.G.Global.Metatable = lib.meta
	s.l.SetMetatable(lua.LString(""), lib.strings)
	s.budget.state = s
	s.l.SetContext(&s.budget)
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

// Poisoned reports that the machine broke in the middle of something: the state is not to be used again.
func (s *State) Poisoned() bool { return s.poisoned }

// Close ends the state's tasks: those that wait, at once; one that runs, at its next wait or limit.
// It may be called without the lock.
func (s *State) Close() { s.cancel() }

// Load runs the main file and returns what it returns: the table of callbacks.
func (s *State) Load() (*lua.LTable, *Error) {
	s.begin(nil, s.limits.LoadTime, "load_time")
	ret, err := s.run(s.l, s.l.NewFunctionFromProto(s.prog.protos[s.prog.Main]), 1)
	if err != nil {
		return nil, err
	}
	t, ok := ret[0].(*lua.LTable)
	if !ok {
		return nil, &Error{Kind: Nonsense, File: s.prog.Main, Line: 1,
			Message: fmt.Sprintf("the script returns %s, not its table of callbacks: end it with 'return M'", ret[0].Type())}
	}
	return t, nil
}

// Call calls fn with args under the limits of a callback and returns nret values, which are good until
// the next call. It is the one way into Lua.
func (s *State) Call(fn lua.LValue, nret int, args ...lua.LValue) ([]lua.LValue, *Error) {
	s.begin(nil, s.limits.Time, "time")
	return s.run(s.l, fn, nret, args...)
}

// begin gives the turn to t (nil: a callback) with a fresh budget.
func (s *State) begin(t *task, limit time.Duration, option string) {
	s.task = t
	s.depth = 0
	s.budget.option = option
	s.budget.start(s.limits.Instructions, limit)
	if t == nil {
		s.l.G.CurrentThread = s.l
	}
}

// run calls fn on the thread L.
func (s *State) run(L *lua.LState, fn lua.LValue, nret int, args ...lua.LValue) ([]lua.LValue, *Error) {
	if s.poisoned {
		return nil, &Error{Kind: Panic, Message: "the state is poisoned by an earlier failure"}
	}
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	err := s.protect(L, len(args), nret)
	if s.budget.tripped != "" { // also when the script swallowed it
		trip := s.budget.error()
		if err != nil {
			trip.File, trip.Line, trip.Traceback = err.File, err.Line, err.Traceback
		}
		L.SetTop(0)
		return nil, trip
	}
	if err != nil {
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
	if len(s.threads) < 16 {
		s.threads = append(s.threads, th)
	}
}

// enter counts a level of Go stack; leave gives it back.
func (s *State) enter(L *lua.LState) {
	if s.depth++; s.depth > maxDepth {
		s.depth--
		L.RaiseError("C stack overflow: calls are nested too deep")
	}
}

func (s *State) leave() { s.depth-- }

// pcall calls fn on a thread of its own: an error then closes no variables of the caller's, which
// closures may share. It returns the values, or the error value and false.
func (s *State) pcall(L *lua.LState, fn lua.LValue, args []lua.LValue) ([]lua.LValue, bool) {
	s.enter(L)
	defer s.leave()
	depth, current := s.depth, L.G.CurrentThread
	th := s.thread()
	th.Push(fn)
	for _, a := range args {
		th.Push(a)
	}
	err := s.protect(th, len(args), lua.MultRet)
	s.depth, L.G.CurrentThread = depth, current
	if err != nil {
		if s.poisoned {
			L.RaiseError("%s", err.Message) // nothing is to be trusted any more
		}
		s.putThread(th)
		if err.Value == nil {
			return []lua.LValue{lua.LString(err.Error())}, false
		}
		return []lua.LValue{err.Value}, false
	}
	ret := make([]lua.LValue, th.GetTop())
	for i := range ret {
		ret[i] = th.Get(i + 1)
	}
	s.putThread(th)
	return ret, true
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

// charge takes instructions for work done in Go, and stops the script when there are none left.
func (s *State) charge(L *lua.LState, n int) {
	s.budget.charge(n)
	if s.budget.tripped != "" {
		L.RaiseError("%s", s.budget.error().Message)
	}
}
