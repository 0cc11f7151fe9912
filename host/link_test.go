package host

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// A bind that a script started and that has ended is seen with its reason, makes room for another of its name, and
// the oldest of too many are forgotten.
func TestLinkedBindsThatEnded(t *testing.T) {
	parent := `return { handle_call = function(name, _, state)
		local bind, err = esme.start_link("smsc", 1, "child.lua", {}, { name = name, system_id = "c", restart = "temporary" })
		return "reply", bind and bind.name or err.code, state
	end }`
	child := `return { handle_call = function() return "reply", "here" end,
		handle_info = function(m) if m.event == "bound" and esme.name ~= "stays" then esme.stop("done with it") end end }`
	inBubble(t, parent, "allow: { start_binds: true }", func(w *bubble) {
		w.save("child.lua", child)
		start := func(name string) string {
			target, _ := w.host.Target("b0")
			v, err := target.Call(w.t.Context(), name)
			if err != nil {
				w.t.Fatal(err)
			}
			time.Sleep(10 * time.Second) // it binds, and ends
			synctest.Wait()
			return fmt.Sprint(v)
		}
		w.expect("one that stays", start("stays"), "stays")
		w.expect("and its name", start("stays"), "exists")
		w.expect("a configured one", start("b1"), "exists")
		w.expect("one that ends", start("c"), "c")
		if s := w.status("c"); s.State != "failed" && s.State != "stopped" || !strings.Contains(s.LastError, "done with it") || s.Parent != "b0" {
			w.t.Errorf("%+v", s)
		}
		for range 3 {
			w.expect("again", start("c"), "c")
		}
		for i := range endedLinks + 5 {
			start(fmt.Sprintf("c%d", i))
		}
		var ended []string
		for _, s := range w.host.Status() {
			if s.Parent != "" && s.State != "bound" {
				ended = append(ended, s.Name)
			}
		}
		if _, ok := w.host.bind("c"); ok || len(ended) != endedLinks {
			w.t.Errorf("%d are kept: %q", len(ended), ended)
		}
		if s := w.status("stays"); s.State != "bound" {
			w.t.Errorf("%+v", s)
		}
		c, _ := w.host.bind(fmt.Sprintf("c%d", endedLinks+4))
		if _, err := w.host.Start([]*Bind{c}); err != nil || c.endedAt() != (time.Time{}) {
			w.t.Errorf("started again: %v", err)
		}
	})
}

