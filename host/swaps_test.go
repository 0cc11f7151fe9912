package host

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/esmehost/esmehost/smsc"
)

// A bind that would take new code, and whose state is another when it comes to it, refuses in earnest. The others have
// taken it by then, and code_change has spoiled what it could: all is as it was.
func TestARefusalInEarnestLeavesNoTrace(t *testing.T) {
	const waits = `function M.handle_info(what) log.info("b waits") end`
	w := newWorldWith(t, map[string]string{"s.lua": fmt.Sprintf(busyScript, waits, "return state", "return M")}, `
watch: off
defaults: { limits: { timers: 4, time: 1m, load_time: 1m, load_instructions: 100_000, instructions: 100_000 }, response_limit: infinity, unbind_limit: 50ms }
binds:
  a: { smsc: SMSC, system_id: a, script: s.lua }
  b: { smsc: SMSC, system_id: b, script: s.lua }
`, smsc.Config{DropRate: 1})
	a, _ := w.host.Target("a")
	b, _ := w.host.Target("b")
	if err := a.Cast("go"); err != nil {
		t.Fatal(err)
	}
	w.numbers(t, "a") // it has handled it
	for what, change := range map[string]string{
		"the state":                     `state.n = -1 state.list[2][1] = "spoiled"`,
		"timers that begin":             `assert(timer.every("1h", "mine"))`,
		"the version":                   `M.version = 2`,
		"the version, which was before": `state.n = -1 M.version = 2`,
	} {
		t.Run(what, func(t *testing.T) {
			version := ""
			if strings.Contains(change, "M.version = 2") {
				version, change = "M.version = 2", strings.Replace(change, "M.version = 2", "", 1)
			}
			w.save("s.lua", fmt.Sprintf(busyScript, waits+" "+version, fmt.Sprintf(`
				if esme.name == "b" then
					log.info("b is asked")
					assert(state.n == %d, "this is another state")
				end
				%s
				return state`, w.casts(t, "b"), change), "return M"))
			before := w.observables(t)
			taken := make(chan struct{})
			var once sync.Once
			hears := func(message string) {
				switch message {
				case "b is asked": // in the copy
					once.Do(func() {
						if b.Info("wait") != nil || b.Cast("go") != nil {
							t.Error("b takes nothing")
						}
					})
				case "reloaded":
					close(taken)
				case "b waits":
					<-taken
				}
			}
			w.hears.Store(&hears)
			defer w.hears.Store(nil)
			got := w.reload(ReloadRequest{})
			if !strings.HasPrefix(got, "a kept 1 b refused it") || !strings.Contains(got, "b refused 1 code_change refused: s.lua") {
				t.Error(got)
			}
			after := w.observables(t)
			for _, of := range []string{"state of b", "status of b"} { // it had an event
				delete(before, of)
				delete(after, of)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("something has changed:\n%s", diff)
			}
		})
	}
}

// Who asked for a change may go away while it is made: it is made wholly. Who goes before it begins has asked for nothing.
func TestAChangeOutlivesWhoAskedForIt(t *testing.T) {
	yaml := "watch: off\nbinds:\n"
	for i := range 20 {
		yaml += fmt.Sprintf("  b%02d: { smsc: SMSC, system_id: b%02d, script: s.lua }\n", i, i)
	}
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, yaml)
	w.save("s.lua", say("two", ""))
	ctx, cancel := context.WithCancel(context.Background())
	hears := func(message string) {
		if message == "reloaded" {
			cancel()
		}
	}
	w.hears.Store(&hears)
	outcomes, wrong, err := w.host.Reload(ctx, ReloadRequest{})
	if err != nil || len(wrong) > 0 || len(outcomes) != 20 {
		t.Error(outcomes, wrong, err)
	}
	for _, o := range outcomes {
		if o.Outcome != outcomeReloaded {
			t.Errorf("%+v", o)
		}
	}
	w.save("s.lua", say("three", ""))
	if _, _, err := w.host.Reload(ctx, ReloadRequest{}); err == nil || !strings.Contains(err.Error(), "was not begun") {
		t.Error(err)
	}
	w.ask("b00", "two0")
}

// casts is how many casts a bind of busyScript has had.
func (w *world) casts(t *testing.T, bind string) int {
	t.Helper()
	var x struct{ N int }
	if err := json.Unmarshal([]byte(w.numbers(t, bind)), &x); err != nil {
		t.Fatal(err)
	}
	return x.N
}
