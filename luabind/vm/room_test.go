package vm

import (
	"runtime"
	"testing"
	"time"
)

// Heavy states together get one part in heavyShare of the processors, however many they are, and each as much as the
// others. The time is made up.
func TestTurnsOfHeavyStates(t *testing.T) {
	for _, procs := range []int{1, 2, 8} {
		for _, heavies := range []int{1, 2, 5, 20} {
			const long = 10 * time.Second
			var all turns
			now := make([]time.Duration, heavies) // each runs and rests in turn; the one that is furthest behind goes on
			ran := make([]time.Duration, heavies)
			total := time.Duration(0)
			for {
				i := 0
				for j := range now {
					if now[j] < now[i] {
						i = j
					}
				}
				if now[i] > long {
					break
				}
				ran[i] += heavySlice
				total += heavySlice
				now[i] += heavySlice + all.take(now[i]+heavySlice, heavySlice, procs)
			}
			most := max(long*time.Duration(procs)/heavyShare, long/time.Duration(heavyShare))
			least := min(most, long*time.Duration(heavies))*3/4 - long/10
			if total > most+longestRest*time.Duration(heavies) || total < min(least, long*time.Duration(heavies)/2) {
				t.Errorf("%d heavy states on %d processors ran %v of %v", heavies, procs, total, most)
			}
			for i := range ran {
				if even := total / time.Duration(heavies); ran[i] < even/2 || ran[i] > even*2 {
					t.Errorf("one of %d heavy states on %d processors ran %v, on average they did %v", heavies, procs, ran[i], even)
				}
			}
		}
	}
	var all turns
	for range 10_000 {
		if rest := all.take(0, heavySlice, 1); rest > longestRest {
			t.Fatalf("a rest of %v", rest)
		}
	}
}

// forgetLights makes the next test begin with no state beside.
func forgetLights() {
	for i := range lights {
		lights[i].who.Store(nil)
	}
}

func TestWhoRests(t *testing.T) {
	state := func() *State {
		s, _ := load(t, Limits{}, map[string]string{"main.lua": "return {}"})
		return s
	}
	s, other := state(), state()
	heavy := func() int64 {
		before := s.room.rests
		s.room = room{since: clock(), rests: before}
		s.makeRoom(2 * lightFirst)
		return s.room.rests - before
	}
	for _, tt := range []struct {
		name  string
		see   func()
		rests int64
	}{
		{"nobody is there", func() {}, 0},
		{"only the state itself", func() { sawLight(s.watched, clock()) }, 0},
		{"a light one", func() { sawLight(other.watched, clock()) }, 1},
		{"a light one, and then the state itself", func() { sawLight(other.watched, clock()); sawLight(s.watched, clock()) }, 1},
		{"a light one that has not run for long", func() { sawLight(other.watched, clock()-2*lightWithin) }, 0},
	} {
		forgetLights()
		tt.see()
		if got := heavy(); got != tt.rests {
			t.Errorf("%s: %d rests", tt.name, got)
		}
	}
	forgetLights()
	sawLight(other.watched, clock())
	for _, tt := range []struct {
		name  string
		long  bool
		rests int64
	}{
		{"short runs, a quarter of a processor", false, 0},
		{"long runs, a quarter of a processor", true, 1},
	} {
		s.budget.active = 0
		if tt.long {
			s.budget.active = 2 * longRun
		}
		s.room = room{since: clock() - 4*2*lightFirst}
		if s.makeRoom(2 * lightFirst); s.room.rests != tt.rests {
			t.Errorf("%s: %d rests", tt.name, s.room.rests)
		}
		// What it rested too long counts for short runs.
		const before = time.Minute
		s.room = room{since: clock(), ahead: before}
		s.makeRoom(2 * lightFirst)
		if kept := s.room.ahead > mostAhead; kept == tt.long {
			t.Errorf("%s: %v ahead", tt.name, s.room.ahead)
		}
	}
	s.budget.active = 0
	s.room = room{since: clock() - 100*lightFirst}
	if s.makeRoom(2 * lightFirst); s.room.rests != 0 || s.room.used != 0 {
		t.Errorf("a light state: %+v", s.room)
	}
}

// A script that runs on and on rests while another state runs now and then, in callbacks, in tasks, at its start, and in the
// walk over what it holds; and the time of that is not its own. Each slice of its time is followed by a rest.
func TestAHeavyStateRests(t *testing.T) {
	forgetLights()
	const script = `local kept = {}
local function loop() for i = 1, 1e5 do kept[i % 100] = i end end
return { f = loop, g = function() host.spawn(loop) end, keep = function() for i = 1, 1e5 do kept[i] = { i } end end }`
	s, m := load(t, Limits{Instructions: Unlimited, TaskInstructions: Unlimited, Time: time.Minute, TaskTime: time.Minute}, map[string]string{"main.lua": script})
	light, lm := load(t, Limits{}, map[string]string{"main.lua": "return { f = function() end }"})
	run := func(name string) {
		s.Lock()
		defer s.Unlock()
		if _, err := s.Call(m.RawGetString(name), 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"callbacks", func() { run("f") }},
		{"tasks", func() {
			run("g")
			for s.Tasks() > 0 {
				runtime.Gosched()
			}
		}},
		{"the walk", func() {
			s.Lock()
			defer s.Unlock()
			s.Memory()
		}},
	} {
		for lights[0].who.Load() != light.watched && lights[1].who.Load() != light.watched {
			light.Lock()
			if _, err := light.Call(lm.RawGetString("f"), 0); err != nil {
				t.Fatal(err)
			}
			light.Unlock()
			runtime.Gosched()
		}
		if tt.name == "the walk" {
			run("keep")
		}
		rests := int64(0)
		for range 100 {
			sawLight(light.watched, clock())
			before := s.room.rests
			if tt.do(); s.room.rests > before+3 { // one may come before it begins
				rests = s.room.rests - before
				break
			}
		}
		if rests == 0 {
			t.Errorf("%s: no rests", tt.name)
		}
	}
}
