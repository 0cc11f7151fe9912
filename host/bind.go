package host

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Bind runs one bind: an esme.Client whose sessions a script handles. It can be stopped and started again.
type Bind struct {
	host   *Host
	cfg    BindConfig
	lua    *luabind.Bind
	log    *slog.Logger
	parent string // the bind whose script started it; empty: the configuration
	live   atomic.Pointer[live]
	meter  atomic.Pointer[meter]     // of its group, while a canary of its script is watched
	stuck  atomic.Pointer[[2]string] // hashes of code that it could not go back from, and to; nil: it could

	mu     sync.Mutex
	client *esme.Client  // of the latest start
	done   chan struct{} // closed when it has ended
	past   counts        // of the clients before it, and of the binds of its name whose place it has taken
	before *Bind         // such a bind, which drains still
	after  []*Bind       // those that drain before this one starts: of its name, or its account
	again  chan struct{} // of a restart while it drains: closed when it has started again, or is not to any more
	begun  bool
	ended  time.Time // of a linked bind; zero: it runs
}

// live is what a new configuration may change in a bind that runs.
type live struct {
	reload  string
	labels  map[string]string
	rollout Canary
	esme    esme.Config // of the next session; what of it the one that runs can take over, it does
}

func liveOf(c BindConfig) *live {
	return &live{reload: c.Reload, labels: c.Labels, rollout: c.Rollout, esme: c.ESME}
}

func newBind(cfg BindConfig, prog *vm.Program, h *Host) *Bind {
	b := &Bind{host: h, cfg: cfg, done: make(chan struct{})}
	b.lua = luabind.NewBind(luabind.Options{Name: cfg.Name, Args: cfg.Args, Limits: cfg.Limits, Crash: cfg.OnError == "crash",
		Errors: cfg.ErrorIntensity.Count, ErrorsIn: cfg.ErrorIntensity.Within, Allow: cfg.Allow, Directory: h, Metrics: h.metrics, DataCoding0: cfg.DataCoding0, Log: h.log.With("bind", cfg.Name),
		Trial: trialTime, Tripped: func(bad *vm.Program, why string) bool { return h.tripped(b, bad, why) }}, prog)
	b.log = b.lua.Log()
	if t := cfg.ESME.TLS; t != nil && t.KeyLog != "" {
		b.log.Warn("the secrets of encrypted connections are written down: whoever has the file can read what passes", "file", t.KeyLog)
	}
	b.client = b.newClient()
	b.live.Store(liveOf(cfg))
	close(b.done)
	return b
}

func (b *Bind) newClient() *esme.Client {
	cfg := &b.cfg
	return &esme.Client{Config: cfg.ESME, Addresses: cfg.SMSC, Listen: cfg.Listen,
		OutbindSystemID: cfg.Outbind.SystemID, OutbindPassword: cfg.Outbind.Password, OutbindFrom: cfg.Outbind.From,
		NewSession: b.newSession, Restart: esme.Restart(cfg.Restart), Backoff: cfg.Backoff, Dialer: &b.host.dial, Log: b.log}
}

func (b *Bind) newSession(string) *esme.Session {
	h := handler{b.lua.NewHandler(), b}
	return esme.NewSession(b.live.Load().esme, h, b.log.With("session", b.lua.Info().Session))
}

// change takes over what a new configuration changes in a bind that runs. A session that begins at this moment looks
// again when it is known (handler.Init).
func (b *Bind) change(c BindConfig) {
	b.live.Store(liveOf(c))
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	if s := client.Session(); s != nil {
		s.Tune(c.ESME)
	}
}

// start starts the bind, which runs until it is stopped, ctx ends, or its restart policy says that it is over. It
// reports false when it runs already.
func (b *Bind) start(ctx context.Context) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.started(ctx)
}

// started is start with the lock held.
func (b *Bind) started(ctx context.Context) bool {
	select {
	case <-b.done:
	default:
		return false
	}
	if b.begun { // a client runs once
		b.past.Add(b.client.Status().Total)
		b.client = b.newClient()
	}
	b.begun, b.ended = true, time.Time{}
	client, done, after := b.client, make(chan struct{}), b.after
	b.done = done
	b.host.running.Go(func() {
		defer b.startAgain()
		defer close(done)
		for _, old := range after {
			old.wait(context.Background()) // it ends with ctx too
		}
		b.mu.Lock()
		b.after = nil
		b.leaveBehind()
		b.mu.Unlock()
		client.Run(ctx)
		if b.parent != "" {
			b.host.leave(b)
		}
	})
	return true
}

