package luabind

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// call is one call of an API function. It is good until the function returns.
type call struct {
	fn  *fn
	L   *lua.LState
	s   *vm.State
	gen *generation

	onTarget Target // the bind of the reference that the function was called on
}

// lua makes the Go function that the machine calls.
func (f *fn) lua() lua.LGFunction {
	return func(L *lua.LState) int {
		s := vm.FromLua(L)
		g := s.User().(*generation)
		c := g.call()
		c.fn, c.L, c.s, c.gen = f, L, s, g
		c.check()
		n := f.Do(c)
		*c = call{}
		g.calls = append(g.calls, c) // after an error it is left to the collector
		return n
	}
}

// call gives a call that is not in use.
func (g *generation) call() *call {
	if n := len(g.calls); n > 0 {
		c := g.calls[n-1]
		g.calls = g.calls[:n-1]
		return c
	}
	return new(call)
}

// check raises what the declaration does not allow.
func (c *call) check() {
	f := c.fn
	if c.gen.changes && f.Where != anywhere && f.Where != changing {
		c.raise("cannot be used in code_change: nothing may happen before the new code is accepted")
	}
	if f.Where != anywhere && !c.gen.ready {
		c.raise("cannot be used while the script is loaded: use it in a callback or a task")
	}
	if f.Where == inTask && !c.s.InTask() {
		c.raise("waits, and callbacks must not: use esme.spawn")
	}
	first := 1
	if f.receiver != nil {
		if !f.receiver.is(c.L.Get(1)) {
			c.raise("must be called on %s, with a colon: %s(...)", f.receiver.what, f.full)
		}
		first = 2
	}
	top := c.L.GetTop()
	for i := range f.Params {
		p := &f.Params[i]
		if p.Name == "..." {
			for n := first + i; n <= top; n++ {
				c.argument(p, n, n-first+1)
			}
			return
		}
		c.argument(p, first+i, i+1)
	}
}

// argument checks the value at n, which is argument number shown.
func (c *call) argument(p *param, n, shown int) {
	v := c.L.Get(n)
	if v == lua.LNil && p.Type.optional {
		return
	}
	if !p.Type.is(v) {
		got := given(v)
		if v == lua.LNil && n > c.L.GetTop() {
			got = "missing"
		}
		c.raise("argument %d (%s) must be %s, is %s", shown, p.Name, p.Type.what, got)
	}
	if p.Type.keys != nil {
		c.keys(v.(*lua.LTable), &p.Type)
	}
}

// given is a value as an argument error shows it: what it is, and where that helps, which.
func given(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LNumber, lua.LBool:
		return v.Type().String() + " " + shown(v)
	case lua.LString:
		return "string " + shown(v)
	}
	return v.Type().String()
}

// keys checks a table of options: each must be known, and of its type, and what must be there is. A name that is
// misspelt is told before the one that is missing for it.
func (c *call) keys(t *lua.LTable, want *luaType) {
	if !want.open {
		c.known(t, want)
	}
	for i := range want.keys {
		k := &want.keys[i]
		v := t.RawGetString(k.Name)
		switch {
		case v == lua.LNil && !k.Type.optional:
			looked := 0
			t.ForEach(func(key, _ lua.LValue) {
				if looked++; looked > 64 { // a person's mistake is among as many
					return
				}
				if name, ok := key.(lua.LString); ok && len(name) <= 64 && diag.Near(string(name), []string{k.Name}) != "" {
					c.raise("unknown %s '%s'; did you mean '%s'?", want.word(), string(name), k.Name)
				}
			})
			c.raise("%s '%s' is missing: it must be %s", want.word(), k.Name, k.Type.what)
		case v != lua.LNil && !k.Type.is(v):
			c.raise("%s '%s' must be %s, is %s", want.word(), k.Name, k.Type.what, given(v))
		case v != lua.LNil && k.Type.keys != nil:
			c.keys(v.(*lua.LTable), &k.Type)
		}
	}
}

// known raises for the first key that is no option.
func (c *call) known(t *lua.LTable, want *luaType) {
	t.ForEach(func(k, _ lua.LValue) {
		name := k.String()
		for i := range want.keys {
			if want.keys[i].Name == name && k.Type() == lua.LTString {
				return
			}
		}
		var known []string
		for _, k := range want.keys {
			known = append(known, k.Name)
		}
		c.raise("unknown option '%.40s'; %s", name, didYouMean(name, known))
	})
}

func (t *luaType) word() string {
	if t.open {
		return "field"
	}
	return "option"
}

// raise blames the script's line. An argument that is named in full does not make the message as long as it is.
func (c *call) raise(format string, args ...any) {
	c.L.RaiseError("%s: %s", c.fn.full, diag.Shortened(fmt.Sprintf(format, args...), maxErrorText))
}

// maxErrorText is how long the message of an error is at most.
const maxErrorText = 1 << 10

func (c *call) value(n int) lua.LValue { return c.L.Get(n) }
func (c *call) str(n int) string       { return lua.LVAsString(c.L.Get(n)) }
func (c *call) num(n int) float64      { return float64(lua.LVAsNumber(c.L.Get(n))) }
func (c *call) pdu(n int) *pduValue    { return c.L.Get(n).(*lua.LUserData).Value.(*pduValue) }

// user is the host's value in the userdata at n.
func user[T any](c *call, n int) T { return c.L.Get(n).(*lua.LUserData).Value.(T) }

// option is a value of the table of options at n; nil if it is not given.
func (c *call) option(n int, name string) lua.LValue {
	if t, ok := c.L.Get(n).(*lua.LTable); ok {
		return t.RawGetString(name)
	}
	return lua.LNil
}

func (c *call) duration(n int, def time.Duration) time.Duration {
	if d, ok := duration(c.L.Get(n)); ok {
		return d
	}
	return def
}

// data copies an argument; what cannot be copied raises with its path.
func (c *call) data(n int) vm.Data {
	name := "value"
	i := n - 1
	if c.fn.receiver != nil {
		i--
	}
	if i >= 0 && i < len(c.fn.Params) {
		name = c.fn.Params[i].Name
	}
	d, err := vm.TakeData(c.L, c.L.Get(n), name)
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

// text returns a string.
func (c *call) text(s string) int {
	c.L.Push(lua.LString(s))
	return 1
}

// charge takes instructions for work done in Go: one for 32 octets copied or 16 looked at, one for a value made.
func (c *call) charge(n int) { vm.Charge(c.L, n) }

// large is to be called before n octets are made that the script may hold; it refuses a string longer than any
// may be.
func (c *call) large(n int) {
	if n > vm.MaxString {
		c.raise("the string would be longer than %d octets", vm.MaxString)
	}
	vm.ChargeMemory(c.L, n)
}
