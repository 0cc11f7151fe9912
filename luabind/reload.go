package luabind

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// ErrUnchanged is what Reload returns when the bind runs the program already.
var ErrUnchanged = errors.New("unchanged")

// CodeBusy is the code of a change that the bind did not come to in time. Nothing was changed.
const CodeBusy = "busy"

// LoadError says that code does not load. Nothing of a bind but its name and args can be the cause, so it is most
// often the same for all.
type LoadError struct{ Err error }

func (e *LoadError) Error() string { return e.Err.Error() }
func (e *LoadError) Unwrap() error { return e.Err }

// snapshot is a bind's state as data, with the version of the code that made it.
type snapshot struct{ version, state vm.Data }

// kept is a state from before a change that gave it another shape (another version), so that the way
// back finds it as the old code left it.
type kept struct {
	snapshot
	session int
}

// Try does what Reload would do in a copy of the bind's state, and throws it away: nothing changes, and
// no one notices but by log lines of the script.
func (b *Bind) Try(ctx context.Context, prog *vm.Program) error {
	p, err := b.Prepare(ctx, prog)
	p.Drop()
	return err
}

// builders bounds how many new states are built at once by all reloads of the process: half of the processors are left to the
// traffic, however many binds change.
var builders = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

// loadGeneration is newGeneration for code that is to replace other code, unless it is or gets too late for that.
func loadGeneration(ctx context.Context, b *Bind, h *Handler, number int, prog *vm.Program) (*generation, error) {
	var g *generation
	var err error
	select {
	case builders <- struct{}{}:
		if err = ctx.Err(); err == nil {
			g, err = newGenerationWithin(ctx, b, h, number, prog)
		}
		<-builders
	case <-ctx.Done():
		err = ctx.Err()
	}
	var e *vm.Error
	switch {
	case err == nil:
		return g, nil
	case ctx.Err() != nil && (!errors.As(err, &e) || e.Kind == vm.Closed):
		return nil, &esme.Error{Code: CodeBusy, Retryable: true, Cause: ctx.Err(),
			Message: "the change of code ended before this bind's turn came: it goes on with the old code"}
	}
	return nil, &LoadError{err}
}

func (b *Bind) runs(prog *vm.Program) bool {
	return b.prog.Hash == prog.Hash && b.prog.Main == prog.Main
}

// snapshot copies the state between two events; nil when there is no session.
func (h *Handler) snapshot(ctx context.Context) (*snapshot, error) {
	if h == nil {
		return nil, nil
	}
	type result struct {
		snap *snapshot
		err  error
	}
	taken := make(chan result, 1)
	if h.do(func() {
		if ctx.Err() == nil {
			s, err := h.generation().snapshot()
			taken <- result{s, err}
		}
	}) != nil {
		return nil, nil
	}
	select {
	case r := <-taken:
		return r.snap, r.err
	case <-h.ended():
		return nil, nil
	case <-ctx.Done():
		return nil, busy(ctx)
	}
}

func busy(ctx context.Context) error {
	return &esme.Error{Code: CodeBusy, Retryable: true, Cause: ctx.Err(),
		Message: "the bind is busy in a callback and did not come to it in time: it goes on with the old code"}
}

func (g *generation) snapshot() (*snapshot, error) {
	g.vm.Lock()
	defer g.vm.Unlock()
	state, err := vm.Copy(g.state, "state", g.vm.Limits().Memory)
	var version vm.Data
	if err == nil {
		version, err = vm.ToData(g.version, "version")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the state cannot be taken over: %w", g.prog.Main, err)
	}
	return &snapshot{version, state}, nil
}

// Reload replaces the script: a new state is made and loaded, then, between two events, the bind's state
// is copied into it and code_change is called, and it takes over. On an error the old one goes on as
// if nothing had been. A bind without a session takes the new script for its next one, if it loads.
// A bind that does not come to it before ctx ends gives an error with the code busy.
func (b *Bind) Reload(ctx context.Context, prog *vm.Program) error {
	return (&change{bind: b, prog: prog}).run(ctx)
}

// Back is Reload to code that was good before. Where version is the same in both, the state goes on; else the
// state from before the change comes back, or, in a session that began after it, a fresh one (init).
func (b *Bind) Back(ctx context.Context, prog *vm.Program) error {
	return (&change{bind: b, prog: prog, back: true}).run(ctx)
}

