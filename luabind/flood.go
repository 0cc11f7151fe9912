package luabind

import (
	"sync"

	"golang.org/x/time/rate"
)

// flood bounds how many lines a bind's scripts may log: 200 at once, 100 a second.
type flood struct {
	mu      sync.Mutex
	tokens  *rate.Limiter
	dropped int
}

func newFlood() *flood { return &flood{tokens: rate.NewLimiter(100, 200)} }

// allow reports whether a line may be written, and how many were not since the last one that was.
func (f *flood) allow() (ok bool, dropped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.tokens.Allow() {
		f.dropped++
		return false, 0
	}
	dropped, f.dropped = f.dropped, 0
	return true, dropped
}
