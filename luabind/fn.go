package luabind

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// fn declares a function of the API: everything that is to be known about it stands here once.
type fn struct {
	Name    string // as scripts write it
	Params  []param
	Returns string
	Doc     string
	Waits   bool // waits: to be called in a task only
	Pure    bool // may be called while the script is loaded
	Do      func(c *call) int
}

type param struct {
	Name string
	Type paramType
}

// paramType checks an argument. what completes "must be ...".
type paramType struct {
	what     string
	optional bool
	is       func(v lua.LValue) bool
}

func luaType(what string, types ...lua.LValueType) paramType {
	return paramType{what: what, is: func(v lua.LValue) bool {
		for _, t := range types {
			if v.Type() == t {
				return true
			}
		}
		return false
	}}
}

func userType[T any](what string) paramType {
	return paramType{what: what, is: func(v lua.LValue) bool {
		u, ok := v.(*lua.LUserData)
		if !ok {
			return false
		}
		_, ok = u.Value.(T)
		return ok
	}}
}

var (
	anyType      = paramType{what: "anything", is: func(lua.LValue) bool { return true }}
	dataType     = anyType // checked when it is copied
	stringType   = luaType("a string", lua.LTString)
	tableType    = luaType("a table", lua.LTTable)
	functionType = luaType("a function", lua.LTFunction)
	durationType = paramType{what: `a duration: seconds, or "250ms", "5s", "2m", "1h"`, is: func(v lua.LValue) bool { _, ok := duration(v); return ok }}
	pduType      = userType[*pduValue]("a PDU")
	fromType     = userType[*fromValue]("a from handle")
	targetType   = paramType{what: "the name of a bind, or what esme.whereis returned", is: func(v lua.LValue) bool {
		return v.Type() == lua.LTString || userType[*refValue]("").is(v)
	}}
)

func optional(t paramType) paramType { t.optional = true; return t }

// duration reads seconds, or a text such as "250ms".
func duration(v lua.LValue) (time.Duration, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		if f := float64(v); f >= 0 && f < math.MaxInt64/1e9 {
			return time.Duration(f * float64(time.Second)), true
		}
	case lua.LString:
		if d, err := time.ParseDuration(string(v)); err == nil && d >= 0 {
			return d, true
		}
	}
	return 0, false
}

// call is one call of an API function.
type call struct {
	fn  *fn
	L   *lua.LState
	s   *vm.State
	gen *generation

	onTarget Target // the bind of the reference that the function was called on
}

// lua makes the Go function that the machine calls.
func (f fn) lua() lua.LGFunction {
	return func(L *lua.LState) int {
		s := vm.FromLua(L)
		c := call{fn: &f, L: L, s: s, gen: s.User().(*generation)}
		if !f.Pure && !c.gen.ready {
			c.raise("cannot be used while the script is loaded: use it in a callback or a task")
		}
		if f.Waits && !s.InTask() {
			c.raise("waits, and callbacks must not: use esme.spawn")
		}
		for i, p := range f.Params {
			v := L.Get(i + 1)
			if v == lua.LNil && p.Type.optional || p.Type.is(v) {
				continue
			}
			got := v.Type().String()
			if v == lua.LNil && i >= L.GetTop() {
				got = "missing"
			}
			c.raise("argument %d (%s) must be %s, is %s", i+1, p.Name, p.Type.what, got)
		}
		return f.Do(&c)
	}
}

// raise blames the script's line.
func (c *call) raise(format string, args ...any) {
	c.L.RaiseError("%s: %s", c.fn.Name, fmt.Sprintf(format, args...))
}

func (c *call) value(n int) lua.LValue { return c.L.Get(n) }
func (c *call) str(n int) string       { return lua.LVAsString(c.L.Get(n)) }
func (c *call) pdu(n int) *pduValue    { return c.L.Get(n).(*lua.LUserData).Value.(*pduValue) }

func (c *call) duration(n int, def time.Duration) time.Duration {
	if d, ok := duration(c.L.Get(n)); ok {
		return d
	}
	return def
}

// data copies an argument; what cannot be copied raises with its path.
func (c *call) data(n int) vm.Data {
	name := "value"
	if n <= len(c.fn.Params) {
		name = c.fn.Params[n-1].Name
	}
	d, err := vm.ToData(c.L.Get(n), name)
	if err != nil {
		c.raise("%v: only data can be sent", err)
	}
	return d
}

// ok returns true.
func (c *call) ok() int {
	c.L.Push(lua.LTrue)
	return 1
}

// fail returns nil and the error, or true when there is none.
func (c *call) fail(err error) int {
	if err == nil {
		return c.ok()
	}
	c.L.Push(lua.LNil)
	c.L.Push(errorValue(c.L, err))
	return 2
}

// push returns values.
func (c *call) push(vs ...lua.LValue) int {
	for _, v := range vs {
		c.L.Push(v)
	}
	return len(vs)
}

// options reads the table of options at n: each must be known, and of its type.
func (c *call) options(n int, known map[string]paramType) map[string]lua.LValue {
	found := map[string]lua.LValue{}
	t, ok := c.L.Get(n).(*lua.LTable)
	if !ok {
		return found
	}
	t.ForEach(func(k, v lua.LValue) {
		name := k.String()
		p, ok := known[name]
		if !ok {
			var names []string
			for k := range known {
				names = append(names, k)
			}
			c.raise("unknown option '%s'; %s", name, diag.DidYouMean(name, names))
		}
		if !p.is(v) {
			c.raise("option '%s' must be %s, is %s", name, p.what, v.Type())
		}
		found[name] = v
	})
	return found
}

// functions turns declarations of a module's functions into what the machine calls.
func functions(module string, fns ...fn) map[string]lua.LGFunction {
	m := map[string]lua.LGFunction{}
	for _, f := range fns {
		m[strings.TrimPrefix(f.Name, module+".")] = f.lua()
	}
	return m
}

// fieldNames are the names a command's constructor knows.
func fieldNames(cmd *pdu.Command) []string {
	names := []string{"command_status", "sequence_number", "tlvs"}
	for _, f := range cmd.Fields {
		names = append(names, f.Field.String())
	}
	for _, t := range pdu.Tags() {
		names = append(names, t.Name)
	}
	return names
}
