package vm

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

var testLibrary = NewLibrary(func(*State, string) {}, Module{
	Name: "host",
	Functions: map[string]lua.LGFunction{
		"boom": func(L *lua.LState) int { panic([]int{}[L.GetTop()]) },
		"spawn": func(L *lua.LState) int {
			if err := FromLua(L).Go("test", L.CheckFunction(1)); err != nil {
				L.RaiseError("%s", err)
			}
			return 0
		},
		"wait": func(L *lua.LState) int {
			s := FromLua(L)
			s.Wait(L, func(ctx context.Context) {
				select {
				case <-s.User().(*harness).wake:
				case <-ctx.Done():
				}
			})
			return 0
		},
		"note": func(L *lua.LState) int {
			h := FromLua(L).User().(*harness)
			h.notes <- L.CheckString(1)
			return 0
		},
	},
})

type harness struct {
	wake   chan struct{}
	notes  chan string
	failed chan *Error
}

// load compiles and loads a script; its files are given by name.
func load(t testing.TB, limits Limits, files map[string]string) (*State, *lua.LTable) {
	t.Helper()
	dir := t.TempDir()
	for name, src := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	prog, wrong := Compile(dir, "main.lua", testLibrary)
	if len(wrong) > 0 {
		t.Fatalf("compile: %v", wrong)
	}
	h := &harness{wake: make(chan struct{}), notes: make(chan string, 10), failed: make(chan *Error, 10)}
	s := NewState(testLibrary, prog, limits, h, Hooks{TaskFailed: func(_ string, err *Error) { h.failed <- err }})
	t.Cleanup(s.Close)
	s.Lock()
	defer s.Unlock()
	m, err := s.Load()
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return s, m
}

// eval runs body as a function of a script and returns what it returns as a string, or the error.
func eval(t testing.TB, body string) (string, *Error) {
	t.Helper()
	s, m := load(t, Limits{Time: 5 * time.Second}, map[string]string{"main.lua": "return { f = function()\n" + body + "\nend }"})
	s.Lock()
	defer s.Unlock()
	ret, err := s.Call(m.RawGetString("f"), 1)
	if err != nil {
		return "", err
	}
	return toString(s.l, ret[0]), nil
}

