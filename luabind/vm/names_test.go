package vm

import (
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// A limit that trips in a function of the host that pcall called directly is placed where pcall was called.
func TestATripInAProtectedHostFunctionHasItsPlace(t *testing.T) {
	s, m := load(t, Limits{Instructions: 20_000}, map[string]string{"main.lua": `
return {
  handle_pdu = function()
    while true do pcall(string.rep, "x", 100000) end
  end,
  nested = function()
    while true do pcall(pcall, string.rep, "x", 100000) end
  end,
  last = function() return (pcall(string.rep, "x", 4000000)) end,
}`})
	s.Lock()
	defer s.Unlock()
	for name, line := range map[string]int{"handle_pdu": 4, "nested": 7, "last": 9} {
		_, err := s.Call(m.RawGetString(name), 0)
		if err == nil || err.Kind != Budget || err.File != "main.lua" || err.Line != line {
			t.Errorf("%s: %v (%+v)", name, err, err)
			continue
		}
		if !strings.Contains(err.Traceback, "in function '"+name+"'") {
			t.Errorf("%s: %s", name, err.Traceback)
		}
	}
}

// Tracebacks name the callback or the task that was called, and the functions of protected calls by where they are.
func TestTracebacksNameWhatWasCalled(t *testing.T) {
	s, m := load(t, Limits{}, map[string]string{"main.lua": `
local function fails() error("no") end
return {
  handle_pdu = function() fails() end,
  protected = function()
    local ok, err = pcall(function() fails() end)
    error(err, 0)
  end,
  spawns = function() host.spawn(fails) end,
}`})
	s.Lock()
	_, err := s.Call(m.RawGetString("handle_pdu"), 0)
	if err == nil || !strings.Contains(err.Traceback, "main.lua:4: in function 'handle_pdu'") {
		t.Errorf("%+v", err)
	}
	_, err = s.Call(m.RawGetString("spawns"), 0)
	s.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	err = <-s.User().(*harness).failed
	if !strings.Contains(err.Traceback, "main.lua:2: in task test") {
		t.Errorf("%+v", err)
	}
}

// A task is called by the name that its maker has for the function, or by where that is.
func TestTheNamesOfTasks(t *testing.T) {
	var names []string
	lib := NewLibrary(func(*State, string) {}, Module{Name: "host", Functions: map[string]lua.LGFunction{
		"name": func(L *lua.LState) int { names = append(names, TaskName(L, L.CheckFunction(1))); return 0 },
	}})
	prog, wrong := CompileFrom(func(string) ([]byte, error) {
		return []byte(`
local function above() end
local M = {}
function M.send_all() end
function M.f()
  local function inside() end
  host.name(inside)
  host.name(above)
  host.name(M.send_all)
  host.name(function() end)
  host.name(string.rep)
end
return M`), nil
	}, "main.lua", lib)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	s := NewState(lib, prog, Limits{}, nil, Hooks{})
	t.Cleanup(s.Close)
	s.Lock()
	defer s.Unlock()
	m, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Call(m.RawGetString("f"), 0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names, " "); got != "inside above send_all main.lua:10 of the host" {
		t.Error(got)
	}
}
