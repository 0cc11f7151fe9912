package host

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// effective is what a host runs, by bind: its configuration with what was changed in place.
func effective(h *Host) map[string]BindConfig {
	all := map[string]BindConfig{}
	for _, b := range h.all() {
		c := b.cfg
		l := b.live.Load()
		c.Reload, c.Labels, c.Rollout, c.ESME = l.reload, l.labels, l.rollout, l.esme
		all[c.Name] = c
	}
	return all
}

// someConfig makes a configuration of a few binds with a few differences.
func someConfig(t *rapid.T, name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "watch: off\nshutdown_limit: %ds\nbinds:\n  always: { smsc: \"127.0.0.1:1\", system_id: always, script: a.lua }\n", rapid.IntRange(1, 3).Draw(t, name+" shutdown_limit"))
	for _, bind := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"w", "x", "y", "z"}), 0, 4, rapid.ID).Draw(t, name+" binds") {
		pick := func(key string, values ...string) {
			if v := rapid.SampledFrom(append(values, "")).Draw(t, name+" "+bind+" "+key); v != "" {
				fmt.Fprintf(&b, ", %s: %s", key, v)
			}
		}
		fmt.Fprintf(&b, "  %s: { smsc: \"127.0.0.1:1\", system_id: %s", bind, bind)
		pick("window", "5", "infinity")
		pick("labels", "{region: eu}", "{region: us, tier: gold}", "{}")
		pick("reload", "each", "together")
		pick("response_limit", "1s", "2s", "infinity")
		pick("tps", "10", "20")
		if rapid.Bool().Draw(t, name+" "+bind+" is plain") { // between two such, all changes while it runs
			b.WriteString(", script: a.lua }\n")
			continue
		}
		fmt.Fprintf(&b, ", script: %s", rapid.SampledFrom([]string{"a.lua", "b.lua"}).Draw(t, name+" script"))
		pick("args", "{n: 1}", "[1, 2]")
		pick("sessions", "1", "2")
		pick("system_type", "a", "b")
		pick("limits", "{time: 10ms, timers: 5}", "{timers: 6}")
		pick("backoff", "{min: 1s, max: 2s}", "{max: 3s}")
		pick("error_intensity", "5", "{count: 6, within: 1m}")
		pick("restart", "transient", "temporary")
		pick("data_coding_0", "latin1", "{out: ucs2}")
		pick("allow", "{binds: [x]}", "{binds: ['*']}")
		b.WriteString(" }\n")
	}
	return b.String()
}

// To start with a and apply b is to start with b; to apply it again changes nothing; and an error in the file
// changes nothing either.
func TestApplyingAPlanIsStartingWithIt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "esmehost.yaml")
	write := func(name, src string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.lua", say("a", ""))
	write("b.lua", say("b", ""))
	rapid.Check(t, func(t *rapid.T) {
		start := func(yaml string) *Host {
			os.WriteFile(path, []byte(yaml), 0o644)
			cfg, wrong := LoadConfig(path)
			if len(wrong) > 0 {
				t.Fatalf("%s\n%s", yaml, wrong.Error())
			}
			h, wrong := New(cfg, nil)
			if len(wrong) > 0 {
				t.Fatal(wrong.Error())
			}
			return h
		}
		a, b := someConfig(t, "a"), someConfig(t, "b")
		h := start(a)
		before := h.all()
		for _, broken := range []string{"binds: {", b + "oops: 1\n", strings.Replace(b, "always,", "always, windwo: 5,", 1), strings.Replace(b, "script: a.lua", "script: c.lua", 1)} {
			os.WriteFile(path, []byte(broken), 0o644)
			if _, wrong := h.Apply(t.Context(), "test", true); len(wrong) == 0 {
				t.Fatalf("no error in:\n%s", broken)
			}
			if !slices.Equal(before, h.all()) {
				t.Fatalf("an error has changed binds:\n%s", broken)
			}
		}
		other := start(b)
		os.WriteFile(path, []byte(b), 0o644)
		switch rapid.SampledFrom([]string{"the command", "SIGHUP", "a save"}).Draw(t, "by") {
		case "SIGHUP":
			h.Hangup(t.Context())
			sameBinds(t, a, b, h, other)
			return
		case "a save":
			h.scan(t.Context(), false)
			sameBinds(t, a, b, h, other)
			return
		}
		plan, wrong := h.Plan()
		if len(wrong) > 0 || !slices.Equal(before, h.all()) {
			t.Fatalf("plan has changed binds, or: %v", wrong)
		}
		applied, wrong := h.Apply(t.Context(), "test", true)
		if len(wrong) > 0 || !reflect.DeepEqual(plan, applied) {
			t.Fatalf("planned:\n%s\napplied:\n%s\n%v", plan, applied, wrong)
		}
		sameBinds(t, a, b, h, other)
		for _, s := range plan { // what is kept is the same bind; what is restarted is another
			i := slices.IndexFunc(before, func(x *Bind) bool { return x.cfg.Name == s.Name })
			if now, ok := h.bind(s.Name); (s.Sign == "=") != (ok && i >= 0 && before[i] == now) {
				t.Fatalf("%s, but not in fact", s)
			}
		}
		again, wrong := h.Apply(t.Context(), "test", true)
		if len(wrong) > 0 || again.Changes() {
			t.Fatalf("applied again: %s, %v", again, wrong)
		}
	})
}

