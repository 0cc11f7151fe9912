package luabind

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// crowdScript runs tasks that call, cast and send to other binds, and keeps count of what it was asked.
const crowdScript = `
local M = { version = %d }

function M.init() return { asked = 0, told = 0 } end

local function work(others, rounds)
  for i = 1, rounds do
    local other = others[i %% #others + 1]
    local answer, err = esme.call(other, { from = esme.name, i = i }, "30s")
    assert(answer and answer.i == i or err.code == "stopped" or err.code == "timeout", err and tostring(err))
    esme.sleep("1ms")
    local ok, why = esme.cast(other, { list = { i, i + 1 } })
    assert(ok or why.code == "stopped" or why.code == "queue_full")
    esme.send_after("1ms", "tick")
    pcall(function() esme.send(other, "hello") esme.sleep("1ms") error("caught") end)
  end
end

function M.handle_cast(m, state)
  if m.others then
    for _ = 1, 3 do assert(esme.spawn(work, m.others, m.rounds)) end
  else
    state.told = state.told + 1
  end
  return state
end

function M.handle_info(_, state) state.told = state.told + 1 return state end

function M.handle_call(m, _, state)
  if m == "count" then return "reply", state.asked, state end
  state.asked = state.asked + 1
  return "reply", { i = m.i, at = esme.name }, state
end

function M.code_change(_, state) return state end

return M`

// A thousand binds (a hundred without the race detector) in one process, whose tasks call each other, while others
// put new code into them, look into them, and stop and start them. No error, no panic, nothing left behind; and of a
// bind that was left alone nothing is forgotten, by any reload.
func TestACrowdOfStates(t *testing.T) {
	size := 100
	if raceEnabled {
		size = 1000
	}
	n := newTown(t)
	n.quiet = time.Hour // it is not the links that are tried here
	var programs [2]*vm.Program
	for i := range programs {
		r := &rig{t: t, dir: t.TempDir()}
		programs[i] = r.compile(fmt.Sprintf(crowdScript, i+1))
	}
	all := make([]*resident, size)
	for i := range all {
		r := &resident{lines: &lines{}, exit: make(chan esme.Exit, 1)}
		// what matters is who holds what when; the machine may be busy with other tests
		limits := vm.Limits{Time: vm.Unlimited, TaskTime: vm.Unlimited, LoadTime: vm.Unlimited}
		r.bind = NewBind(Options{Name: fmt.Sprintf("good-%d", i), Limits: limits, Directory: n, Log: slog.New(r.lines), Allow: Allow{Binds: []string{"*"}}}, programs[0])
		n.run(r)
		all[i] = r
	}
	call := func(i int, request vm.Data) (vm.Data, error) {
		return all[i].bind.Target().Call(context.Background(), request)
	}
	for i := range all { // each has its session
		for {
			if _, err := call(i, "count"); err == nil {
				break
			}
		}
	}
	const rounds = 3
	for i := range all {
		others := &vm.Table{}
		for range 4 {
			others.Array = append(others.Array, fmt.Sprintf("good-%d", rand.IntN(size)))
		}
		if err := all[i].bind.Target().Cast(&vm.Table{Hash: map[vm.Data]vm.Data{"others": others, "rounds": float64(rounds)}}); err != nil {
			t.Fatal(err)
		}
	}
	var outside, reloads atomic.Int64 // calls that were answered, to the binds that are left alone: every third
	var work sync.WaitGroup
	for w := range 4 {
		work.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 2))
			for range size {
				i := r.IntN(size)
				switch r.IntN(4) {
				case 0, 1:
					err := all[i].bind.Reload(context.Background(), programs[r.IntN(2)])
					if err == nil {
						reloads.Add(1)
					} else if !errors.Is(err, ErrUnchanged) {
						t.Error("reload: ", err)
					}
				case 2:
					alone := i - i%3
					if v, err := call(alone, &vm.Table{Hash: map[vm.Data]vm.Data{"i": 1.0}}); err != nil || v.(*vm.Table).Hash["i"] != 1.0 {
						t.Error("call: ", v, err)
					}
					outside.Add(1)
					all[i].bind.Target().Status()
					all[i].bind.Try(context.Background(), programs[r.IntN(2)])
				case 3:
					if i%3 == 1 && w == 0 { // one worker stops and starts them
						all[i].stop()
						<-all[i].exit
						n.run(all[i])
					}
				}
			}
		})
	}
	work.Wait()
	var counted int64
	for i := 0; i < size; i += 3 {
		for g := all[i].bind.handler().generation(); g.vm.Tasks() > 0; g = all[i].bind.handler().generation() {
			if _, err := call(i, "count"); err != nil { // its tasks wait for others
				t.Fatal(err)
			}
		}
		v, err := call(i, "count")
		if err != nil {
			t.Fatal(err)
		}
		counted += int64(v.(float64))
		if info := all[i].bind.Info(); info.Session != 1 {
			t.Errorf("%+v", info)
		}
	}
	if counted < outside.Load() || outside.Load() == 0 || reloads.Load() == 0 {
		t.Errorf("%d calls were counted, of %d from outside; %d reloads", counted, outside.Load(), reloads.Load())
	}
	for _, r := range all {
		r.stop()
	}
	for _, r := range all {
		<-r.exit
		if line := r.lines.find("script error"); line != "" {
			t.Error(r.bind.opts.Name, ": ", line)
		}
		if info := r.bind.Info(); info.Errors != 0 {
			t.Errorf("%s: %+v", r.bind.opts.Name, info)
		}
	}
}
