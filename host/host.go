package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Host runs the binds of a configuration.
type Host struct {
	log     *slog.Logger
	archive *archive
	lock    *lock            // of data_dir; nil: it does not run, or keeps nothing
	notes   []func()         // for the history, of what the start found
	metrics *luabind.Metrics // what the scripts count
	dial    esme.Dialer      // what all binds' connections share

	mu      sync.Mutex
	cfg     *Config
	binds   map[string]*Bind
	gone    departed
	scripts map[string]*script
	ctx     context.Context // while it runs
	looks   map[string]look // at the files of the configuration
	said    string          // the last complaint about it

	watchAnew chan struct{}

	running sync.WaitGroup // binds

	reloading   sync.Mutex             // one transaction at a time
	refusedWith map[string]*vm.Program // by script, the code with which the configuration was refused last; the lock of reloads is for it
	background  background
	stop        context.CancelFunc
}

// Load reads the configuration at path and makes a host of it. All that is wrong with the configuration and
// with the scripts is returned at once. A script that is broken or gone is no error when data_dir has the last
// good version of it: that one runs then, and the log says so.
func Load(path string, log func(Log) *slog.Logger) (*Host, diag.List) {
	cfg, wrong := loadConfig(path)
	if len(wrong) > 0 {
		_, wrong = Check(path)
		return nil, wrong
	}
	return New(cfg, log(cfg.Log))
}

// Check is Load that runs nothing, writes nothing, and takes no earlier version of a script for a broken one.
func Check(path string) (*Config, diag.List) {
	cfg, wrong := loadConfig(path)
	_, wrong = cfg.complete(wrong)
	_, more := newHost(cfg, nil, true)
	return cfg, append(wrong, sorted(more)...)
}

// New makes a host of a configuration. It compiles all scripts and loads each for each bind, without
// effect. All that is wrong is returned at once.
func New(cfg *Config, log *slog.Logger) (*Host, diag.List) {
	h, wrong := newHost(cfg, log, false)
	if len(wrong) > 0 {
		return nil, sorted(wrong)
	}
	return h, nil
}

func sorted(l diag.List) diag.List {
	l.Sort()
	return l
}

func newHost(cfg *Config, log *slog.Logger, strict bool) (*Host, diag.List) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h := &Host{cfg: cfg, log: log, metrics: luabind.NewMetrics(), binds: map[string]*Bind{}, scripts: map[string]*script{}, looks: cfg.looks, watchAnew: make(chan struct{}, 1), stop: func() {}}
	dir := cfg.DataDir
	if strict {
		dir = ""
	}
	var err error
	h.archive, err = openArchive(dir)
	if err != nil && !cfg.dataDirGiven {
		log.Warn("no data_dir can be made: the last good scripts are kept in memory only", "error", err.Error())
		h.archive, err = openArchive("")
	}
	if err != nil {
		return nil, diag.List{{File: cfg.Path, Message: "data_dir: " + err.Error(), Remedy: "make the folder writable, or name another one"}}
	}
	return h, h.first(strict)
}

// scriptPath is a script's path as a person can open it.
func (c *Config) scriptPath(file string) string {
	full := filepath.Join(c.Scripts, file)
	if wd, err := os.Getwd(); err == nil && filepath.IsAbs(full) {
		if rel, err := filepath.Rel(wd, full); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return full
}

// Run runs the binds until ctx ends and all have drained, or shutdown_limit is over. ready, if not nil, is
// called when the binds have been started and commands are answered.
func (h *Host) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h.stop = cancel
	admin, err := h.listen()
	if err != nil {
		return err
	}
	defer admin.close()
	if err := h.begin(ctx); err != nil {
		return err
	}
	inOrder := false
	defer func() { h.end(inOrder) }()
	var running sync.WaitGroup
	running.Go(admin.serve)
	running.Go(func() { h.keepWatch(ctx) })
	for _, b := range h.all() {
		b.start(ctx)
	}
	manager := systemd{h.log}
	alive, dead := context.WithCancel(context.WithoutCancel(ctx)) // a host that drains is alive too
	defer dead()
	// All locks of all binds are taken on the way: a host that hangs in one is found out.
	running.Go(func() { manager.watch(alive, func() { h.Status() }) })
	h.log.Info("host started", "binds", len(h.all()), "config", h.config().Path)
	manager.ready(len(h.all()))
	if ready != nil {
		ready()
	}
	<-ctx.Done()
	h.log.Info("draining", "binds", len(h.all()))
	manager.stopping(h.config().ShutdownLimit)
	limit, cancelLimit := within(h.config().ShutdownLimit)
	defer cancelLimit()
	err = h.drain(limit)
	inOrder = err == nil
	admin.close()
	dead()
	return errors.Join(err, h.finish(limit, &running))
}

// background is what the host does that nobody waits for: it ends with the host.
type background struct {
	mu      sync.Mutex
	ctx     context.Context
	running sync.WaitGroup
}

func (b *background) start(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx = ctx
}

// run reports false when the host does not run.
func (b *background) run(do func(ctx context.Context)) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx == nil || b.ctx.Err() != nil {
		return false
	}
	b.running.Go(func() { do(b.ctx) })
	return true
}

func (b *background) wait() { b.running.Wait() }

func (h *Host) config() *Config {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cfg
}

// all returns the binds, by name.
func (h *Host) all() []*Bind {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.SortedFunc(maps.Values(h.binds), func(a, b *Bind) int { return cmp.Compare(a.cfg.Name, b.cfg.Name) })
}

func (h *Host) bind(name string) (*Bind, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, ok := h.binds[name]
	return b, ok
}

// Whereis finds a bind by name, for the scripts of others.
func (h *Host) Whereis(name string) (luabind.Target, bool) {
	b, ok := h.bind(name)
	if !ok {
		return nil, false
	}
	return b.lua.Target(), true
}

// Target finds a bind by name, for an operator's commands.
func (h *Host) Target(name string) (luabind.Target, error) {
	if t, ok := h.Whereis(name); ok {
		return t, nil
	}
	var names []string
	for _, b := range h.all() {
		names = append(names, b.cfg.Name)
	}
	return nil, &esme.Error{Code: "not_found", Message: fmt.Sprintf("there is no bind '%s'; %s", name, diag.DidYouMean(name, names))}
}

// Status returns the status of all binds, by name.
func (h *Host) Status() []Status {
	return statuses(h.all())
}

func statuses(binds []*Bind) []Status {
	all := make([]Status, len(binds))
	for i, b := range binds {
		all[i] = b.Status()
	}
	return all
}

// diagnose makes a diagnostic of what went wrong in a program, with its source line.
func diagnose(prog *vm.Program, err error) diag.Diagnostic {
	var e *vm.Error
	if !errors.As(err, &e) {
		return diag.Diagnostic{Message: err.Error()}
	}
	d := diag.Diagnostic{File: e.File, Line: e.Line, Message: e.Message, Source: diag.SourceLine(prog.Source(e.File), e.Line)}
	if code := strings.TrimSpace(d.Source); code != "" { // the machine knows lines only: all of it
		d.Column = utf8.RuneCountInString(d.Source[:strings.Index(d.Source, code)]) + 1
		d.Width = utf8.RuneCountInString(code)
	}
	return d
}
