package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// loading is what is known of code that many binds are to load. What it does there is the same for all but for their names
// and args, so that code which does not load in a few is not tried in ten thousand more: a loop without an end would cost
// each of them all of limits.load.
type loading struct {
	together bool // one that refuses refuses for all

	mu      sync.Mutex
	loaded  bool             // in one bind at least
	refused map[string]error // by bind
	times   map[string]int   // that an error came
	verdict error            // what all others are told; nil: they are to try
}

// enoughRefusals is how many binds must say the same before the others need not be asked.
const enoughRefusals = 3

func newLoading(together bool) *loading {
	return &loading{together: together, refused: map[string]error{}, times: map[string]int{}}
}

// saw takes what came of it in a bind.
func (l *loading) saw(bind string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var e *luabind.LoadError
	if !errors.As(err, &e) {
		var later *vm.Error // of what comes after
		l.loaded = l.loaded || err == nil || errors.As(err, &later)
		return
	}
	l.refused[bind] = err
	l.times[err.Error()]++
	enough := enoughRefusals
	if l.together && overLimit(err) {
		enough = 1
	}
	if l.verdict == nil && l.times[err.Error()] >= enough && (l.together || !l.loaded) {
		l.verdict = fmt.Errorf("not tried here, since it does not load in %s: %w", bind, err)
	}
}

// of is what is known for a bind before it tries; nil: it is to try.
func (l *loading) of(bind string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refused[bind]; err != nil {
		return err
	}
	return l.verdict
}

func overLimit(err error) bool {
	var e *vm.Error
	return errors.As(err, &e) && (e.Kind == vm.Budget || e.Kind == vm.Time || e.Kind == vm.Memory)
}

// probe loads prog in a few binds, one after another, until one has loaded it: what costs its whole limit is
// not to do so in as many binds as there are reloaders at the same time.
func (l *loading) probe(ctx context.Context, binds []*Bind, prog *vm.Program) {
	others := slices.DeleteFunc(slices.Clone(binds), func(b *Bind) bool { return b.lua.Info().Hash == prog.Hash })
	for _, b := range others[:min(enoughRefusals, len(others))] {
		err := b.lua.Loads(ctx, prog)
		l.saw(b.cfg.Name, err)
		if err == nil || ctx.Err() != nil || l.of("") != nil {
			return
		}
	}
}

// tryAll has binds take prog by do, as far as it is not known by then that they cannot load it.
func tryAll(ctx context.Context, binds []*Bind, prog *vm.Program, together bool, do func(b *Bind) error) []result {
	l := newLoading(together)
	if len(binds) > 1 {
		l.probe(ctx, binds, prog)
	}
	return forAll(ctx, binds, func(b *Bind) result {
		err := l.of(b.cfg.Name)
		if err == nil || b.lua.Info().Hash == prog.Hash {
			err = do(b)
			l.saw(b.cfg.Name, err)
		}
		return resultOf(b, err)
	})
}
