package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
)

// drainLimit is how long a command waits for a drain, unless told.
const drainLimit = 5 * time.Minute

// limit is the time that ?timeout= gives, or else def; never more than an hour.
func (r *request) limit(def time.Duration) (context.Context, context.CancelFunc, error) {
	d := def
	if s := r.get("timeout"); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil || d <= 0 {
			return nil, nil, errBadRequest(fmt.Sprintf("timeout '%s' is no duration such as 5s", s))
		}
	}
	ctx, cancel := context.WithTimeout(r.ctx, min(d, time.Hour))
	return ctx, cancel, nil
}

// selection is what ?bind= and ?label= name, each as often as needed.
func (r *request) selection() Selection {
	return Selection{Names: r.query["bind"], Labels: r.query["label"]}
}

func (h *Host) askBinds(r *request) (any, error) {
	s := r.selection()
	if len(s.Names) == 0 && len(s.Labels) == 0 {
		return h.Status(), nil
	}
	binds, err := h.Select(s)
	if err != nil {
		return nil, err
	}
	return statuses(binds), nil
}

func (h *Host) askStart(r *request) (any, error) {
	binds, err := h.Select(r.selection())
	if err != nil {
		return nil, err
	}
	return h.Start(binds)
}

// askStop stops the binds that are named, or with ?all=true the host.
func (h *Host) askStop(r *request) (any, error) {
	binds := h.all()
	all := r.get("all") == "true"
	if !all {
		var err error
		if binds, err = h.Select(r.selection()); err != nil {
			return nil, err
		}
	}
	ctx, cancel, err := r.limit(drainLimit)
	if err != nil {
		return nil, err
	}
	defer cancel()
	drain := r.get("drain") == "true"
	if all {
		h.stop()
		if !drain {
			return []Change{}, nil
		}
	}
	return h.Stop(ctx, binds, drain)
}

func (h *Host) askRestart(r *request) (any, error) {
	binds, err := h.Select(r.selection())
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := r.limit(drainLimit)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return h.Restart(ctx, binds)
}

func (h *Host) askApply(r *request) (any, error) {
	ctx, cancel, err := r.limit(drainLimit)
	if err != nil {
		return nil, err
	}
	defer cancel()
	return planned(h.Apply(ctx, "command", true))
}

func planned(plan Plan, wrong diag.List) (any, error) {
	if len(wrong) == 0 {
		return plan, nil
	}
	var b strings.Builder
	wrong.Print(&b)
	return nil, &esme.Error{Code: "refused", Message: "the configuration is wrong, and nothing was changed\n" + strings.TrimSpace(b.String())}
}
