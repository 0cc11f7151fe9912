package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/luabind/vm"
)

// ask calls a bind's handle_call.
func (w *world) ask(bind string, want vm.Data) {
	w.t.Helper()
	t, err := w.host.Target(bind)
	if err != nil {
		w.t.Fatal(err)
	}
	if v, err := t.Call(context.Background(), nil); err != nil || v != want {
		w.t.Fatalf("%s says %v, %v; want %v", bind, v, err, want)
	}
}

func (w *world) reload(r ReloadRequest) string {
	w.t.Helper()
	r.By = "test"
	outcomes, wrong, err := w.host.Reload(context.Background(), r)
	if err != nil {
		return err.Error()
	}
	if len(wrong) > 0 {
		return wrong.Error()
	}
	var all []string
	for _, o := range outcomes {
		all = append(all, fmt.Sprintf("%s %s %d %s", o.Bind, o.Outcome, o.Generation, o.Error))
	}
	return strings.Join(all, "\n")
}

// say is a script that says what, refuses to take over in the bind named refuse, and counts.
func say(what, refuse string) string {
	return fmt.Sprintf(`return {
	init = function() return { n = 0 } end,
	code_change = function(_, state) assert(esme.name ~= %q, "not here") return state end,
	handle_cast = function(_, state) state.n = state.n + 1 return state end,
	handle_call = function(_, _, state) return "reply", %q .. state.n, state end,
}`, refuse, what)
}

const threeBinds = `
watch: off
binds:
  a: { smsc: SMSC, system_id: a, script: s.lua }
  b: { smsc: SMSC, system_id: b, script: s.lua }
  c: { smsc: SMSC, system_id: c, script: s.lua, reload: each }
`

func TestTogetherOrEach(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, threeBinds)
	w.save("s.lua", say("two", "b"))
	want := "a kept 1 b refused it, and reload is together: code_change refused: s.lua:3: not here\n" +
		"b refused 1 code_change refused: s.lua:3: not here\nc reloaded 2 "
	if got := w.reload(ReloadRequest{Check: true}); got != strings.Replace(want, "c reloaded 2", "c reloaded 1", 1) {
		t.Errorf("checked: %s", got)
	}
	w.ask("c", "one0")
	if got := w.reload(ReloadRequest{}); got != want {
		t.Errorf("reloaded: %s", got)
	}
	w.ask("a", "one0")
	w.ask("b", "one0")
	w.ask("c", "two0")
	w.log.expect(t, "reload refused", "s.lua:3:2: not here")
	w.save("s.lua", say("three", "c"))
	if got := w.reload(ReloadRequest{Script: "s.lua"}); got != "a reloaded 2 \nb reloaded 2 \nc refused 2 code_change refused: s.lua:3: not here" {
		t.Error(got)
	}
	w.ask("b", "three0")
	w.save("s.lua", "return }")
	if got := w.reload(ReloadRequest{}); !strings.Contains(got, "s.lua:1:8: syntax error near '}'") {
		t.Error(got)
	}
	w.ask("a", "three0")
}

func TestHistoryAndEarlierVersions(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, threeBinds)
	w.save("s.lua", say("two", ""))
	w.reload(ReloadRequest{})
	h, err := w.host.History("s.lua")
	if err != nil || len(h.Versions) != 2 {
		t.Fatalf("%+v, %v", h, err)
	}
	first, second := h.Versions[0], h.Versions[1]
	if !first.Good || first.What != "started" || second.What != "reloaded" || second.By != "test" || second.Binds != 3 || !second.Running || first.Running {
		t.Errorf("%+v", h)
	}
	if want := "-\thandle_call = function(_, _, state) return \"reply\", \"one\" .. state.n, state end,\n"; !strings.Contains(second.Diff, want) {
		t.Errorf("diff:\n%s", second.Diff)
	}
	if got := w.reload(ReloadRequest{Script: "s.lua", To: first.Hash[:8]}); got != "a reloaded 3 \nb reloaded 3 \nc reloaded 3 " {
		t.Error(got)
	}
	w.ask("a", "one0")
	for to, want := range map[string]string{"abc": "at least 4", "ffffffff": "has no version"} {
		if got := w.reload(ReloadRequest{Script: "s.lua", To: to}); !strings.Contains(got, want) {
			t.Errorf("--to %s: %s", to, got)
		}
	}
	if _, err := w.host.History("t.lua"); err == nil || !strings.Contains(err.Error(), "did you mean 's.lua'?") {
		t.Error(err)
	}

	// The file still holds what the operator went back from: a new start does not take it.
	w.stop()
	w.start()
	w.log.expect(t, "the file holds a version that the host went back from")
	w.log.expect(t, "msg=bound", "bind=a", "session=1")
	waitBound(w)
	w.ask("a", "one0")
	if got := w.reload(ReloadRequest{}); got != "a reloaded 2 \nb reloaded 2 \nc reloaded 2 " {
		t.Error(got)
	}
	w.stop()
	w.start()
	waitBound(w)
	w.ask("a", "two0")
}

