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
