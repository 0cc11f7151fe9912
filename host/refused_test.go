package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// busyScript has something of everything that a bind can hold: state, a map, timers up to one below their limit, metrics,
// requests without a response, a caller who waits, a message without an answer, a task.
const busyScript = `local M = { version = 1 }
local ids = map.open("ids", { max = 10 })
local seen = metrics.counter("seen", { help = "Calls.", labels = { "what" } })
%s
function M.init()
  assert(timer.every("1h", "a"))
  assert(timer.every("1h", "b"))
  assert(esme.send_after("1h", "c"))
  return { n = 0, list = { 1, { 2 } } }
end
function M.handle_pdu(p, state)
  assert(esme.defer(p, 3600))
  state.inbound = p
end
function M.handle_cast(what, state)
  for i = 1, 3 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end
  for i = 1, 10 do assert(ids:set("id" .. i, i)) end
  assert(esme.spawn(function() esme.sleep(3600) end))
  state.n = state.n + 1
end
function M.handle_call(what, from, state)
  if what == "hold" then
    seen:add(1, { what = "call" })
    state.from = from
    return "noreply", state
  end
  local known = {}
  for k, v in ids:pairs() do known[k] = v end
  local one = timer.every("1h", "probe")
  local two, err = timer.every("1h", "probe")
  if one then one:cancel() end
  if two then two:cancel() end
  return "reply", { n = state.n, list = state.list, ids = known, one = one ~= nil, two = err and err.code or "started", held = state.from ~= nil,
    inbound = state.inbound and state.inbound.text, generation = esme.generation }, state
end
function M.code_change(old, state)
  %s
end
%s
`

// A generation that is refused leaves everything as it was: what the bind knows, holds and owes, what the host shows of it,
// and what is kept on disk. Only the complaint is new.
func TestARefusedGenerationLeavesNoTrace(t *testing.T) {
	w := newWorldWith(t, map[string]string{"s.lua": fmt.Sprintf(busyScript, "", "return state", "return M")}, `
watch: off
defaults: { limits: { timers: 4, time: 1m, load_time: 1m, load_instructions: 100_000, instructions: 100_000 }, response_limit: infinity }
binds:
  a: { smsc: SMSC, system_id: a, script: s.lua }
  b: { smsc: SMSC, system_id: b, script: s.lua }
  c: { smsc: SMSC, system_id: c, script: s.lua, reload: each }
`, smsc.Config{DropRate: 1})
	for _, b := range []string{"a", "b", "c"} {
		target, _ := w.host.Target(b)
		if err := w.sim.Deliver(b, smsc.MO{From: "1", To: "2", Text: "deferred"}.PDU(), func(pdu.Status) {}); err != nil {
			t.Fatal(err)
		}
		if err := target.Cast("go"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		held := make(chan struct{})
		go func() { target.Call(ctx, "hold"); close(held) }()
		t.Cleanup(func() { cancel(); <-held })
		eventually(t, "the bind holds all that it is to hold", func() bool {
			var x struct {
				Held    bool
				Inbound string
			}
			json.Unmarshal([]byte(w.numbers(t, b)), &x)
			return x.Held && x.Inbound == "deferred" && w.status(b).InFlight == 3
		})
	}
	refusals := []string{}
	for name, m := range mistakes {
		if m.handle == "" {
			refusals = append(refusals, name)
		}
	}
	extras := []string{`map.open("ids", { max = 1, full = "evict" })`, `map.open("ids", { max = 2, ttl = "1s" })`, `map.open("new", { max = 2 })`,
		`metrics.counter("seen", { help = "Other.", labels = { "what" } })`, `metrics.gauge("new_gauge")`, `log.info("at load")`, `local big = ("x"):rep(100000)`}
	changes := []string{`state.n = -1`, `state.list[2][1] = "spoiled"`, `state.list = nil`, `state.from = nil`, `state.inbound = nil`, `esme.send_after("1s", 1)`,
		`local n = #map.open("ids", { max = 1, full = "evict" })`, `map.open("ids", { max = 10 }):clear()`, `metrics.counter("seen", { labels = { "what" } }):add(100, { what = "call" })`,
		`timer.every("1h", 1)`, `state.from:reply("early")`, `esme.reply(state.inbound, pdu.deliver_sm_resp())`, `esme.stop()`, `esme.cast("a", "go")`}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		name := rapid.SampledFrom(refusals).Draw(rt, "mistake")
		m := mistakes[name]
		with := func(format string) string {
			if format == "" {
				return ""
			}
			return fmt.Sprintf(format, fmt.Sprintf("w%d_", n))
		}
		top := strings.Join(rapid.SliceOfN(rapid.SampledFrom(extras), 0, 3).Draw(rt, "at load"), "\n") + "\n" + with(m.top)
		change := "return state"
		if m.change != "" {
			change = strings.Join(rapid.SliceOfN(rapid.SampledFrom(changes), 0, 3).Draw(rt, "in code_change"), "\n") + "\n" + with(m.change)
		}
		end := "return M"
		if m.end != "" {
			end = with(m.end)
		}
		before := w.observables(t)
		w.save("s.lua", fmt.Sprintf(busyScript, top, change, end))
		got := w.reload(ReloadRequest{})
		if strings.Contains(got, "reloaded") || got == "" {
			rt.Fatalf("%s is not refused: %s", name, got)
		}
		if diff := cmp.Diff(before, w.observables(t)); diff != "" {
			rt.Fatalf("%s has changed something:\n%s", name, diff)
		}
	})
	// And what they hold is alive: the next code answers the caller and the message.
	w.save("s.lua", fmt.Sprintf(busyScript, "", `assert(#state.list == 2) return state`, "return M"))
	if got := w.reload(ReloadRequest{}); got != "a reloaded 2 \nb reloaded 2 \nc reloaded 2 " {
		t.Error(got)
	}
}

// numbers is what a bind says of itself, as JSON.
func (w *world) numbers(t *testing.T, bind string) string {
	t.Helper()
	target, err := w.host.Target(bind)
	if err != nil {
		t.Fatal(err)
	}
	v, err := target.Call(context.Background(), "numbers")
	if err != nil {
		t.Fatal(err)
	}
	j, err := vm.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(j)
}

// observables is all that can be seen of the host's binds but the last complaint.
func (w *world) observables(t *testing.T) map[string]any {
	t.Helper()
	all := map[string]any{}
	var text bytes.Buffer
	w.host.metrics.WriteTo(&text)
	all["metrics"] = text.String()
	for _, b := range w.host.all() {
		var numbers map[string]any
		if err := json.Unmarshal([]byte(w.numbers(t, b.cfg.Name)), &numbers); err != nil {
			t.Fatal(err)
		}
		all["state of "+b.cfg.Name] = numbers
		s := b.Status()
		s.LastError = ""
		all["status of "+b.cfg.Name] = s
	}
	h, err := w.host.History("s.lua")
	if err != nil {
		t.Fatal(err)
	}
	all["history"] = h
	err = filepath.WalkDir(filepath.Join(w.dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := os.ReadFile(path)
		all[path] = string(src)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
