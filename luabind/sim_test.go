package luabind

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/smsc"
)

// sim is the simulator with some binds on it, over loopback TCP: the API as scripts in production see it.
type sim struct {
	t     *testing.T
	addr  string
	smsc  *smsc.Server
	binds map[string]*Bind
	lines chan string
	mu    sync.Mutex
}

func newSim(t *testing.T) *sim {
	t.Helper()
	s := &sim{t: t, smsc: smsc.New(smsc.Config{}), binds: map[string]*Bind{}, lines: make(chan string, 10_000)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.smsc.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); <-served })
	return s
}

// Whereis finds a bind for the scripts of others.
func (s *sim) Whereis(name string) (Target, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.binds[name]; b != nil {
		return b.Target(), true
	}
	return nil, false
}

// StartLink starts a bind as a host does.
func (s *sim) StartLink(l Link) (string, error) {
	name := "link"
	if t, ok := l.Options.(*vm.Table); ok {
		name, _ = t.Hash["name"].(string)
	}
	s.mu.Lock()
	_, exists := s.binds[name]
	s.mu.Unlock()
	if exists {
		return "", &esme.Error{Code: "exists", Message: "there is a bind " + name + " already"}
	}
	s.run(Options{Name: name, Args: l.Args}, map[string]string{"main.lua": `return { handle_call = function(r, _, state) return "reply", esme.args, state end }`})
	return name, nil
}

// run starts a bind whose script is main.lua of files.
func (s *sim) run(opts Options, files map[string]string) *Bind {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	prog, wrong := Compile(dir, "main.lua")
	if len(wrong) > 0 {
		s.t.Fatal(wrong.Error())
	}
	opts.Limits.Time = max(opts.Limits.Time, 20*time.Second)
	opts.Directory = s
	if opts.Log == nil {
		opts.Log = slog.New(simHandler{lines: s.lines})
	}
	b := NewBind(opts, prog)
	s.mu.Lock()
	s.binds[opts.Name] = b
	s.mu.Unlock()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	session := esme.NewSession(esme.Config{SystemID: opts.Name}, b.NewHandler(), nil)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { session.Run(ctx, conn); close(ended) }()
	s.t.Cleanup(func() { cancel(); <-ended })
	return b
}

// expect waits for the line that starts with want; a script error on the way fails the test.
func (s *sim) expect(want string) string {
	s.t.Helper()
	for {
		select {
		case l := <-s.lines:
			switch {
			case strings.HasPrefix(l, want):
				return l
			case strings.HasPrefix(l, "script error"):
				s.t.Fatal(l)
			}
		case <-time.After(30 * time.Second):
			s.t.Fatalf("no line %q", want)
		}
	}
}

// simHandler gives each log line to the test.
type simHandler struct{ lines chan string }

func (h simHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h simHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h simHandler) WithGroup(string) slog.Handler            { return h }
func (h simHandler) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "fields":
			j, _ := json.Marshal(a.Value.Any())
			line += " " + string(j)
		case "error", "traceback":
			line += " " + a.Value.String()
		}
		return true
	})
	h.lines <- line
	return nil
}
