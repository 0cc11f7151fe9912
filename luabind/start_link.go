package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Link is a bind that a script starts at run time.
type Link struct {
	Parent  string  // the bind whose script starts it
	Host    string  // of the SMSC
	Port    int     //
	Script  string  // below the script root
	Args    vm.Data // for its init
	Options vm.Data // the keys of a bind in the configuration, as a *vm.Table; nil: none. name is the bind's name
}

// Starter is a [Directory] that can start binds. StartLink registers the bind and returns its name; it
// must not wait for anything, for a callback may wait for it. Its errors are *esme.Error: invalid (the options or
// the script are wrong, the message says how), exists, limit, stopped.
type Starter interface {
	StartLink(l Link) (name string, err error)
}

// CodeInvalid is the code of what was given wrong by a script as data.
const CodeInvalid = "invalid"

var startLink = fn{
	Name: "start_link",
	Params: []param{
		{"host", stringType, "of the SMSC"}, {"port", integerType, "of the SMSC"}, {"script", stringType, "below the script root"},
		{"args", dataType, "for its init"},
		{"options", optional(tableType), "the keys of a bind in the configuration (system_id, password, mode, window, ...), and name"},
	},
	Returns: []param{{"bind", optional(refType), "a reference to the new bind"}, fails("not_allowed, invalid, exists, limit, stopped")},
	Doc: "Starts a bind at run time. It needs `allow: {start_binds: true}`, may not be given more than its parent has (allow, limits), and is " +
		"reached by its parent without further permission. It goes on when its parent ends, stops or restarts; it ends by bind:stop(), with the host, " +
		"and when the configuration takes out its parent, or something of what the parent may and it was given.",
	Example: `local bind = assert(esme.start_link("127.0.0.1", 2775, "echo.lua", { greeting = "> " }, { name = "echo-2", system_id = "echo", password = "secret" }))`,
	Do: func(c *call) int {
		b := c.gen.bind
		starter, ok := b.opts.Directory.(Starter)
		switch {
		case !b.opts.Allow.StartBinds:
			return c.fail(codeError(CodeNotAllowed, "%s may not start binds (option allow.start_binds)", b.opts.Name))
		case !ok:
			return c.fail(codeError(CodeNotAllowed, "there is no host here that could start a bind"))
		}
		port := int(c.num(2))
		if port < 1 || port > 65535 {
			c.raise("argument 2 (port) must be 1 to 65535, is %d", port)
		}
		l := Link{Parent: b.opts.Name, Host: c.str(1), Port: port, Script: c.str(3), Args: c.data(4)}
		if c.value(5) != lua.LNil {
			l.Options = c.data(5)
		}
		name, err := starter.StartLink(l)
		if err != nil {
			return c.fail(err)
		}
		b.started(name)
		return c.push((&refValue{name}).Into(c.L))
	},
}
