package luabind

import (
	"maps"
	"slices"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// taskPrefix stands before the name of a task where callbacks have theirs.
const taskPrefix = "task "

// failed does what a script error asks for: it is logged and counted, and ends the bind when there are too
// many, when the policy says so, or when the state cannot be used any more.
func (h *Handler) failed(g *generation, where string, err *vm.Error) {
	reason := h.bind.failed(err)
	attrs := []any{"error", err.Error()}
	if err.Traceback != "" {
		attrs = append(attrs, "traceback", err.Traceback)
	}
	h.repeats.log(h.logger(g, where), where, err.Error(), attrs...)
	over := h.tooMany(time.Now()) || h.bind.opts.Crash
	if over && h.bind.goesBack(g, "tripped the error limit: "+reason.String()) && !h.bind.opts.Crash {
		over = false // better code is on its way
	}
	switch {
	case over:
		h.crash(reason)
	case g.broken():
		if e := h.replace(g, err); e != nil {
			h.logger(g, "").Error("the script cannot go on", "error", e.Error())
			h.crash(reason)
		}
	}
}

// crash ends the session of a script that died. Its tasks die too: the requests that they wait for are among the lost.
// While handle_pdu or handle_unparsed_pdu runs, the session ends by what that returns: so its PDU is answered before.
func (h *Handler) crash(reason esme.Reason) {
	for _, g := range h.generations() {
		g.vm.Close()
	}
	if h.hand {
		h.died = &crashed{reason}
		return
	}
	h.s.Abort(reason)
}

// crashed is the error of a callback that the session does not outlive.
type crashed struct{ reason esme.Reason }

func (c *crashed) Error() string { return c.reason.String() }

// StopReason is why the session ends.
func (c *crashed) StopReason() esme.Reason { return c.reason }

// generations are the one that runs, and those replaced that have tasks.
func (h *Handler) generations() []*generation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append(slices.Collect(maps.Keys(h.old)), h.generation())
}

func (g *generation) broken() bool {
	g.vm.Lock()
	defer g.vm.Unlock()
	return g.vm.Broken() != nil
}

// replace rebuilds a broken state, where it is still the one that runs and anything is to follow.
func (h *Handler) replace(g *generation, err *vm.Error) error {
	h.mu.Lock()
	needed := h.gen.Load() == g && !h.over && !h.stopping
	h.mu.Unlock()
	if !needed {
		return nil
	}
	return h.rebuild(g, err)
}

// tooMany counts an error and reports whether there were more than error_intensity allows.
func (h *Handler) tooMany(now time.Time) bool {
	if h.bind.opts.Errors < 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	within := 0 // the oldest that counts still
	for within < len(h.errors) && now.Sub(h.errors[within]) >= h.bind.opts.ErrorsIn {
		within++
	}
	h.errors = append(h.errors[within:], now)
	return len(h.errors) > h.bind.opts.Errors
}

func (h *Handler) taskFailed(g *generation, task string, err *vm.Error) {
	h.mu.Lock()
	over := h.over
	h.mu.Unlock()
	if !over { // on the owner, who may have to put another state in the place of this one
		where := taskPrefix + task
		if h.s.Do(func() { h.failed(g, where, err) }) != nil {
			h.failed(g, where, err)
		}
	}
}
