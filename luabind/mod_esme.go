package luabind

import (
	"context"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// defaultTimeout is how long esme.call and esme.request wait unless told.
const defaultTimeout = 5 * time.Second

// maxTimers bounds the messages of send_after that are on their way.
const maxTimers = 10_000

var (
	timeoutParam = param{"timeout", optional(durationType)}
	waitOption   = map[string]paramType{"wait": durationType}
)

// remote are the functions that work on the own bind or, by name or reference, on another.
var remote = []fn{
	{Name: "send_pdu", Params: []param{{"pdu", pduType}, {"opts", optional(tableType)}},
		Returns: "true, or nil and an error (queue_full, stopped)",
		Doc: "Accepts the PDU for sending. What becomes of it is told to handle_send_pdu_result, and of a request to handle_resp, " +
			"handle_resp_timeout or handle_stop. In a task {wait = \"5s\"} waits for room in the queue.",
		Do: func(c *call) int { return c.sendPDU(c.self(), 1) }},
	{Name: "stop", Params: []param{{"reason", optional(stringType)}}, Returns: "true, or nil and an error",
		Doc: "Ends the session in order: what is in flight gets unbind_limit, then unbind, then close.",
		Do:  func(c *call) int { return c.fail(c.self().Stop(c.str(1))) }},
	{Name: "request", Waits: true, Params: []param{{"pdu", pduType}, timeoutParam},
		Returns: "the response, or nil and an error (timeout, stopped, queue_full, invalid_pdu; err.written says whether the peer may have it)",
		Do:      func(c *call) int { return c.request(c.self(), 1) }},
	{Name: "status", Returns: "a table: name, state, in_flight, queued, ...",
		Do: func(c *call) int { return c.push(vm.FromData(c.L, c.self().Status())) }},
}

// addressed are the functions whose first argument says which bind.
var addressed = []fn{
	{Name: "call", Waits: true, Params: []param{{"target", targetType}, {"request", dataType}, timeoutParam},
		Returns: "the reply, or nil and an error (timeout, stopped, not_allowed, not_found)",
		Do: func(c *call) int {
			return c.on(func(t Target) int {
				var d vm.Data
				var err error
				request := c.data(2)
				c.wait(c.duration(3, defaultTimeout), func(ctx context.Context) { d, err = t.Call(ctx, request) })
				if err != nil {
					return c.fail(err)
				}
				return c.push(vm.FromData(c.L, d))
			})
		}},
	{Name: "cast", Params: []param{{"target", targetType}, {"request", dataType}}, Returns: "true, or nil and an error",
		Do: func(c *call) int { return c.on(func(t Target) int { return c.fail(t.Cast(c.data(2))) }) }},
	{Name: "send", Params: []param{{"target", targetType}, {"message", dataType}}, Returns: "true, or nil and an error",
		Doc: "The message arrives in the other bind's handle_info. Its own name, esme.name, is a target too.",
		Do:  func(c *call) int { return c.on(func(t Target) int { return c.fail(t.Info(c.data(2))) }) }},
}

func esmeModule() vm.Module {
	own := []fn{
		{Name: "reply", Params: []param{{"pdu", pduType}, {"reply_pdu", pduType}},
			Returns: "true, or nil and an error (answered, stopped)",
			Doc:     "Answers a request of the peer, now or later; its sequence number is set.", Do: esmeReply},
		{Name: "defer", Params: []param{{"pdu", pduType}, {"limit", optional(durationType)}},
			Returns: "true, or nil and an error",
			Doc:     "Promises the answer within the limit (10 s): none by then is answered ESME_RX_T_APPN.",
			Do: func(c *call) int {
				p := c.received(1)
				return c.fail(p.session.Defer(p.in, c.duration(2, 0)))
			}},
		{Name: "send_after", Params: []param{{"delay", durationType}, {"message", dataType}},
			Returns: "true, or nil and an error", Doc: "The message arrives in handle_info, unless the session ends before.",
			Do: func(c *call) int { return c.fail(c.gen.handler.sendAfter(c.duration(1, 0), c.data(2))) }},
		{Name: "whereis", Params: []param{{"name", stringType}},
			Returns: "a reference with the methods send_pdu, request, stop, status, call, cast, send; nil if there is no such bind",
			Do: func(c *call) int {
				if _, err := c.target(c.value(1)); err != nil {
					return c.fail(err)
				}
				return c.push((&refValue{c.str(1)}).Into(c.L))
			}},
		{Name: "with_session", Params: []param{{"fn", functionType}}, Returns: "what fn(session) returns",
			Doc: "session: peer, mode, state, tls, window, in_flight, queued, counters, and session:send_raw(octets). It is good until fn returns.",
			Do:  esmeWithSession},
		{Name: "spawn", Params: []param{{"fn", functionType}}, Returns: "true, or nil and an error (limit)",
			Doc: "Runs fn(...) as a task, which may wait. It takes turns with the callbacks.",
			Do: func(c *call) int {
				var args []lua.LValue
				for i := 2; i <= c.L.GetTop(); i++ {
					args = append(args, c.value(i))
				}
				if err := c.s.Go("task", c.value(1).(*lua.LFunction), args...); err != nil {
					return c.fail(codeError("limit", "%v", err))
				}
				return c.ok()
			}},
		{Name: "sleep", Waits: true, Params: []param{{"delay", durationType}}, Returns: "nothing",
			Do: func(c *call) int {
				c.wait(c.duration(1, 0), func(ctx context.Context) { <-ctx.Done() })
				return 0
			}},
	}
	all := slices.Concat(own, remote, addressed)
	for i := range all {
		all[i].Name = "esme." + all[i].Name
	}
	return vm.Module{Name: "esme", Functions: functions("esme", all...), Dynamic: []string{"name", "generation", "args"},
		Get: func(s *vm.State, name string) lua.LValue {
			g := s.User().(*generation)
			switch name {
			case "name":
				return lua.LString(g.bind.opts.Name)
			case "generation":
				return lua.LNumber(g.number)
			case "args":
				return vm.FromData(s.L(), g.bind.opts.Args)
			}
			return nil
		}}
}

// refValue is a reference to a bind, by name: it stays good when the bind restarts.
type refValue struct{ name string }

// Into gives the reference's value in another state.
func (r *refValue) Into(*lua.LState) lua.LValue { return &lua.LUserData{Value: r, Metatable: refMeta} }

// String is the name.
func (r *refValue) String() string { return r.name }

var refMeta *lua.LTable

func init() {
	methods := map[string]*lua.LFunction{}
	refParam := param{"bind", targetType}
	for _, f := range remote {
		do := f.Do
		f.Name = "bind:" + f.Name
		f.Params = append([]param{refParam}, f.Params...)
		f.Do = func(c *call) int {
			return c.on(func(t Target) int {
				c.onTarget = t
				c.L.Remove(1) // the function's own arguments start after the reference
				return do(c)
			})
		}
		methods[f.Name[len("bind:"):]] = &lua.LFunction{IsG: true, GFunction: f.lua()}
	}
	for _, f := range addressed {
		name := f.Name
		f.Name = "bind:" + name
		methods[name] = &lua.LFunction{IsG: true, GFunction: f.lua()}
	}
	refMeta = newMeta("a reference to a bind", func(L *lua.LState) int {
		r, name := L.Get(1).(*lua.LUserData).Value.(*refValue), L.CheckString(2)
		switch m, ok := methods[name]; {
		case ok:
			L.Push(m)
		case name == "name":
			L.Push(lua.LString(r.name))
		default:
			var known []string
			for k := range methods {
				known = append(known, k)
			}
			L.RaiseError("a reference to a bind has no '%s'; %s", name, diag.DidYouMean(name, known))
		}
		return 1
	}, func(L *lua.LState) int {
		L.Push(lua.LString("bind " + L.Get(1).(*lua.LUserData).Value.(*refValue).name))
		return 1
	})
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
	p := c.pdu(n)
	if p.in != nil && p.IsResponse() { // made by p:response
		return c.fail(p.session.Reply(p.in, p.PDU))
	}
	opts := c.options(n+1, waitOption)
	limit, waits := opts["wait"]
	if !waits {
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
	p := c.pdu(n)
	if _, ok := p.CommandID().Response(); !ok {
		c.raise("%s has no response to wait for", p.CommandID())
	}
	resp := &pduValue{}
	var err error
	c.wait(c.duration(n+1, defaultTimeout), func(ctx context.Context) { resp.PDU, err = t.Request(ctx, p.PDU) })
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
	p, reply := c.received(1), c.pdu(2)
	want, ok := p.CommandID().Response()
	if got := reply.CommandID(); !ok || got != want && got.String() != "generic_nack" {
		c.raise("%s is no answer to %s", reply.CommandID(), p.CommandID())
	}
	return c.fail(p.session.Reply(p.in, reply.PDU))
}

// esmeWithSession calls fn with a look at the live session. The caller has its turn, so nothing else runs.
func esmeWithSession(c *call) int {
	t := vm.FromData(c.L, c.self().Status()).(*lua.LTable)
	live := true
	s := c.gen.handler.s
	t.RawSetString("tls", lua.LBool(s.TLS()))
	t.RawSetString("send_raw", c.L.NewFunction(func(L *lua.LState) int {
		octets := L.CheckString(2)
		if !live {
			L.RaiseError("session:send_raw: the session may be used inside with_session only")
		}
		if err := s.SendRaw([]byte(octets)); err != nil {
			L.Push(lua.LNil)
			L.Push(errorValue(L, err))
			return 2
		}
		L.Push(lua.LTrue)
		return 1
	}))
	c.L.SetTop(1)
	c.L.Push(t)
	defer func() { live = false }()
	c.L.Call(1, lua.MultRet)
	return c.L.GetTop()
}

// sendAfter sends the handler a message later. The generation that then runs gets it.
func (h *Handler) sendAfter(delay time.Duration, message vm.Data) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return codeError(esme.CodeStopped, "the session has ended")
	}
	if len(h.timers) >= maxTimers {
		return codeError(esme.CodeQueueFull, "%d messages of send_after are on their way already", maxTimers)
	}
	var t *time.Timer
	t = time.AfterFunc(delay, func() {
		h.mu.Lock()
		delete(h.timers, t)
		h.mu.Unlock()
		h.s.Do(func() { h.HandleInfo(message) })
	})
	h.timers[t] = struct{}{}
	return nil
}
