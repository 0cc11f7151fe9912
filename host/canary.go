package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// canary is new code of a script on its way: some of its binds run it and are watched, the others wait. It begins
// and ends under the lock of reloads.
type canary struct {
	script *script
	prog   *vm.Program
	old    *vm.Program // what the others run
	names  []string    // of the binds that run prog, in order
	asked  ReloadRequest

	mine, others *meter
	base         map[string]facts // by bind: from before
	judge        judge            // of the one who watches

	ended chan struct{} // closed with the lock held
	mu    sync.Mutex
	state string
	why   string
	end   time.Time
	last  [2]tally // when it ended
	left  []string // binds that refused the code each for itself, and go on with the old one, or went_back: that could not, and go on with it
}

// The states of a rollout.
const (
	rolloutWatching = "watching"
	rolloutTaken    = "taken" // by all
	rolloutBack     = "went_back"
	rolloutReplaced = "replaced" // by newer code
)

// putCanary puts prog into the canaries among binds. All binds that hold together try it in a copy of
// their state, those that wait too: what one of them would refuse is not begun.
func (h *Host) putCanary(ctx context.Context, s *script, prog *vm.Program, binds, chosen []*Bind, r ReloadRequest) []Outcome {
	ctx, cancel := h.changing(ctx, len(binds))
	defer cancel()
	before := s.watched()
	waits := func(b *Bind) bool { return !slices.Contains(chosen, b) }
	together, alone := apart(binds)
	results := h.together(ctx, together, prog, true)
	if refuser(results) != nil || r.Check {
		results = append(results, h.each(ctx, alone, prog, true)...)
	} else {
		// Those that wait and hold together were asked above, and are not asked again.
		takes := func(b *Bind) bool { return !waits(b) }
		results = append(h.together(ctx, slices.DeleteFunc(slices.Clone(together), waits), prog, false),
			h.each(ctx, slices.DeleteFunc(slices.Clone(alone), waits), prog, false)...)
		results = append(results, h.each(ctx, slices.DeleteFunc(slices.Clone(alone), takes), prog, true)...)
		for _, b := range together {
			if waits(b) {
				results = append(results, result{bind: b, word: outcomeWaiting})
			}
		}
	}
	var names []string
	for i := range results {
		x := &results[i]
		switch {
		case waits(x.bind) && x.word == outcomeReloaded:
			x.word = outcomeWaiting
		case !waits(x.bind) && (x.word == outcomeReloaded || x.word == outcomeUnchanged):
			names = append(names, x.bind.cfg.Name)
		}
	}
	if r.Check {
		return outcomesOf(results)
	}
	slices.Sort(names)
	h.refuse(s, prog, r, results)
	if len(names) == 0 {
		return outcomesOf(withoutWaiting(results)) // what was watched before goes on
	}
	c := &canary{script: s, prog: prog, old: s.current(), names: names, asked: r, mine: new(meter), others: new(meter),
		base: map[string]facts{}, ended: make(chan struct{}), state: rolloutWatching}
	if before != nil {
		h.endCanary(before, rolloutReplaced, "newer code came: "+short(prog.Hash))
		h.takeOut(ctx, before) // of those that are no canaries any more
	}
	h.beginCanary(s, c, len(binds))
	return outcomesOf(results)
}

// withoutWaiting says of those that were to wait that nothing is to come.
func withoutWaiting(results []result) []result {
	for i := range results {
		if results[i].word == outcomeWaiting {
			results[i].word = outcomeUnchanged
		}
	}
	return results
}

func (h *Host) beginCanary(s *script, c *canary, binds int) {
	c.judge = judge{began: time.Now(), period: c.asked.Canary.For}
	for _, b := range h.users(s.name) {
		c.base[b.cfg.Name] = factsOf(b)
	}
	s.mu.Lock()
	s.canary = c
	passed := h.archive.history(s.name).Passed
	if s.disk == c.prog.Hash {
		passed = s.disk // until it is proved, no start takes it from the file
	}
	s.mu.Unlock()
	c.measure(h)
	h.note(s, passed, Version{What: whatCanary, By: c.asked.By, Hash: c.prog.Hash, Binds: len(c.names), Files: c.prog.Files}, c.prog)
	h.log.Info("new code in some binds first: the others follow if it does well", "script", s.name, "hash", short(c.prog.Hash), "canaries", SomeNames(c.names),
		"binds", binds, "for", c.judge.period.String(), "by", c.asked.By)
	if !h.background.run(func(ctx context.Context) { h.watchCanary(ctx, c) }) {
		h.endCanary(c, rolloutBack, "the host does not run: nobody would watch it")
		h.takeOut(context.Background(), c)
	}
}

