package esme

import (
	"time"
)

// bucket holds what may go out: what is sent takes one, and rate come in each second.
type bucket struct {
	rate, tokens float64
	filled       time.Duration
}

func (b *bucket) fill(at time.Duration) {
	b.tokens = min(b.tokens+b.rate*(at-b.filled).Seconds(), max(1, b.rate/burstTicks))
	b.filled = at
}

func (b *bucket) set(f fact) {
	b.fill(f.at)
	if f.rate > 0 && (f.rate < b.rate || b.rate == 0) {
		b.tokens = 1 // slower: what was saved is gone
	}
	b.rate = f.rate
}

func (b *bucket) take(at time.Duration) bool {
	b.fill(at)
	b.tokens--
	return b.rate == 0 || b.tokens > -1e-6-b.rate*2e-9 // time has no parts of a nanosecond
}
