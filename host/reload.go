package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Outcome is what a reload did to one bind, or with Check would do.
type Outcome struct {
	Bind       string `json:"bind"`
	Script     string `json:"script"`
	Outcome    string `json:"outcome"` // reloaded, unchanged, refused, kept: it would take it, but another one refused, or waiting for the canaries
	Generation int    `json:"generation"`
	Hash       string `json:"hash"`
	Error      string `json:"error,omitempty"`
}

// The outcomes.
const (
	outcomeReloaded  = "reloaded"
	outcomeUnchanged = "unchanged"
	outcomeRefused   = "refused"
	outcomeKept      = "kept"
	outcomeWaiting   = "waiting"
)

// reloadLimit is how long a bind that is busy may keep a reload waiting. All binds together have reloadLimitFor for each of
// them beside it: ten thousand on a machine that is busy otherwise need their time although none is busy itself.
const (
	reloadLimit    = 10 * time.Second
	reloadLimitFor = 5 * time.Millisecond
)

func reloadTime(binds int) time.Duration { return reloadLimit + time.Duration(binds)*reloadLimitFor }

// changing is ctx for a change of so many binds: it ends with reloadTime, and when the host is told to stop, and then
// nothing new is begun in a bind, and what is being loaded is cut short.
func (h *Host) changing(ctx context.Context, binds int) (context.Context, context.CancelFunc) {
	ctx, cancel := h.whileItRuns(ctx)
	ctx, done := context.WithTimeout(ctx, reloadTime(binds))
	return ctx, func() { done(); cancel() }
}

// whileItRuns is ctx that ends when the host is told to stop, too.
func (h *Host) whileItRuns(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	h.mu.Lock()
	running := h.ctx
	h.mu.Unlock()
	if running == nil {
		return ctx, cancel
	}
	stop := context.AfterFunc(running, cancel)
	return ctx, func() { stop(); cancel() }
}

// begun is the context of a change that nobody may cut short any more: who asked for it may go away, and then does not
// see what came of it. An error says that he went before, or that the host stops.
func (h *Host) begun(ctx context.Context) (context.Context, error) {
	if h.isStopping() {
		return nil, errStopping
	}
	if err := ctx.Err(); err != nil {
		return nil, &esme.Error{Code: luabind.CodeBusy, Retryable: true, Cause: err, Message: "other changes took too long: this one was not begun"}
	}
	return context.WithoutCancel(ctx), nil
}

// inTime changes the code of a bind, unless that is busy for too long.
func inTime(ctx context.Context, change func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	return change(ctx)
}

// ReloadRequest says what is to be reloaded, and how.
type ReloadRequest struct {
	Script string // empty: all
	To     string // hash of an earlier version, or its start; empty: what is in the file
	Check  bool   // only tell what would happen
	By     string // who asks, for the history
	Canary Canary // which binds take it first; the zero value: all at once
	Saved  bool   // rollout: of the configuration says instead which do
}

// Reload compiles the script, or every script, and replaces it in each bind that runs it. What does
// not compile changes nothing: the diagnostics say why. The outcomes are by bind. What has begun when ctx ends goes on:
// half of a change is none.
func (h *Host) Reload(ctx context.Context, r ReloadRequest) ([]Outcome, diag.List, error) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	ctx, err := h.begun(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !r.Check && (r.By == "SIGHUP" || h.config().Watch != "off") {
		defer h.applyRefused(r.By)
	}
	names := h.usedScripts()
	if r.Script != "" && !slices.Contains(names, r.Script) {
		return nil, diag.List{{Message: "no bind runs the script '" + r.Script + "'", Remedy: diag.DidYouMean(r.Script, names)}}, nil
	}
	if r.To != "" {
		o, err := h.reloadTo(ctx, r)
		return o, nil, err
	}
	if r.Script != "" {
		names = []string{r.Script}
	}
	var outcomes []Outcome
	var wrong diag.List
	now := newReading(h.config().Scripts)
	defer now.end()
	for _, name := range names {
		o, w, err := h.reloadFrom(ctx, now, h.script(name), r)
		if err != nil {
			return nil, nil, err
		}
		outcomes = append(outcomes, o...)
		wrong = append(wrong, w...)
	}
	slices.SortFunc(outcomes, func(a, b Outcome) int { return cmp.Compare(a.Bind, b.Bind) })
	wrong.Sort()
	return outcomes, wrong, nil
}

// reloadFrom is the transaction of one script.
func (h *Host) reloadFrom(ctx context.Context, now *reading, s *script, r ReloadRequest) ([]Outcome, diag.List, error) {
	prog, wrong, files := now.compile(s.name)
	if !r.Check { // a look is not to hide from the watcher what it has not seen yet
		s.mu.Lock()
		s.files = files
		if prog != nil {
			s.disk = prog.Hash
		}
		s.mu.Unlock()
	}
	if len(wrong) > 0 {
		if !r.Check {
			h.complain(s, nil, wrong)
		}
		return nil, wrong, nil
	}
	if current := s.current(); r.By == "SIGHUP" && current != nil && prog.Hash == h.archive.history(s.name).Passed {
		h.sayPassed(s, current) // nobody asked for it
		return nil, nil, nil
	}
	o, err := h.put(ctx, s, prog, r)
	return o, nil, err
}