// follow lets the bind start only when old has ended; nil is nobody.
func (b *Bind) follow(old *Bind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old != nil && !slices.Contains(b.after, old) {
		b.after = append(b.after, old)
	}
}

// stop drains the session and ends the bind, which can be started again. It does not wait. It reports false when
// the bind did not run.
func (b *Bind) stop() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.done:
		return false
	default:
		b.noRestart()
		b.client.Stop()
		return true
	}
}

// restart drains the bind and starts it again as soon as it has ended, whoever still waits for that. The channel is closed
// then, or when somebody stops it meanwhile. It is nil for a bind that does not run.
func (b *Bind) restart() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.done:
		return nil
	default:
	}
	if b.again == nil {
		b.again = make(chan struct{})
	}
	b.client.Stop()
	return b.again
}

// startAgain is the second half of restart, when the bind has ended.
func (b *Bind) startAgain() {
	h := b.host
	h.mu.Lock()
	defer h.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.again != nil && h.ctx.Err() == nil && h.binds[b.cfg.Name] == b { // another configuration has not put it out
		b.started(h.ctx)
	}
	b.noRestart()
}

// noRestart tells who waits for a restart that it is over. It is called with the lock held.
func (b *Bind) noRestart() {
	if b.again != nil {
		close(b.again)
		b.again = nil
	}
}

// wait waits until the bind does not run. It reports false when ctx ended first.
func (b *Bind) wait(ctx context.Context) bool {
	b.mu.Lock()
	done := b.done
	b.mu.Unlock()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

func (b *Bind) runs() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.done:
		return false
	default:
		return true
	}
}

// endedAt is when a linked bind ended; zero while it runs.
func (b *Bind) endedAt() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

func (b *Bind) bound() bool {
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	s := client.Session()
	return s != nil && s.Status().State == "bound"
}

// Status is what status shows of a bind.
type Status struct {
	Name       string        `json:"name"`
	State      string        `json:"state"`
	Session    int           `json:"session"`
	Peer       string        `json:"peer"`
	Mode       string        `json:"mode"`
	Script     string        `json:"script"`
	Generation int           `json:"generation"`
	Hash       string        `json:"hash"`
	InFlight   int           `json:"in_flight"`
	Queued     int           `json:"queued"`
	Mailbox    int           `json:"mailbox"`
	LastError  string        `json:"last_error"`
	Errors     uint64        `json:"script_errors"`
	Counters   esme.Counters `json:"counters"`

	Labels map[string]string `json:"labels,omitempty"`
	Parent string            `json:"parent,omitempty"` // the bind whose script started it
	Canary bool              `json:"canary,omitempty"` // it runs new code before the other binds of its script
}

// Status returns what the bind is doing.
func (b *Bind) Status() Status {
	b.mu.Lock()
	client, after := b.client, b.after
	b.mu.Unlock()
	info, c, s, counts := b.lua.Info(), client.Status(), client.Session(), b.counts()
	st := Status{Name: b.cfg.Name, State: c.State, Session: info.Session, Mode: b.cfg.ESME.Mode.String(), Script: info.Script,
		Generation: info.Generation, Hash: info.Hash, LastError: c.LastError, Errors: counts.errors, Counters: counts.Counters,
		Labels: b.live.Load().labels, Parent: b.parent, Canary: b.host.isCanary(b)}
	if info.LastError != "" {
		st.LastError = info.LastError
	}
	if len(after) > 0 && client.Status().State == "stopped" && b.runs() { // the one before still drains
		st.State = "stopping"
	}
	if s != nil {
		x := s.Status()
		if st.State == "running" {
			st.State = x.State
		}
		st.Peer, st.InFlight, st.Queued, st.Mailbox = x.Peer, x.InFlight, x.Queued, x.Mailbox
	}
	return st
}
