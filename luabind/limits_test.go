package luabind

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

func (r *rig) call(request vm.Data) vm.Data {
	r.t.Helper()
	v, err := r.bind.Target().Call(context.Background(), request)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// A script that holds too much goes on in a fresh state: with its data, the same code, in the same session, and
// without code_change. What it held beside its data is gone, and so are its tasks.
func TestAStateThatHoldsTooMuchIsRebuilt(t *testing.T) {
	const script = `
local hoard = {}
return { version = 7,
  init = function() return { n = 1 } end,
  code_change = function() error("code_change must not be called") end,
  handle_cast = function(what, state)
    if what == "task" then assert(esme.spawn(function() while true do esme.sleep(0.001) end end)) return state end
    state.n = state.n + 1
    if what == "large" then for i = 1, 5 do state["large" .. i] = i .. ("x"):rep(2^20) end end
    for i = 1, 14 do
      if what == "data" then state[i] = ("x"):rep(2^20) else hoard[i] = ("x"):rep(2^20) end
    end
    return state
  end,
  handle_call = function(_, _, state) return "reply", { n = state.n, held = #hoard, data = #state, large = state.large5 ~= nil, generation = esme.generation }, state end,
}`
	for _, tt := range []struct {
		what string
		n    float64
		says string
	}{
		{"variables", 2, "with its last good data"}, // the change that the callback made to its data counts, as after any error
		{"large", 2, "with its last good data"},     // which has more than half of the memory
		{"data", 1, "with its data as it was"},      // it is the data that is too large: the last copy takes its place
	} {
		t.Run(tt.what, func(t *testing.T) {
			r := bound(t, setup{script: script, options: Options{Limits: vm.Limits{Memory: 8 << 20}}})
			r.cast("task")
			r.call(nil)
			old := r.bind.handler().generation()
			r.cast(tt.what)
			line := r.expect("script error")
			if !strings.Contains(line, "s.lua:") || !strings.Contains(line, "the script holds more than 8 MiB (limits.memory)") {
				t.Error(line)
			}
			r.expect("the script runs in a fresh state, " + tt.says)
			got := r.call(nil).(*vm.Table).Hash
			if got["n"] != tt.n || got["held"] != 0.0 || got["data"] != 0.0 || got["large"] != (tt.what == "large") || got["generation"] != 1.0 {
				t.Errorf("%v", got)
			}
			r.peer.send("deliver_sm", 5, 0) // no handle_pdu: the default answer
			if resp := r.peer.expect("deliver_sm_resp"); resp.SequenceNumber() != 5 {
				t.Error(resp)
			}
			if i := r.bind.Info(); i.Session != 1 || i.Generation != 1 || i.Errors != 1 {
				t.Errorf("%+v", i)
			}
			for old.vm.Tasks() > 0 {
				r.call(nil)
			}
		})
	}
}

// The same when the machine itself broke, in a callback or in a task.
func TestABrokenStateIsRebuilt(t *testing.T) {
	r := bound(t, setup{script: `local calls = 0
return { init = function() return { n = 1 } end, handle_call = function(_, _, state)
  calls, state.n = calls + 1, state.n + 1
  return "reply", calls * 100 + state.n, state
end }`})
	if got := r.call(nil); got != 102.0 {
		t.Fatal(got)
	}
	h := r.bind.handler()
	done := make(chan error, 1)
	if err := h.do(func() { done <- h.replace(h.generation(), &vm.Error{Kind: vm.Panic, Message: "broken by the test"}) }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := r.call(nil); got != 103.0 {
		t.Fatal(got)
	}
}

// Where the script's end is the bind's, what was in flight goes to handle_lost_pdus, in a state that has seen nothing.
func TestLostPDUsOfAScriptThatHeldTooMuch(t *testing.T) {
	r := bound(t, setup{options: Options{Crash: true, Limits: vm.Limits{Memory: 8 << 20}}, script: `
local hoard = {}
return {
  handle_cast = function() assert(esme.send_pdu(pdu.submit_sm { destination_addr = "200" })) end,
  handle_info = function(m) if m == "grow" then for i = 1, 14 do hoard[i] = ("x"):rep(2^20) end end end,
  handle_stop = function() log.info("handle_stop must not be called") end,
  handle_lost_pdus = function(name, reason, pdus) log.info(("lost %d of %s, %s, %d held"):format(#pdus, name, reason.kind, #hoard)) end,
}`})
	r.cast(nil)
	r.peer.expect("submit_sm")
	if err := r.bind.Target().Info("grow"); err != nil {
		t.Fatal(err)
	}
	r.expect("script error")
	r.peer.conn.Close()
	for {
		line := r.expect("")
		if strings.HasPrefix(line, "handle_stop") {
			t.Fatal(line)
		}
		if strings.HasPrefix(line, "lost ") {
			if line != "lost 1 of test, script_budget, 0 held" {
				t.Fatal(line)
			}
			break
		}
	}
	if e := <-r.exit; e.Reason.Kind != esme.KindScriptBudget {
		t.Fatalf("%+v", e)
	}
}

// The same error a thousand times a second is one line at once, and one with the count.
func TestTheSameErrorIsOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := make(chan string, 10_000)
		l := slog.New(repeatHandler{lines: lines})
		r := repeats{flood: newFlood(1 << 20)}
		for range 3 {
			for range 1000 {
				r.log(l, "handle_pdu", "s.lua:1: boom", "error", "s.lua:1: boom")
				time.Sleep(time.Millisecond)
			}
		}
		r.log(l, "handle_resp", "s.lua:1: boom", "error", "elsewhere")
		time.Sleep(10 * time.Second)
		r.end()
		close(lines)
		var got []string
		for line := range lines {
			got = append(got, line)
			if strings.Count(line, "repeated") > 1 {
				t.Errorf("%q has more than its own count", line)
			}
		}
		want := []string{"s.lua:1: boom", "s.lua:1: boom repeated", "s.lua:1: boom repeated", "elsewhere", "s.lua:1: boom repeated"}
		if len(got) < 4 || len(got) > 5 || got[0] != want[0] || got[1] != want[1] {
			t.Fatalf("%q", got)
		}
		if len(r.lines) != 0 {
			t.Fatal(r.lines)
		}
	})
}

