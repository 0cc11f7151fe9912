package luabind

import (
	"context"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Prepared is code that a bind has tried in a copy of its state, and may take now, or else is to drop. Where trying has left no
// mark in it, it is not loaded once more to be taken: of thousands of binds that change together, that is half of the work.
type Prepared struct {
	bind *Bind
	prog *vm.Program
	g    *generation // as it was loaded; nil: it is to be loaded again
}

// keepLoaded is how many instructions a script may take to load whose state is kept while the other binds try it: what
// loads in so few cannot hold much.
const keepLoaded = 10_000

// Prepare is Try of code that the bind is to take if all others do.
func (b *Bind) Prepare(ctx context.Context, prog *vm.Program) (*Prepared, error) {
	b.mu.Lock()
	h, same, n := b.current, b.runs(prog), b.generation+1
	b.mu.Unlock()
	if same {
		return nil, ErrUnchanged
	}
	g, err := loadGeneration(ctx, b, h, n, prog)
	if err != nil {
		return nil, err
	}
	p := &Prepared{bind: b, prog: prog}
	unmarked := g.fns[cbCodeChange] == nil
	if unmarked && g.vm.Used() <= keepLoaded {
		p.g = g
	} else {
		defer g.vm.Close()
	}
	snap, err := h.snapshot(ctx)
	if err == nil && snap != nil && !unmarked {
		err = g.takeOver(snap)
		g.forget()
	}
	if err != nil {
		p.Drop()
		return nil, err
	}
	return p, nil
}

// Swap is [Bind.Swap] of the code that was prepared. It can be called once.
func (p *Prepared) Swap(ctx context.Context) (*Swapped, error) {
	s := &Swapped{bind: p.bind}
	if err := (&change{bind: p.bind, prog: p.prog, ready: p.g, swapped: s}).run(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Drop gives up what was prepared. nil has nothing to give up.
func (p *Prepared) Drop() {
	if p != nil && p.g != nil {
		p.g.vm.Close()
	}
}
