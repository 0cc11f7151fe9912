package luabind

import (
	"sync"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Bounds of the maps of a bind.
const (
	maxMaps     = 100
	maxMapOcts  = 256 << 20 // all maps of a bind together, roughly
	maxMapKey   = 1024
	maxMapValue = 64 << 10
	entryOctets = 112 // what an entry costs beside its key and value, roughly
)

// mapStore holds the maps of a bind, by name. They belong to the bind: whatever session and generation it has.
type mapStore struct {
	mu     sync.Mutex
	byName map[string]*mapValue
	octets int
}

// mapBounds are what a script asks of a map.
type mapBounds struct {
	max   int
	ttl   time.Duration // 0: entries stay
	evict bool          // a full map drops the oldest entry; it refuses the new one otherwise
}

// mapValue is a bounded dictionary in which entries expire. The entries lie in one slice, linked in the order in
// which they were set, so that each operation takes the same time however many there are. Tasks of an old
// generation may use it beside the new one.
type mapValue struct {
	name  string
	store *mapStore

	mu sync.Mutex
	mapBounds
	generation int // of the script that gave the bounds
	index      map[string]uint32
	entries    []mapEntry
	octets     int    // of the entries
	free       uint32 // first free entry; 0: none
	head, tail uint32 // the oldest entry and the youngest
}

type mapEntry struct {
	key        string
	value      vm.Data // string, float64, bool, *vm.Table, or an Opaque
	set        int64   // when, in nanoseconds since 1970
	size       uint32
	prev, next uint32
}

// open gives the map of a name. New bounds take the place of the old ones, but not those of an older generation,
// whose tasks may go on. Nothing is dropped here: what is beyond a smaller max goes as new entries come, so that
// code that is taken back soon has cost little.
func (s *mapStore) open(name string, generation int, bounds mapBounds) (*mapValue, error) {
	s.mu.Lock()
	if s.byName == nil {
		s.byName = map[string]*mapValue{}
	}
	m := s.byName[name]
	if m == nil {
		if len(s.byName) >= maxMaps {
			s.mu.Unlock()
			return nil, codeError("limit", "the bind has %d maps already", maxMaps)
		}
		m = &mapValue{name: name, store: s}
		m.reset()
		s.byName[name] = m
	}
	s.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation >= m.generation {
		m.mapBounds, m.generation = bounds, generation
	}
	return m, nil
}

func (m *mapValue) reset() {
	m.index = map[string]uint32{}
	m.entries = make([]mapEntry, 1) // the first is none, so that 0 means none
	m.free, m.head, m.tail, m.octets = 0, 0, 0, 0
}

// dropSome is how many entries an operation drops on its way: more than it can add, so that they come to an end,
// and few, so that none pays for a burst.
const dropSome = 4

// dropMost is how many a look at the whole map drops: a burst that expired at once does not hold up a callback.
const dropMost = 10_000

// expire drops entries that have expired, at most n.
func (m *mapValue) expire(now int64, n int) {
	for ; n > 0 && m.head != 0 && m.stale(m.head, now); n-- {
		m.remove(m.head)
	}
}

// stale reports whether an entry has expired: by the ttl that counts now, not by that of when it was set.
func (m *mapValue) stale(i uint32, now int64) bool {
	return m.ttl > 0 && now-m.entries[i].set >= int64(m.ttl)
}

// find is the entry of a key; 0 if there is none.
func (m *mapValue) find(now int64, key string) uint32 {
	m.expire(now, dropSome)
	if i := m.index[key]; i != 0 && !m.stale(i, now) {
		return i
	}
	return 0
}

func (m *mapValue) get(now time.Time, key string) (vm.Data, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(now.UnixNano(), key)
	return m.entries[i].value, i != 0
}

// set puts a value, whose octets are size, and makes the entry the youngest.
func (m *mapValue) set(now time.Time, key string, v vm.Data, size int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano(), dropSome)
	return m.put(now.UnixNano(), key, v, size)
}

