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

// pace spreads the connections that the clients of one dialer begin. They stand in a queue, and only its first one waits for
// the clock: its turn is reckoned from when those before it did begin. Turns that are given out beforehand come all together
// after a time in which the process did not run, and it is short of time when thousands of binds return.
type pace struct {
	once    sync.Once
	first   chan struct{} // full while somebody is first in the queue; the others wait to fill it, in their order
	limiter *rate.Limiter
}

// begin makes the pace. It is nobody's if there is no limit.
func (p *pace) begin(perSecond float64) {
	if perSecond == 0 {
		perSecond = defaultConnectRate
	}
	if perSecond > 0 {
		p.first = make(chan struct{}, 1)
		p.limiter = rate.NewLimiter(rate.Limit(perSecond), connectBurst)
	}
}

// wait is for the turn of the next connection; it reports false when ctx ended.
func (p *pace) wait(ctx context.Context, perSecond float64) bool {
	p.once.Do(func() { p.begin(perSecond) })
	if p.limiter == nil {
		return ctx.Err() == nil
	}
	select {
	case p.first <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-p.first }()
	for ctx.Err() == nil {
		d := take(p.limiter, time.Now())
		if d == 0 {
			return true
		}
		pause(ctx, d)
	}
	return false
}

// take takes a token of the bucket, or says how long it takes until there is one.
func take(bucket *rate.Limiter, now time.Time) time.Duration {
	if bucket.AllowN(now, 1) {
		return 0
	}
	missing := 1 - bucket.TokensAt(now)
	return max(1, time.Duration(missing/float64(bucket.Limit())*float64(time.Second)))
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
