package host

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind/vm"
)

// script is one script that binds run: what runs, what is in the file, what was good.
type script struct {
	name string

	mu    sync.Mutex
	prog  *vm.Program     // that its binds run, or are about to
	good  *vm.Program     // the last one that proved itself; nil: not known
	bad   string          // hash of the last one that a bind went back from, or could not
	trial *time.Timer     // ends when prog has proved itself; nil: it has
	disk  string          // hash of the last whole program that was in the file: it ran, or was refused
	files map[string]look // what the last reading looked at, with what it found
	said  string          // the last complaint, so that it is said once
	retry time.Time       // of a save that a busy bind did not take: not before; zero: there is none
	// broken is the digest of the last files that said was about.
	broken string

	canary    *canary // new code that some of its binds run first; nil: none is
	rolledOut *canary // the last one that ended
}

// trialTime is how long new code is watched: if it trips the error limit until then, the host goes back.
// A test has longer: a busy machine may not come to it in a minute.
var trialTime = time.Minute

// stale reports whether a file that the script was read from may have changed since.
func (s *script) stale(root string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for file, l := range s.files {
		if l.stale(filepath.Join(root, filepath.FromSlash(file))) {
			return true
		}
	}
	return len(s.files) == 0
}

// retries reports whether it is time for what a busy bind did not take.
func (s *script) retries(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.retry.IsZero() && !now.Before(s.retry)
}

// current is what the script's binds run; nil: it has none.
func (s *script) current() *vm.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prog
}

// runs reports whether prog is what the script's binds run.
func (s *script) runs(prog *vm.Program) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prog != nil && s.prog.Hash == prog.Hash
}