// sameBinds holds a host that went from a to b against one that started with b.
func sameBinds(t *rapid.T, a, b string, h, other *Host) {
	if got, want := effective(h), effective(other); !reflect.DeepEqual(got, want) {
		t.Fatalf("from\n%s\nto\n%s\nis\n%+v\nnot\n%+v", a, b, got, want)
	}
	if x, y := h.config(), other.config(); x.Watch != y.Watch || x.ShutdownLimit != y.ShutdownLimit || !reflect.DeepEqual(x.Binds, y.Binds) {
		t.Fatalf("from\n%s\nto\n%s\nis the configuration\n%+v\nnot\n%+v", a, b, x, y)
	}
}

// Each field of a bind has a key, or the plan would name one that nobody can find.
func TestPlanNamesKeysOfTheConfiguration(t *testing.T) {
	r := newBindReader(&reader{}, &Config{})
	known := r.keys()
	for _, typ := range []reflect.Type{reflect.TypeFor[BindConfig](), reflect.TypeFor[BindConfig]().Field(fieldAt(t, "ESME")).Type} {
		for i := range typ.NumField() {
			name := typ.Field(i).Name
			if name == "ESME" || name == "Name" {
				continue
			}
			key := fieldKeys[name]
			if key == "" {
				key = snake(name)
			}
			if known[key] == nil {
				t.Errorf("the field %s has no key '%s'", name, key)
			}
		}
	}
}

func fieldAt(t *testing.T, name string) int {
	f, ok := reflect.TypeFor[BindConfig]().FieldByName(name)
	if !ok {
		t.Fatal(name)
	}
	return f.Index[0]
}

func TestPlanAsPeopleReadIt(t *testing.T) {
	text := func(yaml string) *Config {
		c, wrong := parseText(t, yaml)
		if wrong != "" {
			t.Fatal(wrong)
		}
		c.Admin, c.DataDir, c.Scripts = Admin{}, "", ""
		return c
	}
	a := text(`{ binds: { acme: { smsc: "h:1", system_id: a, script: echo.lua }, gamma: { smsc: "h:1", system_id: g, script: echo.lua },
		delta: { smsc: "h:1", system_id: d, script: echo.lua }, eps: { smsc: "h:1", system_id: e, script: echo.lua } } }`)
	b := text(`{ log: { level: debug }, watch: poll, shutdown_limit: 3s, binds: { acme: { smsc: "h:1", system_id: a, password: x, window: 7, script: echo.lua }, beta: { smsc: "h:1", system_id: b, script: echo.lua },
		delta: { smsc: "h:1", system_id: d, script: echo.lua }, eps: { smsc: "h:1", system_id: e, script: echo.lua, tps: 7, labels: { a: b } } } }`)
	b.Scripts = "other"
	want := `! log takes effect when the host is started again
* scripts is another from now on
* shutdown_limit is another from now on
* watch is another from now on
~ acme restarted because of password, window
+ beta started
= delta kept
= eps kept, with another labels, tps
- gamma drained`
	if got := diffConfigs(a, b).String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
