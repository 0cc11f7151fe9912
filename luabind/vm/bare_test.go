package vm

import (
	"context"
	"fmt"
	"math"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Each trap of the machine twice: the same Lua in a bare lua.NewState(), where it must do what is wrong, and in a
// State. So a test that could not fail is found, and so is a version of the machine that has cured something.

// counting is a budget for a bare state: Done closes when it is used up.
type counting struct {
	context.Context
	left int
}

func (c *counting) Done() <-chan struct{} {
	if c.left--; c.left < 0 {
		return stopped
	}
	return nil
}

func (c *counting) Err() error { return context.DeadlineExceeded }

// outcome is what a program returned, and what it took.
type outcome struct {
	value  string
	err    string // empty: none
	used   int64  // instructions
	octets uint64 // allocated by the process meanwhile
	stacks uint64 // of the process, after it
}

func (o outcome) String() string {
	return fmt.Sprintf("value %.80q, error %.200q, %d instructions, %d KiB", o.value, o.err, o.used, o.octets>>10)
}

func memory() (octets, stacks uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}

// inBare runs the body of a function in a state as the machine makes it, under a budget that counts.
func inBare(body string, most int) (o outcome) {
	L := lua.NewState()
	defer L.Close()
	defer func() {
		if r := recover(); r != nil {
			o.err = fmt.Sprint("it panicked: ", r)
		}
	}()
	ctx := &counting{Context: context.Background(), left: most}
	fn, err := L.LoadString(body)
	if err != nil {
		return outcome{err: err.Error()}
	}
	L.SetContext(ctx)
	before, _ := memory()
	L.Push(fn)
	err = L.PCall(0, 1, nil)
	o.octets, o.stacks = memory()
	o.octets -= before
	o.used = int64(most - ctx.left)
	if err != nil {
		o.err = err.Error()
		return o
	}
	o.value = L.Get(-1).String()
	return o
}

// inState runs it in one of ours, with the limits that are set.
func inState(t *testing.T, body string, limits Limits) (o outcome) {
	t.Helper()
	if limits.Time == 0 {
		limits.Time = time.Minute
	}
	s, m := load(t, limits, map[string]string{"main.lua": "return { f = function()\n" + body + "\nend }"})
	s.Lock()
	defer s.Unlock()
	before, _ := memory()
	ret, err := s.Call(m.RawGetString("f"), 1)
	o.octets, o.stacks = memory()
	o.octets -= before
	o.used = s.budget.used()
	if err != nil {
		o.err = err.Error()
		return o
	}
	o.value = toString(s.l, ret[0])
	return o
}

func value(want string) func(outcome) bool {
	return func(o outcome) bool { return o.err == "" && o.value == want }
}

func fails(want string) func(outcome) bool {
	return func(o outcome) bool { return strings.Contains(o.err, want) }
}

func TestTrapsOfTheMachine(t *testing.T) {
	const enough = 50_000_000
	for _, tt := range []struct {
		name, body string
		limits     Limits
		bareLimit  int
		bare, ours func(outcome) bool
	}{
		{"a trip that is swallowed in the last instruction is found (2)", "return pcall(function() while true do end end)",
			Limits{Instructions: 10_000}, 10_000, value("false"), fails("limits.instructions")},
		{"a trip that is caught is not the end of it (2)", "local n = 0; while n < 1000 do n = n + 1; pcall(error) end; return n",
			Limits{Instructions: 1000}, enough, value("1000"), fails("limits.instructions")},
		{"a pattern counts (3)", `return (("a"):rep(21)):find(("a*"):rep(6) .. "b")`,
			Limits{Instructions: 10_000}, 1000, value("nil"), fails("limits.instructions")},
		{"sort counts (3)", "local t = {}; for i = 1, 2000 do t[i] = (i * 7919) % 2003 end; table.sort(t); return t[1]", Limits{},
			enough, func(o outcome) bool { return o.err == "" && o.used < 21_000 }, func(o outcome) bool { return o.err == "" && o.used > 30_000 }},
		{"rep is bounded (3)", `return #("x"):rep(2^25)`, Limits{}, enough, value("33554432"), fails("would be longer than")},
		{"a width is bounded (3)", `return #("%9999999s"):format("x")`, Limits{}, enough, value("9999999"), fails("width or precision too long")},
		{"concat of a table is bounded (3)", `local t = {}; for i = 1, 16 do t[i] = ("x"):rep(2^19) end; return #table.concat(t)`, Limits{},
			enough, value("8388608"), fails("would be longer than")},
		{"gsub is bounded (3)", `return #((("x"):rep(100)):gsub(".", ("y"):rep(50000)))`, Limits{}, enough, value("5000000"), fails("would be longer than")},
		{"%% in a replacement takes no stack (3)", `return #(("x"):gsub("x", ("%%"):rep(200000)))`, Limits{}, enough,
			func(o outcome) bool { return o.stacks > 12<<20 }, func(o outcome) bool { return o.value == "200000" }},
		{"doubling is bounded (4)", `local s = "x"; for i = 1, 25 do s = s .. s end; return #s`, Limits{}, enough,
			func(o outcome) bool { return o.value == "33554432" && o.used < 1000 }, fails("would be longer than")},
		{"a hole is made in one piece, and counted (5)", "local keep = {}; for i = 1, 2 do local t = {}; t[1048575] = i; keep[i] = t end; return #keep", Limits{},
			enough, func(o outcome) bool { return o.octets > 100<<20 && o.used < 100 },
			func(o outcome) bool { return (o.value == "2" || o.err != "") && o.octets < 40<<20 && o.used > 500_000 }},
		{"holes are refused before they are made (5)", "local t = {}; t[1048575] = 1; return 1", Limits{Memory: 8 << 20},
			enough, value("1"), func(o outcome) bool { return strings.Contains(o.err, "limits.memory") && o.octets < 2<<20 }},
		{"the empty end of a list is searched once (5)", "local t = {}; t[1000000] = 1; t[1000000] = nil; local n = 0; for i = 1, 50 do n = n + #t end; return n", Limits{},
			enough, func(o outcome) bool { return o.value == "0" && o.used < 2000 }, func(o outcome) bool { return o.value == "0" && o.used > 120_000 && o.used < 900_000 }},
		{"memory is counted (8)", "local keep = {}; for i = 1, 40 do keep[i] = ('x'):rep(2^20) end; return #keep", Limits{Memory: 16 << 20}, enough, value("40"), fails("limits.memory")},
		{"a caught error leaves closures alone (9)", "local x = 1; local f = function() return x end; pcall(error, 'e'); x = 2; return f()", Limits{}, enough, value("1"), value("2")},
		{"yield across pcall (10)", `local co = coroutine.create(function() local ok, e = pcall(function() coroutine.yield(1) end); return "caught " .. tostring(e) end)
			local _, v = coroutine.resume(co); return v`, Limits{}, enough, func(o outcome) bool { return !strings.Contains(o.value, "across") },
			func(o outcome) bool {
				return strings.Contains(o.value, "attempt to yield across metamethod/C-call boundary")
			}},
		{"upper leaves octets alone (11)", `return ("\255"):upper() == "\255"`, Limits{}, enough, value("false"), value("true")},
		{"format knows no verbs of Go (11)", `return (pcall(string.format, "%v", 1))`, Limits{}, enough, value("true"), value("false")},
		{"format checks its arguments (11)", `return (pcall(string.format, "%d", "x"))`, Limits{}, enough, value("true"), value("false")},
		{"unpack of 6000 (15)", "local t = {}; for i = 1, 6000 do t[i] = i end; return select('#', unpack(t))", Limits{}, enough, fails("registry overflow"), value("6000")},
		{"nested coroutines are bounded (14)", "local function f(n) if n == 0 then return 'deep' end return coroutine.wrap(f)(n - 1) end; return f(1000)", Limits{},
			enough, value("deep"), fails("nested too deep")},
		{"what was deleted is gone (6)", "local t = {}; for i = 1, 1000 do t['k' .. i] = i; t['k' .. i] = nil end; local n = 0; for _ in pairs(t) do n = n + 1 end; return n",
			Limits{}, enough, value("0"), value("0")},
		{"a weak table holds what it has, and it is counted (7)", "local t = setmetatable({}, { __mode = 'k' }); for i = 1, 100000 do t[{}] = i end; local n = 0; for _ in pairs(t) do n = n + 1 end; return n",
			Limits{Memory: 8 << 20}, enough, value("100000"), fails("limits.memory")},
		{"an error below many calls says where (14)", "local function f(n) if n == 0 then error('deep') end return 1 + f(n - 1) end return f(1000)", Limits{}, enough, fails("stack overflow"), fails("deep")},
		{"x, y = y, x (the compiler)", "local x, y = 1, 2; x, y = y, x; return x .. y", Limits{}, enough, value("22"), value("21")},
		{"numbers print as Lua's do", "return tostring(1/3)", Limits{}, enough, func(o outcome) bool { return len(o.value) > 17 }, value("0.33333333333333")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done := make(chan outcome)
			go func() { done <- inBare(tt.body, tt.bareLimit) }() // on a stack of its own
			if o := <-done; !tt.bare(o) {
				t.Errorf("a bare state is not as bad as it was: %v", o)
			}
			if o := inState(t, tt.body, tt.limits); !tt.ours(o) {
				t.Errorf("ours: %v", o)
			}
		})
	}
}

