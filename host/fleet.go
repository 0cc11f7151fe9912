package host

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
)

// Selection says which binds are meant: those that one of the names fits, and that have all of the labels.
type Selection struct {
	Names  []string // or patterns, in which * stands for anything, / too; none: any
	Labels []string // name=value, or name for any value
}

// Select returns the binds that are meant, by name. The error is an *esme.Error: bad_request when nothing is
// named, not_found when there is no such bind.
func (h *Host) Select(s Selection) ([]*Bind, error) {
	if len(s.Names) == 0 && len(s.Labels) == 0 {
		return nil, &esme.Error{Code: "bad_request", Message: "name binds, a pattern such as 'acme-*', or a label"}
	}
	all := h.all()
	for _, name := range s.Names {
		if _, err := path.Match(name, ""); err != nil {
			return nil, &esme.Error{Code: "bad_request", Message: fmt.Sprintf("'%s' is no pattern", name)}
		}
		if !slices.ContainsFunc(all, func(b *Bind) bool { return fits(name, b.cfg.Name) }) {
			var names []string
			for _, b := range all {
				names = append(names, b.cfg.Name)
			}
			return nil, &esme.Error{Code: "not_found", Message: fmt.Sprintf("there is no bind '%s'; %s", name, diag.DidYouMean(name, names))}
		}
	}
	meant := slices.DeleteFunc(all, func(b *Bind) bool { return !s.means(b) })
	if len(meant) == 0 {
		return nil, &esme.Error{Code: "not_found", Message: "no bind has " + strings.Join(s.Labels, " and ") + " (labels)"}
	}
	return meant, nil
}

func (s Selection) means(b *Bind) bool {
	if len(s.Names) > 0 && !slices.ContainsFunc(s.Names, func(n string) bool { return fits(n, b.cfg.Name) }) {
		return false
	}
	for _, l := range s.Labels {
		name, value, exact := strings.Cut(l, "=")
		if v, ok := b.live.Load().labels[name]; !ok || exact && v != value {
			return false
		}
	}
	return true
}

// fits reports whether a name is the pattern's. Parallel sessions have a / in their names, which is no border here.
func fits(pattern, name string) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	ok, err := path.Match(flat(pattern), flat(name))
	return err == nil && ok || pattern == name
}

// Change is what a command did to a bind.
type Change struct {
	Bind    string `json:"bind"`
	Outcome string `json:"outcome"` // started, running, stopping, stopped, restarted
	Lost    uint64 `json:"lost"`    // requests that were unanswered at the stop, where it was waited for
}

// errStopping is what commands get while the host goes down.
var errStopping = &esme.Error{Code: esme.CodeStopped, Message: "the host is stopping"}

// isStopping reports whether the host goes down: nothing is changed any more.
func (h *Host) isStopping() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ctx != nil && h.ctx.Err() != nil
}

// launch starts a bind, unless the host goes down. It reports false when the bind runs already.
func (h *Host) launch(b *Bind) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx == nil || h.ctx.Err() != nil {
		return false, errStopping
	}
	return b.start(h.ctx), nil
}

// Start starts binds that were stopped or have ended.
func (h *Host) Start(binds []*Bind) ([]Change, error) {
	changes := make([]Change, len(binds))
	for i, b := range binds {
		changes[i] = Change{Bind: b.cfg.Name, Outcome: "running"}
		started, err := h.launch(b)
		if err != nil {
			return nil, err
		}
		if started {
			changes[i].Outcome = "started"
		}
	}
	return changes, nil
}

// Stop drains binds: what is in flight has its time, then they unbind. With wait it returns when all have ended,
// or with the code timeout when ctx ends before.
func (h *Host) Stop(ctx context.Context, binds []*Bind, wait bool) ([]Change, error) {
	changes := make([]Change, len(binds))
	before := make([]uint64, len(binds))
	for i, b := range binds {
		before[i] = b.lost()
		changes[i] = Change{Bind: b.cfg.Name, Outcome: "stopped"}
		if b.stop() && !wait {
			changes[i].Outcome = "stopping"
		}
	}
	if !wait {
		return changes, nil
	}
	for i, b := range binds {
		if !b.wait(ctx) {
			return nil, &esme.Error{Code: esme.CodeTimeout, Message: b.cfg.Name + " has not drained in time; it goes on doing so"}
		}
		changes[i].Lost = b.lost() - before[i]
	}
	return changes, nil
}

// Restart drains binds and starts each again as soon as it has ended: also when ctx ends before, then with the code
// timeout. One that does not run is started.
func (h *Host) Restart(ctx context.Context, binds []*Bind) ([]Change, error) {
	changes := make([]Change, len(binds))
	before := make([]uint64, len(binds))
	restarts := make([]<-chan struct{}, len(binds))
	for i, b := range binds {
		before[i] = b.lost()
		if restarts[i] = b.restart(); restarts[i] == nil {
			if _, err := h.launch(b); err != nil {
				return nil, err
			}
		}
	}
	for i, b := range binds {
		if restarts[i] != nil {
			select {
			case <-restarts[i]:
			case <-ctx.Done():
				return nil, &esme.Error{Code: esme.CodeTimeout, Message: b.cfg.Name + " has not drained in time: it starts again when it has"}
			}
		}
		changes[i] = Change{Bind: b.cfg.Name, Outcome: "restarted", Lost: b.lost() - before[i]}
		if !b.runs() {
			changes[i].Outcome = "stopped" // by somebody else meanwhile
		}
	}
	return changes, nil
}
