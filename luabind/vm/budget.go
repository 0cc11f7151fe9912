package vm

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// budget bounds what runs in a state between two waits: instructions exactly, time and memory soon after.
// It is the context of all threads of the state, because the machine asks a context's Done before every
// instruction (vm.go, mainLoopWithContext): Done counts. It is never handed to anything else.
//
// A trip is latched: a script that catches the error is stopped again at its next instruction, and
// one that has no next instruction is found out by State.run, which looks at tripped.
type budget struct {
	state   *State
	left    int64
	check   atomic.Int64 // look at the clock when left has come down to this; the watcher raises it
	allowed allowance
	costly  uint64 // the instructions that are looked at before they run
	tripped Kind
	ends    context.Context // cuts the run short; nil: nothing does
	thread  *lua.LState     // that the machine runs
	frame   **frameInside   // its current one

	last   time.Duration // of the clock, at the last look; 0: there was none in this run
	active time.Duration // in which the run had a processor
	passed time.Duration // in which it ran or was held up, by a Go function that blocks too
	slow   bool          // the last slice took long: look at each instruction
	os     int           // the thread that it ran on at the last look, once it has run for long
	cpu    time.Duration // of that thread, then
	rested time.Duration // active, when others were let run last
	made   int64         // octets of strings and the like since memory was measured
	grew   int64         // octets that the state can have taken since then: those, and what its instructions make

	looked    time.Duration // active, when it was asked last whether memory is to be measured
	allocated uint64        // by the process, when memory was measured
}

const (
	// clockEvery is how many instructions pass between two looks at the clock.
	clockEvery = 1024
	// sliceMax is the most that counts between two looks. More, and it was the machine that had no time for
	// us: 1024 instructions, and what the host does for them, take far less.
	sliceMax = 4 * time.Millisecond
	// sliceSlow is how long a slice may take before each single instruction is looked at.
	sliceSlow = time.Millisecond
	// exactAfter is how long a run may go on before it is the processor's time that counts, and not the clock's,
	// which goes on while a busy machine runs others.
	exactAfter = time.Millisecond
	// heldUp is how many times its time a run may be held up.
	heldUp = 10
	// measureEvery is how long a run may go on before memory is looked at again.
	measureEvery = time.Millisecond
)

var stopped = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// epoch is what the clock counts from.
var epoch = time.Now()

func clock() time.Duration { return time.Since(epoch) }

// start gives the budget of one run.
func (b *budget) start(a allowance) {
	b.allowed, b.left = a, a.instructions
	b.tripped = ""
	b.last, b.active, b.passed, b.rested, b.looked = 0, 0, 0, 0, 0
	b.slow, b.cpu = false, 0
	b.check.Store(max(0, b.left-clockEvery))
}

// used is how many instructions the run has taken.
func (b *budget) used() int64 { return b.allowed.instructions - b.left }

// trip stops what runs for a reason of its own; it is latched like the others.
func (b *budget) trip(k Kind) {
	b.tripped = k
	b.check.Store(Unlimited)
}

// charge takes n instructions' worth for work that Go does on behalf of a script.
func (b *budget) charge(n int) {
	b.left -= int64(n)
	if b.left <= b.check.Load() {
		b.look()
	}
}

// Done is called by the machine before every instruction.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if f := *b.frame; f != nil && f.Fn.Proto != nil { // of Go, where package context asks, for a coroutine that is made
		if inst := f.Fn.Proto.Code[f.Pc-1]; b.costly>>(inst>>26)&1 != 0 {
			b.foresee(f, inst)
		}
	}
	if b.left > b.check.Load() {
		return nil
	}
	return b.look()
}

func (b *budget) look() <-chan struct{} {
	if b.tripped == "" {
		b.lookAtClock()
	}
	switch {
	case b.tripped != "":
	case b.ends != nil && b.ends.Err() != nil:
		b.tripped = Closed
	case b.left <= 0:
		b.tripped = Budget
	case b.active > b.allowed.time, b.passed/heldUp > b.allowed.time:
		b.tripped = Time
	case b.active-b.looked > measureEvery && b.grown():
		b.tripped = Memory
	case b.slow:
		b.check.Store(max(0, b.left-1))
		return nil
	default:
		b.check.Store(max(0, b.left-clockEvery))
		return nil
	}
	b.check.Store(Unlimited) // look again at once: the trip stays
	return stopped
}

// lookAtClock counts the time since the last look, and lets others run where this one takes long. The
// time in which others ran is not the script's.
func (b *budget) lookAtClock() {
	now := clock()
	if b.last != 0 {
		b.count(now - b.last)
		if more := b.active - b.rested; more > heavySlice {
			b.rested = b.active
			b.state.makeRoom(more)
			now = clock()
		}
		if b.active > exactAfter {
			now = clock()
			b.os, b.cpu = threadCPU()
		}
	}
	b.last = now
}

