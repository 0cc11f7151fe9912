package esme

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// connectBurst is how many connections may be begun at once, defaultConnectRate how many a second beyond. A host of few
// binds waits for nothing, and one of thousands that starts, or whose SMSC returns, is no flood for its network.
const (
	connectBurst       = 50
	defaultConnectRate = 500
)

// pace spreads the connections that the clients of one dialer begin.
type pace struct {
	once    sync.Once
	limiter *rate.Limiter
}

// wait is for the turn of the next connection; it reports false when ctx ended.
func (p *pace) wait(ctx context.Context, perSecond float64) bool {
	p.once.Do(func() {
		if perSecond == 0 {
			perSecond = defaultConnectRate
		}
		if perSecond > 0 {
			p.limiter = rate.NewLimiter(rate.Limit(perSecond), connectBurst)
		}
	})
	if p.limiter == nil {
		return ctx.Err() == nil
	}
	turn := p.limiter.Reserve()
	if d := turn.Delay(); d > 0 && !pause(ctx, d) {
		turn.Cancel()
	}
	return ctx.Err() == nil
}

// pause lets d pass; it reports false when ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