// reloadTo goes to an earlier version, whatever the file holds.
func (h *Host) reloadTo(ctx context.Context, r ReloadRequest) ([]Outcome, error) {
	if r.Script == "" {
		return nil, errors.New("name the script that is to go to an earlier version")
	}
	prog, err := h.archive.find(r.Script, r.To)
	if err != nil {
		return nil, err
	}
	return h.put(ctx, h.script(r.Script), prog, r)
}

// put puts prog into the binds of the script, all at once or into the canaries first. The error is an *esme.Error:
// there are no such canaries.
func (h *Host) put(ctx context.Context, s *script, prog *vm.Program, r ReloadRequest) ([]Outcome, error) {
	binds := h.users(s.name)
	if r.Saved {
		r.Canary = rolloutOf(binds)
	}
	if r.Canary.on() && !r.Saved { // a name that is wrong is said, whatever is to be done
		if _, err := r.Canary.choose(binds, prog.Hash, nil); err != nil {
			return nil, err
		}
	}
	c := s.watched()
	if c == nil && !r.Canary.on() {
		return h.putAll(ctx, s, prog, r), nil
	}
	var before []string
	if c != nil {
		before = c.names
	}
	switch {
	case r.Check && !r.Canary.on():
	case c != nil && prog.Hash == c.old.Hash: // as good as no change
		if !r.Check {
			h.sendBack(ctx, c, "the old script was asked for again", r, false)
		}
	case c != nil && prog.Hash == c.prog.Hash && r.Canary.on(): // it is under way
		return outcomesOf(resultsBy(binds, func(b *Bind) string {
			if slices.Contains(before, b.cfg.Name) {
				return outcomeUnchanged
			}
			return outcomeWaiting
		})), nil
	case c != nil && prog.Hash == c.prog.Hash:
		return h.promote(ctx, c, "all at once was asked for", r), nil
	case r.Canary.on() && !s.runs(prog):
		chosen, err := r.Canary.choose(binds, prog.Hash, before)
		if err != nil {
			return nil, err
		}
		if len(chosen) < len(binds) { // or nobody is left to be spared
			return h.putCanary(ctx, s, prog, binds, chosen, r), nil
		}
		if !r.Check {
			h.log.Warn("the canaries would be all binds of the script: all take the code at once, and nobody watches it", "script", s.name, "hash", short(prog.Hash), "canary", r.Canary.String(), "binds", len(binds), "by", r.By)
		}
	}
	outcomes := h.putAll(ctx, s, prog, r)
	if c != nil && s.watched() == c && s.current() == prog {
		h.endCanary(c, rolloutReplaced, "newer code came: "+short(prog.Hash))
		h.takeOut(ctx, c) // of those that refused the newer code
	}
	return outcomes, nil
}

// rolloutOf is what the configuration says for a script: its binds agree.
func rolloutOf(binds []*Bind) Canary {
	for _, b := range binds {
		if b.parent == "" {
			return b.live.Load().rollout
		}
	}
	return Canary{}
}

// putAll puts prog into the binds of the script: those that hold together all or none, the others each.
func (h *Host) putAll(ctx context.Context, s *script, prog *vm.Program, r ReloadRequest) []Outcome {
	binds := h.users(s.name)
	together, alone := apart(binds)
	ctx, cancel := h.changing(ctx, len(binds))
	defer cancel()
	results := append(h.together(ctx, together, prog, r.Check), h.each(ctx, alone, prog, r.Check)...)
	if r.Check {
		return outcomesOf(results)
	}
	return h.report(ctx, s, prog, r, binds, results)
}

// report notes and tells what became of prog in the binds of the script.
func (h *Host) report(ctx context.Context, s *script, prog *vm.Program, r ReloadRequest, binds []*Bind, results []result) []Outcome {
	outcomes := outcomesOf(results)
	h.refuse(s, prog, r, results)
	taken := 0
	for _, x := range results {
		if x.word == outcomeReloaded {
			taken++
		}
	}
	if taken > 0 {
		h.took(s, prog, r, taken)
		for _, b := range h.users(s.name) { // a bind that came up meanwhile
			if !slices.Contains(binds, b) {
				b.lua.Reload(ctx, prog)
			}
		}
	}
	return outcomes
}

