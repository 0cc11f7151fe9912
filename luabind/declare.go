package luabind

import (
	"iter"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// module declares a module of the API. All that is to be known about it stands here once: scripts get it,
// arguments are checked by it, and the reference (docs/lua), the types for editors (scripts/types) and Help
// are written from it.
type module struct {
	Name   string
	Doc    string // the first sentence stands in the index
	Fns    []fn
	Values []value
	Kinds  []*kind // of the objects that its functions give
}

// value is a field of a module or of an object. Of a module it is constant (V), or asked of the bind (Of).
type value struct {
	Name string
	Type luaType
	Doc  string
	V    lua.LValue
	Of   func(g *generation, L *lua.LState) lua.LValue
}

// kind declares the objects of one kind: userdata with fields and methods.
type kind struct {
	Name    string // what editors call it: "PDU"
	Var     string // what the documentation calls one: "p"
	Doc     string
	Fields  []value
	Methods []fn // Name is without Var; argument 1 of Do is the object
}

// fn declares a function.
type fn struct {
	Name    string // within its module or kind
	Params  []param
	Returns []param // what fails in operation returns nil and an error: see fails
	Doc     string
	Example string // Lua that runs: in a callback with p, a deliver_sm at hand; in a task if the function waits
	Where   where
	Do      func(c *call) int

	signature string // of Lua's own functions, which are not declared by Params
	full      string // as scripts write it: "esme.send_pdu", "p:with"
	receiver  *luaType
}

type param struct {
	Name string // "..." takes all that follow
	Type luaType
	Doc  string
}

// where says where a function may be called.
type where uint8

const (
	running  where = iota // in callbacks and tasks
	anywhere              // also while the script is loaded: it has no effect outside the state
	inTask                // in tasks only: it waits
	changing              // also in code_change: what it does is done when the new code has taken over
)

func (w where) String() string {
	return [...]string{"callbacks and tasks", "anywhere", "tasks: it waits",
		"callbacks and tasks, and code_change: there it takes effect when the new code has taken over"}[w]
}

// fails is the second value of a function that returns nil and an error, with the codes that it may have.
func fails(codes string) param {
	return param{"err", optional(errorType), "nil, or what went wrong: " + codes}
}

// accepted are the results of a function that returns true, or nil and an error.
func accepted(codes string) []param {
	return []param{{"ok", optional(booleanType), "true"}, fails(codes)}
}

// vm makes what the machine needs of the declaration.
func (m *module) vm() vm.Module {
	out := vm.Module{Name: m.Name, Functions: map[string]lua.LGFunction{}, Values: map[string]lua.LValue{}}
	for i := range m.Fns {
		f := &m.Fns[i]
		f.full = m.Name + "." + f.Name
		out.Functions[f.Name] = f.lua()
	}
	dynamic := map[string]func(g *generation, L *lua.LState) lua.LValue{}
	for _, v := range m.Values {
		if v.Of != nil {
			dynamic[v.Name] = v.Of
			out.Dynamic = append(out.Dynamic, v.Name)
		} else {
			out.Values[v.Name] = v.V
		}
	}
	if len(dynamic) > 0 {
		out.Get = func(L *lua.LState, name string) lua.LValue {
			if of := dynamic[name]; of != nil {
				return of(vm.FromLua(L).User().(*generation), L)
			}
			return nil
		}
	}
	return out
}

// methods makes the methods of a kind, to be found by its metatable's __index. is tells its objects.
func (k *kind) methods(is luaType) map[string]*lua.LFunction {
	out := map[string]*lua.LFunction{}
	for i := range k.Methods {
		f := &k.Methods[i]
		f.full, f.receiver = k.Var+":"+f.Name, &is
		out[f.Name] = &lua.LFunction{IsG: true, GFunction: f.lua()}
	}
	return out
}

// objects makes the metatable of a kind whose objects have methods and nothing else of their own but the
// fields that field gives; field may be nil.
func (k *kind) objects(is luaType, field func(u *lua.LUserData, name string) lua.LValue) *lua.LTable {
	methods := k.methods(is)
	var known []string
	for name := range methods {
		known = append(known, name)
	}
	for _, f := range k.Fields {
		known = append(known, f.Name)
	}
	what := strings.TrimPrefix(is.what, "must be ")
	return newMeta(what, func(L *lua.LState) int {
		name := L.CheckString(2)
		if m, ok := methods[name]; ok {
			L.Push(m)
			return 1
		}
		if field != nil {
			if v := field(L.CheckUserData(1), name); v != nil {
				L.Push(v)
				return 1
			}
		}
		L.RaiseError("%s has no '%.40s'; %s", what, name, didYouMean(name, known))
		return 0
	}, func(L *lua.LState) int {
		if s, ok := L.CheckUserData(1).Value.(interface{ String() string }); ok {
			L.Push(lua.LString(s.String()))
		} else {
			L.Push(lua.LString(k.Name))
		}
		return 1
	})
}

// functions are all functions of the module and of its kinds.
func (m *module) functions() iter.Seq[*fn] {
	return func(yield func(*fn) bool) {
		for i := range m.Fns {
			if !yield(&m.Fns[i]) {
				return
			}
		}
		for _, k := range m.Kinds {
			for i := range k.Methods {
				if !yield(&k.Methods[i]) {
					return
				}
			}
		}
	}
}
