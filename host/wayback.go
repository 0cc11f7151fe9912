package host

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
)

// took notes that binds run prog now. Unless it is the first, it has a minute to prove itself.
func (h *Host) took(s *script, prog *vm.Program, r ReloadRequest, binds int) {
	s.mu.Lock()
	s.prog, s.bad = prog, ""
	s.endTrial()
	s.trial = time.AfterFunc(trialTime, func() { h.settle(s, prog) })
	passed := ""
	if r.To != "" && s.disk != prog.Hash {
		passed = s.disk // or the next start would take from the file what the operator went back from
	}
	s.mu.Unlock()
	h.note(s, passed, Version{What: "reloaded", By: r.By, Hash: prog.Hash, Binds: binds, Files: prog.Files}, prog)
}

// note writes the history; what cannot be written is said, and the host goes on.
func (h *Host) note(s *script, passed string, v Version, prog *vm.Program) {
	err := h.archive.save(prog)
	if err == nil {
		v.Time = time.Now()
		err = h.archive.change(s.name, func(x *History) {
			x.Passed = passed
			x.Versions = append(x.Versions, v)
		})
	}
	if err != nil {
		h.log.Error("the last good script cannot be kept: a restart with a broken file would fail", "script", s.name, "error", err.Error())
	}
}

// endTrials leaves unproved what is: the host ends, and writes nothing more.
func (h *Host) endTrials() {
	for _, s := range h.knownScripts() {
		s.mu.Lock()
		s.endTrial()
		s.mu.Unlock()
	}
}

// settle ends the trial of prog: it is good.
func (h *Host) settle(s *script, prog *vm.Program) {
	s.mu.Lock()
	current := s.prog == prog && s.trial != nil
	if current {
		s.trial = nil
		current = s.bad != prog.Hash // binds went back from it: that the others go on with it does not make it good
	}
	if current {
		s.good = prog
	}
	s.mu.Unlock()
	if !current {
		return
	}
	for _, b := range h.users(s.name) {
		if b.lua.Info().Hash == prog.Hash { // a canary still has its way back
			b.lua.Settle()
		}
	}
	err := h.archive.change(s.name, func(x *History) {
		for i := range slices.Backward(x.Versions) {
			if v := &x.Versions[i]; v.Hash == prog.Hash {
				v.Good = true
				return
			}
		}
	})
	if err != nil {
		h.log.Error("the history of a script cannot be written", "script", s.name, "error", err.Error())
	}
}

// tripped is told by a bind that code which was put in less than a minute ago reached the error limit, or died in init. It
// does not wait. It reports whether the last good code is on its way.
func (h *Host) tripped(b *Bind, bad *vm.Program, why string) bool {
	s := h.script(b.cfg.Script)
	s.mu.Lock()
	good, c := s.good, s.canary
	s.mu.Unlock()
	if c != nil && bad.Hash == c.prog.Hash {
		return h.background.run(func(ctx context.Context) {
			h.decide(ctx, c, takeBack, b.cfg.Name+" "+why, ReloadRequest{By: "host"})
		})
	}
	if good == nil || good.Hash == bad.Hash || b.isStuck(bad, good) {
		return false
	}
	return h.background.run(func(ctx context.Context) { h.goBack(ctx, s, b, bad, good, why) })
}

// goBack takes the binds that run bad back to good: all of them, or where they are on their own just b.
func (h *Host) goBack(ctx context.Context, s *script, b *Bind, bad, good *vm.Program, why string) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	if c := s.watched(); c != nil { // what its canaries are held against is no good either
		h.sendBack(ctx, c, "the others go back too: "+why, ReloadRequest{By: "host"}, false)
	}
	binds := slices.DeleteFunc(h.users(s.name), func(x *Bind) bool {
		return x.lua.Info().Hash != bad.Hash || b.live.Load().reload == reloadEach && x != b
	})
	if len(binds) == 0 {
		return // they are back already: many may trip at once
	}
	back, _ := h.wayBack(ctx, s, binds, bad, good)
	left := slices.ContainsFunc(h.users(s.name), func(x *Bind) bool { return x.lua.Info().Hash == bad.Hash })
	s.mu.Lock()
	s.bad, s.retry = bad.Hash, time.Time{}
	if !left {
		s.prog = good
		s.endTrial()
	}
	s.mu.Unlock()
	if back == 0 {
		return
	}
	h.note(s, bad.Hash, Version{What: "went_back", By: "host", Hash: good.Hash, Binds: back, Files: good.Files, Good: true,
		Why: fmt.Sprintf("%s: %s %s", short(bad.Hash), b.cfg.Name, why)}, good)
	h.spoil(s, bad)
	// Said last, so that whoever reads it finds the history written.
	h.log.Error("the new script does badly: the host went back to the last good one; save a better one, or see esmehost history",
		"script", s.name, "bind", b.cfg.Name, "binds", back, "bad", short(bad.Hash), "hash", short(good.Hash), "error", why)
}

// wayBack takes binds back from bad to good, and returns how many went, and those that cannot: good may not load
// with the args of today. They go on with bad, and it is said. Nobody tries again: their error limit ends their sessions.
func (h *Host) wayBack(ctx context.Context, s *script, binds []*Bind, bad, good *vm.Program) (back int, stuck []result) {
	var names []string
	for _, r := range forAll(ctx, binds, func(b *Bind) result { return resultOf(b, b.lua.Back(ctx, good)) }) {
		if r.word != outcomeRefused {
			back++
			continue
		}
		stuck, names = append(stuck, r), append(names, r.bind.cfg.Name)
		if ctx.Err() == nil { // else the host only ends
			r.bind.stuck.Store(&[2]string{bad.Hash, good.Hash})
		}
	}
	if len(stuck) > 0 && ctx.Err() == nil {
		h.log.Error("binds cannot go back to the old script: they go on with the bad one; save one that loads with their args",
			"script", s.name, "binds", SomeNames(names), "bad", short(bad.Hash), "hash", short(good.Hash), "error", stuck[0].err.Error())
	}
	return back, stuck
}

// isStuck reports whether the bind could not go back from bad to good before.
func (b *Bind) isStuck(bad, good *vm.Program) bool {
	pair := b.stuck.Load()
	return pair != nil && *pair == [2]string{bad.Hash, good.Hash}
}

// spoil notes that a version was found bad: nothing goes back to it by itself.
func (h *Host) spoil(s *script, bad *vm.Program) {
	err := h.archive.change(s.name, func(x *History) {
		for i := range x.Versions {
			if x.Versions[i].Hash == bad.Hash {
				x.Versions[i].Bad, x.Versions[i].Good = true, false
			}
		}
	})
	if err != nil {
		h.log.Error("the history of a script cannot be written", "script", s.name, "error", err.Error())
	}
}

// short is as much of a hash as people need.
func short(hash string) string { return hash[:min(12, len(hash))] }
