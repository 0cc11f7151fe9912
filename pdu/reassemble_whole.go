package pdu

import (
	"container/list"
	"time"
)

// repeatWindow is how long a whole message is remembered since a part of it came last: an SMSC that had no answer
// to a deliver_sm sends it again.
const repeatWindow = 5 * time.Minute

// wholeMessages are those that were whole lately, by what their parts have in common.
type wholeMessages struct {
	byKey  map[assemblyKey]*list.Element
	byTime list.List // of *wholeMessage; the one whose last part came first in front
}

// wholeMessage is what is remembered of a message: enough to tell its parts from others.
type wholeMessage struct {
	key      assemblyKey
	last     time.Time
	hashes   []uint64  // of the parts, by number
	repeats  []part    // that came again; of a new message, if another part follows
	repeated time.Time // when the first of those came
	cost     int
}

const hashCost = 8

func (w *wholeMessages) len() int { return w.byTime.Len() }

func (w *wholeMessages) of(key assemblyKey) *wholeMessage {
	if e := w.byKey[key]; e != nil {
		return e.Value.(*wholeMessage)
	}
	return nil
}

// remember takes a message that is whole in the place of the one before it, and returns what that costs more.
func (w *wholeMessages) remember(a *assembly, now time.Time) (cost int) {
	if e := w.byKey[a.key]; e != nil {
		cost -= w.remove(e)
	}
	if w.byKey == nil {
		w.byKey = map[assemblyKey]*list.Element{}
	}
	m := &wholeMessage{key: a.key, last: now, cost: a.key.cost() + hashCost*len(a.parts)}
	for _, x := range a.parts {
		m.hashes = append(m.hashes, x.hash)
	}
	w.byKey[a.key] = w.byTime.PushBack(m)
	return cost + m.cost
}

// repeat takes a part of m that came again, and returns what keeping it costs.
func (w *wholeMessages) repeat(m *wholeMessage, now time.Time, x part) (cost int) {
	m.last = now
	w.byTime.MoveToBack(w.byKey[m.key])
	for i := range m.repeats {
		if m.repeats[i].number == x.number {
			return 0
		}
	}
	if len(m.repeats) == 0 {
		m.repeated = now
	}
	m.repeats = append(m.repeats, x)
	m.cost += x.cost()
	if len(m.repeats) < len(m.hashes) {
		return x.cost()
	}
	_, freed := m.takeRepeats()
	return x.cost() - freed
}

// takeRepeats returns the parts that came again, which m keeps no longer, and what they cost.
func (m *wholeMessage) takeRepeats() (repeats []part, cost int) {
	repeats, m.repeats = m.repeats, nil
	for i := range repeats {
		cost += repeats[i].cost()
	}
	m.cost -= cost
	return repeats, cost
}

// next is when the oldest is to be forgotten.
func (w *wholeMessages) next() (time.Time, bool) {
	e := w.byTime.Front()
	if e == nil {
		return time.Time{}, false
	}
	return e.Value.(*wholeMessage).last.Add(repeatWindow), true
}

// expire forgets what is older than the window, and returns what it cost.
func (w *wholeMessages) expire(now time.Time) (cost int) {
	for at, ok := w.next(); ok && !now.Before(at); at, ok = w.next() {
		cost += w.forget()
	}
	return cost
}

// forget forgets the oldest, and returns what it cost.
func (w *wholeMessages) forget() (cost int) { return w.remove(w.byTime.Front()) }

func (w *wholeMessages) remove(e *list.Element) (cost int) {
	m := w.byTime.Remove(e).(*wholeMessage)
	delete(w.byKey, m.key)
	return m.cost
}