// lookEvery is how often the canaries are compared with the others, and retryEvery how often binds are asked to take code where one
// of them is busy.
const (
	lookEvery  = time.Second
	retryEvery = 30 * time.Second
)

func (h *Host) watchCanary(ctx context.Context, c *canary) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var again time.Time // not before
	for {
		select {
		case <-ctx.Done():
			h.log.Warn("the host ends before its canaries have proved their code: the next start runs what was before", "script", c.script.name, "hash", short(c.prog.Hash))
			return
		case <-c.ended:
			return
		case now := <-tick.C:
			c.measure(h)
			mine, others := c.tallies(h)
			if v, why := c.judge.look(now, mine, others); v == takeBack || v == takeAll && !now.Before(again) {
				h.decide(ctx, c, v, why, ReloadRequest{By: "canary"})
				again = time.Now().Add(retryEvery)
				select {
				case <-c.ended:
					return
				default: // the others were busy
				}
			}
		}
	}
}

// decide ends a canary as the verdict says, unless it has ended already.
func (h *Host) decide(ctx context.Context, c *canary, v verdict, why string, r ReloadRequest) ([]Outcome, error) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	if c == nil || c.script.watched() != c {
		return nil, errCanaryOver
	}
	ctx, err := h.begun(ctx)
	if err != nil {
		return nil, err
	}
	if v == takeBack {
		return outcomesOf(h.sendBack(ctx, c, why, r, r.By != "command")), nil
	}
	if h.config().Watch != "off" {
		defer h.applyRefused(r.By)
	}
	return h.promote(ctx, c, why, r), nil
}

// promote puts the canaries' code into the others too. If one of those that hold together refuses it, or each of those that take
// code on their own, all go back; if it is only busy, that proves nothing, and the canaries go on.
func (h *Host) promote(ctx context.Context, c *canary, why string, r ReloadRequest) []Outcome {
	r.Script, r.To = c.script.name, c.asked.To
	binds := h.users(c.script.name)
	together, alone := apart(binds)
	ctx, cancel := h.changing(ctx, len(binds))
	defer cancel()
	results := h.together(ctx, together, c.prog, false)
	if who := refuser(results); who != nil {
		results = append(results, resultsBy(alone, func(b *Bind) string {
			if c.has(b.cfg.Name) {
				return outcomeUnchanged
			}
			return outcomeWaiting
		})...)
		if isBusy(who.err) {
			h.watchOn(c, who, r)
			return outcomesOf(results)
		}
		h.complain(c.script, c.prog, refusals(c.prog, results))
		h.sendBack(ctx, c, who.bind.cfg.Name+" cannot take it: "+who.err.Error(), r, true)
		return outcomesOf(results)
	}
	results = append(results, h.each(ctx, alone, c.prog, false)...)
	var left []string
	var who *result // the last that refused it each for itself
	others := 0     // that have it now
	for i, x := range results {
		switch {
		case x.word == outcomeRefused:
			left, who = append(left, x.bind.cfg.Name), &results[i]
		case !c.has(x.bind.cfg.Name):
			others++
		}
	}
	if who != nil && others == 0 {
		if slices.ContainsFunc(results, func(x result) bool { return isBusy(x.err) }) {
			h.watchOn(c, who, r)
			return outcomesOf(results)
		}
		h.complain(c.script, c.prog, refusals(c.prog, results))
		h.sendBack(ctx, c, "none of the others can take it: "+who.bind.cfg.Name+": "+who.err.Error(), r, true)
		return outcomesOf(results)
	}
	outcomes := h.report(ctx, c.script, c.prog, r, binds, results)
	if !c.script.runs(c.prog) { // nobody was left but the canaries
		h.took(c.script, c.prog, r, len(c.names))
	}
	if len(left) > 0 {
		slices.Sort(left)
		why += "; not taken by " + SomeNames(left)
		c.mu.Lock()
		c.left = left
		c.mu.Unlock()
	}
	h.endCanary(c, rolloutTaken, why)
	line := h.log.With("script", c.script.name, "hash", short(c.prog.Hash), "by", r.By, "why", why)
	if len(left) > 0 {
		line.Warn("the canaries did well: the others have their code now, but for those that refuse it each for itself", "refused", SomeNames(left))
	} else {
		line.Info("the canaries did well: the others have their code now")
	}
	return outcomes
}

