package luabind

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

func (r *rig) reload(script string) {
	r.t.Helper()
	if err := r.bind.Reload(context.Background(), r.compile(script)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) cast(d vm.Data) {
	r.t.Helper()
	if err := r.bind.Target().Cast(d); err != nil {
		r.t.Fatal(err)
	}
}

// What is in flight when the code changes: each kind ends as it would have, in the new code; tasks in the old.
func TestWhatIsInFlightOverAReload(t *testing.T) {
	r := bound(t, setup{options: Options{Name: "test"}, script: `return { version = 1,
		init = function() return {} end,
		handle_pdu = function(p, state) state.inbound = p assert(esme.defer(p, 60)) return state end,
		handle_call = function(request, from, state) state.from = from return "noreply", state end,
		handle_cast = function(what, state)
			assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" }))
			assert(esme.send_after(0.05, "tick"))
			assert(esme.spawn(function()
				local resp = assert(esme.request(pdu.submit_sm { destination_addr = "2" }, 60))
				log.info("task of generation " .. esme.generation .. " got " .. resp.message_id)
			end))
			return state
		end,
		handle_resp = function() log.info("old code") end, handle_info = function(m) if m == "tick" then log.info("old code") end end }`})
	target := r.bind.Target()
	r.peer.send("deliver_sm", 77, 0)
	called := make(chan vm.Data, 1)
	go func() {
		v, err := target.Call(context.Background(), nil)
		if err != nil {
			v = err.Error()
		}
		called <- v
	}()
	for { // both are in the state
		v, err := r.bind.handler().snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if h := v.state.(*vm.Table).Hash; h["inbound"] != nil && h["from"] != nil {
			break
		}
	}
	r.cast("go")
	first, second := r.peer.expect("submit_sm"), r.peer.expect("submit_sm")
	r.reload(`return { version = 2,
		handle_resp = function(resp, original, state) log.info("new code: response to " .. original.destination_addr) end,
		handle_info = function(m, state)
			log.info("new code: " .. m)
			assert(state.from:reply("from the new code"))
			assert(esme.reply(state.inbound, pdu.deliver_sm_resp { command_status = "ESME_RX_P_APPN" }))
		end }`)
	r.expect("reloaded")
	r.expect("new code: tick")
	if got := <-called; got != "from the new code" {
		t.Fatalf("the caller got %v", got)
	}
	if got := r.peer.expect("deliver_sm_resp"); got.SequenceNumber() != 77 || got.CommandStatus() != pdu.ESME_RX_P_APPN {
		t.Fatalf("the deferred reply is %s", got)
	}
	r.peer.answer(first, pdu.ESME_ROK, "message_id", "id1")
	r.expect("new code: response to 1")
	r.peer.answer(second, pdu.ESME_ROK, "message_id", "id2")
	r.expect("task of generation 1 got id2")
}

// Tasks of replaced code have their time, and not more; those of a session that ends, none.
func TestOldTasksEnd(t *testing.T) {
	const forever = `return { handle_cast = function() esme.spawn(function() while true do esme.sleep(0.001) end end) end }`
	r := bound(t, setup{script: forever, options: Options{OldTasks: 5 * time.Millisecond}})
	r.cast(nil)
	if _, err := r.bind.Target().Call(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	old := r.bind.handler().generation()
	r.reload(`return { handle_call = function(_, _, s) return "reply", 1, s end }`)
	for old.vm.Tasks() > 0 { // or the test's own limit ends it
		if _, err := r.bind.Target().Call(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}

	r = bound(t, setup{script: forever, options: Options{OldTasks: time.Hour}})
	r.cast(nil)
	if _, err := r.bind.Target().Call(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	old = r.bind.handler().generation()
	r.reload(`return { handle_info = function() end }`)
	r.peer.conn.Close()
	<-r.exit
	for old.vm.Tasks() > 0 {
		runtime.Gosched()
	}
}

// The state of the code before, when new code did not prove itself.
func TestTheWayBack(t *testing.T) {
	const v1 = `return { version = 1, init = function() return { n = 0 } end,
		handle_cast = function(_, state) state.n = state.n + 1 return state end,
		handle_call = function(_, _, state) return "reply", "v1 " .. state.n, state end }`
	for _, tt := range []struct{ name, next, want string }{
		{"the same version: the state goes on", `return { version = 1, handle_cast = function(_, state) state.n = state.n + 10 end,
			handle_call = function(_, _, state) return "reply", "v2 " .. state.n, state end }`, "v1 11"},
		{"another version: the state from before the change", `return { version = 2, code_change = function(_, state) return { count = state.n } end,
			handle_cast = function(_, state) state.count = state.count + 10 end,
			handle_call = function(_, _, state) return "reply", "v2 " .. state.count, state end }`, "v1 1"},
		{"a state that cannot be copied any more: from before too", `return { version = 2, handle_cast = function(_, state) state.n = print end,
			handle_call = function(_, _, state) return "reply", "v2 11", state end }`, "v1 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := bound(t, setup{script: v1})
			good := r.bind.Program()
			ask := func(want string) {
				t.Helper()
				if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != want {
					t.Fatalf("got %v, %v; want %s", v, err, want)
				}
			}
			r.cast(nil)
			ask("v1 1")
			r.reload(tt.next)
			r.cast(nil)
			ask("v2 11")
			if err := r.bind.Back(context.Background(), good); err != nil {
				t.Fatal(err)
			}
			ask(tt.want)
			if i := r.bind.Info(); i.Generation != 3 || i.Session != 1 {
				t.Fatalf("%+v", i)
			}
		})
	}
}

// New code that reaches the error limit in its first minute does not end the session when the host goes back.
func TestTheErrorLimitOfNewCode(t *testing.T) {
	tripped := make(chan string, 10)
	back := true
	r := bound(t, setup{script: `return { init = function() return {} end }`, options: Options{Errors: 2, Tripped: func(_ *vm.Program, why string) bool {
		tripped <- why
		return back
	}}})
	r.reload(`return { handle_cast = function() error("boom") end }`)
	for range 3 {
		r.cast(nil)
	}
	if got := <-tripped; got != "tripped the error limit: script_error: s.lua:1: boom" {
		t.Fatal(got)
	}
	if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != "ok" {
		t.Fatalf("the session has ended: %v, %v", v, err)
	}
	back = false // there is nothing to go back to: the limit ends the session, as ever
	r.cast(nil)
	if e := <-r.exit; e.Reason.Kind != esme.KindScriptError {
		t.Fatalf("%+v", e)
	}
}

// What has reached the limit in its first minute goes back, also when that takes longer than the minute.
func TestTheWayBackTakesItsTime(t *testing.T) {
	tripped := make(chan string, 10)
	options := Options{Errors: 2, Trial: time.Hour}
	var r *rig
	options.Tripped = func(_ *vm.Program, why string) bool {
		r.bind.opts.Trial = 1 // it is over: on the owner, who alone reads it
		tripped <- why
		return true
	}
	r = bound(t, setup{script: `return { init = function() return {} end }`, options: options})
	good := r.bind.Program()
	r.reload(`return { handle_cast = function() error("boom") end }`)
	for range 5 {
		r.cast(nil)
	}
	for range 3 {
		<-tripped
	}
	if err := r.bind.Back(context.Background(), good); err != nil {
		t.Fatal(err)
	}
	if i := r.bind.Info(); i.Generation != 3 || i.Session != 1 {
		t.Fatalf("%+v", i)
	}
}

// Try says what Reload would, and leaves everything as it was.
func TestTry(t *testing.T) {
	r := bound(t, setup{script: `return { version = 1, init = function() return { n = 1, list = { 1 } } end,
		handle_call = function(_, _, state) return "reply", state.n + #state.list, state end }`})
	for script, want := range map[string]string{
		`return { code_change = function(_, s) s.n = 100 s.list[2] = 2 return s end }`: "",
		`return { code_change = function(_, s) s.n = 100 error("no") end }`:            "code_change refused: s.lua:1: no",
		`return { code_change = function() esme.send_pdu(pdu.submit_sm{}) end }`:       "code_change refused: s.lua:1: esme.send_pdu: cannot be used in code_change: nothing may happen before the new code is accepted",
		`return { code_change = function() return print end }`:                         "code_change refused: s.lua:1: code_change returned as the state, which must be a table or another plain value: a function",
		`error("at load")`: "s.lua:1: at load",
		`return { code_change = function(old, s) assert(old == 1 and s.n == 1) return s end }`: "",
	} {
		err := r.bind.Try(context.Background(), r.compile(script))
		if got := ""; err != nil {
			got = err.Error()
			if got != want {
				t.Errorf("%s: %s", script, got)
			}
		} else if want != "" {
			t.Errorf("%s: no error, want %s", script, want)
		}
	}
	if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != 2.0 {
		t.Fatalf("the state is another: %v, %v", v, err)
	}
	if i := r.bind.Info(); i.Generation != 1 || i.Errors != 0 {
		t.Fatalf("%+v", i)
	}
}

// A bind that is busy is not waited for beyond the limit, and then nothing happens later either.
func TestABusyBindIsLeftAlone(t *testing.T) {
	r := bound(t, setup{script: `return { handle_call = function(_, _, s) return "reply", esme.generation, s end }`})
	hold, held := make(chan struct{}), make(chan struct{})
	r.bind.handler().do(func() { close(held); <-hold })
	<-held
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	next := r.compile(`return { handle_call = function(_, _, s) return "reply", "new", s end }`)
	var e *esme.Error
	if err := r.bind.Reload(ctx, next); !errors.As(err, &e) || e.Code != CodeBusy {
		t.Fatalf("%v", err)
	}
	if err := r.bind.Try(ctx, next); !errors.As(err, &e) || e.Code != CodeBusy {
		t.Fatalf("%v", err)
	}
	close(hold)
	if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != 1.0 {
		t.Fatalf("%v, %v", v, err)
	}
}

// A bind that is configured anew has the maps of the one before it.
func TestInheritKeepsMaps(t *testing.T) {
	r := bound(t, setup{script: `return { handle_cast = function(v) assert(map.open("m", { max = 10 })):set("k", v) end,
		handle_call = function(_, _, s) return "reply", map.open("m", { max = 10 }):get("k"), s end }`})
	r.cast("kept")
	if v, err := r.bind.Target().Call(context.Background(), nil); err != nil || v != "kept" {
		t.Fatalf("%v, %v", v, err)
	}
	next := NewBind(Options{Name: "test"}, r.bind.Program())
	next.Inherit(r.bind)
	if i := next.Info(); i.Session != 1 || i.Generation != 1 || next.maps != r.bind.maps || next.segments != r.bind.segments {
		t.Fatalf("%+v", i)
	}
}

// What a bind has tried it takes without loading it again, where trying it left no mark, with the state of the moment, in the
// session of the moment, and not when other code came in between.
func TestWhatIsPreparedIsLoadedOnce(t *testing.T) {
	r := bound(t, setup{script: `return { init = function() return { n = 0 } end, handle_cast = function(_, state) state.n = state.n + 1 return state end }`})
	next := func(n, more string) *Prepared {
		t.Helper()
		p, err := r.bind.Prepare(context.Background(), r.compile(`log.info("loads `+n+`") return { init = function() return { n = 0 } end, handle_call = function(_, _, state) return "reply", `+n+` + state.n, state end,
			handle_cast = function(_, state) state.n = state.n + 1 return state end, `+more+` }`))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	take := func(p *Prepared) {
		t.Helper()
		s, err := p.Swap(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		s.Commit()
	}
	then := func(want ...string) { // the next lines begin so
		t.Helper()
		for _, w := range want {
			if l := r.line(); !strings.HasPrefix(l, w) {
				t.Fatalf("got %q, want %q", l, w)
			}
		}
	}
	r.expect("bound")

	p := next("10", "")
	r.cast(nil)
	take(p)
	then("loads 10", "reloaded")
	r.ask(11.0)

	p = next("20", "code_change = function(_, state) return state end")
	take(p)
	then("loads 20", "loads 20", "reloaded") // what code_change left in the first was for the copy

	p = next("30", "")
	take(next("40", ""))
	take(p)
	then("loads 30", "loads 40", "reloaded", "loads 30", "reloaded")
	r.ask(31.0)

	p = next("50", "")
	then("loads 50")
	r.peer.conn.Close()
	<-r.exit
	r.connect(esme.Config{})
	r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
	r.cast(nil) // it runs the code before, in a state of its own
	take(p)
	r.ask(51.0)
}
