package host

import (
	"context"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// maxLinks bounds the binds that the scripts of one bind may have started.
const maxLinks = 1000

// StartLink starts a bind for a script (esme.start_link). It waits for nothing: a callback may wait for it. The bind ends by
// its own stop (unless told otherwise it is transient), with the host, and when the configuration takes out its parent, or
// what it has from it.
func (h *Host) StartLink(l luabind.Link) (string, error) {
	invalid := func(format string, args ...any) error {
		return &esme.Error{Code: luabind.CodeInvalid, Message: fmt.Sprintf(format, args...)}
	}
	parent, ok := h.bind(l.Parent)
	if !ok {
		return "", &esme.Error{Code: esme.CodeStopped, Message: "the bind " + l.Parent + " is no longer configured"}
	}
	cfg := h.config()
	c, err := linkConfig(cfg, parent.cfg, l)
	if err != nil {
		return "", invalid("%v", err)
	}
	now := newReading(cfg.Scripts)
	defer now.end()
	prog, first, wrong := h.programFor(cfg, now, c)
	var b *Bind
	if prog != nil {
		var made []*Bind
		made, wrong = h.make(cfg, []BindConfig{c}, prog)
		b = made[0]
	}
	if len(wrong) > 0 {
		return "", invalid("%v", wrong)
	}
	b.parent = l.Parent
	s := h.script(c.Script)
	if first {
		s.take(prog)
	} else if s.onTrial() {
		b.lua.OnTrial(true)
	}
	if err := h.enter(b); err != nil {
		return "", err
	}
	if first {
		h.background.run(func(context.Context) {
			h.reloading.Lock()
			defer h.reloading.Unlock()
			h.arrived(s, prog, "start_link")
		})
	}
	b.log.Info("bind started by a script", "parent", l.Parent, "script", c.Script)
	return c.Name, nil
}

// enter gives a linked bind its name and starts it. One of that name that has ended makes room.
func (h *Host) enter(b *Bind) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx == nil || h.ctx.Err() != nil {
		return errStopping
	}
	if why := h.orphaned(b, h.cfg); why != "" { // the configuration has changed meanwhile
		return &esme.Error{Code: esme.CodeStopped, Message: why}
	}
	links := 0
	for _, x := range h.binds {
		if x.parent == b.parent && x.endedAt().IsZero() {
			links++
		}
	}
	old, taken := h.binds[b.cfg.Name]
	switch {
	case taken && (old.parent == "" || old.endedAt().IsZero()):
		return &esme.Error{Code: "exists", Message: "there is a bind " + b.cfg.Name + " already"}
	case links >= maxLinks:
		return &esme.Error{Code: "limit", Message: fmt.Sprintf("scripts of %s have started %d binds already", b.parent, maxLinks)}
	}
	if taken {
		h.gone.add(old)
	}
	h.binds[b.cfg.Name] = b
	b.start(h.ctx)
	return nil
}

// orphans are the linked binds that may not go on under a configuration, with the reason: theirs, or that of the bind whose
// script started them. It is called with the lock held.
func (h *Host) orphans(cfg *Config) map[*Bind]string {
	orphans := map[*Bind]string{}
	for more := true; more; {
		more = false
		for _, b := range h.binds {
			if b.parent == "" || orphans[b] != "" {
				continue
			}
			why := h.orphaned(b, cfg)
			if p := h.binds[b.parent]; p != nil && orphans[p] != "" {
				why = "it was started by the script of " + b.parent + ", which drains"
			}
			if why != "" {
				orphans[b], more = why, true
			}
		}
	}
	return orphans
}

// orphaned says why a linked bind may not go on under a configuration: its parent is in it no more, or has less than it was
// given; empty: it may. It is called with the lock held.
func (h *Host) orphaned(b *Bind, cfg *Config) string {
	parent, ok := cfg.Bind(b.parent)
	if !ok {
		p := h.binds[b.parent]
		if p == nil || p.parent == "" {
			return "it was started by the script of " + b.parent + ", which is no longer configured"
		}
		parent = p.cfg
	}
	beyond := more(parent, b.cfg)
	if !parent.Allow.StartBinds {
		beyond = "allow.start_binds"
	}
	if beyond == "" {
		return ""
	}
	return "it was started by the script of " + b.parent + ", which no longer has its " + beyond
}

// withOrphans is the plan with the linked binds that end by it.
func (h *Host) withOrphans(plan Plan, cfg *Config) Plan {
	h.mu.Lock()
	defer h.mu.Unlock()
	for b, why := range h.orphans(cfg) {
		if b.endedAt().IsZero() {
			plan = append(plan, Step{Sign: "-", Name: b.cfg.Name, Why: why})
		}
	}
	isHost := func(s Step) bool { return s.Sign == "!" || s.Sign == "*" }
	slices.SortStableFunc(plan, func(x, y Step) int {
		switch {
		case isHost(x) && isHost(y):
			return 0
		case isHost(x):
			return -1
		case isHost(y):
			return 1
		}
		return strings.Compare(x.Name, y.Name)
	})
	return plan
}

