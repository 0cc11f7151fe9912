package luabind

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// histogramParts are what a histogram's series are called behind its name.
var histogramParts = []string{"_bucket", "_sum", "_count"}

// claims are the names that a metric has in Prometheus' text format.
func claims(name, kind string) []string {
	all := []string{name}
	if kind == "histogram" {
		for _, part := range histogramParts {
			all = append(all, name+part)
		}
	}
	return all
}

// WriteTo writes all series in Prometheus' text format, each with the label bind. Where metrics of different
// types have a name in common (each of its own bind), their series are all written as they are, of type untyped: no
// bind takes another's away, or changes what it is called.
func (m *Metrics) WriteTo(w io.Writer) (int64, error) {
	samples := m.Samples()
	owner, shared := map[string]string{}, map[string]bool{}
	for i := range samples {
		me := samples[i].Type + " " + samples[i].Name
		for _, name := range claims(samples[i].Name, samples[i].Type) {
			if o := owner[name]; o != "" && o != me {
				shared[name] = true
			}
			owner[name] = me
		}
	}
	var b strings.Builder
	untyped := map[string]*strings.Builder{} // by the name of the series
	name := ""
	for i := range samples {
		s := &samples[i]
		if slices.ContainsFunc(claims(s.Name, s.Type), func(name string) bool { return shared[name] }) {
			s.write(func(name, labels, value string) {
				if untyped[name] == nil {
					untyped[name] = &strings.Builder{}
				}
				fmt.Fprintf(untyped[name], "%s{%s} %s\n", name, labels, value)
			})
			continue
		}
		if s.Name != name {
			name = s.Name
			if s.Help != "" {
				fmt.Fprintf(&b, "# HELP %s %s\n", name, helpEscape.Replace(s.Help))
			}
			fmt.Fprintf(&b, "# TYPE %s %s\n", name, s.Type)
		}
		s.write(func(name, labels, value string) { fmt.Fprintf(&b, "%s{%s} %s\n", name, labels, value) })
	}
	for _, name := range slices.Sorted(maps.Keys(untyped)) {
		fmt.Fprintf(&b, "# TYPE %s untyped\n%s", name, untyped[name])
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Label is a label as Prometheus' text format writes it.
func Label(name, value string) string { return name + `="` + labelEscape.Replace(value) + `"` }

var (
	helpEscape  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// write gives line each line of the series.
func (s *Sample) write(line func(name, labels, value string)) {
	labels := Label("bind", s.Bind)
	for i, l := range s.Labels {
		labels += "," + Label(l, s.Values[i])
	}
	if s.Type != "histogram" {
		line(s.Name, labels, metricNumber(s.Value))
		return
	}
	count := strconv.FormatUint(s.Count, 10)
	for i, bound := range s.Bounds {
		line(s.Name+"_bucket", fmt.Sprintf("%s,le=%q", labels, metricNumber(bound)), strconv.FormatUint(s.Buckets[i], 10))
	}
	line(s.Name+"_bucket", labels+`,le="+Inf"`, count)
	line(s.Name+"_sum", labels, metricNumber(s.Value))
	line(s.Name+"_count", labels, count)
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