// watchOn says that the canaries' code could not go to the others now.
func (h *Host) watchOn(c *canary, who *result, r ReloadRequest) {
	h.log.Warn("not all could take the canaries' code now: they are watched on", "script", c.script.name, "hash", short(c.prog.Hash), "bind", who.bind.cfg.Name, "by", r.By, "error", who.err.Error())
}

func isBusy(err error) bool {
	var e *esme.Error
	return errors.As(err, &e) && e.Code == luabind.CodeBusy
}

// sendBack takes the canaries back to what the others run, and says so. bad says that their code was found bad, not just
// not wanted. It returns those that cannot go.
func (h *Host) sendBack(ctx context.Context, c *canary, why string, r ReloadRequest, bad bool) []result {
	back, stuck := h.takeOut(ctx, c)
	if len(stuck) > 0 {
		var names []string
		for _, x := range stuck {
			names = append(names, x.bind.cfg.Name)
		}
		why += fmt.Sprintf("; %s cannot go back: %s", SomeNames(names), stuck[0].err)
		c.mu.Lock()
		c.left = names
		c.mu.Unlock()
	}
	h.endCanary(c, rolloutBack, why)
	s := c.script
	s.restore(c)
	if back == 0 && len(stuck) > 0 {
		return stuck
	}
	passed := h.archive.history(s.name).Passed
	h.note(s, passed, Version{What: "went_back", By: r.By, Hash: c.old.Hash, Binds: len(c.names) - len(stuck), Files: c.old.Files, Good: s.isGood(c.old),
		Why: fmt.Sprintf("canary of %s: %s", short(c.prog.Hash), why)}, c.old)
	if bad {
		h.spoil(s, c.prog)
	}
	h.log.Error("the canaries went back to the old script, and the others keep it; save a better one, or see esmehost history",
		"script", s.name, "canaries", SomeNames(except(c.names, c.left)), "bad", short(c.prog.Hash), "hash", short(c.old.Hash), "by", r.By, "error", why)
	return stuck
}

// except are the names that are not among but.
func except(names, but []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(but, name) })
}

// restore has the script run again what it ran before a canary whose code only some of the others took.
func (s *script) restore(c *canary) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prog != c.prog {
		return
	}
	s.prog = c.old
	s.endTrial()
}

// takeOut takes the binds that run the code of a canary which ends back.
func (h *Host) takeOut(ctx context.Context, c *canary) (back int, stuck []result) {
	binds := slices.DeleteFunc(h.users(c.script.name), func(b *Bind) bool { return b.lua.Info().Hash != c.prog.Hash })
	running, cancel := h.whileItRuns(context.WithoutCancel(ctx))
	defer cancel()
	return h.wayBack(running, c.script, binds, c.prog, c.old)
}

// endCanary ends the watch. It is called with the lock of reloads held.
func (h *Host) endCanary(c *canary, state, why string) {
	mine, others := c.tallies(h)
	c.mu.Lock()
	c.state, c.why, c.end, c.last = state, why, time.Now(), [2]tally{mine, others}
	c.mu.Unlock()
	s := c.script
	s.mu.Lock()
	s.canary, s.rolledOut, s.retry = nil, c, time.Time{}
	s.mu.Unlock()
	for _, b := range h.users(s.name) {
		b.meter.Store(nil)
	}
	close(c.ended)
}

// isCanary reports whether the bind runs code that the others of its script wait for.
func (h *Host) isCanary(b *Bind) bool {
	c := h.script(b.cfg.Script).watched()
	return c != nil && c.has(b.cfg.Name)
}

// watched is the canary under way; nil: there is none.
func (s *script) watched() *canary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canary
}

func (s *script) isGood(prog *vm.Program) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.good != nil && s.good.Hash == prog.Hash
}

// programOf is what the bind of that name runs, or is to run when it is made: a canary that is restarted stays one.
func (s *script) programOf(bind string) *vm.Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.canary != nil && s.canary.has(bind) {
		return s.canary.prog
	}
	return s.prog
}

// errCanaryOver is said to who comes too late.
var errCanaryOver = &esme.Error{Code: "not_found", Message: "the canary has ended at this moment; esmehost rollout shows how"}

func errNoCanary(script string) error {
	return &esme.Error{Code: "not_found", Message: fmt.Sprintf("no canary of '%s' is under way; esmehost rollout shows which are", script)}
}

// SomeNames are as many names as a line bears, and how many more there are.
func SomeNames(names []string) string {
	if len(names) > 10 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:10], " "), len(names)-10)
	}
	return strings.Join(names, " ")
}
