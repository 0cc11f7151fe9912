package luabind

import (
	"context"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

func (r *rig) ask(want vm.Data) {
	r.t.Helper()
	if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != want {
		r.t.Fatalf("got %v, %v; want %v", v, err, want)
	}
}

// What is in a map outlives a reload, a refused one with other bounds, the way back, and the session.
func TestMapsOutliveCodeAndSessions(t *testing.T) {
	script := func(version, most, more string) string {
		return `local m = map.open("ids", { max = ` + most + `, ttl = "1h" })
			return { version = ` + version + `,
				handle_cast = function(id) assert(m:set(id, { to = "49170" .. id })) end,
				handle_call = function(_, _, state)
					local ids = {}
					for id, v in m:pairs() do ids[#ids + 1] = id .. "=" .. v.to end
					return "reply", table.concat(ids, " "), state
				end, ` + more + ` }`
	}
	r := bound(t, setup{script: script("1", "10", "")})
	good := r.bind.Program()
	for _, id := range []string{"1", "2", "3"} {
		r.cast(id)
	}
	const all = "1=491701 2=491702 3=491703"
	r.ask(all)
	for _, wrong := range []string{
		script("2", "1", `code_change = function() error("no") end`),
		script("2", "1", `code_change = function() m:len() end`), // what a refused one does to it would stay
		`map.open("ids", { max = 1 }):len() return { init = function() end }`,
	} {
		prog := r.compile(wrong)
		if r.bind.Try(context.Background(), prog) == nil || r.bind.Reload(context.Background(), prog) == nil {
			t.Fatalf("not refused: %s", wrong)
		}
		r.ask(all)
	}
	r.reload(script("2", "2", ""))
	r.ask(all)
	if err := r.bind.Back(context.Background(), good); err != nil {
		t.Fatal(err)
	}
	r.ask(all)
	r.cast("4")
	r.ask(all + " 4=491704")

	r.peer.conn.Close()
	<-r.exit
	r.connect(esme.Config{})
	r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
	r.ask(all + " 4=491704")
}

// A timer goes on in the new code, until that cancels it; code_change starts those that are new.
func TestTimersOverAReload(t *testing.T) {
	r := bound(t, setup{script: `return { version = 1,
		init = function() return {} end,
		handle_cast = function(_, state) state.t = assert(timer.every("10ms", "first")) return state end,
		handle_info = function(m, state) if m == "first" then log.info("old code: first") end end }`})
	r.cast(nil)
	r.expect("old code: first")
	r.reload(`return { version = 2, handle_info = function(m) log.info("second code: " .. m) end }`)
	r.expect("reloaded")
	r.expect("second code: first")
	r.expect("second code: first")
	r.reload(`return { version = 3,
		code_change = function(_, state)
			assert(state.t:cancel() and not timer.cancel(state.t))
			state.new = assert(timer.every("10ms", "second"))
			state.never = assert(timer.cron("@hourly", "never"))
			assert(timer.cancel(state.never) and not state.never:cancel())
			assert(esme.send_after("20ms", "once"))
			return state
		end,
		handle_info = function(m, state) log.info("third code: " .. m) if m == "once" then assert(state.new:cancel()) log.info("over") end end }`)
	r.expect("reloaded")
	for line := r.line(); !strings.HasPrefix(line, "over"); line = r.line() {
		if line != "third code: second" && line != "third code: once" {
			t.Fatalf("%q after the first timer was cancelled", line)
		}
	}
	h := r.bind.handler()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.repeating)+h.later.messages != 0 {
		t.Errorf("%d timers and %d messages are left", len(h.repeating), h.later.messages)
	}
}

// Code that is refused has started no timer and ended none, and the limit is one for both.
func TestRefusedCodeLeavesTimersAlone(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{Timers: 3}}, script: `return { init = function() return {} end,
		handle_cast = function(_, state) state.t = assert(timer.every("1h", "first")) return state end,
		handle_call = function(_, _, state) return "reply", state.t:cancel(), state end }`})
	r.cast(nil)
	for script, want := range map[string]string{
		`return { code_change = function(_, state) state.t:cancel() timer.every("10ms", "x") error("no") end }`: "s.lua:1: no",
		`return { code_change = function(_, state) for i = 1, 3 do assert(timer.every("10ms", "x")) end end }`:  "3 timers and messages",
		`return { code_change = function(_, state) for i = 1, 3 do assert(esme.send_after(0, "x")) end end }`:   "3 timers and messages",
		`return { code_change = function(_, state) assert(esme.send(esme.name, "x")) end }`:                     "esme.send: cannot be used in code_change",
	} {
		prog := r.compile(script)
		for _, err := range []error{r.bind.Try(context.Background(), prog), r.bind.Reload(context.Background(), prog)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", script, err)
			}
		}
	}
	h := r.bind.handler()
	h.mu.Lock()
	n := len(h.repeating) + h.later.messages
	h.mu.Unlock()
	if n != 1 {
		t.Errorf("%d timers run", n)
	}
	r.ask(true)
}
