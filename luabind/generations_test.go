package luabind

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/esmehost/esmehost/luabind/vm"
)

// Code that was replaced, code that was refused and code that was only tried are gone, with their Lua states, their
// goroutines and their memory, after a thousand reloads over which tasks ran and callers waited.
func TestNothingIsLeftOfOldGenerations(t *testing.T) {
	r := bound(t, setup{options: Options{Name: "test", OldTasks: time.Millisecond}, script: generationScript(0)})
	caller := make(chan vm.Data, 1)
	go func() {
		v, err := r.bind.Target().Call(context.Background(), "hold")
		if err != nil {
			v = err.Error()
		}
		caller <- v
	}()
	ask := func(what string) vm.Data {
		v, err := r.bind.Target().Call(context.Background(), what)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for ask("held") != true {
		runtime.Gosched()
	}
	refused := r.compile("return { code_change = function(_, s) s.list = nil error('no') end }")
	var old []weak.Pointer[generation]
	reload := func(n int) {
		old = append(old, weak.Make(r.bind.handler().generation()))
		next := r.compile(generationScript(n))
		if err := r.bind.Try(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if err := r.bind.Reload(t.Context(), refused); err == nil {
			t.Fatal("not refused")
		}
		if err := r.bind.Reload(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		r.cast("task")
		for len(r.lines) > 0 {
			<-r.lines
		}
	}
	const warm, all = 100, 1100
	for n := 1; n <= warm; n++ {
		reload(n)
	}
	settled := func() (left int) { // of the old generations
		for range 100 { // what ends a moment later, as tasks do, has its time
			runtime.GC()
			left = 0
			for _, g := range old {
				if g.Value() != nil {
					left++
				}
			}
			if left == 0 {
				return 0
			}
			<-time.After(10 * time.Millisecond)
		}
		return left
	}
	if left := settled(); left > 0 {
		t.Fatalf("%d of %d old generations are held", left, len(old))
	}
	heap, goroutines := heapNow(), runtime.NumGoroutine()
	for n := warm + 1; n <= all; n++ {
		reload(n)
	}
	if left := settled(); left > 0 {
		t.Fatalf("%d of %d old generations are held", left, len(old))
	}
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("%d goroutines, %d before", n, goroutines)
	}
	// A generation of this script takes about 50 KiB: a thousand of them would be 50 MiB.
	if now := heapNow(); now > heap+(1<<20) {
		t.Errorf("%d KiB of heap, %d KiB before a thousand reloads", now>>10, heap>>10)
	}
	if n := ask("n"); n != float64(all) {
		t.Errorf("the state counts %v code changes", n)
	}
	r.cast("release")
	if v := <-caller; v != float64(all) {
		t.Errorf("the caller got %v", v)
	}
}

func generationScript(n int) string {
	return fmt.Sprintf(`return {
  init = function() return { n = 0, list = { ("x"):rep(10000) } } end,
  code_change = function(_, state) state.n = state.n + 1 assert(#state.list[1] == 10000) return state end,
  handle_cast = function(what, state)
    if what == "task" then
      esme.spawn(function() esme.sleep(60) end)
    else
      state.from:reply(%d)
    end
  end,
  handle_call = function(what, from, state)
    if what == "hold" then state.from = from return "noreply", state end
    if what == "held" then return "reply", state.from ~= nil, state end
    return "reply", state.n, state
  end,
}`, n)
}

// heapNow is what is reachable, in octets.
func heapNow() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