// put puts a value; what it says it could not do has changed nothing.
func (m *mapValue) put(now int64, key string, v vm.Data, size int) error {
	size += len(key) + entryOctets
	if err := m.room(now, key, size); err != nil {
		return err
	}
	if i := m.index[key]; i != 0 {
		m.remove(i)
	}
	i := m.free
	if i != 0 {
		m.free = m.entries[i].next
	} else {
		m.entries = append(m.entries, mapEntry{})
		i = uint32(len(m.entries) - 1)
	}
	if m.tail != 0 { // a clock that was turned back does not spoil the order
		now = max(now, m.entries[m.tail].set)
	}
	m.entries[i] = mapEntry{key: key, value: v, set: now, size: uint32(size), prev: m.tail}
	if m.tail != 0 {
		m.entries[m.tail].next = i
	} else {
		m.head = i
	}
	m.tail = i
	m.index[key] = i
	m.octets += size
	return nil
}

// room makes a place for the key, where the map drops old entries, and takes its octets.
func (m *mapValue) room(now int64, key string, size int) error {
	for dropped := 0; m.full(key); dropped++ {
		if !m.evict && !m.stale(m.head, now) {
			return codeError("full", "the map %s has %d entries, and may have %d (option max)", m.name, len(m.index), m.max)
		}
		if dropped == dropSome { // max has become smaller: the rest goes with the next ones
			break
		}
		m.remove(m.head)
	}
	for !m.store.take(size, int(m.entries[m.index[key]].size)) {
		if !m.evict || m.head == 0 {
			return codeError("full", "the maps of the bind hold %d octets already", maxMapOcts)
		}
		m.remove(m.head)
	}
	return nil
}

// full reports whether there is no place for the key. One that is there already takes no other.
func (m *mapValue) full(key string) bool { return len(m.index) >= m.max && m.index[key] == 0 }

// take removes an entry and gives its value.
func (m *mapValue) take(now time.Time, key string) (vm.Data, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.find(now.UnixNano(), key)
	if i == 0 {
		return nil, false
	}
	v := m.entries[i].value
	m.remove(i)
	return v, true
}

func (m *mapValue) remove(i uint32) {
	e := &m.entries[i]
	if e.prev != 0 {
		m.entries[e.prev].next = e.next
	} else {
		m.head = e.next
	}
	if e.next != 0 {
		m.entries[e.next].prev = e.prev
	} else {
		m.tail = e.prev
	}
	delete(m.index, e.key)
	m.store.give(int(e.size))
	m.octets -= int(e.size)
	*e = mapEntry{next: m.free}
	m.free = i
	m.shrink()
}

// shrink gives back the memory of a burst that is over.
func (m *mapValue) shrink() {
	n := len(m.index)
	if len(m.entries) < 1024 || n > len(m.entries)/8 {
		return
	}
	old, at := m.entries, m.head
	m.index = make(map[string]uint32, n)
	m.entries = make([]mapEntry, 1, 2*n+1)
	m.free, m.head, m.tail = 0, 0, 0
	for ; at != 0; at = old[at].next {
		e := old[at]
		i := uint32(len(m.entries))
		e.prev, e.next = m.tail, 0
		m.entries = append(m.entries, e)
		if m.tail != 0 {
			m.entries[m.tail].next = i
		} else {
			m.head = i
		}
		m.tail = i
		m.index[e.key] = i
	}
}

// len counts the entries. Of more than dropMost that expired since the last operations the rest counts until it is dropped.
func (m *mapValue) len(now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano(), dropMost)
	return len(m.index)
}

// keys are the keys, the oldest first; those of what len counts.
func (m *mapValue) keys(now time.Time) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano(), dropMost)
	keys := make([]string, 0, len(m.index))
	for i := m.head; i != 0; i = m.entries[i].next {
		keys = append(keys, m.entries[i].key)
	}
	return keys
}

func (m *mapValue) clear() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.index)
	m.store.give(m.octets)
	m.reset()
	return n
}

// add adds to a number; one that is not there is 0.
func (m *mapValue) add(now time.Time, key string, n float64) (float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.find(now.UnixNano(), key); i != 0 {
		old, ok := m.entries[i].value.(float64)
		if !ok {
			return 0, codeError("no_number", "the value is no number")
		}
		m.entries[i].value = old + n
		return old + n, nil
	}
	return n, m.put(now.UnixNano(), key, n, 8)
}

// take takes n octets for an entry that replaces one of had octets, which are given back when that goes.
func (s *mapStore) take(n, had int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.octets-had+n > maxMapOcts {
		return false
	}
	s.octets += n
	return true
}

func (s *mapStore) give(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets -= n
}
