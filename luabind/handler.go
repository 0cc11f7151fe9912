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
	errors    []time.Time // of the latest script errors
	over      bool
	done      chan struct{}
}

var _ esme.Handler = (*Handler)(nil)

// oldTasks is how long tasks of replaced code may go on.
const oldTasks = 30 * time.Second

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

// call runs the callback with the arguments that build makes and the state, and keeps the state that it
// returns as its result number stateAt (from 0). use sees the results; it may refuse them.
func (h *Handler) call(g *generation, cb callback, stateAt int, build func(L *lua.LState) []lua.LValue, use func(ret []lua.LValue) *vm.Error) error {
	g.vm.Lock()
	args := append(build(g.vm.L()), g.state)
	ret, err := g.vm.Call(g.fns[cb], stateAt+1, args...)
	if err == nil && use != nil {
		err = use(ret)
	}
	if err == nil {
		err = g.keep(cb, ret[stateAt])
	}
	g.vm.Unlock()
	if err != nil {
		h.failed(g, cb.String(), err)
		return err
	}
	return nil
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
	l := h.logger(g, where)
	attrs := []any{"error", err.Error()}
	if err.Traceback != "" {
		attrs = append(attrs, "traceback", err.Traceback)
	}
	l.Error("script error", attrs...)
	reason := esme.Reason{Kind: esme.KindScriptError, Detail: err.Error()}
	if err.Kind == vm.Budget || err.Kind == vm.Time {
		reason.Kind = esme.KindScriptBudget
	}
	if h.bind.opts.Crash || err.Kind == vm.Panic || h.tooMany(time.Now()) {
		h.s.Abort(reason)
	}
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
	if !over {
		h.failed(g, task, err)
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
		return nil
	}
	ret, err := g.vm.Call(g.fns[cbInit], 2, args)
	if err == nil && ret[0] == lua.LNil && ret[1] != lua.LNil {
		return &Refused{Reason: lua.LVAsString(ret[1])}
	}
	if err == nil {
		err = g.keep(cbInit, ret[0])
	}
	if err == nil {
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
	return h.call(g, cbHandlePDU, 0, func(*lua.LState) []lua.LValue {
		return []lua.LValue{newPDU(&pduValue{PDU: in.PDU.Clone(), in: in, session: h.s})}
	}, nil)
}

// HandleResp calls handle_resp(pdu, original_pdu, state).
func (h *Handler) HandleResp(resp, original *pdu.PDU) {
	g := h.generation()
	if g.fns[cbHandleResp] == nil {
		return
	}
	h.call(g, cbHandleResp, 0, func(*lua.LState) []lua.LValue {
		return []lua.LValue{newPDU(&pduValue{PDU: resp.Clone()}), newPDU(&pduValue{PDU: original})}
	}, nil)
}

// HandleRespTimeout calls handle_resp_timeout(pdu, state).
func (h *Handler) HandleRespTimeout(original *pdu.PDU) {
	g := h.generation()
	if g.fns[cbHandleRespTimeout] == nil {
		h.logger(g, "").Warn("no response in time", "pdu", original.String())
		return
	}
	h.call(g, cbHandleRespTimeout, 0, func(*lua.LState) []lua.LValue {
		return []lua.LValue{newPDU(&pduValue{PDU: original})}
	}, nil)
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
	h.call(g, cbHandleSendPDUResult, 0, func(L *lua.LState) []lua.LValue {
		return []lua.LValue{newPDU(&pduValue{PDU: p}), errorValue(L, err)}
	}, nil)
}

// HandleUnparsedPDU calls handle_unparsed_pdu(raw, err, state).
func (h *Handler) HandleUnparsedPDU(raw []byte, err error) {
	g := h.generation()
	if g.fns[cbHandleUnparsedPDU] == nil {
		h.logger(g, "").Warn("a PDU cannot be decoded", "error", err.Error(), "octets", len(raw))
		return
	}
	h.call(g, cbHandleUnparsedPDU, 0, func(L *lua.LState) []lua.LValue {
		return []lua.LValue{lua.LString(raw), errorValue(L, err)}
	}, nil)
}

// HandleCast calls handle_cast(request, state).
func (h *Handler) HandleCast(request any) { h.message(cbHandleCast, request) }

// HandleInfo calls handle_info(message, state).
func (h *Handler) HandleInfo(message any) {
	if b, ok := message.(esme.Bound); ok {
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
	h.call(g, cb, 0, func(L *lua.LState) []lua.LValue { return []lua.LValue{vm.FromData(L, data)} }, nil)
}

// HandleCall calls handle_call(request, from, state), which returns "reply", value, state or "noreply", state.
func (h *Handler) HandleCall(request any, from *esme.From) {
	g := h.generation()
	if g.fns[cbHandleCall] == nil {
		from.Reply("ok")
		return
	}
	g.vm.Lock()
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
	err := h.call(g, cbHandleStop, 1, func(L *lua.LState) []lua.LValue {
		return []lua.LValue{reasonValue(L, reason), pduList(L, lost)}
	}, func(ret []lua.LValue) *vm.Error {
		switch v := ret[0].(type) {
		case *lua.LNilType:
		case lua.LString:
			exit = string(v)
		default:
			return g.nonsense(cbHandleStop, "as the exit reason, which must be a string: "+shown(v))
		}
		return nil
	})
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
	for t := range h.timers {
		t.Stop()
	}
	clear(h.timers)
	if h.done != nil {
		close(h.done)
	}
	g.vm.Close()
}

// swap puts g in the place of the code that runs, on the owner: the state is copied, code_change called.
func (h *Handler) swap(g *generation) error {
	old := h.generation()
	old.vm.Lock()
	data, err := vm.ToData(old.state, "state")
	var version vm.Data
	if err == nil {
		version, err = vm.ToData(old.version, "version")
	}
	old.vm.Unlock()
	if err != nil {
		return fmt.Errorf("%s: the state cannot be taken over: %w", old.prog.Main, err)
	}
	if err := g.takeOver(version, data); err != nil {
		return err
	}
	h.mu.Lock()
	h.gen = g
	h.mu.Unlock()
	h.bind.adopt(g)
	time.AfterFunc(oldTasks, old.vm.Close)
	h.logger(g, "").Info("reloaded", "hash", g.prog.Hash[:12])
	return nil
}

// takeOver gives the copied state to the new code and calls code_change(old_version, state).
func (g *generation) takeOver(version, state vm.Data) error {
	g.vm.Lock()
	defer g.vm.Unlock()
	L := g.vm.L()
	g.state = vm.FromData(L, state)
	if g.fns[cbCodeChange] == nil {
		return nil
	}
	ret, err := g.vm.Call(g.fns[cbCodeChange], 1, vm.FromData(L, version), g.state)
	if err == nil {
		err = g.keep(cbCodeChange, ret[0])
	}
	if err != nil {
		return fmt.Errorf("code_change refused: %w", err)
	}
	return nil
}
