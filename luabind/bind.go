package luabind

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
	"github.com/esmehost/esmehost/pdu"
)

// Options are what a bind's scripts are given and bounded by.
type Options struct {
	Name      string
	Args      vm.Data // esme.args, and what init gets
	Limits    vm.Limits
	Crash     bool          // on_error: crash
	Errors    int           // script errors within ErrorsWithin that a bind survives; 0 = 20
	ErrorsIn  time.Duration // 0 = 10 s
	Allow     Allow         // what its scripts may reach
	Directory Directory     // nil: there are no other binds
	Log       *slog.Logger
	Now       func() time.Time  // the clock; nil: time.Now
	Metrics   *Metrics          // of the host; nil: the bind counts for itself
	Transport http.RoundTripper // of the module http; nil: one that the process shares
}

// Directory finds binds by name.
type Directory interface {
	Whereis(name string) (Target, bool)
}

// Target is a bind as another one sees it. What goes to it is data.
type Target interface {
	Name() string
	Send(p *pdu.PDU) error
	SendWait(ctx context.Context, p *pdu.PDU) error
	Request(ctx context.Context, p *pdu.PDU) (*pdu.PDU, error)
	Stop(reason string) error
	Call(ctx context.Context, request vm.Data) (vm.Data, error)
	Cast(request vm.Data) error
	Info(message vm.Data) error
	InfoAfter(delay time.Duration, message vm.Data) error
	SendRaw(octets []byte) error
	Status() vm.Data
}

// Bind is a named bind: what stays when its sessions come and go.
type Bind struct {
	opts  Options
	log   *slog.Logger
	flood *flood

	mu         sync.Mutex
	prog       *vm.Program
	generation int
	sessions   int
	current    *Handler
	lastError  string
	errors     uint64
	links      map[string]bool // binds that its scripts started
	maps       mapStore
}

// NewBind returns a bind that runs prog.
func NewBind(opts Options, prog *vm.Program) *Bind {
	if opts.Errors == 0 {
		opts.Errors = 20
	}
	if opts.ErrorsIn == 0 {
		opts.ErrorsIn = 10 * time.Second
	}
	opts.Limits = opts.Limits.WithDefaults()
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics()
	}
	return &Bind{opts: opts, log: opts.Log, flood: newFlood(opts.Limits.LogRate), prog: prog, generation: 1}
}

// Info is what a bind runs.
type Info struct {
	Script     string
	Generation int
	Hash       string
	Session    int // counts the sessions
	LastError  string
	Errors     uint64
}

// Info returns what the bind runs now.
func (b *Bind) Info() Info {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Info{Script: b.prog.Main, Generation: b.generation, Hash: b.prog.Hash, Session: b.sessions, LastError: b.lastError, Errors: b.errors}
}

// NewHandler returns the handler of the bind's next session.
func (b *Bind) NewHandler() *Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	h := &Handler{bind: b, number: b.sessions, timers: map[*time.Timer]struct{}{}}
	h.log = b.log.With("session", h.number)
	b.current = h
	return h
}

// now is the time by the bind's clock.
func (b *Bind) now() time.Time {
	if b.opts.Now != nil {
		return b.opts.Now()
	}
	return time.Now()
}

func (b *Bind) failed(err string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors++
	b.lastError = err
}

// ErrUnchanged is what Reload returns when the bind runs the program already.
var ErrUnchanged = errors.New("unchanged")

// Reload replaces the script: a new state is made and loaded, then, between two events, the bind's state
// is copied into it and code_change is called, and it takes over. On an error the old one goes on as
// if nothing had been. A bind without a session takes the new script for its next one, if it loads.
func (b *Bind) Reload(ctx context.Context, prog *vm.Program) error {
	b.mu.Lock()
	h, same, n := b.current, b.prog.Hash == prog.Hash && b.prog.Main == prog.Main, b.generation+1
	b.mu.Unlock()
	if same {
		return ErrUnchanged
	}
	g, err := newGeneration(b, h, n, prog)
	if err != nil {
		b.failed(err.Error())
		return err
	}
	swapped := make(chan error, 1)
	for h == nil || h.do(func() { swapped <- h.swap(g) }) != nil {
		if b.adoptIdle(g) {
			g.vm.Close()
			return nil
		}
		b.mu.Lock() // a session came up at this moment: it is to swap
		h = b.current
		b.mu.Unlock()
		g.handler = h
	}
	select {
	case err = <-swapped:
	case <-h.ended(): // the session ended before its turn came: the next one starts with the new script
		select {
		case err = <-swapped:
		default:
			b.adopt(g)
		}
	case <-ctx.Done():
		// The swap may still come: nobody is told a lie, the generation number shows it.
		return fmt.Errorf("the bind is busy: the reload is still to come: %w", ctx.Err())
	}
	if err != nil {
		b.failed(err.Error())
		g.vm.Close()
	}
	return err
}

// adopt makes g's program the one that the bind runs.
func (b *Bind) adopt(g *generation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prog, b.generation = g.prog, g.number
}

// adoptIdle is adopt for a bind without a session; it reports false when there is one by now.
func (b *Bind) adoptIdle(g *generation) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil && b.current.live() {
		return false
	}
	b.prog, b.generation = g.prog, g.number
	return true
}

// codeError makes the *esme.Error with the code.
func codeError(code, format string, args ...any) *esme.Error {
	return &esme.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeNotAllowed is the code of what the configuration does not permit.
const CodeNotAllowed = "not_allowed"
