package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// refValue is a reference to a bind, by name: it stays good when the bind restarts.
type refValue struct{ name string }

// Into gives the reference's value in another state.
func (r *refValue) Into(*lua.LState) lua.LValue { return vm.NewUserData(r, refMeta) }

// Size is that of the name.
func (r *refValue) Size() int { return 16 + len(r.name) }

// String is the name.
func (r *refValue) String() string { return r.name }

var (
	refType = userType[*refValue]("a reference to a bind", "Bind")
	refKind = kind{Name: "Bind", Var: "bind",
		Doc:     "A reference to a bind, by name. It may be sent to others and kept in the state; it stays good when the bind restarts.",
		Fields:  []value{{Name: "name", Type: stringType, Doc: "The name of the bind."}},
		Methods: refMethods(),
	}
	refMeta *lua.LTable
)

func init() {
	refMeta = refKind.objects(refType, func(u *lua.LUserData, name string) lua.LValue {
		if name == "name" {
			return lua.LString(u.Value.(*refValue).name)
		}
		return nil
	})
}

// refMethods are the functions of esme that work on any bind, as methods of a reference.
func refMethods() []fn {
	var all []fn
	for _, f := range remote {
		do, sends := f.Do, f.Name == "send_pdu" || f.Name == "request"
		f.Doc = "esme." + f.Name + " of that bind. " + f.Doc
		f.Example = refExamples[f.Name]
		f.Do = func(c *call) int {
			t, err := c.target(c.value(1))
			if err != nil {
				if sends {
					err = unsent(err)
				}
				return c.fail(err)
			}
			c.onTarget = t
			c.L.Remove(1) // the function's own arguments start after the reference
			return do(c)
		}
		all = append(all, f)
	}
	for _, f := range addressed {
		f.Params = f.Params[1:]
		f.Doc = "esme." + f.Name + " to that bind. " + f.Doc
		f.Example = refExamples[f.Name]
		all = append(all, f)
	}
	return append(all, fn{
		Name: "send_after", Params: []param{{"delay", durationType, "from now"}, {"message", dataType, "for its handle_info"}}, Returns: accepted("queue_full, stopped, not_allowed, not_found"),
		Doc: "Sends that bind a message later, unless its session ends before.", Example: refExamples["send_after"],
		Do: func(c *call) int {
			return c.on(func(t Target) int { return c.fail(t.InfoAfter(c.duration(2, 0), c.data(3))) })
		},
	})
}

var refExamples = map[string]string{
	"send_pdu": `local bind = assert(esme.whereis("other"))
assert(bind:send_pdu(pdu.submit_sm { destination_addr = "491700000001", short_message = "by the other way" }))`,
	"stop": `assert(esme.whereis("other"):stop("not needed any more"))`,
	"request": `local resp = assert(esme.whereis("other"):request(pdu.submit_sm { destination_addr = "491700000001" }, "10s"))
assert(resp.status == "ESME_ROK")`,
	"status":       `assert(esme.whereis("other"):status().state == "bound")`,
	"with_session": `local window = esme.whereis("other"):with_session(function(session) return session.window end)`,
	"call":         `local reply = assert(esme.whereis("other"):call({ question = "how many?" }))`,
	"cast":         `assert(esme.whereis("other"):cast({ event = "route_changed" }))`,
	"send":         `assert(esme.whereis("other"):send({ event = "hello", from = esme.name }))`,
	"send_after":   `assert(esme.whereis("other"):send_after("5s", { event = "later" }))`,
}
