package luabind

import (
	"context"
	"errors"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// taskCosts is what a task costs, in instructions: its thread is most of it.
const taskCosts = 500

// defaultTimeout is how long esme.call and esme.request wait unless told.
const defaultTimeout = 5 * time.Second

var (
	timeoutParam = param{"timeout", optional(durationType), "how long to wait; 5 s"}
	sendOptions  = param{"opts", optional(options(param{"wait", optional(durationType), "in a task: wait so long for room in the queue"})), "how to send"}
)

// remote are the functions that work on the own bind or, as methods of a reference, on another.
var remote = []fn{
	{Name: "send_pdu", Params: []param{{"pdu", pduOrTable, "the PDU, or a table of its fields with its command: {command = \"submit_sm\", ...}"}, sendOptions}, Returns: accepted("queue_full, stopped, invalid_pdu"),
		Doc: "Accepts the PDU for sending. What becomes of it is told to handle_send_pdu_result, and of a request to handle_resp, " +
			"handle_resp_timeout or handle_stop. Sequence numbers are given by the session.",
		Example: `assert(esme.send_pdu(pdu.submit_sm { source_addr = "12345", destination_addr = "491700000001", short_message = "hi" }))`,
		Do:      func(c *call) int { return c.sendPDU(c.self(), 1) }},
	{Name: "stop", Params: []param{{"reason", optional(stringType), "the detail of the stop reason"}}, Returns: accepted("stopped"),
		Doc:     "Ends the session in order: what is in flight gets unbind_limit, then unbind, then close. The restart policy decides what follows.",
		Example: `esme.stop("maintenance")`,
		Do:      func(c *call) int { return c.fail(c.self().Stop(diag.Shortened(c.str(1), maxErrorText))) }},
	{Name: "request", Where: inTask, Params: []param{{"pdu", pduOrTable, "a request"}, timeoutParam},
		Returns: []param{{"resp", optional(pduType), "the response; its status may be an error's"}, fails("timeout, stopped, queue_full, invalid_pdu; err.written says whether the peer may have it")},
		Doc:     "Sends the PDU and waits for its response. Nothing of it is told to the callbacks.",
		Example: `local resp = assert(esme.request(pdu.submit_sm { destination_addr = "491700000001", short_message = "hi" }, "10s"))
log.info("accepted", { id = resp.message_id })`,
		Do: func(c *call) int { return c.request(c.self(), 1) }},
	{Name: "status", Returns: []param{{"status", statusType, "what the bind is doing"}},
		Doc:     "Tells the bind's name, its state (connecting, binding, bound, stopping, stopped), how much is in flight and queued, and counters.",
		Example: `assert(esme.status().in_flight <= esme.status().window)`,
		Do:      func(c *call) int { return c.push(vm.FromData(c.L, c.self().Status())) }},
	{Name: "with_session", Params: []param{{"fn", sessionFn, "is called with the session"}}, Returns: []param{{"...", anyType, "what fn returns; nil and an error, stopped, when the bind has no session"}},
		Doc: "Calls fn(session) with a look at the live session: all that status has, and session:send_raw(octets). The session is good until fn returns.",
		Example: `local peer = esme.with_session(function(session) return session.peer end)
assert(peer)`,
		Do: func(c *call) int { return c.withSession(c.self(), 1) }},
}

var targetParam = param{"target", targetType, "which bind; esme.name is the own one"}

// addressed are the functions whose first argument says which bind; a reference has them as methods.
var addressed = []fn{
	{Name: "call", Where: inTask, Params: []param{targetParam, {"request", dataType, "for its handle_call"}, timeoutParam},
		Returns: []param{{"reply", anyType, "what handle_call replied"}, fails("timeout, stopped, queue_full, not_allowed, not_found, script_error")},
		Doc:     "Asks a bind and waits for the reply of its handle_call.",
		Example: `local reply = assert(esme.call("other", { question = "how many?" }, "2s"))`,
		Do: func(c *call) int {
			return c.on(func(t Target) int {
				var d vm.Data
				var err error
				request := c.data(2)
				c.wait(c.duration(3, defaultTimeout), func(ctx context.Context) { d, err = t.Call(ctx, request) })
				if err != nil {
					return c.fail(err)
				}
				return c.push(vm.GiveData(c.L, d))
			})
		}},
	{Name: "cast", Params: []param{targetParam, {"request", dataType, "for its handle_cast"}}, Returns: accepted("queue_full, stopped, not_allowed, not_found"),
		Doc:     "Tells a bind: the request is copied into its handle_cast.",
		Example: `assert(esme.cast("other", { event = "route_changed" }))`,
		Do:      func(c *call) int { return c.on(func(t Target) int { return c.fail(t.Cast(c.data(2))) }) }},
	{Name: "send", Params: []param{targetParam, {"message", dataType, "for its handle_info"}}, Returns: accepted("queue_full, stopped, not_allowed, not_found"),
		Doc:     "Sends a bind a message: it is copied into its handle_info. A task tells its own bind by esme.send(esme.name, ...).",
		Example: `assert(esme.send(esme.name, { event = "tick" }))`,
		Do:      func(c *call) int { return c.on(func(t Target) int { return c.fail(t.Info(c.data(2))) }) }},
}

// own are the functions of the own bind alone.
var own = []fn{
	{Name: "reply", Params: []param{{"pdu", pduType, "a request of the peer"}, {"reply_pdu", pduOrTable, "its response, or a generic_nack"}},
		Returns: accepted("answered, stopped, invalid_pdu"),
		Doc:     "Answers a request of the peer, now or later; the sequence number is set. A second answer is refused: answered.",
		Example: `assert(esme.reply(p, pdu.deliver_sm_resp { command_status = "ESME_RX_P_APPN" }))`, Do: esmeReply},
	{Name: "defer", Params: []param{{"pdu", pduType, "a request of the peer"}, {"limit", optional(durationType), "10 s"}}, Returns: accepted("answered, stopped, queue_full, invalid_pdu"),
		Doc: "Promises the answer to a request for later, from a task or another callback. None within the limit is answered ESME_RX_T_APPN. " +
			"At most 10,000 wait (limits.mailbox): queue_full; one of a former session is invalid_pdu.",
		Example: `assert(esme.defer(p, "30s"))
assert(esme.spawn(function()
  esme.sleep("1ms")
  assert(esme.reply(p, p:response()))
end))`,
		Do: func(c *call) int {
			p := c.received(1)
			return c.fail(p.session.deferred(p.in, c.duration(2, 0)))
		}},
	{Name: "send_after", Where: changing, Params: []param{{"delay", durationType, "from now"}, {"message", dataType, "for handle_info"}}, Returns: accepted("queue_full, stopped"),
		Doc:     "Sends the bind a message later, unless its session ends before. A reload in between does not matter. At most 10,000 are on their way (limits.timers).",
		Example: `assert(esme.send_after("5s", { event = "retry", pdu = p }))`,
		Do: func(c *call) int {
			h, delay, message := c.gen.handler, c.duration(1, 0), c.data(2)
			return c.fail(c.gen.arm(esme.CodeQueueFull, message, func(octets int64) { h.delay(delay, message, octets) }))
		}},
	{Name: "whereis", Params: []param{{"name", stringType, "of a bind"}},
		Returns: []param{{"bind", optional(refType), "a reference, which stays good when the bind restarts"}, fails("not_found, not_allowed")},
		Doc:     "Finds another bind. The bind must be allowed: `allow: {binds: [names or patterns]}`.",
		Example: `local other = assert(esme.whereis("other"))
assert(other:cast({ event = "hello" }))`,
		Do: func(c *call) int {
			if _, err := c.target(c.value(1)); err != nil {
				return c.fail(err)
			}
			return c.push((&refValue{c.str(1)}).Into(c.L))
		}},
	{Name: "spawn", Params: []param{{"fn", functionType, "is called with the other arguments"}, {"...", anyType, "arguments"}}, Returns: accepted("limit"),
		Doc: "Runs fn(...) as a task, which may wait. It takes turns with the callbacks: nothing runs at the same time in a bind. " +
			"Errors and log lines tell its name: the function's, or the file and line where it begins.",
		Example: `assert(esme.spawn(function(to)
  esme.sleep("1ms")
  assert(esme.send_pdu(pdu.submit_sm { destination_addr = to }, { wait = "5s" }))
end, p.source_addr))`,
		Do: func(c *call) int {
			var args []lua.LValue
			for i := 2; i <= c.L.GetTop(); i++ {
				args = append(args, c.value(i))
			}
			fn := c.value(1).(*lua.LFunction)
			c.charge(taskCosts)
			if err := c.s.Go(vm.TaskName(c.L, fn), fn, args...); err != nil {
				return c.fail(codeError("limit", "%v", err))
			}
			return c.ok()
		}},
	{Name: "sleep", Where: inTask, Params: []param{{"delay", durationType, "how long"}},
		Doc:     "Waits. The bind's callbacks and other tasks run meanwhile.",
		Example: `esme.sleep("1ms")`,
		Do: func(c *call) int {
			c.wait(c.duration(1, 0), func(ctx context.Context) { <-ctx.Done() })
			return 0
		}},
	startLink,
}

var esmeModule = module{
	Name: "esme",
	Doc: "The bind: what it sends, answers, asks and tells. Functions that send return at once; what becomes of a PDU is told to the " +
		"callbacks. What can fail in operation returns nil and an error with code, message and retryable.",
	Fns: slices.Concat(remote, own, addressed),
	Values: []value{
		{Name: "name", Type: stringType, Doc: "The name of the bind.", Of: func(g *generation, _ *lua.LState) lua.LValue { return lua.LString(g.bind.opts.Name) }},
		{Name: "generation", Type: integerType, Doc: "Counts the versions of the script that the bind has run, from 1.",
			Of: func(g *generation, _ *lua.LState) lua.LValue { return lua.LNumber(g.number) }},
		{Name: "args", Type: anyType, Doc: "A copy of the bind's args in the configuration; see also the module config.",
			Of: func(g *generation, L *lua.LState) lua.LValue { return vm.GiveData(L, g.bind.opts.Args) }},
	},
	Kinds: []*kind{&refKind, &fromKind, &sessionKind, &statusKind, &reasonKind, &errorKind},
}

// self is the bind that a function works on: the own one, unless it was called on a reference.
func (c *call) self() Target {
	if c.onTarget != nil {
		return c.onTarget
	}
	return c.gen.bind.Target()
}

// target finds the bind that a name or a reference means, if the script may reach it.
func (c *call) target(v lua.LValue) (Target, error) {
	name := v.String()
	if u, ok := v.(*lua.LUserData); ok {
		name = u.Value.(*refValue).name
	}
	b := c.gen.bind
	switch {
	case name == b.opts.Name:
		return b.Target(), nil
	case !b.mayReach(name):
		return nil, codeError(CodeNotAllowed, "%s may not reach the bind %s (option allow.binds)", b.opts.Name, name)
	case b.opts.Directory != nil:
		if t, ok := b.opts.Directory.Whereis(name); ok {
			return t, nil
		}
	}
	return nil, codeError("not_found", "there is no bind %s", name)
}

// on calls do with the target that is the first argument.
func (c *call) on(do func(t Target) int) int {
	t, err := c.target(c.value(1))
	if err != nil {
		return c.fail(err)
	}
	return do(t)
}

// wait lets the task wait, for at most limit.
func (c *call) wait(limit time.Duration, do func(ctx context.Context)) {
	c.s.Wait(c.L, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		do(ctx)
	})
}

