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

// mapValue is a bounded dictionary in which entries expire. The entries lie in one slice, linked in the order in
// which they expire, so that each operation takes the same time however many there are. Tasks of an old
// generation may use it beside the new one.
type mapValue struct {
	name  string
	store *mapStore

	mu         sync.Mutex
	max        int
	ttl        time.Duration // 0: entries stay
	evict      bool
	index      map[string]uint32
	entries    []mapEntry
	free       uint32 // first free entry; 0: none
	head, tail uint32 // the entry that expires first, and last
	evicted    uint64
}

type mapEntry struct {
	key        string
	value      vm.Data // string, float64, bool, *vm.Table, or an Opaque
	expires    int64   // nanoseconds since 1970
	size       uint32
	prev, next uint32
}

// open gives the map of a name; a new limit takes the place of the old one, and the oldest entries beyond it go.
func (s *mapStore) open(name string, most int, ttl time.Duration, evict bool) (*mapValue, error) {
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
	m.max, m.ttl, m.evict = most, ttl, evict
	for len(m.index) > m.max {
		m.remove(m.head)
		m.evicted++
	}
	return m, nil
}

func (m *mapValue) reset() {
	m.index = map[string]uint32{}
	m.entries = make([]mapEntry, 1) // the first is none, so that 0 means none
	m.free, m.head, m.tail = 0, 0, 0
}

// expire drops what has expired.
func (m *mapValue) expire(now int64) {
	for m.head != 0 && m.ttl > 0 && m.entries[m.head].expires <= now {
		m.remove(m.head)
	}
}

func (m *mapValue) get(now time.Time, key string) (vm.Data, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	i, ok := m.index[key]
	if !ok {
		return nil, false
	}
	return m.entries[i].value, true
}

// set puts a value, whose octets are size, and makes the entry the youngest.
func (m *mapValue) set(now time.Time, key string, v vm.Data, size int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	return m.put(now, key, v, size)
}

func (m *mapValue) put(now time.Time, key string, v vm.Data, size int) error {
	i, there := m.index[key]
	if there {
		m.remove(i)
	}
	if len(m.index) >= m.max {
		if !m.evict {
			return codeError("full", "the map %s has %d entries already (option max)", m.name, m.max)
		}
		m.remove(m.head)
		m.evicted++
	}
	size += len(key) + entryOctets
	if !m.store.take(size) {
		return codeError("full", "the maps of the bind hold %d octets already", maxMapOcts)
	}
	if m.free != 0 {
		i = m.free
		m.free = m.entries[i].next
	} else {
		m.entries = append(m.entries, mapEntry{})
		i = uint32(len(m.entries) - 1)
	}
	expires := int64(0)
	if m.ttl > 0 {
		expires = now.Add(m.ttl).UnixNano()
		if m.tail != 0 { // a clock that was turned back does not spoil the order
			expires = max(expires, m.entries[m.tail].expires)
		}
	}
	m.entries[i] = mapEntry{key: key, value: v, expires: expires, size: uint32(size), prev: m.tail}
	if m.tail != 0 {
		m.entries[m.tail].next = i
	} else {
		m.head = i
	}
	m.tail = i
	m.index[key] = i
	return nil
}

// take removes an entry and gives its value.
func (m *mapValue) take(now time.Time, key string) (vm.Data, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	i, ok := m.index[key]
	if !ok {
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

func (m *mapValue) len(now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	return len(m.index)
}

// keys are at most n keys, the oldest first.
func (m *mapValue) keys(now time.Time, n int) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	keys := make([]string, 0, min(n, len(m.index)))
	for i := m.head; i != 0 && len(keys) < n; i = m.entries[i].next {
		keys = append(keys, m.entries[i].key)
	}
	return keys
}

func (m *mapValue) clear() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.index)
	for i := m.head; i != 0; i = m.entries[i].next {
		m.store.give(int(m.entries[i].size))
	}
	m.reset()
	return n
}

// add adds to a number; one that is not there is 0.
func (m *mapValue) add(now time.Time, key string, n float64) (float64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now.UnixNano())
	if i, ok := m.index[key]; ok {
		old, ok := m.entries[i].value.(float64)
		if !ok {
			return 0, codeError("no_number", "the value is no number")
		}
		m.entries[i].value = old + n
		return old + n, nil
	}
	return n, m.put(now, key, n, 8)
}

func (s *mapStore) take(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.octets+n > maxMapOcts {
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
