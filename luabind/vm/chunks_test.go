package vm

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// A long text comes in parts, whole and in order, and a limit stops the work between two.
func TestChunks(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
return { f = function()
  local text = ("aB3"):rep(100001)
  assert(text:upper() == ("AB3"):rep(100001))
  host.note("upper")
end }`})
	s.Lock()
	defer s.Unlock()
	if _, err := s.Call(m.RawGetString("f"), 0); err != nil {
		t.Fatal(err)
	}
	parts := 0
	fn := s.l.NewFunction(func(L *lua.LState) int {
		Chunks(L, strings.Repeat("x", 5*chunk), func(string) { parts++; s.budget.trip(Time) })
		return 0
	})
	if _, err := s.Call(fn, 0); err == nil || err.Kind != Time || parts != 1 {
		t.Error(err, parts)
	}
}
