package luabind

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// mapAt is a map beside its clock.
type mapAt struct {
	*mapValue
	now time.Time
}

func newMapAt(t testing.TB, store *mapStore, bounds mapBounds) *mapAt {
	t.Helper()
	m, err := store.open("m", 1, bounds)
	if err != nil {
		t.Fatal(err)
	}
	return &mapAt{m, time.Unix(1_000_000, 0)}
}

func (m *mapAt) put(t testing.TB, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := m.set(m.now, k, k, 16+len(k)); err != nil {
			t.Fatalf("%s: %v", k, err)
		}
	}
}

func (m *mapAt) order() string { return strings.Join(m.keys(m.now), " ") }

// A simple model beside the fast one: a list in the order of setting.
func TestMapAgainstAModel(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprintf("evict=%v", evict), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			rnd := rand.New(rand.NewPCG(seed, 1))
			store := new(mapStore)
			m := newMapAt(t, store, mapBounds{max: 8, ttl: time.Minute, evict: evict})
			type entry struct {
				key   string
				value float64
				set   time.Time
			}
			var model []entry
			drop := func(i int) { model = append(model[:i:i], model[i+1:]...) }
			at := func(key string) int {
				for i, e := range model {
					if e.key == key {
						return i
					}
				}
				return -1
			}
			for step := range 20_000 {
				m.now = m.now.Add(time.Duration(rnd.IntN(4000)) * time.Millisecond)
				for len(model) > 0 && m.now.Sub(model[0].set) >= time.Minute {
					drop(0)
				}
				key, i := fmt.Sprint(rnd.IntN(16)), 0
				i = at(key)
				what := rnd.IntN(4)
				var got, want any
				switch what {
				case 0: // set
					fits := i >= 0 || len(model) < 8 || evict
					want, got = fits, m.set(m.now, key, float64(step), 8) == nil
					if fits {
						if i >= 0 {
							drop(i)
						} else if len(model) == 8 {
							drop(0)
						}
						model = append(model, entry{key, float64(step), m.now})
					}
				case 1:
					if i >= 0 {
						want = model[i].value
					}
					got, _ = m.get(m.now, key)
				case 2:
					if i >= 0 {
						want = model[i].value
						drop(i)
					}
					got, _ = m.take(m.now, key)
				case 3:
					want, got = len(model), m.len(m.now)
				}
				var order []string
				for _, e := range model {
					order = append(order, e.key)
				}
				if got != want || m.order() != strings.Join(order, " ") {
					t.Fatalf("seed %d, step %d, operation %d of %s: got %v, want %v; has %s, want %v", seed, step, what, key, got, want, m.order(), order)
				}
			}
			m.clear()
			if store.octets != 0 {
				t.Errorf("an empty map still counts %d octets", store.octets)
			}
		})
	}
}

// No operation pays for a burst that has expired: none drops more than a few entries.
func TestMapExpiresABurstInSmallSteps(t *testing.T) {
	m := newMapAt(t, new(mapStore), mapBounds{max: 100_000, ttl: time.Minute})
	for i := range 100_000 {
		m.put(t, fmt.Sprint(i))
	}
	m.now = m.now.Add(time.Minute)
	before := len(m.index)
	if _, ok := m.get(m.now, "99999"); ok {
		t.Fatal("an expired entry is there")
	}
	m.put(t, "new")
	if gone := before - len(m.index); gone > 2*dropSome || gone < 1 {
		t.Errorf("two operations dropped %d entries", gone)
	}
	before = len(m.index) // a look at all of it is bounded too
	if n := m.len(m.now); n != before-dropMost {
		t.Errorf("%d entries counted of %d", n, before)
	}
	if n := len(m.keys(m.now)); n != before-2*dropMost {
		t.Errorf("%d keys of %d", n, before)
	}
	for range 100_000 / dropMost {
		m.len(m.now)
	}
	if n := m.len(m.now); n != 1 {
		t.Errorf("%d entries, want the new one", n)
	}
	if len(m.entries) > 1024 {
		t.Errorf("the room for %d entries is kept for one", len(m.entries))
	}
}