// Ways out of the sandbox, each of which a bare state has: an expression that tells whether it is open.
func TestWaysOutOfABareState(t *testing.T) {
	for _, tt := range []struct{ name, open string }{
		{"the real globals", "return type(getfenv(print)) == 'table'"},
		{"another environment", "return type(setfenv(function() end, {})) == 'function'"},
		{"source as text", "return loadstring('return 1')() == 1"},
		{"source of a function", "return load(function() return nil end) ~= nil"},
		{"files", "return type(dofile) == 'function' and type(loadfile) == 'function'"},
		{"packages of the machine", "return type(package.loaders) == 'table'"},
		{"modules of the machine", "return type(module) == 'function'"},
		{"dates that are wrong", "return type(os.date) == 'function'"},
		{"debug", "return type(debug.getinfo(1)) == 'table'"},
		{"the system", "return type(os.getenv) == 'function' and type(io.open) == 'function'"},
		{"the collector", "collectgarbage() return true"},
		{"the metatable of strings", "return getmetatable('').__index == string"},
		{"a metatable of its own for strings", "return pcall(setmetatable, '', nil) and true"},
		{"proxies", "return type(newproxy(true)) == 'userdata'"},
		{"channels", "return type(channel.make()) == 'channel' or type(channel) == 'table'"},
		{"another library for all", "string.upper = string.lower; local changed = ('A'):upper() == 'a'; return changed"},
		{"globals of a script", "leaked = 1; return leaked == 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if o := inBare(tt.open, 10_000); o.value != "true" {
				t.Errorf("a bare state is closed here: %v", o)
			}
			dir := t.TempDir()
			prog, wrong := CompileFrom(func(string) ([]byte, error) { return []byte("return { f = function() " + tt.open + " end }"), nil }, dir, testLibrary)
			if len(wrong) > 0 {
				return // found when it is loaded
			}
			s := NewState(testLibrary, prog, Limits{Time: time.Minute}, nil, Hooks{})
			defer s.Close()
			s.Lock()
			defer s.Unlock()
			m, err := s.Load()
			if err != nil {
				t.Fatal(err)
			}
			if ret, err := s.Call(m.RawGetString("f"), 1); err == nil && ret[0] == lua.LTrue {
				t.Error("it is open")
			}
		})
	}
}

