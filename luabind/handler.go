package luabind

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// Handler forwards the events of one session to the script. It implements esme.Handler.
type Handler struct {
	bind   *Bind
	number int // of the session
	log    *slog.Logger
	s      *esme.Session

	mu        sync.Mutex // guards what tasks, timers and reloads touch too
	gen       *generation
	timers    map[*time.Timer]struct{}
	repeating map[*repeating]struct{}
	errors    []time.Time                 // of the latest script errors
	old       map[*generation]*time.Timer // replaced, and with tasks that may go on for a while
	over      bool

	repeats  repeats
	stopping bool // handle_stop runs, or ran
	done     chan struct{}
}

var _ esme.Handler = (*Handler)(nil)

// generation returns the code that runs now.
func (h *Handler) generation() *generation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gen
}

// do runs fn between two events; an error says that there is no session to do it in.
func (h *Handler) do(fn func()) error {
	h.mu.Lock()
	s, over := h.s, h.over
	h.mu.Unlock()
	if s == nil || over {
		return errors.New("no session")
	}
	return s.Do(fn)
}

// ended is closed when the session has had its last callback.
func (h *Handler) ended() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done == nil {
		h.done = make(chan struct{})
		if h.over {
			close(h.done)
		}
	}
	return h.done
}

func (h *Handler) logger(g *generation, callback string) *slog.Logger {
	l := h.log.With("script", g.prog.Main, "generation", g.number)
	if callback != "" {
		l = l.With("callback", callback)
	}
	return l
}

// turn takes the turn of a callback: the lock of g, or of the one that replaces it where g broke in a task.
func (h *Handler) turn(g *generation) *generation {
	for {
		g.vm.Lock()
		cause := g.vm.Broken()
		if cause == nil {
			return g
		}
		g.vm.Unlock()
		err := h.replace(g, cause)
		next := h.generation()
		if err != nil || next == g {
			g.vm.Lock()
			return g // a call will say what is the matter
		}
		g = next
	}
}

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

// failed does what a script error asks for: it is logged and counted, and ends the bind when there are too
// many, when the policy says so, or when the state cannot be used any more.
func (h *Handler) failed(g *generation, where string, err *vm.Error) {
	h.bind.failed(err.Error())
	attrs := []any{"error", err.Error()}
	if err.Traceback != "" {
		attrs = append(attrs, "traceback", err.Traceback)
	}
	h.repeats.log(h.logger(g, where), where, err.Error(), attrs...)
	reason := esme.Reason{Kind: esme.KindScriptError, Detail: err.Error()}
	switch err.Kind {
	case vm.Budget, vm.Time, vm.Memory:
		reason.Kind = esme.KindScriptBudget
	}
	over := h.tooMany(time.Now()) || h.bind.opts.Crash
	if over && h.bind.goesBack(g, reason.String()) && !h.bind.opts.Crash {
		over = false // better code is on its way
	}
	switch {
	case over:
		h.s.Abort(reason)
	case g.broken():
		if e := h.replace(g, err); e != nil {
			h.logger(g, "").Error("the script cannot go on", "error", e.Error())
			h.s.Abort(reason)
		}
	}
}

func (g *generation) broken() bool {
	g.vm.Lock()
	defer g.vm.Unlock()
	return g.vm.Broken() != nil
}

// replace rebuilds a broken state, where it is still the one that runs and anything is to follow.
func (h *Handler) replace(g *generation, err *vm.Error) error {
	h.mu.Lock()
	needed := h.gen == g && !h.over && !h.stopping
	h.mu.Unlock()
	if !needed {
		return nil
	}
	return h.rebuild(g, err)
}

// tooMany counts an error and reports whether there were more than error_intensity allows.
func (h *Handler) tooMany(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.errors[:0]
	for _, t := range h.errors {
		if now.Sub(t) < h.bind.opts.ErrorsIn {
			kept = append(kept, t)
		}
	}
	h.errors = append(kept, now)
	return len(h.errors) > h.bind.opts.Errors
}

func (h *Handler) taskFailed(g *generation, task string, err *vm.Error) {
	h.mu.Lock()
	over := h.over
	h.mu.Unlock()
	if !over { // on the owner, who may have to put another state in the place of this one
		if h.s.Do(func() { h.failed(g, task, err) }) != nil {
			h.failed(g, task, err)
		}
	}
}

// Init makes the session's Lua state and calls init(args).
func (h *Handler) Init(s *esme.Session) error {
	g, err := h.newest(s)
	if err != nil {
		return err
	}
	if err := h.runInit(g); err != nil {
		h.end(g)
		return err
	}
	return nil
}

