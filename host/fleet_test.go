package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
	"github.com/esmehost/esmehost/smsc"
)

// keepsOne leaves its messages unanswered until it is called.
const keepsOne = `return {
  init = function() return {} end,
  handle_pdu = function(p, state) assert(esme.defer(p, 3600)) state.p = p end,
  handle_call = function(_, _, state) assert(esme.reply(state.p, pdu.deliver_sm_resp {})) return "reply", "done", state end,
}`

// newHeld starts threeBinds; a has a message without an answer, which keeps it from ending.
func newHeld(t *testing.T) *world {
	w := newWorldOf(t, map[string]string{"s.lua": keepsOne}, strings.ReplaceAll(threeBinds, "binds:", "defaults: { unbind_limit: 1h }\nbinds:"))
	if err := w.sim.Deliver("a", smsc.MO{From: "1", To: "2", Text: "x"}.PDU(), func(pdu.Status) {}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a has its message", func() bool { return w.status("a").Counters.Received > 1 })
	return w
}

func (w *world) release() {
	target, err := w.host.Target("a")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := target.Call(w.t.Context(), nil); err != nil {
		w.t.Fatal(err)
	}
}

// Each bind of a restart starts again as soon as it has drained, whatever the others do, and whether or not the one who asked
// still waits.
func TestRestartNeedsNobodyWhoWaits(t *testing.T) {
	w := newHeld(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	_, err := w.host.Restart(gone, w.host.all())
	var e *esme.Error
	if !errors.As(err, &e) || e.Code != esme.CodeTimeout || !strings.HasPrefix(e.Message, "a ") {
		t.Errorf("%v", err)
	}
	eventually(t, "b and c are bound again", func() bool {
		b, c := w.status("b"), w.status("c")
		return b.Session == 2 && b.State == "bound" && c.Session == 2 && c.State == "bound"
	})
	if s := w.status("a"); s.Session != 1 {
		t.Errorf("%+v", s)
	}
	w.release()
	eventually(t, "a is bound again", func() bool { s := w.status("a"); return s.Session == 2 && s.State == "bound" })
}

// Whoever stops a bind while it restarts has the last word.
func TestAStopEndsARestart(t *testing.T) {
	w := newHeld(t)
	type result struct {
		changes []Change
		err     error
	}
	done := make(chan result)
	bind, _ := w.host.bind("a")
	go func() {
		c, err := w.host.Restart(t.Context(), []*Bind{bind})
		done <- result{c, err}
	}()
	eventually(t, "the restart is under way", func() bool {
		bind.mu.Lock()
		defer bind.mu.Unlock()
		return bind.again != nil
	})
	if _, err := w.host.Stop(t.Context(), []*Bind{bind}, false); err != nil {
		t.Fatal(err)
	}
	<-done
	w.release()
	if !bind.wait(t.Context()) || bind.runs() {
		t.Error("it runs again")
	}
}