// What a script has started has its rights from its parent: who takes them from that one in the configuration ends it too, and
// the plan says so. Nothing else of the parent ends it.
func TestLinkedBindsLoseWhatTheirParentLoses(t *testing.T) {
	parent := `return { handle_call = function(request, _, state)
		local bind, err = esme.start_link("smsc", 1, request.script, {}, request.options)
		return "reply", bind and bind.name or err.code, state
	end }`
	config := func(allow string) string {
		return "watch: off\nbinds:\n  p: { smsc: 'smsc:1', system_id: p, script: s.lua, allow: { " + allow + " } }\n  q: { smsc: 'smsc:1', system_id: q, script: s.lua }\n"
	}
	const all = "start_binds: true, http: [a.example, b.example], binds: [q]"
	inBubble(t, parent, "", func(w *bubble) {
		configure := func(yaml, want string) {
			t.Helper()
			w.save("esmehost.yaml", yaml)
			before, wrong := w.host.Plan()
			done, _ := w.host.Apply(w.t.Context(), "test", true)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if before.String() != want || done.String() != want {
				t.Errorf("planned\n%s\n%v\ndone\n%s\nwant\n%s", before, wrong, done, want)
			}
			var running []string
			for _, b := range w.host.all() {
				running = append(running, b.cfg.Name)
			}
			for line := range strings.SplitSeq(want, "\n") {
				if name := strings.Fields(line)[1]; slices.Contains(running, name) != (line[0] != '-') {
					t.Errorf("%s, and there are %q", line, running)
				}
			}
		}
		start := func(by, name, allow string) {
			t.Helper()
			target, err := w.host.Target(by)
			if err != nil {
				t.Fatal(err)
			}
			request, err := vm.ParseJSON([]byte(fmt.Sprintf(`{ "script": "s.lua", "options": { "name": %q, "system_id": "c", "allow": { %s } } }`, name, allow)))
			if err != nil {
				t.Fatal(err)
			}
			if v, err := target.Call(w.t.Context(), request); err != nil || v != name {
				t.Fatal(v, err)
			}
			time.Sleep(2 * time.Second)
			synctest.Wait()
		}
		w.save("esmehost.yaml", config(all))
		w.host.Apply(w.t.Context(), "test", true)
		time.Sleep(2 * time.Second)
		start("p", "plain", "")
		start("p", "wide", `"http": ["b.example"], "start_binds": true`)
		start("wide", "grandchild", "")
		w.host.Restart(w.t.Context(), w.host.all()[2:3])
		configure(strings.Replace(config(all), "system_id: p", "system_id: p, password: x", 1), "~ p restarted because of password\n= q kept")
		if s := w.status("grandchild"); s.State != "bound" || w.status("wide").Session != 1 {
			t.Errorf("%+v", s)
		}
		configure(config("start_binds: true, http: [a.example], binds: [q]"),
			"- grandchild drained, since it was started by the script of wide, which drains\n~ p restarted because of allow, password\n= q kept\n"+
				"- wide drained, since it was started by the script of p, which no longer has its allow.http")
		start("p", "more", "")
		configure(config("start_binds: false"),
			"- more drained, since it was started by the script of p, which no longer has its allow.start_binds\n~ p restarted because of allow\n"+
				"- plain drained, since it was started by the script of p, which no longer has its allow.start_binds\n= q kept")
		configure(config(all), "~ p restarted because of allow\n= q kept")
		start("p", "last", "")
		configure("watch: off\nbinds:\n  q: { smsc: 'smsc:1', system_id: q, script: s.lua }\n",
			"- last drained, since it was started by the script of p, which is no longer configured\n- p drained\n= q kept")
	})
}

// A bind whose parent loses its rights while a script starts it does not come.
func TestALinkThatComesTooLate(t *testing.T) {
	inBubble(t, say("s", ""), "allow: { start_binds: true }", func(w *bubble) {
		parent, _ := w.host.bind("b0")
		c, err := linkConfig(w.host.config(), parent.cfg, luabind.Link{Parent: "b0", Host: "smsc", Port: 1, Script: "s.lua",
			Options: &vm.Table{Hash: map[vm.Data]vm.Data{"name": "late", "system_id": "late"}}})
		if err != nil {
			t.Fatal(err)
		}
		linked := func(name string) *Bind {
			c.Name = name
			b := newBind(c, w.host.script("s.lua").current(), w.host)
			b.parent = "b0"
			return b
		}
		w.configure("")
		w.host.reloading.Lock()
		n, wrong := w.host.read()
		if err := w.host.enter(linked("between")); err != nil || len(wrong) > 0 {
			t.Fatal(err, wrong) // the plan does not know it
		}
		w.host.adopt(n)
		w.host.reloading.Unlock()
		if _, ok := w.host.bind("between"); ok {
			t.Error("one that came after the plan goes on")
		}
		late := linked("late")
		if err := w.host.enter(late); err == nil || !strings.Contains(err.Error(), "no longer has its allow.start_binds") {
			t.Error(err)
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
	})
}

// A loop that starts binds ends at a limit.
func TestTooManyLinks(t *testing.T) {
	inBubble(t, say("s", ""), "allow: { start_binds: true }", func(w *bubble) {
		h := w.host
		h.mu.Lock()
		for i := range maxLinks {
			name := fmt.Sprint("l", i)
			h.binds[name] = &Bind{cfg: BindConfig{Name: name}, parent: "b0"} // they run
		}
		h.mu.Unlock()
		enter := func(parent string) error {
			b := newBind(BindConfig{Name: "one more " + parent, Script: "s.lua", SMSC: []string{"smsc:1"}}, h.script("s.lua").current(), h)
			b.parent = parent
			return h.enter(b)
		}
		if err := enter("b0"); err == nil || !strings.Contains(err.Error(), "scripts of b0 have started 1000 binds already") {
			t.Error(err)
		}
		if err := enter("b1"); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		for i := range maxLinks {
			delete(h.binds, fmt.Sprint("l", i))
		}
		h.mu.Unlock()
	})
}