// Bounds that change with the script drop nothing by themselves, and a new ttl counts for what is there.
func TestMapBoundsChange(t *testing.T) {
	store := new(mapStore)
	m := newMapAt(t, store, mapBounds{max: 10})
	m.put(t, "a", "b", "c", "d", "e", "f")
	if _, err := store.open("m", 2, mapBounds{max: 2, ttl: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if m.order() != "a b c d e f" {
		t.Fatalf("has %s", m.order())
	}
	if err := m.set(m.now, "g", "g", 17); err == nil {
		t.Error("a full map took another entry")
	}
	m.put(t, "a") // is there already
	if m.order() != "b c d e f a" {
		t.Errorf("has %s", m.order())
	}
	if m, err := store.open("m", 1, mapBounds{max: 100}); err != nil || m.max != 2 {
		t.Errorf("a task of the old code changed max to %d", m.max)
	}
	if m, err := store.open("m", 3, mapBounds{max: 2, ttl: time.Hour, evict: true}); err != nil || !m.evict {
		t.Error("the bounds of the third were not taken")
	}
	m.put(t, "g") // drops some, not all that are too many
	if m.order() != "f a g" {
		t.Errorf("has %s", m.order())
	}
	m.put(t, "h")
	if m.order() != "g h" {
		t.Errorf("has %s", m.order())
	}
	m.now = m.now.Add(time.Hour)
	if m.order() != "" {
		t.Errorf("has %s", m.order())
	}
}

// What is refused has changed nothing: not the entry that was to be replaced either.
func TestMapRefusesWholly(t *testing.T) {
	store := new(mapStore)
	m := newMapAt(t, store, mapBounds{max: 10})
	m.put(t, "a")
	store.octets += maxMapOcts - store.octets // other maps hold the rest
	if err := m.set(m.now, "a", "long", 1000); err == nil {
		t.Fatal("the bind's maps hold more than they may")
	}
	if v, ok := m.get(m.now, "a"); !ok || v != "a" {
		t.Errorf("the old value is %v", v)
	}
	if store.octets != maxMapOcts {
		t.Errorf("%d octets are counted", store.octets)
	}
	m.put(t, "a") // as long as before
	if _, err := store.open("m", 1, mapBounds{max: 10, evict: true}); err != nil {
		t.Fatal(err)
	}
	if err := m.set(m.now, "b", "b", 17); err != nil {
		t.Error(err)
	}
	if m.order() != "b" {
		t.Errorf("has %s", m.order())
	}
}

// An entry costs no garbage: neither Lua's nor Go's.
func TestMapAllocatesNothing(t *testing.T) {
	m := newMapAt(t, new(mapStore), mapBounds{max: 1000, ttl: time.Minute})
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("id-", i)
	}
	m.put(t, keys...)
	var v any = "491700000001"
	i := 0
	if n := testing.AllocsPerRun(10_000, func() {
		k := keys[i%1000]
		i++
		m.now = m.now.Add(time.Millisecond)
		if _, ok := m.take(m.now, k); !ok {
			t.Fatal("an entry is gone")
		}
		if m.set(m.now, k, v, 28) != nil {
			t.Fatal("a place is gone")
		}
		m.get(m.now, k)
	}); n != 0 {
		t.Errorf("%v allocations an entry", n)
	}
}

// BenchmarkMap sets, reads and takes an entry among n others: the time does not grow with them, but by what
// the processor's caches cost.
func BenchmarkMap(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := newMapAt(b, new(mapStore), mapBounds{max: n + 1, ttl: time.Hour})
			keys := make([]string, n)
			for i := range keys {
				keys[i] = fmt.Sprint("id-", i)
			}
			m.put(b, keys...)
			var v any = "491700000001"
			for i := 0; b.Loop(); i++ {
				k := keys[i*7919%n]
				m.take(m.now, k)
				m.set(m.now, k, v, 28)
				m.get(m.now, k)
			}
		})
	}
}
