package luabind

import (
	"errors"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// HandleStop calls handle_stop(reason, lost_pdus, state), or handle_lost_pdus where the script is what died.
func (h *Handler) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	for _, g := range h.generations() {
		g.vm.Settle() // tasks hear what became of their requests, before the last callback
	}
	g := h.generation()
	defer h.end(g)
	h.mu.Lock()
	lost = append(lost, h.unsettled...)
	h.mu.Unlock()
	exit := "normal"
	l := h.logger(g, "")
	ended := []any{"reason", reason.String(), "lost", len(lost)}
	if n := h.bind.hostFlood.rest() + h.bind.errFlood.rest(); n > 0 {
		ended = append(ended, "suppressed", n)
	}
	l.Info("session ended", ended...)
	switch {
	case reason.Crashed():
		h.lost(g, reason, lost)
		return reason.String()
	case g.fns[cbHandleStop] == nil:
		h.logLost(g, lost)
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

// HandleRefused ends a session whose init refused or failed. handle_stop is not called; requests that init sent and that
// have no response go to handle_lost_pdus.
func (h *Handler) HandleRefused(reason esme.Reason, lost []*pdu.PDU) {
	g := h.generation()
	if g == nil { // the script did not load
		return
	}
	defer h.end(g)
	h.lost(g, reason, lost)
}

// lost calls handle_lost_pdus(name, reason, pdus) in a fresh state.
func (h *Handler) lost(old *generation, reason esme.Reason, lost []*pdu.PDU) {
	if len(lost) == 0 {
		return
	}
	g, err := newGeneration(h.bind, h, old.number, old.prog)
	if err != nil || g.fns[cbHandleLostPDUs] == nil {
		h.logLost(old, lost)
		return
	}
	defer g.vm.Close()
	g.vm.Lock()
	L := g.vm.L()
	_, e := g.vm.Call(g.fns[cbHandleLostPDUs], 0, lua.LString(h.bind.opts.Name), reasonValue(L, reason), pduList(L, lost))
	g.vm.Unlock()
	if e != nil {
		h.bind.failed(e)
		h.logger(g, cbHandleLostPDUs.String()).Error("script error", "error", e.Error(), "traceback", e.Traceback)
		h.logLost(g, lost)
	}
}

// logLost names those that no callback is told of.
func (h *Handler) logLost(g *generation, lost []*pdu.PDU) {
	for _, p := range lost {
		h.logger(g, "").Warn("request lost: sent, and no response", "pdu", p.String())
	}
}

// unheard takes the end of a request that a task of its state waited for, and did not live to hear: what Request returned.
// Where the task was gone before the end, the session has told the callbacks, or will.
func (h *Handler) unheard(p, resp *pdu.PDU, err error) {
	original := *p
	var e *esme.Error
	var tell func()
	what := "no response in time"
	switch {
	case resp != nil:
		original.SetSequence(resp.SequenceNumber())
		what = resp.String()
		tell = func() { h.HandleResp(resp, &original) }
	case !errors.As(err, &e) || errors.Is(err, esme.ErrCallerGone) || e.Written == esme.WrittenNever:
		return
	case e.Code == esme.CodeTimeout:
		tell = func() { h.HandleRespTimeout(&original) }
	default:
		h.mu.Lock()
		h.unsettled = append(h.unsettled, &original)
		h.mu.Unlock()
		return
	}
	if h.s.Do(tell) != nil {
		h.warn(h.generation(), "the task that asked ended before it heard this", "pdu", original.String(), "end", what)
	}
}

// end releases what the session had: its tasks and timers, and with them the state, which a bind that is stopped does not keep.
func (h *Handler) end(g *generation) {
	defer h.bind.left(h)
	h.mu.Lock()
	repeating := slices.Collect(maps.Keys(h.repeating))
	defer func() {
		for _, r := range repeating { // without the lock: a timer takes its own before
			r.cancel()
		}
	}()
	defer h.mu.Unlock()
	h.over = true
	h.kept.Store(nil)
	h.repeats.end()
	h.later.drop()
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
