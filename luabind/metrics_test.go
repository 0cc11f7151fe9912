package luabind

import (
	"strings"
	"testing"
)

// Binds that mean different things by a name do not take each other's series away, and what they are called stays.
func TestMetricsOfOneName(t *testing.T) {
	m := NewMetrics()
	count := func(bind, kind, name string, n float64) {
		d := &metricDef{name: name, kind: kind, help: "What " + bind + " means."}
		change := func(s *series) { s.value += n }
		if kind == "histogram" {
			d.bounds = []float64{1}
			change = func(s *series) { d.observe(s, n) }
		}
		if !m.of(bind).update(d, nil, 100, change) {
			t.Fatal(bind, name)
		}
	}
	text := func() string {
		var b strings.Builder
		if _, err := m.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	count("g1", "gauge", "n", 1)
	count("g2", "counter", "n", 2)
	count("g3", "histogram", "n", 3)
	count("g1", "counter", "q_sum", 4)
	count("g3", "histogram", "q", 5)
	count("g1", "counter", "alone", 6)
	count("g2", "counter", "alone", 7)
	if got, want := text(), `# HELP alone What g1 means.
# TYPE alone counter
alone{bind="g1"} 6
alone{bind="g2"} 7
# TYPE n untyped
n{bind="g1"} 1
n{bind="g2"} 2
# TYPE n_bucket untyped
n_bucket{bind="g3",le="1"} 0
n_bucket{bind="g3",le="+Inf"} 1
# TYPE n_count untyped
n_count{bind="g3"} 1
# TYPE n_sum untyped
n_sum{bind="g3"} 3
# TYPE q_bucket untyped
q_bucket{bind="g3",le="1"} 0
q_bucket{bind="g3",le="+Inf"} 1
# TYPE q_count untyped
q_count{bind="g3"} 1
# TYPE q_sum untyped
q_sum{bind="g3"} 5
q_sum{bind="g1"} 4
`; got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}

	// A new version of a bind's script that uses a name of its old histogram takes its place.
	count("g3", "counter", "q_count", 8)
	if got := text(); strings.Contains(got, "q_bucket") || !strings.Contains(got, `q_count{bind="g3"} 8`) || m.of("g3").series != 2 {
		t.Fatal(got, m.of("g3").series)
	}
}
