package host

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// next is a configuration on its way: read, compared and with its new binds made, so that nothing can go wrong any
// more when it takes over.
type next struct {
	cfg   *Config
	plan  Plan
	binds map[string]*Bind       // those of + and ~
	first map[string]*vm.Program // by script: what the first binds of it are to run
	saved map[string]*vm.Program // by script: what is in the file, and comes with the configuration
	loads map[string]*vm.Program // of a configuration that is refused: what its new binds were to load, by script
}

// Plan reads the configuration file and says what it would change. Nothing is done.
func (h *Host) Plan() (Plan, diag.List) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	n, wrong := h.read()
	return n.plan, wrong
}

// Apply reads the configuration file and does what differs: what is gone drains, what is new starts, what must is
// restarted, each as soon as it can. What is wrong in the file changes nothing. With wait it returns when what
// had to drain has, or ctx ends.
func (h *Host) Apply(ctx context.Context, by string, wait bool) (Plan, diag.List) {
	h.reloading.Lock()
	plan, leaving, wrong := h.apply(by, true)
	h.reloading.Unlock()
	if wait {
		for _, b := range leaving {
			b.wait(ctx)
		}
	}
	return plan, wrong
}

// Hangup is what SIGHUP means: the configuration and the scripts are read again, whatever their stamps say.
func (h *Host) Hangup(ctx context.Context) {
	if h.isStopping() {
		return
	}
	manager := systemd{h.log}
	manager.reloading()
	h.Apply(ctx, "SIGHUP", false)
	h.Reload(ctx, ReloadRequest{By: "SIGHUP", Saved: true})
	if ctx.Err() == nil {
		manager.ready(len(h.all()))
	}
}

// apply is Apply without the wait. What is wrong is logged if say.
func (h *Host) apply(by string, say bool) (plan Plan, leaving []*Bind, wrong diag.List) {
	n, wrong := h.read()
	h.mu.Lock()
	h.looks = n.cfg.looks
	h.mu.Unlock()
	h.refusedWith = n.loads
	if len(wrong) > 0 {
		if say {
			h.complainConfig(wrong)
		}
		return nil, nil, wrong
	}
	h.complainConfig(nil)
	if !n.plan.Changes() {
		h.adopt(n)
		return n.plan, nil, nil
	}
	for _, s := range n.plan {
		if s.Sign != "=" || len(s.Keys) > 0 {
			h.log.Info("configuration: "+s.String(), "by", by)
		}
	}
	return n.plan, h.adopt(n), nil
}

// applyRefused applies a configuration that was refused again, if a script that it names runs other code by now: that may load
// with the args there. It is called with the lock of reloads held.
func (h *Host) applyRefused(by string) {
	for name, prog := range h.refusedWith {
		if now := h.script(name).current(); now != nil && now.Hash != prog.Hash {
			h.apply(by, true)
			return
		}
	}
}

// read reads the file and makes what is new in it, without effect. Of a file that is wrong there is no plan.
func (h *Host) read() (*next, diag.List) {
	old := h.config()
	cfg, wrong := loadConfig(old.Path)
	for script, d := range cfg.missing {
		if !h.isUsed(script) {
			wrong = append(wrong, d) // nothing to go on with
		}
	}
	if len(wrong) > 0 {
		cfg.lookAtMissing()
		return &next{cfg: cfg}, sorted(wrong)
	}
	n := &next{cfg: cfg, plan: h.withOrphans(diffConfigs(old, cfg), cfg), binds: map[string]*Bind{}, first: map[string]*vm.Program{}, saved: map[string]*vm.Program{}}
	now := newReading(cfg.Scripts)
	defer now.end()
	var programs []*vm.Program
	run := map[*vm.Program][]BindConfig{}
	configured := bindsByName(cfg)
	for _, s := range n.plan {
		if s.Sign != "+" && s.Sign != "~" {
			continue
		}
		c := configured[s.Name]
		prog, known := n.first[c.Script]
		if !known {
			var first bool
			var list diag.List
			prog, first, list = h.programFor(cfg, now, c)
			wrong = append(wrong, list...)
			if first {
				n.first[c.Script] = prog
			}
		}
		if prog != nil {
			if run[prog] == nil {
				programs = append(programs, prog)
			}
			run[prog] = append(run[prog], c)
		}
		if other, ok := h.bind(s.Name); ok && other.parent != "" && other.endedAt().IsZero() {
			wrong = append(wrong, diag.Diagnostic{File: cfg.Path, Message: "the bind " + s.Name + " was started by the script of " + other.parent, Remedy: "stop that one, or take another name"})
		}
	}
	for _, prog := range programs {
		made, list := h.make(cfg, run[prog], prog)
		if len(list) > 0 {
			made, list = h.makeSaved(n, now, prog, run[prog], list)
		}
		for _, b := range made {
			n.binds[b.cfg.Name] = b
		}
		wrong = append(wrong, list...)
	}
	if len(wrong) > 0 {
		n := &next{cfg: cfg, loads: map[string]*vm.Program{}}
		for prog, configs := range run {
			n.loads[configs[0].Script] = prog
		}
		for file, f := range now.files { // a script that is mended may make it right
			cfg.looks[filepath.Join(cfg.Scripts, filepath.FromSlash(file))] = f.look
		}
		return n, sorted(wrong)
	}
	return n, nil
}

// lookAtMissing has a configuration that was refused read again when a script that it names comes.
func (c *Config) lookAtMissing() {
	for script := range c.missing {
		c.looks[filepath.Join(c.Scripts, filepath.FromSlash(script))] = look{stamp: stamp{missing: true}}
	}
}