// newest makes the generation that the session starts with. A reload that comes meanwhile is not missed:
// either it sees the session and swaps, or its program is the one that is taken here.
func (h *Handler) newest(s *esme.Session) (*generation, error) {
	b := h.bind
	for {
		b.mu.Lock()
		prog, number := b.prog, b.generation
		b.mu.Unlock()
		g, err := newGeneration(b, h, number, prog)
		if err != nil {
			b.failed(err.Error())
			h.log.Error("the script cannot be loaded", "script", prog.Main, "generation", number, "error", err.Error())
			return nil, err
		}
		b.mu.Lock()
		current := b.prog == prog
		if current {
			h.mu.Lock()
			h.s, h.gen = s, g
			h.mu.Unlock()
		}
		b.mu.Unlock()
		if current {
			return g, nil
		}
		g.vm.Close()
	}
}

// live reports whether the session has its script and has not had its last callback.
func (h *Handler) live() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.s != nil && !h.over
}

func (h *Handler) runInit(g *generation) error {
	g.vm.Lock()
	defer g.vm.Unlock()
	args := vm.FromData(g.vm.L(), h.bind.opts.Args)
	if args == lua.LNil {
		args = g.vm.L().NewTable()
	}
	g.state = args
	if g.fns[cbInit] == nil {
		g.save()
		return nil
	}
	ret, err := g.vm.Init(g.fns[cbInit], 2, args)
	if err == nil && ret[0] == lua.LNil && ret[1] != lua.LNil {
		return &Refused{Reason: lua.LVAsString(ret[1])}
	}
	if err == nil {
		err = g.keep(cbInit, ret[0])
	}
	if err == nil {
		g.save()
		return nil
	}
	h.bind.failed(err.Error())
	h.logger(g, "init").Error("script error", "error", err.Error(), "traceback", err.Traceback)
	return err
}

// Refused is init's `return nil, reason`.
type Refused struct{ Reason string }

// Error says so.
func (r *Refused) Error() string { return "init refused: " + r.Reason }

// ExitReason is what the restart policy goes by.
func (r *Refused) ExitReason() string { return r.Reason }

// HandlePDU calls handle_pdu(pdu, state).
func (h *Handler) HandlePDU(in *esme.Inbound) error {
	g := h.generation()
	if g.fns[cbHandlePDU] == nil {
		return nil
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandlePDU], 1, ownPDU(in.PDU, in, h.s, h.bind.opts.DataCoding0.In), g.state)
	if err := g.settle(cbHandlePDU, 0, ret, err); err != nil {
		return err
	}
	return nil
}

// HandleResp calls handle_resp(pdu, original_pdu, state).
func (h *Handler) HandleResp(resp, original *pdu.PDU) {
	g := h.generation()
	if g.fns[cbHandleResp] == nil {
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleResp], 1, ownPDU(resp, nil, nil, pdu.GSM), wrapPDU(original), g.state)
	g.settle(cbHandleResp, 0, ret, err)
}

// HandleRespTimeout calls handle_resp_timeout(pdu, state).
func (h *Handler) HandleRespTimeout(original *pdu.PDU) {
	g := h.generation()
	if g.fns[cbHandleRespTimeout] == nil {
		h.logger(g, "").Warn("no response in time", "pdu", original.String())
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleRespTimeout], 1, wrapPDU(original), g.state)
	g.settle(cbHandleRespTimeout, 0, ret, err)
}

// HandleSendPDUResult calls handle_send_pdu_result(pdu, err, state).
func (h *Handler) HandleSendPDUResult(p *pdu.PDU, err error) {
	g := h.generation()
	if g.fns[cbHandleSendPDUResult] == nil {
		if err != nil {
			h.logger(g, "").Warn("PDU not sent", "pdu", p.String(), "error", err.Error())
		}
		return
	}
	g = h.turn(g)
	ret, failed := g.vm.Call(g.fns[cbHandleSendPDUResult], 1, wrapPDU(p), errorValue(g.vm.L(), err), g.state)
	g.settle(cbHandleSendPDUResult, 0, ret, failed)
}

// HandleUnparsedPDU calls handle_unparsed_pdu(raw, err, state).
func (h *Handler) HandleUnparsedPDU(raw []byte, err error) {
	g := h.generation()
	if g.fns[cbHandleUnparsedPDU] == nil {
		h.logger(g, "").Warn("a PDU cannot be decoded", "error", err.Error(), "octets", len(raw))
		return
	}
	g = h.turn(g)
	ret, failed := g.vm.Call(g.fns[cbHandleUnparsedPDU], 1, lua.LString(raw), errorValue(g.vm.L(), err), g.state)
	g.settle(cbHandleUnparsedPDU, 0, ret, failed)
}

