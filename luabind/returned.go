package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// settle ends a callback, with the state's lock held: it keeps the state that the callback returned.
func (g *generation) settle(cb callback, state int, ret []lua.LValue, err *vm.Error) *vm.Error {
	if err == nil {
		err = g.keep(cb, ret[state])
	}
	g.vm.Unlock()
	if err != nil {
		g.handler.failed(g, cb.String(), err)
	}
	return err
}

// keep takes over the state that a callback returned. nil keeps the old one.
func (g *generation) keep(cb callback, v lua.LValue) *vm.Error {
	switch v.(type) {
	case *lua.LNilType:
		return nil
	case *lua.LTable, lua.LString, lua.LNumber, lua.LBool:
		g.state = v
		return nil
	}
	return g.nonsense(cb, fmt.Sprintf("as the state, which must be a table or another plain value: %s", shown(v)))
}

func (g *generation) nonsense(cb callback, what string) *vm.Error {
	e := &vm.Error{Kind: vm.Nonsense, File: g.prog.Main, Message: fmt.Sprintf("%s returned %s", cb, what)}
	if fn, ok := g.fns[cb].(*lua.LFunction); ok && fn.Proto != nil {
		e.File, e.Line = fn.Proto.SourceName, fn.Proto.LineDefined
	}
	return e
}

// shown is a value as an error message shows it.
func shown(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return fmt.Sprintf("%.40q", string(s))
	}
	if v.Type() == lua.LTTable || v.Type() == lua.LTFunction || v.Type() == lua.LTUserData {
		return "a " + v.Type().String()
	}
	return v.String()
}

func (g *generation) answer(ret []lua.LValue, from *esme.From) *vm.Error {
	switch ret[0] {
	case lua.LString("noreply"):
		return g.keep(cbHandleCall, ret[1])
	case lua.LString("reply"):
		value, err := vm.ToData(ret[1], "reply")
		if err != nil {
			return g.nonsense(cbHandleCall, "what cannot be sent: "+err.Error())
		}
		if err := g.keep(cbHandleCall, ret[2]); err != nil {
			return err
		}
		from.Reply(value)
		return nil
	}
	return g.nonsense(cbHandleCall, fmt.Sprintf("%s, must be \"reply\", value, state or \"noreply\", state", shown(ret[0])))
}
