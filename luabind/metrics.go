package luabind

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Metrics are what the scripts of a host count. They belong to the host: a reload, a reconnect or a restart of
// a bind does not reset them. All methods may be called from any goroutine.
type Metrics struct {
	mu    sync.Mutex
	binds map[string]*bindMetrics
}

// NewMetrics returns an empty set.
func NewMetrics() *Metrics { return &Metrics{binds: map[string]*bindMetrics{}} }

// Sample is one series at one moment.
type Sample struct {
	Name, Help, Type string // Type is counter, gauge or histogram
	Bind             string
	Labels, Values   []string
	Value            float64   // of a counter or gauge; the sum of a histogram
	Count            uint64    // of a histogram
	Bounds           []float64 // upper bounds of its buckets
	Buckets          []uint64  // observations up to each bound, cumulative
}

type bindMetrics struct {
	mu      sync.Mutex
	metrics map[string]*metric
	series  int
}

// metricDef is what a script declares. It is immutable.
type metricDef struct {
	name, help, kind string
	labels           []string
	bounds           []float64
}

func (d *metricDef) same(e *metricDef) bool {
	return d == e || d.name == e.name && d.kind == e.kind && slices.Equal(d.labels, e.labels) && slices.Equal(d.bounds, e.bounds)
}

// overlaps reports whether the metrics, of one bind, would have series of the same name.
func (d *metricDef) overlaps(e *metricDef) bool {
	names := claims(d.name, d.kind)
	return slices.ContainsFunc(claims(e.name, e.kind), func(name string) bool { return slices.Contains(names, name) })
}

type metric struct {
	def    *metricDef
	series map[string]*series
}

type series struct {
	values  []string
	value   float64
	count   uint64
	buckets []uint64
}

func (m *Metrics) of(bind string) *bindMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.binds[bind]
	if b == nil {
		b = &bindMetrics{metrics: map[string]*metric{}}
		m.binds[bind] = b
	}
	return b
}

// update changes the series with the label values. It reports false when the bind has
// most series already: each set of label values of a metric is one. A
// definition that differs from the present one, or takes a name of its series, takes its place: the script was changed.
func (b *bindMetrics) update(d *metricDef, values []string, most int, change func(s *series)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.metrics[d.name]
	if m == nil || !m.def.same(d) {
		for _, old := range b.metrics {
			if old.def.overlaps(d) {
				b.series -= len(old.series)
				delete(b.metrics, old.def.name)
			}
		}
		m = &metric{def: d, series: map[string]*series{}}
		b.metrics[d.name] = m
	}
	key := strings.Join(values, "\xff")
	s := m.series[key]
	if s == nil {
		if b.series >= most {
			return false
		}
		b.series++
		s = &series{values: slices.Clone(values), buckets: make([]uint64, len(d.bounds))}
		for i, v := range s.values {
			s.values[i] = strings.Clone(v)
		}
		m.series[key] = s
	}
	change(s)
	return true
}

// value reads a series; 0 if there is none.
func (b *bindMetrics) value(d *metricDef, values []string) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.metrics[d.name]; m != nil {
		if s := m.series[strings.Join(values, "\xff")]; s != nil {
			return s.value
		}
	}
	return 0
}

func (d *metricDef) observe(s *series, v float64) {
	s.value += v
	s.count++
	for i, bound := range d.bounds {
		if v <= bound {
			s.buckets[i]++
		}
	}
}

// Samples returns all series, by name, bind and label values.
func (m *Metrics) Samples() []Sample {
	m.mu.Lock()
	binds := maps.Clone(m.binds)
	m.mu.Unlock()
	var all []Sample
	for name, b := range binds {
		b.mu.Lock()
		for _, x := range b.metrics {
			for _, s := range x.series {
				all = append(all, Sample{Name: x.def.name, Help: x.def.help, Type: x.def.kind, Bind: name, Labels: x.def.labels,
					Values: s.values, Value: s.value, Count: s.count, Bounds: x.def.bounds, Buckets: slices.Clone(s.buckets)})
			}
		}
		b.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b Sample) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		if c := strings.Compare(a.Bind, b.Bind); c != 0 {
			return c
		}
		return slices.Compare(a.Values, b.Values)
	})
	return all
}
