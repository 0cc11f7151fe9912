package host

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// swaps are the binds that have taken new code which is to be taken by all or by none.
type swaps struct {
	ready   *prepared   // what they have tried
	refused atomic.Bool // by one: the others need not begin

	mu   sync.Mutex
	done map[*Bind]*luabind.Swapped
}

func (s *swaps) swap(ctx context.Context, b *Bind, prog *vm.Program) error {
	if s.refused.Load() {
		return nil // it would have
	}
	var swapped *luabind.Swapped
	err := inTime(ctx, func(ctx context.Context) (err error) {
		swapped, err = s.ready.swap(ctx, b, prog)
		return err
	})
	switch {
	case errors.Is(err, luabind.ErrUnchanged):
	case err != nil:
		s.refused.Store(true)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.done == nil {
			s.done = map[*Bind]*luabind.Swapped{}
		}
		s.done[b] = swapped
	}
	return err
}

func (s *swaps) commit() {
	for _, swapped := range s.done {
		swapped.Commit()
	}
}

// undo puts back what was before, however late it is.
func (s *swaps) undo(ctx context.Context, h *Host) {
	ctx, cancel := h.whileItRuns(context.WithoutCancel(ctx))
	defer cancel()
	s.ready.drop()
	forAll(ctx, slices.Collect(maps.Keys(s.done)), func(b *Bind) result {
		err := s.done[b].Undo(ctx)
		if err != nil && ctx.Err() == nil {
			b.log.Error("the new script cannot be taken back here, although it was refused elsewhere: save a better one, or see esmehost reload --to", "error", err.Error())
		}
		return resultOf(b, err)
	})
}
