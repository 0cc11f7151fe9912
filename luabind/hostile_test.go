package luabind

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// town is a process with binds that talk to one simulator over loopback: good ones, and whoever moves in.
type town struct {
	tb      testing.TB
	server  *smsc.Server
	address string
	links   atomic.Int64  // enquire_links of the good binds that the simulator got
	quiet   time.Duration // after which a link is checked
	binds   sync.Map      // *Bind by name
	ends    sync.WaitGroup
	cancel  context.CancelFunc
}

// Whereis finds the binds of the town.
func (n *town) Whereis(name string) (Target, bool) {
	if b, ok := n.binds.Load(name); ok {
		return b.(*Bind).Target(), true
	}
	return nil, false
}

func newTown(tb testing.TB) *town {
	tb.Helper()
	n := &town{tb: tb, quiet: 50 * time.Millisecond}
	n.server = smsc.New(smsc.Config{Observe: func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdEnquireLink && strings.HasPrefix(e.SystemID, "good") {
			n.links.Add(1)
		}
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	n.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.ends.Go(func() { n.server.Serve(ctx, l) })
	tb.Cleanup(n.leave)
	return n
}

func (n *town) leave() {
	n.cancel()
	n.ends.Wait()
}

// resident is a bind of the town and its one session.
type resident struct {
	bind  *Bind
	lines *lines
	exit  chan esme.Exit
	stop  context.CancelFunc
}

// lines keeps what a bind logs.
type lines struct {
	slog.Handler
	mu  sync.Mutex
	all []string
	max int // octets of the longest
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.max = max(l.max, len(line))
	if len(l.all) < 10_000 {
		l.all = append(l.all, line)
	}
	return nil
}

// longest is the length of the longest line: tasks may write still.
func (l *lines) longest() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.max
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

func (l *lines) find(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

// move starts a bind with the script and binds it as name. It returns the error of a script that is refused.
func (n *town) move(name, script string, limits vm.Limits) (*resident, error) {
	n.tb.Helper()
	dir := n.tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.lua"), []byte(script), 0o644); err != nil {
		n.tb.Fatal(err)
	}
	prog, wrong := Compile(dir, "s.lua")
	if len(wrong) > 0 {
		return nil, wrong
	}
	r := &resident{lines: &lines{}, exit: make(chan esme.Exit, 1)}
	r.bind = NewBind(Options{Name: name, Limits: limits, Directory: n, Log: slog.New(r.lines)}, prog)
	if err := r.bind.Check(); err != nil {
		return nil, err
	}
	n.run(r)
	return r, nil
}

// run gives the bind a session.
func (n *town) run(r *resident) {
	n.tb.Helper()
	name := r.bind.opts.Name
	conn, err := net.Dial("tcp", n.address)
	if err != nil {
		n.tb.Fatal(err)
	}
	n.binds.Store(name, r.bind)
	cfg := esme.Config{SystemID: name, EnquireLinkLimit: n.quiet, EnquireLinkRespLimit: 20 * time.Second, UnbindLimit: time.Second}
	s := esme.NewSession(cfg, r.bind.NewHandler(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	n.ends.Go(func() { r.exit <- s.Run(ctx, conn) })
	n.tb.Cleanup(cancel)
}

const goodScript = `return {
  init = function() return { n = 0 } end,
  handle_pdu = function(p, state)
    if p.command == "deliver_sm" and p.source_addr ~= "" then
      state.n = state.n + 1
      assert(esme.reply(p, pdu.deliver_sm_resp()))
    end
    return state
  end,
  handle_call = function(_, _, state) return "reply", state.n, state end,
}`

// answers delivers k messages to the bind and returns the channel with what became of each.
func (n *town) answers(name string, k int) chan pdu.Status {
	n.tb.Helper()
	got := make(chan pdu.Status, k)
	for range k {
		if err := n.server.Deliver(name, smsc.MO{From: "1", To: "2", Text: "hi"}.PDU(), func(s pdu.Status) { got <- s }); err != nil {
			n.tb.Fatal(err)
		}
	}
	return got
}

// ends reads what a script says it ends with.
func endsWith(tb testing.TB, script string) []string {
	for line := range strings.SplitSeq(script, "\n") {
		if ends, ok := strings.CutPrefix(line, "-- ends: "); ok {
			return strings.Fields(ends)
		}
	}
	tb.Fatal("the script does not say how it ends")
	return nil
}

// Each hostile script runs beside good binds in one process, over sockets. Whatever it does, it ends as it says,
// over some sessions with many callbacks each, the good ones answer each message, their links are checked and none is lost, and the memory of the
// process stays under its bound.
func TestHostileScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/hostile/*.lua")
	if len(files) < 60 {
		t.Fatalf("only %d scripts", len(files))
	}
	n := newTown(t)
	const goods, each, sessions = 3, 10, 2
	ran, often := 0, 0 // scripts, and those of them that got all of their messages
	limits := vm.Limits{Instructions: 300_000, Time: 20 * time.Millisecond, Memory: 24 << 20, Timers: 200}
	if raceEnabled {
		limits.Time = 200 * time.Millisecond
	}
	if os.Getenv("HOSTILE_LIMITS") == "defaults" {
		limits = vm.Limits{} // they take minutes
	}
	good := make([]*resident, goods)
	for i := range good {
		r, err := n.move(fmt.Sprintf("good-%d", i+1), goodScript, vm.Limits{Time: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		good[i] = r
	}
	delivered := 0
	for i, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if raceEnabled && i%6 != 0 {
			continue // each takes ten times as long; they all go the same ways
		}
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		t.Run(name, func(t *testing.T) {
			ran++
			peak := watchHeap()
			account := fmt.Sprintf("bad-%d", i)
			bad, err := n.move(account, string(src), limits)
			var got chan pdu.Status
			if err == nil {
				got = n.answers(account, 1)
			}
			var fromGood []chan pdu.Status
			for i := range good {
				fromGood = append(fromGood, n.answers(fmt.Sprintf("good-%d", i+1), each))
			}
			delivered += each
			for _, c := range fromGood {
				for range each {
					if s := <-c; s != pdu.ESME_ROK {
						t.Errorf("a good bind answered %s", s)
					}
				}
			}
			ended := "refused"
			if err == nil {
				bad.hears(got)
				heard := 0
				for session := range sessions {
					if session > 0 {
						n.run(bad)
					}
					more := n.abuse(bad)
					heard += more
					bad.stop()
					if e := <-bad.exit; !e.Bound && e.Refused == nil {
						t.Errorf("no session: %+v", e)
					}
					if more == 1 && i%4 != 0 {
						break // its first message takes all that it may: of those a few come again
					}
				}
				if heard == sessions*callbacks {
					often++
				}
				ended = bad.outcome()
			}
			want := endsWith(t, string(src))
			if !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(ended, w) }) {
				t.Errorf("it ended with %s (%v), wanted %v", ended, err, want)
				if bad != nil {
					t.Log(bad.lines.text())
				}
			}
			if bad != nil {
				if line := bad.lines.find("ESCAPED"); line != "" {
					t.Error(line)
				}
				if n := bad.lines.longest(); n > 64<<10 {
					t.Errorf("a line of the log has %d octets", n)
				}
			}
			// Measured: 155 MiB.
			if most := peak(); most > 384<<20 {
				t.Errorf("the process used %d MiB", most>>20)
			}
		})
	}
	if ran == len(files) && often < 10 {
		t.Errorf("%d scripts got %d messages, others trip before", often, sessions*callbacks)
	}
	// Binds that are stopped keep their maps and the last data of their scripts, and no state. Measured: 43 MiB.
	if left := watchHeap()(); left > 160<<20 {
		t.Errorf("%d stopped binds keep %d MiB", len(files), left>>20)
	}
	links := n.links.Load()
	for n.links.Load() < links+goods { // they are checked still
		time.Sleep(time.Millisecond)
	}
	for i, r := range good {
		v, err := r.bind.Target().Call(context.Background(), nil)
		if err != nil || v != float64(delivered) {
			t.Errorf("good-%d counted %v of %d, %v", i+1, v, delivered, err)
		}
		if info := r.bind.Info(); info.Session != 1 || info.Errors != 0 {
			t.Errorf("good-%d: %+v", i+1, info)
		}
		select {
		case e := <-r.exit:
			t.Errorf("good-%d ended: %+v", i+1, e)
		default:
		}
	}
}

// hears waits for the answers to messages; false when the session ends before.
func (r *resident) hears(got chan pdu.Status) bool {
	for range cap(got) {
		select {
		case <-got:
		case e := <-r.exit:
			r.exit <- e
			return false
		}
	}
	return true
}

// What a hostile script gets in one session: so many messages, or as many as its steps are enough for.
const (
	callbacks = 127
	steps     = 100_000
)

// abuse gives the bind message after message, and returns how many it has answered.
func (n *town) abuse(r *resident) (heard int) {
	for batch := 1; heard < callbacks && r.hears(n.answers(r.bind.opts.Name, batch)); batch *= 2 {
		heard += batch
		h := r.bind.handler()
		if h == nil { // the session has ended since
			break
		}
		state := h.generation().vm
		state.Lock()
		used := state.Used()
		state.Unlock()
		if used > steps {
			break
		}
	}
	return heard
}

// outcome says what the script ended with.
func (r *resident) outcome() string {
	switch line := r.lines.find("script error"); {
	case r.lines.find("machine failed") != "" || strings.Contains(line, "runtime error"):
		return "panic: " + line
	case line == "":
		return "fine"
	case strings.Contains(line, "(limits."):
		_, option, _ := strings.Cut(line, "(limits.")
		option, _, _ = strings.Cut(option, ")")
		return "limits." + option
	default:
		return "error: " + line[:min(len(line), 300)]
	}
}

// watchHeap returns a function that gives the most that the heap and the stacks had since.
func watchHeap() func() uint64 {
	runtime.GC()
	var peak atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		for {
			metrics.Read(s)
			peak.Store(max(peak.Load(), s[0].Value.Uint64()+s[1].Value.Uint64()))
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		return peak.Load()
	}
}
