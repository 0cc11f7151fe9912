package host

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/smsc"
)

// What is counted of a bind goes on when another configuration restarts it, also while the one before still drains, and what is
// lost by binds that are no longer configured counts for the host.
func TestCountsGoOn(t *testing.T) {
	script := `return { handle_cast = function() assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) error("boom") end }`
	const keys = "response_limit: infinity, unbind_limit: 2s, error_intensity: infinity"
	inBubbleWith(t, smsc.Config{DropRate: 1}, script, keys, func(w *bubble) {
		w.traffic(1)
		sent := w.status("b0").Counters.Sent
		w.host.Stop(w.t.Context(), w.host.all()[3:4], true)
		yaml := "watch: off\nbinds:\n"
		for _, name := range strings.Fields("b0 b2 b3 b4 b5 b6 b7 b8 b9") { // and b1 is gone
			yaml += "  " + name + ": { smsc: 'smsc:1', system_id: " + name + ", script: s.lua, " + keys
			if name == "b0" || name == "b3" {
				yaml += ", system_type: x"
			}
			yaml += " }\n"
		}
		w.save("esmehost.yaml", yaml)
		plan, wrong := w.host.Apply(w.t.Context(), "test", false)
		if len(wrong) > 0 || strings.Count(plan.String(), "restarted because") != 2 {
			t.Fatal(plan, wrong)
		}
		if s := w.status("b0"); s.Counters.Sent < sent || s.Errors != 1 || s.Counters.Lost != 0 {
			t.Errorf("while the old one drains: %+v", s)
		}
		var draining []string
		for _, b := range w.host.draining() {
			if b.Status().InFlight > 0 {
				draining = append(draining, b.cfg.Name)
			}
		}
		w.expect("draining and running", strings.Join(draining, " "), "b0 b2 b4 b5 b6 b7 b8 b9 b1")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for _, name := range []string{"b0", "b3"} {
			if s := w.status(name); s.Counters.Sent <= sent && name == "b0" || s.Errors != 1 || s.Counters.Lost != 1 {
				t.Errorf("%s after a restart: %+v", name, s)
			}
		}
		if b, _ := w.host.bind("b0"); b.before != nil || w.status("b0").State != "bound" {
			t.Error("the bind before is kept for ever")
		}
		w.traffic(1)
		if s := w.status("b0"); s.Errors != 2 {
			t.Errorf("and on: %+v", s)
		}
		w.configure(keys) // which drains b0 and b3 again, with one more each in flight
		w.host.Apply(w.t.Context(), "test", true)
		if n := len(w.host.gone.binds); n != 0 {
			t.Errorf("%d binds that are gone are kept", n)
		}
		w.stop()
		if n := w.host.lost(); n != 10+9-1 { // b3 did not run for the second
			t.Errorf("lost %d", n)
		}
	})
}
