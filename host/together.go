package host

import (
	"context"
	"sync"
	"time"

	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// prepared is what the binds that hold together have tried, each for itself, and take when all would.
type prepared struct {
	mu  sync.Mutex
	all map[*Bind]*luabind.Prepared
}

func (p *prepared) prepare(ctx context.Context, b *Bind, prog *vm.Program) error {
	one, err := b.lua.Prepare(ctx, prog)
	if one != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.all == nil {
			p.all = map[*Bind]*luabind.Prepared{}
		}
		p.all[b] = one
	}
	return err
}

// swap has the bind take what it has tried.
func (p *prepared) swap(ctx context.Context, b *Bind, prog *vm.Program) (*luabind.Swapped, error) {
	p.mu.Lock()
	one := p.all[b]
	delete(p.all, b)
	p.mu.Unlock()
	if one == nil {
		return b.lua.Swap(ctx, prog)
	}
	return one.Swap(ctx)
}

func (p *prepared) drop() {
	for _, one := range p.all {
		one.Drop()
	}
}

// reloaders is how many binds change their code at the same time: enough to go on while some are busy. What that takes of the
// processors is bounded where the states are built.
const reloaders = 8

// A reload of thousands may take its time, a message may not: where more than a few binds change, a reloader leaves the
// processors to the traffic for a while after each. When that has gone on for restFor, as on a machine that is busy otherwise,
// the others are hurried.
const (
	fewBinds = 100
	rest     = 600 * time.Microsecond
	restFor  = 2 * time.Second
)

// forAll does something to binds, a few at the same time. It hurries when ctx is over.
func forAll(ctx context.Context, binds []*Bind, do func(b *Bind) result) []result {
	results := make([]result, len(binds))
	next := make(chan int)
	began := time.Now()
	var all sync.WaitGroup
	for range min(reloaders, len(binds)) {
		all.Go(func() {
			for i := range next {
				results[i] = do(binds[i])
				if len(binds) > fewBinds && ctx.Err() == nil && time.Since(began) < restFor {
					time.Sleep(rest)
				}
			}
		})
	}
	for i := range binds {
		next <- i
	}
	close(next)
	all.Wait()
	return results
}
