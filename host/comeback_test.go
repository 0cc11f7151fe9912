package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configure saves another configuration and applies it.
func (w *world) configure(yaml string) {
	w.t.Helper()
	w.save("esmehost.yaml", strings.ReplaceAll(yaml, "SMSC", w.addr))
	if _, wrong := w.host.Apply(context.Background(), "test", true); len(wrong) > 0 {
		w.t.Fatal(wrong.Error())
	}
	waitBound(w)
}

// What binds ran before the last of a script went, and what comes back with the first.
const (
	withScript = `
watch: off
binds:
  a: { smsc: SMSC, system_id: a, script: s.lua, error_intensity: 2 }
  z: { smsc: SMSC, system_id: z, script: other.lua }
`
	withOther = `
watch: off
binds:
  a: { smsc: SMSC, system_id: a, script: other.lua, error_intensity: 2 }
  z: { smsc: SMSC, system_id: z, script: other.lua }
`
	without = `
watch: off
binds:
  z: { smsc: SMSC, system_id: z, script: other.lua }
`
)

func newComeback(t *testing.T) *world {
	return newWorldOf(t, map[string]string{"s.lua": say("one", ""), "other.lua": say("other", "")}, withScript)
}

// trip has a bind reach its error limit.
func (w *world) trip(bind string) {
	w.t.Helper()
	target, err := w.host.Target(bind)
	if err != nil {
		w.t.Fatal(err)
	}
	for range 3 {
		if err := target.Cast(nil); err != nil {
			w.t.Fatal(err)
		}
	}
}

// A version that the host went back from does not come back by way of the configuration.
func TestABadVersionDoesNotComeBackWithItsBind(t *testing.T) {
	for name, between := range map[string]string{"another script": withOther, "removed": without} {
		t.Run(name, func(t *testing.T) {
			w := newComeback(t)
			w.save("s.lua", strings.Replace(say("two", ""), "state.n = state.n + 1", "error('boom')", 1))
			w.reload(ReloadRequest{})
			w.trip("a")
			w.log.expect(t, "level=ERROR", "the host went back to the last good one", "boom")
			w.configure(between)
			w.configure(withScript)
			w.log.expect(t, "the file holds a version that the host went back from")
			w.ask("a", "one0")
			w.save("s.lua", say("three", ""))
			w.host.scan(context.Background(), true)
			w.ask("a", "three0")
		})
	}
}

// What the first bind of a script starts with is written down, whatever ran before, and a start finds it.
func TestWhatComesBackIsWrittenDown(t *testing.T) {
	w := newComeback(t)
	w.configure(without)
	w.save("s.lua", say("two", ""))
	w.configure(withScript)
	w.ask("a", "two0")
	h, err := w.host.History("s.lua")
	if err != nil {
		t.Fatal(err)
	}
	v := h.Versions
	if len(v) != 2 || v[1].What != "started" || v[1].By != "configuration" || v[1].Hash != w.status("a").Hash || v[1].Good || !v[1].Running || v[0].Running {
		t.Fatalf("%+v", h)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "data", "scripts", v[1].Hash, "s.lua")); err != nil {
		t.Error(err)
	}
	w.stop()
	w.save("s.lua", "retrun")
	w.start()
	waitBound(w)
	w.ask("a", "two0")
}

// What was not proved before comes back on trial.
func TestWhatComesBackHasToProveItself(t *testing.T) {
	w := newComeback(t)
	w.configure(without)
	w.save("s.lua", strings.Replace(say("two", ""), "state.n = state.n + 1", "error('boom')", 1))
	w.configure(withScript)
	w.ask("a", "two0")
	w.configure(without) // before its minute is over
	if _, wrong := w.host.Plan(); len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	if s := w.host.script("s.lua"); s.current() != nil || s.onTrial() {
		t.Error("nobody runs it, and it proves itself")
	}
	w.configure(withScript)
	w.trip("a")
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "boom")
	w.ask("a", "one0")
}
