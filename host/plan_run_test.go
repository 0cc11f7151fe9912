package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/smsc"
)

// probe is a script that tells what its bind gave it: its name, args, how many timers it may have, and whom it may reach.
const probe = `-- %s
return {
	init = function() return { timers = {} } end,
	code_change = function(_, state) return state end,
	handle_call = function(_, _, state)
		local n = 0
		for i = 1, 8 do
			local t = timer.every("1h", "x")
			if not t then break end
			state.timers[i], n = t, i
		end
		for _, t in pairs(state.timers) do t:cancel() end
		state.timers = {}
		local _, err = esme.cast("x", 1)
		return "reply", { name = esme.name, args = esme.args, timers = n, x = err and err.code or "reached" }, state
	end }`

// fact is what can be seen of a bind, but for what only counts how it came to this.
type fact struct {
	Status Status
	Said   vm.Data
	Window int
}

// facts are what can be seen of a host whose binds are all bound.
func (w *world) facts() (binds map[string]fact, scripts map[string]string) {
	w.t.Helper()
	waitBound(w)
	binds, scripts = map[string]fact{}, map[string]string{}
	for _, b := range w.host.all() {
		st := b.Status()
		st.Generation, st.Session, st.Peer, st.InFlight, st.Queued, st.Mailbox, st.Counters = 0, 0, "", 0, 0, 0, esme.Counters{}
		said, err := b.lua.Target().Call(context.Background(), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		binds[b.cfg.Name] = fact{st, said, b.client.Session().Status().Window}
	}
	for _, name := range w.host.usedScripts() {
		h, err := w.host.History(name)
		if err != nil {
			w.t.Fatal(err)
		}
		i := slices.IndexFunc(h.Versions, func(v VersionDiff) bool { return v.Running })
		if i != len(h.Versions)-1 {
			w.t.Fatalf("the last version of %s does not run: %+v", name, h)
		}
		scripts[name] = fmt.Sprintf("%s, passed %q, canary %v", h.Versions[i].Hash, h.Passed, w.host.script(name).watched() != nil)
	}
	return binds, scripts
}

// A host that runs and goes from one configuration and its scripts to others, by a save, a command or SIGHUP, is then like one
// that started with them: its binds, what these run, may and tell, and what is written down of the scripts.
func TestARunningHostThatChangesIsLikeOneThatStarts(t *testing.T) {
	some := rapid.Custom(func(t *rapid.T) string {
		return strings.ReplaceAll(someConfig(t, "c"), `"127.0.0.1:1"`, "SMSC")
	})
	for seed := range 9 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			a, b := some.Example(2*seed), some.Example(2*seed+1)
			files := func(version int) map[string]string {
				return map[string]string{"a.lua": fmt.Sprintf(probe, fmt.Sprint("a", version)), "b.lua": fmt.Sprintf(probe, fmt.Sprint("b", version*(seed%2)))}
			}
			w := newWorldOf(t, files(1), a)
			for file, src := range files(2) {
				w.save(file, src)
			}
			w.save("esmehost.yaml", strings.ReplaceAll(b, "SMSC", w.addr))
			switch seed % 3 {
			case 0:
				if _, wrong := w.host.Apply(context.Background(), "test", true); len(wrong) > 0 {
					t.Fatal(wrong.Error())
				}
				w.reload(ReloadRequest{})
			case 1:
				w.host.Hangup(context.Background())
			case 2:
				w.host.scan(context.Background(), false)
			}
			gotBinds, gotScripts := w.facts()
			wantBinds, wantScripts := newWorldOf(t, files(2), b).facts()
			if diff := cmp.Diff(wantBinds, gotBinds); diff != "" {
				t.Errorf("from\n%s\nto\n%s\nwanted -, got +\n%s", a, b, diff)
			}
			if !maps.Equal(gotScripts, wantScripts) {
				t.Errorf("from\n%s\nto\n%s\ngot  %v\nwant %v", a, b, gotScripts, wantScripts)
			}
		})
	}
}

// What another configuration restarts goes on: sessions and generations are counted on, its maps are as they were, it binds when
// what was before has ended, and one that was stopped stays so.
func TestARestartByTheConfigurationGoesOn(t *testing.T) {
	script := `local seen = map.open("seen", { max = 10 })
return { handle_cast = function() assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) seen:set("n", (seen:get("n") or 0) + 1) end,
	handle_call = function(_, _, state) return "reply", seen:get("n") or 0, state end }`
	inBubbleWith(t, smsc.Config{DropRate: 1}, script, "response_limit: infinity, unbind_limit: 2s", func(w *bubble) {
		w.save("s.lua", script+" -- other")
		w.reload(ReloadRequest{})
		w.host.Stop(w.t.Context(), w.host.all()[5:6], true)
		w.traffic(1)
		yaml := w.yaml("response_limit: infinity, unbind_limit: 2s")
		yaml = strings.NewReplacer("system_id: b0", "system_id: x0", "system_id: b5", "system_id: x5", // other accounts
			"b9: {", "n9: {").Replace(yaml) // the account by another name
		w.save("esmehost.yaml", yaml)
		if _, wrong := w.host.Apply(w.t.Context(), "test", false); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b, n := w.status("b0"), w.status("n9"); b.State != "stopping" || b.Session != 1 || n.Session != 0 {
			t.Errorf("the one before drains still: %+v %+v", b, n)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if b, n := w.status("b0"), w.status("n9"); b.State != "bound" || b.Session != 2 || b.Generation != 2 || n.State != "bound" || n.Session != 1 {
			t.Errorf("%+v %+v", b, n)
		}
		if s := w.status("b5"); s.State != "stopped" {
			t.Errorf("%+v", s)
		}
		w.expect("the map", strings.Fields(w.says())[0], "1")
	})
}
