package luabind

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/luabind/vm"
)

const patternsScript = `
return { handle_call = function(m)
  for i = 1, m.n do re.match("a", (m.prefix .. i):rep(m.times)) end
  return "reply", true
end }`

// matches lets the script use n patterns, and returns how many steps that took.
func (r *rig) matches(prefix string, n, times int) int64 {
	r.t.Helper()
	before := r.used()
	r.call(&vm.Table{Hash: map[vm.Data]vm.Data{"prefix": prefix, "n": float64(n), "times": float64(times)}})
	return r.used() - before
}

func (r *rig) used() int64 {
	state := r.bind.handler().generation().vm
	state.Lock()
	defer state.Unlock()
	return state.Used()
}

// What a pattern costs a script depends on what the script itself has used, and on nothing that other binds do: whether
// they use the same ones, or as many others as they like.
func TestPatternsOfOtherBindsCostNothing(t *testing.T) {
	unlimited := Options{Limits: vm.Limits{Instructions: vm.Unlimited, Memory: vm.Unlimited}}
	good, other := bound(t, setup{script: patternsScript, options: unlimited}), bound(t, setup{script: patternsScript, options: unlimited})
	first := good.matches("mine", 20, 1)
	again := good.matches("mine", 20, 1)
	if first < again+20*1000 {
		t.Errorf("%d steps to compile 20 patterns, %d to use them again", first, again)
	}
	other.matches("its", 600, 1)
	if n := good.matches("mine", 20, 1); n != again {
		t.Errorf("%d steps after another bind used 600 patterns, %d before", n, again)
	}
	if n := other.matches("mine", 20, 1); n != first {
		t.Errorf("%d steps for patterns that another bind has compiled, %d for that bind", n, first)
	}
	a, b := good.bind.handler().generation(), other.bind.handler().generation()
	if p := a.patterns.get("mine7"); p == nil || p != b.patterns.get("mine7") {
		t.Error("two binds with the same pattern have it twice")
	}
}

// What a state keeps is bounded, and counts as its memory.
func TestPatternsThatAreKept(t *testing.T) {
	r := bound(t, setup{script: patternsScript, options: Options{Limits: vm.Limits{Instructions: vm.Unlimited, Memory: vm.Unlimited}}})
	g := r.bind.handler().generation()
	memory := func() int64 {
		g.vm.Lock()
		defer g.vm.Unlock()
		return g.vm.Memory()
	}
	before := memory()
	r.matches("short", 600, 1)
	if n, octets := g.patterns.order.Len(), memory()-before; n != maxPatterns || octets < 512*1000 {
		t.Errorf("%d short ones are kept, in %d octets", n, octets)
	}
	r.matches("long", 120, 100)
	if g.patterns.steps > maxKept || g.patterns.steps < maxKept*9/10 || g.patterns.order.Len() != len(g.patterns.byText) {
		t.Errorf("%d steps of %d patterns are kept", g.patterns.steps, g.patterns.order.Len())
	}
	if octets := memory() - before; octets < maxKept*60 || octets > 6<<20 {
		t.Errorf("%d octets", octets)
	}
}

// What nobody uses any more goes.
func TestSharedPatternsEnd(t *testing.T) {
	var shared sharedPatterns
	held := &pattern{text: "held"}
	shared.put(held)
	for i := range 100 {
		shared.put(&pattern{text: strings.Clone(fmt.Sprint("dropped", i))})
	}
	for left := 101; left > 1; {
		runtime.GC()
		shared.mu.Lock()
		left = len(shared.byText)
		shared.mu.Unlock()
	}
	if shared.get("held") != held {
		t.Error("one that is held is gone")
	}
	runtime.KeepAlive(held)
}
