package host

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/esmehost/esmehost/host/hosttest"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

func TestMain(m *testing.M) {
	if os.Getenv(benchSMSCEnv) != "" {
		benchSMSC()
		return
	}
	goleak.VerifyTestMain(m)
}

// lines is a log that tests read as it grows.
type lines struct{ *hosttest.Log }

func newLines() *lines { return &lines{hosttest.NewLog()} }

// expect waits until the log has a line with all the words.
func (l *lines) expect(t *testing.T, words ...string) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		line, ok := l.since(0, words...)
		if ok {
			return line
		}
		select {
		case <-l.More():
		case <-deadline:
			t.Fatalf("the log has no line with %q:\n%s", words, l.String())
		}
	}
}

// since finds a line with all the words behind a mark.
func (l *lines) since(mark int, words ...string) (string, bool) {
	for line := range strings.SplitSeq(l.From(mark), "\n") {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return line, true
		}
	}
	return "", false
}

// mark is where the log ends now.
func (l *lines) mark() int { return l.Len() }

// eventually waits until something holds. It reports false, and the test has failed, when that takes too long.
func eventually(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline:
			t.Errorf("it did not come to this: %s", what)
			return false
		}
	}
	return true
}

// world is a host with its scripts and a simulator.
type world struct {
	t     *testing.T
	dir   string
	host  *Host
	log   *lines
	sim   *smsc.Server
	addr  string
	texts chan string  // of the submit_sm that the simulator got, with their account
	stop  func()       // the host, and it is an error if that does not end in order
	end   func() error // the host
	hears atomic.Pointer[func(message string)]
}

// heard is a log whose messages a test hears, on the goroutine that says them.
type heard struct {
	slog.Handler
	hears *atomic.Pointer[func(message string)]
}

func (h heard) WithAttrs(a []slog.Attr) slog.Handler { return heard{h.Handler.WithAttrs(a), h.hears} }
func (h heard) WithGroup(name string) slog.Handler   { return heard{h.Handler.WithGroup(name), h.hears} }

func (h heard) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if f := h.hears.Load(); f != nil {
		(*f)(r.Message)
	}
	return err
}

// newWorld starts a host for the scripts (by file); each gets a bind of its file's name. Extra is YAML for
// each bind.
func newWorld(t *testing.T, scripts map[string]string, extra string) *world {
	t.Helper()
	yaml := "binds:\n"
	for file := range scripts {
		name := strings.TrimSuffix(file, ".lua")
		yaml += fmt.Sprintf("  %s: { smsc: SMSC, system_id: %s, script: %s, %s }\n", name, name, file, extra)
	}
	return newWorldOf(t, scripts, yaml)
}

// newWorldOf starts a host by a configuration, in which SMSC stands for the simulator's address.
func newWorldOf(t *testing.T, files map[string]string, yaml string) *world {
	t.Helper()
	texts := make(chan string, 1000)
	w := newWorldWith(t, files, yaml, smsc.Config{Observe: func(e smsc.Event) {
		if e.Received && e.PDU.CommandID() == pdu.CmdSubmitSM {
			text, _ := e.PDU.Text()
			texts <- e.SystemID + ": " + text
		}
	}})
	w.texts = texts
	return w
}

// newWorldWith is newWorldOf with a simulator of one's own.
func newWorldWith(t *testing.T, files map[string]string, yaml string, sim smsc.Config) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), log: newLines()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = l.Addr().String()
	w.sim = smsc.New(sim)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() { w.sim.Serve(ctx, l) })
	for file, src := range files {
		w.save(file, src)
	}
	w.save("esmehost.yaml", strings.ReplaceAll(yaml, "SMSC", w.addr))
	w.start()
	t.Cleanup(func() {
		w.stop()
		cancel()
		running.Wait()
	})
	for _, b := range w.host.all() {
		w.log.expect(t, "msg=bound", "bind="+b.cfg.Name)
	}
	return w
}