// Each of these does something else, or worse, in a bare lua.NewState().
func TestSemantics(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"pcall keeps closures (upstream #448)", "local x = 1; local f = function() return x end; pcall(error, 'e'); x = 2; return f()", "2"},
		{"pcall keeps closures after an inner error", "local x = 1; local f = function() return x end; pcall(function() x = 5; error('e') end); x = x + 1; return f()", "6"},
		{"upper leaves octets alone", `return (("\228\246é"):upper() == "\228\246é") and ("aZ1"):upper()`, "AZ1"},
		{"format is Lua's", `return string.format("%5.2f|%d|%x|%s|%q|%c|%g", 3.14159, 7.0, 255, true, 'a"b', 65, 1e20)`, ` 3.14|7|ff|true|"a\"b"|A|1e+20`},
		{"format refuses Go's verbs", `return tostring(pcall(string.format, "%v", 1))`, "false"},
		{"numbers print as %.14g", "return tostring(1/3) .. ' ' .. 1e15 .. ' ' .. 3.0", "0.33333333333333 1e+15 3"},
		{"concat chains", "return 'a' .. 1 .. 'b' .. (2 .. 'c')", "a1b2c"},
		{"concat takes one value a call", "local function f() return 'x', 'y' end; return 'a' .. f()", "ax"},
		{"concat knows __concat", "local t = setmetatable({}, {__concat = function(a, b) return 'meta' end}); return t .. 'x' .. 'y'", "meta"},
		{"concat refuses nil", "local ok, e = pcall(function() local x; return 'a' .. x end); return e", "main.lua:2: attempt to concatenate a nil value"},
		{"find", `return table.concat({string.find("hello world", "o w")}, ",") .. "|" .. table.concat({string.find("key=val", "(%w+)=(%w+)")}, ",")`, "5,7|1,7,key,val"},
		{"match", `return ("id:12 stat:DELIVRD"):match("stat:(%a+)")`, "DELIVRD"},
		{"match of a set, a range and a complement", `return ("x-9_]"):match("^[a-z]%-[^%s]_[]]$")`, "x-9_]"},
		{"frontier and balance", `return ("THE (quick) fox"):gsub("%f[%a]%a+", string.lower) .. ("f(a(b)c)d"):match("%b()")`, "the (quick) fox(a(b)c)"},
		{"gmatch", `local t = {}; for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[#t+1] = k .. v end; return table.concat(t, ";")`, "a1;b2"},
		{"gsub by string, table, function", `return ("hello"):gsub("l", "%0%0") .. ("$a$b"):gsub("%$(%w)", {a = "1"}) .. ("abc"):gsub("%w", function(c) return c .. "." end)`, "hellllo1$ba.b.c."},
		{"gsub of the empty pattern", `return (("abc"):gsub("", "-"))`, "-a-b-c-"},
		{"back reference", `return tostring(("abab"):match("^(ab)%1$"))`, "ab"},
		{"sort with a contradicting order ends", "local t = {3,1,2}; table.sort(t, function() return true end); return #t", "3"},
		{"sort", "local t = {3,1,2}; table.sort(t, function(a, b) return a > b end); return table.concat(t)", "321"},
		{"getmetatable of a string", "return tostring(getmetatable(''))", "nil"},
		{"a coroutine", "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1); return b * 2 end); return co(1) .. ' ' .. co(10)", "2 20"},
		{"a yield as the last thing of a coroutine", "local co = coroutine.wrap(function() return coroutine.yield(1) end); co(); local a, b = co(2, 3); return a .. b", "23"},
		{"yield across pcall is refused", "local co = coroutine.create(function() pcall(coroutine.yield, 1); return 'went on' end); local ok, v = coroutine.resume(co); return v", "went on"},
		{"error values are kept", "local ok, e = pcall(error, {code = 'x'}); return e.code", "x"},
		{"an error that looks like a panic", "local function f(m) error(m, 0) end; local _, a = coroutine.resume(coroutine.create(f), 'runtime error: x'); local ok, b = pcall(coroutine.wrap(function() assert(false, a) end)); return a .. b", "runtime error: xruntime error: x"},
		{"xpcall", "local ok, e = xpcall(function() error('a', 0) end, function(m) return m .. 'b' end); return e", "ab"},
		{"pcall in pcall bombs are bounded", "local function f() return pcall(f) end; return tostring(f())", "true"},
		{"coroutines in coroutines are bounded", "local function f() return coroutine.wrap(f)() end; return tostring(pcall(f))", "false"},
		{"rep is bounded", "return tostring(pcall(string.rep, 'x', 1e9))", "false"},
		{"doubling is bounded", "local s = 'x'; return tostring(pcall(function() while true do s = s .. s end end))", "false"},
		{"a far index is no array", "local t = {}; t[67108863] = 1; return t[67108863]", "1"},
		{"modules are sealed", "return tostring(pcall(function() string.upper = nil end)) .. tostring(pcall(rawset, string, 'x', 1)) .. tostring(pcall(table.insert, host, 1))", "falsefalsefalse"},
		{"metatables of modules are protected", "return tostring(pcall(setmetatable, string, {})) .. tostring(getmetatable(string))", "falsefalse"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := eval(t, tt.body)
			if err != nil {
				t.Fatalf("error: %v", err)
			}
			if got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// None of these may end later than its budget, whatever it catches.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		kind       Kind
	}{
		{"a loop", "while true do end", Budget},
		{"a loop that catches everything", "while true do pcall(function() while true do end end) end", Budget},
		{"a trip swallowed in the last instruction", "pcall(function() while true do end end)", Budget},
		{"a loop in a coroutine", "coroutine.wrap(function() while true do end end)()", Budget},
		{"a pattern that backtracks", `return (("a"):rep(28)):find(("a*"):rep(28) .. "b")`, Budget},
		{"a gsub that backtracks", `return (("a"):rep(200)):gsub("a-a-a-a-a-a-a-b", "")`, Budget},
		{"sort forever", "local t = {}; for i = 1, 1e5 do t[i] = i end; while true do table.sort(t) end", Budget},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := eval(t, tt.body)
			if err == nil || err.Kind != tt.kind {
				t.Fatalf("got %v, want a %s error", err, tt.kind)
			}
			if err.Limit != "limits.instructions" || !strings.Contains(err.Error(), "limits.instructions") {
				t.Fatalf("the error does not name the option: %v", err)
			}
		})
	}
}

