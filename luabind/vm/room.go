package vm

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A limit bounds what one callback takes, and not what a bind takes that runs one after the other, each just below the
// limit. The processors are few, and who has little to do waits for who has much: a hundred times as long as for its own
// work. So a state that takes a good part of a processor is heavy, and rests after each slice of its time while any is there
// that is not: those that are heavy get together one part in heavyShare of all processors. Where all are heavy nobody
// rests, and nobody does who is alone. What that costs is the heavy one's own time only: a rest counts for no limit.

const (
	// lightBelow: a state that takes less than one part in so many of a processor is light. That is what heavyShare
	// leaves to a heavy one alone on two processors: nobody is cut down far below what made it heavy.
	lightBelow = 2
	// longRun is how long a run may take before its state is one that others wait for: it is heavy with less, and its rests
	// are in full, which with the system's timers is about a millisecond after each slice.
	longRun        = time.Millisecond
	lightBelowLong = 8 // what lightBelow is for those
	// lightFirst is what a state takes before it is asked.
	lightFirst = time.Millisecond
	// lightWithin is how long ago one must have run that is light, for the others to make room.
	lightWithin = time.Second
	// heavySlice is how long a heavy state may run between two rests.
	heavySlice = time.Millisecond / 8
	// heavyShare: all heavy states together get one part in so many of the processors.
	heavyShare = 4
	// longestRest bounds a rest, however many are heavy.
	longestRest = 20 * time.Millisecond
	// mostAhead bounds what a long rest is worth: a machine that had no time for the script is no rest.
	mostAhead = 2 * time.Millisecond
	// heavyWindow is the time of a processor over which heavy is told from light.
	heavyWindow = 20 * time.Millisecond
)

// room is what a state has taken of the processors.
type room struct {
	used   time.Duration // since then
	since  time.Duration // of the clock, rests left out
	unpaid time.Duration // of used, since the last rest
	ahead  time.Duration // that it rested longer than it was to: the system's timers are coarse
	rests  int64
}

// heavyTurns is when heavy states have used up what is theirs.
var heavyTurns turns

// turns is the time that heavy states share.
type turns struct{ next atomic.Int64 }

// take pays for a turn of a length that ends now, on one of n processors, and returns how long to rest after it.
func (t *turns) take(now, length time.Duration, n int) (rest time.Duration) {
	gap := length * heavyShare / time.Duration(n)
	for {
		next := t.next.Load()
		at := min(max(time.Duration(next), now-length)+gap, now+longestRest)
		if t.next.CompareAndSwap(next, int64(at)) {
			return max(0, at-now)
		}
	}
}

// makeRoom counts what the state has taken more, and rests where that is much.
func (s *State) makeRoom(more time.Duration) {
	r := &s.room
	r.used += more
	r.unpaid += more
	if r.used < lightFirst || r.unpaid < heavySlice {
		return
	}
	now := clock()
	unpaid := r.unpaid
	r.unpaid = 0
	long := s.budget.active > longRun
	below := time.Duration(lightBelow)
	if long {
		below = lightBelowLong
	}
	if now-r.since > r.used*below {
		r.used, r.since = 0, now
		return
	}
	if r.used > heavyWindow {
		r.used, r.since = r.used/2, now-(now-r.since)/2
	}
	s.watched.heavy.Store(int64(now + lightWithin))
	if !lightBeside(s.watched, now) {
		runtime.Gosched()
		return
	}
	r.rests++
	if long {
		r.ahead = 0
	}
	rest := heavyTurns.take(now, unpaid, runtime.GOMAXPROCS(0)) - r.ahead
	if rest <= 0 {
		r.ahead = -rest
		runtime.Gosched()
		return
	}
	time.Sleep(rest)
	rested := clock() - now
	r.ahead = min(max(0, rested-rest), mostAhead)
	r.since += rested
}

// ran counts what a run has taken since its last rest. Of one that was too short for a look at the clock that is nothing.
func (s *State) ran() {
	b := &s.budget
	if b.last == 0 {
		return
	}
	b.count(clock() - b.last)
	s.room.used += b.active - b.rested
	s.room.unpaid += b.active - b.rested
	b.last, b.rested = 0, b.active
}

// The last two light states that were seen to run, and when: another than the one that asks is among them.
var lights [2]struct {
	who  atomic.Pointer[watched]
	seen atomic.Int64
}

// sawLight notes that a light state has run.
func sawLight(w *watched, now time.Duration) {
	if last := &lights[0]; last.who.Load() != w {
		lights[1].who.Store(last.who.Load())
		lights[1].seen.Store(last.seen.Load())
		last.who.Store(w)
	}
	lights[0].seen.Store(int64(now))
}

// lightBeside reports whether a light state runs now and then beside w.
func lightBeside(w *watched, now time.Duration) bool {
	for i := range lights {
		if who := lights[i].who.Load(); who != nil && who != w && now-time.Duration(lights[i].seen.Load()) < lightWithin {
			return true
		}
	}
	return false
}
