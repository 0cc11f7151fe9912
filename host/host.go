package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Host runs the binds of a configuration.
type Host struct {
	cfg     *Config
	log     *slog.Logger
	binds   map[string]*Bind
	metrics *luabind.Metrics // what the scripts count
	dial    esme.Dialer      // what all binds' connections share

	reloading sync.Mutex
	failed    map[string]string // by script: what was said of it last, so that it is said once
	stop      context.CancelFunc
}

// Load reads the configuration at path and makes a host of it. All that is wrong with the configuration and
// with the scripts is returned at once.
func Load(path string, log func(Log) *slog.Logger) (*Host, diag.List) {
	cfg, wrong := loadConfig(path)
	h, more := newHost(cfg, log(cfg.Log))
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return nil, wrong
	}
	return h, nil
}

// New makes a host of a configuration. It compiles all scripts and loads each for each bind, without
// effect. All that is wrong is returned at once.
func New(cfg *Config, log *slog.Logger) (*Host, diag.List) {
	h, wrong := newHost(cfg, log)
	if len(wrong) > 0 {
		return nil, wrong
	}
	return h, nil
}

func newHost(cfg *Config, log *slog.Logger) (*Host, diag.List) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h := &Host{cfg: cfg, log: log, metrics: luabind.NewMetrics(), binds: map[string]*Bind{}, failed: map[string]string{}, stop: func() {}}
	programs := map[string]*vm.Program{}
	var wrong diag.List
	for _, b := range cfg.Binds {
		if b.Script == "" || !exists(filepath.Join(cfg.Scripts, b.Script)) {
			continue // the configuration's own errors say so
		}
		prog, tried := programs[b.Script]
		if !tried {
			var list diag.List
			prog, list = luabind.Compile(cfg.Scripts, b.Script)
			wrong = append(wrong, list...)
			programs[b.Script] = prog
		}
		if prog == nil {
			continue
		}
		bind := newBind(b, prog, h, log)
		if err := bind.lua.Check(); err != nil {
			if d := diagnose(cfg, err); !slices.Contains(wrong, d) { // many binds may share a script
				wrong = append(wrong, d)
			}
		}
		h.binds[b.Name] = bind
	}
	for i := range wrong {
		wrong[i].File = cfg.scriptPath(wrong[i].File)
	}
	wrong.Sort()
	return h, wrong
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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
	watcher, err := h.watch()
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	running.Go(admin.serve)
	running.Go(func() { watcher.run(ctx) })
	var binds sync.WaitGroup
	for _, b := range h.binds {
		binds.Go(func() { b.Run(ctx) })
	}
	h.log.Info("host started", "binds", len(h.binds), "config", h.cfg.Path)
	if ready != nil {
		ready()
	}
	<-ctx.Done()
	h.log.Info("draining", "binds", len(h.binds))
	err = h.drain(&binds)
	admin.close()
	running.Wait()
	return err
}

func (h *Host) drain(binds *sync.WaitGroup) error {
	drained := make(chan struct{})
	go func() { binds.Wait(); close(drained) }()
	limit := make(<-chan time.Time)
	if h.cfg.ShutdownLimit > 0 {
		limit = time.After(h.cfg.ShutdownLimit)
	}
	var err error
	select {
	case <-drained:
	case <-limit:
		err = fmt.Errorf("not all binds drained within shutdown_limit (%v)", h.cfg.ShutdownLimit)
	}
	var lost uint64
	for _, b := range h.binds {
		lost += b.Lost()
	}
	h.log.Info("host stopped", "lost", lost)
	return err
}

// Whereis finds a bind by name, for the scripts of others.
func (h *Host) Whereis(name string) (luabind.Target, bool) {
	b, ok := h.binds[name]
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
	for n := range h.binds {
		names = append(names, n)
	}
	return nil, &esme.Error{Code: "not_found", Message: fmt.Sprintf("there is no bind '%s'; %s", name, diag.DidYouMean(name, names))}
}

// Status returns the status of all binds, by name.
func (h *Host) Status() []Status {
	all := make([]Status, 0, len(h.binds))
	for _, b := range h.binds {
		all = append(all, b.Status())
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// diagnose makes a diagnostic of what went wrong in a script, with its source line.
func diagnose(cfg *Config, err error) diag.Diagnostic {
	var e *vm.Error
	if !errors.As(err, &e) {
		return diag.Diagnostic{Message: err.Error()}
	}
	d := diag.Diagnostic{File: e.File, Line: e.Line, Message: e.Message, Source: sourceLine(cfg, e.File, e.Line)}
	if code := strings.TrimSpace(d.Source); code != "" { // the machine knows lines only: all of it
		d.Column = utf8.RuneCountInString(d.Source[:strings.Index(d.Source, code)]) + 1
		d.Width = utf8.RuneCountInString(code)
	}
	return d
}
