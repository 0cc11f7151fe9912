package luabind

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// What scripts see of a session: tables of data, of which the one that with_session gives has a method.
var (
	statusType = tableNamed("a table", "Status")
	statusKind = kind{Name: "Status", Var: "status", Doc: "What a bind is doing: a table. Without a session it has name and state only.", Fields: []value{
		{Name: "name", Type: stringType, Doc: "The name of the bind."},
		{Name: "state", Type: stringType, Doc: "connecting, binding, bound, stopping or stopped."},
		{Name: "mode", Type: optional(stringType), Doc: "transmitter, receiver, transceiver or manual."},
		{Name: "peer", Type: optional(stringType), Doc: "The address of the SMSC."},
		{Name: "tls", Type: optional(booleanType), Doc: "Whether the connection is encrypted."},
		{Name: "window", Type: optional(integerType), Doc: "How many requests may be in flight."},
		{Name: "in_flight", Type: optional(integerType), Doc: "How many are: sent, and without a response."},
		{Name: "queued", Type: optional(integerType), Doc: "How many wait to be sent."},
		{Name: "session", Type: optional(integerType), Doc: "Counts the sessions of the bind, from 1."},
		{Name: "generation", Type: optional(integerType), Doc: "Counts the versions of the script that the bind has run, from 1."},
		{Name: "counters", Type: optional(luaType{what: "a table", editor: "table<string, integer>"}),
			Doc: "Of the session: sent, received, responses, timeouts, late (responses after the timeout) and lost."},
	}}

	sessionFn    = luaType{what: functionType.what, editor: "fun(session: Session): ...", is: functionType.is}
	sessionTable = luaType{what: "a session", editor: "Session", is: tableType.is}
	sessionKind  = kind{Name: "Session", Var: "session", Doc: "A look at the live session, as with_session gives it: a table with all fields of Status.",
		Fields: statusKind.Fields,
		Methods: []fn{{Name: "send_raw", Params: []param{{"octets", stringType, "as they are to go out"}}, Returns: accepted("stopped"),
			Doc: "Writes octets past all numbering and accounting, to try what a peer does with them. Inside of with_session only.",
			Example: `esme.with_session(function(session)
  assert(session:send_raw(hex.decode("00000010 00000015 00000000 00000063"))) -- an enquire_link
end)`, Do: sendRaw}}}
	sessionMethods map[string]*lua.LFunction

	// reasonKind is for the documentation: reasons are tables of data.
	reasonKind = kind{Name: "Reason", Var: "reason", Doc: "Why a session ended: a table; tostring(reason) reads well.", Fields: []value{
		{Name: "kind", Type: stringType, Doc: "custom, parse_error, socket_closed, socket_error, timers, bind_failed, unbound, shutdown, script_error or script_budget."},
		{Name: "detail", Type: stringType, Doc: "What more is known: the reason of esme.stop, a status, the timer."},
	}}
)

func init() { sessionMethods = sessionKind.methods(sessionTable) }

// withSession calls fn with a look at the live session. Of the own bind nothing else runs meanwhile.
func (c *call) withSession(t Target, n int) int {
	view, ok := vm.FromData(c.L, t.Status()).(*lua.LTable)
	if !ok || view.RawGetString("session") == lua.LNil {
		return c.fail(codeError(esme.CodeStopped, "the bind has no session"))
	}
	for name, m := range sessionMethods {
		view.RawSetString(name, m)
	}
	g := c.gen
	g.views = append(g.views, sessionView{view, t})
	defer func() {
		g.views = slices.DeleteFunc(g.views, func(v sessionView) bool { return v.table == view })
	}()
	c.L.SetTop(n)
	c.L.Push(view)
	c.L.Call(1, lua.MultRet)
	return c.L.GetTop() - n + 1
}

// sessionView is a session that a script looks at.
type sessionView struct {
	table  *lua.LTable
	target Target
}

func sendRaw(c *call) int {
	for _, v := range c.gen.views {
		if v.table == c.value(1) {
			vm.ChargeMemory(c.L, len(c.str(2)))
			return c.fail(v.target.SendRaw([]byte(c.str(2))))
		}
	}
	c.raise("the session may be used inside with_session only")
	return 0
}
