package host

import (
	"context"
	"log/slog"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Bind runs one configured bind: an esme.Client whose sessions a script handles.
type Bind struct {
	cfg    BindConfig
	lua    *luabind.Bind
	log    *slog.Logger
	client *esme.Client
}

func newBind(cfg BindConfig, prog *vm.Program, h *Host) *Bind {
	b := &Bind{cfg: cfg, log: h.log.With("bind", cfg.Name)}
	b.lua = luabind.NewBind(luabind.Options{Name: cfg.Name, Args: cfg.Args, Limits: cfg.Limits, Crash: cfg.OnError == "crash",
		Errors: cfg.ErrorIntensity.Count, ErrorsIn: cfg.ErrorIntensity.Within, Allow: cfg.Allow, Directory: h, Metrics: h.metrics, DataCoding0: cfg.DataCoding0, Log: b.log,
		Tripped: func(bad *vm.Program, why string) bool { return h.tripped(b, bad, why) }}, prog)
	b.client = &esme.Client{Config: cfg.ESME, Addresses: cfg.SMSC, Listen: cfg.Listen,
		OutbindSystemID: cfg.Outbind.SystemID, OutbindPassword: cfg.Outbind.Password,
		NewSession: b.newSession, Restart: esme.Restart(cfg.Restart), Backoff: cfg.Backoff, Dialer: &h.dial, Log: b.log}
	return b
}

func (b *Bind) newSession(string) *esme.Session {
	h := b.lua.NewHandler()
	return esme.NewSession(b.cfg.ESME, h, b.log.With("session", b.lua.Info().Session))
}

// Run runs the bind until ctx ends, or the restart policy says that it is over. A session in progress is
// drained first.
func (b *Bind) Run(ctx context.Context) { b.client.Run(ctx) }

// Halt drains the session and ends the bind.
func (b *Bind) Halt() { b.client.Stop() }

// Lost is how many requests were unanswered when the bind's last sessions stopped.
func (b *Bind) Lost() uint64 { return b.client.Status().Total.Lost }

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
	info, c, s := b.lua.Info(), b.client.Status(), b.client.Session()
	st := Status{Name: b.cfg.Name, State: c.State, Session: info.Session, Mode: b.cfg.ESME.Mode.String(), Script: info.Script,
		Generation: info.Generation, Hash: info.Hash, LastError: c.LastError, Errors: info.Errors, Counters: c.Total}
	if info.LastError != "" {
		st.LastError = info.LastError
	}
	if s != nil {
		x := s.Status()
		if st.State == "running" {
			st.State = x.State
		}
		st.Peer, st.InFlight, st.Queued, st.Mailbox = x.Peer, x.InFlight, x.Queued, x.Mailbox
		st.Counters.Add(x.Counters)
	}
	return st
}