func TestTheTimeLimitNamesItsOption(t *testing.T) {
	s, m := load(t, Limits{Instructions: 1 << 60, Time: time.Millisecond}, map[string]string{"main.lua": "return { f = function() while true do end end }"})
	s.Lock()
	defer s.Unlock()
	_, err := s.Call(m.RawGetString("f"), 0)
	if err == nil || err.Kind != Time || !strings.Contains(err.Error(), "limits.time") || err.Line != 1 {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Call(m.RawGetString("g"), 0); err == nil {
		t.Fatal("calling nil is no error")
	}
}

func TestAnErrorNamesItsPlace(t *testing.T) {
	_, err := eval(t, "local t = nil\nreturn t.x")
	if err == nil || err.File != "main.lua" || err.Line != 3 || !strings.Contains(err.Traceback, "main.lua:3") {
		t.Fatalf("got %+v", err)
	}
	if _, err := eval(t, "error({code = 'queue_full'})"); err == nil || err.Message != "queue_full" || err.Line != 2 {
		t.Fatalf("got %+v", err)
	}
}

func TestAStackOverflowIsAnOrdinaryError(t *testing.T) {
	got, err := eval(t, "local function f(n) return 1 + f(n + 1) end; local ok, e = pcall(f, 1); local function g(n) if n == 0 then return 0 end return 1 + g(n - 1) end; return tostring(ok) .. ' ' .. e .. ' ' .. g(1500)")
	if err != nil || got != "false stack overflow: calls are nested deeper than 2000 1500" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := eval(t, "local function f(n) return 1 + f(n + 1) end; return f(1)"); err == nil || err.Kind != Raise || err.Line != 2 {
		t.Fatalf("%+v", err)
	}
}

func TestAPanicPoisonsTheStateAndNoMore(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": "return { f = function() pcall(host.boom) end, g = function() return 1 end }"})
	s.Lock()
	defer s.Unlock()
	if _, err := s.Call(m.RawGetString("f"), 0); err == nil || err.Kind != Panic || s.Broken() == nil {
		t.Fatalf("got %v, poisoned %v", err, s.Broken())
	}
	if _, err := s.Call(m.RawGetString("g"), 0); err == nil {
		t.Fatal("a poisoned state still works")
	}
}

func TestOutOfTheSandbox(t *testing.T) {
	for _, name := range []string{"getfenv", "setfenv", "load", "loadstring", "loadfile", "dofile", "newproxy", "debug", "os", "io",
		"collectgarbage", "package", "module", "channel", "_G", "_printregs"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "main.lua"), []byte("local x = "+name+"\nreturn {}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, wrong := Compile(dir, "main.lua", testLibrary); len(wrong) != 1 || wrong[0].Line != 1 || wrong[0].Column != 11 {
			t.Errorf("%s is to be had: %v", name, wrong)
		}
	}
}

func TestCompileFindsEverythingAtOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, src string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("main.lua", "local a = require 'other'\nlocal function f(x) return lenght(x) end\ncount = 1\nhost.bom()\nreturn { f = f, a = strin, g = require('nowhere') }\n")
	write("other.lua", "return function() retrun 1 end\n")
	_, wrong := Compile(dir, "main.lua", testLibrary)
	var got []string
	for _, d := range wrong {
		got = append(got, d.String())
	}
	want := []string{
		"main.lua:2:28: 'lenght' is not declared; declare it with 'local', or is it missing from the sandbox?",
		"main.lua:3:1: assignment to the undeclared 'count'; declare it with 'local', or keep it in the state",
		"main.lua:4:6: host.bom does not exist; did you mean 'boom'?",
		"main.lua:5:21: 'strin' is not declared; did you mean 'string'?",
		"main.lua:5:41: require: there is no nowhere.lua below the script root (no such file or directory)",
		"other.lua:1:26: syntax error near '1'",
	}
	for i := range want {
		if i >= len(got) || !contains(got, want[i]) {
			t.Errorf("missing: %s", want[i])
		}
	}
	if t.Failed() || len(got) != len(want) {
		t.Fatalf("got\n%s", strings.Join(got, "\n"))
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func TestRequire(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{
		"main.lua":     "local text = require 'lib.text'\nreturn { f = function() return text.twice('ab') .. tostring(require('lib.text') == text) .. tostring(require('host') == host) end }",
		"lib/text.lua": "local M = {}\nfunction M.twice(s) return s .. s end\nreturn M",
	})
	s.Lock()
	defer s.Unlock()
	ret, err := s.Call(m.RawGetString("f"), 1)
	if err != nil || ret[0].String() != "ababtruetrue" {
		t.Fatalf("got %v, %v", ret, err)
	}
	if got := s.Program().Files; len(got) != 2 || len(s.Program().Hash) != 64 {
		t.Fatalf("files %v, hash %q", got, s.Program().Hash)
	}
}

