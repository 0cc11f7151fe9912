package host

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/esmehost/esmehost/esme"
)

// Rollout is new code of a script that some binds run first, or the last that there was.
type Rollout struct {
	Script   string    `json:"script"`
	State    string    `json:"state"` // watching, taken (by all), went_back, or replaced by newer code
	Hash     string    `json:"hash"`  // of the new code
	Old      string    `json:"old"`   // of what the others run
	By       string    `json:"by"`    // who asked for it
	Began    time.Time `json:"began"`
	Until    time.Time `json:"until"`         // when it is decided, or was
	Why      string    `json:"why,omitempty"` // it ended
	Names    []string  `json:"names"`         // of the canaries
	Refused  []string  `json:"refused"`       // taken: by binds that refused it, each for itself, and go on with the old code; went_back: not by these, which cannot
	Canaries Group     `json:"canaries"`
	Others   Group     `json:"others"`
}

// Group is what some binds did while they were watched.
type Group struct {
	Binds    int     `json:"binds"`
	Bound    int     `json:"bound"`    // at the moment, or at the end
	Events   uint64  `json:"events"`   // callbacks that ran
	Errors   uint64  `json:"errors"`   // of scripts
	Trips    uint64  `json:"trips"`    // of these, over a limit
	Ended    uint64  `json:"ended"`    // sessions, but for those that were stopped by command or configuration
	Requests uint64  `json:"requests"` // of the SMSCs, that want an answer
	Answered uint64  `json:"answered"` // of these
	Refused  uint64  `json:"refused"`  // of these, by the host: ESME_RX_T_APPN
	Asked    uint64  `json:"asked"`    // requests to the SMSCs that had a response, or none in time
	Rejected uint64  `json:"rejected"` // of these: refused, but not for the SMSC's load
	Silent   uint64  `json:"silent"`   // of these: without a response in time
	P95      float64 `json:"p95_ms"`   // 95 of 100 callbacks took less
}

func groupOf(t tally) Group {
	return Group{Binds: t.Binds, Bound: t.Bound, Events: t.Events, Errors: t.Errors, Trips: t.Trips, Ended: t.Ended, Requests: t.Requests, Answered: t.Answered,
		Refused: t.Refused, Asked: t.Asked, Rejected: t.Rejected, Silent: t.Silent, P95: float64(t.P95.Microseconds()) / 1000}
}

// Rollouts returns the canaries under way and those that ended last, by script; of one script if it is named.
func (h *Host) Rollouts(script string) []Rollout {
	all := []Rollout{}
	for _, s := range h.knownScripts() {
		if c := s.latest(); c != nil && (script == "" || script == s.name) {
			all = append(all, c.view(h))
		}
	}
	slices.SortFunc(all, func(a, b Rollout) int { return cmp.Compare(a.Script, b.Script) })
	return all
}

func (h *Host) knownScripts() []*script {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.scripts))
}

// latest is the canary under way, or the one that ended last; nil: there was none.
func (s *script) latest() *canary {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.canary != nil {
		return s.canary
	}
	return s.rolledOut
}

func (c *canary) view(h *Host) Rollout {
	mine, others := c.tallies(h)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := Rollout{Script: c.script.name, State: c.state, Hash: c.prog.Hash, Old: c.old.Hash, By: c.asked.By, Began: c.judge.began,
		Until: c.judge.began.Add(c.judge.period), Why: c.why, Names: c.names, Refused: append([]string{}, c.left...)}
	if c.state != rolloutWatching {
		v.Until, mine, others = c.end, c.last[0], c.last[1]
	}
	v.Canaries, v.Others = groupOf(mine), groupOf(others)
	return v
}

// AwaitRollout waits until the canary of the script is decided, and tells how. The error is an *esme.Error: not_found,
// timeout.
func (h *Host) AwaitRollout(ctx context.Context, script string) (Rollout, error) {
	s := h.knownScript(script)
	if s == nil || s.latest() == nil {
		return Rollout{}, errNoCanary(script)
	}
	c := s.latest()
	select {
	case <-c.ended:
		return c.view(h), nil
	case <-ctx.Done():
		return Rollout{}, &esme.Error{Code: esme.CodeTimeout, Message: "the canary of " + script + " goes on"}
	}
}

// Decide ends the canary of a script before its time: all binds take its code, or the canaries go back. The error is an
// *esme.Error: not_found.
func (h *Host) Decide(ctx context.Context, script string, all bool) ([]Outcome, error) {
	s := h.knownScript(script)
	if s == nil || s.watched() == nil {
		return nil, errNoCanary(script)
	}
	v, why := takeBack, "the operator took it back"
	if all {
		v, why = takeAll, "the operator wanted all to have it"
	}
	return h.decide(ctx, s.watched(), v, why, ReloadRequest{By: "command"})
}

// knownScript finds a script without making one known that no bind runs; nil: there is none.
func (h *Host) knownScript(name string) *script {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.scripts[name]
}

func (h *Host) askRollouts(r *request) (any, error) {
	if r.get("wait") != "true" {
		return h.Rollouts(r.get("script")), nil
	}
	if r.get("script") == "" {
		return nil, errBadRequest("name the script to wait for")
	}
	ctx, cancel, err := r.limit(time.Hour)
	if err != nil {
		return nil, err
	}
	defer cancel()
	v, err := h.AwaitRollout(ctx, r.get("script"))
	if err != nil {
		return nil, err
	}
	return []Rollout{v}, nil
}

func (h *Host) askDecide(r *request) (any, error) {
	do := r.get("do")
	if do != "abort" && do != "promote" {
		return nil, errBadRequest(fmt.Sprintf("do must be abort or promote, is '%s'", do))
	}
	outcomes, err := h.Decide(r.ctx, r.get("script"), do == "promote")
	if outcomes == nil {
		outcomes = []Outcome{}
	}
	return outcomes, err
}

// canary is what ?canary= and ?for= ask for.
func (r *request) canary() (Canary, error) {
	words := r.query["canary"]
	if len(words) == 0 {
		if r.get("for") != "" {
			return Canary{}, errBadRequest("for needs canary: a percentage, or names of binds")
		}
		return Canary{}, nil
	}
	c, err := ParseCanary(words)
	if err != nil {
		return Canary{}, errBadRequest("canary: " + err.Error())
	}
	if s := r.get("for"); s != "" {
		if c.For, err = time.ParseDuration(s); err != nil || c.For <= 0 {
			return Canary{}, errBadRequest(fmt.Sprintf("for '%s' is no duration such as 2m", s))
		}
	}
	return c, nil
}
