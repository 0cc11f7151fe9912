package luabind

import (
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/luabind/vm"
)

var metricName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,99}$`)

// Bounds of one metric.
const (
	maxLabels  = 8
	maxBuckets = 50
)

// defaultBuckets are seconds, as for most latencies.
var defaultBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

var metricsModule = module{
	Name: "metrics",
	Doc: "Counters, gauges and histograms that the host shows, each with the label bind. They belong to the host: neither a reload nor a reconnect " +
		"resets them. A bind may have 1,000 series (limits.metrics), one for each set of label values; what is beyond is refused: limit. Never make a label of a number or an id. " +
		"Names that begin with esmehost_, go_ or process_ are the host's. Binds choose their names without regard to each other: where two of them mean different kinds by one, " +
		"/metrics has the series of both under that name, and calls its type untyped.",
	Fns: []fn{
		metricFn("counter", "Declares a counter, which only grows.", `local sent = metrics.counter("routed", { help = "Messages by route.", labels = { "route" } })
assert(sent:add(1, { route = "default" }))`),
		metricFn("gauge", "Declares a gauge, which goes up and down.", `local waiting = metrics.gauge("receipts_waiting")
assert(waiting:set(7))`),
		metricFn("histogram", "Declares a histogram, which counts how often values fall into buckets.", `local took = metrics.histogram("lookup_seconds", { buckets = { 0.01, 0.1, 1 } })
assert(took:observe(0.05))`),
	},
	Kinds: []*kind{&counterKind, &gaugeKind, &histogramKind},
}

func metricFn(kind, doc, example string) fn {
	keys := []param{{"help", optional(stringType), "what it counts, for people"}, {"labels", optional(listOf(stringType)), "the names of its labels, at most 8"}}
	if kind == "histogram" {
		keys = append(keys, param{"buckets", optional(listOf(numberType)), "upper bounds, growing, at most 50; seconds from 0.005 to 10 unless given"})
	}
	return fn{Name: kind, Where: anywhere, Params: []param{{"name", stringType, "letters, digits and _"}, {"opts", optional(options(keys...)), "what it is"}},
		Returns: []param{{kind, metricTypes[kind], "to count with"}},
		Doc:     doc + " The same name again gives the same one; with other labels it raises.", Example: example,
		Do: func(c *call) int { return c.push(newMetric(c.metricDef(kind))) }}
}

// metricValue is a metric as scripts hold it.
type metricValue struct{ def *metricDef }

// Size is that of the handle: what it counts is the host's.
func (m *metricValue) Size() int { return 32 }

// String names it.
func (m *metricValue) String() string { return m.def.kind + " " + m.def.name }

func metricType(kind, editor string) luaType {
	return luaType{what: "a " + kind, editor: editor, is: func(v lua.LValue) bool {
		u, ok := v.(*lua.LUserData)
		if !ok {
			return false
		}
		m, ok := u.Value.(*metricValue)
		return ok && m.def.kind == kind
	}}
}

var (
	metricTypes = map[string]luaType{"counter": metricType("counter", "Counter"), "gauge": metricType("gauge", "Gauge"), "histogram": metricType("histogram", "Histogram")}
	metricMetas = map[string]*lua.LTable{}

	labelsParam = param{"labels", optional(tableType), "a value for each label"}
	valueMethod = fn{Name: "value", Params: []param{labelsParam}, Returns: []param{{"value", numberType, "0 if nothing was counted"}}, Doc: "Reads the series with the labels.",
		Do: func(c *call) int {
			d := user[*metricValue](c, 1).def
			return c.push(lua.LNumber(c.gen.bind.metrics().value(d, c.labels(d, 2))))
		}}

	counterKind = kind{Name: "Counter", Var: "counter", Doc: "A counter.", Methods: []fn{
		{Name: "add", Params: []param{{"n", optional(numberType), "1; not less than 0"}, labelsParam}, Returns: accepted("limit"), Doc: "Adds to the series with the labels.",
			Example: `local seen = metrics.counter("seen")
