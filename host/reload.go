package host

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind"
)

// Outcome is what a reload did to one bind.
type Outcome struct {
	Bind       string `json:"bind"`
	Script     string `json:"script"`
	Outcome    string `json:"outcome"` // reloaded, unchanged or refused
	Generation int    `json:"generation"`
	Error      string `json:"error,omitempty"`
}

// reloadLimit is how long a bind that is busy may keep a reload waiting.
const reloadLimit = 10 * time.Second

// Reload compiles the script, or every script for "", and replaces it in each bind that runs it. What does
// not compile changes nothing: the diagnostics say why. The outcomes are by bind.
func (h *Host) Reload(ctx context.Context, script string) ([]Outcome, diag.List) {
	h.reloading.Lock()
	defer h.reloading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	users := map[string][]*Bind{}
	for _, b := range h.binds {
		if script == "" || script == b.cfg.Script {
			users[b.cfg.Script] = append(users[b.cfg.Script], b)
		}
	}
	if len(users) == 0 {
		var known []string
		for _, b := range h.binds {
			known = append(known, b.cfg.Script)
		}
		return nil, diag.List{{Message: "no bind runs the script '" + script + "'", Remedy: diag.DidYouMean(script, slices.Compact(slices.Sorted(slices.Values(known))))}}
	}
	var outcomes []Outcome
	var wrong diag.List
	for script, binds := range users {
		o, w := h.reloadScript(ctx, script, binds)
		outcomes = append(outcomes, o...)
		wrong = append(wrong, w...)
	}
	slices.SortFunc(outcomes, func(a, b Outcome) int { return cmp.Compare(a.Bind, b.Bind) })
	wrong.Sort()
	return outcomes, wrong
}

func (h *Host) reloadScript(ctx context.Context, script string, binds []*Bind) ([]Outcome, diag.List) {
	prog, wrong := luabind.Compile(h.cfg.Scripts, script)
	if len(wrong) > 0 {
		h.complain(script, wrong)
		return nil, wrong
	}
	outcomes := make([]Outcome, len(binds))
	errs := make([]error, len(binds))
	var all sync.WaitGroup
	for i, b := range binds {
		all.Go(func() {
			err := b.lua.Reload(ctx, prog)
			o := Outcome{Bind: b.cfg.Name, Script: script, Outcome: "reloaded"}
			switch {
			case errors.Is(err, luabind.ErrUnchanged):
				o.Outcome = "unchanged"
			case err != nil:
				o.Outcome, o.Error = "refused", err.Error()
			}
			o.Generation = b.lua.Info().Generation
			outcomes[i], errs[i] = o, err
		})
	}
	all.Wait()
	var refused diag.List
	for _, err := range errs {
		if err != nil && !errors.Is(err, luabind.ErrUnchanged) {
			if d := diagnose(h.cfg, err); !slices.Contains(refused, d) {
				refused = append(refused, d)
			}
		}
	}
	h.complain(script, refused)
	return outcomes, nil
}

// complain logs why a script was refused; the same complaint again is not said again. None clears it.
func (h *Host) complain(script string, wrong diag.List) {
	said := h.failed[script]
	h.failed[script] = wrong.Error()
	if len(wrong) == 0 || said == wrong.Error() {
		return
	}
	var b strings.Builder
	wrong.Print(&b)
	h.log.Error("reload refused: the old script goes on", "script", script, "error", strings.TrimSpace(b.String()))
}

// sourceLine reads one line of a script, for an error message.
func sourceLine(cfg *Config, file string, line int) string {
	if file == "" || !filepath.IsLocal(file) {
		return ""
	}
	src, err := os.ReadFile(filepath.Join(cfg.Scripts, file))
	if err != nil {
		return ""
	}
	return diag.SourceLine(src, line)
}
