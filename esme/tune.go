package esme

import "time"

// tune takes over what a session can change while it runs. It is done field by field: the others are read
// without a lock.
func (c *Config) tune(n *Config) {
	c.Window, c.Queue, c.TPS, c.RetryThrottled = n.Window, n.Queue, n.TPS, n.RetryThrottled
	c.EnquireLinkLimit, c.EnquireLinkRespLimit = n.EnquireLinkLimit, n.EnquireLinkRespLimit
	c.InactivityLimit, c.ResponseLimit, c.StalledLimit, c.UnbindLimit = n.InactivityLimit, n.ResponseLimit, n.StalledLimit, n.UnbindLimit
}

// Tune changes how a session goes on: its Window, Queue, TPS, RetryThrottled, and the limits EnquireLinkLimit,
// EnquireLinkRespLimit, InactivityLimit, ResponseLimit, StalledLimit and UnbindLimit. Other fields of cfg are not
// looked at. Nothing that was accepted is given up: a smaller window or queue fills no more until there is room. A request
// in flight is given the new ResponseLimit from now on, where its own is not over before.
func (m *Machine) Tune(now time.Time, cfg Config) {
	cfg = cfg.withDefaults()
	t := m.at(now)
	stalled := cfg.StalledLimit != m.cfg.StalledLimit
	m.cfg.tune(&cfg)
	if x := &m.throttle; m.cfg.TPS > 0 && x.limit >= m.cfg.TPS {
		x.limit = 0
	}
	m.setRate(t, false)
	if stalled {
		m.timers.stalled = never
		if m.window.traffic > 0 {
			m.timers.stalled = due(t, m.cfg.StalledLimit)
		}
	}
	for o := m.window.head; o != nil; o = o.next { // or those that are sent from now on would be due before them
		if o.role == roleRequest {
			o.due = min(o.due, due(t, m.cfg.ResponseLimit))
		}
	}
	m.pump(t)
}