assert(seen:add() and seen:add(2))`,
			Do: func(c *call) int {
				n := c.amount(1)
				if n < 0 {
					c.raise("a counter only grows: %v", n)
				}
				return c.count(func(s *series) { s.value += n })
			}},
		exampleOf(valueMethod, `local read = metrics.counter("read_back")
assert(read:add(5) and read:value() >= 5)`),
	}}
	gaugeKind = kind{Name: "Gauge", Var: "gauge", Doc: "A gauge.", Methods: []fn{
		{Name: "set", Params: []param{{"value", numberType, "the new value"}, labelsParam}, Returns: accepted("limit"), Doc: "Sets the series with the labels.",
			Example: `assert(metrics.gauge("members"):set(12))`,
			Do:      func(c *call) int { n := c.amount(0); return c.count(func(s *series) { s.value = n }) }},
		{Name: "add", Params: []param{{"n", optional(numberType), "1; less than 0 takes away"}, labelsParam}, Returns: accepted("limit"), Doc: "Adds to the series with the labels.",
			Example: `assert(metrics.gauge("members"):add(-1))`,
			Do:      func(c *call) int { n := c.amount(1); return c.count(func(s *series) { s.value += n }) }},
		exampleOf(valueMethod, `assert(metrics.gauge("never_set"):value() == 0)`),
	}}
	histogramKind = kind{Name: "Histogram", Var: "histogram", Doc: "A histogram.", Methods: []fn{
		{Name: "observe", Params: []param{{"value", numberType, "what was measured"}, labelsParam}, Returns: accepted("limit"), Doc: "Counts a value in the series with the labels.",
			Example: `local began = time.monotonic()
