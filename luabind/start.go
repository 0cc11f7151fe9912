package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Init makes the session's Lua state and calls init(args).
func (h *Handler) Init(s *esme.Session) error {
	g, err := h.newest(s)
	if err != nil {
		return err
	}
	err = h.runInit(g)
	h.bind.began(g, err)
	if err != nil {
		h.dead = g.vm.Broken() != nil
		g.vm.Close() // its tasks have not begun
		return err   // HandleRefused is the last call then
	}
	return nil
}

// stillborn is the error of a script that failed in init, or before it.
type stillborn struct {
	error
	reason esme.Reason
}

// Unwrap returns what failed.
func (s *stillborn) Unwrap() error { return s.error }

// StopReason is why the session ends.
func (s *stillborn) StopReason() esme.Reason { return s.reason }

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
			reason := b.failed(err)
			h.log.Error("the script cannot be loaded", append([]any{"script", prog.Main, "error", err.Error()}, (&code{number, prog}).attrs()...)...)
			return nil, &stillborn{err, reason}
		}
		b.mu.Lock()
		current := b.prog == prog
		if current {
			h.mu.Lock()
			h.s, h.kept = s, &session{}
			h.kept.Store(s)
			h.gen.Store(g)
			h.mu.Unlock()
		}
		b.mu.Unlock()
		if current {
			return g, nil
		}
		g.vm.Close()
	}
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
	reason := h.bind.failed(err)
	h.logger(g, "init").Error("script error", "error", err.Error(), "traceback", err.Traceback)
	return &stillborn{err, reason}
}

// Refused is init's `return nil, reason`.
type Refused struct{ Reason string }

// Error says so.
func (r *Refused) Error() string { return "init refused: " + r.Reason }

// ExitReason is what the restart policy goes by.
func (r *Refused) ExitReason() string { return r.Reason }
