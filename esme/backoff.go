package esme

import (
	"cmp"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/esmehost/esmehost/pdu"
)

// Backoff says how long a [Client] waits between two tries: full jitter, a delay drawn evenly from 0 to a
// ceiling that doubles with each failure. So thousands that lose their SMSC at once come back spread out.
// The zero value is ready.
type Backoff struct {
	Min          time.Duration // the first ceiling; 0 = 1 s
	Max          time.Duration // the last one; 0 = 1 min
	AlreadyBound time.Duration // more, after ESME_RALYBND: the SMSC still holds the old session; 0 = 10 s
	Good         time.Duration // a session that was bound and lived as long is no failure; 0 = 10 s
}

func (b Backoff) withDefaults() Backoff {
	b.Min = cmp.Or(b.Min, time.Second)
	b.Max = max(cmp.Or(b.Max, time.Minute), b.Min)
	b.AlreadyBound = cmp.Or(b.AlreadyBound, 10*time.Second)
	b.Good = cmp.Or(b.Good, 10*time.Second)
	return b
}

// delays gives the delays of one client, one after the other.
type delays struct {
	Backoff
	ceiling backoff.ExponentialBackOff
}

func newDelays(b Backoff) *delays {
	d := &delays{Backoff: b.withDefaults()}
	d.ceiling = backoff.ExponentialBackOff{InitialInterval: d.Min, MaxInterval: d.Max, Multiplier: 2}
	d.ceiling.Reset()
	return d
}

// good reports whether a try was a success, which ends the growth of the delays.
func (d *delays) good(o Outcome) bool {
	return o.Err == nil && o.Exit.Bound && o.Lived >= d.Good
}

// next is how long to wait after o.
func (d *delays) next(o Outcome) time.Duration {
	if d.good(o) {
		d.ceiling.Reset()
	}
	wait := rand.N(d.ceiling.NextBackOff() + 1)
	if o.Exit.Reason == (Reason{Kind: KindBindFailed, Detail: pdu.ESME_RALYBND.String()}) {
		// The peer's session table is to forget the old session first; tries only keep it busy.
		wait += d.AlreadyBound
	}
	return wait
}