assert(metrics.histogram("work_seconds"):observe(time.monotonic() - began))`,
			Do: func(c *call) int {
				n, d := c.amount(0), user[*metricValue](c, 1).def
				return c.count(func(s *series) { d.observe(s, n) })
			}},
	}}
)

func exampleOf(f fn, example string) fn { f.Example = example; return f }

func init() {
	for name, k := range map[string]*kind{"counter": &counterKind, "gauge": &gaugeKind, "histogram": &histogramKind} {
		metricMetas[name] = k.objects(metricTypes[name], nil)
	}
}

func newMetric(d *metricDef) lua.LValue {
	return vm.NewUserData(&metricValue{d}, metricMetas[d.kind])
}

func (b *Bind) metrics() *bindMetrics { return b.opts.Metrics.of(b.opts.Name) }

// metricDef reads a declaration. Within one version of the script a name means one thing.
func (c *call) metricDef(kind string) *metricDef {
	d := &metricDef{name: c.str(1), kind: kind, help: lua.LVAsString(c.option(2, "help"))}
	if !metricName.MatchString(d.name) {
		c.raise("'%.40s' is no name for a metric: use letters, digits and _, at most 100, a letter first", d.name)
	}
	for _, prefix := range []string{"esmehost_", "go_", "process_"} {
		if strings.HasPrefix(d.name, prefix) {
			c.raise("'%s' begins with %s, as the host's own metrics do: choose another name", d.name, prefix)
		}
	}
	if len(d.help) > 500 {
		c.raise("option 'help' has %d octets, at most 500 are taken", len(d.help))
	}
	if t, ok := c.option(2, "labels").(*lua.LTable); ok {
		n := t.Len()
		if n > maxLabels {
			c.raise("a metric has at most %d labels, not %d", maxLabels, n)
		}
		for i := 1; i <= n; i++ {
			l, ok := t.RawGetInt(i).(lua.LString)
			if !ok || !metricName.MatchString(string(l)) || l == "bind" || l == "le" || strings.HasPrefix(string(l), "__") || slices.Contains(d.labels, string(l)) {
				c.raise("labels[%d] is no name for a label: %s", i, given(t.RawGetInt(i)))
			}
			d.labels = append(d.labels, string(l))
		}
	}
	if kind == "histogram" {
		d.bounds = defaultBuckets
		if t, ok := c.option(2, "buckets").(*lua.LTable); ok {
			d.bounds = c.buckets(t)
		}
	}
	if old := c.gen.metrics[d.name]; old != nil {
		if !old.same(d) {
			c.raise("the metric %s is declared in this script already, as a %s with the labels (%s)", d.name, old.kind, strings.Join(old.labels, ", "))
		}
		return old
	}
	for _, old := range c.gen.metrics {
		if old.overlaps(d) {
			c.raise("the %s %s and the %s %s of this script would have series of the same name: a histogram takes its name with _bucket, _sum and _count too", d.kind, d.name, old.kind, old.name)
		}
	}
	if n := c.s.Limits().Metrics; len(c.gen.metrics) >= n {
		c.raise("the script declares more than %d metrics (limits.metrics)", n)
	}
	if c.gen.metrics == nil {
		c.gen.metrics = map[string]*metricDef{}
	}
	c.gen.metrics[d.name] = d
	return d
}

func (c *call) buckets(t *lua.LTable) []float64 {
	most := t.Len()
	if most == 0 || most > maxBuckets {
		c.raise("a histogram has 1 to %d buckets, not %d", maxBuckets, most)
	}
	var bounds []float64
	for i := 1; i <= most; i++ {
		v := t.RawGetInt(i)
		n, ok := v.(lua.LNumber)
		switch f := float64(n); {
		case !ok || math.IsNaN(f) || math.IsInf(f, 0): // what is above the last one has a bucket of its own, +Inf
			c.raise("buckets[%d] must be a finite number, is %s", i, given(v))
		case i > 1 && f <= bounds[i-2]:
			c.raise("buckets[%d] must be greater than the one before, %v, is %v", i, bounds[i-2], f)
		default:
			bounds = append(bounds, f)
		}
	}
	return bounds
}

// amount is argument 1 of a method. The number must be one: a series that is NaN once stays so.
func (c *call) amount(def float64) float64 {
	n, ok := c.value(2).(lua.LNumber)
	if !ok {
		return def
	}
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		c.raise("argument 1 must be a finite number, is %v", f)
	}
	return float64(n)
}

// labels reads the label values: one for each label, and no other.
func (c *call) labels(d *metricDef, n int) []string {
	t, _ := c.value(n).(*lua.LTable)
	values := make([]string, len(d.labels))
	for i, name := range d.labels {
		v := lua.LValue(lua.LNil)
		if t != nil {
			v = t.RawGetString(name)
		}
		if v.Type() != lua.LTString && v.Type() != lua.LTNumber && v.Type() != lua.LTBool {
			c.raise("%s needs the label '%s': a string, number or boolean, is %s", d.name, name, v.Type())
		}
		text := v.String()
		if len(text) > 200 {
			c.raise("the label '%s' has %d octets, at most 200 are taken", name, len(text))
		}
		values[i] = strings.ToValidUTF8(text, "?")
	}
	if t != nil {
		t.ForEach(func(k, _ lua.LValue) {
			if !slices.Contains(d.labels, k.String()) {
				c.raise("%s has no label '%.40s'; %s", d.name, k.String(), didYouMean(k.String(), d.labels))
			}
		})
	}
	return values
}

// count changes the series that the labels, argument 2 of a method, name.
func (c *call) count(change func(s *series)) int {
	d := user[*metricValue](c, 1).def
	if c.gen.bind.metrics().update(d, c.labels(d, 3), c.s.Limits().Metrics, change) {
		return c.ok()
	}
	err := codeError("limit", "%s is not counted: the bind has %d series already (limits.metrics): does a label have too many values?", d.name, c.s.Limits().Metrics)
	if !c.gen.saidSeries {
		c.gen.saidSeries = true
		c.gen.log(slog.LevelWarn, err.Message)
	}
	return c.fail(err)
}