// A module that gives nothing is half-written, most likely: it must not come into the binds as the value true.
func TestRequireOfNothing(t *testing.T) {
	for _, half := range []string{"", "local M = {}\nfunction M.twice(s) return s .. s end\n", "return", "return nil"} {
		sources := map[string]string{"main.lua": "local u = require 'lib.u'\nreturn {}", "lib/u.lua": half}
		prog, wrong := CompileFrom(func(file string) ([]byte, error) { return []byte(sources[file]), nil }, "main.lua", testLibrary)
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		s := NewState(testLibrary, prog, Limits{}, nil, Hooks{})
		s.Lock()
		_, err := s.Load()
		s.Unlock()
		s.Close()
		if err == nil || !strings.Contains(err.Error(), "main.lua:1: require: lib/u.lua returned nothing; a module ends with the return of what it gives") {
			t.Errorf("%q: %v", half, err)
		}
	}
}

func TestRequireStaysBelowTheRoot(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out.lua")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.lua"), []byte("require 'out'\nreturn {}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, wrong := Compile(dir, "main.lua", testLibrary); len(wrong) != 1 || !strings.Contains(wrong[0].Message, "escapes") {
		t.Fatalf("got %v", wrong)
	}
	if _, wrong := Compile(dir, "../main.lua", testLibrary); len(wrong) != 1 {
		t.Fatalf("got %v", wrong)
	}
}

func TestDeepSourceIsRefused(t *testing.T) {
	dir := t.TempDir()
	src := "return " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000)
	src = "local x = " + strings.Repeat("{", 100_000) + strings.Repeat("}", 100_000) + "\n" + src
	if err := os.WriteFile(filepath.Join(dir, "main.lua"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, wrong := Compile(dir, "main.lua", testLibrary); len(wrong) == 0 {
		t.Fatal("accepted")
	}
}

// A coroutine in which a task waits is nobody else's to resume, and the task gets what it returns.
func TestACoroutineInWhichATaskWaits(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
local co
return {
  start = function()
    co = coroutine.create(function() host.note("waits") pcall(host.wait) return "done" end)
    host.spawn(function() local ok, what = coroutine.resume(co) host.note(tostring(ok) .. " " .. tostring(what) .. " " .. coroutine.status(co)) end)
  end,
  resume = function() return coroutine.status(co) .. ", " .. select(2, coroutine.resume(co)) .. ", " .. tostring(coroutine.running()) end,
}`})
	h := s.User().(*harness)
	call := func(name string) string { return callText(t, s, m, name) }
	call("start")
	<-h.notes // it has the state until it waits
	for range 2 {
		if got := call("resume"); got != "normal, cannot resume normal coroutine, nil" {
			t.Error(got)
		}
	}
	h.wake <- struct{}{}
	if got := <-h.notes; got != "true done dead" {
		t.Error(got)
	}
}

// callText calls a function of the script's table and returns the text of its result.
func callText(t *testing.T, s *State, m *lua.LTable, name string) string {
	t.Helper()
	s.Lock()
	defer s.Unlock()
	ret, err := s.Call(m.RawGetString(name), 1)
	if err != nil {
		t.Fatal(err)
	}
	return ret[0].String()
}

func TestTasksTakeTurnsAndWait(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
local n = 0
return {
  start = function() host.spawn(function() n = n + 1; pcall(host.wait); n = n + 10; host.note("done") end) end,
  read = function() return n end,
  broken = function() host.spawn(function() error("in the task") end) end,
}`})
	h := s.User().(*harness)
	call := func(name string) string { return callText(t, s, m, name) }
	call("start")
	h.wake <- struct{}{} // the task is in its wait
	<-h.notes
	if got := call("read"); got != "11" {
		t.Fatalf("n = %s", got)
	}
	call("broken")
	if err := <-h.failed; err.Line != 6 || err.Message != "in the task" {
		t.Fatalf("got %+v", err)
	}
}

