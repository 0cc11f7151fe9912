package esme

import (
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/esmehost/esmehost/pdu"
)

// throttle slows the whole bind down, not single messages, when the SMSC says that it is too much:
// ESME_RTHROTTLED, ESME_RMSGQFUL (SMPP 3.4 §5.1.3) or a congestion_state of 90 and above (SMPP 5.0
// §4.8.4.18). So the order of what waits stays. The rate is cut to three quarters of what the SMSC took in a
// second, at most once a second; if that is too much still, nothing goes out until the second is over. It is
// raised by a quarter for each second without another such word, until nothing of the brake is left.
type throttle struct {
	limit   float64       // requests a second; 0: the brake is off
	changed time.Duration // when the limit was last cut or raised
	hold    time.Duration // nothing goes out before
	cut     int64         // stream position at the last cut: what left before it says nothing new
	taken   int           // requests answered ESME_ROK in the second since began
	before  int           // and in the second before that
	began   time.Duration
}

const (
	congested  = 90 // congestion_state from which the bind slows down
	nearlySo   = 80 // and from which it does not get faster
	brakeOff   = 1e6
	slowest    = 1 // request a second
	minHold    = 100 * time.Millisecond
	cutTo      = 0.75
	raiseBy    = 1.25
	burstTicks = 100 // a bucket holds a hundredth of a second, so that a coarse timer can keep up
)

func (x *throttle) took(t time.Duration) {
	if t-x.began >= time.Second {
		x.before = x.taken
		if t-x.began >= 2*time.Second {
			x.before = 0
		}
		x.taken, x.began = 0, t
	}
	x.taken++
}

// congestion looks at what a response says about the SMSC's load, and reports whether the request was refused
// for it.
func (m *Machine) congestion(t time.Duration, o *outgoing, p *pdu.PDU) (refused bool) {
	x := &m.throttle
	switch p.CommandStatus() {
	case pdu.ESME_ROK:
		x.took(t)
	case pdu.ESME_RTHROTTLED, pdu.ESME_RMSGQFUL:
		m.counters.Throttled++
		m.slower(t, o)
		return true
	}
	if v, ok := p.TLV(pdu.TagCongestionState); ok && len(v) == 1 {
		switch {
		case v[0] >= congested:
			m.slower(t, o)
		case v[0] >= nearlySo && x.limit > 0:
			x.changed = t
		}
	}
	return false
}

func (m *Machine) slower(t time.Duration, o *outgoing) {
	x := &m.throttle
	if o.end <= x.cut {
		return // it left before the last cut
	}
	x.cut = m.handed + int64(len(m.out))
	if x.limit > 0 && t-x.changed < time.Second {
		x.hold = max(x.changed+time.Second, t+minHold)
		x.changed = x.hold
		return
	}
	limit := float64(max(x.taken, x.before))
	if x.limit > 0 {
		limit = min(limit, x.limit)
	}
	if m.cfg.TPS > 0 {
		limit = min(limit, m.cfg.TPS)
	}
	least := float64(slowest)
	if m.cfg.TPS > 0 {
		least = min(least, m.cfg.TPS) // the brake makes nothing faster
	}
	x.limit = max(least, limit*cutTo)
	x.changed = t
	m.note("the SMSC is congested: %.0f requests a second from now on", x.limit)
	m.setRate(t, true)
}

// faster raises the limit for the time that passed. It is called when something waits to be sent.
func (m *Machine) faster(t time.Duration) {
	x := &m.throttle
	raised := false
	for x.limit > 0 && t-x.changed >= time.Second {
		x.changed += time.Second
		x.limit = x.limit*raiseBy + 1
		if x.limit >= brakeOff || m.cfg.TPS > 0 && x.limit >= m.cfg.TPS {
			x.limit = 0
		}
		raised = true
	}
	if raised {
		m.setRate(t, false)
	}
}

// setRate makes the bucket that mayTransmit asks. An empty one gives its first token after a while.
func (m *Machine) setRate(t time.Duration, empty bool) {
	limit := m.cfg.TPS
	if m.throttle.limit > 0 {
		limit = m.throttle.limit
	}
	if limit <= 0 {
		m.tokens = nil
		return
	}
	now := m.epoch.Add(t)
	burst := max(1, int(limit/burstTicks))
	if m.tokens == nil {
		m.tokens = rate.NewLimiter(rate.Limit(limit), burst)
	} else {
		m.tokens.SetLimitAt(now, rate.Limit(limit))
		m.tokens.SetBurstAt(now, burst)
	}
	if empty {
		if left := int(m.tokens.TokensAt(now)); left > 0 {
			m.tokens.AllowN(now, left)
		}
	}
}

// again puts a request that the SMSC refused for its load back in front of those that wait (option
// RetryThrottled), in the order in which they were accepted. It keeps its number. It reports false when the
// refusal is its end.
func (m *Machine) again(o *outgoing, refusal *pdu.PDU) bool {
	if gaveUp := o.waiter != nil && o.waiter.gaveUp; gaveUp || o.tries >= m.cfg.RetryThrottled || m.stopping() || m.phase != open {
		return false
	}
	o.tries++
	o.refusal = refusal.Clone()
	m.counters.Retried++
	m.window.reserve(o)
	at, _ := slices.BinarySearchFunc(m.retries, o, func(a, b *outgoing) int { return int(int64(a.order - b.order)) })
	m.retries = slices.Insert(m.retries, at, o)
	return true
}

// settleRetries ends what was to be sent again with the refusals that it got: nothing new goes out.
func (m *Machine) settleRetries() {
	for _, o := range m.retries {
		m.window.release(o)
		m.refusedFor(o)
	}
	m.retries = nil
}

// refusedFor ends a request with the refusal that it was to be sent again for.
func (m *Machine) refusedFor(o *outgoing) {
	kind := EventResp
	w := m.waiterOf(o)
	if w != nil {
		kind = EventAnswer
	}
	m.counters.Responses++
	m.emit(Event{Kind: kind, PDU: o.refusal, Original: &o.pdu, waiter: w, own: true})
}
