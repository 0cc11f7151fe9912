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

	requests [][2]uint64 // that the peers of the canaries, and of the others, had made at the last looks
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
	// answerLooks is after how many looks, which are a second apart, a request that has no answer is missed.
	answerLooks = 15
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
	complaints := append(complaintsOf(canaries, others), j.unanswered(canaries, others))
	if canaries.Binds == 0 {
		return takeBack, "none of its binds is configured any more"
	}
	for _, c := range complaints {
		if c.holds() {
			return takeBack, c.String()
		}
	}
	switch {
	case j.slow >= slowLooks || over && j.slow > 0:
		return takeBack, fmt.Sprintf("95 of 100 callbacks take up to %v, those of the others %v", canaries.P95.Round(time.Microsecond), others.P95.Round(time.Microsecond))
	case over && canaries.Events == 0:
		return takeBack, fmt.Sprintf("its binds had no event in %v: nothing is proved", j.period)
	case over && canaries.Bound == 0 && others.Bound > 0:
		return takeBack, fmt.Sprintf("none of its binds is bound in the end, against %d of %d others: nothing is proved", others.Bound, others.Binds)
	case over:
		return takeAll, complaint{"errors", "events", canaries.Errors, canaries.Events, others.Errors, others.Events, 0, 0}.String()
	}
	return watchOn, ""
}

// complaint is what went wrong in the canaries, against the others, and against themselves before.
type complaint struct {
	what, in                                          string
	bad, of, othersBad, othersOf, beforeBad, beforeOf uint64
}

func complaintsOf(c, o tally) []complaint {
	b := &c.before
	return []complaint{
		{"budget trips", "events", c.Trips, c.Events, o.Trips, o.Events, 0, 0},
		{"errors", "events", c.Errors, c.Events, o.Errors, o.Events, 0, 0},
		{"sessions ended", "binds", c.Ended, uint64(c.Binds), o.Ended, uint64(o.Binds), 0, 0},
		{"requests that the host had to refuse", "requests", c.Refused, c.Requests, o.Refused, o.Requests, b.refused, b.requests},
		{"requests that the SMSC refused", "requests", c.Rejected, c.Asked, o.Rejected, o.Asked, b.rejected, b.asked},
		{"requests without a response in time", "requests", c.Silent, c.Asked, o.Silent, o.Asked, b.silent, b.asked},
	}
}

// unanswered are the requests of the peers that have no answer after [answerLooks] looks. Answers are not told apart: each
// is taken for that of the oldest request that has none, so that these are not too many.
func (j *judge) unanswered(c, o tally) complaint {
	x := complaint{what: fmt.Sprintf("requests without an answer after %d s", answerLooks), in: "requests"}
	j.requests = append(j.requests, [2]uint64{c.Requests, o.Requests})
	if n := len(j.requests) - 1 - answerLooks; n >= 0 {
		then := j.requests[n]
		open := func(requests, answered uint64) uint64 { return requests - min(requests, answered) }
		x.bad, x.of, x.othersBad, x.othersOf = open(then[0], c.Answered), then[0], open(then[1], o.Answered), then[1]
		x.beforeBad, x.beforeOf = open(c.before.requests, c.before.answered), c.before.requests
		j.requests = j.requests[n:]
	}
	return x
}

// String says what was found, and against what.
func (c complaint) String() string {
	return fmt.Sprintf("%d %s in %d %s, against %d in %d of the others", c.bad, c.what, c.of, c.in, c.othersBad, c.othersOf)
}

// holds reports whether more went wrong in the canaries than can be by the others' rate, or by their own before (accounts
// differ): more than twice as much, and by more than chance (three standard deviations of a Poisson distribution).
func (c complaint) holds() bool {
	expected := max(share(c.othersBad, c.othersOf), share(c.beforeBad, c.beforeOf)) * float64(c.of)
	bad := float64(c.bad)
	return c.bad > provesNothing && bad > 2*expected && bad-expected > 3*math.Sqrt(expected)
}

func share(bad, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(bad) / float64(of)
}

func slower(canaries, others tally) bool {
	return canaries.Events >= slowEvents && others.Events >= slowEvents && canaries.P95 > 2*others.P95+slowGrace
}
