package host

import "github.com/esmehost/esmehost/esme"

// counts are what is counted of a bind since it was configured. They go on when it is stopped, and when another
// configuration puts a new bind of its name in its place.
type counts struct {
	esme.Counters
	errors, trips uint64 // of its scripts
}

func (c *counts) add(o counts) {
	c.Add(o.Counters)
	c.errors += o.errors
	c.trips += o.trips
}

// counts are those of all sessions, of those that drain too.
func (b *Bind) counts() counts {
	b.mu.Lock()
	client, all, before := b.client, b.past, b.before
	b.mu.Unlock()
	all.Add(client.Counters())
	i := b.lua.Info()
	all.errors += i.Errors
	all.trips += i.Trips
	if before != nil {
		all.add(before.counts())
	}
	return all
}

// lost is how many requests were unanswered when the bind's sessions stopped.
func (b *Bind) lost() uint64 { return b.counts().Lost }

// succeed has the bind go on counting where old, whose place it takes, is, or ends.
func (b *Bind) succeed(old *Bind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = old
	if !old.runs() {
		b.leaveBehind()
	}
}

// leaveBehind forgets the bind before, which has ended. It is called with the lock held.
func (b *Bind) leaveBehind() {
	if b.before != nil {
		b.past.add(b.before.counts())
		b.before = nil
	}
}

// predecessors are the bind and those of its name that it has taken the place of, as far as these may drain still.
func (b *Bind) predecessors() []*Bind {
	var all []*Bind
	for b != nil {
		all = append(all, b)
		b.mu.Lock()
		before := b.before
		b.mu.Unlock()
		b = before
	}
	return all
}

// departed are the binds that are no longer configured.
type departed struct {
	binds []*Bind // that may drain still
	lost  uint64  // of those that have ended
}

// add takes binds out of what runs. What they lose counts for the host all the same.
func (d *departed) add(binds ...*Bind) {
	draining := d.binds[:0]
	for _, b := range d.binds {
		if b.runs() {
			draining = append(draining, b)
		} else {
			d.lost += b.lost()
		}
	}
	clear(d.binds[len(draining):])
	d.binds = append(draining, binds...)
}
