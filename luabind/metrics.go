package luabind

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
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
// definition that differs from the present one takes its place: the script was changed.
func (b *bindMetrics) update(d *metricDef, values []string, most int, change func(s *series)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.metrics[d.name]
	if m == nil || !m.def.same(d) {
		if m != nil {
			b.series -= len(m.series)
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

// WriteTo writes all series in Prometheus' text format, each with the label bind. Where binds declare a name
// with different types, those of the first bind's type are written.
func (m *Metrics) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	name, kind := "", ""
	for _, s := range m.Samples() {
		if s.Name != name {
			name, kind = s.Name, s.Type
			if s.Help != "" {
				fmt.Fprintf(&b, "# HELP %s %s\n", name, helpEscape.Replace(s.Help))
			}
			fmt.Fprintf(&b, "# TYPE %s %s\n", name, kind)
		}
		if s.Type == kind {
			s.write(&b)
		}
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

var (
	helpEscape  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func (s *Sample) write(b *strings.Builder) {
	labels := `bind="` + labelEscape.Replace(s.Bind) + `"`
	for i, l := range s.Labels {
		labels += fmt.Sprintf(`,%s="%s"`, l, labelEscape.Replace(s.Values[i]))
	}
	if s.Type != "histogram" {
		fmt.Fprintf(b, "%s{%s} %s\n", s.Name, labels, metricNumber(s.Value))
		return
	}
	for i, bound := range s.Bounds {
		fmt.Fprintf(b, "%s_bucket{%s,le=%q} %d\n", s.Name, labels, metricNumber(bound), s.Buckets[i])
	}
	fmt.Fprintf(b, "%s_bucket{%s,le=\"+Inf\"} %d\n", s.Name, labels, s.Count)
	fmt.Fprintf(b, "%s_sum{%s} %s\n%s_count{%s} %d\n", s.Name, labels, metricNumber(s.Value), s.Name, labels, s.Count)
}

func metricNumber(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "+Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