// Settle forgets what was kept for the way back.
func (b *Bind) Settle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = nil
}

// OnTrial says that the code is new although it replaced nothing here: what ran before the host was started again
// was another. Where the bind itself is new (newcomer), its init may die of what the code cannot know, and is no proof.
func (b *Bind) OnTrial(newcomer bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed, b.diedBefore = time.Now(), newcomer
}

// began takes what came of init. Code that is new and keeps the bind down with it, where the code before did not, is to be
// taken back: the next session could not come up either. Who ends in order by it (nil, "normal") means to.
func (b *Bind) began(g *generation, err error) {
	var died *vm.Error
	var refused *Refused
	why := ""
	switch {
	case errors.As(err, &died):
		why = "died in init: " + err.Error()
	case errors.As(err, &refused) && refused.Reason != "normal" && refused.Reason != "shutdown":
		why = err.Error()
	}
	b.mu.Lock()
	b.died = why != ""
	proof := b.died && !b.diedBefore
	b.mu.Unlock()
	if proof {
		b.goesBack(g, why)
	}
}

// goesBack reports whether the host takes g, which failed soon after it came, back. While that is on its way, which may
// take longer than the rest of the trial, g's errors are no reason to end the session.
func (b *Bind) goesBack(g *generation, why string) bool {
	b.mu.Lock()
	young := !b.changed.IsZero() && time.Since(b.changed) < b.opts.Trial
	meant := g.number == b.generation && (young || b.leaving == g.number)
	b.mu.Unlock()
	if !meant || b.opts.Tripped == nil || !b.opts.Tripped(g.prog, why) {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leaving = g.number
	return true
}

// change is a change of code on its way.
type change struct {
	bind  *Bind
	prog  *vm.Program
	back  bool
	ready *generation // that was prepared; nil: it is to be loaded
	turn  atomic.Int32

	swapped *Swapped // it may be undone; nil: it is for good
	undo    *Swapped // it undoes this; nil: it does not
}

// The turns of a change: it waits for the owner until it is taken, or withdrawn.
const (
	turnWaits int32 = iota
	turnTaken
	turnWithdrawn
)

func (c *change) run(ctx context.Context) error {
	b := c.bind
	b.changing.Lock()
	defer b.changing.Unlock()
	b.mu.Lock()
	h, same, n := b.current, b.runs(c.prog), b.generation+1
	b.mu.Unlock()
	if same {
		return ErrUnchanged
	}
	if c.undo != nil {
		n = c.undo.number
	}
	g, err := c.ready, error(nil)
	if g == nil || g.number != n {
		g, err = loadGeneration(ctx, b, h, n, c.prog)
	}
	if err == nil {
		g.handler = h
		err = c.deliver(ctx, h, g)
	}
	if err != nil {
		b.Refused(err.Error())
	}
	return err
}

// deliver gives g to the session that the bind has, whichever that is by then, or to the next one.
func (c *change) deliver(ctx context.Context, h *Handler, g *generation) error {
	for {
		swapped := make(chan error, 1)
		posted := h != nil && h.do(func() {
			if c.turn.CompareAndSwap(turnWaits, turnTaken) {
				swapped <- c.swap(h, g)
			}
		}) == nil
		if !posted && c.adoptIdle(g) {
			g.vm.Close()
			return nil
		}
		var ended <-chan struct{}
		if h != nil && h.live() {
			ended = h.ended()
		}
		if posted || ended != nil {
			select {
			case err := <-swapped:
				return c.done(g, err)
			case <-ended:
				select {
				case err := <-swapped:
					return c.done(g, err)
				default: // it ended before the turn came: the next session is to have it
				}
			case <-ctx.Done():
				if c.turn.CompareAndSwap(turnWaits, turnWithdrawn) {
					return c.done(g, busy(ctx))
				}
				return c.done(g, <-swapped)
			}
		}
		c.bind.mu.Lock() // a session may have come up at this moment: it is to swap
		h = c.bind.current
		c.bind.mu.Unlock()
		g.handler = h
	}
}

func (c *change) done(g *generation, err error) error {
	if err != nil {
		g.vm.Close()
	}
	return err
}

// swap puts g in the place of the code that runs, on the owner.
func (c *change) swap(h *Handler, g *generation) error {
	old := h.generation()
	snap, err := old.snapshot()
	switch {
	case c.undo != nil:
		err = c.undo.restore(h, g)
	case c.back:
		err = c.goBack(h, g, snap)
	case err == nil:
		err = g.takeOver(snap)
	}
	if err != nil {
		return err
	}
	g.vm.Lock()
	g.save()
	g.vm.Unlock()
	h.mu.Lock()
	h.gen.Store(g)
	h.errors = nil
	h.retire(old)
	h.mu.Unlock()
	c.adopt(g, snap, h.number)
	if c.swapped == nil {
		g.commit()
	}
	what := "reloaded"
	if c.back || c.undo != nil {
		what = "went back"
	}
	h.logger(g, "").Info(what)
	return nil
}

// retire lets the tasks of replaced code go on for a while. It is called with the lock held.
func (h *Handler) retire(old *generation) {
	if old.vm.Retire() {
		return
	}
	if h.old == nil {
		h.old = map[*generation]*time.Timer{}
	}
	h.old[old] = time.AfterFunc(h.bind.opts.OldTasks, func() {
		h.mu.Lock()
		delete(h.old, old)
		h.mu.Unlock()
		old.vm.Close()
	})
}

// takeOver gives the copied state to the new code and calls code_change(old_version, state).
func (g *generation) takeOver(snap *snapshot) error {
	g.vm.Lock()
	defer g.vm.Unlock()
	L := g.vm.L()
	g.state = vm.FromData(L, snap.state)
	if g.fns[cbCodeChange] == nil {
		return nil
	}
	g.changes = true
	ret, err := g.vm.Call(g.fns[cbCodeChange], 1, vm.FromData(L, snap.version), g.state)
	g.changes = false
	if err == nil {
		err = g.keep(cbCodeChange, ret[0])
	}
	if err != nil {
		g.forget()
		return fmt.Errorf("code_change refused: %w", err)
	}
	return nil
}

// goBack gives g the best state that is to be had. Code that was good is not refused.
func (c *change) goBack(h *Handler, g *generation, snap *snapshot) error {
	g.vm.Lock()
	version, err := vm.ToData(g.version, "version")
	g.vm.Unlock()
	if err != nil {
		return err
	}
	c.bind.mu.Lock()
	before := c.bind.kept
	c.bind.mu.Unlock()
	switch {
	case snap != nil && reflect.DeepEqual(version, snap.version):
		if g.takeOver(snap) != nil {
			g.restore(snap.state)
		}
		return nil
	case before != nil && before.session == h.number && reflect.DeepEqual(version, before.version):
		g.restore(before.state)
		return nil
	}
	return h.runInit(g)
}

// adopt makes g's program the one that the bind runs. before is the state that the old code left; nil: it had no session.
func (c *change) adopt(g *generation, before *snapshot, session int) {
	b := c.bind
	b.mu.Lock()
	defer b.mu.Unlock()
	c.take(g, before, session)
	switch {
	case c.undo != nil:
	case c.back:
		b.kept = nil
	case b.kept == nil && before != nil && !g.hasVersion(before.version):
		b.kept = &kept{*before, session}
	}
}

// take is what adopt and adoptIdle have in common.
func (c *change) take(g *generation, before *snapshot, session int) {
	b := c.bind
	if c.undo != nil {
		c.undo.restored()
		return
	}
	if c.swapped != nil {
		c.swapped.remember(g, before, session)
	}
	b.run(g.prog, g.number)
	b.changed, b.diedBefore = time.Now(), b.died
	if c.back {
		b.changed = time.Time{}
	}
}

func (g *generation) hasVersion(v vm.Data) bool {
	g.vm.Lock()
	defer g.vm.Unlock()
	own, err := vm.ToData(g.version, "version")
	return err == nil && reflect.DeepEqual(own, v)
}

// adoptIdle is adopt for a bind without a session; it reports false when there is one by now.
func (c *change) adoptIdle(g *generation) bool {
	b := c.bind
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil && b.current.live() {
		return false
	}
	c.take(g, nil, 0)
	return true
}
