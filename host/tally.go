package host

import (
	"slices"
	"time"

	"github.com/esmehost/esmehost/esme"
)

// tally is what a group of binds did since the canary began.
type tally struct {
	Binds    int           // that there are
	Bound    int           // of these, at the moment
	Events   uint64        // callbacks that ran
	Errors   uint64        // of the scripts, tasks too
	Trips    uint64        // of these, the budget's: instructions, time or memory
	Ended    uint64        // sessions, but for those that an operator or the configuration stopped
	Requests uint64        // of the peers, that want an answer
	Answered uint64        // of these
	Refused  uint64        // of these: with ESME_RX_T_APPN by the host, where the script failed, gave no answer that it had promised, or was behind; not at a stop
	Asked    uint64        // requests of the scripts that had a response, or none in time
	Rejected uint64        // of these: answered with an error, but not for the peer's load
	Silent   uint64        // of these: no response in time, or nobody waited for it any more
	P95      time.Duration // that 95 of 100 callbacks stayed below

	before wire // the same of these binds before it began
}

// wire is what a bind's counters say of its peer and it.
type wire struct{ requests, answered, refused, asked, rejected, silent uint64 }

func wireOf(c esme.Counters) wire {
	silent := max(c.Timeouts, c.Late) // most that are late were a timeout before
	return wire{c.Requests, c.Answered, c.Refused - c.TurnedAway, c.Responses + silent, c.Rejected, silent}
}

// facts are what has been counted of a bind since it was configured.
type facts struct {
	errors, trips uint64
	wire
}

func factsOf(b *Bind) facts {
	c := b.counts()
	return facts{c.errors, c.trips, wireOf(c.Counters)}
}

// measure gives the binds of the script the meter of their group, those too that came since.
func (c *canary) measure(h *Host) {
	for _, b := range h.users(c.script.name) {
		m := c.others
		if c.has(b.cfg.Name) {
			m = c.mine
		}
		if b.meter.Load() != m {
			b.meter.Store(m)
		}
	}
}

func (c *canary) has(name string) bool {
	_, found := slices.BinarySearch(c.names, name)
	return found
}

// tallies are what the canaries and the others did so far.
func (c *canary) tallies(h *Host) (mine, others tally) {
	for _, b := range h.users(c.script.name) {
		t := &others
		if c.has(b.cfg.Name) {
			t = &mine
		}
		t.add(factsOf(b), c.base[b.cfg.Name])
		if b.bound() {
			t.Bound++
		}
	}
	mine.measured(c.mine)
	others.measured(c.others)
	return mine, others
}

func (t *tally) add(now, base facts) {
	t.Binds++
	t.Errors += now.errors - base.errors
	t.Trips += now.trips - base.trips
	t.Requests += now.requests - base.requests
	t.Answered += now.answered - base.answered
	t.Refused += now.refused - base.refused
	t.Asked += now.asked - base.asked
	t.Rejected += now.rejected - base.rejected
	t.Silent += now.silent - base.silent
	before := &t.before
	before.requests += base.requests
	before.answered += base.answered
	before.refused += base.refused
	before.asked += base.asked
	before.rejected += base.rejected
	before.silent += base.silent
}

func (t *tally) measured(m *meter) {
	t.Events, t.Ended, t.P95 = m.events.Load(), m.ended.Load(), m.below(0.95)
}
