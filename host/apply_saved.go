package host

import (
	"context"
	"maps"
	"slices"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// makeSaved makes the binds of a configuration whose args what runs does not take (wrong), with what is in the file of their
// script: the two may have been changed together, and each be impossible without the other. Then both come at once, if the
// binds of the script that go on as they are would take it too.
func (h *Host) makeSaved(n *next, now *reading, prog *vm.Program, configs []BindConfig, wrong diag.List) ([]*Bind, diag.List) {
	s := h.script(configs[0].Script)
	saved, _, _ := now.compile(s.name) // the configuration is read again when it changes
	if n.first[s.name] != nil || saved == nil || saved.Hash == prog.Hash || s.watched() != nil || !s.runs(prog) ||
		saved.Hash == h.archive.history(s.name).Passed {
		return nil, wrong
	}
	made, list := h.make(n.cfg, configs, saved)
	if len(list) == 0 {
		list = h.refusedByKept(n, s, saved)
	}
	if len(list) > 0 {
		return nil, append(wrong, list...)
	}
	n.saved[s.name] = saved
	n.plan = slices.Insert(n.plan, 0, Step{Sign: "*", Name: "script " + s.name})
	return made, nil
}

// refusedByKept asks the binds of the script that the plan does not restart, and that hold together, whether they would take prog.
func (h *Host) refusedByKept(n *next, s *script, prog *vm.Program) diag.List {
	together, _ := apart(h.keptBy(n, s.name))
	ctx, cancel := h.changing(context.Background(), len(together))
	defer cancel()
	list := refusals(prog, h.together(ctx, together, prog, true))
	for i := range list {
		list[i].File = n.cfg.scriptPath(list[i].File)
	}
	return list
}

// keptBy are the binds of a script that go on as they are.
func (h *Host) keptBy(n *next, script string) []*Bind {
	signs := map[string]string{}
	for _, step := range n.plan {
		signs[step.Name] = step.Sign
	}
	return slices.DeleteFunc(h.users(script), func(b *Bind) bool {
		_, isNew := n.binds[b.cfg.Name]
		return isNew || signs[b.cfg.Name] == "-" || signs[b.cfg.Name] == "~"
	})
}

// takeSaved has what came with the configuration be what its scripts' binds run: the new ones have it, the others take it here.
func (h *Host) takeSaved(n *next) {
	for _, name := range slices.Sorted(maps.Keys(n.saved)) {
		s, prog := h.script(name), n.saved[name]
		kept := h.keptBy(n, name)
		together, alone := apart(kept)
		ctx, cancel := h.changing(context.Background(), len(kept))
		results := append(h.together(ctx, together, prog, false), h.each(ctx, alone, prog, false)...)
		cancel()
		r := ReloadRequest{By: "configuration", Saved: true}
		h.refuse(s, prog, r, results)
		taken := len(slices.DeleteFunc(h.users(name), func(b *Bind) bool { return b.lua.Info().Hash != prog.Hash }))
		s.mu.Lock()
		s.disk, s.files = prog.Hash, nil // which the watcher may look at again
		s.mu.Unlock()
		h.took(s, prog, r, taken)
	}
}
