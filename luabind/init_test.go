package luabind

import (
	"strings"
	"testing"

	"github.com/esmehost/esmehost/esme"
)

// O4: what an init has sent that refuses or fails ends once.
func TestAnInitThatFailsAfterItHasSent(t *testing.T) {
	const script = `
		return {
			init = function(how)
				for i = 1, 2 do assert(esme.send_pdu(pdu.submit_sm { destination_addr = "1" })) end
				if how == "refuse" then return nil, "not today" end
				error("boom")
			end,
			handle_send_pdu_result = function(p, err) log.info("result " .. (err and err.code or "written")) end,
			handle_stop = function() log.info("stop") end,
			handle_lost_pdus = function(name, reason, pdus) log.info(("lost %s %d"):format(name, #pdus)) end,
		}`
	for _, tt := range []struct {
		name, how string
		mode      esme.Mode
		want      string
	}{
		{"refused, not sent", "refuse", esme.Transceiver, "result stopped, result stopped"},
		{"refused, sent", "refuse", esme.Manual, "result written, result written, lost test 2"},
		{"failed, not sent", "fail", esme.Transceiver, "result stopped, result stopped"},
		{"failed, sent", "fail", esme.Manual, "result written, result written, lost test 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, setup{script: script, esme: esme.Config{Mode: tt.mode}, options: Options{Args: tt.how}})
			if e := <-r.exit; e.Refused == nil {
				t.Fatalf("exit %+v", e)
			}
			close(r.lines)
			var got []string
			for l := range r.lines {
				if strings.HasPrefix(l, "result") || strings.HasPrefix(l, "lost") || strings.HasPrefix(l, "stop") {
					got = append(got, l)
				}
			}
			if g := strings.Join(got, ", "); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
		})
	}
}
