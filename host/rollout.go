package host

import (
	"fmt"
	"math"
	"time"
)

// judge decides about new code that some binds, the canaries, run before the others: facts go in, with the
// time, and what is to be done comes out. It is one canary's and has no clock, lock or goroutine.
type judge struct {
	began  time.Time
	period time.Duration
	slow   int // looks in a row at which the canaries were slower than they may be
}

// tally is what a group of binds did since the canary began.
type tally struct {
	Binds  int           // that there are
	Events uint64        // callbacks that ran
	Errors uint64        // of the scripts, tasks too
	Trips  uint64        // of these, the budget's: instructions, time or memory
	P95    time.Duration // that 95 of 100 callbacks stayed below
}

// verdict is what a look comes to.
type verdict int

const (
	watchOn  verdict = iota
	takeAll          // the others take the code too
	takeBack         // the canaries go back to what the others run
)

const (
	// provesNothing is how many errors may be chance, however few events there were.
	provesNothing = 2
	// slowLooks is for how many looks in a row the canaries must be slow: a collection of garbage is no verdict.
	slowLooks = 5
	// slowEvents is how many callbacks a group must have run before its latency is compared.
	slowEvents = 100
	// slowGrace is what a callback may take longer, in whatever relation that stands to the others.
	slowGrace = time.Millisecond
)

// look compares the canaries with the others that ran the old code meanwhile.
func (j *judge) look(now time.Time, canaries, others tally) (verdict, string) {
	over := now.Sub(j.began) >= j.period
	if slower(canaries, others) {
		j.slow++
	} else {
		j.slow = 0
	}
	switch {
	case canaries.Binds == 0:
		return takeBack, "none of its binds is configured any more"
	case tooMany(canaries.Trips, canaries.Events, others.Trips, others.Events):
		return takeBack, fmt.Sprintf("%d budget trips in %d events, against %d in %d of the others", canaries.Trips, canaries.Events, others.Trips, others.Events)
	case tooMany(canaries.Errors, canaries.Events, others.Errors, others.Events):
		return takeBack, fmt.Sprintf("%d errors in %d events, against %d in %d of the others", canaries.Errors, canaries.Events, others.Errors, others.Events)
	case j.slow >= slowLooks || over && j.slow > 0:
		return takeBack, fmt.Sprintf("95 of 100 callbacks take up to %v, those of the others %v", canaries.P95.Round(time.Microsecond), others.P95.Round(time.Microsecond))
	case over && canaries.Events == 0:
		return takeBack, fmt.Sprintf("its binds had no event in %v: nothing is proved", j.period)
	case over:
		return takeAll, fmt.Sprintf("%d errors in %d events, against %d in %d of the others", canaries.Errors, canaries.Events, others.Errors, others.Events)
	}
	return watchOn, ""
}

// tooMany reports whether bad of the canaries' events went wrong where by the others' rate fewer would have:
// more than twice as many, and by more than chance (three standard deviations of a Poisson distribution).
func tooMany(bad, events, othersBad, othersEvents uint64) bool {
	expected := 0.0
	if othersEvents > 0 {
		expected = float64(othersBad) / float64(othersEvents) * float64(events)
	}
	return bad > provesNothing && float64(bad) > 2*expected && float64(bad)-expected > 3*math.Sqrt(expected)
}

func slower(canaries, others tally) bool {
	return canaries.Events >= slowEvents && others.Events >= slowEvents && canaries.P95 > 2*others.P95+slowGrace
}
