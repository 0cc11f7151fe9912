package vm

import (
	"fmt"
	"time"
)

// budget bounds what runs in a state between two waits: instructions exactly, time within about a
// thousand instructions. It is the context of all threads of the state, because the machine asks a
// context's Done before every instruction (vm.go, mainLoopWithContext): Done counts. It is never handed
// to anything else.
//
// A trip is latched: a script that catches the error is stopped again at its next instruction, and
// one that has no next instruction is found out by State.run, which looks at tripped.
type budget struct {
	state   *State
	left    int64
	check   int64 // look at the clock when left has come down to this
	limit   int64
	started time.Time
	time    time.Duration
	option  string // what the time limit is called
	tripped Kind
}

// clockEvery is how many instructions pass between two looks at the clock.
const clockEvery = 1024

var stopped = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// start gives the budget of one run.
func (b *budget) start(instructions int64, limit time.Duration) {
	b.limit, b.left = instructions, instructions
	b.check = max(0, b.left-clockEvery)
	b.time = limit
	b.started = time.Now()
	b.tripped = ""
}

// trip stops what runs for a reason of its own; it is latched like the others.
func (b *budget) trip(k Kind) {
	b.tripped = k
	b.check = b.left
}

// charge takes n instructions' worth for work that Go does on behalf of a script.
func (b *budget) charge(n int) {
	b.left -= int64(n)
	if b.left <= b.check {
		b.look()
	}
}

// Done is called by the machine before every instruction.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.left > b.check {
		return nil
	}
	return b.look()
}

func (b *budget) look() <-chan struct{} {
	if b.tripped == "" {
		switch {
		case b.left <= 0:
			b.tripped = Budget
		case time.Since(b.started) > b.time:
			b.tripped = Time
		default:
			b.check = max(0, b.left-clockEvery)
			return nil
		}
	}
	b.check = b.left // look again at once: the trip stays
	return stopped
}

// error is the trip as an Error.
func (b *budget) error() *Error {
	switch b.tripped {
	case Time:
		return &Error{Kind: Time, Limit: "limits." + b.option, Message: fmt.Sprintf("ran longer than %v (limits.%s)", b.time, b.option)}
	case Closed:
		return &Error{Kind: Closed, Message: "the state was closed"}
	}
	return &Error{Kind: Budget, Limit: "limits.instructions", Message: fmt.Sprintf("ran more than %d instructions (limits.instructions)", b.limit)}
}

// Err, Deadline and Value complete context.Context.
func (b *budget) Err() error { return b.error() }

// Deadline says that there is none: the budget is looked at, not waited for.
func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value has none.
func (b *budget) Value(any) any { return nil }
