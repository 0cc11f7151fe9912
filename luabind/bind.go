package luabind

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
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
	Errors    int           // script errors within ErrorsWithin that a bind survives; 0 = 20, negative: any number
	ErrorsIn  time.Duration // 0 = 10 s
	Allow     Allow         // what its scripts may reach
	Directory Directory     // nil: there are no other binds
	Log       *slog.Logger
	Now       func() time.Time  // the clock; nil: time.Now
	Metrics   *Metrics          // of the host; nil: the bind counts for itself
	Transport http.RoundTripper // of the module http; nil: one that the process shares

	// Tripped is told when code that was put in less than Trial ago reaches the error limit, or dies in init, or refuses there, where other code
	// did not; it must not wait. why says what it did: "died in init: ...". True says that the last good code is on its way (Back): then the session goes on.
	Tripped  func(bad *vm.Program, why string) bool
	Trial    time.Duration // 0 = 1 min
	OldTasks time.Duration // how long tasks of replaced code may go on; 0 = 30 s

	DataCoding0 DataCoding0 // what data_coding 0 means
}

// DataCoding0 is the alphabet of data_coding 0: SMSCs differ, and some take another one than they send.
type DataCoding0 struct{ In, Out pdu.Alphabet }

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
	opts      Options
	log       *slog.Logger
	flood     *flood // of lines that its scripts write
	hostFlood *flood // of lines that the host writes about what they do
	errFlood  *flood // of their errors, and what the host does about these

	code     atomic.Pointer[code] // prog and generation, for the log, which is written with and without the lock
	requests chan struct{}        // of the module http, at once

	changing sync.Mutex // one change of code at a time

	mu         sync.Mutex
	prog       *vm.Program
	generation int
	changed    time.Time // when the code was put in the place of another; zero: never
	leaving    int       // the generation that the host is to take back; 0: none
	died       bool      // the latest init raised an error, or refused,
	diedBefore bool      // and so did the last one of the code before, if there was any
	kept       *kept     // the state before that, for the way back
	sessions   int
	current    *Handler // of the session; nil: there is none
	lastError  string
	errors     uint64
	trips      uint64
	links      map[string]bool // binds that its scripts started
	maps       *mapStore
	segments   *segments // parts of messages that are not whole yet
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
	opts.Trial = cmp.Or(opts.Trial, time.Minute)
	opts.OldTasks = cmp.Or(opts.OldTasks, 30*time.Second)
	b := &Bind{opts: opts, flood: newFlood(opts.Limits.LogRate), hostFlood: newFlood(opts.Limits.LogRate), errFlood: newFlood(opts.Limits.LogRate),
		maps: new(mapStore), segments: new(segments), requests: make(chan struct{}, httpAtOnce)}
	b.log = slog.New(codeLog{opts.Log.Handler(), &b.code})
	b.run(prog, 1)
	return b
}

// Info is what a bind runs.
type Info struct {
	Script     string
	Generation int
	Hash       string
	Session    int // counts the sessions
	LastError  string
	Errors     uint64
	Trips      uint64 // of the errors: those of callbacks and tasks that were over a limit
}

// Info returns what the bind runs now.
func (b *Bind) Info() Info {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Info{Script: b.prog.Main, Generation: b.generation, Hash: b.prog.Hash, Session: b.sessions, LastError: b.lastError, Errors: b.errors, Trips: b.trips}
}

// Inherit gives the bind what old, of the same name, had beside its session: the numbers of sessions and
// generations go on, and so do its maps, the parts of messages that are not whole yet, and the links to the binds that its
// scripts started.
func (b *Bind) Inherit(old *Bind) {
	old.mu.Lock()
	sessions, generation, links, dictionaries, parts := old.sessions, old.generation, maps.Clone(old.links), old.maps, old.segments
	died, diedBefore := old.died, old.diedBefore
	if old.prog.Hash != b.prog.Hash {
		generation++
	}
	old.mu.Unlock()
	parts.mu.Lock()
	if parts.timer != nil { // the next session sets it for its own bind
		parts.timer.Stop()
		parts.timer = nil
	}
	parts.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions, b.links, b.maps, b.segments = sessions, links, dictionaries, parts
	b.died, b.diedBefore = died, diedBefore
	b.run(b.prog, generation)
}

// run notes what the bind runs. It is called with the lock held.
func (b *Bind) run(prog *vm.Program, generation int) {
	b.prog, b.generation = prog, generation
	b.code.Store(&code{generation, prog})
}

// Program returns what the bind runs now.
func (b *Bind) Program() *vm.Program {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.prog
}

// NewHandler returns the handler of the bind's next session.
func (b *Bind) NewHandler() *Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	h := &Handler{bind: b, number: b.sessions, repeats: repeats{flood: b.errFlood}}
	h.log = b.log.With("session", h.number)
	b.current = h
	return h
}

// left is told that the session of h has ended.
func (b *Bind) left(h *Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current == h {
		b.current = nil
	}
}

// now is the time by the bind's clock.
func (b *Bind) now() time.Time {
	if b.opts.Now != nil {
		return b.opts.Now()
	}
	return time.Now()
}

// failed counts an error of the script, and says what the session ends for if it ends for it.
func (b *Bind) failed(err error) esme.Reason {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.errors++
	b.lastError = err.Error()
	reason := esme.Reason{Kind: esme.KindScriptError, Detail: b.lastError}
	var e *vm.Error
	if errors.As(err, &e) && (e.Kind == vm.Budget || e.Kind == vm.Time || e.Kind == vm.Memory) {
		b.trips++
		reason.Kind = esme.KindScriptBudget
	}
	return reason
}

// Refused notes why other code was not taken, for Info. The code that runs has made no error.
func (b *Bind) Refused(err string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastError = err
}

// codeError makes the *esme.Error with the code.
func codeError(code, format string, args ...any) *esme.Error {
	return &esme.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeNotAllowed is the code of what the configuration does not permit.
const CodeNotAllowed = "not_allowed"