// HandleCast calls handle_cast(request, state).
func (h *Handler) HandleCast(request any) { h.message(cbHandleCast, request) }

// HandleInfo calls handle_info(message, state).
func (h *Handler) HandleInfo(message any) {
	if b, ok := message.(esme.Bound); ok {
		h.bind.bound()
		h.log.Info("bound", "mode", b.Mode.String(), "peer", b.Peer)
		message = &vm.Table{Hash: map[vm.Data]vm.Data{"event": "bound", "mode": b.Mode.String(), "peer": b.Peer, "session": float64(h.number)}}
	}
	h.message(cbHandleInfo, message)
}

func (h *Handler) message(cb callback, data vm.Data) {
	g := h.generation()
	if g.fns[cb] == nil {
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cb], 1, vm.FromData(g.vm.L(), data), g.state)
	g.settle(cb, 0, ret, err)
}

// HandleCall calls handle_call(request, from, state), which returns "reply", value, state or "noreply", state.
func (h *Handler) HandleCall(request any, from *esme.From) {
	g := h.generation()
	if g.fns[cbHandleCall] == nil {
		from.Reply("ok")
		return
	}
	g = h.turn(g)
	ret, err := g.vm.Call(g.fns[cbHandleCall], 3, vm.FromData(g.vm.L(), request), newFrom(from), g.state)
	if err == nil {
		err = g.answer(ret, from)
	}
	g.vm.Unlock()
	if err != nil {
		from.Fail(codeError("script_error", "%s", err.Error()))
		h.failed(g, cbHandleCall.String(), err)
	}
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

// HandleStop calls handle_stop(reason, lost_pdus, state), or handle_lost_pdus where the script is what died.
func (h *Handler) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	g := h.generation()
	defer h.end(g)
	exit := "normal"
	l := h.logger(g, "")
	l.Info("session ended", "reason", reason.String(), "lost", len(lost))
	switch {
	case reason.Crashed():
		h.lost(g, reason, lost)
		return reason.String()
	case g.fns[cbHandleStop] == nil:
		for _, p := range lost {
			l.Warn("request lost: sent, and no response", "pdu", p.String())
		}
		return exit
	}
	h.mu.Lock()
	h.stopping = true
	h.mu.Unlock()
	g = h.turn(g)
	L := g.vm.L()
	ret, err := g.vm.Call(g.fns[cbHandleStop], 2, reasonValue(L, reason), pduList(L, lost), g.state)
	if err == nil {
		switch v := ret[0].(type) {
		case *lua.LNilType:
		case lua.LString:
			exit = string(v)
		default:
			err = g.nonsense(cbHandleStop, "as the exit reason, which must be a string: "+shown(v))
		}
	}
	err = g.settle(cbHandleStop, 1, ret, err)
	if err != nil {
		h.lost(g, reason, lost)
		return err.Error()
	}
	return exit
}

// lost calls handle_lost_pdus(name, reason, pdus) in a fresh state.
func (h *Handler) lost(old *generation, reason esme.Reason, lost []*pdu.PDU) {
	if len(lost) == 0 {
		return
	}
	g, err := newGeneration(h.bind, h, old.number, old.prog)
	if err != nil || g.fns[cbHandleLostPDUs] == nil {
		for _, p := range lost {
			h.logger(old, "").Warn("request lost: sent, and no response", "pdu", p.String())
		}
		return
	}
	defer g.vm.Close()
	g.vm.Lock()
	L := g.vm.L()
	_, e := g.vm.Call(g.fns[cbHandleLostPDUs], 0, lua.LString(h.bind.opts.Name), reasonValue(L, reason), pduList(L, lost))
	g.vm.Unlock()
	if e != nil {
		h.bind.failed(e.Error())
		h.logger(g, cbHandleLostPDUs.String()).Error("script error", "error", e.Error(), "traceback", e.Traceback)
	}
}

// end releases what the session had: its tasks and timers.
func (h *Handler) end(g *generation) {
	h.mu.Lock()
	repeating := slices.Collect(maps.Keys(h.repeating))
	defer func() {
		for _, r := range repeating { // without the lock: a timer takes its own before
			r.cancel()
		}
	}()
	defer h.mu.Unlock()
	h.over = true
	h.repeats.end()
	for t := range h.timers {
		t.Stop()
	}
	clear(h.timers)
	for g, t := range h.old {
		t.Stop()
		g.vm.Close()
	}
	clear(h.old)
	if h.done != nil {
		close(h.done)
	}
	g.vm.Close()
}
