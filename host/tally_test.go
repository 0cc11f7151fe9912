package host

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/smsc"
)

// Code that raises no error may be bad all the same: what the sessions, the peers and the answers say counts too.
func TestWhatTheJudgeSees(t *testing.T) {
	quiet := `return { handle_pdu = function(p) esme.reply(p, p:response()) end }`
	for name, tt := range map[string]struct {
		sim       smsc.Config
		old, code string
		extra     string
		want      string
	}{
		"sessions end": {code: `handle_pdu = function() esme.stop("normal") end`, want: "sessions ended in 1 binds, against 0 in 9 of the others"},
		"sessions end for good": {code: `handle_pdu = function() esme.stop("normal") end`, extra: "restart: transient",
			want: "none of its binds is bound in the end, against 9 of 9 others"},
		"answers are promised and not given": {code: `handle_pdu = function(p) esme.defer(p, "1s") end`, want: "requests that the host had to refuse in"},
		"answers are not given":              {old: quiet, code: `handle_pdu = function() end`, extra: "auto_reply: none", want: "requests without an answer after 15 s in"},
		"answers are late": {code: `handle_pdu = function(p) esme.defer(p, "1m")
			esme.spawn(function() esme.sleep("20s") esme.reply(p, p:response()) end) end`, want: "requests without an answer after 15 s in"},
		"it sends what the SMSC refuses": {code: `handle_pdu = function() esme.send_pdu(pdu.query_sm { message_id = "x" }) end`,
			want: "requests that the SMSC refused in"},
		"it sends what nobody answers": {sim: smsc.Config{DropRate: 1}, code: `handle_pdu = function() esme.send_pdu(pdu.submit_sm { destination_addr = "1" }) end`,
			extra: "response_limit: 2s", want: "requests without a response in time in"},
		"answers are a little late": {code: `handle_pdu = function(p) esme.defer(p, "1m")
			esme.spawn(function() esme.sleep("9s") esme.reply(p, p:response()) end) end`},
		"the operator restarts it": {code: `handle_pdu = function() return nil end`},
	} {
		t.Run(name, func(t *testing.T) {
			old := tt.old
			if old == "" {
				old = `return { handle_pdu = function() end }`
			}
			tt.sim.Window = 100
			inBubbleWith(t, tt.sim, old, tt.extra, func(w *bubble) {
				w.save("s.lua", "return { "+tt.code+" }")
				w.reload(ReloadRequest{Script: "s.lua", Canary: Canary{Binds: []string{"b4"}, For: 30 * time.Second}})
				for range 30 {
					for _, b := range w.host.all() {
						w.sim.Deliver(b.cfg.Name, smsc.MO{From: "1", To: "2", Text: "x"}.PDU(), nil)
					}
					if name == "the operator restarts it" {
						w.host.Restart(w.t.Context(), w.host.all()[4:5])
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if tt.want == "" {
					w.rollout(rolloutTaken, "0 errors in")
				} else {
					w.rollout(rolloutBack, tt.want)
				}
			})
		})
	}
}
