package luabind

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/luabind/vm/vmtest"
)

// overrun is how much longer than its limit a program may take.
const overrun = 5 * time.Millisecond

// receivers make the objects whose methods programs call.
var receivers = map[string]string{"p": "aPDU()", "m": `map.open("m", { max = 100 })`, "counter": `metrics.counter("c")`, "gauge": `metrics.gauge("g")`,
	"histogram": `metrics.histogram("h")`, "bind": `assert(esme.whereis("other"))`, "t": `assert(timer.every("1h", 1))`}

// outside are functions that end the session, which the next program needs, and those whose object nothing makes.
var outside = []string{"esme.stop", "bind:stop", "session:send_raw", "from:reply"}

// calls writes calls of all functions that are declared, with arguments that are mostly of the right types.
func calls() func(w *vmtest.Writer) string {
	var all []*fn
	for _, m := range modules {
		for f := range m.functions() {
			if !slices.Contains(outside, f.full) {
				all = append(all, f)
			}
		}
	}
	return func(w *vmtest.Writer) string { return writeCall(w, all, 2) }
}

func writeCall(w *vmtest.Writer, all []*fn, depth int) string {
	f := all[w.Next(len(all))]
	name := f.full
	if kind, method, ok := strings.Cut(f.full, ":"); ok {
		name = fmt.Sprintf("(%s):%s", receivers[kind], method)
	}
	var args []string
	for _, p := range f.Params {
		args = append(args, argument(w, all, &p.Type, depth))
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
}

func argument(w *vmtest.Writer, all []*fn, t *luaType, depth int) string {
	switch {
	case w.Next(6) == 0:
		return w.Any(1)
	case t.optional && w.Next(3) == 0:
		return "nil"
	case t.keys != nil:
		var fields []string
		for _, k := range t.keys {
			if !k.Type.optional || w.Next(3) == 0 {
				fields = append(fields, k.Name+" = "+argument(w, all, &k.Type, depth))
			}
		}
		return "{ " + strings.Join(fields, ", ") + " }"
	case strings.HasSuffix(t.editor, "[]"):
		return fmt.Sprintf("aList(%d, %s)", w.Next(3)*w.Next(2000), w.Str(1))
	case strings.HasPrefix(t.editor, `"`):
		words := strings.Split(t.editor, "|")
		return words[w.Next(len(words))]
	}
	switch t.editor {
	case "integer", "number":
		return w.Num(1)
	case "boolean":
		return "true"
	case "duration":
		return []string{"0", "0.001", `"1ms"`, `"1h"`}[w.Next(4)]
	case "PDU", "PDU|PDUFields":
		return fmt.Sprintf("aPDU(%s)", w.Str(2))
	case "PDUFields":
		return fmt.Sprintf("{ message_payload = aText(%d), tlvs = aList(%d, { tag = 5, value = 'x' }) }", w.Next(70000), w.Next(10))
	case "table", "any":
		return fmt.Sprintf("{ %s, [%s] = aList(%d, %s) }", w.Str(1), w.Str(1), w.Next(5000), w.Num(1))
	case "Map", "Counter", "Gauge", "Histogram":
		return receivers["m"]
	}
	if strings.HasPrefix(t.editor, "fun") && depth > 0 {
		return "function(...) return " + writeCall(w, all, depth-1) + " end"
	}
	switch w.Next(5) {
	case 0:
		return fmt.Sprintf("aText(%d)", w.Next(1000)*w.Next(1000))
	case 1:
		return fmt.Sprintf("json.encode(aList(%d, %s))", w.Next(5000), w.Str(1))
	}
	return w.Str(2)
}

const programFrame = `
local function aText(n) return ("grüße [] {\"a\": 1} 0123 ="):rep(n / 20) end
local function aList(n, v) local t = {} for i = 1, n do t[i] = v end return t end
local function aPDU(s) return pdu.deliver_sm { source_addr = "1", destination_addr = "2", message_payload = s } end
return { handle_info = function(...)
%s
end }`

// programs are a bind in a session, in whose name random programs run.
type programs struct {
	sim  *sim
	bind *Bind
}

func newPrograms(t *testing.T) *programs {
	s := newSim(t)
	s.run(exampleOptions(t, "other"), map[string]string{"main.lua": "return { handle_info = function(m) if m.event == 'bound' then log.info('other bound') end end }"})
	s.expect("other bound")
	opts := exampleOptions(t, "test")
	opts.Limits = vm.Limits{Memory: 32 << 20, LogRate: 1}
	b := s.run(opts, map[string]string{"main.lua": "return { handle_info = function(m) if m.event == 'bound' then log.info('test bound') end end }"})
	s.expect("test bound")
	b.opts.Limits.Time = 20 * time.Millisecond
	return &programs{s, b}
}

// run runs a program and reports how much processor time it took beyond its limit.
func (r *programs) run(t *testing.T, src string) time.Duration {
	t.Helper()
	text := fmt.Sprintf(programFrame, src)
	prog, wrong := CompileFrom(func(string) ([]byte, error) { return []byte(text), nil }, "main.lua")
	if len(wrong) > 0 {
		t.Fatalf("%v\n%s", wrong, text)
	}
	g, err := newGeneration(r.bind, r.bind.handler(), 2, prog)
	if err != nil {
		t.Fatal(err)
	}
	g.vm.Lock()
	runtime.GC() // else what others left behind is collected in its time
	runtime.LockOSThread()
	before := threadTime()
	_, e := g.vm.Call(g.fns[cbHandleInfo], 0, lua.LNil)
	took := threadTime() - before
	runtime.UnlockOSThread()
	broken, held := g.vm.Broken(), int64(0)
	if e == nil || e.Kind != vm.Memory {
		held = g.vm.Memory()
	}
	g.vm.Unlock()
	g.vm.Close()
	for g.vm.Tasks() > 0 {
		runtime.Gosched()
	}
	if e != nil && e.Kind == vm.Panic || broken != nil && broken.Kind == vm.Panic {
		t.Fatalf("%v, %v\n%s", e, broken, text)
	}
	if limit := r.bind.opts.Limits.Memory; held > limit {
		t.Fatalf("%d octets held\n%s", held, text)
	}
	for len(r.sim.lines) > 0 {
		<-r.sim.lines
	}
	return took - r.bind.opts.Limits.Time
}

// deepest is what takes longest in one piece: the traceback of an error below 2,000 calls. It is how late a program may
// come on a machine that is slow, or shares its caches with others.
const deepest = "local function f(n) if n == 0 then error('x') end return 1 + f(n - 1) end pcall(f, 1950)"

// check runs a program, which must end in time. One that seems not to is run again: what it takes itself it takes each
// time, and what a busy machine adds it does not.
func (r *programs) check(t *testing.T, src string) {
	t.Helper()
	late := r.run(t, src)
	for n := 0; n < 5 && late > overrun; n++ {
		late = min(late, r.run(t, src))
	}
	if late > overrun && late > overrun+r.run(t, deepest)+r.bind.opts.Limits.Time && !raceEnabled {
		t.Errorf("%v later than its limit\n%s", late, src)
	}
}

func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

// FuzzAPI runs random programs that call the whole API, in a bind that has a session: none makes the host fail, holds
// more than it may, or outlives its limit by more than 5 ms of a processor.
func FuzzAPI(f *testing.F) {
	for _, s := range []string{"", "a", "0123456789", "\xff\xfe\x80\x00", strings.Repeat("\x07\x31\xa5\x11", 50)} {
		f.Add([]byte(s))
	}
	call := calls()
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newPrograms(t)
		r.bind.opts.Limits.Instructions = []int64{1_000_000, vm.Unlimited}[len(data)%2]
		r.check(t, vmtest.Written(vmtest.Octets(data), true, call))
	})
}

// The same, with programs that are always there.
func TestProgramsOfTheAPI(t *testing.T) {
	r, call := newPrograms(t), calls()
	for seed := range uint64(40) {
		r.bind.opts.Limits.Instructions = []int64{1_000_000, vm.Unlimited}[seed%2] // the time alone must do
		r.check(t, vmtest.Written(vmtest.Seed(seed), true, call))
	}
}
