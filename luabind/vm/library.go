package vm

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
)

// Module is a table of functions that scripts see under its name.
type Module struct {
	Name      string
	Functions map[string]lua.LGFunction
	Values    map[string]lua.LValue
	// Get gives fields that depend on the state that L runs, such as esme.name; nil for those that it does not have.
	// Dynamic names them.
	Get     func(L *lua.LState, name string) lua.LValue
	Dynamic []string
}

// Library is what scripts may use: built once, shared by all states, never written to again.
type Library struct {
	modules map[string]*module
	globals *lua.LTable
	strings *lua.LTable // metatable of strings
	print   func(s *State, text string)
}

type module struct {
	fields []string
	proxy  *lua.LTable // what scripts hold: empty, so that every assignment is seen
}

func (m *module) has(name string) bool { return slices.Contains(m.fields, name) }

func init() {
	// A script's t[67108863] = 1 would allocate 1 GiB. The variable is the machine's only way to say so.
	lua.MaxArrayIndex = 1 << 20
}

// sealed is the key that marks the metatable of a table which scripts may not change. No script can have it.
var sealed = &lua.LUserData{Metatable: lua.LNil}

// NewLibrary builds the library: the safe part of Lua's own, and the modules. What scripts print goes
// to print.
func NewLibrary(print func(s *State, text string), modules ...Module) *Library {
	lib := &Library{modules: map[string]*module{}, print: print}
	// Functions and tables belong to no state in particular; one is needed to make them.
	scratch := lua.NewState(lua.Options{SkipOpenLibs: true, RegistrySize: 256, CallStackSize: 16})
	defer scratch.Close()
	lib.globals = scratch.NewTable()
	for name, fn := range baseFunctions {
		lib.globals.RawSetString(name, scratch.NewFunction(fn))
	}
	lib.globals.RawSetString(concatName, scratch.NewFunction(concat))
	lib.globals.RawSetString("_VERSION", lua.LString("Lua 5.1"))
	own := []Module{
		{Name: "string", Functions: stringFunctions},
		{Name: "table", Functions: tableFunctions},
		{Name: "math", Functions: mathFunctions(), Values: mathValues},
		{Name: "coroutine", Functions: coroutineFunctions},
	}
	for _, m := range append(own, modules...) {
		lib.add(scratch, m)
	}
	methods := scratch.NewTable() // not the module's own: ("x").y is nil, where string.y is a mistake
	for name, fn := range stringFunctions {
		methods.RawSetString(name, scratch.NewFunction(fn))
	}
	lib.strings = scratch.NewTable()
	lib.strings.RawSetString("__index", methods)

	undeclared := scratch.NewTable()
	undeclared.RawSetString("__index", scratch.NewFunction(func(L *lua.LState) int {
		L.RaiseError("'%s' is not declared", named(L.Get(2).String()))
		return 0
	}))
	lib.globals.Metatable = undeclared
	return lib
}

func (lib *Library) add(L *lua.LState, m Module) {
	t := L.NewTable()
	for name, fn := range m.Functions {
		t.RawSetString(name, L.NewFunction(fn))
	}
	for name, v := range m.Values {
		t.RawSetString(name, v)
	}
	fields := slices.Concat(slices.Collect(maps.Keys(m.Functions)), slices.Collect(maps.Keys(m.Values)), m.Dynamic)
	others := L.NewTable()
	others.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		name := named(L.Get(2).String())
		if m.Get != nil {
			if v := m.Get(L, name); v != nil {
				L.Push(v)
				return 1
			}
		}
		// The linter finds it where the module has its own name; it may have another: local s = sms.
		L.RaiseError("%s.%s does not exist; %s", m.Name, name, diag.DidYouMean(name, fields))
		return 0
	}))
	t.Metatable = others
	meta := L.NewTable()
	meta.RawSetString("__index", t)
	meta.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		L.RaiseError("the module %s cannot be changed", m.Name)
		return 0
	}))
	meta.RawSetString("__metatable", lua.LFalse)
	meta.RawSetH(sealed, lua.LTrue)
	proxy := L.NewTable()
	proxy.Metatable = meta
	lib.globals.RawSetString(m.Name, proxy)
	lib.modules[m.Name] = &module{fields: fields, proxy: proxy}
}

// isSealed reports whether scripts may not write to the table.
func isSealed(t *lua.LTable) bool {
	meta, ok := t.Metatable.(*lua.LTable)
	return ok && meta.RawGetH(sealed) != lua.LNil
}

func (lib *Library) has(name string) bool {
	return name != concatName && lib.globals.RawGetString(name) != lua.LNil
}

func (lib *Library) names() []string {
	var names []string
	lib.globals.ForEach(func(k, _ lua.LValue) {
		if s := k.String(); lib.has(s) {
			names = append(names, s)
		}
	})
	return names
}

// Fields names what the module has; nil if there is no such module. The empty name is for the globals that
// are no modules.
func (lib *Library) Fields(name string) []string {
	if name == "" {
		return slices.DeleteFunc(lib.names(), func(s string) bool { return lib.modules[s] != nil })
	}
	if m := lib.modules[name]; m != nil {
		return slices.Clone(m.fields)
	}
	return nil
}