// refuse says why binds refused prog. To be busy is no reason for good: what was saved is tried again.
func (h *Host) refuse(s *script, prog *vm.Program, r ReloadRequest, results []result) {
	h.complain(s, prog, refusals(prog, results))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retry = time.Time{}
	if r.Saved && slices.ContainsFunc(results, func(x result) bool { return isBusy(x.err) }) {
		s.retry = time.Now().Add(retryEvery)
	}
}

// apart parts the binds that hold together from those that take new code each for itself.
func apart(binds []*Bind) (together, alone []*Bind) {
	for _, b := range binds {
		if b.live.Load().reload == reloadEach {
			alone = append(alone, b)
		} else {
			together = append(together, b)
		}
	}
	return together, alone
}

func outcomesOf(results []result) []Outcome {
	outcomes := make([]Outcome, len(results))
	for i, x := range results {
		outcomes[i] = x.outcome()
	}
	return outcomes
}

func resultsBy(binds []*Bind, word func(b *Bind) string) []result {
	results := make([]result, len(binds))
	for i, b := range binds {
		results[i] = result{bind: b, word: word(b)}
	}
	return results
}

// refusals says why binds refused prog, each reason once.
func refusals(prog *vm.Program, results []result) diag.List {
	var refused diag.List
	for _, x := range results {
		if x.word == outcomeRefused {
			if d := diagnose(prog, x.err); !slices.Contains(refused, d) {
				refused = append(refused, d)
			}
		}
	}
	return refused
}

// result is what became of one bind.
type result struct {
	bind *Bind
	word string
	err  error
}

func (r result) outcome() Outcome {
	info := r.bind.lua.Info()
	o := Outcome{Bind: r.bind.cfg.Name, Script: r.bind.cfg.Script, Outcome: r.word, Generation: info.Generation, Hash: info.Hash}
	if r.err != nil {
		o.Error = r.err.Error()
	}
	return o
}

func resultOf(b *Bind, err error) result {
	switch {
	case err == nil:
		return result{b, outcomeReloaded, nil}
	case errors.Is(err, luabind.ErrUnchanged):
		return result{b, outcomeUnchanged, nil}
	}
	return result{b, outcomeRefused, err}
}

// each puts prog into each bind that takes it.
func (h *Host) each(ctx context.Context, binds []*Bind, prog *vm.Program, check bool) []result {
	return tryAll(ctx, binds, prog, false, func(b *Bind) error {
		return inTime(ctx, func(ctx context.Context) error {
			if check {
				return b.lua.Try(ctx, prog)
			}
			return b.lua.Reload(ctx, prog)
		})
	})
}

// together puts prog into all of the binds, or into none. All try it first in a copy of their state. Where one takes it there
// and refuses in earnest, since its state changed in between, the others go on as if nothing had been.
func (h *Host) together(ctx context.Context, binds []*Bind, prog *vm.Program, check bool) []result {
	var ready prepared
	if len(binds) > 1 || check {
		tried := tryAll(ctx, binds, prog, true, func(b *Bind) error {
			return inTime(ctx, func(ctx context.Context) error {
				if check {
					return b.lua.Try(ctx, prog)
				}
				return ready.prepare(ctx, b, prog)
			})
		})
		if who := refuser(tried); check || who != nil {
			ready.drop()
			return keepBack(tried, who)
		}
	}
	pending := swaps{ready: &ready}
	results := forAll(ctx, binds, func(b *Bind) result { return resultOf(b, pending.swap(ctx, b, prog)) })
	who := refuser(results)
	if who == nil {
		pending.commit()
		return results
	}
	pending.undo(ctx, h)
	return keepBack(results, who)
}

func refuser(results []result) *result {
	for i := range results {
		if results[i].word == outcomeRefused {
			return &results[i]
		}
	}
	return nil
}

// keepBack says of those that would have taken the code that another one kept them back.
func keepBack(results []result, who *result) []result {
	if who == nil {
		return results
	}
	for i := range results {
		if r := &results[i]; r.word == outcomeReloaded {
			r.word, r.err = outcomeKept, fmt.Errorf("%s refused it, and reload is together: %w", who.bind.cfg.Name, who.err)
		}
	}
	return results
}

// complain logs why a script was refused; the same complaint again is not said again. None clears it. refused is nil for what
// does not compile.
func (h *Host) complain(s *script, refused *vm.Program, wrong diag.List) {
	s.mu.Lock()
	said, runs := s.said, s.prog
	s.said = wrong.Error()
	s.mu.Unlock()
	if len(wrong) == 0 || said == wrong.Error() {
		return
	}
	for _, user := range h.users(s.name) { // their status says it
		user.lua.Refused(wrong.Error())
	}
	var b strings.Builder
	wrong.Print(&b)
	line := h.log.With("script", s.name)
	if refused != nil {
		line = line.With("refused", short(refused.Hash))
	}
	if runs != nil {
		line = line.With("hash", short(runs.Hash))
	}
	line.Error("reload refused: the old script goes on", "error", strings.TrimSpace(b.String()))
}