// A coroutine counts on the budget of whatever resumes it (1). A bare thread that was made under no context, or
// another one, has no limit, or dies with it.
func TestACoroutineOutlivesItsCallback(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	if err := L.DoString("local n = 0; co = coroutine.create(function() for i = 1, 1000 do n = i end return n end)"); err != nil {
		t.Fatal(err)
	}
	L.SetContext(&counting{Context: context.Background(), left: 200})
	if err := L.DoString("local ok, n = coroutine.resume(co); assert(n == 1000)"); err != nil {
		t.Errorf("a bare state counts what a coroutine does: %v", err)
	}
	L.RemoveContext()
	first, cancel := context.WithCancel(context.Background())
	L.SetContext(first)
	if err := L.DoString("co = coroutine.create(function() local n = 0; for i = 1, 10 do n = i end return n end)"); err != nil {
		t.Fatal(err)
	}
	cancel()
	L.SetContext(context.Background())
	if err := L.DoString("local ok, e = coroutine.resume(co); assert(not ok)"); err != nil {
		t.Errorf("a bare coroutine outlives its context: %v", err)
	}

	s, m := load(t, Limits{Instructions: 5000, Time: time.Minute}, map[string]string{"main.lua": `
local co
return {
  make = function() co = coroutine.create(function() while true do coroutine.yield(1) for i = 1, 2000 do local x = i end end end) end,
  run = function() return coroutine.resume(co) end,
  spin = function() local c = coroutine.create(function() while true do end end) return coroutine.resume(c) end,
}`})
	s.Lock()
	defer s.Unlock()
	for _, name := range []string{"make", "run", "run", "run", "run"} {
		if ret, err := s.Call(m.RawGetString(name), 1); err != nil || name == "run" && ret[0] != lua.LTrue {
			t.Fatal(name, ret, err)
		}
	}
	if _, err := s.Call(m.RawGetString("spin"), 1); err == nil || err.Kind != Budget {
		t.Fatal(err)
	}
}