// endedLinks is how many binds that a bind's scripts started and that have ended stay to be seen, with why they
// did: the latest.
const endedLinks = 100

// leave keeps a linked bind that has ended for status, and forgets the oldest of too many.
func (h *Host) leave(b *Bind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b.mu.Lock()
	b.ended = time.Now()
	b.mu.Unlock()
	var ended []*Bind
	for _, x := range h.binds {
		if x.parent == b.parent && !x.endedAt().IsZero() {
			ended = append(ended, x)
		}
	}
	if len(ended) > endedLinks {
		oldest := slices.MinFunc(ended, func(x, y *Bind) int { return x.endedAt().Compare(y.endedAt()) })
		delete(h.binds, oldest.cfg.Name)
		h.gone.add(oldest)
	}
}

// linkConfig reads the options as the keys of a bind in the configuration. What reaches the machine's files or
// environment is not a script's to give, and neither is more than its own bind has.
func linkConfig(cfg *Config, parent BindConfig, l luabind.Link) (BindConfig, error) {
	t, _ := l.Options.(*vm.Table)
	options := &vm.Table{Hash: map[vm.Data]vm.Data{}}
	name := ""
	if t != nil {
		if len(t.Array) > 0 {
			return BindConfig{}, fmt.Errorf("options must be a table of names to values")
		}
		options.Hash = maps.Clone(t.Hash)
		if n, ok := options.Hash["name"]; ok {
			if name, ok = n.(string); !ok || !bindName.MatchString(name) {
				return BindConfig{}, fmt.Errorf("the option name must be made of letters, digits and . _ -")
			}
			delete(options.Hash, "name")
		}
	}
	if name == "" {
		name = fmt.Sprintf("%s.%s-%d", flatName(parent.Name), l.Host, l.Port)
	}
	for _, key := range []string{"smsc", "script", "args", "sessions", "password_file", "tls", "listen", "outbind", "source_address"} {
		if _, ok := options.Hash[key]; ok {
			return BindConfig{}, fmt.Errorf("the option %s is not a script's to give", key)
		}
	}
	src, err := vm.JSON(options) // which is YAML
	if err != nil {
		return BindConfig{}, err
	}
	r := &reader{file: "start_link", src: src, env: func(string) (string, bool) { return "", false }}
	root, ok := r.parse()
	if !ok {
		return BindConfig{}, r.wrong
	}
	b := newBindReader(r, cfg)
	b.Restart = "transient"
	b.Limits, b.ErrorIntensity, b.OnError = parent.Limits, parent.ErrorIntensity, parent.OnError
	r.mapping(root, "the options", b.keys())
	if len(r.wrong) > 0 {
		return BindConfig{}, r.wrong
	}
	if over := more(parent, b.BindConfig); over != "" {
		return BindConfig{}, fmt.Errorf("%s: more than the bind %s has itself", over, parent.Name)
	}
	b.Name, b.SMSC, b.Script, b.Args = name, []string{l.Host + ":" + strconv.Itoa(l.Port)}, path.Clean(l.Script), l.Args
	if b.ESME.SystemID == "" && b.ESME.Mode != esme.Manual {
		return BindConfig{}, fmt.Errorf("the option system_id is missing")
	}
	return b.BindConfig, nil
}

func flatName(name string) string { return strings.ReplaceAll(name, "/", "-") }

// more names what a linked bind asks for beyond what its parent has; empty: nothing.
func more(parent, b BindConfig) string {
	have, want := reflect.ValueOf(parent.Limits.WithDefaults()), reflect.ValueOf(b.Limits.WithDefaults())
	for i := range have.NumField() {
		if want.Field(i).Int() > have.Field(i).Int() {
			return "limits." + snake(have.Type().Field(i).Name)
		}
	}
	beyond := func(have, want []string) bool {
		return !slices.Contains(have, "*") && slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
	}
	p, a := parent.Allow, b.Allow
	switch {
	case beyond(p.Binds, a.Binds):
		return "allow.binds"
	case a.StartBinds && !p.StartBinds:
		return "allow.start_binds"
	case beyond(p.HTTP, a.HTTP):
		return "allow.http"
	case beyond(slices.Collect(maps.Keys(p.Secrets)), slices.Collect(maps.Keys(a.Secrets))):
		return "allow.secrets"
	case beyond(p.Files, a.Files):
		return "allow.files"
	}
	return ""
}
