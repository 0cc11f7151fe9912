package vm

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
)

// What the machine calls "main chunk" in tracebacks is whatever Go called first: here a callback, a task or the
// function of a protected call.

// mainChunk is how the machine ends the line of a traceback that belongs to it.
const mainChunk = " in main chunk"

// maxNames is how many keys of a script's table of callbacks are looked through for a name.
const maxNames = 256

// TaskName is what a task that runs fn is called: by the name that its maker, which L runs, has for it, or else by
// where it was defined.
func TaskName(L *lua.LState, fn *lua.LFunction) string {
	if dbg, ok := L.GetStack(1); ok {
		for i := 1; ; i++ {
			name, v := L.GetLocal(dbg, i)
			if name == "" {
				break
			}
			if v == fn && name[0] != '(' {
				return name
			}
		}
		if caller, err := L.GetInfo("f", dbg, lua.LNil); err == nil {
			if f, ok := caller.(*lua.LFunction); ok {
				for i := range f.Upvalues {
					if name, v := L.GetUpvalue(f, i+1); v == fn {
						return name
					}
				}
			}
		}
	}
	if name := FromLua(L).key(fn); name != "" {
		return name
	}
	return definedAt(fn)
}

// definedAt is the file and line where a function begins.
func definedAt(fn *lua.LFunction) string {
	if fn.IsG {
		return "of the host"
	}
	return fmt.Sprintf("%s:%d", fn.Proto.SourceName, fn.Proto.LineDefined)
}

// key is the name that the script's table of callbacks has for fn; empty if none.
func (s *State) key(fn *lua.LFunction) string {
	t, ok := s.main.(*lua.LTable)
	if !ok {
		return ""
	}
	keys := inside(t).keys
	for _, k := range keys[:min(len(keys), maxNames)] {
		if name, ok := k.(lua.LString); ok && t.RawGet(k) == fn {
			return diag.Shortened(string(name), MaxShownKey)
		}
	}
	return ""
}

// named puts the name of fn in the place of "main chunk" in the traceback of its call.
func (e *Error) named(name func(fn lua.LValue) string, fn lua.LValue) {
	if i := strings.LastIndex(e.Traceback, mainChunk); i >= 0 {
		e.Traceback = e.Traceback[:i] + " in " + name(fn) + e.Traceback[i+len(mainChunk):]
	}
}

// outermost names the function that a run calls: a task, a callback, or a file that is loaded.
func (s *State) outermost(fn lua.LValue) string {
	f, ok := fn.(*lua.LFunction)
	switch {
	case s.task != nil:
		return "task " + s.task.name
	case !ok:
		return "a value that is called"
	}
	if name := s.key(f); name != "" {
		return fmt.Sprintf("function '%s'", name)
	}
	return s.inner(fn)
}

// inner names a function by where it was defined.
func (s *State) inner(fn lua.LValue) string {
	f, ok := fn.(*lua.LFunction)
	switch {
	case !ok:
		return "a value that is called"
	case f.IsG:
		return "a function of the host"
	case s.prog.protos[f.Proto.SourceName] == f.Proto:
		return "main chunk"
	}
	return fmt.Sprintf("function <%s>", definedAt(f))
}

// calling places an error that none of the functions of its thread can place, because all are of the host: at the call
// that L was doing.
func (e *Error) calling(L *lua.LState) {
	var lines []string
	for level := 1; len(lines) < 20; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			break
		}
		if _, err := L.GetInfo("nSl", dbg, lua.LNil); err != nil || dbg.CurrentLine <= 0 {
			continue
		}
		if e.Line == 0 {
			e.File, e.Line = dbg.Source, dbg.CurrentLine
		}
		name := fmt.Sprintf("function <%s:%d>", dbg.Source, dbg.LineDefined)
		switch {
		case dbg.Name == "main chunk" && FromLua(L).depth == 0: // it is named when the run ends
			name = dbg.Name
		case dbg.Name != "" && dbg.Name[0] != '?' && dbg.Name[0] != '<' && dbg.Name != "main chunk":
			name = fmt.Sprintf("function '%s'", dbg.Name)
		}
		lines = append(lines, fmt.Sprintf("\n\t%s:%d: in %s", dbg.Source, dbg.CurrentLine, name))
	}
	if len(lines) > 0 {
		e.Traceback = "stack traceback:" + strings.Join(lines, "")
	}
}