// faulty breaks the parser with what is no error.
type faulty struct{}

func (faulty) Read([]byte) (int, error) { panic("no error") }

// A parser that breaks gives an empty program, and no error (13). So does an empty file: a program that returns no table of
// callbacks is refused.
func TestAnEmptyProgramIsRefused(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	fn, err := L.Load(faulty{}, "s.lua")
	if err != nil {
		t.Fatalf("a bare state says so: %v", err)
	}
	L.Push(fn)
	if err := L.PCall(0, 1, nil); err != nil || L.Get(-1) != lua.LNil {
		t.Errorf("a bare state runs %v, %v", L.Get(-1), err)
	}
	if chunk, err := parsed(faulty{}, "s.lua"); err == nil {
		t.Errorf("ours says nothing of a parser that broke, and has %v", chunk)
	}
	for _, src := range []string{"", "-- nothing", "return", "return 1"} {
		prog, wrong := CompileFrom(func(string) ([]byte, error) { return []byte(src), nil }, "s.lua", testLibrary)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		s := NewState(testLibrary, prog, Limits{}, nil, Hooks{})
		s.Lock()
		_, err := s.Load()
		s.Unlock()
		s.Close()
		if err == nil || err.Kind != Nonsense || !strings.Contains(err.Message, "not its table of callbacks: end it with 'return M'") {
			t.Errorf("%q: %v", src, err)
		}
	}
}

// Deleted keys are forgotten between two callbacks (6): upstream #214.
func TestDeletedKeysAreForgotten(t *testing.T) {
	const churn = "for i = 1, 20000 do t['k' .. i] = i; t['k' .. i] = nil end"
	L := lua.NewState()
	defer L.Close()
	if err := L.DoString("t = {}; " + churn); err != nil {
		t.Fatal(err)
	}
	if n := len(inside(L.GetGlobal("t").(*lua.LTable)).keys); n != 20000 {
		t.Errorf("a bare state keeps %d keys", n)
	}
	s, m := load(t, Limits{Time: time.Minute}, map[string]string{"main.lua": "local t = { stays = 1 }\nreturn { t = t, f = function() " + churn + " end }"})
	s.Lock()
	defer s.Unlock()
	table := inside(m.RawGetString("t").(*lua.LTable))
	if _, err := s.Call(m.RawGetString("f"), 0); err != nil {
		t.Fatal(err)
	}
	if n := len(table.keys); n > 32 {
		t.Fatalf("%d keys", n)
	}
	if len(table.strdict) != 1 {
		t.Fatal(table.strdict)
	}
}

