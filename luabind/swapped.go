package luabind

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Swapped is new code that a bind runs although it is not certain yet that it stays: with the other binds it is to be taken by
// all or by none. Until Commit or Undo, of which one is called once, it keeps what was before.
//
// What the new code handles in between it handles for good: what it sent is sent. Of what code_change did to timers
// nothing is done before Commit.
type Swapped struct {
	bind *Bind
	g    *generation // that took over; nil: there was no session

	prog             *vm.Program // what ran before,
	number           int         // and its generation
	session          int         // that had it; 0: none
	state            vm.Data     // as it left it
	kept             *kept
	changed          time.Time
	died, diedBefore bool
}

// Swap is Reload that can be undone.
func (b *Bind) Swap(ctx context.Context, prog *vm.Program) (*Swapped, error) {
	return (&Prepared{bind: b, prog: prog}).Swap(ctx)
}

// remember notes what is before g. It is called with the bind's lock held.
func (s *Swapped) remember(g *generation, before *snapshot, session int) {
	b := s.bind
	s.prog, s.number, s.kept, s.changed, s.died, s.diedBefore = b.prog, b.generation, b.kept, b.changed, b.died, b.diedBefore
	if before != nil {
		s.g, s.session, s.state = g, session, before.state
	}
}

// Commit says that the code stays.
func (s *Swapped) Commit() {
	if s.g != nil && s.g.stages() {
		s.g.handler.do(s.g.commit) // a session that has ended has no timers
	}
}

// Undo puts back what was before: the code, the number of its generation, and in the session that had it the state as it was. A
// session that has begun since gets its state from init. Tasks of the code before end in the state that they began in,
// as over any change.
func (s *Swapped) Undo(ctx context.Context) error {
	return (&change{bind: s.bind, prog: s.prog, undo: s}).run(ctx)
}

// restore gives the code from before, loaded again, its state.
func (s *Swapped) restore(h *Handler, g *generation) error {
	if s.g != nil {
		s.g.forget()
	}
	if s.session != h.number {
		return h.runInit(g)
	}
	g.restore(s.state)
	return nil
}

// restored puts the rest back. It is called with the bind's lock held.
func (s *Swapped) restored() {
	b := s.bind
	b.run(s.prog, s.number)
	b.kept, b.changed, b.died, b.diedBefore, b.leaving = s.kept, s.changed, s.died, s.diedBefore, 0
}

// restore has g go on with a state.
func (g *generation) restore(state vm.Data) {
	g.vm.Lock()
	defer g.vm.Unlock()
	g.state = lua.LNil
	if state != nil {
		g.state = vm.FromData(g.vm.L(), state)
	}
}
