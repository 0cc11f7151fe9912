package vm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// What a script keeps through something of Go counts as if it kept it itself. Each of these is given 64 KiB sixteen times.
func TestWhatGoKeepsIsMeasured(t *testing.T) {
	const script = `
local kept = {}
local function text(i) return i .. ("x"):rep(2^16) end
local hold = {}
%s
return { hold = function(what) for i = 1, 16 do kept[#kept + 1] = hold[what](i) end end }`
	cases := map[string]string{
		"the iterator of pairs":             "function(i) return (pairs({ text(i) })) end",
		"the key that pairs is at":          "function(i) local f, t = pairs({ [text(i)] = 1 }) t[f(t)] = nil return f end",
		"the iterator of ipairs":            "function(i) return { ipairs({ text(i) }) } end",
		"the iterator of gmatch":            `function(i) return (text(i):gmatch("zz")) end`,
		"the pattern of gmatch":             `function(i) return (("a"):gmatch(text(i))) end`,
		"a coroutine that was not started":  "function(i) local s = text(i) return coroutine.create(function() return s end) end",
		"a coroutine of wrap":               "function(i) local f = coroutine.wrap(function(s) coroutine.yield() end) f(text(i)) return f end",
		"deleted keys":                      "function(i) local t = { a = 1 } t[text(i)] = 1 t[text(i)] = nil return t end",
		"a deleted key that is a table":     "function(i) local t, k = { a = 1 }, { text(i) } t[k] = 1 t[k] = nil return t end",
		"a deleted key that was set again":  "function(i) local t = {} t[text(i)] = 1 t[text(i)] = nil t[text(i)] = 2 return t end",
		"deleted keys that an iterator has": "function(i) local t = {} t[text(i)] = 1 local f = pairs(t) t[text(i)] = nil return { f, t } end",
	}

	var holds strings.Builder
	for name, f := range cases {
		fmt.Fprintf(&holds, "hold[%q] = %s\n", name, f)
	}
	for name := range cases {
		t.Run(name, func(t *testing.T) {
			s, m := load(t, Limits{Time: time.Minute}, map[string]string{"main.lua": fmt.Sprintf(script, holds.String())})
			s.Lock()
			defer s.Unlock()
			before := s.Memory()
			if _, err := s.Call(m.RawGetString("hold"), 0, lua.LString(name)); err != nil {
				t.Fatal(err)
			}
			if grew := s.Memory() - before; grew < 1<<20 || grew > 5<<19 {
				t.Errorf("the state is found to hold %d octets more", grew)
			}
		})
	}
}

// An error's text is memory as any other: a script that keeps them is stopped by the limit, one callback after the other.
func TestTextsOfErrorsAreCharged(t *testing.T) {
	for name, raise := range map[string]string{
		"an index of nil":           "local x; return x[big]",
		"an assignment to nil":      "local x; x[big] = 1",
		"a module":                  "require(big)",
		"the message itself":        "error(big)",
		"a format":                  `("%" .. big):format(1)`,
		"a field of a module":       "return host[big]",
		"an assignment to a module": "host[big] = 1",
	} {
		for _, catch := range []string{"pcall(f)", "xpcall(f, function(m) return m end)", "coroutine.resume(coroutine.create(f))", "pcall(coroutine.wrap(f))"} {
			t.Run(name+" in "+catch, func(t *testing.T) {
				s, m := load(t, Limits{Time: time.Minute, Memory: 4 << 20}, map[string]string{"main.lua": fmt.Sprintf(`
local kept, big = {}, ("0"):rep(2^18)
local function f() %s end
return { f = function() kept[#kept + 1] = select(2, %s) end, n = function() return #kept .. kept[1]:sub(1, 40) end }`, raise, catch)})
				s.Lock()
				defer s.Unlock()
				var err *Error
				for range 40 {
					if _, err = s.Call(m.RawGetString("f"), 0); err != nil {
						break
					}
				}
				if held := s.Memory(); err == nil && held > 1<<20 {
					t.Fatalf("it holds %d octets, of %d", held, 4<<20)
				}
				if err != nil && err.Kind != Memory {
					t.Fatal(err)
				}
			})
		}
	}
}

// What stands on the stack of a function of Go while a task waits further in counts too.
func TestWhatGoKeepsWhileATaskWaits(t *testing.T) {
	const script = `
local big = ("x"):rep(2^20)
local function wait() host.note("waits") host.wait() end
local run = {
  gsub = function() ("ab"):gsub(".", function(c) if c == "b" then wait() end return big .. c end) end,
  sort = function()
    local t = {}
    for i = 1, 16 do t[i] = i .. ("x"):rep(2^16) end
    table.sort(t, function() if t[1] then for i = 1, 16 do t[i] = nil end wait() end return false end)
  end,
  print = function()
    local function text(f) return setmetatable({}, { __tostring = f }) end
    print(text(function() return ("y"):rep(2^20) end), text(function() wait() return "" end))
  end,
}
return { f = function(what) host.spawn(run[what]) end }`
	for _, what := range []string{"gsub", "sort", "print"} {
		t.Run(what, func(t *testing.T) {
			s, m := load(t, Limits{Time: time.Minute, Instructions: Unlimited}, map[string]string{"main.lua": script})
			s.Lock()
			before := s.Memory()
			_, err := s.Call(m.RawGetString("f"), 0, lua.LString(what))
			s.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			h := s.User().(*harness)
			select {
			case <-h.notes:
			case err := <-h.failed:
				t.Fatal(err)
			}
			s.Lock()
			grew := s.Memory() - before
			s.Unlock()
			close(h.wake)
			if grew < 1<<20 || grew > 5<<20 {
				t.Errorf("the state is found to hold %d octets more", grew)
			}
		})
	}
}
