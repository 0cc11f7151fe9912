package vm

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// However much others allocate, a state that holds much and makes nothing is not walked inside its callbacks.
func TestOthersGarbageIsNotMeasuredHere(t *testing.T) {
	s, m := load(t, Limits{Time: time.Minute}, map[string]string{"main.lua": `
local held = {}
return {
  hold = function() for i = 1, 20000 do held[i] = { i } end end,
  loop = function() local x = 0 for i = 1, 60000 do x = x + i % 7 end return x end,
}`})
	s.Lock()
	defer s.Unlock()
	if _, err := s.Call(m.RawGetString("hold"), 0); err != nil {
		t.Fatal(err)
	}
	s.measure(true)
	if _, err := s.Call(m.RawGetString("loop"), 1); err != nil {
		t.Fatal(err)
	}
	s.budget.allocated = 0 // the process has allocated much since
	s.survey.size = 1
	if s.budget.grown() || s.survey.size != 1 {
		t.Error("it was measured for what others allocated")
	}
	s.budget.grew = s.limits.Memory
	if s.budget.grown() || s.survey.size == 1 {
		t.Error("it was not measured for what it may have allocated itself")
	}
	if s.budget.grew != 0 {
		t.Error("it is measured again at once")
	}
}

// Tables, keys and functions that a script makes count as growth before they are found by a walk, and a loop that only
// calculates does not.
func TestWhatCountsAsGrowth(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
return {
  tables = function() local t for i = 1, 1000 do t = { i } end end,
  keys = function() local t = {} for i = 1, 1000 do t[i] = i end end,
  functions = function() local f for i = 1, 1000 do f = function() return i end end end,
  strings = function() local s for i = 1, 1000 do s = "a long enough beginning" .. i end end,
  nothing = function() local x = 0 for i = 1, 10000 do x = x + i % 7 end end,
}`})
	s.Lock()
	defer s.Unlock()
	for what, least := range map[string]int64{"tables": 1000 * 600, "keys": 1000 * 80, "functions": 1000 * 160, "strings": 1000 * 40, "nothing": 0} {
		s.measure(false)
		if _, err := s.Call(m.RawGetString(what), 0); err != nil {
			t.Fatal(err)
		}
		if grew := s.budget.grew; grew < least || least == 0 && grew != 0 {
			t.Errorf("%s: %d octets, want %d", what, grew, least)
		}
	}
}

// The time of a walk is the host's: a callback in which it takes longer than limits.time is not ended for that.
func TestAWalkIsNotTheScriptsTime(t *testing.T) {
	const limit = 200 * time.Millisecond // the race detector's ten times included
	s, m := load(t, Limits{Time: limit}, map[string]string{"main.lua": `
return { f = function()
  local s
  for i = 1, 5 do s = ("x"):rep(4000000) end
  for i = 1, 5000 do s = i end
end }`})
	s.Lock()
	defer s.Unlock()
	walks := 0
	s.hooks.Roots = func(func(lua.LValue)) {
		walks++
		for began := clock(); clock()-began < 2*limit; {
			continue
		}
	}
	if _, err := s.Call(m.RawGetString("f"), 0); err != nil {
		t.Error(err)
	}
	if walks == 0 {
		t.Error("nothing was measured")
	}
}

// Stacks with many values are seen in the middle of a run: those of coroutines that are kept, and of those and of protected
// calls that wait for the one further in.
func TestLargeStacksAreSeen(t *testing.T) {
	for _, does := range []string{
		"while #kept < 200 do local co = coroutine.create(fill) kept[#kept + 1] = co coroutine.resume(co, coroutine.yield, 6, unpack(many)) end",
		"local function deeper() local co = coroutine.create(fill) kept[#kept + 1] = co assert(coroutine.resume(co, deeper, 3, unpack(many))) end deeper()",
		"local function deeper() kept[#kept + 1] = 1 pcall(fill, deeper, 3, unpack(many)) end deeper()",
	} {
		s, m := load(t, Limits{Instructions: Unlimited, Time: time.Minute, Memory: 4 << 20}, map[string]string{"main.lua": `
local kept, many = {}, {}
for i = 1, 7900 do many[i] = i end
local function fill(last, n, ...) if n > 0 then return fill(last, n - 1, ...), 1 end last() end
return { f = function() ` + does + ` end, kept = kept }`})
		s.Lock()
		_, err := s.Call(m.RawGetString("f"), 0)
		s.Unlock()
		if err == nil || err.Kind != Memory {
			t.Fatal(does, err, m.RawGetString("kept").(*lua.LTable).Len())
		}
		if made := m.RawGetString("kept").(*lua.LTable).Len(); made > 15 {
			t.Errorf("%s: it has made %d stacks of 900 KB", does, made)
		}
	}
}