// repeatHandler gives the error, and whether it has a count.
type repeatHandler struct {
	slog.Handler
	lines chan string
}

func (h repeatHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h repeatHandler) Handle(_ context.Context, r slog.Record) error {
	line := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "repeated" {
			line += " repeated"
		} else {
			line += a.Value.String()
		}
		return true
	})
	h.lines <- line
	return nil
}

// Errors that differ are not kept for ever: of a thousand different ones, few are counted at once.
func TestErrorsThatDifferAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := repeats{flood: newFlood(1 << 20)}
		for i := range 1000 {
			r.log(slog.New(slog.DiscardHandler), "handle_pdu", strings.Repeat("x", i))
		}
		kept := func() int {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.lines)
		}
		if n := kept(); n != maxRepeats {
			t.Fatal(n)
		}
		time.Sleep(3 * repeatEvery)
		if n := kept(); n != 0 {
			t.Fatal(n)
		}
	})
}

// A flood of lines is cut, and the next line says how much.
func TestTheLogRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlood(100)
		count := func(n int) (written, dropped int) {
			for range n {
				if ok, d := f.allow(1); ok {
					written++
					dropped += d
				}
			}
			return written, dropped
		}
		if w, d := count(1000); w != 200 || d != 0 {
			t.Fatal(w, d)
		}
		time.Sleep(time.Second)
		if w, d := count(1000); w != 100 || d != 800 {
			t.Fatal(w, d)
		}
		time.Sleep(time.Minute)
		if w, d := count(1); w != 1 || d != 900 {
			t.Fatal(w, d)
		}
	})
}

// What differs passes the flood too, and each of the errors is told once: by a line, in the count of one, or among the suppressed.
func TestAFloodOfErrorsIsCutAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := tally{}
		l := slog.New(&told)
		r := repeats{flood: newFlood(5)}
		const errors = 3000
		for i := range errors {
			message := fmt.Sprint("no route for message ", i%1000)
			r.log(l, "handle_pdu", message, "error", message)
		}
		r.mu.Lock()
		atOnce := told.lines
		r.mu.Unlock()
		if atOnce != 10 {
			t.Fatalf("%d lines at once", atOnce)
		}
		for range 10 {
			time.Sleep(repeatEvery)
			r.log(l, "handle_resp", "one more", "error", "one more")
		}
		r.end()
		rest := r.flood.rest()
		all := told.lines - told.counts + told.repeated + told.suppressed + rest
		if all != errors+10 {
			t.Fatalf("%+v and %d not told of yet make %d of %d", told, rest, all, errors+10)
		}
		if told.lines > 10+5*10 || told.suppressed == 0 {
			t.Fatalf("%+v", told)
		}
	})
}

// tally counts lines, and what stands in them.
type tally struct {
	slog.Handler
	lines, counts        int // all, and those that have a count
	repeated, suppressed int
}

func (h *tally) Enabled(context.Context, slog.Level) bool { return true }
func (h *tally) Handle(_ context.Context, r slog.Record) error {
	h.lines++
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "repeated":
			h.counts++
			h.repeated += int(a.Value.Int64())
		case "suppressed":
			h.suppressed += int(a.Value.Int64())
		}
		return true
	})
	return nil
}