// count adds a slice.
func (b *budget) count(slice time.Duration) {
	b.slow = slice > sliceSlow
	ran := min(slice, sliceMax)
	b.passed += ran
	if b.cpu != 0 {
		if thread, used := threadCPU(); thread == b.os {
			ran = min(slice, max(used-b.cpu, 0))
		}
	}
	b.active += ran
}

// grown looks whether the state holds more than it may. It is measured only when the state itself can have taken
// a good part of what it holds or may hold since the last time, so that what it holds is not walked again and again, and
// never because of what others do; and not when even the whole process has allocated less.
func (b *budget) grown() bool {
	b.looked = b.active
	part := max(b.state.limits.Memory/8, b.state.survey.size/2, 1<<20)
	if b.grew < part || int64(allocated()-b.allocated) < part {
		return false
	}
	return b.over(0)
}

// over measures in the middle of a run and reports whether the state holds too much, with what it is about
// to make. The time that this takes is the host's, and not the script's.
func (b *budget) over(more int64) bool {
	b.lookAtClock()
	b.state.measure(false)
	b.made, b.grew = more, more
	b.last = clock()
	if b.cpu != 0 {
		b.os, b.cpu = threadCPU()
	}
	return b.state.survey.size+more > b.state.limits.Memory
}

// remember takes n octets of memory that the script may hold from now on: of strings, buffers, threads.
func (b *budget) remember(n int) {
	b.grew += int64(n)
	if n > hugeText {
		b.costly |= costlyText
	}
	if b.made += int64(n); b.made > b.state.limits.Memory/4 {
		if b.tripped == "" && b.over(int64(n)) {
			b.trip(Memory)
		}
	}
}

// error is the trip as an Error.
func (b *budget) error() *Error {
	a := &b.allowed
	switch b.tripped {
	case Time:
		if b.active <= a.time {
			return &Error{Kind: Time, Limit: a.timeName, Message: fmt.Sprintf("was held up for %v, %d times what it may run (%s)", heldUp*a.time, heldUp, a.timeName)}
		}
		return &Error{Kind: Time, Limit: a.timeName, Message: fmt.Sprintf("ran longer than %v (%s)", a.time, a.timeName)}
	case Memory:
		return b.state.memoryError()
	case Closed:
		return &Error{Kind: Closed, Message: "the state was closed"}
	}
	return &Error{Kind: Budget, Limit: a.instructionsName, Message: fmt.Sprintf("ran more than %d instructions (%s)", a.instructions, a.instructionsName)}
}

// Err, Deadline and Value complete context.Context.
func (b *budget) Err() error { return b.error() }

// Deadline says that there is none: the budget is looked at, not waited for.
func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value has none.
func (b *budget) Value(any) any { return nil }

// Charge takes n instructions of the script's budget for work that a Go function does for it: one for about
// 32 octets that are copied or 16 that are looked at. It raises when there are none left, so it
// is to be called before the work, and inside it where that is long.
func Charge(L *lua.LState, n int) { FromLua(L).charge(L, n) }

// LookAtClock makes a script's time count at once, for Go functions that may take long without a charge. It
// raises when there is none left.
func LookAtClock(L *lua.LState) {
	s := FromLua(L)
	s.budget.check.Store(Unlimited)
	s.charge(L, 0)
}

// chunk is how many octets a Go function works on between two looks at the clock: a fraction of a millisecond.
const chunk = 48 << 10 // three and four octets go into it evenly

// Chunks calls do for one part of text after the other, and lets limits stop the script in between: for Go functions
// whose work grows with a text. Parts but the last have a length that 48 divides.
func Chunks(L *lua.LState, text string, do func(part string)) {
	for len(text) > chunk {
		do(text[:chunk])
		text = text[chunk:]
		LookAtClock(L)
	}
	do(text)
}

// ChargeMemory says that the script may from now on hold n octets more, of a string or the like, and takes
// the instructions for making them. It raises when the state holds more than it may (limits.memory), so it
// is to be called before they are made.
func ChargeMemory(L *lua.LState, n int) {
	s := FromLua(L)
	s.budget.remember(n)
	s.charge(L, n/32)
}

// charge takes instructions for work done in Go, and stops the script when there are none left.
func (s *State) charge(L *lua.LState, n int) {
	s.budget.charge(n)
	if s.budget.tripped != "" {
		L.RaiseError("%s", s.budget.error().Message)
	}
}