func waitBound(w *world) {
	w.t.Helper()
	for _, b := range w.host.all() {
		if _, err := b.client.Bound(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// A start with a broken, missing or refused script comes up with the last good one, and says so.
func TestAStartWithABrokenScript(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "") + " -- " + `require`, "lib/m.lua": "return 1"}, threeBinds)
	w.save("s.lua", "local m = require('lib.m')\n"+say("two", ""))
	w.reload(ReloadRequest{})
	for name, spoil := range map[string]func(){
		"broken":          func() { w.save("s.lua", "retrun") },
		"refused at load": func() { w.save("s.lua", "error('at load')") },
		"gone":            func() { os.Remove(filepath.Join(w.dir, "s.lua")) },
		"a module is gone": func() {
			w.save("s.lua", "local m = require('lib.m')\n"+say("three", ""))
			os.RemoveAll(filepath.Join(w.dir, "lib"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.stop()
			spoil()
			w.log = newLines()
			if _, wrong := Check(filepath.Join(w.dir, "esmehost.yaml")); len(wrong) == 0 {
				t.Error("check sees nothing")
			}
			w.start()
			w.log.expect(t, "level=ERROR", "the script is broken: the last good version of it runs")
			waitBound(w)
			w.ask("a", "two0")
		})
	}
	// What is damaged on disk is not run.
	w.stop()
	files, err := filepath.Glob(filepath.Join(w.dir, "data", "scripts", "*", "s.lua"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if err := os.WriteFile(f, []byte("return {}"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, wrong := Load(filepath.Join(w.dir, "esmehost.yaml"), discard); len(wrong) == 0 {
		t.Fatal("it came up with something")
	}
}

// Code that trips the error limit soon after it came: all its binds go back, the sessions stay, and the file is
// not read again until it is saved anew.
func TestTheHostGoesBackByItself(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, strings.ReplaceAll(threeBinds, "s.lua", "s.lua, error_intensity: 2"))
	bad := strings.Replace(say("two", ""), "state.n = state.n + 1", "error('boom')", 1)
	w.save("s.lua", bad)
	w.reload(ReloadRequest{})
	w.ask("b", "two0")
	target, _ := w.host.Target("a")
	for range 3 {
		if err := target.Cast(nil); err != nil {
			t.Fatal(err)
		}
	}
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "binds=3", "boom")
	for _, bind := range []string{"a", "b", "c"} {
		w.ask(bind, "one0")
		if s := w.status(bind); s.Session != 1 || s.State != "bound" || s.Generation != 3 {
			t.Errorf("%+v", s)
		}
	}
	h, err := w.host.History("s.lua")
	if err != nil {
		t.Fatal(err)
	}
	if v := h.Versions; len(v) != 3 || v[2].What != "went_back" || !strings.Contains(v[2].Why, "a tripped the error limit") || !v[1].Bad || h.Passed != v[1].Hash {
		t.Errorf("%+v", h)
	}
	w.host.scan(context.Background(), true)
	w.ask("a", "one0")
	w.host.Hangup(context.Background()) // as after any change of the configuration: nobody asked for this code
	w.log.expect(t, "the file holds a version that the host went back from")
	w.ask("a", "one0")
	if s := w.status("a"); s.Generation != 3 {
		t.Errorf("%+v", s)
	}
	w.stop()
	w.start()
	w.log.expect(t, "the file holds a version that the host went back from")
	waitBound(w)
	w.ask("a", "one0")
}

// Code that one bind went back from does not become good because the others, each for itself, go on with it.
func TestWhatABindWentBackFromIsNotGood(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, strings.NewReplacer("s.lua, reload: each", "s.lua, reload: each, error_intensity: 2", "s.lua", "s.lua, reload: each, error_intensity: 2").Replace(threeBinds))
	bad := strings.Replace(say("two", ""), "state.n = state.n + 1", "assert(esme.name ~= 'a', 'boom')", 1)
	w.save("s.lua", bad)
	w.reload(ReloadRequest{})
	target, _ := w.host.Target("a")
	for range 3 {
		if err := target.Cast(nil); err != nil {
			t.Fatal(err)
		}
	}
	w.log.expect(t, "level=ERROR", "the host went back to the last good one", "binds=1", "boom")
	w.ask("a", "one0")
	w.ask("b", "two0")
	s := w.host.script("s.lua")
	w.host.settle(s, s.current()) // its minute is over
	h, err := w.host.History("s.lua")
	if err != nil {
		t.Fatal(err)
	}
	if v := h.Versions[1]; v.Good || !v.Bad {
		t.Errorf("%+v", v)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(string(s.good.Source("s.lua")), `"one"`) {
		t.Errorf("the last good one is %s", s.good.Source("s.lua"))
	}
}

// A bind that comes up while a reload is under way takes the code too.
func TestABindThatComesWithAReload(t *testing.T) {
	inBubble(t, say("old", ""), "", func(w *bubble) {
		w.save("s.lua", say("new", ""))
		now := newReading(w.dir)
		defer now.end()
		prog, wrong, _ := now.compile("s.lua")
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		h, before := w.host, w.host.users("s.lua")[:9] // b9 comes later
		h.reloading.Lock()
		h.report(w.t.Context(), h.script("s.lua"), prog, ReloadRequest{By: "test"}, before, h.together(w.t.Context(), before, prog, false))
		h.reloading.Unlock()
		w.expect("says", w.says(), every("new0"))
	})
}