// What a script makes the host log is cut like its own lines, and all that was cut is told at the end of the session at the
// latest. Its own lines leave the host's their room.
func TestTheHostsLinesAboutAScriptAreCut(t *testing.T) {
	const each = 300
	for _, tt := range []struct {
		name, line, does string
		times            int
	}{
		{"not sent", "PDU not sent", `esme.send_pdu(pdu.submit_sm { short_message = ("x"):rep(255) })`, each},
		{"given up", "a message is given up", `sms.reassemble(pdu.deliver_sm { short_message = "x",
			sar_msg_ref_num = i, sar_total_segments = 2, sar_segment_seqnum = 1 })`, 1000 + each},
		{"errors", "script error", `error("no route for message " .. i)`, each},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := bound(t, setup{options: Options{Errors: 1 << 30, Limits: vm.Limits{LogRate: 1}}, script: `
return {
  handle_cast = function(i) ` + tt.does + ` end,
  handle_call = function(n) for i = 1, n do log.info("mine") end return "reply", n end,
}`})
			r.call(float64(each))
			for i := range tt.times {
				r.cast(float64(i))
			}
			r.call(0.0)
			r.peer.conn.Close()
			<-r.exit
			lines, suppressed := 0, 0
			for len(r.lines) > 0 {
				line := <-r.lines
				if strings.HasPrefix(line, tt.line) {
					lines++
				}
				if _, n, ok := strings.Cut(line, "suppressed="); ok && !strings.HasPrefix(line, "mine") {
					n, err := strconv.Atoi(n)
					if err != nil {
						t.Fatal(err)
					}
					suppressed += n
				}
			}
			if lines == 0 || lines > each/3 || lines+suppressed < each {
				t.Fatalf("%d lines, %d suppressed, of %d", lines, suppressed, each)
			}
		})
	}
}

// The lines about what was not sent leave an error its own.
func TestOtherLinesDoNotHideAnError(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{LogRate: 1}}, script: `
return {
  handle_cast = function(i) esme.send_pdu(pdu.submit_sm { short_message = ("x"):rep(255) }) end,
  handle_call = function(n) if n == 1 then error("hear me") end return "reply", n end,
}`})
	for range 300 {
		r.cast(0.0)
	}
	r.call(0.0)
	r.bind.Target().Call(t.Context(), 1.0)
	r.expect("script error error=s.lua:4: hear me")
}

// limits.metrics bounds the series of a bind, whatever they are called.
func TestTheNumberOfSeries(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{Metrics: 10}}, script: `
local c, g = metrics.counter("c", { labels = { "id" } }), metrics.gauge("g", { labels = { "id" } })
return { handle_call = function(_, _, state)
  local taken, code = 0, ""
  for i = 1, 50 do
    local ok, err = c:add(1, { id = tostring(i) })
    if ok then taken = taken + 1 else code = err.code end
    ok, err = g:set(1, { id = tostring(i) })
    if ok then taken = taken + 1 end
  end
  return "reply", taken .. " " .. code, state
end }`})
	if got := r.call(nil); got != "10 limit" {
		t.Fatal(got)
	}
	if n := len(r.bind.opts.Metrics.Samples()); n != 10 {
		t.Fatal(n)
	}
}

// Large messages that wait count by themselves, up to limits.memory, and make room when they have been handled.
func TestLargeMessagesThatWait(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{Memory: 8 << 20}}, script: `
local big = ("x"):rep(2^20 - 100)
return {
  init = function() return { got = 0 } end,
  handle_call = function(_, _, state)
    local sent, code = 0
    for i = 1, 100 do
      local ok, err = esme.send_after("1ms", big)
      if not ok then code = err.code break end
      sent = sent + 1
    end
    return "reply", sent .. " " .. code, state
  end,
  handle_info = function(m, state)
    if m == big then state.got = state.got + 1 end
    if state.got == 8 then state.got = 0 log.info("all there") end
    return state
  end,
}`})
	for range 3 {
		if got := r.call(nil); got != "8 queue_full" {
			t.Fatal(got)
		}
		r.expect("all there")
	}

	h := &Handler{bind: NewBind(Options{Limits: vm.Limits{Memory: 1 << 20}}, nil)}
	refused := errors.New("refused")
	for range 100 {
		if err := h.posted(strings.Repeat("x", 1<<19), func(any) error { return refused }); err != refused {
			t.Fatal(err)
		}
	}
	var kept []any
	for range 100 {
		h.posted(strings.Repeat("x", 1<<18), func(m any) error { kept = append(kept, m); return nil })
	}
	if len(kept) != 3 {
		t.Fatal(len(kept))
	}
	for _, m := range kept {
		h.unwrap(m)
	}
	if n := h.waiting.Load(); n != 0 {
		t.Fatal(n)
	}
}