func (c *call) sendPDU(t Target, n int) int {
	p := c.pduOf(n)
	c.charge(p.Len() / 32)
	if p.in != nil && p.IsResponse() { // made by p:response
		return c.fail(p.session.reply(p.in, p.PDU))
	}
	limit := c.option(n+1, "wait")
	if limit == lua.LNil {
		return c.fail(t.Send(p.PDU))
	}
	if !c.s.InTask() {
		c.raise("the option wait waits, and callbacks must not: use esme.spawn")
	}
	d, _ := duration(limit)
	var err error
	c.wait(d, func(ctx context.Context) { err = t.SendWait(ctx, p.PDU) })
	return c.fail(err)
}

func (c *call) request(t Target, n int) int {
	p := c.pduOf(n)
	c.charge(p.Len() / 32)
	if _, ok := p.CommandID().Response(); !ok {
		c.raise("%s has no response to wait for", p.CommandID())
	}
	resp := &pduValue{}
	var err error
	heard := false
	h := c.gen.handler
	defer func() {
		if !heard {
			h.unheard(p.PDU, resp.PDU, err)
		}
	}()
	own, ok := t.(target)
	limit := c.duration(n+1, defaultTimeout)
	c.s.Ask(c.L, ok && own.bind == c.gen.bind, func(ctx context.Context) bool {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		resp.PDU, err = t.Request(ctx, p.PDU)
		return !errors.Is(err, esme.ErrCallerGone)
	})
	heard = true
	if err != nil {
		return c.fail(err)
	}
	return c.push(newPDU(resp))
}

// received is a PDU argument that must be a request which the peer sent.
func (c *call) received(n int) *pduValue {
	p := c.pdu(n)
	if p.in == nil || p.IsResponse() {
		c.raise("argument %d must be a request that the peer sent, is %s", n, p.CommandID())
	}
	return p
}

func esmeReply(c *call) int {
	p, reply := c.received(1), c.pduOf(2)
	want, ok := p.CommandID().Response()
	if got := reply.CommandID(); !ok || got != want && got.String() != "generic_nack" {
		c.raise("%s is no answer to %s", reply.CommandID(), p.CommandID())
	}
	c.charge(reply.Len() / 32)
	return c.fail(p.session.reply(p.in, reply.PDU))
}