func TestCloseEndsATaskThatWaits(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
return { start = function() host.spawn(function() while true do pcall(host.wait) end end) end }`})
	s.Lock()
	_, err := s.Call(m.RawGetString("start"), 0)
	s.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	s.User().(*harness).wake <- struct{}{}
	s.Close()
	for s.Tasks() > 0 {
		runtime.Gosched()
	}
}

func TestDataCopiesAndNamesWhatItCannot(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
local loop = {}
loop.self = loop
return { good = { 1, "two", { x = true }, n = 1.5 }, bad = { routes = { 1, 2, { fn = function() end } } }, loop = loop }`})
	s.Lock()
	defer s.Unlock()
	d, err := ToData(m.RawGetString("good"), "state")
	if err != nil {
		t.Fatal(err)
	}
	j, err := JSON(d)
	if err != nil || string(j) != `{"1":1,"2":"two","3":{"x":true},"n":1.5}` {
		t.Fatalf("%s, %v", j, err)
	}
	back, err := ToData(FromData(s.L(), d), "state")
	if j2, _ := JSON(back); err != nil || string(j2) != string(j) {
		t.Fatalf("%s, %v", j2, err)
	}
	for name, want := range map[string]string{"bad": "state.routes[3].fn is a function", "loop": "state.self contains itself"} {
		if _, err := ToData(m.RawGetString(name), "state"); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	in, err := ParseJSON([]byte(`{"a":[1,null,"x"],"b":{},"c":null}`))
	if out, _ := JSON(in); err != nil || string(out) != `{"a":[1,null,"x"],"b":{}}` {
		t.Fatalf("%s, %v", out, err)
	}
}

// A library is shared by all states: none may write to it. Run with -race.
func TestStatesShareTheLibrary(t *testing.T) {
	var ran atomic.Int32
	done := make(chan struct{})
	s0, _ := load(t, Limits{}, map[string]string{"main.lua": `return { f = function() local t = {} for i = 1, 200 do t[i] = ("x%d"):format(i):upper() .. math.floor(i / 2) end table.sort(t) for k in pairs(t) do t[k] = nil end return pcall(error, {}) end }`})
	for range 8 {
		go func() {
			defer func() {
				if ran.Add(1) == 8 {
					close(done)
				}
			}()
			s := NewState(testLibrary, s0.Program(), Limits{Time: time.Minute}, nil, Hooks{})
			s.Lock()
			defer s.Unlock()
			m, err := s.Load()
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				if _, err := s.Call(m.RawGetString("f"), 1); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	<-done
}

func TestHeapOfAState(t *testing.T) {
	s0, _ := load(t, Limits{}, map[string]string{"main.lua": "local M = {}\nfunction M.handle_pdu(p, state) return state end\nreturn M"})
	const n = 500
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	states := make([]*State, n)
	for i := range states {
		states[i] = NewState(testLibrary, s0.Program(), Limits{}, nil, Hooks{})
		states[i].Lock()
		if _, err := states[i].Load(); err != nil {
			t.Fatal(err)
		}
		states[i].Unlock()
	}
	each := (heap() - before) / n
	t.Logf("%d octets of heap a state", each)
	if each > 20<<10 {
		t.Fatalf("%d octets of heap a state", each)
	}
	runtime.KeepAlive(states)
}

func BenchmarkCall(b *testing.B) {
	s, m := load(b, Limits{}, map[string]string{"main.lua": "return { f = function(p, state) state.n = state.n + 1 return state end }"})
	s.Lock()
	defer s.Unlock()
	state := s.L().NewTable()
	state.RawSetString("n", lua.LNumber(0))
	fn := m.RawGetString("f")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Call(fn, 1, lua.LNil, state); err != nil {
			b.Fatal(err)
		}
	}
}