// start starts the host.
func (w *world) start() {
	w.t.Helper()
	h, wrong := Load(filepath.Join(w.dir, "esmehost.yaml"), func(Log) *slog.Logger { return slog.New(heard{slog.NewTextHandler(w.log, nil), &w.hears}) })
	if len(wrong) > 0 {
		w.t.Fatal(wrong.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, nil) }()
	w.host = h
	w.end = func() error {
		cancel()
		w.end = func() error { return nil }
		return <-ended
	}
	w.stop = func() {
		if err := w.end(); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) save(file, src string) {
	w.t.Helper()
	// As editors do: a new file takes the place of the old one.
	path := filepath.Join(w.dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path+".tmp", []byte(src), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		w.t.Fatal(err)
	}
}

// deliver sends a message to a bind and returns the status that it answered.
func (w *world) deliver(bind, text string) pdu.Status {
	w.t.Helper()
	got := make(chan pdu.Status, 1)
	if err := w.sim.Deliver(bind, smsc.MO{From: "1", To: "2", Text: text}.PDU(), func(s pdu.Status) { got <- s }); err != nil {
		w.t.Fatal(err)
	}
	select {
	case s := <-got:
		return s
	case <-time.After(20 * time.Second):
		w.t.Fatalf("%s did not answer", bind)
		return 0
	}
}

func (w *world) expectText(want string) {
	w.t.Helper()
	select {
	case got := <-w.texts:
		if got != want {
			w.t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		w.t.Fatalf("nothing came, want %q", want)
	}
}

func (w *world) status(bind string) Status {
	w.t.Helper()
	for _, s := range w.host.Status() {
		if s.Name == bind {
			return s
		}
	}
	w.t.Fatalf("no bind %s", bind)
	return Status{}
}

const echo = `return { init = function() return { n = 0 } end,
	handle_pdu = function(p, state)
		state.n = state.n + 1
		assert(esme.send_pdu(sms.submit { to = p.source_addr, text = "%s " .. p.text .. " " .. state.n }[1]))
		return state
	end }`

func TestASaveChangesTheAnswersOfTheSameSession(t *testing.T) {
	w := newWorld(t, map[string]string{"echo.lua": fmt.Sprintf(echo, "old")}, "")
	w.deliver("echo", "a")
	w.expectText("echo: old a 1")
	w.save("echo.lua", fmt.Sprintf(echo, "new"))
	w.log.expect(t, "msg=reloaded", "bind=echo", "generation=2")
	w.deliver("echo", "b")
	w.expectText("echo: new b 2")
	w.save("echo.lua", "return { handle_pdu = function(p) retrun 1 end }")
	w.log.expect(t, "reload refused", "echo.lua:1:42: syntax error near '1'")
	if s := w.status("echo"); !strings.Contains(s.LastError, "syntax error near '1'") || s.Errors != 0 {
		t.Fatalf("status %+v", s)
	}
	w.deliver("echo", "c")
	w.expectText("echo: new c 3")
	w.save("echo.lua", "error('at load')")
	w.log.expect(t, "reload refused", "echo.lua:1:1: at load")
	w.deliver("echo", "d")
	w.expectText("echo: new d 4")
	s := w.status("echo")
	if s.Session != 1 || s.Generation != 2 || s.State != "bound" || !strings.Contains(s.LastError, "at load") {
		t.Fatalf("status %+v", s)
	}
}

// What one script does wrong, the others do not notice.
func TestABadScriptHurtsNobodyElse(t *testing.T) {
	w := newWorld(t, map[string]string{
		"good.lua":     fmt.Sprintf(echo, "good"),
		"loops.lua":    `return { handle_pdu = function() while true do end end }`,
		"raises.lua":   `return { handle_pdu = function() error("boom") end }`,
		"nonsense.lua": `return { handle_pdu = function() return print end }`,
		"waits.lua":    `return { handle_pdu = function(p) esme.sleep(1) end }`,
	}, "limits: { instructions: 100_000, time: 10s }")
	for i := range 5 {
		for _, bad := range []string{"loops", "raises", "nonsense", "waits"} {
			if got := w.deliver(bad, "x"); got != pdu.ESME_RX_T_APPN {
				t.Fatalf("%s answered %s", bad, got)
			}
		}
		if got := w.deliver("good", "x"); got != pdu.ESME_ROK {
			t.Fatalf("good answered %s", got)
		}
		w.expectText(fmt.Sprintf("good: good x %d", i+1))
	}
	for _, s := range w.host.Status() {
		if s.State != "bound" || s.Session != 1 {
			t.Errorf("status %+v", s)
		}
	}
}

func TestALostSessionComesBack(t *testing.T) {
	w := newWorld(t, map[string]string{"echo.lua": fmt.Sprintf(echo, "old")}, "")
	w.sim.Drop("echo", true)
	w.log.expect(t, "session ended", "socket_error")
	w.log.expect(t, "msg=bound", "session=2")
	w.deliver("echo", "a")
	w.expectText("echo: old a 1")
}

func TestBindsReachEachOtherOnlyIfAllowed(t *testing.T) {
	script := `return {
		handle_pdu = function(p)
			local other, err = esme.whereis("b")
			if not other then log.info("refused " .. err.code) return end
			assert(esme.spawn(function()
				local v = assert(other:call({ text = p.text }))
				assert(other:send_pdu(sms.submit { to = "1", text = v .. " through b" }[1]))
				assert(esme.cast("b", "bye"))
			end))
		end,
		handle_call = function(r, from, state) return "reply", "b says " .. r.text, state end,
		handle_cast = function(r) log.info("b was told " .. r) end }`
	w := newWorld(t, map[string]string{"a.lua": script, "b.lua": script}, "allow: { binds: [b] }")
	w.deliver("a", "hi")
	w.expectText("b: b says hi through b")
	w.log.expect(t, "b was told bye", "bind=b")

	w = newWorld(t, map[string]string{"a.lua": script, "b.lua": script}, "")
	w.deliver("a", "hi")
	w.log.expect(t, "refused not_allowed", "bind=a")
}

func TestNoSMSC(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.lua"), []byte("return { handle_info = function() end }"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, wrong := ParseConfig(filepath.Join(dir, "esmehost.yaml"), []byte(fmt.Sprintf("binds: { a: { smsc: %q, system_id: a, script: a.lua } }", addr)), os.LookupEnv)
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	log := newLines()
	h, wrong := New(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if len(wrong) > 0 {
		t.Fatal(wrong.Error())
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, nil) }()
	log.expect(t, "waiting before the next try", "bind=a", "connection refused")
	if s := h.Status()[0]; s.State != "waiting" && s.State != "connecting" || !strings.Contains(s.LastError, "connection refused") {
		t.Errorf("status %+v", s)
	}
	l, err = net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	sim := smsc.New(smsc.Config{})
	simCtx, stopSim := context.WithCancel(context.Background())
	simEnded := make(chan error, 1)
	go func() { simEnded <- sim.Serve(simCtx, l) }()
	log.expect(t, "msg=bound", "bind=a")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	log.expect(t, "host stopped", "lost=0")
	stopSim()
	<-simEnded
}

func discard(Log) *slog.Logger { return nil }