// limits.timers bounds what is on its way, and what has come due and was not handled is still on its way.
func TestTheNumberOfTimers(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{Timers: 5}}, script: `
return { handle_call = function(delay, _, state)
  local sent, code = 0
  for i = 1, 20 do
    local ok, err = esme.send_after(delay, "x")
    if not ok then code = err.code else sent = sent + 1 end
  end
  local timer, err = timer.every("1h", "x")
  return "reply", sent .. " " .. code .. " " .. tostring(timer) .. " " .. err.code, state
end }`})
	if got := r.call("1h"); got != "5 queue_full nil limit" {
		t.Fatal(got)
	}
}

// limits.mailbox bounds the messages that wait, and whoever sends one more is told; those that were taken all come, in order.
func TestAFullMailbox(t *testing.T) {
	r := bound(t, setup{esme: esme.Config{Mailbox: 3}, script: `
return {
  handle_call = function(first, _, state)
    local sent, refused = 0
    for i = first, first + 9 do
      local ok, err = esme.send(esme.name, i)
      if ok then sent = sent + 1 else refused = refused or err end
    end
    return "reply", sent .. " " .. tostring(refused.retryable) .. " " .. tostring(refused), state
  end,
  handle_info = function(m) if type(m) == "number" then log.info("got " .. m) end end,
}`})
	r.expect("bound")
	for first := range 3 {
		got := r.call(float64(10 * first))
		taken, ok := map[vm.Data]int{"2 true queue_full: 3 messages wait already (limits.mailbox)": 2, // the call itself, or bound, takes a place
			"3 true queue_full: 3 messages wait already (limits.mailbox)": 3}[got]
		if !ok {
			t.Fatal(got)
		}
		for i := range taken {
			r.next(fmt.Sprintf("got %d", 10*first+i))
		}
	}
}

// limits.tasks.
func TestTheNumberOfTasks(t *testing.T) {
	r := bound(t, setup{options: Options{Limits: vm.Limits{Tasks: 3}}, script: `
return { handle_call = function(_, _, state)
  local n, code = 0
  for i = 1, 10 do
    local ok, err = esme.spawn(function() esme.sleep("1h") end)
    if ok then n = n + 1 else code = err.code end
  end
  return "reply", n .. " " .. code, state
end }`})
	if got := r.call(nil); got != "3 limit" {
		t.Fatal(got)
	}
}

// A limit that trips says which, where, and what the option is called; a traceback goes with it.
func TestWhatALimitSays(t *testing.T) {
	for _, tt := range []struct{ where, script, want string }{
		{"loading", "while true do end return {}", "s.lua:1: ran more than 1000 instructions (limits.load_instructions)"},
		{"init", "return { init = function()\nwhile true do end end }", "s.lua:2: ran more than 1000 instructions (limits.init_instructions)"},
		{"a callback", "return { handle_info = function()\n\nwhile true do end end }", "s.lua:3: ran more than 1000 instructions (limits.instructions)"},
		{"a task", "return { handle_info = function() esme.spawn(function()\nwhile true do end end) end }", "s.lua:2: ran more than 1000 instructions (limits.task_instructions)"},
	} {
		t.Run(tt.where, func(t *testing.T) {
			limits := vm.Limits{Instructions: 1000, InitInstructions: 1000, TaskInstructions: 1000, LoadInstructions: 1000}
			r := start(t, setup{script: tt.script, options: Options{Limits: limits}})
			if tt.where != "loading" && tt.where != "init" {
				r.peer.answer(r.peer.expect("bind_transceiver"), pdu.ESME_ROK)
			}
			for {
				if line := r.expect(""); strings.Contains(line, tt.want) {
					return
				}
			}
		})
	}
}

// What an average script takes: the example, loaded, with its state.
func TestHeapOfABind(t *testing.T) {
	src, err := os.ReadFile("../examples/lua/autoresponder/autoresponder.lua")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: t.TempDir()}
	prog := r.compile(string(src))
	const n = 300
	before := liveHeap()
	all := make([]*Handler, n)
	for i := range all {
		b := NewBind(Options{Name: "x"}, prog)
		all[i] = b.NewHandler()
		g, err := all[i].newest(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := all[i].runInit(g); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(g.vm.Close)
	}
	each := (liveHeap() - before) / n
	t.Logf("%d octets of heap a bind", each)
	if each > 30<<10 {
		t.Fatalf("%d octets of heap a bind", each)
	}
	if all[n-1].generation() == nil {
		t.Fatal()
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
