package luabind

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// flood bounds how many lines a bind's scripts may log, or make the host log: limits.log_rate a second, twice as many at once.
// A bind has one for its scripts' own lines, one for the host's, and one for errors, so that a script that logs much, or has the host do so, does
// not hide its errors.
type flood struct {
	mu      sync.Mutex
	tokens  *rate.Limiter
	dropped int
}

func newFlood(perSecond int) *flood {
	return &flood{tokens: rate.NewLimiter(rate.Limit(perSecond), min(perSecond, 1<<30)*2)}
}

// allow reports whether a line that stands for n may be written, and how many were not since the last one that was.
func (f *flood) allow(n int) (ok bool, dropped int) {
	if !f.tokens.Allow() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.dropped += n
		return false, 0
	}
	return true, f.rest()
}

// rest is how many lines were not written and not told of yet, for one that is written in any case.
func (f *flood) rest() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.dropped
	f.dropped = 0
	return n
}

// log writes a line that stands for n, where it may, with how many could not be before it.
func (f *flood) log(l *slog.Logger, level slog.Level, n int, message string, attrs ...any) {
	if !l.Enabled(context.Background(), level) {
		return
	}
	ok, dropped := f.allow(n)
	if !ok {
		return
	}
	if dropped > 0 {
		attrs = append(slices.Clip(attrs), "suppressed", dropped)
	}
	l.Log(context.Background(), level, message, attrs...)
}

const (
	// repeatEvery is how often an error that happens again and again is logged, with its count.
	repeatEvery = time.Second
	// maxRepeats bounds how many different errors are counted at once. More, and each is logged as it comes,
	// as far as the flood lets it, as with the lines of those that are counted.
	maxRepeats = 64
)

// repeats keeps the same error, a thousand times a second, to one line with a count.
type repeats struct {
	flood *flood
	mu    sync.Mutex
	lines map[string]*repeated
}

type repeated struct {
	count int
	write func(count int)
	timer *time.Timer
}

// log writes the line at once when it is new, and otherwise counts it.
func (r *repeats) log(l *slog.Logger, where, message string, attrs ...any) {
	write := func(count int) {
		line := attrs
		if count > 0 {
			line = append(slices.Clip(attrs), "repeated", count)
		}
		r.flood.log(l, slog.LevelError, max(count, 1), "script error", line...)
	}
	key := where + "\x00" + message
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.lines[key]; e != nil {
		e.count++
		return
	}
	write(0)
	if len(r.lines) >= maxRepeats {
		return
	}
	if r.lines == nil {
		r.lines = map[string]*repeated{}
	}
	e := &repeated{write: write}
	e.timer = time.AfterFunc(repeatEvery, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lines[key] != e {
			return
		}
		if e.count == 0 {
			delete(r.lines, key)
			return
		}
		e.write(e.count)
		e.count = 0
		e.timer.Reset(repeatEvery)
	})
	r.lines[key] = e
}

// end writes what was counted and not yet told.
func (r *repeats) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.lines {
		e.timer.Stop()
		if e.count > 0 {
			e.write(e.count)
		}
	}
	r.lines = nil
}
