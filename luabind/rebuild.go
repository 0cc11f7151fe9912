package luabind

import (
	"fmt"
	"log/slog"
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
				g.handler.warn(g, "the script holds more than 80 % of its memory", "octets", used, "limit", limit, "option", "limits.memory")
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

// inherit gives g the state of old, which broke by err, and says which that is. A state that is too large itself is known
// by what g then holds: a fresh one must have room to work.
func (g *generation) inherit(old *generation, err *vm.Error) (which string, wrong error) {
	old.vm.Lock()
	data, wrong := vm.Copy(old.state, "state", old.vm.Limits().Memory)
	saved, savedAt := old.saved, old.savedAt
	old.vm.Unlock()
	g.vm.Lock()
	defer g.vm.Unlock()
	if wrong == nil {
		g.state = vm.FromData(g.vm.L(), data)
		if err.Kind != vm.Memory || g.vm.Memory() <= g.vm.Limits().Memory/10*8 {
			g.saved, g.savedAt = saved, savedAt
			g.save() // where it is small
			return "with its last good data", nil
		}
		wrong = fmt.Errorf("the state alone holds more than 80 %% of limits.memory")
	}
	if err.Kind != vm.Memory || savedAt.IsZero() {
		return "", wrong
	}
	g.state = vm.FromData(g.vm.L(), saved)
	g.saved, g.savedAt = saved, savedAt
	return "with its data as it was " + time.Since(savedAt).Round(time.Second).String() + " ago: " + wrong.Error(), nil
}

// rebuild puts a fresh state in the place of a broken one, on the owner. An error says that there is none.
func (h *Handler) rebuild(old *generation, cause *vm.Error) error {
	g, err := newGeneration(h.bind, h, old.number, old.prog)
	if err != nil {
		return err
	}
	which, err := g.inherit(old, cause)
	if err != nil {
		g.vm.Close()
		return fmt.Errorf("the state cannot be taken over: %w", err)
	}
	h.mu.Lock()
	h.gen.Store(g)
	h.mu.Unlock()
	old.vm.Close()
	h.bind.errFlood.log(h.logger(g, ""), slog.LevelWarn, 1, "the script runs in a fresh state, "+which, "cause", cause.Error())
	return nil
}