// usedScripts returns the scripts that binds run, by name.
func (h *Host) usedScripts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, b := range h.binds {
		names = append(names, b.cfg.Script)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// script returns the script of the name, which begins to be known when it is asked for.
func (h *Host) script(name string) *script {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.scripts[name]
	if s == nil {
		s = &script{name: name}
		h.scripts[name] = s
	}
	return s
}

// isUsed reports whether a bind runs the script. It is asked for each of many binds: most find one soon.
func (h *Host) isUsed(script string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range h.binds {
		if b.cfg.Script == script {
			return true
		}
	}
	return false
}

// users returns the binds that run the script, by name.
func (h *Host) users(script string) []*Bind {
	return slices.DeleteFunc(h.all(), func(b *Bind) bool { return b.cfg.Script != script })
}

// first makes the binds of the configuration, each with its script as it is in the file. A script that cannot
// run is replaced by the last good version that data_dir has, unless strict.
func (h *Host) first(strict bool) diag.List {
	var wrong diag.List
	now := newReading(h.cfg.Scripts)
	defer now.end()
	byScript := map[string][]BindConfig{}
	for _, b := range h.cfg.Binds {
		if b.Script != "" {
			byScript[b.Script] = append(byScript[b.Script], b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byScript)) {
		wrong = append(wrong, h.firstOf(now, h.script(name), byScript[name], strict)...)
	}
	return wrong
}

func (h *Host) firstOf(now *reading, s *script, binds []BindConfig, strict bool) diag.List {
	prog, wrong, files := now.compile(s.name)
	d, missing := h.cfg.missing[s.name]
	switch {
	case missing && strict:
		return nil // the configuration's own errors say so
	case missing:
		wrong = diag.List{d} // with the place in the configuration
	default:
		for i := range wrong {
			wrong[i].File = h.cfg.scriptPath(wrong[i].File)
		}
	}
	var made []*Bind
	if prog != nil {
		made, wrong = h.make(h.cfg, binds, prog)
	}
	s.files = files
	if prog != nil {
		s.disk = prog.Hash
	}
	switch {
	case strict:
	case len(wrong) > 0:
		old := h.archive.newest(s.name, func(v Version) bool { return !v.Bad && (prog == nil || v.Hash != prog.Hash) })
		if old == nil {
			break
		}
		again, stillWrong := h.make(h.cfg, binds, old)
		if len(stillWrong) > 0 {
			break
		}
		made, prog = again, old
		h.complainAtStart(s, wrong, old)
		wrong = nil
	default:
		old := h.instead(s, prog)
		if old == nil {
			break
		}
		again, stillWrong := h.make(h.cfg, binds, old)
		if len(stillWrong) > 0 {
			h.log.Error("the file holds a version that was gone back from, and it runs all the same: the one before it does not load; save a better one",
				"script", s.name, "passed", short(prog.Hash), "before", short(old.Hash), "error", stillWrong.Error())
			break
		}
		h.sayPassed(s, old)
		made, prog = again, old
	}
	if len(wrong) > 0 {
		return wrong
	}
	for _, b := range made {
		h.binds[b.cfg.Name] = b
	}
	s.prog = prog
	if !strict {
		h.notes = append(h.notes, func() { h.started(s, "start", len(made)) })
	}
	return nil
}

// make makes the binds and loads prog for each of them, without effect. What is wrong with prog itself is not looked
// for in all of them, and then not all are made. Neither are they when the host is told to stop meanwhile.
func (h *Host) make(cfg *Config, configs []BindConfig, prog *vm.Program) (made []*Bind, wrong diag.List) {
	ctx, cancel := h.whileItRuns(context.Background())
	defer cancel()
	l := newLoading(true)
	for _, c := range configs {
		if l.of(c.Name) != nil {
			return made, wrong
		}
		b := newBind(c, prog, h)
		err := b.lua.Loads(ctx, prog)
		if ctx.Err() != nil {
			return made, diag.List{{Message: errStopping.Message}}
		}
		l.saw(c.Name, err)
		if err != nil {
			d := diagnose(prog, err)
			d.File = cfg.scriptPath(d.File)
			if !slices.Contains(wrong, d) { // many binds may share a script
				wrong = append(wrong, d)
			}
		}
		made = append(made, b)
	}
	return made, wrong
}

func (h *Host) complainAtStart(s *script, wrong diag.List, old *vm.Program) {
	var b strings.Builder
	wrong.Print(&b)
	h.log.Error("the script is broken: the last good version of it runs", "script", s.name, "hash", short(old.Hash), "error", strings.TrimSpace(b.String()))
	s.said = wrong.Error()
}

// instead is the good version that runs in the place of prog, which is in the file although the host or the operator went
// back from it; nil: prog runs.
func (h *Host) instead(s *script, prog *vm.Program) *vm.Program {
	if prog.Hash != h.archive.history(s.name).Passed {
		return nil
	}
	return h.archive.newest(s.name, func(v Version) bool { return !v.Bad && v.Hash != prog.Hash })
}

// sayPassed says that old runs and not what is in the file.
func (h *Host) sayPassed(s *script, old *vm.Program) {
	what := "that the host went back from"
	versions := h.archive.history(s.name).Versions
	if v := versions[len(versions)-1]; v.What == whatCanary && v.Hash == s.disk {
		what = "whose canaries had not proved it when the host ended"
	}
	h.log.Error("the file holds a version "+what+": the one before it runs; save a better one, or esmehost reload takes it all the same",
		"script", s.name, "passed", short(s.disk), "hash", short(old.Hash))
}

// started notes the version that the host, or the first bind of the script, comes up with. One that did not run before is on
// trial, if there is a good one to go back to.
func (h *Host) started(s *script, by string, binds int) {
	s.mu.Lock()
	prog, disk := s.prog, s.disk
	s.mu.Unlock()
	history := h.archive.history(s.name)
	last := history.last()
	passed := history.Passed
	if disk == prog.Hash {
		passed = ""
	}
	good := h.archive.newest(s.name, func(v Version) bool { return v.Good && !v.Bad && v.Hash != prog.Hash })
	proved := good == nil || last != nil && last.Hash == prog.Hash && last.Good
	if proved {
		good = prog
	}
	s.mu.Lock()
	s.good = good
	if !proved {
		s.trial = time.AfterFunc(trialTime, func() { h.settle(s, prog) })
	}
	s.mu.Unlock()
	if !proved {
		for _, b := range h.users(s.name) {
			b.lua.OnTrial(false)
		}
	}
	if last == nil || last.Hash != prog.Hash || passed != history.Passed {
		h.note(s, passed, Version{What: "started", By: by, Hash: prog.Hash, Binds: binds, Files: prog.Files, Good: proved}, prog)
	}
}

// take has prog be what the script's binds run: those that are about to come are its first.
func (s *script) take(prog *vm.Program) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prog, s.bad = prog, ""
}

// arrived judges what the first binds of a script run as a start of the host does: by its history. It is called with the
// lock of reloads held.
func (h *Host) arrived(s *script, prog *vm.Program, by string) {
	s.mu.Lock()
	replaced := s.prog == nil || s.prog.Hash != prog.Hash || s.trial != nil // a reload was quicker, or another first bind
	disk := s.disk
	s.mu.Unlock()
	if replaced {
		return
	}
	if disk != prog.Hash {
		h.sayPassed(s, prog)
	}
	h.started(s, by, len(h.users(s.name)))
}

// endTrial leaves it open whether what the script's binds run is good. It is called with the lock held.
func (s *script) endTrial() {
	if s.trial != nil {
		s.trial.Stop()
		s.trial = nil
	}
}

// onTrial reports whether what the script's binds run has not proved itself yet.
func (s *script) onTrial() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trial != nil || s.canary != nil
}

// forget ends what is under way for scripts that no bind runs any more: nobody can prove their code now. It is called with
// the lock of reloads held.
func (h *Host) forget() {
	used := h.usedScripts()
	for _, s := range h.knownScripts() {
		if _, found := slices.BinarySearch(used, s.name); found {
			continue
		}
		if c := s.watched(); c != nil {
			h.endCanary(c, rolloutBack, "none of its binds is configured any more")
		}
		s.mu.Lock()
		s.endTrial()
		s.prog, s.good = nil, nil
		s.mu.Unlock()
	}
}
