package vm

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
	"weak"
)

// One instruction of the machine may take milliseconds (a hole in a list is filled up to its index, the
// length of a list with holes is searched), so counting instructions alone bounds neither time nor
// memory. While anything runs, a goroutine looks every watchEvery which states are still in the run that
// they were in at its last look, and makes those look at clock and memory at their next instruction.
const (
	watchEvery = 2 * time.Millisecond
	watchIdle  = 8 // looks without anything to do, and it ends
)

var watcher struct {
	sync.Mutex
	on     atomic.Bool
	chunks []*watchChunk
	free   []int
	live   atomic.Uint64 // octets of the heap that the last collection found in use
}

// watchChunk keeps what is read at every look close together.
type watchChunk struct {
	states  [256]watched
	seen    [256]uint32
	budgets [256]weak.Pointer[State]
}

// watched is what the watcher reads of a state.
type watched struct {
	runs  atomic.Uint32 // odd while something runs
	heavy atomic.Int64  // of the clock: until then it counts as one that takes much of a processor
}

// watch gives the state its place; it is freed with the state.
func (s *State) watch() {
	w := &watcher
	w.Lock()
	defer w.Unlock()
	if len(w.free) == 0 {
		c := &watchChunk{}
		w.chunks = append(w.chunks, c)
		for i := len(c.states) - 1; i >= 0; i-- {
			w.free = append(w.free, (len(w.chunks)-1)*len(c.states)+i)
		}
	}
	n := w.free[len(w.free)-1]
	w.free = w.free[:len(w.free)-1]
	c := w.chunks[n/256]
	s.watched = &c.states[n%256]
	s.watched.runs.Store(0)
	s.watched.heavy.Store(0)
	c.budgets[n%256] = weak.Make(s)
	runtime.AddCleanup(s, func(n int) {
		w.Lock()
		defer w.Unlock()
		c := w.chunks[n/256]
		c.states[n%256].runs.Store(0)
		c.budgets[n%256] = weak.Pointer[State]{}
		w.free = append(w.free, n)
	}, n)
}

// runs marks the beginning of a run, and stands the end.
func (s *State) runs() {
	s.watched.runs.Add(1)
	if !watcher.on.Load() {
		startWatching()
	}
}

func (s *State) stands() { s.watched.runs.Add(1) }

func startWatching() {
	if watcher.on.CompareAndSwap(false, true) {
		go keepWatching()
	}
}

func keepWatching() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	idle := 0
	for tick := 0; ; tick++ {
		time.Sleep(watchEvery)
		if tick%16 == 0 {
			metrics.Read(live)
			watcher.live.Store(live[0].Value.Uint64())
		}
		if look() {
			idle = 0
		} else if idle++; idle == watchIdle {
			watcher.on.Store(false)
			if !look() || !watcher.on.CompareAndSwap(false, true) {
				return // a run that begins now starts another watcher
			}
			idle = 0
		}
	}
}

// look makes the states look that run since the last look; it reports whether any has run.
func look() bool {
	watcher.Lock()
	defer watcher.Unlock()
	any, now := false, clock()
	for _, c := range watcher.chunks {
		for i := range c.states {
			w := &c.states[i]
			run := w.runs.Load()
			if (run != c.seen[i] || run%2 == 1) && time.Duration(w.heavy.Load()) < now {
				sawLight(w, now)
			}
			if run == c.seen[i] {
				if run%2 == 1 {
					any = true
					if s := c.budgets[i].Value(); s != nil {
						s.budget.check.Store(Unlimited)
					}
				}
				continue
			}
			any = true
			c.seen[i] = run
		}
	}
	return any
}

// allocated is how many octets the process has allocated since it started.
func allocated() uint64 {
	sample := samples.Get().(*[1]metrics.Sample)
	defer samples.Put(sample)
	metrics.Read(sample[:])
	return sample[0].Value.Uint64()
}

var samples = sync.Pool{New: func() any { return &[1]metrics.Sample{{Name: "/gc/heap/allocs:bytes"}} }}
