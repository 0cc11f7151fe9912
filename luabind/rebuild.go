package luabind

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// A state whose machine broke, or that holds more than limits.memory, is not used again: a fresh one takes
// its place, with the same version of the script and a copy of the bind's state. The session is not
// touched, code_change is not called, and the tasks of the old one are ended.
//
// What is copied is the state as the last callback left it, as after any other script error: it is there
// still, being plain data, and nothing is forgotten that the script has done. Only where it is itself what
// is too large, the last copy takes its place that was made while it was not: after init and a reload, and
// while the script runs at most every saveEvery, and only of states that are small.
const (
	saveEvery = 10 * time.Second
	saveUpTo  = 4 << 20 // octets of a state
)

// hooks are what the state asks of its generation.
func (g *generation) hooks() vm.Hooks {
	return vm.Hooks{
		TaskFailed: g.taskFailed,
		MemoryHigh: func(used, limit int64) {
			if g.handler != nil {
				g.handler.logger(g, "").Warn("the script holds more than 80 % of its memory", "octets", used, "limit", limit, "option", "limits.memory")
			}
		},
		Surveyed: g.surveyed,
		Closed:   esme.ErrCallerGone, // the requests of its tasks are the handler's then
		Roots: func(visit func(lua.LValue)) {
			visit(g.state)
			visit(g.version)
			visit(vm.NewUserData(&g.patterns, nil))
		},
	}
}

// save copies the bind's state, to start again from.
func (g *generation) save() {
	if d, err := vm.Copy(g.state, "state", saveUpTo); err == nil {
		g.saved, g.savedAt = d, time.Now()
	}
}

func (g *generation) surveyed(size int64) {
	if g.ready && size < min(saveUpTo, g.vm.Limits().Memory/2) && time.Since(g.savedAt) >= saveEvery {
		g.save()
	}
}

// lastGood is the state that a fresh generation starts with after err.
func (g *generation) lastGood(err *vm.Error) (vm.Data, error) {
	g.vm.Lock()
	defer g.vm.Unlock()
	limit := g.vm.Limits().Memory
	if err.Kind == vm.Memory {
		limit /= 4
	}
	d, e := vm.Copy(g.state, "state", limit)
	switch {
	case e == nil:
		return d, nil
	case err.Kind == vm.Memory && !g.savedAt.IsZero():
		return g.saved, nil
	}
	return nil, e
}

// rebuild puts a fresh state in the place of a broken one, on the owner. An error says that there is none.
func (h *Handler) rebuild(old *generation, cause *vm.Error) error {
	data, err := old.lastGood(cause)
	if err != nil {
		return fmt.Errorf("the state cannot be taken over: %w", err)
	}
	g, err := newGeneration(h.bind, h, old.number, old.prog)
	if err != nil {
		return err
	}
	g.vm.Lock()
	g.state = vm.FromData(g.vm.L(), data)
	g.saved, g.savedAt = data, time.Now()
	g.vm.Unlock()
	h.mu.Lock()
	h.gen.Store(g)
	h.mu.Unlock()
	old.vm.Close()
	h.logger(g, "").Warn("the script runs in a fresh state, with its last good data", "cause", cause.Error())
	return nil
}
