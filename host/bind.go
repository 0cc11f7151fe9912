package host

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// The states of a bind, as status shows them. While there is a session its own state is shown.
const (
	stateConnecting = "connecting"
	stateWaiting    = "waiting" // back-off
	stateStopped    = "stopped"
	stateFailed     = "failed" // it will not be started again
	stateStopping   = "stopping"
)

// shortSession is how long a session must live to count as a success.
const shortSession = 10 * time.Second

// Bind runs one configured bind: it connects, runs a session, and starts again as its restart policy says.
type Bind struct {
	cfg BindConfig
	lua *luabind.Bind
	log *slog.Logger

	mu        sync.Mutex
	state     string
	session   *esme.Session
	stop      context.CancelFunc
	lastError string
	total     esme.Counters // of the sessions that ended
	retryAt   time.Time
	lost      uint64 // requests unanswered at the stop
}

func newBind(cfg BindConfig, prog *vm.Program, dir luabind.Directory, log *slog.Logger) *Bind {
	log = log.With("bind", cfg.Name)
	return &Bind{cfg: cfg, log: log, state: stateStopped, stop: func() {},
		lua: luabind.NewBind(luabind.Options{Name: cfg.Name, Args: cfg.Args, Limits: cfg.Limits, Crash: cfg.OnError == "crash",
			Errors: cfg.ErrorIntensity.Count, ErrorsIn: cfg.ErrorIntensity.Within, Allow: luabind.Allow{Binds: cfg.AllowBinds}, Directory: dir, Log: log}, prog)}
}

// Run runs the bind until ctx ends, or the restart policy says that it is over. A session in progress is
// drained first.
func (b *Bind) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.mu.Lock()
	b.stop = cancel
	b.mu.Unlock()
	wait := newBackOff()
	for n := 0; ; n++ {
		b.set(stateConnecting)
		began := time.Now()
		exit, err := b.once(ctx, b.cfg.SMSC[n%len(b.cfg.SMSC)])
		if ctx.Err() != nil {
			b.set(stateStopped)
			return
		}
		again, why := b.again(exit, err)
		if !again {
			b.log.Info("bind ended", "reason", why)
			return
		}
		if err == nil && exit.Bound && time.Since(began) >= shortSession {
			wait.Reset()
		}
		d := jitter(wait.NextBackOff())
		if exit.Reason.Detail == "ESME_RALYBND" {
			d += alreadyBound
		}
		b.log.Warn("waiting before the next try", "reason", why, "delay", d.Round(time.Millisecond).String())
		b.mu.Lock()
		b.retryAt = time.Now().Add(d)
		b.mu.Unlock()
		b.set(stateWaiting)
		select {
		case <-time.After(d):
		case <-ctx.Done():
			b.set(stateStopped)
			return
		}
	}
}

// alreadyBound is how much longer a bind waits when the SMSC still holds its last session.
const alreadyBound = 5 * time.Second

func newBackOff() *backoff.ExponentialBackOff {
	e := backoff.NewExponentialBackOff()
	e.InitialInterval, e.MaxInterval, e.Multiplier, e.RandomizationFactor = 500*time.Millisecond, time.Minute, 2, 0
	return e
}

// jitter spreads a delay over the whole of it, so that binds which fall together do not rise together.
// A tenth is kept, so that no SMSC is hammered.
func jitter(d time.Duration) time.Duration {
	return d/10 + rand.N(d-d/10)
}

// once connects and runs one session.
func (b *Bind) once(ctx context.Context, address string) (esme.Exit, error) {
	conn, err := esme.Dial(ctx, address, b.cfg.ESME)
	if err != nil {
		return esme.Exit{}, err
	}
	h := b.lua.NewHandler()
	log := b.log.With("session", b.lua.Info().Session)
	log.Info("connected", "peer", address)
	s := esme.NewSession(b.cfg.ESME, h, log)
	b.mu.Lock()
	b.session = s
	b.mu.Unlock()
	exit := s.Run(ctx, conn)
	b.mu.Lock()
	c := s.Status().Counters
	b.total.Add(c)
	b.lost += c.Lost
	b.session = nil
	b.mu.Unlock()
	return exit, nil
}

// again applies the restart policy, as OTP's supervisor does.
func (b *Bind) again(exit esme.Exit, err error) (bool, string) {
	normal := false
	var why string
	var refused *luabind.Refused
	switch {
	case err != nil:
		why = "connect: " + err.Error()
	case errors.As(exit.Refused, &refused):
		why, normal = refused.Error(), refused.Reason == "normal" || refused.Reason == "shutdown"
	case exit.Refused != nil:
		why = exit.Refused.Error()
	default:
		why = exit.Reason.String()
		normal = exit.Exit == "normal" || exit.Exit == "shutdown"
	}
	b.mu.Lock()
	b.lastError = why
	b.mu.Unlock()
	again := b.cfg.Restart == "permanent" || b.cfg.Restart == "transient" && (!normal || err != nil)
	if !again {
		b.set(map[bool]string{true: stateStopped, false: stateFailed}[normal])
	}
	return again, why
}

func (b *Bind) set(state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state = state
}

// Halt drains the session and ends the bind.
func (b *Bind) Halt() {
	b.mu.Lock()
	stop := b.stop
	if b.session != nil {
		b.state = stateStopping
	}
	b.mu.Unlock()
	stop()
}

// Lost is how many requests were unanswered when the bind's last sessions stopped.
func (b *Bind) Lost() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
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
}

// Status returns what the bind is doing.
func (b *Bind) Status() Status {
	info := b.lua.Info()
	b.mu.Lock()
	s := b.session
	st := Status{Name: b.cfg.Name, State: b.state, Session: info.Session, Mode: b.cfg.ESME.Mode.String(), Script: info.Script,
		Generation: info.Generation, Hash: info.Hash, LastError: b.lastError, Errors: info.Errors, Counters: b.total}
	b.mu.Unlock()
	if info.LastError != "" {
		st.LastError = info.LastError
	}
	if s != nil {
		x := s.Status()
		if st.State != stateStopping {
			st.State = x.State
		}
		st.Peer, st.InFlight, st.Queued, st.Mailbox = x.Peer, x.InFlight, x.Queued, x.Mailbox
		st.Counters.Add(x.Counters)
	}
	return st
}