// programFor is what a new bind runs: what the others of its script run, or, where it is the first, what a start of the
// host would take.
func (h *Host) programFor(cfg *Config, now *reading, c BindConfig) (prog *vm.Program, first bool, wrong diag.List) {
	name := c.Script
	s := h.script(name)
	if prog := s.programOf(c.Name); prog != nil && h.isUsed(name) {
		return prog, false, nil
	}
	prog, wrong, files := now.compile(name)
	for i := range wrong {
		wrong[i].File = cfg.scriptPath(wrong[i].File)
	}
	if prog == nil {
		return nil, true, wrong
	}
	s.mu.Lock()
	s.files, s.disk = files, prog.Hash
	s.mu.Unlock()
	if old := h.instead(s, prog); old != nil {
		prog = old
	}
	return prog, true, nil
}

// adopt puts a configuration that was read in the place of the one that runs, and starts and drains what that takes.
// It returns the binds that drain.
func (h *Host) adopt(n *next) (leaving []*Bind) {
	var starting []*Bind
	var departed []*Bind
	changed := map[*Bind]BindConfig{}
	configured := bindsByName(n.cfg)
	h.mu.Lock()
	cfg := *n.cfg
	cfg.Admin, cfg.DataDir, cfg.Log = h.cfg.Admin, h.cfg.DataDir, h.cfg.Log // they come with the next start
	elsewhere := watchesElsewhere(h.cfg, &cfg)
	h.cfg = &cfg
	for _, s := range n.plan {
		old := h.binds[s.Name]
		switch s.Sign {
		case "+":
			h.binds[s.Name] = n.binds[s.Name]
			starting = append(starting, n.binds[s.Name])
		case "~":
			b := n.binds[s.Name]
			b.lua.Inherit(old.lua)
			b.follow(old)
			b.succeed(old)
			h.binds[s.Name] = b
			leaving = append(leaving, old)
			if old.runs() { // one that was stopped stays so
				starting = append(starting, b)
			}
		case "-":
			if old != nil { // a linked one may have made room for another meanwhile
				delete(h.binds, s.Name)
				departed = append(departed, old)
				leaving = append(leaving, old)
			}
		case "=":
			if len(s.Keys) > 0 {
				changed[old] = configured[s.Name]
			}
		}
	}
	for b := range h.orphans(&cfg) { // some may have come since the plan
		delete(h.binds, b.cfg.Name)
		departed = append(departed, b)
		leaving = append(leaving, b)
	}
	h.gone.add(departed...)
	h.mu.Unlock()
	h.forget()
	for name, prog := range n.first {
		s := h.script(name)
		s.take(prog)
		h.arrived(s, prog, "configuration")
	}
	h.takeSaved(n)
	for b, c := range changed {
		b.change(c)
	}
	for _, b := range leaving {
		b.stop()
	}
	holders := accounts(leaving)
	for _, b := range starting {
		b.follow(holders.of(b))
		if h.script(b.cfg.Script).onTrial() {
			b.lua.OnTrial(true)
		}
		h.launch(b) // an error says that the host stops: then it need not start
	}
	if elsewhere {
		h.rewatch()
	}
	return leaving
}

// watchesElsewhere reports whether b is to be watched in another way or place than a.
func watchesElsewhere(a, b *Config) bool {
	files := func(c *Config) []string { return slices.Sorted(maps.Keys(c.looks)) }
	return a.Watch != b.Watch || a.Scripts != b.Scripts || !slices.Equal(files(a), files(b))
}

// accountKey is what an SMSC knows a bind by.
type accountKey struct{ smsc, systemID string }

func accountOf(b *Bind) (a accountKey, ok bool) {
	if len(b.cfg.SMSC) == 0 {
		return a, false
	}
	return accountKey{b.cfg.SMSC[0], b.cfg.ESME.SystemID}, true
}

// holders are the binds that drain, by the account that they hold: the SMSC would refuse another one until then.
type holders map[accountKey][]*Bind

func accounts(leaving []*Bind) holders {
	all := holders{}
	for _, b := range leaving {
		if a, ok := accountOf(b); ok {
			all[a] = append(all[a], b)
		}
	}
	return all
}

// of finds one that holds the account that b is to bind.
func (h holders) of(b *Bind) *Bind {
	a, ok := accountOf(b)
	if !ok {
		return nil
	}
	for _, old := range h[a] {
		if old.runs() {
			return old
		}
	}
	return nil
}

// complainConfig logs what is wrong with the configuration, once.
func (h *Host) complainConfig(wrong diag.List) {
	h.mu.Lock()
	said := h.said
	h.said = wrong.Error()
	h.mu.Unlock()
	if len(wrong) == 0 || said == wrong.Error() {
		return
	}
	var b strings.Builder
	wrong.Print(&b)
	h.log.Error("configuration refused: the old one goes on", "config", h.config().Path, "error", strings.TrimSpace(b.String()))
}

// configLooks are the files that the configuration was read from, as they were then.
func (h *Host) configLooks() map[string]look {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.looks
}

// configStale reports whether one of them may have changed.
func (h *Host) configStale() bool {
	for path, l := range h.configLooks() {
		if l.stale(path) {
			return true
		}
	}
	return false
}

// forgetLooks has the configuration read again.
func (h *Host) forgetLooks() {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := h.looks
	h.looks = map[string]look{}
	for path := range old {
		h.looks[path] = look{early: true}
	}
}

// readFile reads a file that the configuration is made of, and notes it.
func (r *reader) readFile(path string) ([]byte, error) {
	if r.looks != nil {
		r.looks[filepath.Clean(path)] = lookAt(path, time.Now())
	}
	return os.ReadFile(path)
}