// A loop that is in the middle of a list goes on when its empty end is cut off.
func TestNextBeyondTheEndThatWasCut(t *testing.T) {
	o := inState(t, `local t = { 1, 2, 3, 4, 5, x = 6 }
	local seen = 0
	for k in next, t do seen = seen + 1; t[k] = nil; local n = #t end
	return seen`, Limits{})
	if o.value != "6" {
		t.Fatal(o)
	}
	if o := inState(t, "return pcall(next, { 1, 2 }, 7)", Limits{}); o.value != "false" {
		t.Fatal(o)
	}
}

// What grows through __newindex counts as what is assigned itself.
func TestAHoleThroughNewindexCounts(t *testing.T) {
	for _, body := range []string{
		"local real = {}; local t = setmetatable({}, { __newindex = real }); t[1048575] = 1",
		"local real = {}; local t = setmetatable({}, { __newindex = function(_, k, v) rawset(real, k, v) end }); t[1048575] = 1",
		"local t = {}; table.insert(t, 1048575, 1)",
		"local t = {}; rawset(t, 1048575, 1)",
		"local t = {}; coroutine.wrap(function() t[1048575] = 1 end)()",
		"local t = {}; pcall(function() t[1048575] = 1 end)",
	} {
		if o := inState(t, body, Limits{Memory: 8 << 20}); !strings.Contains(o.err, "limits.memory") || o.octets > 2<<20 {
			t.Errorf("%s: %v", body, o)
		}
	}
	o := inState(t, "local t = {}; t[2^53] = 1; t[1048576] = 2; t[-1] = 3; t[0.5] = 4; t[1/0] = 5; return t[2^53] .. t[1048576] .. t[-1] .. t[0.5] .. t[math.huge]", Limits{})
	if o.value != "12345" || o.octets > 1<<20 {
		t.Error(o)
	}
}

// What counts is the processor's time: a busy machine trips no limit, and what blocks for long does.
func TestTimeIsTheProcessors(t *testing.T) {
	b := budget{allowed: allowance{instructions: Unlimited, time: 50 * time.Millisecond, timeName: "limits.time"}, left: Unlimited}
	b.count(time.Hour) // as if others had run: nothing is known of the processor yet
	if b.active != sliceMax {
		t.Fatal(b.active)
	}
	for range 20 {
		b.os, b.cpu = threadCPU()
		if b.cpu == 0 {
			t.Skip("the thread's time cannot be told here")
		}
		b.cpu -= time.Microsecond
		b.os++ // another thread than that of the last look: its time says nothing
		before := b.active
		b.count(time.Microsecond)
		if b.active != before+time.Microsecond {
			t.Fatal(b.active - before)
		}
	}
	b.cpu = math.MaxInt64 // this thread has had nothing since
	b.os, _ = threadCPU()
	if os, _ := threadCPU(); os == b.os { // else the test was moved to another one between the two
		before, passed := b.active, b.passed
		for range 200 {
			b.count(time.Hour)
		}
		if os, _ := threadCPU(); os == b.os && (b.active != before || b.passed != passed+200*sliceMax) {
			t.Fatal(b.active, b.passed)
		}
	}
	b.active, b.passed = 0, heldUp*b.allowed.time+heldUp
	if b.look(); b.tripped != Time || !strings.Contains(b.error().Error(), "was held up for 500ms, 10 times what it may run (limits.time)") {
		t.Fatal(b.tripped, b.error())
	}
}
